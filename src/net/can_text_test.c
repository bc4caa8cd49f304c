/* SPDX-License-Identifier: MIT */
/*
 * net/can_text_test.c - frames, lines of logs and filters as text: what can-utils
 * read and write, and what is refused, with its place.
 */
#include "net/can_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What is read, and what is written of it; NULL: the same. */
static const struct {
	const char *text;
	const char *same;
	struct pier_can_frame frame;
} frames[] = {
	{ "123#DEADBEEF", NULL,
		{ .id = 0x123,
			.size = 4,
			.data = { 0xde, 0xad, 0xbe, 0xef } } },
	{ "7ff#", NULL, { .id = 0x7ff } },
	{ "00000123#", NULL, { .id = 0x123, .extended = true } },
	{ "1FFFFFFF#11.22.33", "1FFFFFFF#112233",
		{ .id = 0x1fffffff,
			.extended = true,
			.size = 3,
			.data = { 0x11, 0x22, 0x33 } } },
	{ "123#R", NULL, { .id = 0x123, .remote = true } },
	{ "123#r4", "123#R4", { .id = 0x123, .remote = true, .size = 4 } },
	{ "123#R8_C", NULL,
		{ .id = 0x123, .remote = true, .size = 8, .raw_code = 12 } },
	{ "5AA##0", NULL, { .id = 0x5aa, .fd = true } },
	{ "5AA##3DEAD", NULL,
		{ .id = 0x5aa,
			.fd = true,
			.fd_flags = 3,
			.size = 2,
			.data = { 0xde, 0xad } } },
	{ "5AA##1112233445566778899", "5AA##1112233445566778899000000",
		{ .id = 0x5aa,
			.fd = true,
			.fd_flags = 1,
			.size = 12,
			.data = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				0x88, 0x99 } } },
	{ "123#0102030405060708_E", NULL,
		{ .id = 0x123,
			.size = 8,
			.raw_code = 14,
			.data = { 1, 2, 3, 4, 5, 6, 7, 8 } } },
	{ "20000080#0000000000000000", NULL,
		{ .id = 0x80, .error = true, .size = 8 } },
};

static void
frames_are_read_and_written(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(frames); i++) {
		const char *same = frames[i].same != NULL ? frames[i].same
							  : frames[i].text;
		struct pier_can_frame frame, again;
		unsigned char bytes[PIER__CAN_FD_SIZE];
		char text[PIER_CAN_TEXT_MAX];
		char upper[PIER_CAN_TEXT_MAX];
		size_t j;

		assert_int_equal(
			pier_can_frame_parse(&frame, frames[i].text), 0);
		assert_memory_equal(&frame, &frames[i].frame, sizeof(frame));
		for (j = 0; same[j] != '\0'; j++)
			upper[j] = same[j] >= 'a' && same[j] <= 'f'
					   ? (char)(same[j] - 32)
					   : same[j];
		upper[j] = '\0';
		assert_int_equal(
			pier_can_frame_format(&frame, text, sizeof(text)), j);
		assert_string_equal(text, upper);
		assert_int_equal(
			pier_can_frame_format(&frame, text, j), -ENOSPC);
		assert_int_equal(pier__can_decode(&again, bytes,
					 pier__can_encode(bytes, &frame)),
			0);
		assert_memory_equal(&frame, &again, sizeof(frame));
	}
}

static const struct {
	const char *text;
	size_t offset;
	const char *says;
} wrong_frames[] = {
	{ "", 0, "'#' is missing" },
	{ "123", 3, "'#' is missing" },
	{ "12#11", 0, "3 hexadecimal digits" },
	{ "800#11", 0, "at most 7FF" },
	{ "12x#11", 2, "no hexadecimal digit" },
	{ "123#1", 5, "two hexadecimal digits" },
	{ "123#11.", 7, "two hexadecimal digits" },
	{ "123#112233445566778899", 20, "at most 8 bytes" },
	{ "123#11_9", 6, "8 bytes" },
	{ "123#1122334455667788_8", 22, "9 to F" },
	{ "123#R9", 5, "at most 8 bytes" },
	{ "20000080#R8", 9, "neither extended nor remote" },
	{ "64164123#R8_C", 9, "neither extended nor remote" },
	{ "123##", 5, "flags" },
	{ "123##1112233_9", 12, "classic frames" },
	{ "20000080##011", 9, "FD has no remote" },
	{ "123#11 ", 6, "two hexadecimal digits" },
};

static void
what_is_no_frame_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong_frames); i++) {
		struct pier_can_frame frame = { .id = 42 };
		const struct pier_error *error;

		assert_int_equal(
			pier_can_frame_parse(&frame, wrong_frames[i].text),
			-EINVAL);
		error = pier_last_error();
		assert_non_null(
			strstr(pier_error_line(), wrong_frames[i].says));
		assert_int_equal(error->offset, wrong_frames[i].offset);
		assert_int_equal(frame.id, 42);
	}
}

