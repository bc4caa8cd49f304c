/* SPDX-License-Identifier: MIT */
/* Timestamps, eras and headers of NTP: the examples of RFC 5905 and RFC 4330,
   and what lies at the edges. */
#include <pier/ntp.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SECOND_NS INT64_C(1000000000)
#define YEAR      INT64_C(31556952)

/* 2036-02-07 06:28:16 UTC, where era 1 begins. */
#define ERA_1 (PIER_NTP_ERA - PIER_NTP_UNIX)

/* RFC 5905, figure 4: dates, eras and what a timestamp has of them. */
static void
test_eras_of_rfc_5905(void **state)
{
	static const struct {
		int64_t unix_s;
		int64_t era;
		uint32_t in_era;
	} dates[] = {
		{ -INT64_C(210866803200), -49, UINT32_C(1795583104) },
		{ -INT64_C(62135596800), -14, UINT32_C(202934144) },
		{ -INT64_C(12219292800), -3, UINT32_C(2874597888) },
		{ -INT64_C(2208988801), -1, UINT32_C(4294967295) },
		{ -INT64_C(2208988800), 0, 0 },
		{ 0, 0, UINT32_C(2208988800) },
		{ INT64_C(63072000), 0, UINT32_C(2272060800) },
		{ INT64_C(946598400), 0, UINT32_C(3155587200) },
		{ ERA_1 - 1, 0, UINT32_C(4294967295) },
		{ ERA_1, 1, 0 },
		{ INT64_C(2086041600), 1, UINT32_C(63104) },
	};
	uint32_t in_era;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		assert_int_equal(
			pier_ntp_era(dates[i].unix_s, &in_era), dates[i].era);
		assert_int_equal(in_era, dates[i].in_era);
		assert_int_equal(pier_ntp_seconds(in_era, dates[i].era),
			dates[i].unix_s);
	}
	assert_int_equal(pier_ntp_era(INT64_MAX, NULL), 2147483648);
	assert_int_equal(pier_ntp_era(INT64_MIN, &in_era), -2147483648);
	assert_int_equal(in_era, UINT32_C(2208988800));
	/* Beyond what there is: no undefined behaviour. */
	assert_int_equal(
		pier_ntp_seconds(0, INT64_C(1) << 32), pier_ntp_seconds(0, 0));
	(void)pier_ntp_near(0, INT64_MAX);
	(void)pier_ntp_near(UINT32_MAX, INT64_MIN);
}

/* The first second of era 1 is nearest to 2035 as to 2037; only near 1968 it is
   1900. */
static void
test_the_pivot_says_which_era(void **state)
{
	(void)state;
	assert_int_equal(pier_ntp_near(0, ERA_1 - YEAR), ERA_1);
	assert_int_equal(pier_ntp_near(0, ERA_1 + YEAR), ERA_1);
	assert_int_equal(pier_ntp_near(0, ERA_1 - 69 * YEAR), -PIER_NTP_UNIX);
	assert_int_equal(pier_ntp_near(0, ERA_1 - 67 * YEAR), ERA_1);
	assert_int_equal(pier_ntp_near(UINT32_MAX, ERA_1 + YEAR), ERA_1 - 1);
	assert_int_equal(pier_ntp_near(UINT32_C(2208988800), 0), 0);
	assert_int_equal(
		pier_ntp_near(0, ERA_1 + 100 * YEAR), ERA_1 + PIER_NTP_ERA);
}

