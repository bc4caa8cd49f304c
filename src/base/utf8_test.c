/* SPDX-License-Identifier: MIT */
/* base/utf8_test.c - every form of a character, and bytes as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pier/bytes.h>

#include "base/utf8.h"

/* One of each length at both ends, and what is none. */
static void
test_a_character(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		uint32_t code;
	} cases[] = {
		{ "\x01", 1, 1 },
		{ "\x7f", 1, 0x7f },
		{ "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 0xd7ff },
		{ "\xee\x80\x80", 3, 0xe000 },
		{ "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
		{ "\x80", 0, 0 },             /* a continuation */
		{ "\xc1\xbf", 0, 0 },         /* longer than needed */
		{ "\xe0\x9f\xbf", 0, 0 },     /* the same */
		{ "\xf0\x8f\xbf\xbf", 0, 0 }, /* the same */
		{ "\xed\xa0\x80", 0, 0 },     /* a surrogate */
		{ "\xf4\x90\x80\x80", 0, 0 }, /* beyond the last */
		{ "\xf5\x80\x80\x80", 0, 0 }, /* the same */
		{ "\xe2\x82", 0, 0 },         /* cut */
		{ "\xe2\x28\xa1", 0, 0 },     /* broken */
		{ "", 0, 0 },
	};
	uint32_t code;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		code = 0;
		assert_int_equal(pier__utf8_get(cases[i].text,
					 strlen(cases[i].text), &code),
			cases[i].size);
		if (cases[i].size > 0)
			assert_int_equal(code, cases[i].code);
	}
}

static void
show(const char *bytes, const char *expected)
{
	char out[64];

	assert_ptr_equal(
		pier_bytes_show(out, sizeof(out), bytes, strlen(bytes)), out);
	assert_string_equal(out, expected);
}

static void
test_bytes_as_text(void **state)
{
	char out[PIER_BYTES_SHOWN(3)];

	(void)state;
	show("", "");
	show("K\xc3\xbc"
	     "che \xe6\xbc\xa2",
		"K\xc3\xbc"
		"che \xe6\xbc\xa2");
	show("\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f");
	show("\xc2\x9b"
	     "0m",
		"\\xc2\\x9b0m");
	show("a\\b", "a\\\\b");
	show("\xff\xc3", "\\xff\\xc3");
	/* RIGHT-TO-LEFT OVERRIDE, and the end of its like. */
	show("\xe2\x80\xae\xe2\x81\xa9", "\\xe2\\x80\\xae\\xe2\\x81\\xa9");
	assert_string_equal(pier_bytes_show(out, sizeof(out), "\0\r\n", 3),
		"\\x00\\x0d\\x0a");
}

/* What has no room is left out whole. */
static void
test_cut(void **state)
{
	char out[6] = "?????";

	(void)state;
	assert_string_equal(pier_bytes_show(out, 4, "ab\xc3\xbc", 4), "ab");
	assert_string_equal(
		pier_bytes_show(out, 5, "ab\xc3\xbc", 4), "ab\xc3\xbc");
	assert_string_equal(pier_bytes_show(out, 6, "a\n", 2), "a\\x0a");
	assert_string_equal(pier_bytes_show(out, 5, "a\n", 2), "a");
	assert_string_equal(pier_bytes_show(out, 1, "a", 1), "");
	(void)pier_bytes_show(out, 0, "a", 1);
	assert_string_equal(pier_bytes_show(out, 6, NULL, 0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_character),
		cmocka_unit_test(test_bytes_as_text),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
