/* SPDX-License-Identifier: MIT */
/*
 * Lines that are written while they are made say what jansson reads, and what
 * json.h would have said: numbers to their ends, text that is odd, bytes that
 * are no text; many pages; a full device.
 */
#include "lines.h"

#include "json.h"
#include "output.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Standard output goes to path while lines are printed. */
struct aside {
	int saved;
};

static struct aside
go_to(const char *path)
{
	struct aside aside;

	fflush(stdout);
	aside.saved = dup(STDOUT_FILENO);
	assert_non_null(freopen(path, "w", stdout));
	return aside;
}

static void
come_back(struct aside aside)
{
	clearerr(stdout);
	assert_int_equal(dup2(aside.saved, STDOUT_FILENO), STDOUT_FILENO);
	close(aside.saved);
}

/* The line under way as jansson reads it; and it is printed nowhere. */
static json_t *
taken(struct cli_lines *lines)
{
	json_t *object;
	json_error_t why;
	struct aside aside = go_to("/dev/null");

	assert_int_equal(cli_lines_end(lines, PIER_FOREVER), 0);
	come_back(aside);
	object = json_loadb(lines->text, lines->len, JSON_ALLOW_NUL, &why);
	if (object == NULL)
		fail_msg("%s: %.*s", why.text, (int)lines->len, lines->text);
	lines->len = lines->whole = 0;
	return object;
}

static void
test_envelope(void **state)
{
	struct cli_lines lines = { .text = NULL };
	json_t *event, *other = cli_event("socket");
	const char *ts, *other_ts;

	(void)state;
	cli_lines_event(&lines, "socket");
	event = taken(&lines);
	assert_string_equal(
		json_string_value(json_object_get(event, "type")), "socket");
	assert_int_equal(json_integer_value(json_object_get(event, "v")), 1);
	ts = json_string_value(json_object_get(event, "ts"));
	other_ts = json_string_value(json_object_get(other, "ts"));
	assert_int_equal(strlen(ts), strlen(other_ts));
	/* The same day and hour, unless one has just begun. */
	assert_true(strncmp(ts, other_ts, 13) >= 0);
	assert_int_equal(ts[19], '.');
	assert_int_equal(ts[26], 'Z');
	json_decref(event);
	json_decref(other);
	cli_lines_free(&lines);
}

static void
test_numbers(void **state)
{
	static const int64_t numbers[] = { 0, 1, -1, 9, 10, 4294967295,
		INT64_MAX, INT64_MIN };
	struct cli_lines lines = { .text = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_t *event;

		cli_lines_event(&lines, "n");
		cli_lines_number(&lines, "x", numbers[i]);
		event = taken(&lines);
		assert_true(json_is_integer(json_object_get(event, "x")));
		assert_true(json_integer_value(json_object_get(event, "x")) ==
			    numbers[i]);
		json_decref(event);
	}
	cli_lines_free(&lines);
}

/* What stands behind ,"x": in a line. */
static void
expect_text(struct cli_lines *lines, const char *expected)
{
	const char *at;

	at = memmem(lines->text, lines->len, "\"x\":", 4);
	assert_non_null(at);
	assert_int_equal(
		lines->len - (size_t)(at + 4 - lines->text), strlen(expected));
	assert_memory_equal(at + 4, expected, strlen(expected));
	lines->len = lines->whole = 0;
}

static void
test_reals_are_exact_and_short(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} known[] = {
		{ 0, "0.0" },
		{ 1, "0.000000001" },
		{ 1000, "0.000001" },
		{ 1500000, "0.0015" },
		{ 1000000000, "1.0" },
		{ 120000000000, "120.0" },
		{ -1500000000, "-1.5" },
		{ INT64_MAX, "9223372036.854775807" },
		{ INT64_MIN, "-9223372036.854775808" },
	};
	struct cli_lines lines = { .text = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		cli_lines_event(&lines, "n");
		cli_lines_seconds(&lines, "x", known[i].ns);
		expect_text(&lines, known[i].text);
	}
	cli_lines_event(&lines, "n");
	cli_lines_share(&lines, "x", 15000);
	expect_text(&lines, "0.015");
	cli_lines_event(&lines, "n");
	cli_lines_share(&lines, "x", 1000000);
	expect_text(&lines, "1.0");
	cli_lines_free(&lines);
}