static void
test_moments_there_and_back(void **state)
{
	static const struct pier_ntp_moment moments[] = {
		{ 0, 0 },
		{ 0, 1 },
		{ -1, 999999999 },
		{ 1774600000, 500000000 },
		{ 1774600000, 999999999 },
		{ ERA_1 - 1, 999999999 },
		{ ERA_1, 0 },
		{ ERA_1, 1 },
		{ ERA_1 + 10 * YEAR, 123456789 },
	};
	struct pier_ntp_moment back;
	uint64_t timestamp;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		timestamp = pier_ntp_from_unix(moments[i]);
		back = pier_ntp_to_unix(timestamp, moments[i].seconds + YEAR);
		assert_int_equal(back.seconds, moments[i].seconds);
		assert_int_equal(back.nanoseconds, moments[i].nanoseconds);
	}
	/* Half a second is the highest bit of the fraction. */
	assert_int_equal(pier_ntp_from_ns(SECOND_NS / 2),
		UINT64_C(2208988800) << 32 | UINT32_C(0x80000000));
	/* A fraction nearer to the next second than to the last nanosecond. */
	back = pier_ntp_to_unix(UINT64_C(0xffffffff), ERA_1);
	assert_int_equal(back.seconds, ERA_1 + 1);
	assert_int_equal(back.nanoseconds, 0);
}

static void
test_nanoseconds_there_and_back(void **state)
{
	static const int64_t all[] = { 0, 1, -1, -SECOND_NS, -SECOND_NS + 1,
		INT64_C(1774600000123456789),
		(ERA_1 - 1) * SECOND_NS + 999999999, ERA_1 * SECOND_NS };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_true(pier_ntp_to_ns(pier_ntp_from_ns(all[i]), all[i]) ==
			    all[i]);
	/* Nearest to the last second there is, it lies beyond it. */
	assert_true(pier_ntp_to_ns(
			    pier_ntp_from_ns(INT64_MAX) + (UINT64_C(9) << 32),
			    INT64_MAX) == INT64_MAX);
	assert_true(pier_ntp_to_ns(
			    pier_ntp_from_ns(INT64_MIN) - (UINT64_C(9) << 32),
			    INT64_MIN) == INT64_MIN);
}

static void
test_the_short_format(void **state)
{
	(void)state;
	assert_int_equal(pier_ntp_short_ns(0x10000), SECOND_NS);
	assert_int_equal(pier_ntp_short_ns(0x8000), SECOND_NS / 2);
	assert_int_equal(pier_ntp_short_ns(1), 15259);
	assert_int_equal(pier_ntp_short_ns(UINT32_MAX), 65535999984741);
	assert_int_equal(pier_ntp_short(SECOND_NS), 0x10000);
	/* Up: a bound is never told smaller than it is. */
	assert_int_equal(pier_ntp_short(1), 1);
	assert_int_equal(pier_ntp_short(SECOND_NS - 1), 0x10000);
	assert_int_equal(pier_ntp_short(0), 0);
	assert_int_equal(pier_ntp_short(-5), 0);
	assert_int_equal(pier_ntp_short(65536 * SECOND_NS), UINT32_MAX);
	assert_int_equal(pier_ntp_short(65536 * SECOND_NS - 1), UINT32_MAX);
	assert_int_equal(pier_ntp_short(INT64_MAX), UINT32_MAX);
}

/* An answer of chronyd, as tshark shows it. */
static const unsigned char answer[PIER_NTP_SIZE] = { 0x24, 3, 6, 0xe9, 0, 0, 1,
	2, 0, 1, 0, 0, 127, 127, 1, 1, 0xee, 0xb3, 0x0b, 0x80, 0, 0, 0, 1, 1, 2,
	3, 4, 5, 6, 7, 8, 0xee, 0xb3, 0x0b, 0x90, 0, 0, 0, 2, 0xee, 0xb3, 0x0b,
	0x90, 0x80, 0, 0, 3 };

