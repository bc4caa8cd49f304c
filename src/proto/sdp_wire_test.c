/* SPDX-License-Identifier: MIT */
/* proto/sdp_wire_test.c - requests, parts of answers and records, byte by byte. */
#include "proto/sdp_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pier/error.h>

#include "proto/bt_uuid.h"

/* What is asked of each record: 7 attributes. */
#define WANTED                                                         \
	"\x35\x15\x09\0\0\x09\0\x01\x09\0\x04\x09\0\x09\x09\x01\0\x09" \
	"\x01\x01\x09\x01\x02"

static void
a_request_has_its_bytes(void **state)
{
	struct pier__sdp_continue more = { .size = 0 };
	struct pier_bt_uuid uuid = pier__bt_uuid_short(0x1101);
	unsigned char out[PIER__SDP_REQUEST_MAX];

	(void)state;
	assert_int_equal(pier__sdp_write(out, 0x102, &uuid, &more), 36);
	assert_memory_equal(
		out, "\6\1\2\0\x1f\x35\3\x19\x11\1\xff\xff" WANTED "\0", 36);
	more = (struct pier__sdp_continue){ .size = 2, .bytes = { 7, 8 } };
	assert_int_equal(pier__sdp_write(out, 1, &uuid, &more), 38);
	assert_memory_equal(out + 35, "\2\7\10", 3);
	uuid = pier__bt_uuid_short(0x12345678);
	assert_int_equal(pier__sdp_write(out, 1, &uuid, &more), 40);
	assert_memory_equal(out + 5, "\x35\5\x1a\x12\x34\x56\x78\xff\xff", 9);
	memset(uuid.bytes, 9, 16);
	more.size = PIER__SDP_CONTINUE_MAX;
	assert_int_equal(pier__sdp_write(out, 1, &uuid, &more), 66);
	assert_memory_equal(out + 5, "\x35\x11\x1c\x09", 4);
}

/* Bytes lie in memory of their own size, where the sanitizer watches. */
static unsigned char *copy_of;

static int
read_copy(struct pier__sdp_part *out, const char *bytes, size_t len)
{
	const char *why = "";
	int rc;

	free(copy_of);
	copy_of = malloc(len + (len == 0));
	assert_non_null(copy_of);
	memcpy(copy_of, bytes, len);
	rc = pier__sdp_read(out, copy_of, len, 0x102, &why);
	assert_true(rc != -PIER_EFRAME || why[0] != '\0');
	return rc;
}

#define READ(out, text) read_copy(out, text, sizeof(text) - 1)

static void
parts_are_read(void **state)
{
	struct pier__sdp_part part;

	(void)state;
	assert_int_equal(READ(&part, "\7\1\2\0\7\0\2xy\2\1\2"), 0);
	assert_int_equal(part.size, 2);
	assert_memory_equal(part.bytes, "xy", 2);
	assert_int_equal(part.more.size, 2);
	assert_memory_equal(part.more.bytes, "\1\2", 2);
	assert_int_equal(READ(&part, "\7\1\2\0\3\0\0\0"), 0);
	assert_int_equal(part.size, 0);
	assert_int_equal(READ(&part, "\7\1\3\0\3\0\0\0"), -ENOMSG);
}

static void
what_breaks_the_rules_is_told(void **state)
{
	struct pier__sdp_part part;

	(void)state;
	/* A length, a kind, a count, how it goes on, and that for ever. */
	assert_int_equal(READ(&part, "\7\1\2\0\4\0\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, ""), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\5\1\2\0\3\0\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\3\0\1\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\2\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\4\0\1x\1"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\5\0\1x\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\x15\0\1x\x11"
				     "12345678901234567"),
		-PIER_EFRAME);
	assert_int_equal(READ(&part, "\7\1\2\0\4\0\0\1\1"), -PIER_EFRAME);
}

