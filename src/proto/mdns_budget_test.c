/* SPDX-License-Identifier: MIT */
/* How many may go in a minute, and in those that follow. */
#include "proto/mdns_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND   INT64_C(1000000000)
#define A_MINUTE 60U

static int
taken(struct pier__mdns_budget *it, int64_t now_ns)
{
	int count = 0;

	while (pier__mdns_budget_take(it, now_ns, A_MINUTE))
		count++;
	return count;
}

static void
a_minute_has_so_many_and_they_come_back(void **state)
{
	struct pier__mdns_budget it = { 0 };
	int64_t now_ns = 5 * SECOND;
	int i, sum = 0;

	(void)state;
	assert_int_equal(taken(&it, now_ns), A_MINUTE);
	assert_int_equal(taken(&it, now_ns + SECOND - 1), 0);
	assert_int_equal(taken(&it, now_ns + SECOND), 1);
	assert_int_equal(taken(&it, now_ns + 11 * SECOND), 10);
	/* Whoever has been silent has what one minute has, not more. */
	assert_int_equal(taken(&it, now_ns + 100000 * SECOND), A_MINUTE);
	/* However often it is asked. */
	now_ns += 100000 * SECOND;
	for (i = 0; i < 600; i++)
		sum += taken(&it, now_ns + (i + 1) * SECOND / 10);
	assert_int_equal(sum, A_MINUTE);
}

static void
what_goes_in_any_case_is_made_up_for(void **state)
{
	struct pier__mdns_budget it = { 0 };
	int i;

	(void)state;
	assert_int_equal(taken(&it, SECOND), A_MINUTE);
	for (i = 0; i < 20; i++)
		pier__mdns_budget_charge(&it);
	assert_int_equal(taken(&it, 21 * SECOND), 0);
	assert_int_equal(taken(&it, 22 * SECOND), 1);
	/* But not for ever. */
	for (i = 0; i < 100000; i++)
		pier__mdns_budget_charge(&it);
	assert_int_equal(taken(&it, 23 * SECOND), 0);
	assert_int_equal(taken(&it, 84 * SECOND), 1);
}

/* A room that shrinks takes along what was saved in it. */
static void
other_bounds_count_from_then_on(void **state)
{
	struct pier__mdns_budget it = { 0 };

	(void)state;
	assert_true(pier__mdns_budget_take(&it, SECOND, 1000000));
	assert_int_equal(taken(&it, SECOND), A_MINUTE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_has_so_many_and_they_come_back),
		cmocka_unit_test(what_goes_in_any_case_is_made_up_for),
		cmocka_unit_test(other_bounds_count_from_then_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
