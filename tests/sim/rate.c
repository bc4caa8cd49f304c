/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/rate.c - streams with a rate, in virtual time: what takes how long
 * to the nanosecond, whichever call moves the bytes, and what ends a wait for
 * tokens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "io/sim_engine.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

/* Bytes a second: one in 100 us, worth a call from 100 of them on, and 1000 in
   a full bucket. */
#define RATE  10000
#define BYTES 25000
#define DEPTH (RATE / 10)

/* near has the rate; far is the other end of its pair; all on no fiber's
   stack. */
static struct {
	struct pier_stream *near, *far;
	struct pier_stream *left, *right; /* ends of pairs behind a relay */
	struct pier_group *group;
	unsigned char data[BYTES], got[BYTES];
	size_t got_size;
	int64_t start, got_at;
	int rc;
} bed;

static int64_t
took(void)
{
	return pier_now() - bed.start;
}

/* Both ends; near has these rates from now on. */
static void
begin(int64_t read_rate, int64_t write_rate)
{
	size_t i;

	memset(&bed, 0, sizeof(bed));
	for (i = 0; i < BYTES; i++)
		bed.data[i] = (unsigned char)(i * 7 + i / 256);
	assert_int_equal(pier_pair(&bed.near, &bed.far), 0);
	assert_int_equal(pier_group_open(&bed.group), 0);
	assert_int_equal(pier_set_rate(bed.near, read_rate, write_rate), 0);
	bed.start = pier_now();
}

static void
end(void)
{
	assert_int_equal(pier_group_wait(bed.group, PIER_FOREVER), 0);
	pier_group_close(bed.group);
	pier_close(bed.near);
	pier_close(bed.far);
	pier_close(bed.left);
	pier_close(bed.right);
}

/* Reads to the end of arg, a place of a stream, and notes when the last byte
   came. */
static int
reads_all(void *arg)
{
	struct pier_stream *stream = *(struct pier_stream **)arg;
	ssize_t n = 1;

	while (n > 0) {
		n = pier_read(stream, bed.got + bed.got_size,
			BYTES - bed.got_size, PIER_FOREVER);
		if (n > 0)
			bed.got_at = took();
		bed.got_size += n > 0 ? (size_t)n : 0;
		if (bed.got_size == BYTES)
			break;
	}
	return n < 0 ? (int)n : 0;
}

static int
writes_all(void *arg)
{
	struct pier_stream *stream = *(struct pier_stream **)arg;
	int rc = pier_write(stream, bed.data, BYTES, PIER_FOREVER);

	return rc < 0 ? rc : pier_shutdown(stream, PIER_WRITING, PIER_FOREVER);
}

static void
go(pier_task_fn *fn, void *arg)
{
	assert_int_equal(pier_go(bed.group, fn, arg), 0);
}

static int
in_writes(void *arg)
{
	struct iovec pieces[40];
	size_t at = 0;
	int i;

	(void)arg;
	begin(0, RATE);
	go(reads_all, &bed.far);
	assert_int_equal(
		pier_write(bed.near, bed.data, 10000, PIER_FOREVER), 0);
	assert_int_equal(took(), S);
	/* Pieces of all sizes, of none too. */
	at = 10000;
	for (i = 0; i < 40; i++) {
		pieces[i] = (struct iovec){ .iov_base = bed.data + at,
			.iov_len = (size_t)(i % 7) * 50 };
		at += pieces[i].iov_len;
	}
	assert_int_equal(pier_writev(bed.near, pieces, 40, PIER_FOREVER), 0);
	assert_int_equal(took(), (int64_t)at * 100000);
	/* Nothing is gathered: no event would send it on. */
	assert_int_equal(pier_printf(bed.near, "%.*s", 0, ""), 0);
	while (at < BYTES) {
		ssize_t n = pier_write_some(
			bed.near, bed.data + at, BYTES - at, PIER_FOREVER);

		assert_in_range(n, 1, DEPTH);
		at += (size_t)n;
		assert_int_equal(took(), (int64_t)at * 100000);
	}
	end();
	assert_int_equal(bed.got_at, 5 * S / 2);
	assert_memory_equal(bed.got, bed.data, BYTES);
	return 0;
}

static int
in_reads(void *arg)
{
	char line[200];
	const void *data;

	(void)arg;
	begin(RATE, 0);
	memset(bed.data + 1000, 'x', 99);
	bed.data[1099] = '\n';
	go(writes_all, &bed.far);
	assert_int_equal(
		pier_read_full(bed.near, bed.got, 1000, PIER_FOREVER), 1000);
	assert_int_equal(took(), S / 10);
	memset(bed.got, 0, 1000);
	assert_int_equal(
		pier_read_line(bed.near, line, sizeof(line), PIER_FOREVER),
		100);
	assert_int_equal(took(), 11 * S / 100);
	assert_int_equal(pier_peek(bed.near, &data, 250, PIER_FOREVER), 300);
	assert_int_equal(took(), 14 * S / 100);
	assert_memory_equal(data, bed.data + 1100, 300);
	/* What was read ahead has had its tokens. */
	assert_int_equal(pier_take(bed.near, 200), 0);
	assert_int_equal(
		pier_read_full(bed.near, bed.got, BYTES - 1300, PIER_FOREVER),
		BYTES - 1300);
	assert_int_equal(took(), 5 * S / 2);
	assert_memory_equal(bed.got, bed.data + 1300, BYTES - 1300);
	assert_int_equal(pier_read(bed.near, line, 1, PIER_FOREVER), 0);
	end();
	return 0;
}

