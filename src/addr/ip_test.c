/* SPDX-License-Identifier: MIT */
/*
 * IP text: what is read, what is refused, with which words and at which
 * character. tests/api/addr_oracle.py compares thousands of forms with
 * Python's ipaddress and libc's inet_pton.
 */
#include "addr/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int
parse(struct pier__ip *ip, const char *text, struct pier__why *why)
{
	memset(why, 0, sizeof(*why));
	return pier__ip_parse(ip, pier__span_of(text), why);
}

static void
reads_and_writes_addresses(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8::0:1:0", "2001:db8::1:0" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "1:0:0:2:0:0:3:4", "1::2:0:0:3:4" },
		{ "::192.0.2.1", "::c000:201" },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
	};
	struct pier__why why;
	struct pier__ip ip;
	char text[PIER__IP6_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(parse(&ip, cases[i].text, &why), 1);
		if (ip.family == AF_INET)
			(void)pier__ip4_text(text, ip.bytes);
		else
			(void)pier__ip6_text(text, ip.bytes);
		assert_string_equal(text, cases[i].canonical);
	}
}

static void
leaves_names_to_others(void **state)
{
	static const char *const names[] = { "", "localhost", "a.example",
		"1.2.3.4.example", "3com", "0xg", "1.2.3.4a", "face", "x.0y1" };
	struct pier__why why;
	struct pier__ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(parse(&ip, names[i], &why), 0);
}

static void
names_the_forms_of_ip4_that_it_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *why;
	} cases[] = {
		{ "127.1", 0,
			"\"127.1\" is short IPv4, which is refused: write "
			"127.0.0.1" },
		{ "2130706433", 0,
			"\"2130706433\" is short IPv4, which is refused: "
			"write 127.0.0.1" },
		{ "0x7f.1", 0,
			"\"0x7f.1\" is hexadecimal IPv4, which is refused: "
			"write 127.0.0.1" },
		{ "1.0X2.3.4", 2,
			"\"1.0X2.3.4\" is hexadecimal IPv4, which is refused: "
			"write 1.2.3.4" },
		{ "010.0.0.1", 0,
			"\"010.0.0.1\" is octal IPv4, which is refused: write "
			"8.0.0.1 or 10.0.0.1" },
		{ "10.0.0.01", 7,
			"\"10.0.0.01\" is octal IPv4, which is refused: write "
			"10.0.0.1" },
		{ "10.0.0.08", 7, /* no octal digit, still no decimal part */
			"\"10.0.0.08\" is octal IPv4, which is refused: write "
			"10.0.0.8" },
		{ "1.2.65536", 0,
			"\"1.2.65536\" is short IPv4 and out of "
			"range" },
		{ "4294967296", 0,
			"\"4294967296\" is short IPv4 and out of range" },
		{ "1.2.3.256", 6, "256 is out of range 0-255" },
		{ "1.2.3.4.5", 8, "an IPv4 address has 4 parts, not 5" },
		{ "1..2.3", 2, "a part of the IPv4 address is empty" },
		{ "1.2.3.4.", 8, "an IPv4 address has 4 parts, not 5" },
		{ "a.b.3.4", 0, "\"a\" is not a part of an IPv4 address" },
		{ "0x", 0,
			"\"0x\" is hexadecimal IPv4, which is refused: write "
			"0.0.0.0" },
	};
	struct pier__why why;
	struct pier__ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(parse(&ip, cases[i].text, &why) < 0);
		assert_string_equal(why.text, cases[i].why);
		assert_int_equal(why.offset, cases[i].offset);
	}
}

static void
points_at_what_is_wrong_in_ip6(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *word;
	} cases[] = {
		{ ":", 0, "end in one colon" },
		{ ":1", 0, "begin with one colon" },
		{ "1:", 1, "end in one colon" },
		{ ":::", 2, "cannot stand" },
		{ "1::2::3", 4, "once" },
		{ "1:2:3:4:5:6:7", 13, "8 groups" },
		{ "1:2:3:4:5:6:7:8:9", 16, "at most 8" },
		{ "1:2:3:4:5:6:7:8::", 0, "nothing for" },
		{ "::12345", 2, "4 digits" },
		{ "::g", 2, "cannot stand" },
		{ "::1x", 3, "cannot stand" },
		{ "::1.2.3", 2, "short IPv4" },
		{ "::1.2.3.256", 8, "out of range" },
		{ "1:2:3:4:5:6:7:1.2.3.4", 14, "no room" },
		{ "::1.2.3.4:5", 3, "cannot stand" },
		{ "fe80::1%", 8, "zone is empty" },
		{ "fe80::1%0123456789abcdef", 8, "longer than" },
		{ "fe80::1%a/b", 9, "cannot stand in a zone" },
		{ "fe80::1%a%b", 9, "cannot stand in a zone" },
	};
	struct pier__why why;
	struct pier__ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(parse(&ip, cases[i].text, &why) < 0);
		assert_non_null(strstr(why.text, cases[i].word));
		assert_int_equal(why.offset, cases[i].offset);
	}
}

static void
keeps_the_zone_as_text(void **state)
{
	struct pier__why why;
	struct pier__ip ip;

	(void)state;
	assert_int_equal(parse(&ip, "fe80::1%eth0.100", &why), 1);
	assert_string_equal(ip.zone, "eth0.100");
	assert_int_equal(ip.zone_offset, 8);
}

static void
splits_host_and_port(void **state)
{
	static const struct {
		const char *text, *host, *port; /* port NULL: there is none */
	} cases[] = {
		{ "host", "host", NULL },
		{ "host:80", "host", "80" },
		{ "host:", "host", "" },
		{ ":80", "", "80" },
		{ "", "", NULL },
		{ "::1", "::1", NULL },
		{ "[::1]", "::1", NULL },
		{ "[::1]:80", "::1", "80" },
		{ "[]:", "", "" },
	};
	struct pier__hostport got;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pier__span span = pier__span_of(cases[i].text);

		assert_int_equal(pier__hostport_split(&got, span, &why), 0);
		assert_true(pier__span_is(got.host, cases[i].host));
		assert_int_equal(got.has_port, cases[i].port != NULL);
		assert_int_equal(got.bracketed, cases[i].text[0] == '[');
		if (got.has_port)
			assert_true(pier__span_is(got.port, cases[i].port));
	}
	assert_true(
		pier__hostport_split(&got, pier__span_of("[::1"), &why) < 0);
	assert_int_equal(why.offset, 0);
	assert_true(
		pier__hostport_split(&got, pier__span_of("[::1]80"), &why) < 0);
	assert_int_equal(why.offset, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_addresses),
		cmocka_unit_test(leaves_names_to_others),
		cmocka_unit_test(names_the_forms_of_ip4_that_it_refuses),
		cmocka_unit_test(points_at_what_is_wrong_in_ip6),
		cmocka_unit_test(keeps_the_zone_as_text),
		cmocka_unit_test(splits_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