static void
what_no_frame_can_be_is_told(void **state)
{
	static const struct pier_can_frame list[] = {
		{ .id = 0x800 },
		{ .id = 0x20000000, .extended = true },
		{ .size = 9 },
		{ .fd = true, .size = 9 },
		{ .fd = true, .remote = true },
		{ .fd = true, .fd_flags = 16 },
		{ .fd = true, .raw_code = 9 },
		{ .fd_flags = 1 },
		{ .raw_code = 9, .size = 7 },
		{ .raw_code = 16, .size = 8 },
		{ .error = true, .remote = true },
	};
	char text[PIER_CAN_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(list); i++) {
		assert_non_null(pier_can_frame_check(&list[i]));
		assert_int_equal(
			pier_can_frame_format(&list[i], text, sizeof(text)),
			-EINVAL);
	}
	assert_null(pier_can_frame_check(
		&(struct pier_can_frame){ .fd = true, .size = 64 }));
}

/* 2015-07-10 06:17:32 UTC. */
#define TIME INT64_C(1436509052)

static const struct {
	const char *line;
	int64_t ns;
	const char *interface;
	const char *frame;
	bool local;
} lines[] = {
	{ "(1436509052.249713) vcan0 044#2A366C2BBA",
		TIME * 1000000000 + 249713000, "vcan0", "044#2A366C2BBA",
		false },
	{ "(1436509052.249713456)    can0  123##1AA R\n",
		TIME * 1000000000 + 249713456, "can0", "123##1AA", false },
	{ " (0000000000.000001)\tslcan12 123#R T\r\n", 1000, "slcan12", "123#R",
		true },
	{ "(12) a 123#", INT64_C(12000000000), "a", "123#", false },
	{ "(2015-07-10T06:17:32.249713456Z) vcan0 123#",
		TIME * 1000000000 + 249713456, "vcan0", "123#", false },
	{ "(2024-02-29T00:00:00Z) vcan0 123#", INT64_C(1709164800) * 1000000000,
		"vcan0", "123#", false },
};

static void
lines_of_logs_are_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lines); i++) {
		struct pier_can_message message, again;
		char text[PIER_CAN_LINE_MAX];

		assert_int_equal(
			pier_can_log_parse(&message, lines[i].line), 0);
		assert_int_equal(message.time_ns, lines[i].ns);
		assert_string_equal(message.interface, lines[i].interface);
		assert_int_equal(message.local, lines[i].local);
		assert_true(pier_can_frame_format(
				    &message.frame, text, sizeof(text)) > 0);
		assert_string_equal(text, lines[i].frame);
		assert_true(pier_can_log_format(&message, PIER_CAN_TIME_UTC,
				    text, sizeof(text)) > 0);
		assert_int_equal(pier_can_log_parse(&again, text), 0);
		assert_int_equal(again.time_ns, message.time_ns);
	}
	assert_int_equal(
		pier_can_log_parse(
			&(struct pier_can_message){ .local = true }, "\n"),
		1);
	assert_int_equal(
		pier_can_log_parse(&(struct pier_can_message){ .local = true },
			"# a comment"),
		1);
}

static void
lines_of_logs_are_written(void **state)
{
	struct pier_can_message message = { .interface = "vcan0",
		.time_ns = TIME * 1000000000 + 249713456,
		.frame = { .id = 0x123, .size = 1, .data = { 0xab } } };
	char text[PIER_CAN_LINE_MAX];

	(void)state;
	assert_int_equal(pier_can_log_format(&message, PIER_CAN_TIME_MICRO,
				 text, sizeof(text)),
		strlen("(1436509052.249713) vcan0 123#AB"));
	assert_string_equal(text, "(1436509052.249713) vcan0 123#AB");
	(void)pier_can_log_format(
		&message, PIER_CAN_TIME_NANO, text, sizeof(text));
	assert_string_equal(text, "(1436509052.249713456) vcan0 123#AB");
	(void)pier_can_log_format(
		&message, PIER_CAN_TIME_UTC, text, sizeof(text));
	assert_string_equal(
		text, "(2015-07-10T06:17:32.249713456Z) vcan0 123#AB");
	message.time_ns = -1;
	(void)pier_can_log_format(
		&message, PIER_CAN_TIME_MICRO, text, sizeof(text));
	assert_string_equal(text, "(0000000000.000000) vcan0 123#AB");
	assert_int_equal(
		pier_can_log_format(&message, PIER_CAN_TIME_MICRO, text, 10),
		-ENOSPC);
	message.interface[0] = '\0';
	assert_int_equal(pier_can_log_format(&message, PIER_CAN_TIME_MICRO,
				 text, sizeof(text)),
		-EINVAL);
}

