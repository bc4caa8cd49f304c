/* SPDX-License-Identifier: MIT */
/* base/near_test.c - which word was meant. */
#include "base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *
nearest(const char *wrong)
{
	static const char *const known[] = { "nodelay", "sndbuf", "rcvbuf",
		"keepalive", "ttl", "resolve", "serve", "idle-timeout" };
	struct pier__near near;
	size_t i;

	pier__near_start(&near, wrong);
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		pier__near_try(&near, known[i]);
	return near.best;
}

static void
test_slips(void **state)
{
	(void)state;
	assert_string_equal(nearest("nodely"), "nodelay");
	assert_string_equal(nearest("nodealy"), "nodelay");
	assert_string_equal(nearest("nodelayy"), "nodelay");
	assert_string_equal(nearest("sndbug"), "sndbuf");
	assert_string_equal(nearest("tll"), "ttl");
	assert_string_equal(nearest("ttl"), "ttl");
}

static void
test_nearest_wins(void **state)
{
	(void)state;
	assert_string_equal(nearest("reolve"), "resolve");
	assert_string_equal(nearest("idel-timout"), "idle-timeout");
}

static void
test_far(void **state)
{
	char much[200];

	(void)state;
	assert_null(nearest("congestion"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
	memset(much, 'n', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	assert_null(nearest(much));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_nearest_wins),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
