/* SPDX-License-Identifier: MIT */
/*
 * net/relay_test.c - relays: left -- a [relay] b -- right, all in
 * one run, no time but short deadlines that are meant to pass.
 */
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

/* On no fiber's stack: the tasks share it. */
static struct {
	struct pier_stream *left;
	struct pier_stream *a;
	struct pier_stream *b;
	struct pier_stream *right;
	struct pier_relay_opts opts;
	struct pier_relay_result result;
	int64_t deadline_ms;
	int rc;
	enum pier_step step; /* of the failure */
	struct pier_group *group;
} it;

static int
relay_task(void *arg)
{
	(void)arg;
	it.rc = pier_relay(it.a, it.b, &it.opts, &it.result,
		it.deadline_ms > 0 ? pier_in_ms(it.deadline_ms) : PIER_FOREVER);
	it.step = pier_last_error()->step;
	/* What a program would do next; the test reads the ends. */
	pier_close(it.a);
	pier_close(it.b);
	return 0;
}

static void
open_both(void)
{
	assert_int_equal(pier_pair(&it.left, &it.a), 0);
	assert_int_equal(pier_pair(&it.b, &it.right), 0);
}

static void
begin(void)
{
	assert_int_equal(pier_group_open(&it.group), 0);
	assert_int_equal(pier_go(it.group, relay_task, NULL), 0);
}

static void
start(void)
{
	open_both();
	begin();
}

static void
join(void)
{
	assert_int_equal(pier_group_wait(it.group, pier_in_s(10)), 0);
	pier_group_close(it.group);
}

static void
finish(void)
{
	join();
	pier_close(it.left);
	pier_close(it.right);
}

static void
expect(struct pier_stream *stream, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	assert_int_equal(pier_read_full(stream, buf, len, pier_in_s(10)), len);
	assert_memory_equal(buf, text, len);
}

static void
expect_end(struct pier_stream *stream)
{
	char c;

	assert_int_equal(pier_read(stream, &c, 1, pier_in_s(10)), 0);
}

static void
say(struct pier_stream *stream, const char *text)
{
	assert_int_equal(
		pier_write(stream, text, strlen(text), pier_in_s(10)), 0);
}

static int
ends_pass_through(void *arg)
{
	(void)arg;
	start();
	say(it.left, "question");
	expect(it.right, "question");
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.right);
	/* Half-closed, not cut off. */
	say(it.right, "answer");
	expect(it.left, "answer");
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.left);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 0);
	assert_int_equal(it.result.how, PIER_RELAY_END);
	assert_int_equal(it.result.a_to_b, 8);
	assert_int_equal(it.result.b_to_a, 6);
	return 0;
}

static int
an_end_may_end_it(void *arg)
{
	(void)arg;
	it.opts.b_end_ends = true;
	start();
	say(it.right, "bye");
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	expect(it.left, "bye");
	expect_end(it.left);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 1);
	return 0;
}

static int
lingers_until_silence(void *arg)
{
	(void)arg;
	it.opts.b_end_ends = true;
	it.opts.a_linger_ms = 20;
	start();
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.left);
	say(it.left, "still going");
	expect(it.right, "still going");
	/* left never ends: its silence does. */
	expect_end(it.right);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 1);
	return 0;
}

/* The same the other way round. */
static int
the_end_of_a_may_end_it(void *arg)
{
	(void)arg;
	it.opts.a_end_ends = true;
	it.opts.b_linger_ms = 20;
	start();
	say(it.left, "bye");
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	expect(it.right, "bye");
	expect_end(it.right);
	say(it.right, "still going");
	expect(it.left, "still going");
	expect_end(it.left);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 0);
	return 0;
}

/* Without a linger what was read of the other already is all that goes. */
static int
the_end_of_a_ends_it_at_once(void *arg)
{
	(void)arg;
	it.opts.a_end_ends = true;
	start();
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.right);
	expect_end(it.left);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.how, PIER_RELAY_END);
	return 0;
}

static int
the_end_of_b_may_be_kept(void *arg)
{
	char c;

	(void)arg;
	it.opts.b_end_keeps = true;
	start();
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(
		pier_read(it.left, &c, 1, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.right);
	finish();
	assert_int_equal(it.rc, 0);
	return 0;
}

static int
an_end_may_be_kept(void *arg)
{
	char c;

	(void)arg;
	it.opts.a_end_keeps = true;
	start();
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(
		pier_read(it.right, &c, 1, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	expect_end(it.left);
	finish();
	assert_int_equal(it.rc, 0);
	return 0;
}

static int
silence_ends_it(void *arg)
{
	(void)arg;
	it.opts.idle_ms = 5;
	start();
	finish();
	assert_int_equal(it.rc, -PIER_EDEADLINE);
	assert_int_equal(it.result.first, -1);
	assert_int_equal(it.result.how, PIER_RELAY_DEADLINE);
	return 0;
}

static int
first_byte_of_b_is_waited_for(void *arg)
{
	(void)arg;
	it.opts.first_byte_ms = 5;
	open_both();
	say(it.left, "anybody?");
	begin();
	finish();
	assert_int_equal(it.rc, -PIER_EDEADLINE);
	return 0;
}

static int
a_reader_that_left_ends_it(void *arg)
{
	(void)arg;
	start();
	pier_close(it.left);
	it.left = NULL;
	say(it.right, "to nobody");
	join();
	pier_close(it.right);
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 0);
	return 0;
}

static int
or_its_bytes_are_dropped(void *arg)
{
	(void)arg;
	it.opts.a_closed_discards = true;
	it.opts.a_end_keeps = true;
	start();
	pier_close(it.left);
	it.left = NULL;
	say(it.right, "to nobody");
	say(it.right, " and nobody");
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	join();
	pier_close(it.right);
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.b_to_a, 20);
	return 0;
}

static int
b_may_no_longer_read(void *arg)
{
	(void)arg;
	start();
	assert_int_equal(
		pier_shutdown(it.right, PIER_READING, PIER_FOREVER), 0);
	say(it.left, "to nobody");
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.first, 1);
	assert_int_equal(it.result.how, PIER_RELAY_CLOSED);
	assert_int_equal(it.result.code, -EPIPE);
	return 0;
}