static const struct {
	const char *line;
	size_t offset;
} wrong_lines[] = {
	{ "vcan0 123#", 0 },
	{ "(12.5 vcan0 123#", 0 },
	{ "(x) vcan0 123#", 1 },
	{ "(1.1234567890) vcan0 123#", 1 },
	{ "(9223372037.0) vcan0 123#", 1 },
	{ "(2015-02-29T00:00:00Z) vcan0 123#", 1 },
	{ "(2015-13-01T00:00:00Z) vcan0 123#", 1 },
	{ "(2015-12-01T00:00:00) vcan0 123#", 1 },
	{ "(2015-12-01T00:00:60Z) vcan0 123#", 1 },
	{ "(1.0)", 5 },
	{ "(1.0) an-interface-too-long 123#", 6 },
	{ "(1.0) vcan0", 11 },
	{ "(1.0) vcan0 12#", 12 },
	{ "(1.0) vcan0 123#11 X", 19 },
	{ "(1.0) vcan0 123#11 T more", 19 },
};

static void
what_is_no_line_is_refused(void **state)
{
	struct pier_can_message message;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong_lines); i++) {
		assert_int_equal(
			pier_can_log_parse(&message, wrong_lines[i].line),
			-EINVAL);
		assert_int_equal(
			pier_last_error()->offset, wrong_lines[i].offset);
	}
}

static bool
passes(const char *filters, const char *frame)
{
	struct pier_can_filters set;
	struct pier_can_frame it;

	assert_int_equal(pier_can_filters_parse(&set, filters), 0);
	assert_int_equal(pier_can_frame_parse(&it, frame), 0);
	return pier_can_filters_match(&set, &it);
}

static void
filters_decide_as_the_kernel(void **state)
{
	(void)state;
	assert_true(passes("123:7FF", "123#"));
	assert_false(passes("123:7FF", "124#"));
	/* The mask does not ask whether the identifier is extended. */
	assert_true(passes("123:7FF", "00000123#"));
	assert_false(passes("123:C00007FF", "00000123#"));
	assert_false(passes("123:C00007FF", "123#R"));
	assert_true(passes("00000123:9FFFFFFF", "00000123#"));
	assert_false(passes("00000123:9FFFFFFF", "123#"));
	assert_true(passes("0~0,#FFFFFFFF", "20000080#00"));
	assert_false(passes("123~7FF", "123#"));
	assert_true(passes("123~7FF", "124#"));
	assert_true(passes("123:7FF,124:7FF", "124#"));
	assert_false(passes("123:7FF,124:7FF,j", "124#"));
	assert_true(passes("123~7FF,124~7FF,j", "125#"));
	assert_false(passes("123~7FF,124~7FF,j", "124#"));
	assert_true(passes("123~7FF,124~7FF", "124#"));
	assert_false(passes("#FFFFFFFF", "123#"));
	assert_true(passes("#80", "20000080#"));
	assert_false(passes("#40", "20000080#"));
	assert_false(passes("0:0", "20000080#"));
}

static const struct {
	const char *text;
	size_t offset;
} wrong_filters[] = {
	{ "", 0 },
	{ "123", 0 },
	{ "123:", 4 },
	{ ":7FF", 0 },
	{ "12x:7FF", 2 },
	{ "123456789:7FF", 0 },
	{ "123:7FF,", 8 },
	{ "123:7FF,#", 9 },
	{ "123:7FF,k", 8 },
};

static void
what_is_no_filter_is_refused(void **state)
{
	struct pier_can_filters set;
	char many[8 * (PIER_CAN_FILTERS_MAX + 1) + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wrong_filters); i++) {
		assert_int_equal(
			pier_can_filters_parse(&set, wrong_filters[i].text),
			-EINVAL);
		assert_int_equal(
			pier_last_error()->offset, wrong_filters[i].offset);
	}
	for (i = 0; i <= PIER_CAN_FILTERS_MAX; i++)
		memcpy(many + 8 * i, "123:7FF,", 8);
	many[8 * i - 1] = '\0';
	assert_int_equal(pier_can_filters_parse(&set, many), -EINVAL);
	many[8 * (i - 1) - 1] = '\0';
	assert_int_equal(pier_can_filters_parse(&set, many), 0);
	assert_int_equal(set.count, PIER_CAN_FILTERS_MAX);
}

static void
bytes_that_are_no_frame_are_refused(void **state)
{
	unsigned char bytes[PIER__CAN_FD_SIZE] = { 0 };
	struct pier_can_frame frame;

	(void)state;
	assert_int_equal(pier__can_decode(&frame, bytes, 15), -EBADMSG);
	bytes[4] = 9;
	assert_int_equal(
		pier__can_decode(&frame, bytes, PIER__CAN_SIZE), -EBADMSG);
	assert_int_equal(pier__can_decode(&frame, bytes, PIER__CAN_FD_SIZE), 0);
	assert_int_equal(frame.size, 12);
	bytes[4] = 65;
	assert_int_equal(
		pier__can_decode(&frame, bytes, PIER__CAN_FD_SIZE), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_read_and_written),
		cmocka_unit_test(what_is_no_frame_is_refused),
		cmocka_unit_test(what_no_frame_can_be_is_told),
		cmocka_unit_test(lines_of_logs_are_read),
		cmocka_unit_test(lines_of_logs_are_written),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(filters_decide_as_the_kernel),
		cmocka_unit_test(what_is_no_filter_is_refused),
		cmocka_unit_test(bytes_that_are_no_frame_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
