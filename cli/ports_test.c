/* SPDX-License-Identifier: MIT */
/*
 * Lists of ports: what they expand to, what is left alone because it is no
 * list, and what is refused.
 */
#include "ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The whole walk as one text, an endpoint per word. */
static const char *
expand(const char *endpoint)
{
	static char all[512];
	struct cli_ports ports;
	char one[128], why[128] = "";

	all[0] = '\0';
	if (cli_ports_start(&ports, endpoint, why, sizeof(why)) < 0) {
		snprintf(all, sizeof(all), "%s", why);
		return all;
	}
	while (cli_ports_next(&ports, one, sizeof(one))) {
		strcat(all, all[0] != '\0' ? " " : "");
		strcat(all, one);
	}
	return all;
}

static void
test_lists(void **state)
{
	(void)state;
	assert_string_equal(expand("h:20-22,80"), "h:20 h:21 h:22 h:80");
	assert_string_equal(
		expand("tcp://[::1]:1,2"), "tcp://[::1]:1 tcp://[::1]:2");
	assert_string_equal(expand("h:7-7"), "h:7");
	assert_string_equal(expand("h:65534-65535"), "h:65534 h:65535");
	assert_string_equal(expand("h:9,7,9"), "h:9 h:7 h:9");
}

static void
test_no_lists(void **state)
{
	(void)state;
	assert_string_equal(expand("h:80"), "h:80");
	assert_string_equal(expand("h:http-alt"), "h:http-alt");
	assert_string_equal(expand("unix:///run/a-b,c"), "unix:///run/a-b,c");
	assert_string_equal(expand("/run/x:1-a"), "/run/x:1-a");
	assert_string_equal(expand(""), "");
}

static void
test_mistakes(void **state)
{
	(void)state;
	assert_string_equal(expand("h:80,"),
		"'' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:80,,81"),
		"'' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:25-20"),
		"'25-20' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:0-5"),
		"'0-5' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:1,70000"),
		"'70000' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:1-2-3"),
		"'1-2-3' is no port or range of ports from 1 to 65535");
	assert_string_equal(expand("h:99999999999999999999,1"),
		"'99999999999999999999' is no port or range of ports "
		"from 1 to 65535");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_no_lists),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
