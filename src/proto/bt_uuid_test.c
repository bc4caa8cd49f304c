/* SPDX-License-Identifier: MIT */
/* proto/bt_uuid_test.c - UUIDs as text. */
#include "proto/bt_uuid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <pier/error.h>

static void
texts_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		const char *back;
	} rows[] = {
		{ "1101", "1101" },
		{ "0x1101", "1101" },
		{ "0X110a", "110a" },
		{ "00001101", "1101" },
		{ "12345678", "12345678" },
		{ "0x0010ffff", "0010ffff" },
		{ "00001101-0000-1000-8000-00805F9B34FB", "1101" },
		{ "6e400001-b5a3-f393-e0a9-e50e24dcca9e",
			"6e400001-b5a3-f393-e0a9-e50e24dcca9e" },
		{ "serial-port", "1101" },
		{ "L2CAP", "0100" },
	};
	char text[PIER_BT_UUID_TEXT];
	struct pier_bt_uuid uuid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pier_bt_uuid_parse(&uuid, rows[i].text), 0);
		assert_true(pier_bt_uuid_format(&uuid, text, sizeof(text)) > 0);
		assert_string_equal(text, rows[i].back);
	}
}

static void
what_is_none_is_told_where(void **state)
{
	static const struct {
		const char *text;
		int offset;
	} rows[] = {
		{ "", 0 },
		{ "0x", 2 },
		{ "110", 0 },
		{ "110101", 0 },
		{ "11x1", 2 },
		{ "serial", 0 },
		{ "00001101-0000-1000-8000-00805F9B34Fx", 35 },
		{ "00001101x0000-1000-8000-00805F9B34FB", 8 },
		{ "00001101-0000-1000-8000-00805F9B34FB0", 0 },
	};
	struct pier_bt_uuid uuid;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			pier_bt_uuid_parse(&uuid, rows[i].text), -EINVAL);
		assert_int_equal(pier_last_error()->offset, rows[i].offset);
		assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
	}
}

static void
names_are_those_of_short_ones(void **state)
{
	struct pier_bt_uuid uuid = pier__bt_uuid_short(0x1101), other;
	char text[PIER_BT_UUID_TEXT];
	uint32_t number = 0;

	(void)state;
	assert_string_equal(pier_bt_uuid_name(&uuid), "serial-port");
	assert_true(pier__bt_uuid_number(&uuid, &number));
	assert_int_equal(number, 0x1101);
	assert_int_equal(pier_bt_uuid_format(&uuid, text, 4), -ENOSPC);
	assert_int_equal(pier_bt_uuid_format(&uuid, text, 5), 4);
	other = pier__bt_uuid_short(0x11011101);
	assert_null(pier_bt_uuid_name(&other));
	uuid.bytes[15] ^= 1;
	assert_null(pier_bt_uuid_name(&uuid));
	assert_false(pier__bt_uuid_number(&uuid, &number));
	assert_false(pier_bt_uuid_equal(&uuid, &other));
	assert_true(pier_bt_uuid_equal(&uuid, &uuid));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_and_written),
		cmocka_unit_test(what_is_none_is_told_where),
		cmocka_unit_test(names_are_those_of_short_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
