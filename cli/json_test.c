/* SPDX-License-Identifier: MIT */
/*
 * The envelope of an event; text and bytes under their two keys, base64
 * against known answers; a printed event is one line; a full device is an
 * error and not a crash.
 */
#include "json.h"

#include "output.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const char *
text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text != NULL ? text : "(none)";
}

static void
test_envelope(void **state)
{
	json_t *event = cli_event("open");
	const char *ts = text_of(event, "ts");
	unsigned int digits[7];
	char end;

	(void)state;
	assert_string_equal(text_of(event, "type"), "open");
	assert_int_equal(json_integer_value(json_object_get(event, "v")), 1);
	assert_int_equal(strlen(ts), strlen("2026-11-20T10:00:00.123456Z"));
	assert_int_equal(sscanf(ts, "%4u-%2u-%2uT%2u:%2u:%2u.%6u%c", &digits[0],
				 &digits[1], &digits[2], &digits[3], &digits[4],
				 &digits[5], &digits[6], &end),
		8);
	assert_int_equal(end, 'Z');
	json_decref(event);
}

static void
test_text_and_bytes(void **state)
{
	json_t *event = cli_event("data");

	(void)state;
	cli_event_bytes(event, "a", "汉语 \0x", strlen("汉语 ") + 2);
	assert_int_equal(json_string_length(json_object_get(event, "a")),
		strlen("汉语 ") + 2);
	assert_null(json_object_get(event, "a_base64"));
	cli_event_bytes(event, "b", "\xff\xfe", 2);
	assert_null(json_object_get(event, "b"));
	assert_string_equal(text_of(event, "b_base64"), "//4=");
	cli_event_bytes(event, "c", "", 0);
	assert_string_equal(text_of(event, "c"), "");
	cli_event_text(event, "d", NULL);
	assert_null(json_object_get(event, "d"));
	json_decref(event);
}

static void
test_base64(void **state)
{
	static const struct {
		const char *bytes, *base64;
	} known[] = {
		{ "\xff", "/w==" },
		{ "\xff\xff", "//8=" },
		{ "\xff\xff\xff", "////" },
		{ "\xfb\xef\xbe\x01", "++++AQ==" },
		{ "caf\xe9 noir", "Y2Fm6SBub2ly" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		json_t *event = cli_event("data");

		cli_event_bytes(
			event, "x", known[i].bytes, strlen(known[i].bytes));
		assert_string_equal(
			text_of(event, "x_base64"), known[i].base64);
		json_decref(event);
	}
}

/* Standard output goes to path while a test prints. */
static int
print_to(const char *path, json_t *event)
{
	int saved, rc;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_non_null(freopen(path, "w", stdout));
	rc = cli_event_print(event, PIER_FOREVER);
	clearerr(stdout);
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
	return rc;
}

static void
test_print_is_one_line(void **state)
{
	char path[] = "/tmp/pier-json-XXXXXX", line[512] = "", *end;
	json_t *event = cli_event("close");
	FILE *file;

	(void)state;
	close(mkstemp(path));
	cli_event_text(event, "reason", "two\nlines");
	cli_event_seconds(event, "rtt_s", 1500000);
	cli_event_flag(event, "reset", true);
	assert_int_equal(print_to(path, event), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_null(fgets(line + 256, 16, file));
	fclose(file);
	unlink(path);
	end = strstr(line, ",\"reason\"");
	assert_non_null(end);
	assert_string_equal(end, ",\"reason\":\"two\\nlines\",\"rtt_s\":0.0015,"
				 "\"reset\":true}\n");
}

static void
test_print_says_what_failed(void **state)
{
	(void)state;
	assert_int_equal(print_to("/dev/full", cli_event("open")), -ENOSPC);
	assert_int_equal(cli_event_print(NULL, PIER_FOREVER), -ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_text_and_bytes),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_print_is_one_line),
		cmocka_unit_test(test_print_says_what_failed),
	};

	cli_json_start();
	if (cli_output_start() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
