/* SPDX-License-Identifier: MIT */
/* net/race_test.c - the order of addresses, and when each is tried. */
#include "net/race.h"

#include <pier/stream.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

/* One letter per address: lower case IPv4, upper case IPv6. */
static struct pier_addr
addr_of(char letter)
{
	char text[] = "[2001:db8::x]:80";
	struct pier_addr addr;

	if (letter >= 'A' && letter <= 'F')
		text[11] = letter;
	else
		(void)strcpy(text, "192.0.2.0:80");
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	if (letter >= 'a')
		addr.u.in.sin_addr.s_addr |= htonl((uint32_t)letter - 'a' + 1);
	return addr;
}

static char
letter_of(const struct pier_addr *addr)
{
	const char *letters = "ABCDEFabcdefghijklmnopqrstuvwxyz";

	for (; *letters != '\0'; letters++) {
		struct pier_addr other = addr_of(*letters);

		if (pier_addr_equal(addr, &other))
			return *letters;
	}
	return '?';
}

static void
order_is(const char *given, size_t max, int family, const char *expected)
{
	struct pier_addr addrs[64], out[64];
	char found[65] = "";
	size_t count = strlen(given);
	size_t i, n;

	for (i = 0; i < count; i++)
		addrs[i] = addr_of(given[i]);
	n = pier__race_order(out, max, addrs, count, family);
	for (i = 0; i < n; i++)
		found[i] = letter_of(&out[i]);
	assert_string_equal(found, expected);
}

static void
test_families_alternate(void **state)
{
	(void)state;
	order_is("ABCabc", 16, AF_UNSPEC, "AaBbCc");
	order_is("abcABC", 16, AF_UNSPEC, "aAbBcC");
	order_is("AaBb", 16, AF_UNSPEC, "AaBb");
	order_is("ABCDa", 16, AF_UNSPEC, "AaBCD");
	order_is("Aabcd", 16, AF_UNSPEC, "Aabcd");
	order_is("abc", 16, AF_UNSPEC, "abc");
	order_is("A", 16, AF_UNSPEC, "A");
	order_is("", 16, AF_UNSPEC, "");
}

static void
test_each_once(void **state)
{
	(void)state;
	order_is("aaaa", 16, AF_UNSPEC, "a");
	order_is("AAaaBA", 16, AF_UNSPEC, "AaB");
}

static void
test_one_family_and_a_limit(void **state)
{
	(void)state;
	order_is("ABab", 16, AF_INET, "ab");
	order_is("ABab", 16, AF_INET6, "AB");
	order_is("AB", 16, AF_INET, "");
	order_is("ABCDabcd", 3, AF_UNSPEC, "AaB");
	order_is("abcdefghijklmnopqrstuvwxyz", 16, AF_UNSPEC,
		"abcdefghijklmnop");
}

static void
test_the_next_one_after_a_delay(void **state)
{
	struct pier__race race;

	(void)state;
	pier__race_init(&race, 3, 0, 1000);
	assert_true(pier__race_due(&race, 1000));
	assert_int_equal(pier__race_start(&race, 1000), 0);
	assert_false(pier__race_due(&race, 1000));
	assert_true(pier__race_next(&race) == 1000 + 250 * MS);
	assert_false(pier__race_due(&race, 1000 + 250 * MS - 1));
	assert_true(pier__race_due(&race, 1000 + 250 * MS));
	/* A task that comes late counts from when it came. */
	assert_int_equal(pier__race_start(&race, 300 * MS), 1);
	assert_true(pier__race_next(&race) == 550 * MS);
	assert_int_equal(pier__race_start(&race, 550 * MS), 2);
	assert_false(pier__race_due(&race, INT64_MAX));
	assert_true(pier__race_next(&race) == INT64_MAX);
	assert_false(pier__race_lost(&race));
}

static void
test_the_next_one_at_once_when_one_fails(void **state)
{
	struct pier__race race;

	(void)state;
	pier__race_init(&race, 3, 0, 0);
	assert_int_equal(pier__race_start(&race, 0), 0);
	pier__race_fail(&race, 3 * MS);
	assert_true(pier__race_due(&race, 3 * MS));
	assert_int_equal(pier__race_start(&race, 3 * MS), 1);
	assert_true(pier__race_next(&race) == 253 * MS);
	pier__race_fail(&race, 4 * MS);
	assert_int_equal(pier__race_start(&race, 4 * MS), 2);
	assert_false(pier__race_lost(&race));
	pier__race_fail(&race, 5 * MS);
	assert_true(pier__race_lost(&race));
	assert_true(pier__race_next(&race) == INT64_MAX);
}

static void
test_the_delay_is_bounded(void **state)
{
	struct pier__race race;

	(void)state;
	pier__race_init(&race, 2, 1, 0);
	(void)pier__race_start(&race, 0);
	assert_true(pier__race_next(&race) == 10 * MS);
	pier__race_init(&race, 2, INT64_MAX, 5);
	(void)pier__race_start(&race, 5);
	assert_true(pier__race_next(&race) == INT64_MAX);
	assert_false(pier__race_due(&race, INT64_MAX - 1));
}

static void
test_nothing_to_try(void **state)
{
	struct pier__race race;

	(void)state;
	pier__race_init(&race, 0, 0, 0);
	assert_false(pier__race_due(&race, INT64_MAX));
	assert_true(pier__race_lost(&race));
}

static void
the_plan_is_the_race_that_nobody_answers(void **state)
{
	static const char *const texts[] = { "[2001:db8::1]:80",
		"[2001:db8::2]:80", "192.0.2.1:80" };
	static const int order[] = { 0, 2, 1 };
	struct pier_attempt plan[4];
	struct pier_addr addrs[3];
	struct pier_names *names;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(pier_addr_parse(&addrs[i], texts[i]), 0);
	assert_int_equal(pier_names_make(&names, addrs, 3, NULL), 0);
	assert_int_equal(pier_dial_plan(plan, 4, names, 0), 3);
	for (i = 0; i < 3; i++) {
		assert_true(pier_addr_equal(&plan[i].addr, &addrs[order[i]]));
		assert_int_equal(plan[i].start_ns, i * 250000000);
	}
	assert_int_equal(pier_dial_plan(plan, 2, names, 1), 2);
	assert_int_equal(plan[1].start_ns, 10000000);
	pier_names_free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families_alternate),
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_one_family_and_a_limit),
		cmocka_unit_test(test_the_next_one_after_a_delay),
		cmocka_unit_test(test_the_next_one_at_once_when_one_fails),
		cmocka_unit_test(test_the_delay_is_bounded),
		cmocka_unit_test(test_nothing_to_try),
		cmocka_unit_test(the_plan_is_the_race_that_nobody_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
