/* SPDX-License-Identifier: MIT */
/* net/stream_test.c - reading, writing and ending over a pair, as a fiber and
   as a thread: each case runs under both. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/stream.h"

static struct pier_stream *a;
static struct pier_stream *b;

static void
open_pair(void)
{
	assert_int_equal(pier_pair(&a, &b), 0);
}

static void
close_pair(void)
{
	pier_close(a);
	pier_close(b);
}

static int
reads_what_there_is(void *arg)
{
	char buf[16];

	(void)arg;
	open_pair();
	assert_int_equal(pier_read(b, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	assert_int_equal(pier_write(a, "hello", 5, PIER_FOREVER), 0);
	assert_int_equal(pier_read(b, buf, sizeof(buf), PIER_FOREVER), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(
		pier_read(b, buf, sizeof(buf), pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->code, -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RECEIVE);
	assert_int_equal(pier_read(b, buf, 0, PIER_FOREVER), 0);
	assert_int_equal(pier_bytes_out(a), 5);
	assert_int_equal(pier_bytes_in(b), 5);
	close_pair();
	return 0;
}

static int
a_full_read_can_go_on(void *arg)
{
	char buf[8];

	(void)arg;
	open_pair();
	assert_int_equal(pier_write(a, "abc", 3, PIER_FOREVER), 0);
	assert_int_equal(
		pier_read_full(b, buf, 8, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->done, 3);
	assert_int_equal(pier_write(a, "defgh", 5, PIER_FOREVER), 0);
	assert_int_equal(pier_read_full(b, buf + 3, 5, PIER_FOREVER), 5);
	assert_memory_equal(buf, "abcdefgh", 8);
	assert_int_equal(pier_write(a, "xy", 2, PIER_FOREVER), 0);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_read_full(b, buf, 8, PIER_FOREVER), -PIER_EEND);
	assert_int_equal(pier_last_error()->done, 2);
	close_pair();
	return 0;
}

static int
lines_are_whole_or_untouched(void *arg)
{
	char buf[8];

	(void)arg;
	open_pair();
	assert_int_equal(pier_printf(a, "one\ntwo"), 7);
	assert_int_equal(pier_gathered(a), 7);
	assert_int_equal(pier_flush(a, PIER_FOREVER), 0);
	assert_int_equal(pier_gathered(a), 0);
	assert_int_equal(pier_read_line(b, buf, 8, PIER_FOREVER), 4);
	assert_string_equal(buf, "one\n");
	assert_int_equal(
		pier_read_line(b, buf, 8, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_buffered(b), 3);
	assert_int_equal(pier_write(a, "-three\nx", 8, PIER_FOREVER), 0);
	assert_int_equal(pier_read_line(b, buf, 8, PIER_FOREVER), -EMSGSIZE);
	{
		char longer[16];

		assert_int_equal(
			pier_read_line(b, longer, 16, PIER_FOREVER), 10);
		assert_string_equal(longer, "two-three\n");
	}
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_read_line(b, buf, 8, PIER_FOREVER), 1);
	assert_string_equal(buf, "x");
	assert_int_equal(pier_read_line(b, buf, 8, PIER_FOREVER), 0);
	close_pair();
	return 0;
}

static int
peek_shows_and_take_takes(void *arg)
{
	const void *data;
	char rest[4];

	(void)arg;
	open_pair();
	assert_int_equal(pier_write(a, "abcdef", 6, PIER_FOREVER), 0);
	assert_int_equal(pier_peek(b, &data, 1, PIER_FOREVER), 6);
	assert_memory_equal(data, "abcdef", 6);
	assert_int_equal(pier_take(b, 7), -EINVAL);
	assert_int_equal(pier_take(b, 2), 0);
	assert_int_equal(pier_read(b, rest, 4, PIER_FOREVER), 4);
	assert_memory_equal(rest, "cdef", 4);
	assert_null(b->in);
	assert_int_equal(pier_peek(b, &data, 65537, PIER_FOREVER), -EMSGSIZE);
	pier_close(a);
	assert_int_equal(pier_peek(b, &data, 3, PIER_FOREVER), 0);
	pier_close(b);
	return 0;
}

static int
halves_close_for_good(void *arg)
{
	char buf[4];

	(void)arg;
	open_pair();
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_write(a, "x", 1, PIER_FOREVER), -PIER_EDONE);
	assert_int_equal(pier_printf(a, "x"), -PIER_EDONE);
	assert_int_equal(pier_write(b, "yes", 3, PIER_FOREVER), 0);
	assert_int_equal(pier_read(a, buf, 4, PIER_FOREVER), 3);
	assert_int_equal(pier_read(b, buf, 4, PIER_FOREVER), 0);
	assert_int_equal(pier_write(b, "late", 4, PIER_FOREVER), 0);
	assert_int_equal(pier_shutdown(a, PIER_READING, PIER_FOREVER), 0);
	assert_int_equal(pier_read(a, buf, 4, PIER_FOREVER), -PIER_EDONE);
	assert_int_equal(pier_write(b, "x", 1, PIER_FOREVER), -EPIPE);
	close_pair();
	return 0;
}

static int
fill_until_it_would_wait(void *arg)
{
	static char block[65536];
	uint64_t sent = 0;
	uint64_t got = 0;
	ssize_t n;
	int rc;

	(void)arg;
	open_pair();
	while ((rc = pier_write(a, block, sizeof(block), PIER_NOW)) == 0)
		;
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(pier_write(a, block, sizeof(block), pier_in_ms(1)),
		-PIER_EDEADLINE);
	sent = pier_bytes_out(a);
	assert_int_equal(pier_shutdown(a, PIER_WRITING, PIER_FOREVER), 0);
	while ((n = pier_read(b, block, sizeof(block), PIER_FOREVER)) > 0)
		got += (uint64_t)n;
	assert_int_equal(n, 0);
	assert_true(got == sent);
	close_pair();
	return 0;
}

static int
reader(void *arg)
{
	char c;

	*(ssize_t *)arg = pier_read(b, &c, 1, PIER_FOREVER);
	return 0;
}

static int
abort_ends_a_wait(void *arg)
{
	static ssize_t n; /* tasks share what is on no fiber's stack */
	struct pier_group *group;

	(void)arg;
	n = 1;
	open_pair();
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reader, &n), 0);
	assert_int_equal(pier_sleep(pier_in_ms(2)), 0);
	pier_abort(b);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(n, -ECONNABORTED);
	pier_group_close(group);
	close_pair();
	return 0;
}

