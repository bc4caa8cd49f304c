/* SPDX-License-Identifier: MIT */
/*
 * net/layer_test.c - a layer over a stream, to prove the operation table
 * before there is a real one: every byte is xored, travels in records of a
 * type and a length, and some records are questions that the reader has to
 * answer, whoever is just writing. That is what TLS does with key updates.
 *
 * Record: type ('d' data, 'q' question, 'a' answer, 'e' end), length low,
 * length high, that many bytes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#include "io/wait_many.h"
#include "net/stream.h"

#define KEY            0x5a
#define HEADER         3
#define RECORD_MAX     1500
#define QUESTION_EVERY 7

struct layer {
	struct pier_stream stream;
	/* A record that is coming in. */
	unsigned char in[HEADER + RECORD_MAX];
	size_t in_size;
	size_t in_read; /* bytes of its data that were handed out */
	/* A record that is going out, whole or in part. */
	unsigned char out[HEADER + RECORD_MAX];
	size_t out_size;
	size_t out_sent;
	unsigned answers_due;
	unsigned answers_got;
	unsigned records;
	bool end_due;
};

static struct layer *
of(struct pier_stream *stream)
{
	return pier__container_of(stream, struct layer, stream);
}

static ssize_t
lower_write(struct layer *it, const void *buf, size_t size)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf,
		.iov_len = size };
	struct pier_stream *lower = it->stream.lower;

	return lower->ops->writev(lower, &iov, 1);
}

static void
put_record(struct layer *it, char type, const unsigned char *data, size_t size)
{
	size_t i;

	it->out[0] = (unsigned char)type;
	it->out[1] = (unsigned char)(size & 0xff);
	it->out[2] = (unsigned char)(size >> 8);
	for (i = 0; i < size; i++)
		it->out[HEADER + i] = data[i] ^ KEY;
	it->out_size = HEADER + size;
	it->out_sent = 0;
}

/* Send on what is due: the record in the works, then answers. 0: nothing is
   due any more; -EAGAIN: no room; or an error. */
static int
send_due(struct layer *it)
{
	for (;;) {
		ssize_t n;

		if (it->out_sent == it->out_size) {
			if (it->answers_due > 0) {
				it->answers_due--;
				put_record(it, 'a', NULL, 0);
			} else if (it->end_due) {
				it->end_due = false;
				put_record(it, 'e', NULL, 0);
			} else {
				return 0;
			}
		}
		n = lower_write(it, it->out + it->out_sent,
			it->out_size - it->out_sent);
		if (n < 0)
			return (int)n;
		it->out_sent += (size_t)n;
	}
}

static size_t
record_size(const struct layer *it)
{
	return it->in[1] | (size_t)it->in[2] << 8;
}

/* Bytes of the record so far, until it is whole. 1, 0 at the end, -errno. */
static ssize_t
read_record(struct layer *it)
{
	struct pier_stream *lower = it->stream.lower;

	for (;;) {
		size_t want = it->in_size < HEADER ? HEADER
						   : HEADER + record_size(it);
		struct iovec iov = { .iov_base = it->in + it->in_size,
			.iov_len = want - it->in_size };
		ssize_t n;

		if (it->in_size == want)
			return 1;
		n = lower->ops->readv(lower, &iov, 1);
		if (n <= 0)
			return n == 0 && it->in_size > 0 ? -PIER_EEND : n;
		it->in_size += (size_t)n;
		if (it->in_size == HEADER && record_size(it) == 0)
			return 1;
	}
}

static ssize_t
hand_out(struct layer *it, const struct iovec *iov)
{
	size_t left = record_size(it) - it->in_read;
	size_t size = left < iov->iov_len ? left : iov->iov_len;
	size_t i;

	for (i = 0; i < size; i++)
		((unsigned char *)iov->iov_base)[i] =
			it->in[HEADER + it->in_read + i] ^ KEY;
	it->in_read += size;
	if (it->in_read == record_size(it)) {
		it->in_size = 0;
		it->in_read = 0;
	}
	return (ssize_t)size;
}