static int
in_printf(void *arg)
{
	int i;

	(void)arg;
	begin(0, RATE);
	go(reads_all, &bed.far);
	for (i = 1; i <= 100; i++) {
		assert_int_equal(pier_printf(bed.near, "%049d\n", i), 50);
		assert_int_equal(took(), i * 5 * MS);
		assert_int_equal(pier_gathered(bed.near), 0);
	}
	assert_int_equal(
		pier_shutdown(bed.near, PIER_WRITING, PIER_FOREVER), 0);
	end();
	assert_int_equal(bed.got_size, 5000);
	assert_int_equal(bed.got_at, S / 2);
	return 0;
}

/* left -- far, near (the rate) -- right: what left sends is read of near. */
static int
relays(void *arg)
{
	struct pier_relay_result result;

	(void)arg;
	bed.rc = pier_relay(bed.near, bed.left, NULL, &result, PIER_FOREVER);
	return result.a_to_b == BYTES || result.b_to_a == BYTES ? bed.rc : -EIO;
}

static void
begin_relay(int64_t read_rate, int64_t write_rate)
{
	begin(read_rate, write_rate);
	assert_int_equal(pier_pair(&bed.left, &bed.right), 0);
	go(relays, NULL);
}

static int
in_relays(void *arg)
{
	(void)arg;
	/* Read of the stream with the rate… */
	begin_relay(RATE, 0);
	go(writes_all, &bed.far);
	go(reads_all, &bed.right);
	assert_int_equal(
		pier_shutdown(bed.right, PIER_WRITING, PIER_FOREVER), 0);
	end();
	assert_int_equal(bed.rc, 0);
	assert_int_equal(bed.got_at, 5 * S / 2);
	assert_memory_equal(bed.got, bed.data, BYTES);
	/* … and written to it. */
	begin_relay(0, RATE);
	go(writes_all, &bed.right);
	go(reads_all, &bed.far);
	assert_int_equal(pier_shutdown(bed.far, PIER_WRITING, PIER_FOREVER), 0);
	end();
	assert_int_equal(bed.rc, 0);
	assert_int_equal(bed.got_at, 5 * S / 2);
	assert_memory_equal(bed.got, bed.data, BYTES);
	return 0;
}

static int
in_copies(void *arg)
{
	(void)arg;
	begin(RATE, 0);
	assert_int_equal(pier_pair(&bed.left, &bed.right), 0);
	go(writes_all, &bed.far);
	go(reads_all, &bed.right);
	assert_int_equal(
		pier_copy(bed.left, bed.near, BYTES, PIER_FOREVER), BYTES);
	end();
	assert_int_equal(bed.got_at, 5 * S / 2);
	assert_memory_equal(bed.got, bed.data, BYTES);
	return 0;
}

/* After a pause there is what the bucket holds, and no more. */
static int
after_a_pause(void *arg)
{
	(void)arg;
	begin(RATE, RATE);
	assert_int_equal(pier_write(bed.far, bed.data, 5000, PIER_FOREVER), 0);
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_write_some(bed.near, bed.data, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_sleep(pier_in_ms(9)), 0);
	/* 90 are there: enough for who asks for no more. */
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_read(bed.near, bed.got, 90, PIER_NOW), 90);
	assert_int_equal(pier_read(bed.near, bed.got, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_sleep(pier_in_s(60)), 0);
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), DEPTH);
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_write_some(bed.near, bed.data, 5000, PIER_NOW), DEPTH);
	/* None any more. */
	assert_int_equal(pier_set_rate(bed.near, PIER_OFF, 0), 0);
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), 3910);
	assert_int_equal(pier_write(bed.near, bed.data, 5000, PIER_NOW), 0);
	assert_int_equal(pier_set_rate(bed.near, 1, -2), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "bytes a second"));
	end();
	return 0;
}

/* A deadline passes while there are no tokens: what went is known, and what
   did not goes on from there. */
