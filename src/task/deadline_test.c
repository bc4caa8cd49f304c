/* SPDX-License-Identifier: MIT */
/* task/deadline_test.c - moments: special ones, far ones, and a set clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/task.h"

#define NOW INT64_C(5000000000)

static int64_t moment;

static int64_t
clock_at_moment(void)
{
	return moment;
}

/* The current task reads this clock in a test. */
static int
begin(void **state)
{
	static struct pier__calls calls;

	(void)state;
	calls = pier__calls_real;
	calls.clock_ns = clock_at_moment;
	pier__self()->context.calls = &calls;
	moment = NOW;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pier__self()->context.calls = &pier__calls_real;
	return 0;
}

static void
counts_from_now(void **state)
{
	(void)state;
	assert_int_equal(pier_now(), NOW);
	assert_int_equal(pier_in_ns(7).ns, NOW + 7);
	assert_int_equal(pier_in_ms(7).ns, NOW + 7000000);
	assert_int_equal(pier_in_s(7).ns, NOW + INT64_C(7000000000));
	moment += 10;
	assert_int_equal(pier_in_ns(7).ns, NOW + 17);
}

/* A negative time is none, and never one of the special moments. */
static void
negative_times_have_passed(void **state)
{
	(void)state;
	assert_int_equal(pier_in_ns(-1).ns, NOW);
	assert_int_equal(pier_in_ns(INT64_MIN).ns, NOW);
	assert_int_equal(pier_in_ms(-1).ns, NOW);
	assert_int_equal(pier_in_s(-1).ns, NOW);
	/* More than the product with a unit has room for: it would wrap round,
	   half of the time to a moment far away. */
	assert_int_equal(pier_in_ms(INT64_MIN).ns, NOW);
	assert_int_equal(pier_in_s(INT64_MIN).ns, NOW);
	assert_int_equal(pier_in_ms(INT64_MIN / 1000000 - 1).ns, NOW);
	assert_int_equal(pier_in_s(INT64_MIN / 1000000000 - 1).ns, NOW);
	assert_int_equal(pier_sleep(pier_in_ns(-1)), 0);
}

static void
far_times_are_for_ever(void **state)
{
	const int64_t for_ever = PIER_FOREVER.ns;

	(void)state;
	assert_int_equal(pier_in_ns(INT64_MAX).ns, for_ever);
	assert_int_equal(pier_in_ms(INT64_MAX).ns, for_ever);
	assert_int_equal(pier_in_s(INT64_MAX).ns, for_ever);
	/* Past the range of the clock, though not of the number. */
	assert_int_equal(pier_in_ns(INT64_MAX - NOW + 1).ns, for_ever);
	assert_int_equal(pier_in_ms(INT64_MAX / 1000000).ns, for_ever);
	assert_int_equal(pier_in_s(INT64_MAX / 1000000000).ns, for_ever);
	assert_int_equal(pier_in_ns(INT64_MAX - NOW - 1).ns, INT64_MAX - 1);
}

static void
what_is_left(void **state)
{
	pier_deadline deadline = pier_in_ms(2);

	(void)state;
	assert_int_equal(pier_left_ns(deadline), 2000000);
	moment += 1999999;
	assert_int_equal(pier_left_ns(deadline), 1);
	moment += 1;
	assert_int_equal(pier_left_ns(deadline), 0);
	moment += 1;
	assert_int_equal(pier_left_ns(deadline), 0);
	assert_int_equal(pier_left_ns(PIER_NOW), 0);
	assert_int_equal(pier_left_ns(PIER_FOREVER), INT64_MAX);
	assert_int_equal(pier_left_ns(PIER_DEFAULT), INT64_MAX);
}

static void
the_earlier_of_two(void **state)
{
	(void)state;
	assert_int_equal(
		pier_earlier(pier_deadline_at(3), pier_deadline_at(4)).ns, 3);
	assert_int_equal(
		pier_earlier(pier_deadline_at(4), pier_deadline_at(3)).ns, 3);
	assert_int_equal(pier_earlier(PIER_FOREVER, pier_deadline_at(4)).ns, 4);
	assert_int_equal(pier_earlier(PIER_NOW, PIER_FOREVER).ns, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_from_now, begin, end),
		cmocka_unit_test_setup_teardown(
			negative_times_have_passed, begin, end),
		cmocka_unit_test_setup_teardown(
			far_times_are_for_ever, begin, end),
		cmocka_unit_test_setup_teardown(what_is_left, begin, end),
		cmocka_unit_test(the_earlier_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
