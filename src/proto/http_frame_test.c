/* SPDX-License-Identifier: MIT */
/* How the end of a body is known, from heads; and ranges. */
#include "proto/http_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct pier__why why;

/* lines: "200 1.1", then headers, each ended by a newline. */
static int
frame_of(struct pier__http_frame *out, const char *lines, bool is_head)
{
	struct pier_http_header headers[8];
	struct pier__http_head head = { .headers = headers };
	char text[512];
	int n = snprintf(text, sizeof(text), "HTTP/1.%c %.3s \n%s\n", lines[6],
		lines, lines + 8);

	assert_true(n > 0 && (size_t)n < sizeof(text));
	assert_int_equal(
		pier__http_head_parse(&head, text, (size_t)n, false, &why), 0);
	return pier__http_frame(out, &head, is_head, &why);
}

static void
the_end_is_known_by_the_rules(void **state)
{
	static const struct {
		const char *lines;
		bool is_head;
		enum pier_http_body body;
		int64_t length;
		bool persists;
	} rows[] = {
		{ "200 1.1\nContent-Length: 5\n", false, PIER_HTTP_LENGTH, 5,
			true },
		{ "200 1.0\nContent-Length: 5\n", false, PIER_HTTP_LENGTH, 5,
			false },
		{ "200 1.0\nContent-Length: 5\nConnection: Keep-Alive\n", false,
			PIER_HTTP_LENGTH, 5, true },
		{ "200 1.1\nContent-Length: 5\nConnection: x, close\n", false,
			PIER_HTTP_LENGTH, 5, false },
		{ "200 1.1\ncontent-length: 005\n", false, PIER_HTTP_LENGTH, 5,
			true },
		{ "200 1.1\n", false, PIER_HTTP_TO_END, -1, true },
		{ "200 1.1\nTransfer-Encoding: chunked\n", false,
			PIER_HTTP_CHUNKED, -1, true },
		{ "200 1.1\nTransfer-Encoding: Chunked\n", false,
			PIER_HTTP_CHUNKED, -1, true },
		{ "200 1.1\nContent-Length: 5\n", true, PIER_HTTP_NO_BODY, 5,
			true },
		{ "200 1.1\nTransfer-Encoding: chunked\n", true,
			PIER_HTTP_NO_BODY, -1, true },
		{ "204 1.1\n", false, PIER_HTTP_NO_BODY, -1, true },
		{ "304 1.1\nContent-Length: 5\n", false, PIER_HTTP_NO_BODY, 5,
			true },
		{ "100 1.1\n", false, PIER_HTTP_NO_BODY, -1, true },
		{ "404 1.1\nContent-Length: 0\n", false, PIER_HTTP_LENGTH, 0,
			true },
		{ "200 1.1\nContent-Length: 999999999999999999\n", false,
			PIER_HTTP_LENGTH, INT64_C(999999999999999999), true },
	};
	struct pier__http_frame frame;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			frame_of(&frame, rows[i].lines, rows[i].is_head), 0);
		assert_int_equal(frame.body, rows[i].body);
		assert_int_equal(frame.length, rows[i].length);
		assert_int_equal(frame.persists, rows[i].persists);
		assert_int_equal(frame.range_first, -1);
	}
}

static void
what_contradicts_itself_is_refused(void **state)
{
	static const struct {
		const char *lines, *says;
	} rows[] = {
		{ "200 1.1\nContent-Length: 5\nTransfer-Encoding: chunked\n",
			"Content-Length beside Transfer-Encoding" },
		{ "200 1.1\nContent-Length: 5\nContent-Length: 6\n",
			"two Content-Lengths that differ: 5 and \"6\"" },
		{ "200 1.1\nContent-Length: 5, 6\n",
			"two Content-Lengths that differ: 5 and \"5, 6\"" },
		{ "200 1.1\nContent-Length: 5\nContent-Length: 5\n",
			"two Content-Lengths: 5 and \"5\"" },
		{ "200 1.1\nContent-Length: 5, 5\n",
			"two Content-Lengths: 5 and \"5, 5\"" },
		{ "200 1.1\nContent-Length: 5\nContent-Length: 05\n",
			"two Content-Lengths: 5 and \"05\"" },
		{ "200 1.1\nContent-Length: +5\n", "Content-Length is \"+5\"" },
		{ "200 1.1\nContent-Length: -5\n", "Content-Length is \"-5\"" },
		{ "200 1.1\nContent-Length: 0x5\n", "\"0x5\"" },
		{ "200 1.1\nContent-Length: 5 5\n", "\"5 5\"" },
		{ "200 1.1\nContent-Length: 5,\n", "\"5,\"" },
		{ "200 1.1\nContent-Length:\n", "Content-Length is \"\"" },
		{ "200 1.1\nContent-Length: 18446744073709551616\n",
			"expected a number of bytes" },
		{ "200 1.1\nTransfer-Encoding: gzip\n",
			"Transfer-Encoding is \"gzip\"" },
		{ "200 1.1\nTransfer-Encoding: gzip, chunked\n",
			"expected \"chunked\" and no more" },
		{ "200 1.1\nTransfer-Encoding: chunked, chunked\n",
			"expected \"chunked\" and no more" },
		{ "200 1.1\nTransfer-Encoding: chunked\nTransfer-Encoding: x\n",
			"expected \"chunked\" and no more" },
		{ "200 1.1\nTransfer-Encoding: \n", "Transfer-Encoding is" },
		{ "200 1.1\nTransfer-Encoding: identity\n", "identity" },
		{ "200 1.0\nTransfer-Encoding: chunked\n",
			"in an answer of HTTP/1.0" },
		{ "206 1.1\nContent-Length: 5\n", "without a Content-Range" },
		{ "206 1.1\nContent-Range: bytes 0-4/5\nContent-Length: 6\n",
			"Content-Length is 6, and the range has 5 bytes" },
		{ "206 1.1\nContent-Range: bytes 4-0/5\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: bytes 0-5/5\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: bytes */5\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: lines 0-4/5\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: bytes 0-4\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: bytes -4/5\n", "Content-Range is" },
		{ "206 1.1\nContent-Range: bytes 0-4/x\n", "Content-Range is" },
		{ "416 1.1\nContent-Range: bytes\n", "Content-Range is" },
	};
	struct pier__http_frame frame;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		int rc = frame_of(&frame, rows[i].lines, false);

		if (rc == 0 || strstr(why.text, rows[i].says) == NULL)
			print_message("# %s: %s\n", rows[i].lines, why.text);
		assert_int_equal(rc, -PIER_EFRAME);
		assert_non_null(strstr(why.text, rows[i].says));
	}
}

