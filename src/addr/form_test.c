/* SPDX-License-Identifier: MIT */
/* The other ways to write an address; many more by chance in
   tests/api/ip_oracle.py. */
#include <pier/addr.h>

#include <pier/error.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
each_form_reads_what_it_writes(void **state)
{
	static const struct {
		const char *plain;
		enum pier_addr_form form;
		const char *text;
	} cases[] = {
		{ "192.0.2.1", PIER_ADDR_PLAIN, "192.0.2.1" },
		{ "192.0.2.1", PIER_ADDR_EXPLODED, "192.0.2.1" },
		{ "192.0.2.1", PIER_ADDR_PACKED, "c0000201" },
		{ "192.0.2.1", PIER_ADDR_INTEGER, "3221225985" },
		{ "192.0.2.1", PIER_ADDR_MAPPED, "::ffff:192.0.2.1" },
		{ "192.0.2.1", PIER_ADDR_POINTER, "1.2.0.192.in-addr.arpa" },
		{ "0.0.0.0", PIER_ADDR_INTEGER, "0" },
		{ "2001:db8::1", PIER_ADDR_EXPLODED,
			"2001:0db8:0000:0000:0000:0000:0000:0001" },
		{ "2001:db8::1", PIER_ADDR_PACKED,
			"20010db8000000000000000000000001" },
		{ "2001:db8::1", PIER_ADDR_INTEGER,
			"42540766411282592856903984951653826561" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", PIER_ADDR_INTEGER,
			"340282366920938463463374607431768211455" },
		{ "::1", PIER_ADDR_INTEGER6, "1" },
		{ "2001:db8::1", PIER_ADDR_POINTER,
			"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b."
			"d.0.1.0.0.2.ip6.arpa" },
		{ "fe80::1%lo", PIER_ADDR_PLAIN, "fe80::1%lo" },
		{ "fe80::1%lo", PIER_ADDR_EXPLODED,
			"fe80:0000:0000:0000:0000:0000:0000:0001%lo" },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr, back;
	size_t i;
	int len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].plain), 0);
		len = pier_addr_format_form(
			&addr, cases[i].form, text, sizeof(text));
		assert_int_equal(len, strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
		assert_int_equal(pier_addr_format_form(&addr, cases[i].form,
					 text, (size_t)len),
			-ENOSPC);
		assert_int_equal(pier_addr_parse_form(
					 &back, cases[i].text, cases[i].form),
			0);
		assert_true(pier_addr_equal(&addr, &back));
	}
}

static void
what_is_written_otherwise_is_read(void **state)
{
	static const struct {
		const char *text;
		enum pier_addr_form form;
		const char *plain;
	} cases[] = {
		{ "127.1", PIER_ADDR_CLASSIC, "127.0.0.1" },
		{ "0x7f.1", PIER_ADDR_CLASSIC, "127.0.0.1" },
		{ "0177.0.0.01", PIER_ADDR_CLASSIC, "127.0.0.1" },
		{ "2130706433", PIER_ADDR_CLASSIC, "127.0.0.1" },
		{ "0x7f000001", PIER_ADDR_CLASSIC, "127.0.0.1" },
		{ "1.2.772", PIER_ADDR_CLASSIC, "1.2.3.4" },
		{ "0xC0000201", PIER_ADDR_INTEGER, "192.0.2.1" },
		{ "4294967296", PIER_ADDR_INTEGER, "::1:0:0" },
		{ "C0A80001", PIER_ADDR_PACKED, "192.168.0.1" },
		{ "1.0.0.127.IN-ADDR.ARPA.", PIER_ADDR_POINTER, "127.0.0.1" },
	};
	struct pier_addr addr, right;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pier_addr_parse_form(
					 &addr, cases[i].text, cases[i].form),
			0);
		assert_int_equal(pier_addr_parse(&right, cases[i].plain), 0);
		assert_true(pier_addr_equal(&addr, &right));
	}
}