static ssize_t
layer_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	struct layer *it = of(stream);

	(void)count;
	for (;;) {
		ssize_t n = read_record(it);

		if (n <= 0)
			return n;
		if (it->in[0] == 'e')
			return 0;
		if (it->in[0] == 'd' && record_size(it) > 0)
			return hand_out(it, iov);
		if (it->in[0] == 'q')
			it->answers_due++;
		if (it->in[0] == 'a')
			it->answers_got++;
		it->in_size = 0;
		/* The answer goes at once if there is room, else before the
		   next record, or while the reader waits. */
		n = send_due(it);
		if (n < 0 && n != -EAGAIN)
			return n;
	}
}

static ssize_t
layer_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	struct layer *it = of(stream);
	size_t size = iov[0].iov_len;
	int rc = send_due(it);

	(void)count;
	if (rc < 0)
		return rc;
	if (size > RECORD_MAX)
		size = RECORD_MAX;
	if (++it->records % QUESTION_EVERY == 0) {
		put_record(it, 'q', NULL, 0);
		rc = send_due(it);
		if (rc < 0)
			return rc;
	}
	put_record(it, 'd', iov[0].iov_base, size);
	/* It is in our hands: the rest goes with whatever comes next. */
	rc = send_due(it);
	return rc < 0 && rc != -EAGAIN ? rc : (ssize_t)size;
}

static int
layer_shutdown(struct pier_stream *stream, enum pier_half half)
{
	struct layer *it = of(stream);

	if ((half & PIER_WRITING) == 0)
		return 0;
	it->end_due = true;
	return send_due(it);
}

static void
layer_abort(struct pier_stream *stream)
{
	(void)stream;
	fail_msg("the base aborts");
}

/* The reader also waits for room while it owes an answer, unless a writer
   waits for the same room and will send it. */
static int
layer_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	struct layer *it = of(stream);
	struct pier__desc *desc = &pier__stream_base(stream)->desc;
	struct pier__want want = { .desc = desc, .want = what };
	bool owes = it->out_sent < it->out_size || it->answers_due > 0;
	int rc;

	if (what == PIER__IN && owes && PIER__LOOK(desc->writer) == NULL)
		want.want |= PIER__OUT;
	rc = pier__desc_wait_many(&want, 1, why, deadline);
	if (rc > 0 && (want.ready & PIER__OUT) != 0 && owes) {
		rc = send_due(it);
		if (rc == -EAGAIN)
			rc = 0;
	}
	return rc < 0 ? rc : 0;
}

static const char *
layer_describe(const struct pier_stream *stream)
{
	(void)stream;
	return "xor over pair";
}

static void
layer_close(struct pier_stream *stream)
{
	free(of(stream));
}

static const struct pier__stream_ops layer_ops = {
	.readv = layer_readv,
	.writev = layer_writev,
	.shutdown = layer_shutdown,
	.abort = layer_abort,
	.wait = layer_wait,
	.describe = layer_describe,
	.close = layer_close,
};

static struct pier_stream *
layer_over(struct pier_stream *lower)
{
	struct layer *it = calloc(1, sizeof(*it));

	assert_non_null(it);
	pier__stream_init(&it->stream, &layer_ops, lower, "xor");
	return &it->stream;
}

/* ---- Both ways at once, questions in between ---- */

#define BULK 300000

struct side {
	struct pier_stream *stream;
	unsigned seed; /* of what it sends; the other's is 3 - seed */
};

static struct side sides[2];

static unsigned char
byte_at(unsigned seed, size_t i)
{
	return (unsigned char)((i * 2654435761u + seed * 97u) >> 7);
}

static int
writer(void *arg)
{
	struct side *side = arg;
	unsigned char block[4096];
	size_t at = 0;
	int rc = 0;

	while (at < BULK && rc == 0) {
		size_t size = 1 + (at * 31) % sizeof(block);
		size_t i;

		if (size > BULK - at)
			size = BULK - at;
		for (i = 0; i < size; i++)
			block[i] = byte_at(side->seed, at + i);
		rc = pier_write(side->stream, block, size, pier_in_s(20));
		at += size;
	}
	return rc < 0 ? rc
		      : pier_shutdown(
				side->stream, PIER_WRITING, pier_in_s(20));
}