static void
a_refusal_is_told(void **state)
{
	const char *why = "";
	struct pier__sdp_part part;

	(void)state;
	assert_int_equal(
		pier__sdp_read(&part, (const unsigned char *)"\1\1\2\0\2\0\3",
			7, 0x102, &why),
		-PIER_EFRAME);
	assert_non_null(strstr(why, "syntax"));
	assert_int_equal(READ(&part, "\1\1\2\0\2\0\0"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\1\1\2\0\2\0\7"), -PIER_EFRAME);
	assert_int_equal(READ(&part, "\1\1\2\0\0"), -PIER_EFRAME);
}

/* ---- Records ------------------------------------------------------------- */

static int
records_of(
	struct pier_bt_service *list, size_t max, const char *bytes, size_t len)
{
	const char *why = "";
	int rc;

	free(copy_of);
	copy_of = malloc(len + (len == 0));
	assert_non_null(copy_of);
	memcpy(copy_of, bytes, len);
	rc = pier__sdp_records(list, max, copy_of, len, &why);
	assert_true(rc != -PIER_EFRAME || why[0] != '\0');
	return rc;
}

#define RECORDS(list, max, text) records_of(list, max, text, sizeof(text) - 1)

/* A serial port on channel 3, as sdptool(1) registers one. */
#define SERIAL                                       \
	"\x36\0\x48"                                 \
	"\x09\0\0\x0a\0\1\0\5"                       \
	"\x09\0\1\x35\3\x19\x11\1"                   \
	"\x09\0\4\x35\x0c"                           \
	"\x35\3\x19\1\0"                             \
	"\x35\5\x19\0\3\x08\3"                       \
	"\x09\0\x09\x35\x08\x35\6\x19\x11\1\x09\1\2" \
	"\x09\1\0\x25\x0b"                           \
	"Serial Port"                                \
	"\x09\1\2\x25\5"                             \
	"Quay\0"

static void
a_record_is_read(void **state)
{
	struct pier_bt_service service;
	struct pier_bt_uuid uuid = pier__bt_uuid_short(0x1101);

	(void)state;
	assert_int_equal(RECORDS(&service, 1, "\x36\0\x4b" SERIAL), 1);
	assert_int_equal(service.handle, 0x10005);
	assert_string_equal(service.name, "Serial Port");
	assert_string_equal(service.description, "");
	assert_string_equal(service.provider, "Quay");
	assert_int_equal(service.channel, 3);
	assert_int_equal(service.psm, 0);
	assert_int_equal(service.class_count, 1);
	assert_true(pier_bt_uuid_equal(&service.classes[0], &uuid));
	assert_int_equal(service.protocol_count, 2);
	assert_string_equal(pier_bt_uuid_name(&service.protocols[1]), "rfcomm");
	assert_true(service.has_profile);
	assert_true(pier_bt_uuid_equal(&service.profile, &uuid));
	assert_int_equal(service.profile_version, 0x0102);
}

static void
records_are_counted(void **state)
{
	struct pier_bt_service list[3];

	(void)state;
	assert_int_equal(RECORDS(NULL, 9, "\x35\0"), 0);
	assert_int_equal(RECORDS(NULL, 9, "\x36\0\x96" SERIAL SERIAL), 2);
	assert_int_equal(RECORDS(list, 3, "\x36\0\x96" SERIAL SERIAL), 2);
	assert_int_equal(list[1].channel, 3);
	assert_int_equal(
		RECORDS(NULL, 1, "\x36\0\x96" SERIAL SERIAL), -PIER_ELIMIT);
}

/* Several stacks to choose from, a PSM, a UUID in full, a record without any. */
static void
other_forms_are_read(void **state)
{
	struct pier_bt_service list[2];

	(void)state;
	assert_int_equal(
		RECORDS(list, 2,
			"\x35\x2f\x35\x2b\x09\0\4\x3d\x26"
			"\x35\x16\x35\x14\x1c\0\0\1\0\0\0\x10\0\x80\0\0\x80"
			"\x5f\x9b\x34\xfb\x09\x10\1"
			"\x35\x0c\x35\x0a\x1a\0\0\1\0\x0a\0\0\0\x19\x35\0"),
		2);
	assert_int_equal(list[0].psm, 0x1001);
	assert_int_equal(list[0].protocol_count, 1);
	assert_int_equal(list[1].psm, 0);
	assert_int_equal(list[1].class_count, 0);
}

/* Of another type than it should be, a value is not understood; it is no error. */
static void
other_values_are_left_out(void **state)
{
	struct pier_bt_service service;

	(void)state;
	assert_int_equal(
		RECORDS(&service, 1,
			"\x35\x20\x35\x1e"
			"\x09\0\0\x25\1x\x09\0\1\x08\1\x09\0\4\0"
			"\x09\0\x09\x35\0\x09\1\0\x08\1\x09\0\4\x35\0"),
		1);
	assert_int_equal(service.handle, 0);
	assert_string_equal(service.name, "");
	assert_int_equal(service.protocol_count, 0);
	assert_false(service.has_profile);
	/* Channels end at 30. */
	assert_int_equal(RECORDS(&service, 1,
				 "\x35\x0e\x35\x0c\x09\0\4\x35\7\x35\5\x19\0\3"
				 "\x08\x1f"),
		1);
	assert_int_equal(service.channel, 0);
}

static void
no_cut_of_an_answer_is_one(void **state)
{
	static const char whole[] = "\x36\0\x4b" SERIAL;
	struct pier_bt_service service;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(
			records_of(&service, 1, whole, len), -PIER_EFRAME);
	assert_int_equal(
		records_of(&service, 1, whole, sizeof(whole)), -PIER_EFRAME);
	/* A record, an attribute, a number, a value, a size that wraps. */
	assert_int_equal(RECORDS(NULL, 1, "\x35\2\x08\1"), -PIER_EFRAME);
	assert_int_equal(RECORDS(NULL, 1, "\x35\4\x35\2\x35\0"), -PIER_EFRAME);
	assert_int_equal(
		RECORDS(NULL, 1, "\x35\5\x35\3\x09\0\0"), -PIER_EFRAME);
	assert_int_equal(
		RECORDS(NULL, 1, "\x35\7\x35\5\x09\0\0\x0a\0"), -PIER_EFRAME);
	assert_int_equal(
		RECORDS(NULL, 1, "\x37\xff\xff\xff\xff"), -PIER_EFRAME);
	assert_int_equal(RECORDS(NULL, 1, "\x37\xff\xff"), -PIER_EFRAME);
	assert_int_equal(RECORDS(NULL, 1, "\x35\2\x48\1"), -PIER_EFRAME);
	/* The number of an attribute has 1, 2 or 4 bytes. */
	assert_int_equal(
		RECORDS(NULL, 1, "\x35\x0b\x35\x09\x09\1\0\x25\0\x0d\0\x25\0"),
		-PIER_EFRAME);
	assert_int_equal(
		RECORDS(NULL, 1,
			"\x35\x0e\x35\x0c\x09\1\0\x25\0\x0d\3\0\1\0\x25\0"),
		-PIER_EFRAME);
}

static int
end(void **state)
{
	(void)state;
	free(copy_of);
	copy_of = NULL;
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_its_bytes),
		cmocka_unit_test_teardown(parts_are_read, end),
		cmocka_unit_test_teardown(what_breaks_the_rules_is_told, end),
		cmocka_unit_test_teardown(a_refusal_is_told, end),
		cmocka_unit_test_teardown(a_record_is_read, end),
		cmocka_unit_test_teardown(records_are_counted, end),
		cmocka_unit_test_teardown(other_forms_are_read, end),
		cmocka_unit_test_teardown(other_values_are_left_out, end),
		cmocka_unit_test_teardown(no_cut_of_an_answer_is_one, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