static void
what_is_not_in_the_form_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum pier_addr_form form;
		int offset;
		const char *why;
	} cases[] = {
		{ "127.1", PIER_ADDR_PLAIN, 0, "short IPv4" },
		{ "host", PIER_ADDR_PLAIN, 0, "no IP address" },
		{ "1.2.3.4:5", PIER_ADDR_PLAIN, 1, "" },
		{ "c000020", PIER_ADDR_PACKED, 0, "not 7" },
		{ "c000020g", PIER_ADDR_PACKED, 7, "no hexadecimal digit" },
		{ "", PIER_ADDR_PACKED, 0, "not 0" },
		{ "", PIER_ADDR_INTEGER, 0, "missing" },
		{ "0x", PIER_ADDR_INTEGER, 2, "missing" },
		{ "12a", PIER_ADDR_INTEGER, 2, "cannot stand" },
		{ "-1", PIER_ADDR_INTEGER, 0, "cannot stand" },
		{ "340282366920938463463374607431768211456", PIER_ADDR_INTEGER,
			0, "128 bits" },
		{ "1.2.3.in-addr.arpa", PIER_ADDR_POINTER, 0, "short IPv4" },
		{ "1.2.3.4.arpa", PIER_ADDR_POINTER, 0, "ends in" },
		{ "1.0.ip6.arpa", PIER_ADDR_POINTER, 0, "32 single digits" },
		{ "1.2.3.4.5", PIER_ADDR_CLASSIC, 8, "at most 4" },
		{ "256.1", PIER_ADDR_CLASSIC, 0, "out of range" },
		{ "1.16777216", PIER_ADDR_CLASSIC, 0, "out of range" },
		{ "4294967296", PIER_ADDR_CLASSIC, 0, "out of range" },
		{ "1.08", PIER_ADDR_CLASSIC, 2, "octal" },
		{ "0x", PIER_ADDR_CLASSIC, 0, "without a digit" },
		{ "1..2", PIER_ADDR_CLASSIC, 2, "empty" },
		{ "::1", PIER_ADDR_CLASSIC, 0, "" },
	};
	struct pier_addr addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pier_addr_parse_form(
					 &addr, cases[i].text, cases[i].form),
			-EINVAL);
		assert_non_null(
			strstr(pier_last_error()->detail, cases[i].why));
		assert_int_equal(pier_last_error()->offset, cases[i].offset);
	}
}

static void
some_have_no_text_in_a_form(void **state)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_addr_parse(&addr, "::1"), 0);
	assert_int_equal(pier_addr_format_form(
				 &addr, PIER_ADDR_MAPPED, text, sizeof(text)),
		-EAFNOSUPPORT);
	assert_int_equal(pier_addr_parse(&addr, "/run/x"), 0);
	assert_int_equal(pier_addr_format_form(
				 &addr, PIER_ADDR_PLAIN, text, sizeof(text)),
		-EAFNOSUPPORT);
}

static void
a_mapped_address_is_ipv4(void **state)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_addr_parse(&addr, "::ffff:192.0.2.1"), 0);
	assert_int_equal(pier_addr_format_form(
				 &addr, PIER_ADDR_PACKED, text, sizeof(text)),
		8);
	assert_string_equal(text, "c0000201");
	assert_int_equal(pier_addr_kinds(&addr),
		PIER_ADDR_IS_PRIVATE | PIER_ADDR_IS_DOCUMENTATION);
	assert_int_equal(pier_addr_add(&addr, 255), 0);
	(void)pier_addr_format(&addr, text, sizeof(text));
	assert_string_equal(text, "192.0.3.0");
	assert_int_equal(pier_addr_family(&addr), AF_INET6);
}

static void
going_on_and_back(void **state)
{
	static const struct {
		const char *from;
		int64_t n;
		const char *to; /* NULL: there is none */
	} cases[] = {
		{ "192.0.2.255", 1, "192.0.3.0" },
		{ "192.0.3.0", -1, "192.0.2.255" },
		{ "255.255.255.255", 1, NULL },
		{ "0.0.0.0", -1, NULL },
		{ "0.0.0.0", 4294967295, "255.255.255.255" },
		{ "0.0.0.0", 4294967296, NULL },
		{ "255.255.255.255", -4294967295, "0.0.0.0" },
		{ "::ffff:ffff:ffff:ffff", 1, "::1:0:0:0:0" },
		{ "::", -1, NULL },
		{ "::", INT64_MAX, "::7fff:ffff:ffff:ffff" },
		{ "::8000:0:0:0", INT64_MIN, "::" },
		{ "::7fff:ffff:ffff:ffff", INT64_MIN, NULL },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, NULL },
		{ "[fe80::1%lo]:80", 1, "[fe80::2%lo]:80" },
		{ "10.0.0.1:80", 0, "10.0.0.1:80" },
	};
	struct pier_addr addr, right;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *to = cases[i].to;

		assert_int_equal(pier_addr_parse(&addr, cases[i].from), 0);
		assert_int_equal(pier_addr_add(&addr, cases[i].n),
			to != NULL ? 0 : -ERANGE);
		assert_int_equal(pier_addr_parse(&right,
					 to != NULL ? to : cases[i].from),
			0);
		assert_true(pier_addr_equal(&addr, &right));
	}
	assert_int_equal(pier_addr_parse(&addr, "@x"), 0);
	assert_int_equal(pier_addr_add(&addr, 1), -EAFNOSUPPORT);
	assert_int_equal(pier_addr_kinds(&addr), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_reads_what_it_writes),
		cmocka_unit_test(what_is_written_otherwise_is_read),
		cmocka_unit_test(what_is_not_in_the_form_is_refused),
		cmocka_unit_test(some_have_no_text_in_a_form),
		cmocka_unit_test(a_mapped_address_is_ipv4),
		cmocka_unit_test(going_on_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
