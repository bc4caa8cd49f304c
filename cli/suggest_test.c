/* SPDX-License-Identifier: MIT */
/*
 * Each kind of slip finds its word; what is too far off finds none; of two
 * near words the nearer one wins.
 */
#include "suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char *
suggest(const char *wrong)
{
	static const char *const known[] = { "serve", "connect", "help",
		"resolve", "idle-timeout", "timeout", "bind" };
	struct cli_suggest found;
	size_t i;

	cli_suggest_start(&found, wrong);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		cli_suggest_try(&found, known[i]);
	return found.best;
}

static void
test_one_slip_of_each_kind(void **state)
{
	(void)state;
	assert_string_equal(suggest("srve"), "serve");
	assert_string_equal(suggest("sserve"), "serve");
	assert_string_equal(suggest("sarve"), "serve");
	assert_string_equal(suggest("sevre"), "serve");
	assert_string_equal(suggest("hepl"), "help");
	assert_string_equal(suggest("help"), "help");
}

static void
test_two_slips_in_a_long_word(void **state)
{
	(void)state;
	assert_string_equal(suggest("conect-"), "connect");
	assert_string_equal(suggest("timoeut"), "timeout");
	assert_string_equal(suggest("idel-timout"), "idle-timeout");
}

static void
test_too_far_off(void **state)
{
	(void)state;
	assert_null(suggest("x"));
	assert_null(suggest(""));
	assert_null(suggest("listen"));
	assert_null(suggest("bnid-wrong"));
	assert_null(suggest("an-option-that-is-longer-than-any-known-word"));
}

static void
test_nearest_wins(void **state)
{
	(void)state;
	assert_string_equal(suggest("reserve"), "serve");
	assert_string_equal(suggest("reolve"), "resolve");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_slip_of_each_kind),
		cmocka_unit_test(test_two_slips_in_a_long_word),
		cmocka_unit_test(test_too_far_off),
		cmocka_unit_test(test_nearest_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
