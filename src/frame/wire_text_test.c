/* SPDX-License-Identifier: MIT */
/* Framings as text: what each form means and is written as, and for each refusal
   the words and the place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A form, and the same as pier writes it. */
static const char *const forms[][2] = {
	{ "line", "line" },
	{ "line:crlf", "line:crlf" },
	{ "nul", "nul" },
	{ "delim:--", "delim:--" },
	{ "delim::", "delim::" },
	{ "delim:\\n", "delim:\\n" },
	{ "delim:\\r\\n", "delim:\\r\\n" },
	{ "delim:\\0", "delim:\\0" },
	{ "delim:\\x00\\x41\\x7f\\xfe", "delim:\\0A\\x7f\\xfe" },
	{ "delim:\\t\\\\", "delim:\\t\\\\" },
	{ "fixed:1", "fixed:1" },
	{ "fixed:64k", "fixed:64000" },
	{ "fixed:2Mi", "fixed:2097152" },
	{ "fixed:1Gi", "fixed:1073741824" },
	{ "escape", "escape" },
	{ "escape:\\n", "escape" },
	{ "escape:;", "escape:;" },
	{ "escape:\\\\n", "escape:\\\\n" },
	{ "base64", "base64" },
	{ "base64:\\0", "base64:\\0" },
	{ "base64:-A", "base64:-A" },
	{ "base64:A-", "base64:A-" },
	{ "announce", "announce" },
	{ "announce:END", "announce:END" },
	{ "u8", "u8" },
	{ "u16le", "u16le" },
	{ "u16be", "u16be" },
	{ "u32le", "u32le" },
	{ "u32be", "u32be" },
	{ "u64le", "u64le" },
	{ "u64be", "u64be" },
	{ "varint", "varint" },
	{ "decimal:6", "decimal:6:zero" },
	{ "decimal:1:left", "decimal:1:left" },
	{ "decimal:20:right", "decimal:20:right" },
	{ "netstring", "netstring" },
	{ "slip", "slip" },
	{ "cobs", "cobs" },
};

static void
reads_and_writes_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		char text[PIER_FRAME_TEXT_MAX];
		struct pier_framing framing;

		assert_int_equal(pier_frame_parse(&framing, forms[i][0]), 0);
		assert_int_equal(
			pier_frame_format(&framing, text, sizeof(text)),
			strlen(forms[i][1]));
		assert_string_equal(text, forms[i][1]);
		assert_int_equal(framing.max, 0);
		assert_int_equal(framing.overlong, PIER_FRAME_REFUSE);
	}
}

static const struct {
	const char *text, *detail;
	int offset;
} refused[] = {
	{ "", "unknown framing \"\": pier knows line, nul, delim", 0 },
	{ "lines", "unknown framing \"lines\"", 0 },
	{ "Line", "unknown framing \"Line\"", 0 },
	{ "u24be", "unknown framing \"u24be\"", 0 },
	{ "line:lf", "\"lf\": \"line\" or \"line:crlf\" was expected", 5 },
	{ "nul:0", "nothing was expected after \"nul\"", 3 },
	{ "u32be:", "nothing was expected after \"u32be\"", 5 },
	{ "delim", "\"delim\": delim:STRING was expected", 5 },
	{ "delim:", "a terminator of 1 to 32 bytes was expected", 6 },
	{ "escape:", "a terminator of 1 to 32 bytes was expected", 7 },
	{ "delim:a\\q", "\"\\q\": \\n, \\r, \\t, \\0, \\\\ or \\xHH was", 7 },
	{ "delim:a\\", "\"\\\": \\n, \\r, \\t, \\0, \\\\ or \\xHH was", 7 },
	{ "delim:\\x4", "\"\\x4\": \\n", 6 },
	{ "delim:\\x4g", "\"\\x4g\": \\n", 6 },
	{ "delim:012345678901234567890123456789012",
		"a terminator of more than 32 bytes", 6 },
	{ "base64:A", "terminator: one with a byte that base64 has not", 7 },
	{ "base64:=Az/", "terminator: one with a byte that base64 has not", 7 },
	{ "fixed", "\"fixed\": fixed:SIZE was expected", 5 },
	{ "fixed:", "\"\": a size in bytes was expected", 6 },
	{ "fixed:0", "\"0\": a size of 1 byte to 1Gi was expected", 6 },
	{ "fixed:2Gi", "\"2Gi\": a size of 1 byte to 1Gi was expected", 6 },
	{ "fixed:99999999999999999999999",
		"\"99999999999999999999999\": a size of 1 byte to 1Gi", 6 },
	{ "fixed:-1", "\"-1\": a size in bytes was expected", 6 },
	{ "fixed:4x", "\"4x\": a size in bytes was expected", 7 },
	{ "decimal", "\"decimal\": decimal:WIDTH[:zero|left|right] was", 7 },
	{ "decimal:0", "\"0\": a width of 1 to 20 digits was expected", 8 },
	{ "decimal:21", "\"21\": a width of 1 to 20 digits was expected", 8 },
	{ "decimal::left", "\"\": a width of 1 to 20 digits was expected", 8 },
	{ "decimal:6:", "\"\": zero, left or right was expected", 10 },
	{ "decimal:6:center", "\"center\": zero, left or right was", 10 },
};

