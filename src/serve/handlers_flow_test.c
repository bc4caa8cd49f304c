/* SPDX-License-Identifier: MIT */
/* handlers_flow_test.c - chargen and source, by reader and writer fibers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

/* More than a pair holds, and more than a whole turn of the lines. */
#define MUCH ((size_t)1 << 20)

struct flow {
	pier_handler *handler;
	struct pier_stream *ours, *theirs;
	struct pier_group *group;
	int rc;
	bool is_back;
};

static struct flow flow;
static char taken[MUCH];

static int
run_handler(void *arg)
{
	(void)arg;
	flow.rc = flow.handler(flow.ours, NULL);
	flow.is_back = true;
	return 0;
}

static void
begin(pier_handler *handler)
{
	memset(&flow, 0, sizeof(flow));
	flow.handler = handler;
	assert_int_equal(pier_pair(&flow.ours, &flow.theirs), 0);
	assert_int_equal(pier_group_open(&flow.group), 0);
	assert_int_equal(pier_go(flow.group, run_handler, NULL), 0);
}

/* What it came back with. */
static int
end(void)
{
	assert_int_equal(pier_group_wait(flow.group, pier_in_s(20)), 0);
	assert_true(flow.is_back);
	pier_close(flow.ours);
	pier_close(flow.theirs);
	flow.theirs = NULL;
	pier_group_close(flow.group);
	return flow.rc;
}

static void
take_much(void)
{
	assert_int_equal(
		pier_read_full(flow.theirs, taken, MUCH, pier_in_s(20)), MUCH);
}

/* The peer talks too, without end, and then ends its side: served on; then it
   goes. */
static int
is_served_until_it_goes(void *arg)
{
	pier_handler *handler = *(pier_handler **)arg;

	begin(handler);
	assert_int_equal(
		pier_write(flow.theirs, taken, 100000, pier_in_s(20)), 0);
	take_much();
	assert_int_equal(
		pier_shutdown(flow.theirs, PIER_WRITING, PIER_FOREVER), 0);
	take_much();
	assert_false(flow.is_back);
	pier_close(flow.theirs);
	flow.theirs = NULL;
	return end();
}

/* A reader that never lets it wait does not keep it from being cancelled. */
static int
is_cancelled(void *arg)
{
	begin(*(pier_handler **)arg);
	take_much();
	pier_group_cancel(flow.group);
	while (!flow.is_back && pier_peek(flow.theirs, &(const void *){ NULL },
					1, pier_in_s(20)) > 0)
		(void)pier_take(flow.theirs, pier_buffered(flow.theirs));
	return end();
}

static void
run_both(pier_handler *handler)
{
	assert_int_equal(
		pier_run(is_served_until_it_goes, &handler, NULL, NULL), 0);
	assert_int_equal(
		pier_run(is_cancelled, &handler, NULL, NULL), -ECANCELED);
}

static void
test_chargen(void **state)
{
	size_t i;

	(void)state;
	run_both(pier_handler_chargen);
	assert_memory_equal(taken,
		"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"[\\]^_`abcdefgh\r\n\"#$",
		77);
	/* Each character is the one after that above it, without end. */
	for (i = 0; i + 74 < MUCH; i++) {
		if (taken[i] == '\r' || taken[i] == '\n')
			assert_int_equal(taken[i + 74], taken[i]);
		else
			assert_int_equal(taken[i + 74],
				taken[i] == '~' ? ' ' : taken[i] + 1);
	}
}

static void
test_source(void **state)
{
	size_t i;

	(void)state;
	run_both(pier_handler_source);
	for (i = 0; i < MUCH; i++)
		assert_int_equal(taken[i], 0);
}

static int
much_and_one(struct pier_stream *stream, void *ctx)
{
	int rc = pier_source(stream, MUCH + 1, PIER_DEFAULT);

	(void)ctx;
	return rc < 0 ? rc : pier_shutdown(stream, PIER_WRITING, PIER_DEFAULT);
}

static int
is_of_that_size(void *arg)
{
	(void)arg;
	begin(much_and_one);
	take_much();
	assert_int_equal(pier_read_full(flow.theirs, taken, 2, pier_in_s(20)),
		-PIER_EEND);
	assert_int_equal(pier_last_error()->done, 1);
	return end();
}

static void
test_source_of_a_size(void **state)
{
	(void)state;
	assert_int_equal(pier_run(is_of_that_size, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chargen),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_source_of_a_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
