/* SPDX-License-Identifier: MIT */
/* proto/mgmt_wire_test.c - messages of the management interface, byte by byte. */
#include "proto/mgmt_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The message lies in memory of its own size, where the sanitizer watches. */
static unsigned char *copy_of;

static int
read_copy(struct pier__mgmt_message *out, const void *bytes, size_t len)
{
	free(copy_of);
	copy_of = malloc(len + (len == 0));
	assert_non_null(copy_of);
	memcpy(copy_of, bytes, len);
	return pier__mgmt_read(out, copy_of, len);
}

#define READ(out, text) read_copy(out, text, sizeof(text) - 1)

static int
end(void **state)
{
	(void)state;
	free(copy_of);
	copy_of = NULL;
	return 0;
}

static void
a_command_has_its_bytes(void **state)
{
	unsigned char out[PIER__MGMT_COMMAND_MAX];

	(void)state;
	assert_int_equal(
		pier__mgmt_write(out, PIER__MGMT_START_DISCOVERY, 1, "\7", 1),
		7);
	assert_memory_equal(out, "\x23\0\1\0\1\0\7", 7);
	assert_int_equal(pier__mgmt_write(out, PIER__MGMT_READ_INDEX_LIST,
				 PIER__MGMT_NONE, NULL, 0),
		6);
	assert_memory_equal(out, "\3\0\xff\xff\0\0", 6);
}

static void
a_message_is_as_long_as_it_says(void **state)
{
	struct pier__mgmt_message message;
	struct pier__mgmt_answer answer;

	(void)state;
	assert_int_equal(READ(&message, "\1\0\2\0\4\0\x23\0\0\7"), 0);
	assert_int_equal(message.code, PIER__MGMT_COMPLETE);
	assert_int_equal(message.index, 2);
	assert_int_equal(pier__mgmt_read_answer(&answer, &message), 0);
	assert_int_equal(answer.command, PIER__MGMT_START_DISCOVERY);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.size, 1);
	assert_int_equal(READ(&message, "\1\0\2\0\4\0\x23\0\0"), -EBADMSG);
	assert_int_equal(READ(&message, "\1\0\2\0\4\0\x23\0\0\7\7"), -EBADMSG);
	assert_int_equal(READ(&message, "\1\0\2\0\4"), -EBADMSG);
	assert_int_equal(READ(&message, ""), -EBADMSG);
	assert_int_equal(READ(&message, "\1\0\2\0\2\0\x23\0"), 0);
	assert_int_equal(pier__mgmt_read_answer(&answer, &message), -EBADMSG);
	assert_int_equal(READ(&message, "\3\0\2\0\3\0\x23\0\0"), 0);
	assert_int_equal(pier__mgmt_read_answer(&answer, &message), -EBADMSG);
}

static void
controllers_are_listed(void **state)
{
	struct pier__mgmt_message message;
	struct pier__mgmt_answer answer;
	uint16_t list[2] = { 0, 0 };

	(void)state;
	assert_int_equal(
		READ(&message, "\1\0\xff\xff\x0b\0\3\0\0\3\0\1\0\0\0\2\1"), 0);
	assert_int_equal(pier__mgmt_read_answer(&answer, &message), 0);
	assert_int_equal(pier__mgmt_read_list(list, 2, &answer), 2);
	assert_int_equal(list[0], 1);
	assert_int_equal(list[1], 0);
	answer.size--;
	assert_int_equal(pier__mgmt_read_list(list, 2, &answer), -EBADMSG);
	answer.size = 1;
	assert_int_equal(pier__mgmt_read_list(list, 2, &answer), -EBADMSG);
}

static void
a_controller_is_read(void **state)
{
	unsigned char bytes[280] = { 1, 0, 0, 1, 0xaa, 0, 9, 0xf1, 5, 0xff,
		0xfe, 0, 0, 0xd1, 0x0a, 0, 0, 0x0c, 0x02, 0x1c, 'q', 'u' };
	const struct pier__mgmt_answer answer = { .bytes = bytes,
		.size = sizeof(bytes) };
	const struct pier__mgmt_answer cut = { .bytes = bytes,
		.size = sizeof(bytes) - 1 };
	static const uint8_t addr[] = { 0, 0xaa, 1, 0, 0, 1 };
	struct pier_bt_controller controller;

	(void)state;
	assert_int_equal(
		pier__mgmt_read_controller(&controller, 3, &answer), 0);
	assert_int_equal(controller.index, 3);
	assert_memory_equal(controller.addr.bytes, addr, 6);
	assert_int_equal(controller.addr.type, PIER_BT_ADDR_BREDR);
	assert_string_equal(controller.name, "qu");
	assert_string_equal(pier_bt_version_text(controller.version), "5.0");
	assert_int_equal(controller.manufacturer, 0x5f1);
	assert_int_equal(controller.supported, 0xfeff);
	assert_int_equal(controller.settings, 0xad1);
	assert_int_equal(controller.device_class, 0x1c020c);
	memset(bytes + 20, 'x', 260);
	assert_int_equal(
		pier__mgmt_read_controller(&controller, 3, &answer), 0);
	assert_int_equal(strlen(controller.name), PIER_BT_NAME_MAX - 1);
	assert_int_equal(
		pier__mgmt_read_controller(&controller, 3, &cut), -EBADMSG);
	assert_string_equal(pier_bt_version_text(999), "?");
}