static void
test_a_header_is_read(void **state)
{
	struct pier_ntp_message message;

	(void)state;
	assert_int_equal(pier_ntp_read(&message, answer, sizeof(answer)), 0);
	assert_int_equal(message.leap, 0);
	assert_int_equal(message.version, 4);
	assert_int_equal(message.mode, PIER_NTP_SERVER);
	assert_int_equal(message.stratum, 3);
	assert_int_equal(message.poll, 6);
	assert_int_equal(message.precision, -23);
	assert_int_equal(message.root_delay, 0x102);
	assert_int_equal(message.root_dispersion, 0x10000);
	assert_memory_equal(message.reference_id, "\x7f\x7f\x01\x01", 4);
	assert_true(message.reference == UINT64_C(0xeeb30b8000000001));
	assert_true(message.originate == UINT64_C(0x0102030405060708));
	assert_true(message.receive == UINT64_C(0xeeb30b9000000002));
	assert_true(message.transmit == UINT64_C(0xeeb30b9080000003));
	assert_int_equal(
		pier_ntp_read(&message, answer, sizeof(answer) - 1), -EBADMSG);
}

static void
test_a_header_is_written(void **state)
{
	unsigned char out[PIER_NTP_SIZE];
	struct pier_ntp_message message;

	(void)state;
	assert_int_equal(pier_ntp_read(&message, answer, sizeof(answer)), 0);
	memset(out, 0xff, sizeof(out));
	pier_ntp_write(out, &message);
	assert_memory_equal(out, answer, sizeof(out));
	message = (struct pier_ntp_message){ .leap = 7,
		.version = 12,
		.mode = 11,
		.stratum = 256 + 16,
		.poll = -3 };
	pier_ntp_write(out, &message);
	assert_int_equal(out[0], 3 << 6 | 4 << 3 | 3);
	assert_int_equal(out[1], 16);
	assert_int_equal(out[2], 0xfd);
}

/* An old program knows less of the struct: the rest is 0, or not written. */
static void
test_a_shorter_struct(void **state)
{
	const size_t known = offsetof(struct pier_ntp_message, receive);
	unsigned char out[PIER_NTP_SIZE];
	struct pier_ntp_message message;

	(void)state;
	memset(&message, 0x55, sizeof(message));
	assert_int_equal(
		pier_ntp_read_sized(&message, known, answer, sizeof(answer)),
		0);
	assert_true(message.originate == UINT64_C(0x0102030405060708));
	assert_true(message.receive == UINT64_C(0x5555555555555555));
	pier_ntp_write_sized(out, &message, known);
	assert_memory_equal(out, answer, 32);
	assert_memory_equal(out + 32, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void
test_what_the_reference_is(void **state)
{
	static const struct {
		int stratum;
		const char *id, *text;
	} all[] = {
		{ 0, "RATE", "RATE" },
		{ 1, "GPS\0", "GPS" },
		{ 1, "\0\0\0\0", "" },
		{ 1, "P P\\", "P\\x20P\\x5c" },
		{ 1,
			"\xff\x01"
			"A\0",
			"\\xff\\x01A" },
		{ 2, "\x7f\x7f\x01\x01", "127.127.1.1" },
		{ 16, "\0\0\0\0", "0.0.0.0" },
	};
	struct pier_ntp_message message = { .leap = 0 };
	char text[PIER_NTP_REFERENCE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		message.stratum = all[i].stratum;
		memcpy(message.reference_id, all[i].id, 4);
		assert_int_equal(
			pier_ntp_reference(&message, text, sizeof(text)),
			strlen(all[i].text));
		assert_string_equal(text, all[i].text);
	}
	message.stratum = 2;
	assert_int_equal(pier_ntp_reference(&message, text, 4), 3);
	assert_string_equal(text, "0.0");
	assert_int_equal(pier_ntp_reference(&message, text, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eras_of_rfc_5905),
		cmocka_unit_test(test_the_pivot_says_which_era),
		cmocka_unit_test(test_moments_there_and_back),
		cmocka_unit_test(test_nanoseconds_there_and_back),
		cmocka_unit_test(test_the_short_format),
		cmocka_unit_test(test_a_header_is_read),
		cmocka_unit_test(test_a_header_is_written),
		cmocka_unit_test(test_a_shorter_struct),
		cmocka_unit_test(test_what_the_reference_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
