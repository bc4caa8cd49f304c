/* SPDX-License-Identifier: MIT */
/* Spans, explanations, numbers and escapes. */
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int64_t
number(const char *text, int64_t max)
{
	return pier__span_number(pier__span_of(text), max);
}

static void
numbers_are_digits_only_and_never_wrap(void **state)
{
	(void)state;
	assert_int_equal(number("0", 9), 0);
	assert_int_equal(number("65535", 65535), 65535);
	assert_int_equal(number("65536", 65535), 65536);
	assert_int_equal(number("99999999999999999999999", 65535), 65536);
	assert_int_equal(number("000080", 65535), 80);
	assert_int_equal(number("", 9), -1);
	assert_int_equal(number("1a", 9), -1);
	assert_int_equal(number("-1", 9), -1);
	assert_int_equal(number("+1", 9), -1);
	assert_int_equal(number(" 1", 9), -1);
}

static void
words_compare_without_case(void **state)
{
	struct pier__span span = pier__span_of("xTcP4y");

	(void)state;
	assert_true(pier__span_is(pier__span_cut(span, 1, 5), "tcp4"));
	assert_false(pier__span_is(pier__span_cut(span, 1, 4), "tcp4"));
	assert_false(pier__span_is(span, "tcp4"));
}

static void
escapes_come_back_as_the_same_bytes(void **state)
{
	unsigned char all[256];
	char text[3 * 256 + 1] = "";
	struct pier__span rest;
	size_t len;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	len = pier__escape(text, sizeof(text), 0, all, sizeof(all));
	assert_true(len < sizeof(text));
	assert_non_null(strstr(text, "%00%01"));
	assert_non_null(strstr(text, "%20!\"%23$%25&"));
	assert_non_null(strstr(text, "~%7F%80"));
	rest = pier__span_cut(pier__span_of(text), 0, len);
	for (int i = 0; i < 256; i++)
		assert_int_equal(pier__span_byte(&rest), i);
	assert_int_equal(pier__span_len(rest), 0);
}

static void
escape_counts_on_but_stays_inside(void **state)
{
	char text[4] = "----";

	(void)state;
	assert_int_equal(pier__escape(text, 2, 0, "a%b", 3), 5);
	assert_memory_equal(text, "a%--", 4);
}

static void
broken_escapes_are_refused(void **state)
{
	static const char *const broken[] = { "%", "%4", "%4g", "%g4", "%%41" };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct pier__span span = pier__span_of(broken[i]);

		assert_int_equal(pier__span_byte(&span), -1);
	}
}

static void
an_explanation_cannot_carry_terminal_codes(void **state)
{
	struct pier__why why;
	char big[2 * PIER__WHY_MAX];

	(void)state;
	assert_int_equal(
		pier__why_set(&why, 7, "a%sb", "\033[2J\n\xff"), -EINVAL);
	assert_string_equal(why.text, "a?[2J??b");
	assert_int_equal(why.offset, 7);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	(void)pier__why_set(&why, 0, "%s", big);
	assert_int_equal(strlen(why.text), PIER__WHY_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_only_and_never_wrap),
		cmocka_unit_test(words_compare_without_case),
		cmocka_unit_test(escapes_come_back_as_the_same_bytes),
		cmocka_unit_test(escape_counts_on_but_stays_inside),
		cmocka_unit_test(broken_escapes_are_refused),
		cmocka_unit_test(an_explanation_cannot_carry_terminal_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