static int
until_a_deadline(void *arg)
{
	int64_t done;

	(void)arg;
	begin(RATE, RATE);
	go(reads_all, &bed.far);
	assert_int_equal(
		pier_write(bed.near, bed.data, BYTES, pier_in_ms(1005)),
		-PIER_EDEADLINE);
	done = (int64_t)pier_last_error()->done;
	assert_int_equal(done, RATE);
	assert_int_equal(took(), 1005 * MS);
	assert_int_equal(pier_write(bed.near, bed.data + done,
				 (size_t)(BYTES - done), PIER_FOREVER),
		0);
	assert_int_equal(took(), 5 * S / 2);
	end();
	assert_memory_equal(bed.got, bed.data, BYTES);
	return 0;
}

/* One byte a second: a wait for its token is long. */
static int
reads_slowly(void *arg)
{
	(void)arg;
	bed.rc = (int)pier_read_full(bed.near, bed.got, 100, PIER_FOREVER);
	bed.got_at = took();
	return 0;
}

static void
begin_slowly(void)
{
	begin(1, 0);
	assert_int_equal(pier_write(bed.far, bed.data, 200, PIER_FOREVER), 0);
	go(reads_slowly, NULL);
	assert_int_equal(pier_sleep(pier_in_ms(3500)), 0);
	assert_int_equal(pier_read(bed.near, bed.got, 1, PIER_NOW), -EBUSY);
}

static void
ends_slowly(int rc)
{
	end();
	assert_int_equal(bed.rc, rc);
	assert_int_equal(bed.got_at, 3500 * MS);
}

static int
until_something_happens(void *arg)
{
	(void)arg;
	begin_slowly();
	pier_abort(bed.near);
	ends_slowly(-ECONNABORTED);
	begin_slowly();
	pier_group_cancel(bed.group);
	ends_slowly(-ECANCELED);
	begin_slowly();
	assert_int_equal(
		pier_shutdown(bed.near, PIER_READING, PIER_FOREVER), 0);
	ends_slowly(-PIER_EDONE);
	begin_slowly();
	assert_int_equal(pier_set_rate(bed.near, 0, 0), 0);
	ends_slowly(100);
	/* Or a faster rate: of 97 bytes that are left, one in a millisecond. */
	begin_slowly();
	assert_int_equal(pier_set_rate(bed.near, 1000, 0), 0);
	end();
	assert_int_equal(bed.rc, 100);
	assert_int_equal(bed.got_at, 3597 * MS);
	return 0;
}

/* What would have to wait for its tokens is not ready, be there what may; and
   nothing spins meanwhile, or time would stand still. */
static int
waits_for_any(void *arg)
{
	struct pier_waitable list[2];

	(void)arg;
	begin(RATE, RATE);
	assert_int_equal(pier_pair(&bed.left, &bed.right), 0);
	assert_int_equal(pier_write(bed.far, bed.data, 5000, PIER_FOREVER), 0);
	memset(list, 0, sizeof(list));
	list[0].stream = bed.near;
	list[1].stream = bed.left;
	list[0].want = list[1].want = PIER_READING;
	assert_int_equal(pier_wait_any(list, 2, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_wait_any(list, 2, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(took(), 5 * MS);
	assert_int_equal(pier_wait_any(list, 2, PIER_FOREVER), 1);
	assert_int_equal(took(), 10 * MS);
	assert_int_equal(list[0].ready, PIER_READING);
	assert_int_equal(pier_read(bed.near, bed.got, 5000, PIER_NOW), 100);
	list[0].want = PIER_BOTH;
	assert_int_equal(pier_wait_any(list, 2, PIER_FOREVER), 1);
	assert_int_equal(list[0].ready, PIER_WRITING);
	/* The other one may be first. */
	list[0].want = PIER_READING;
	assert_int_equal(pier_write(bed.right, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_wait_any(list, 2, PIER_FOREVER), 1);
	assert_int_equal(list[1].ready, PIER_READING);
	assert_int_equal(took(), 10 * MS);
	/* What came before there were tokens is not forgotten. */
	assert_int_equal(
		pier_read_full(bed.near, bed.got, 4900, PIER_FOREVER), 4900);
	assert_int_equal(took(), 500 * MS);
	end();
	return 0;
}

#define CASE(fn)        \
	{               \
#fn, fn \
	}

static const struct {
	const char *name;
	pier_task_fn *fn;
} cases[] = {
	CASE(in_writes),
	CASE(in_reads),
	CASE(in_printf),
	CASE(in_relays),
	CASE(in_copies),
	CASE(after_a_pause),
	CASE(until_a_deadline),
	CASE(until_something_happens),
	CASE(waits_for_any),
};

static void
test_case(void **state)
{
	size_t which = *(const size_t *)*state;
	struct pier__sim *sim = pier__sim_open(1);

	assert_non_null(sim);
	assert_int_equal(pier__sim_run(sim, cases[which].fn, NULL), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
}

int
main(void)
{
	enum {
		COUNT = sizeof(cases) / sizeof(cases[0])
	};
	static struct CMUnitTest tests[COUNT];
	static size_t which[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++) {
		which[i] = i;
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &which[i] };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
