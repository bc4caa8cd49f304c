/* SPDX-License-Identifier: MIT */
/*
 * proto/service_name_test.c - what is a name of a service, and what only looks so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/service_name.h"

static bool
type(const char *text)
{
	return pier__service_type_is_plain(text, strlen(text));
}

static bool
instance(const char *text)
{
	return pier__service_instance_is_right(text, strlen(text));
}

static void
test_types(void **state)
{
	(void)state;
	assert_true(type("_http._tcp"));
	assert_true(type("_a._udp"));
	assert_true(type("_a-b-1._udp"));
	assert_true(type("_abcdefghijklmno._tcp"));
	assert_false(type("_abcdefghijklmnop._tcp"));
	assert_false(type("_._tcp"));
	assert_false(type("._tcp"));
	assert_false(type(""));
	assert_false(type("_"));
	assert_false(type("http._tcp"));
	assert_false(type("_http._sctp"));
	assert_false(type("_http._tcp."));
	assert_false(type("_http._tcp.local"));
	assert_false(type("_123._tcp"));
	assert_false(type("_-a._tcp"));
	assert_false(type("_a-._tcp"));
	assert_false(type("_a--b._tcp"));
	assert_false(type("_a_b._tcp"));
}

static void
test_instances(void **state)
{
	char longest[65];

	(void)state;
	assert_true(instance("My Printer"));
	assert_true(instance("K\xc3\xbc"
			     "che. \xf0\x9f\x96\xa8"));
	assert_false(instance(""));
	memset(longest, 'x', 64);
	longest[63] = '\0';
	assert_true(instance(longest));
	longest[63] = 'x';
	longest[64] = '\0';
	assert_false(instance(longest));
	/* Not the shortest form, a surrogate, beyond Unicode, cut off, alone. */
	assert_false(instance("\xc0\x80"));
	assert_false(instance("\xe0\x80\xaf"));
	assert_false(instance("\xed\xa0\x80"));
	assert_false(instance("\xf4\x90\x80\x80"));
	assert_false(instance("a\xc3"));
	assert_false(instance("\xbc"));
	/* What a terminal would act on. */
	assert_false(instance("\x1b[2J"));
	assert_false(instance("a\nb"));
	assert_false(instance("\x7f"));
	assert_false(instance("\xc2\x9b"));
	assert_true(instance("\xc2\xa0"));
}

static void
test_hosts(void **state)
{
	(void)state;
	assert_true(pier__service_host_is_right("lab-2.local", 11));
	assert_false(pier__service_host_is_right("", 0));
	assert_false(pier__service_host_is_right("a b", 3));
}

/* RFC 1123 section 2.1. */
static void
test_labels(void **state)
{
	static const char *const wrong[] = { "", "-", "-a", "a-", "a.b", "a_b",
		"a b", "K\xc3\xbc" };
	char longest[64];
	size_t i;

	(void)state;
	assert_true(pier__service_label_is_right("lab-2", 5));
	assert_true(pier__service_label_is_right("3com", 4));
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(pier__service_label_is_right(
			wrong[i], strlen(wrong[i])));
	memset(longest, 'x', sizeof(longest));
	assert_true(pier__service_label_is_right(longest, 63));
	assert_false(pier__service_label_is_right(longest, 64));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
