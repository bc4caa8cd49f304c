/* SPDX-License-Identifier: MIT */
/* net/bounds_test.c - the numbers that the contracts of streams name, from both
   sides, as a fiber and as a thread. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/uio.h>

#include <cmocka.h>

#include <pier.h>

#include "task/both_bed.h"

/* Met only by what hangs. */
#define HANGS     pier_in_s(10)
#define AHEAD_MAX 65536
#define PIECES    1024
#define GATHERED  16384

static struct pier_stream *a, *b;
static char text[2 * AHEAD_MAX], buf[2 * AHEAD_MAX];

/* Longer than what a Unix socket holds: another task sends it. */
static int
sends_a_line(void *arg)
{
	size_t size = *(const size_t *)arg;
	int rc;

	memset(text, 'l', size);
	text[size - 1] = '\n';
	rc = pier_write(a, text, size, HANGS);
	return rc < 0 ? rc : pier_write(a, "next\n", 5, HANGS);
}

static void
line_of(size_t size, size_t room, ssize_t result)
{
	static size_t sent; /* on no fiber's stack */
	struct pier_group *group;

	sent = size;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, sends_a_line, &sent), 0);
	assert_int_equal(pier_read_line(b, buf, room, HANGS), result);
	/* Nothing of it was taken: it can be read by other means. */
	if (result < 0)
		assert_int_equal(pier_read_full(b, buf, size, HANGS), size);
	assert_int_equal(buf[size - 1], '\n');
	assert_int_equal(buf[0], 'l');
	assert_int_equal(pier_read_line(b, buf, sizeof(buf), HANGS), 5);
	assert_string_equal(buf, "next\n");
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_close(a);
	pier_close(b);
}

/* The last one lacks its newline. */
static void
last_line_of(size_t size, size_t room, ssize_t result)
{
	assert_int_equal(pier_pair(&a, &b), 0);
	memset(text, 'l', size);
	assert_int_equal(pier_write(a, text, size, HANGS), 0);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_read_line(b, buf, room, HANGS), result);
	if (result < 0)
		assert_int_equal(pier_read_full(b, buf, size, HANGS), size);
	else
		assert_int_equal(buf[size], '\0');
	assert_int_equal(buf[size - 1], 'l');
	assert_int_equal(pier_read_line(b, buf, sizeof(buf), HANGS), 0);
	pier_close(a);
	pier_close(b);
}

static int
lines(void *arg)
{
	(void)arg;
	line_of(9, 10, 9);
	line_of(9, 9, -EMSGSIZE);
	line_of(9, 1, -EMSGSIZE);
	line_of(9, 0, -EMSGSIZE);
	line_of(AHEAD_MAX, sizeof(buf), AHEAD_MAX);
	line_of(AHEAD_MAX + 1, sizeof(buf), -EMSGSIZE);
	last_line_of(9, 11, 9);
	last_line_of(9, 10, 9);
	last_line_of(9, 9, -EMSGSIZE);
	last_line_of(AHEAD_MAX, sizeof(buf), AHEAD_MAX);
	last_line_of(AHEAD_MAX + 1, sizeof(buf), -EMSGSIZE);
	return 0;
}

static int
looks_ahead(void *arg)
{
	const void *data = NULL;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_peek(b, &data, AHEAD_MAX + 1, HANGS), -EMSGSIZE);
	assert_int_equal(pier_write(a, "abc", 3, HANGS), 0);
	assert_int_equal(
		pier_peek(b, &data, 4, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_buffered(b), 3);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, HANGS), 0);
	/* Fewer than asked for, at the end. */
	assert_int_equal(pier_peek(b, &data, AHEAD_MAX, HANGS), 3);
	assert_memory_equal(data, "abc", 3);
	/* A write in between is fine. */
	assert_int_equal(pier_write(b, "x", 1, HANGS), 0);
	assert_memory_equal(data, "abc", 3);
	assert_int_equal(pier_take(b, 4), -EINVAL);
	assert_int_equal(pier_take(b, 3), 0);
	assert_int_equal(pier_peek(b, &data, 1, HANGS), 0);
	pier_close(a);
	pier_close(b);
	return 0;
}

static int
pieces(void *arg)
{
	static struct iovec iov[PIECES + 1];
	size_t i;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	for (i = 0; i <= PIECES; i++) {
		text[i] = (char)('a' + i % 26);
		iov[i] = (struct iovec){ .iov_base = text + i,
			.iov_len = i % 2 };
	}
	assert_int_equal(pier_writev(a, iov, PIECES + 1, HANGS), -EINVAL);
	assert_int_equal(pier_writev(a, iov, -1, HANGS), -EINVAL);
	assert_int_equal(pier_writev(a, iov, 0, HANGS), 0);
	assert_int_equal(pier_bytes_out(a), 0);
	assert_int_equal(pier_writev(a, iov, PIECES, HANGS), 0);
	assert_int_equal(pier_bytes_out(a), PIECES / 2);
	assert_int_equal(pier_read_full(b, buf, PIECES / 2, HANGS), PIECES / 2);
	for (i = 0; i < PIECES / 2; i++)
		assert_int_equal(buf[i], 'a' + (2 * i + 1) % 26);
	pier_close(a);
	pier_close(b);
	return 0;
}

/* What is gathered belongs to the stream, and fills to a limit without a wait;
   beyond it a call waits for the peer. */
static int
gathers(void *arg)
{
	int fd = -1;
	int n;

	(void)arg;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_set_timeout(a, 5), 0);
	memset(text, 'g', GATHERED);
	text[GATHERED] = '\0';
	assert_int_equal(pier_printf(a, "%s", text), GATHERED);
	assert_int_equal(pier_gathered(a), GATHERED);
	assert_int_equal(pier_bytes_out(a), 0);
	assert_int_equal(pier_release(a, &fd), -EBUSY);
	assert_int_equal(pier_move(a), -EBUSY);
	do
		n = pier_printf(a, "%s", text);
	while (n == GATHERED);
	assert_int_equal(n, -PIER_EDEADLINE);
	assert_true(pier_last_error()->done < GATHERED);
	assert_int_equal(pier_flush(a, pier_in_ms(1)), -PIER_EDEADLINE);
	while (pier_flush(a, PIER_NOW) == -EAGAIN)
		assert_true(pier_read(b, buf, sizeof(buf), HANGS) > 0);
	assert_int_equal(pier_gathered(a), 0);
	assert_int_equal(pier_move(a), 0);
	assert_int_equal(pier_release(a, &fd), 0);
	assert_int_equal(pier_adopt(&a, fd), 0);
	pier_close(a);
	pier_close(b);
	return 0;
}

static int
all(void *arg)
{
	(void)lines(arg);
	(void)looks_ahead(arg);
	(void)pieces(arg);
	return gathers(arg);
}

int
main(void)
{
	return both_bed_main(all);
}