static void
refuses_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct pier_framing framing = { .max = 42 };
		const struct pier_error *error;

		assert_int_equal(
			pier_frame_parse(&framing, refused[i].text), -EINVAL);
		error = pier_last_error();
		assert_int_equal(error->step, PIER_STEP_PARSE);
		assert_string_equal(error->endpoint, refused[i].text);
		if (strstr(error->detail, refused[i].detail) != error->detail)
			fail_msg("%s: %s", refused[i].text, error->detail);
		assert_int_equal(error->offset, refused[i].offset);
		/* Written on success only. */
		assert_int_equal(framing.max, 42);
	}
}

/* Every form that is listed is read, once it is filled in. */
static void
lists_its_forms(void **state)
{
	size_t count = 0;
	const char *form;

	(void)state;
	for (; (form = pier_frame_form(count)) != NULL; count++) {
		char text[64];
		struct pier_framing framing;
		char *rest;

		(void)snprintf(text, sizeof(text), "%s", form);
		rest = strpbrk(text, "[");
		if (rest != NULL)
			*rest = '\0';
		rest = strchr(text, ':');
		if (rest != NULL)
			(void)strcpy(rest + 1, "7");
		assert_int_equal(pier_frame_parse(&framing, text), 0);
	}
	assert_int_equal(count, PIER_FRAME_COBS);
}

static void
refuses_what_cannot_be(void **state)
{
	static const struct {
		struct pier_framing framing;
		const char *detail;
	} wrong[] = {
		{ { .kind = 0 }, "kind: there is none of number 0" },
		{ { .kind = PIER_FRAME_COBS + 1 }, "kind: there is none" },
		{ { .kind = PIER_FRAME_NUL, .overlong = 2 }, "overlong: " },
		{ { .kind = PIER_FRAME_NUL, .max = PIER_FRAME_MAX_MOST + 1 },
			"max: a message of 1073741825 bytes: at most" },
		{ { .kind = PIER_FRAME_FIXED }, "size: messages of 0 bytes" },
		{ { .kind = PIER_FRAME_FIXED, .size = 9, .max = 8 },
			"size: messages of 9 bytes: 1 to 8" },
		{ { .kind = PIER_FRAME_DECIMAL }, "width: a length of 0" },
		{ { .kind = PIER_FRAME_DECIMAL, .width = 21 }, "width: " },
		{ { .kind = PIER_FRAME_DECIMAL, .width = 2, .padding = 3 },
			"padding: zero, left or right" },
		{ { .kind = PIER_FRAME_DELIM }, "terminator: one of 0 bytes" },
		{ { .kind = PIER_FRAME_DELIM, .terminator_size = 33 },
			"terminator: one of 33 bytes: 1 to 32" },
		{ { .kind = PIER_FRAME_LINE,
			  .terminator = "\r",
			  .terminator_size = 1 },
			"terminator: a line is ended by \\n or \\r\\n" },
	};
	char text[PIER_FRAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(pier_frame_format(
					 &wrong[i].framing, text, sizeof(text)),
			-EINVAL);
		if (strstr(pier_last_error()->detail, wrong[i].detail) == NULL)
			fail_msg("%zu: %s", i, pier_last_error()->detail);
		assert_int_equal(pier_last_error()->step, PIER_STEP_FRAME);
	}
}

static void
says_when_there_is_no_room(void **state)
{
	struct pier_framing framing = { .kind = PIER_FRAME_NETSTRING };
	char text[10];

	(void)state;
	assert_int_equal(pier_frame_format(&framing, text, 10), 9);
	assert_string_equal(text, "netstring");
	assert_int_equal(pier_frame_format(&framing, text, 9), -ENOSPC);
}

/* The longest text is shorter than the header says. */
static void
has_room_for_the_longest(void **state)
{
	struct pier_framing framing = { .kind = PIER_FRAME_ANNOUNCE,
		.terminator_size = PIER_FRAME_TERMINATOR_MAX };
	char text[PIER_FRAME_TEXT_MAX];

	(void)state;
	memset(framing.terminator, 0xff, sizeof(framing.terminator));
	assert_int_equal(pier_frame_format(&framing, text, sizeof(text)),
		strlen("announce:") + 32 * 4);
}

/* An old program's struct is a beginning of ours. */
static void
keeps_to_the_size_it_is_given(void **state)
{
	struct pier_framing framing;

	(void)state;
	memset(&framing, 0x55, sizeof(framing));
	assert_int_equal(
		pier_frame_parse_sized(&framing,
			offsetof(struct pier_framing, terminator_size), "nul"),
		0);
	assert_int_equal(framing.kind, PIER_FRAME_NUL);
	assert_int_equal(framing.terminator[0], 0x55);
	assert_int_equal(framing.terminator_size, 0x55555555);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_each),
		cmocka_unit_test(refuses_with_a_reason),
		cmocka_unit_test(lists_its_forms),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(says_when_there_is_no_room),
		cmocka_unit_test(has_room_for_the_longest),
		cmocka_unit_test(keeps_to_the_size_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