static int
waits_to_read(const struct pier_task_info *info, void *arg)
{
	if (strcmp(info->waits, "read") == 0)
		*(bool *)arg = true;
	return 0;
}

static int
a_second_reader_is_told(void *arg)
{
	static ssize_t n; /* tasks share what is on no fiber's stack */
	struct pier_group *group;
	bool waits = false;
	char c;

	(void)arg;
	n = 1;
	open_pair();
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reader, &n), 0);
	while (!waits) {
		assert_int_equal(pier_yield(), 0);
		(void)pier_tasks_each(waits_to_read, &waits);
	}
	assert_int_equal(pier_read(b, &c, 1, PIER_FOREVER), -EBUSY);
	assert_int_equal(pier_write(a, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(n, 1);
	pier_group_close(group);
	close_pair();
	return 0;
}

static int
gathered_goes_before_a_wait(void *arg)
{
	char buf[32];

	(void)arg;
	open_pair();
	assert_int_equal(pier_printf(a, "%s, ", "hello"), 7);
	assert_int_equal(pier_printf(a, "%d", 42), 2);
	/* Nothing has gone yet. */
	assert_int_equal(pier_read(b, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	/* A wait for anything sends it: this read finds it. */
	assert_int_equal(pier_read(b, buf, sizeof(buf), PIER_FOREVER), 9);
	assert_memory_equal(buf, "hello, 42", 9);
	/* And a plain write comes after what is gathered. */
	assert_int_equal(pier_printf(a, "1"), 1);
	assert_int_equal(pier_write(a, "2", 1, PIER_FOREVER), 0);
	assert_int_equal(pier_read_full(b, buf, 2, PIER_FOREVER), 2);
	assert_memory_equal(buf, "12", 2);
	close_pair();
	return 0;
}

static int
a_write_error_is_kept(void *arg)
{
	(void)arg;
	open_pair();
	pier_close(b);
	assert_int_equal(pier_printf(a, "lost"), 4);
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(pier_flush(a, PIER_FOREVER), -EPIPE);
	assert_int_equal(pier_write(a, "x", 1, PIER_FOREVER), -EPIPE);
	pier_close(a);
	return 0;
}

static int
timeouts_as_in_python(void *arg)
{
	char c;

	(void)arg;
	open_pair();
	assert_int_equal(pier_timeout(a), PIER_NO_TIMEOUT);
	pier_set_default_timeout(5);
	assert_int_equal(pier_timeout(a), 5);
	assert_int_equal(pier_read(a, &c, 1, PIER_DEFAULT), -PIER_EDEADLINE);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	assert_int_equal(pier_set_timeout(a, 1), 0);
	assert_int_equal(pier_read(a, &c, 1, PIER_DEFAULT), -PIER_EDEADLINE);
	assert_int_equal(pier_set_timeout(a, 0), 0);
	assert_int_equal(pier_read(a, &c, 1, PIER_DEFAULT), -EAGAIN);
	assert_int_equal(pier_default_timeout(), PIER_NO_TIMEOUT);
	close_pair();
	return 0;
}

static int
pipes_can_be_streams(void *arg)
{
	struct pier_stream *in;
	struct pier_stream *out;
	char buf[8];
	int fds[2];
	int flags;

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	flags = fcntl(fds[1], F_GETFL);
	assert_int_equal(pier_adopt(&in, fds[0]), 0);
	assert_int_equal(pier_adopt(&out, fds[1]), 0);
	assert_int_equal(pier_read(in, buf, 8, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_write(out, "pipe", 4, PIER_FOREVER), 0);
	assert_int_equal(fcntl(fds[1], F_GETFL), flags);
	assert_int_equal(pier_read(in, buf, 8, PIER_FOREVER), 4);
	assert_int_equal(
		pier_shutdown(out, PIER_WRITING, PIER_FOREVER), -ENOTSUP);
	pier_close(in);
	assert_int_equal(pier_write(out, "x", 1, PIER_FOREVER), -EPIPE);
	pier_close(out);
	assert_int_equal(pier_adopt(&in, -1), -EBADF);
	return 0;
}

static int
release_gives_the_descriptor(void *arg)
{
	const void *data;
	int fd;

	(void)arg;
	open_pair();
	assert_int_equal(pier_write(a, "xy", 2, PIER_FOREVER), 0);
	assert_int_equal(pier_peek(b, &data, 1, PIER_FOREVER), 2);
	assert_int_equal(pier_release(b, &fd), -EBUSY);
	assert_int_equal(pier_take(b, 2), 0);
	assert_int_equal(pier_release(b, &fd), 0);
	assert_int_equal(close(fd), 0);
	pier_close(a);
	return 0;
}

static int
close_wait_sees_the_end(void *arg)
{
	(void)arg;
	open_pair();
	assert_int_equal(pier_write(b, "unread", 6, PIER_FOREVER), 0);
	assert_int_equal(pier_close_wait(a, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_shutdown(b, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(pier_close_wait(a, PIER_FOREVER), 0);
	close_pair();
	return 0;
}

/* Who tries once has to know what went, and what did not. */
static int
a_try_says_how_far_it_came(void *arg)
{
	static char zeros[1 << 20];
	char buf[8];
	size_t went;

	(void)arg;
	open_pair();
	assert_int_equal(
		pier_write(a, zeros, sizeof(zeros), PIER_NOW), -EAGAIN);
	went = pier_last_error()->done;
	assert_true(went > 0 && went < sizeof(zeros));
	assert_int_equal(pier_bytes_out(a), went);
	assert_int_equal(pier_write(a, zeros, 1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_last_error()->done, 0);
	close_pair();
	open_pair();
	assert_int_equal(pier_write(a, "abc", 3, PIER_NOW), 0);
	assert_int_equal(pier_read_full(b, buf, 8, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_last_error()->done, 3);
	assert_memory_equal(buf, "abc", 3);
	close_pair();
	return 0;
}

static int
a_copy_that_stops_loses_nothing(void *arg)
{
	static char zeros[1 << 20];
	struct pier_stream *from, *more;
	ssize_t copied = 0;

	(void)arg;
	open_pair();
	assert_int_equal(pier_pair(&more, &from), 0);
	/* The record that is there already tells of another call. */
	assert_int_equal(
		pier_write(a, zeros, sizeof(zeros), PIER_NOW), -EAGAIN);
	assert_int_equal(pier_write(more, "kept", 4, PIER_NOW), 0);
	assert_int_equal(pier_copy(a, from, -1, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_last_error()->done, 0);
	assert_int_equal(pier_buffered(from), 4);
	while (pier_read(b, zeros, sizeof(zeros), PIER_NOW) > 0)
		;
	pier_close(more);
	copied = pier_copy(a, from, -1, PIER_NOW);
	assert_int_equal(copied, 4);
	pier_close(from);
	close_pair();
	return 0;
}

static int
a_failure_says_how_long_it_took(void *arg)
{
	char c;

	(void)arg;
	open_pair();
	assert_int_equal(pier_read(b, &c, 1, pier_in_ms(3)), -PIER_EDEADLINE);
	assert_true(pier_last_error()->elapsed_ns > 2000000);
	assert_non_null(strstr(pier_error_line(), " after "));
	/* Nothing waited: nothing took time. */
	assert_int_equal(
		pier_read(b, &c, 1, pier_deadline_at(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->elapsed_ns, 0);
	close_pair();
	return 0;
}

struct case_ {
	const char *name;
	int (*fn)(void *);
};

static const struct case_ cases[] = {
	{ "reads what there is", reads_what_there_is },
	{ "a full read can go on", a_full_read_can_go_on },
	{ "lines are whole or untouched", lines_are_whole_or_untouched },
	{ "peek shows and take takes", peek_shows_and_take_takes },
	{ "halves close for good", halves_close_for_good },
	{ "fill until it would wait", fill_until_it_would_wait },
	{ "abort ends a wait", abort_ends_a_wait },
	{ "a second reader is told", a_second_reader_is_told },
	{ "gathered goes before a wait", gathered_goes_before_a_wait },
	{ "a write error is kept", a_write_error_is_kept },
	{ "timeouts as in Python", timeouts_as_in_python },
	{ "pipes can be streams", pipes_can_be_streams },
	{ "release gives the descriptor", release_gives_the_descriptor },
	{ "close_wait sees the end", close_wait_sees_the_end },
	{ "a try says how far it came", a_try_says_how_far_it_came },
	{ "a copy that stops loses nothing", a_copy_that_stops_loses_nothing },
	{ "a failure says how long it took", a_failure_says_how_long_it_took },
};

static void
as_fiber(void **state)
{
	const struct case_ *it = *state;

	assert_int_equal(pier_run(it->fn, NULL, NULL, NULL), 0);
}

static void
as_thread(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };
	const struct case_ *it = *state;

	assert_int_equal(pier_run(it->fn, NULL, &opts, NULL), 0);
}

#define COUNT (sizeof(cases) / sizeof(cases[0]))

int
main(void)
{
	static char names[2 * COUNT][64];
	struct CMUnitTest tests[2 * COUNT];
	size_t i;

	for (i = 0; i < 2 * COUNT; i++) {
		const struct case_ *it = &cases[i / 2];

		(void)snprintf(names[i], sizeof(names[i]), "%s, %s", it->name,
			i % 2 == 0 ? "fiber" : "thread");
		tests[i] = (struct CMUnitTest){ .name = names[i],
			.test_func = i % 2 == 0 ? as_fiber : as_thread,
			.initial_state = (void *)(uintptr_t)it };
	}
	return _cmocka_run_group_tests("stream", tests, 2 * COUNT, NULL, NULL);
}
