/* SPDX-License-Identifier: MIT */
/*
 * What each text is taken for, and each moment as text: the textbook's moment,
 * the ends of the eras, and what is refused.
 */
#include "time_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define TEXTBOOK 1393339778 /* Tue Feb 25 14:49:38 2014 UTC */

/* 2026, in era 0; and 2050, in era 1. */
static const struct pier_ntp_moment now = { .seconds = 1795744800 };
static const struct pier_ntp_moment later = { .seconds = 2524608000 };

static int
set_zone(const char *zone)
{
	int rc = setenv("TZ", zone, 1);

	tzset();
	return rc;
}

static int
in_utc(void **state)
{
	(void)state;
	return set_zone("UTC");
}

static struct time_value
read_one(const char *text, struct pier_ntp_moment pivot)
{
	struct time_value out[TIME_VALUES_MAX];
	struct cli_complaint why = { "", "" };
	int n = time_value_read(out, text, pivot, &why);

	if (n != 1)
		fail_msg("'%s': %d values: %s", text, n, why.line);
	return out[0];
}

static void
is_textbook(const char *text, enum time_form form)
{
	struct time_value value = read_one(text, now);

	if (value.moment.seconds != TEXTBOOK)
		fail_msg("'%s' is %lld", text, (long long)value.moment.seconds);
	assert_int_equal(value.moment.nanoseconds, 0);
	assert_int_equal(value.form, form);
	assert_int_equal(value.timestamp, UINT64_C(0xd6b72c0200000000));
}

static void
test_every_form_gives_the_moment_of_the_textbook(void **state)
{
	(void)state;
	is_textbook("@1393339778", TIME_UNIX);
	is_textbook("unix:1393339778", TIME_UNIX);
	is_textbook("ntp:3602328578", TIME_NTP);
	is_textbook("ntp:0:3602328578", TIME_NTP);
	is_textbook("0xd6b72c0200000000", TIME_NTP64);
	is_textbook("0xD6B72C02.00000000", TIME_NTP64);
	is_textbook("d6b72c02.00000000", TIME_NTP64);
	is_textbook("ntp:0xd6b72c0200000000", TIME_NTP64);
	is_textbook("ntp:0:d6b72c0200000000", TIME_NTP64);
	is_textbook("2014-02-25T14:49:38Z", TIME_DATE);
	is_textbook("2014-02-25 14:49:38.000Z", TIME_DATE);
	is_textbook("2014-02-25T15:49:38+01:00", TIME_DATE);
	is_textbook("2014-02-25T09:19:38-0530", TIME_DATE);
	is_textbook("2014-02-25 14:49:38", TIME_DATE);
	is_textbook("Tue Feb 25 14:49:38 2014", TIME_DATE);
}

static void
test_a_bare_number_is_both(void **state)
{
	struct time_value out[TIME_VALUES_MAX];
	struct cli_complaint why;

	(void)state;
	assert_int_equal(time_value_read(out, "3602328578", now, &why), 2);
	assert_int_equal(out[0].form, TIME_NTP);
	assert_int_equal(out[0].moment.seconds, TEXTBOOK);
	assert_int_equal(out[1].form, TIME_UNIX);
	assert_int_equal(out[1].moment.seconds, 3602328578);
	/* Below 0 there is no second of NTP. */
	assert_int_equal(time_value_read(out, "-1.5", now, &why), 1);
	assert_int_equal(out[0].form, TIME_UNIX);
	assert_int_equal(out[0].moment.seconds, -2);
	assert_int_equal(out[0].moment.nanoseconds, 500000000);
}

static void
test_eras(void **state)
{
	struct time_value value;
	uint32_t in_era;

	(void)state;
	/* The first second of era 1, and the last one of era 0. */
	assert_int_equal(read_one("ntp:0", now).moment.seconds, 2085978496);
	value = read_one("ntp:4294967295", now);
	assert_int_equal(value.moment.seconds, 2085978495);
	/* More than 32 bits count on, and so are no other moment. */
	value = read_one("ntp:4294967296", now);
	assert_int_equal(value.moment.seconds, 2085978496);
	assert_int_equal(value.timestamp, 0);
	/* What is next to now depends on now; a named era does not. */
	value = read_one("0xd6b72c0200000000", later);
	assert_int_equal(value.moment.seconds, TEXTBOOK);
	value = read_one("0x2000000000000000", now);
	assert_int_equal(pier_ntp_era(value.moment.seconds, &in_era), 1);
	assert_int_equal(in_era, 0x20000000);
	value = read_one("ntp:0:0x2000000000000000", later);
	assert_int_equal(pier_ntp_era(value.moment.seconds, NULL), 0);
	value = read_one("ntp:-1:0", now);
	assert_int_equal(pier_ntp_era(value.moment.seconds, &in_era), -1);
	assert_int_equal(in_era, 0);
	assert_int_equal(
		pier_ntp_era(read_one("ntp:59:0", now).moment.seconds, NULL),
		59);
}

static void
test_a_timestamp_keeps_all_its_bits(void **state)
{
	struct time_value value = read_one("0xd6b72c02ffffffff", now);

	(void)state;
	assert_int_equal(value.timestamp, UINT64_C(0xd6b72c02ffffffff));
	/* To the nanosecond that is the next second. */
	assert_int_equal(value.moment.seconds, TEXTBOOK + 1);
	assert_int_equal(value.moment.nanoseconds, 0);
}

