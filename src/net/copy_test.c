/* SPDX-License-Identifier: MIT */
/* net/copy_test.c - copies: left -- a [copy] b -- right, as a fiber and as a
   thread; and two descriptors that are one stream. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "task/both_bed.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* On no fiber's stack: the tasks share them. */
static struct pier_stream *left, *a, *b, *right;

static void
open_both(void)
{
	assert_int_equal(pier_pair(&left, &a), 0);
	assert_int_equal(pier_pair(&b, &right), 0);
}

static void
close_both(void)
{
	pier_close(left);
	pier_close(a);
	pier_close(b);
	pier_close(right);
}

static void
expect(struct pier_stream *stream, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	assert_int_equal(pier_read_full(stream, buf, len, HANGS), len);
	assert_memory_equal(buf, text, len);
}

static void
expect_end(struct pier_stream *stream)
{
	char c;

	assert_int_equal(pier_read(stream, &c, 1, HANGS), 0);
}

static void
say(struct pier_stream *stream, const char *text)
{
	assert_int_equal(pier_write(stream, text, strlen(text), HANGS), 0);
}

static int
copies_up_to_a_number(void *arg)
{
	(void)arg;
	open_both();
	say(left, "0123456789");
	assert_int_equal(pier_copy(b, a, 4, HANGS), 4);
	expect(right, "0123");
	assert_int_equal(pier_buffered(a), 6);
	assert_int_equal(pier_shutdown(left, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_copy(b, a, -1, HANGS), 6);
	expect(right, "456789");
	assert_int_equal(pier_copy(b, a, -1, HANGS), 0);
	close_both();
	return 0;
}

/* The timeout is the whole copy's: bytes that trickle in do not extend it. */
static int
trickles(void *arg)
{
	(void)arg;
	while (pier_write(left, "x", 1, HANGS) == 0 &&
		pier_sleep(pier_in_ms(2)) == 0)
		;
	return 0;
}

static int
a_copy_has_one_timeout(void *arg)
{
	struct pier_group *group;

	(void)arg;
	open_both();
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, trickles, NULL), 0);
	assert_int_equal(pier_set_timeout(a, 20), 0);
	assert_int_equal(pier_copy(b, a, 10000, PIER_DEFAULT), -PIER_EDEADLINE);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	close_both();
	return 0;
}

static int
two_descriptors_are_one_stream(void *arg)
{
	struct pier_waitable one = { .want = PIER_READING };
	struct pier_stream *two, *none = NULL;
	char buf[8];
	int in[2];
	int out[2];
	int fd = -1;

	(void)arg;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pier_adopt_two(&two, in[0], out[1]), 0);
	assert_int_equal(
		pier_read(two, buf, 8, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_int_equal(pier_read(two, buf, 8, HANGS), 3);
	say(two, "out");
	assert_int_equal(read(out[0], buf, 8), 3);
	assert_int_equal(pier_release(two, &fd), -EINVAL);
	one.stream = two;
	assert_int_equal(pier_wait_any(&one, 1, HANGS), -EINVAL);
	assert_int_equal(pier_adopt_two(&none, in[0], in[0]), -EINVAL);
	assert_int_equal(pier_adopt_two(&none, in[0], -1), -EBADF);
	assert_int_equal(pier_adopt_two(&none, -1, out[1]), -EBADF);
	assert_null(none);
	assert_int_equal(pier_shutdown(two, PIER_WRITING, HANGS), 0);
	assert_int_equal(read(out[0], buf, 8), 0);
	assert_int_equal(pier_write(two, "x", 1, HANGS), -PIER_EDONE);
	close(in[1]);
	expect_end(two);
	pier_close(two);
	close(out[0]);
	return 0;
}

static int
all(void *arg)
{
	(void)copies_up_to_a_number(arg);
	(void)a_copy_has_one_timeout(arg);
	return two_descriptors_are_one_stream(arg);
}

int
main(void)
{
	return both_bed_main(all);
}
