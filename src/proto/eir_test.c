/* SPDX-License-Identifier: MIT */
/* proto/eir_test.c - what devices tell of themselves, in fields and in pieces. */
#include "proto/eir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/bt_uuid.h"

/* Bytes, without the NUL behind them. */
#define READ(device, text) \
	pier__eir_read(device, (const unsigned char *)(text), sizeof(text) - 1)

static struct pier_bt_device
nobody(void)
{
	return (struct pier_bt_device){ .rssi = PIER_BT_RSSI_NONE,
		.tx_power = PIER_BT_RSSI_NONE };
}

static void
fields_are_taken(void **state)
{
	struct pier_bt_device device = nobody();

	(void)state;
	assert_int_equal(READ(&device, "\x02\x01\x06"
				       "\x05\x09"
				       "Quay"
				       "\x02\x0a\xf4"
				       "\x04\x0d\x04\x04\x24"
				       "\x03\x19\xc1\x03"
				       "\x05\xff\x4c\x00\x01\x02"),
		1);
	assert_string_equal(device.name, "Quay");
	assert_false(device.name_is_short);
	assert_int_equal(device.tx_power, -12);
	assert_int_equal(device.device_class, 0x240404);
	assert_int_equal(device.appearance, 0x3c1);
	assert_true(device.has_company);
	assert_int_equal(device.company, 0x4c);
	assert_int_equal(device.uuid_count, 0);
}

static void
services_have_three_sizes(void **state)
{
	struct pier_bt_device device = nobody();
	struct pier_bt_uuid expected = pier__bt_uuid_short(0x1101);

	(void)state;
	assert_int_equal(READ(&device, "\x05\x03\x01\x11\x0f\x18"
				       "\x05\x05\x78\x56\x34\x12"
				       "\x11\x07\x0f\x0e\x0d\x0c\x0b\x0a\x09"
				       "\x08\x07\x06\x05\x04\x03\x02\x01\x00"),
		1);
	assert_int_equal(device.uuid_count, 4);
	assert_true(pier_bt_uuid_equal(&device.uuids[0], &expected));
	expected = pier__bt_uuid_short(0x180f);
	assert_true(pier_bt_uuid_equal(&device.uuids[1], &expected));
	expected = pier__bt_uuid_short(0x12345678);
	assert_true(pier_bt_uuid_equal(&device.uuids[2], &expected));
	assert_memory_equal(device.uuids[3].bytes,
		"\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", 16);
	/* Known already, and half of one. */
	assert_int_equal(READ(&device, "\x04\x02\x01\x11\xff"), 0);
	assert_int_equal(device.uuid_count, 4);
}

static void
a_whole_name_stays(void **state)
{
	struct pier_bt_device device = nobody();

	(void)state;
	assert_int_equal(READ(&device, "\x03\x08Qu"), 1);
	assert_true(device.name_is_short);
	assert_int_equal(READ(&device, "\x03\x08Qu"), 0);
	assert_int_equal(READ(&device, "\x05\x09Quay"), 1);
	assert_int_equal(READ(&device, "\x03\x08Qu"), 0);
	assert_string_equal(device.name, "Quay");
	/* Another one replaces it, all of it; none does not. */
	assert_int_equal(READ(&device, "\x03\x09Io"), 1);
	assert_string_equal(device.name, "Io");
	assert_int_equal(READ(&device, "\x03\x09\0o"), 0);
	assert_string_equal(device.name, "Io");
}

static void
padding_ends_the_fields(void **state)
{
	struct pier_bt_device device = nobody();

	(void)state;
	assert_int_equal(READ(&device, "\x02\x0a\x01\0\x02\x0a\x02"), 1);
	assert_int_equal(device.tx_power, 1);
	assert_int_equal(READ(&device, ""), 0);
	assert_int_equal(READ(&device, "\0"), 0);
}

static void
what_is_cut_off_is_told(void **state)
{
	struct pier_bt_device device = nobody();

	(void)state;
	assert_int_equal(READ(&device, "\x02\x0a\x01\x05\x09Qua"), -EBADMSG);
	assert_int_equal(device.tx_power, 1);
	assert_string_equal(device.name, "");
	assert_int_equal(READ(&device, "\x01"), -EBADMSG);
	/* Too short for what they are. */
	assert_int_equal(READ(&device, "\x01\x0a\x03\x0d\1\1\x02\x19\1"
				       "\x02\xff\1\x02\x02\1"),
		0);
	assert_int_equal(device.device_class, 0);
	assert_false(device.has_company);
}

static void
services_have_a_limit(void **state)
{
	struct pier_bt_device device = nobody();
	unsigned char bytes[2 + 2 * (PIER_BT_UUIDS_MAX + 4)] = {
		sizeof(bytes) - 1, 0x03
	};
	size_t i;

	(void)state;
	for (i = 2; i < sizeof(bytes); i += 2)
		bytes[i] = (unsigned char)i;
	assert_int_equal(pier__eir_read(&device, bytes, sizeof(bytes)), 1);
	assert_int_equal(device.uuid_count, PIER_BT_UUIDS_MAX);
	assert_int_equal(pier__eir_read(&device, bytes, sizeof(bytes)), 0);
}

static void
a_name_has_a_limit(void **state)
{
	struct pier_bt_device device = nobody();
	unsigned char bytes[256];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	bytes[0] = 255;
	bytes[1] = 0x09;
	assert_int_equal(pier__eir_read(&device, bytes, sizeof(bytes)), 1);
	assert_int_equal(strlen(device.name), PIER_BT_NAME_MAX - 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_taken),
		cmocka_unit_test(services_have_three_sizes),
		cmocka_unit_test(a_whole_name_stays),
		cmocka_unit_test(padding_ends_the_fields),
		cmocka_unit_test(what_is_cut_off_is_told),
		cmocka_unit_test(services_have_a_limit),
		cmocka_unit_test(a_name_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