static void
test_text_is_as_json_h_has_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} odd[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "a\"b\\c/d", 7 },
		{ "two\nlines\t\x01\x7f", 12 },
		{ "汉语", 6 },
		{ "nul\0there", 9 },
		{ "\xff\xfe", 2 },
		{ "caf\xe9", 4 },
	};
	struct cli_lines lines = { .text = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		json_t *event, *other = json_object();
		const char *key;
		json_t *value;

		cli_event_bytes(other, "x", odd[i].bytes, odd[i].len);
		cli_lines_event(&lines, "n");
		cli_lines_bytes(&lines, "x", odd[i].bytes, odd[i].len);
		cli_lines_flag(&lines, "behind", true);
		event = taken(&lines);
		json_object_foreach(other, key, value) assert_true(
			json_equal(json_object_get(event, key), value));
		assert_int_equal(json_object_size(event), 5);
		assert_true(json_is_true(json_object_get(event, "behind")));
		json_decref(event);
		json_decref(other);
	}
	cli_lines_event(&lines, "n");
	cli_lines_text(&lines, "x", NULL);
	json_decref(taken(&lines));
	cli_lines_free(&lines);
}

static void
test_lists_and_objects(void **state)
{
	struct cli_lines lines = { .text = NULL };
	json_t *event, *list;

	(void)state;
	cli_lines_event(&lines, "n");
	cli_lines_open(&lines, "none", '[');
	cli_lines_close(&lines, ']');
	cli_lines_open(&lines, "list", '[');
	for (int i = 0; i < 2; i++) {
		cli_lines_open(&lines, NULL, '{');
		cli_lines_number(&lines, "pid", i);
		cli_lines_flag(&lines, "here", false);
		cli_lines_close(&lines, '}');
	}
	cli_lines_close(&lines, ']');
	event = taken(&lines);
	assert_int_equal(json_array_size(json_object_get(event, "none")), 0);
	list = json_object_get(event, "list");
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(list, 1), "pid")),
		1);
	json_decref(event);
	cli_lines_free(&lines);
}

#define MANY 5000

static void
test_pages_have_every_line_once(void **state)
{
	char path[] = "/tmp/pier-lines-XXXXXX", line[512];
	struct cli_lines lines = { .text = NULL };
	struct aside aside;
	int count = 0;
	FILE *file;

	(void)state;
	close(mkstemp(path));
	aside = go_to(path);
	for (int i = 0; i < MANY; i++) {
		cli_lines_event(&lines, "n");
		cli_lines_number(&lines, "x", i);
		if (cli_lines_end(&lines, PIER_FOREVER) < 0)
			break;
	}
	(void)cli_lines_flush(&lines, PIER_FOREVER);
	come_back(aside);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		json_t *event = json_loads(line, 0, NULL);

		assert_int_equal(
			json_integer_value(json_object_get(event, "x")), count);
		json_decref(event);
		count++;
	}
	fclose(file);
	unlink(path);
	assert_int_equal(count, MANY);
	cli_lines_free(&lines);
}

static void
test_a_full_device_is_told(void **state)
{
	struct cli_lines lines = { .text = NULL };
	struct aside aside;
	int rc;

	(void)state;
	cli_lines_event(&lines, "n");
	assert_int_equal(cli_lines_end(&lines, PIER_FOREVER), 0);
	aside = go_to("/dev/full");
	rc = cli_lines_flush(&lines, PIER_FOREVER);
	come_back(aside);
	assert_int_equal(rc, -ENOSPC);
	cli_lines_free(&lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reals_are_exact_and_short),
		cmocka_unit_test(test_text_is_as_json_h_has_it),
		cmocka_unit_test(test_lists_and_objects),
		cmocka_unit_test(test_pages_have_every_line_once),
		cmocka_unit_test(test_a_full_device_is_told),
	};

	cli_json_start();
	if (cli_output_start() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