static void
a_device_is_read(void **state)
{
	static const uint8_t addr[] = { 6, 5, 4, 3, 2, 1 };
	struct pier__mgmt_message message;
	struct pier__mgmt_found found;

	(void)state;
	assert_int_equal(READ(&message, "\x12\0\0\0\x11\0\1\2\3\4\5\6\2\xd8"
					"\4\0\0\0\3\0\2\1\6"),
		0);
	assert_int_equal(pier__mgmt_read_found(&found, &message), 0);
	assert_memory_equal(found.addr.bytes, addr, 6);
	assert_int_equal(found.addr.type, PIER_BT_ADDR_RANDOM);
	assert_int_equal(found.rssi, -40);
	assert_int_equal(found.flags, PIER__MGMT_NOT_CONNECTABLE);
	assert_int_equal(found.eir_len, 3);
	assert_memory_equal(found.eir, "\2\1\6", 3);
	/* Longer than the message, a kind that there is not, too short. */
	copy_of[18]++;
	assert_int_equal(pier__mgmt_read_found(&found, &message), -EBADMSG);
	copy_of[18]--;
	copy_of[12] = 3;
	assert_int_equal(pier__mgmt_read_found(&found, &message), -EBADMSG);
	assert_int_equal(
		READ(&message, "\x12\0\0\0\x0d\0\1\2\3\4\5\6\2\xd8\0\0\0\0\0"),
		0);
	assert_int_equal(pier__mgmt_read_found(&found, &message), -EBADMSG);
}

static void
other_events_are_read(void **state)
{
	struct pier__mgmt_message message;
	uint32_t settings;
	bool runs = true;

	(void)state;
	assert_int_equal(READ(&message, "\x13\0\0\0\2\0\7\0"), 0);
	assert_int_equal(pier__mgmt_read_discovering(&runs, &message), 0);
	assert_false(runs);
	assert_int_equal(
		pier__mgmt_read_settings(&settings, &message), -EBADMSG);
	assert_int_equal(READ(&message, "\x13\0\0\0\1\0\7"), 0);
	assert_int_equal(
		pier__mgmt_read_discovering(&runs, &message), -EBADMSG);
	assert_int_equal(READ(&message, "\6\0\0\0\4\0\x81\0\0\0"), 0);
	assert_int_equal(pier__mgmt_read_settings(&settings, &message), 0);
	assert_int_equal(settings, 0x81);
	assert_int_equal(
		pier__mgmt_read_discovering(&runs, &message), -EBADMSG);
	assert_int_equal(READ(&message, "\6\0\0\0\3\0\x81\0\0"), 0);
	assert_int_equal(
		pier__mgmt_read_settings(&settings, &message), -EBADMSG);
}

static void
a_refusal_is_an_error_with_words(void **state)
{
	unsigned int status;

	(void)state;
	for (status = 1; status < 256; status++) {
		assert_true(pier__mgmt_error(status) < 0);
		assert_true(pier__mgmt_text(status)[0] != '\0');
	}
	assert_int_equal(pier__mgmt_error(0x0f), -ENETDOWN);
	assert_int_equal(pier__mgmt_error(0x12), -ERFKILL);
	assert_int_equal(pier__mgmt_error(0x14), -EPERM);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_command_has_its_bytes, end),
		cmocka_unit_test_teardown(a_message_is_as_long_as_it_says, end),
		cmocka_unit_test_teardown(controllers_are_listed, end),
		cmocka_unit_test_teardown(a_controller_is_read, end),
		cmocka_unit_test_teardown(a_device_is_read, end),
		cmocka_unit_test_teardown(other_events_are_read, end),
		cmocka_unit_test_teardown(
			a_refusal_is_an_error_with_words, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