static int
or_the_bytes_of_a_are_dropped(void *arg)
{
	(void)arg;
	it.opts.b_closed_discards = true;
	start();
	assert_int_equal(
		pier_shutdown(it.right, PIER_READING, PIER_FOREVER), 0);
	say(it.left, "to nobody");
	/* The other way goes on. */
	say(it.right, "answer");
	expect(it.left, "answer");
	assert_int_equal(pier_shutdown(it.left, PIER_WRITING, PIER_FOREVER), 0);
	assert_int_equal(
		pier_shutdown(it.right, PIER_WRITING, PIER_FOREVER), 0);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.a_to_b, 9);
	assert_int_equal(it.result.how, PIER_RELAY_CLOSED);
	return 0;
}

/* A peer that goes with what it has not read resets the connection. */
static int
a_reset_is_told_as_what_was_read(void *arg)
{
	struct pier_waitable unread = { .want = PIER_READING };

	(void)arg;
	start();
	say(it.left, "unread");
	unread.stream = it.right;
	assert_int_equal(pier_wait_any(&unread, 1, pier_in_s(10)), 1);
	pier_close(it.right);
	it.right = NULL;
	finish();
	assert_int_equal(it.rc, -ECONNRESET);
	assert_int_equal(it.step, PIER_STEP_RECEIVE);
	assert_int_equal(it.result.first, 1);
	assert_int_equal(it.result.how, PIER_RELAY_RESET);
	assert_int_equal(it.result.code, -ECONNRESET);
	return 0;
}

/* More than fits anywhere, both ways at once, slow readers. */
#define BULK 1000000

static int
send_bulk(void *arg)
{
	struct pier_stream *stream = arg;
	static const char block[10000] = "block";
	size_t i;
	int rc = 0;

	for (i = 0; i < BULK / sizeof(block) && rc == 0; i++)
		rc = pier_write(stream, block, sizeof(block), pier_in_s(10));
	return rc < 0 ? rc : pier_shutdown(stream, PIER_WRITING, pier_in_s(10));
}

static int
recv_bulk(void *arg)
{
	struct pier_stream *stream = arg;
	uint64_t got = 0;
	char buf[777];
	ssize_t n;

	while ((n = pier_read(stream, buf, sizeof(buf), pier_in_s(10))) > 0)
		got += (uint64_t)n;
	return n < 0 ? (int)n : got == BULK ? 0 : -EIO;
}

static int
bulk_goes_both_ways(void *arg)
{
	(void)arg;
	start();
	assert_int_equal(pier_go(it.group, send_bulk, it.left), 0);
	assert_int_equal(pier_go(it.group, send_bulk, it.right), 0);
	assert_int_equal(pier_go(it.group, recv_bulk, it.left), 0);
	assert_int_equal(pier_go(it.group, recv_bulk, it.right), 0);
	assert_int_equal(pier_group_wait(it.group, pier_in_s(10)), 0);
	assert_int_equal(pier_group_result(it.group), 0);
	finish();
	assert_int_equal(it.rc, 0);
	assert_int_equal(it.result.a_to_b, BULK);
	assert_int_equal(it.result.b_to_a, BULK);
	return 0;
}

struct case_ {
	const char *name;
	int (*fn)(void *);
};

static const struct case_ cases[] = {
	{ "ends pass through", ends_pass_through },
	{ "an end may end it", an_end_may_end_it },
	{ "lingers until silence", lingers_until_silence },
	{ "an end may be kept", an_end_may_be_kept },
	{ "the end of a may end it", the_end_of_a_may_end_it },
	{ "the end of a ends it at once", the_end_of_a_ends_it_at_once },
	{ "the end of b may be kept", the_end_of_b_may_be_kept },
	{ "silence ends it", silence_ends_it },
	{ "first byte of b is waited for", first_byte_of_b_is_waited_for },
	{ "a reader that left ends it", a_reader_that_left_ends_it },
	{ "or its bytes are dropped", or_its_bytes_are_dropped },
	{ "b may no longer read", b_may_no_longer_read },
	{ "or the bytes of a are dropped", or_the_bytes_of_a_are_dropped },
	{ "a reset is told as what was read",
		a_reset_is_told_as_what_was_read },
	{ "bulk goes both ways", bulk_goes_both_ways },
};

static void
run_case(void **state)
{
	static const struct pier_run_opts as_thread = {
		.kind = PIER_TASK_THREAD
	};
	const struct case_ *one = *state;

	memset(&it, 0, sizeof(it));
	assert_int_equal(pier_run(one->fn, NULL, NULL, NULL), 0);
	memset(&it, 0, sizeof(it));
	assert_int_equal(pier_run(one->fn, NULL, &as_thread, NULL), 0);
}

#define COUNT (sizeof(cases) / sizeof(cases[0]))

int
main(void)
{
	struct CMUnitTest tests[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = run_case,
			.initial_state = (void *)(uintptr_t)&cases[i] };
	return _cmocka_run_group_tests("relay", tests, COUNT, NULL, NULL);
}
