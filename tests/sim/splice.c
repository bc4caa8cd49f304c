/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/splice.c - relays and copies that go over to a pipe, in virtual
 * time: when it is opened, when it is closed again, and that what goes through
 * takes as long as without.
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

#define MS    INT64_C(1000000)
#define BYTES 2000000

/* left -- a [relay or copy] b -- right; all on no fiber's stack. */
static struct {
	struct pier__sim *sim;
	struct pier_stream *left, *a, *b, *right;
	struct pier_group *group;
	struct pier_relay_result result;
	int64_t copied;
	int64_t within_ms;
	size_t sent, got;
	int rc;
} bed;

static unsigned char data[BYTES], got[BYTES];

static void
begin(void)
{
	struct pier__sim *sim = bed.sim;

	memset(&bed, 0, sizeof(bed));
	bed.sim = sim;
	assert_int_equal(pier_pair(&bed.left, &bed.a), 0);
	assert_int_equal(pier_pair(&bed.b, &bed.right), 0);
	assert_int_equal(pier_group_open(&bed.group), 0);
}

static void
end(void)
{
	assert_int_equal(pier_group_wait(bed.group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(bed.group), 0);
	pier_group_close(bed.group);
	pier_close(bed.left);
	pier_close(bed.right);
	assert_int_equal(pier__sim_open_count(bed.sim), 0);
}

static unsigned
open_now(void)
{
	return pier__sim_open_count(bed.sim);
}

static int
relays(void *arg)
{
	(void)arg;
	bed.rc = pier_relay(bed.a, bed.b, NULL, &bed.result, PIER_FOREVER);
	pier_close(bed.a);
	pier_close(bed.b);
	return bed.rc;
}

static int
copies(void *arg)
{
	(void)arg;
	bed.copied = pier_copy(bed.b, bed.a, -1, PIER_FOREVER);
	pier_close(bed.a);
	pier_close(bed.b);
	return bed.copied < 0 ? (int)bed.copied : 0;
}

/* Half of it by every call. */
static int
sends_half(void *arg)
{
	int rc = pier_write(bed.left, data + bed.sent, BYTES / 2, PIER_FOREVER);

	(void)arg;
	bed.sent += BYTES / 2;
	return rc;
}

static void
move_half(void)
{
	assert_int_equal(pier_go(bed.group, sends_half, NULL), 0);
	assert_int_equal(pier_read_full(bed.right, got + bed.got, BYTES / 2,
				 PIER_FOREVER),
		BYTES / 2);
	bed.got += BYTES / 2;
}

/* Bulk opens a pipe, a second of silence closes it, bulk opens one again. */
static void
moves_twice(pier_task_fn *fn)
{
	begin();
	assert_int_equal(pier_go(bed.group, fn, NULL), 0);
	assert_int_equal(open_now(), 4);
	move_half();
	assert_int_equal(open_now(), 6);
	assert_int_equal(pier_sleep(pier_in_ms(999)), 0);
	assert_int_equal(open_now(), 6);
	assert_int_equal(pier_sleep(pier_in_ms(2)), 0);
	assert_int_equal(open_now(), 4);
	move_half();
	assert_int_equal(open_now(), 6);
	assert_memory_equal(got, data, BYTES);
	assert_int_equal(pier_shutdown(bed.left, PIER_WRITING, PIER_NOW), 0);
	assert_int_equal(
		pier_read(bed.right, got, sizeof(got), PIER_FOREVER), 0);
	assert_int_equal(pier_shutdown(bed.right, PIER_WRITING, PIER_NOW), 0);
	end();
}

static int
a_silent_relay_holds_no_pipe(void *arg)
{
	(void)arg;
	moves_twice(relays);
	assert_int_equal(bed.result.a_to_b, BYTES);
	assert_int_equal(bed.result.first, 0);
	return 0;
}

static int
a_silent_copy_holds_none(void *arg)
{
	(void)arg;
	moves_twice(copies);
	assert_int_equal(bed.copied, BYTES);
	return 0;
}

/* The idle time is the relay's, whether or not a pipe rests before. */
static int
the_idle_time_holds(void *arg)
{
	struct pier_relay_opts opts = { .idle_ms = 3000 };
	int64_t start = pier_now();

	(void)arg;
	begin();
	assert_int_equal(pier_go(bed.group, sends_half, NULL), 0);
	/* Nobody reads right: the pipe is full all the while. */
	assert_int_equal(
		pier_relay(bed.a, bed.b, &opts, &bed.result, PIER_FOREVER),
		-PIER_EDEADLINE);
	assert_int_equal(pier_now() - start, 3000 * MS);
	assert_int_equal(bed.result.how, PIER_RELAY_DEADLINE);
	assert_int_equal(open_now(), 4);
	pier_close(bed.b);
	pier_close(bed.a);
	assert_int_equal(pier_group_wait(bed.group, PIER_FOREVER), 0);
	pier_group_close(bed.group);
	pier_close(bed.left);
	pier_close(bed.right);
	return 0;
}

/* No room in the table of descriptors: it is copied. */
static int
without_descriptors_it_copies(void *arg)
{
	(void)arg;
	pier__sim_limits(bed.sim)->descriptors = 5;
	begin();
	assert_int_equal(pier_go(bed.group, relays, NULL), 0);
	move_half();
	move_half();
	assert_int_equal(open_now(), 4);
	assert_memory_equal(got, data, BYTES);
	assert_int_equal(pier_shutdown(bed.left, PIER_WRITING, PIER_NOW), 0);
	assert_int_equal(pier_shutdown(bed.right, PIER_WRITING, PIER_NOW), 0);
	end();
	assert_int_equal(bed.result.a_to_b, BYTES);
	return 0;
}

/* Both stop while right does not read: the pipe is full. */
static int
relays_so_far(void *arg)
{
	(void)arg;
	bed.rc = pier_relay(
		bed.a, bed.b, NULL, &bed.result, pier_in_ms(bed.within_ms));
	bed.copied = (int64_t)bed.result.a_to_b;
	return 0;
}

static int
copies_so_far(void *arg)
{
	(void)arg;
	bed.rc = (int)pier_copy(bed.b, bed.a, -1, pier_in_ms(bed.within_ms));
	bed.copied = (int64_t)pier_last_error()->done;
	return 0;
}

/* What went is at right, what the pipe held is read ahead in `a`, the rest
   follows. */
static void
loses_nothing(pier_task_fn *fn, int64_t within_ms, bool cancel, int rc)
{
	struct pier_group *stopped;
	size_t there;

	begin();
	bed.within_ms = within_ms;
	assert_int_equal(pier_group_open(&stopped), 0);
	assert_int_equal(pier_go(stopped, fn, NULL), 0);
	assert_int_equal(pier_go(bed.group, sends_half, NULL), 0);
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(open_now(), 6);
	if (cancel)
		pier_group_cancel(stopped);
	assert_int_equal(pier_group_wait(stopped, PIER_FOREVER), 0);
	pier_group_close(stopped);
	assert_int_equal(bed.rc, rc);
	assert_int_equal(open_now(), 4);
	there = (size_t)bed.copied;
	assert_in_range(there, 1, BYTES / 2 - 1);
	assert_in_range(pier_buffered(bed.a), 1, 65536);
	assert_int_equal(
		pier_read_full(bed.right, got, there, PIER_FOREVER), there);
	assert_int_equal(pier_read_full(bed.a, got + there, BYTES / 2 - there,
				 PIER_FOREVER),
		BYTES / 2 - there);
	assert_memory_equal(got, data, BYTES / 2);
	pier_close(bed.a);
	pier_close(bed.b);
	end();
}

static int
cancelled_it_loses_nothing(void *arg)
{
	(void)arg;
	loses_nothing(relays_so_far, 1000, true, -ECANCELED);
	loses_nothing(copies_so_far, 1000, true, -ECANCELED);
	return 0;
}

static int
a_deadline_loses_nothing(void *arg)
{
	(void)arg;
	loses_nothing(relays_so_far, 20, false, -PIER_EDEADLINE);
	loses_nothing(copies_so_far, 20, false, -PIER_EDEADLINE);
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
	CASE(a_silent_relay_holds_no_pipe),
	CASE(a_silent_copy_holds_none),
	CASE(the_idle_time_holds),
	CASE(without_descriptors_it_copies),
	CASE(cancelled_it_loses_nothing),
	CASE(a_deadline_loses_nothing),
};

static void
test_case(void **state)
{
	size_t which = *(const size_t *)*state;

	bed.sim = pier__sim_open(1);
	assert_non_null(bed.sim);
	/* More than the large pieces that open a pipe, less than all. */
	pier__sim_limits(bed.sim)->sndbuf = 700000;
	assert_int_equal(pier__sim_run(bed.sim, cases[which].fn, NULL), 0);
	assert_int_equal(pier__sim_open_count(bed.sim), 0);
	pier__sim_close(bed.sim);
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

	for (i = 0; i < BYTES; i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	for (i = 0; i < COUNT; i++) {
		which[i] = i;
		tests[i] = (struct CMUnitTest){ .name = cases[i].name,
			.test_func = test_case,
			.initial_state = &which[i] };
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