static void
test_local_dates(void **state)
{
	(void)state;
	/* The last Sunday of March, at 1:00 UTC. */
	assert_int_equal(set_zone("CET-1CEST,M3.5.0,M10.5.0/3"), 0);
	assert_int_equal(
		read_one("2014-02-25 15:49:38", now).moment.seconds, TEXTBOOK);
	assert_int_equal(read_one("2014-08-25 16:49:38", now).moment.seconds,
		1408978178);
	assert_int_equal(
		read_one("Tue Feb  4 00:00:00 2014", now).moment.seconds,
		1391468400);
	assert_int_equal(
		read_one("2014-02-25", now).moment.seconds, 1393282800);
	assert_int_equal(set_zone("UTC"), 0);
}

static void
test_what_is_no_moment(void **state)
{
	static const char *const texts[] = { "", "x", "0x", "0xd6b7", "@", "@x",
		"@1x", "@1.", "@.5", "@1.0000000001", "@9999999999999",
		"@253402300800", "@-62135596801", "ntp:", "ntp:-1", "ntp::1",
		"ntp:0:4294967296", "ntp: 0:1", "ntp:60:0", "ntp:-15:0",
		"ntp:x:0", "ntp:0:0xd6b72c02", "0xd6b72c0200000000f",
		"0xd6b72c02:00000000", "2014-02-30", "2014-13-01", "2014-00-01",
		"2014-2-1", "2014-02-25T", "2014-02-25T24:00Z",
		"2014-02-25T14:60Z", "2014-02-25T14:49:61Z",
		"2014-02-25T14:49:38+24:00", "2014-02-25T14:49:38z",
		"2014-02-25T14:49:38Zx", "0000-01-01", "0001-01-01T00:00+01:00",
		"Tue Feb 25 14:49:38 201", "Tue Foo 25 14:49:38 2014",
		"Tue anF 25 14:49:38 2014", "Tue Feb 30 14:49:38 2014", "Now" };
	struct time_value out[TIME_VALUES_MAX];
	struct cli_complaint why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&why, 0, sizeof(why));
		if (time_value_read(out, texts[i], now, &why) != -1)
			fail_msg("'%s' was taken", texts[i]);
		assert_non_null(strstr(why.line, "is no moment"));
		assert_non_null(strstr(why.line, texts[i]));
		assert_int_not_equal(why.hint[0], '\0');
	}
}

static void
test_the_ends_of_the_years(void **state)
{
	char text[TIME_TEXT];

	(void)state;
	time_utc_text(
		read_one("@-62135596800", now).moment, 0, text, sizeof(text));
	assert_string_equal(text, "0001-01-01T00:00:00Z");
	time_utc_text(
		read_one("@253402300799.9", now).moment, 0, text, sizeof(text));
	assert_string_equal(text, "9999-12-31T23:59:59.9Z");
	/* The leap second is the first one of the next year. */
	assert_int_equal(read_one("2016-12-31T23:59:60Z", now).moment.seconds,
		1483228800);
}

static void
test_moments_as_text(void **state)
{
	const struct pier_ntp_moment moment = { TEXTBOOK, 120000000 };
	char text[TIME_TEXT];

	(void)state;
	time_utc_text(moment, 0, text, sizeof(text));
	assert_string_equal(text, "2014-02-25T14:49:38.12Z");
	time_utc_text(moment, 6, text, sizeof(text));
	assert_string_equal(text, "2014-02-25T14:49:38.120000Z");
	time_local_text(moment, text, sizeof(text));
	assert_string_equal(text, "Tue Feb 25 14:49:38 2014");
	time_unix_text(moment, text, sizeof(text));
	assert_string_equal(text, "1393339778.12");
	time_unix_text(
		(struct pier_ntp_moment){ -2, 500000000 }, text, sizeof(text));
	assert_string_equal(text, "-1.5");
	time_unix_text(
		(struct pier_ntp_moment){ -1, 500000000 }, text, sizeof(text));
	assert_string_equal(text, "-0.5");
	assert_int_equal(set_zone("NST3:30"), 0);
	time_zone_text(moment, text, sizeof(text));
	assert_string_equal(text, "NST, -03:30");
	time_local_text(moment, text, sizeof(text));
	assert_string_equal(text, "Tue Feb 25 11:19:38 2014");
	assert_int_equal(set_zone("UTC"), 0);
	assert_int_equal(time_moment(-1).seconds, -1);
	assert_int_equal(time_moment(-1).nanoseconds, 999999999);
}

static void
test_offsets_as_text(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "+0 ns" },
		{ -999, "-999 ns" },
		{ 12345, "+12.345 us" },
		{ -1000000, "-1.000000 ms" },
		{ 999999999, "+999.999999 ms" },
		{ 3000001999, "+3.000001 s" },
		{ INT64_MIN, "-9223372036.854775 s" },
	};
	char text[TIME_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		time_offset_text(cases[i].ns, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_every_form_gives_the_moment_of_the_textbook),
		cmocka_unit_test(test_a_bare_number_is_both),
		cmocka_unit_test(test_eras),
		cmocka_unit_test(test_a_timestamp_keeps_all_its_bits),
		cmocka_unit_test(test_local_dates),
		cmocka_unit_test(test_what_is_no_moment),
		cmocka_unit_test(test_the_ends_of_the_years),
		cmocka_unit_test(test_moments_as_text),
		cmocka_unit_test(test_offsets_as_text),
	};

	return cmocka_run_group_tests(tests, in_utc, NULL);
}