static int
reader(void *arg)
{
	struct side *side = arg;
	unsigned char block[1000];
	size_t at = 0;
	ssize_t n;

	while ((n = pier_read(side->stream, block, sizeof(block),
			pier_in_s(20))) > 0) {
		ssize_t i;

		for (i = 0; i < n; i++) {
			if (block[i] != byte_at(3 - side->seed, at + (size_t)i))
				return -EIO;
		}
		at += (size_t)n;
	}
	return n < 0 ? (int)n : at == BULK ? 0 : -EIO;
}

/* arg: a rate in bytes per second, of what goes over the pair, or NULL. */
static int
both_ways(void *arg)
{
	const int64_t *rate = arg;
	struct pier_stream *a;
	struct pier_stream *b;
	struct pier_group *group;
	int i;

	assert_int_equal(pier_pair(&a, &b), 0);
	sides[0] = (struct side){ layer_over(a), 1 };
	sides[1] = (struct side){ layer_over(b), 2 };
	for (i = 0; i < 2 && rate != NULL; i++)
		assert_int_equal(
			pier_set_rate(sides[i].stream, *rate, *rate), 0);
	assert_int_equal(pier_group_open(&group), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pier_go(group, writer, &sides[i]), 0);
		assert_int_equal(pier_go(group, reader, &sides[i]), 0);
	}
	assert_int_equal(pier_group_wait(group, pier_in_s(30)), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	for (i = 0; i < 2; i++) {
		struct layer *it = of(sides[i].stream);

		assert_true(it->records > 2 * QUESTION_EVERY);
		assert_true(it->answers_got > 0);
		assert_int_equal(pier_bytes_in(sides[i].stream), BULK);
		assert_int_equal(pier_bytes_out(sides[i].stream), BULK);
		pier_close(sides[i].stream);
	}
	return 0;
}

static void
test_reader_and_writer_at_once(void **state)
{
	(void)state;
	assert_int_equal(pier_run(both_ways, NULL, NULL, NULL), 0);
}

static void
test_with_a_rate(void **state)
{
	int64_t rate = 10 * BULK;

	(void)state;
	assert_int_equal(pier_run(both_ways, &rate, NULL, NULL), 0);
}

static int
the_rest(void *arg)
{
	struct pier_stream *a;
	struct pier_stream *b;
	const void *data;
	struct pier_waitable one = { .want = PIER_READING };
	char line[64];
	int fd;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	a = layer_over(a);
	b = layer_over(b);
	/* What stands on the table works unchanged on a layer. */
	assert_int_equal(pier_printf(a, "line %d\nrest", 1), 11);
	assert_int_equal(pier_flush(a, PIER_FOREVER), 0);
	assert_int_equal(
		pier_read_line(b, line, sizeof(line), PIER_FOREVER), 7);
	assert_string_equal(line, "line 1\n");
	assert_int_equal(pier_peek(b, &data, 4, PIER_FOREVER), 4);
	assert_memory_equal(data, "rest", 4);
	assert_int_equal(pier_take(b, 4), 0);
	assert_int_equal(pier_read(b, line, 1, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_release(a, &fd), -EINVAL);
	one.stream = a;
	assert_int_equal(pier_wait_any(&one, 1, PIER_FOREVER), -EINVAL);
	assert_true(pier_fd(a) >= 0);
	assert_true(pier_describe(a, line, sizeof(line)) > 0);
	assert_int_equal(strncmp(line, "xor over pair", 13), 0);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_read(b, line, 1, PIER_FOREVER), 0);
	pier_abort(b);
	assert_int_equal(pier_read(b, line, 1, PIER_FOREVER), -ECONNABORTED);
	pier_close(a);
	pier_close(b);
	return 0;
}

static void
test_all_that_stands_on_the_table(void **state)
{
	(void)state;
	assert_int_equal(pier_run(the_rest, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_and_writer_at_once),
		cmocka_unit_test(test_with_a_rate),
		cmocka_unit_test(test_all_that_stands_on_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
