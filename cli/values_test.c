/* SPDX-License-Identifier: MIT */
/*
 * Durations, sizes and counts: what is read, exactly; what is refused; and
 * that what is formatted as a limit is read back as the same value.
 */
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MS INT64_C(1000000)
#define S  (1000 * MS)

struct reading {
	const char *text;
	int64_t value;
};

static void
assert_readings(int (*parse)(int64_t *, const char *),
	const struct reading *readings, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t value = -1;

		if (parse(&value, readings[i].text) != 0 ||
			value != readings[i].value)
			fail_msg("'%s' gave %lld, not %lld", readings[i].text,
				(long long)value, (long long)readings[i].value);
	}
}

static void
assert_refused(int (*parse)(int64_t *, const char *), const char *const *texts,
	size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int64_t value = -7;

		if (parse(&value, texts[i]) != -1 || value != -7)
			fail_msg("'%s' gave %lld", texts[i], (long long)value);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
test_durations(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 },
		{ "5", 5 * S },
		{ "0.5", S / 2 },
		{ "10ms", 10 * MS },
		{ "2s", 2 * S },
		{ "1.5m", 90 * S },
		{ "1h", 3600 * S },
		{ "1d", 86400 * S },
		{ "250us", MS / 4 },
		{ "0.000000001s", 1 },
		{ "1.50", 3 * S / 2 },
		{ "1.0000000000000", S },
		{ "9223372036", INT64_C(9223372036) * S },
		{ "9223372036.854775807", INT64_MAX },
	};
	static const char *const bad[] = { "", " 1", "1 ", "-1", "+1", "1 s",
		"s", ".5", "1.", "1.s", "1e3", "0x1", "1S", "1sec", "1m30s",
		"0.0000000001", "1.5.5", "9223372037", "99999999999999999999",
		"9223372036.854775808", "1,5" };

	(void)state;
	assert_readings(cli_parse_duration, good, COUNT_OF(good));
	assert_refused(cli_parse_duration, bad, COUNT_OF(bad));
}

static void
test_sizes(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "64k", 64000 },
		{ "64Ki", 65536 },
		{ "1M", 1000000 },
		{ "1Mi", 1048576 },
		{ "1.5Ki", 1536 },
		{ "0.5k", 500 },
		{ "2G", INT64_C(2000000000) },
		{ "1Gi", INT64_C(1) << 30 },
		{ "1T", INT64_C(1000000000000) },
		{ "8388607Ti", INT64_C(8388607) << 40 },
		{ "0.000000001G", 1 },
	};
	static const char *const bad[] = { "", "k", "1K", "1ki", "1KiB", "1kB",
		"1.5", "0.0001k", "1.3Ki", "-1k", "1 k", "8388608Ti",
		"9223372036854775808" };

	(void)state;
	assert_readings(cli_parse_size, good, COUNT_OF(good));
	assert_refused(cli_parse_size, bad, COUNT_OF(bad));
}

static void
test_counts(void **state)
{
	static const struct reading good[] = {
		{ "0", 0 },
		{ "007", 7 },
		{ "9223372036854775807", INT64_MAX },
	};
	static const char *const bad[] = { "", "1.0", "1k", "-1", "+1", " 1",
		"1\n", "0x10", "9223372036854775808" };

	(void)state;
	assert_readings(cli_parse_count, good, COUNT_OF(good));
	assert_refused(cli_parse_count, bad, COUNT_OF(bad));
}

static void
test_durations_for_people(void **state)
{
	static const struct reading shown[] = {
		{ "0 ns", 0 },
		{ "999 ns", 999 },
		{ "1 us", 1000 },
		{ "3 ms", 3 * MS },
		{ "1.25 ms", 1250000 },
		{ "12.3 ms", 12345678 },
		{ "12 ms", 12045678 },
		{ "999 ms", S - 1 },
		{ "1.5 s", 3 * S / 2 },
		{ "59.9 s", 60 * S - 1 },
		{ "2 min 5 s", 125 * S },
		{ "1 h 3 min", 3780 * S },
	};
	char text[CLI_VALUE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(shown); i++) {
		cli_format_duration(shown[i].value, text, sizeof(text));
		assert_string_equal(text, shown[i].text);
	}
}

static void
test_limits_read_back(void **state)
{
	static const struct reading shown[] = {
		{ "10ms", 10 * MS },
		{ "1500ms", 3 * S / 2 },
		{ "2m", 120 * S },
		{ "1h", 3600 * S },
		{ "90s", 90 * S },
		{ "0", 0 },
		{ "0.000000001s", 1 },
		{ "9223372036.854775807s", INT64_MAX },
	};
	char text[CLI_VALUE_TEXT];
	int64_t again;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(shown); i++) {
		cli_format_limit(shown[i].value, text, sizeof(text));
		assert_string_equal(text, shown[i].text);
		assert_int_equal(cli_parse_duration(&again, text), 0);
		assert_int_equal(again, shown[i].value);
	}
}

static void
test_bytes_for_people(void **state)
{
	static const struct reading shown[] = {
		{ "0 bytes", 0 },
		{ "1 byte", 1 },
		{ "9999 bytes", 9999 },
		{ "10 kB", 10000 },
		{ "65.5 kB", 65536 },
		{ "1.5 MB", 1500000 },
		{ "1.04 MB", 1048576 },
		{ "2 GB", INT64_C(2000000000) },
		{ "9223372 TB", INT64_MAX },
	};
	char text[CLI_VALUE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(shown); i++) {
		cli_format_bytes((uint64_t)shown[i].value, text, sizeof(text));
		assert_string_equal(text, shown[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_durations_for_people),
		cmocka_unit_test(test_limits_read_back),
		cmocka_unit_test(test_bytes_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