static void
ranges_come_with_their_place(void **state)
{
	struct pier__http_frame frame;

	(void)state;
	assert_int_equal(
		frame_of(
			&frame, "206 1.1\nContent-Range: bytes 2-4/9\n", false),
		0);
	assert_int_equal(frame.range_first, 2);
	assert_int_equal(frame.range_last, 4);
	assert_int_equal(frame.range_total, 9);
	assert_int_equal(
		frame_of(
			&frame, "206 1.1\nContent-Range: Bytes 2-4/*\n", false),
		0);
	assert_int_equal(frame.range_total, -1);
	assert_int_equal(
		frame_of(&frame, "416 1.1\nContent-Range: bytes */9\n", false),
		0);
	assert_int_equal(frame.range_first, -1);
	assert_int_equal(frame.range_total, 9);
	assert_int_equal(frame_of(&frame, "416 1.1\n", false), 0);
	/* Of another status it says nothing. */
	assert_int_equal(
		frame_of(&frame, "200 1.1\nContent-Range: junk\n", false), 0);
}

static void
ranges_as_they_are_asked_for(void **state)
{
	static const struct {
		const char *text;
		int64_t first, last;
	} rows[] = { { "0-0", 0, 0 }, { "0-99", 0, 99 }, { "100-", 100, -1 },
		{ "-5", -1, 5 } };
	static const char *const wrong[] = { "", "-", "5", "a-b", "5-4", "-0",
		"0-4,6-9", "1-2-3", " 1-2", "1 -2", "--5", "+1-2",
		"9999999999999999999-" };
	struct pier__http_range range;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			pier__http_range_parse(&range, rows[i].text, &why), 0);
		assert_int_equal(range.first, rows[i].first);
		assert_int_equal(range.last, rows[i].last);
	}
	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(pier__http_range_parse(&range, wrong[i], &why),
			-EINVAL);
}

/* asked, first, last and total that came, is it right? */
static void
what_comes_is_what_was_asked(void **state)
{
	static const struct {
		const char *asked;
		int64_t first, last, total;
		bool right;
	} rows[] = {
		{ "0-99", 0, 99, 200, true },
		{ "0-99", 0, 49, 50, true },
		{ "0-99", 0, 100, 200, false },
		{ "0-99", 1, 99, 200, false },
		{ "100-", 100, 199, 200, true },
		{ "100-", 100, 150, 200, true },
		{ "100-", 0, 199, 200, false },
		{ "-100", 100, 199, 200, true },
		{ "-100", 0, 49, 50, true },
		{ "-100", 101, 199, 200, false },
		{ "-100", 99, 198, 200, false },
		{ "-100", 1, 5, -1, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct pier__http_frame frame = { .range_first =
								rows[i].first,
			.range_last = rows[i].last,
			.range_total = rows[i].total };
		struct pier__http_range range;

		assert_int_equal(
			pier__http_range_parse(&range, rows[i].asked, &why), 0);
		assert_int_equal(pier__http_range_check(&range, &frame, &why),
			rows[i].right ? 0 : -PIER_EFRAME);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_is_known_by_the_rules),
		cmocka_unit_test(what_contradicts_itself_is_refused),
		cmocka_unit_test(ranges_come_with_their_place),
		cmocka_unit_test(ranges_as_they_are_asked_for),
		cmocka_unit_test(what_comes_is_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
