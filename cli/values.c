/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, in whole numbers throughout: a fraction is kept as
 * numerator and denominator and reduced against the unit, so that it is either
 * exact or refused.
 */
#include "values.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_M  (60 * NS_PER_S)
#define NS_PER_H  (60 * NS_PER_M)
#define NS_PER_D  (24 * NS_PER_H)

struct unit {
	const char *name;
	int64_t worth;
};

static const struct unit duration_units[] = {
	{ "", NS_PER_S },
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "m", NS_PER_M },
	{ "h", NS_PER_H },
	{ "d", NS_PER_D },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "k", INT64_C(1000) },
	{ "M", INT64_C(1000000) },
	{ "G", INT64_C(1000000000) },
	{ "T", INT64_C(1000000000000) },
	{ "Ki", INT64_C(1) << 10 },
	{ "Mi", INT64_C(1) << 20 },
	{ "Gi", INT64_C(1) << 30 },
	{ "Ti", INT64_C(1) << 40 },
	{ NULL, 0 },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read digits into *out; the text behind them, or NULL: none, or too many. */
static const char *
read_digits(int64_t *out, const char *text)
{
	int64_t value = 0;

	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++) {
		if (value > (INT64_MAX - (*text - '0')) / 10)
			return NULL;
		value = value * 10 + (*text - '0');
	}
	*out = value;
	return text;
}

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * The fraction 0.DIGITS of worth; -1 when that is not a whole number. With
 * at most nine digits above and the denominator reduced against worth, no
 * product here exceeds worth itself.
 */
static int64_t
fraction_of(int64_t worth, const char *digits, size_t n)
{
	int64_t above = 0, below = 1, shared;

	while (n > 0 && digits[n - 1] == '0')
		n--;
	if (n > 9)
		return -1;
	for (; n > 0; n--, digits++) {
		above = above * 10 + (*digits - '0');
		below *= 10;
	}
	shared = common_divisor(below, worth);
	below /= shared;
	if (above % below != 0)
		return -1;
	return above / below * (worth / shared);
}

static int
parse_scaled(int64_t *out, const char *text, const struct unit *unit)
{
	const char *fraction = NULL;
	int64_t value, part = 0;
	size_t digits = 0;

	text = read_digits(&value, text);
	if (text == NULL)
		return -1;
	if (*text == '.') {
		fraction = ++text;
		for (; is_digit(*text); text++)
			digits++;
		if (digits == 0)
			return -1;
	}
	while (unit->name != NULL && strcmp(unit->name, text) != 0)
		unit++;
	if (unit->name == NULL)
		return -1;
	if (fraction != NULL)
		part = fraction_of(unit->worth, fraction, digits);
	if (part < 0 || value > (INT64_MAX - part) / unit->worth)
		return -1;
	*out = value * unit->worth + part;
	return 0;
}

int
cli_parse_count(int64_t *out, const char *text)
{
	int64_t value;

	text = read_digits(&value, text);
	if (text == NULL || *text != '\0')
		return -1;
	*out = value;
	return 0;
}

int
cli_parse_size(int64_t *out, const char *text)
{
	return parse_scaled(out, text, size_units);
}

int
cli_parse_rate(int64_t *out, const char *text)
{
	size_t len = strlen(text);
	char size[CLI_VALUE_TEXT];

	if (len < 3 || len - 2 >= sizeof(size) ||
		strcmp(text + len - 2, "/s") != 0)
		return -1;
	memcpy(size, text, len - 2);
	size[len - 2] = '\0';
	return cli_parse_size(out, size);
}

int
cli_parse_duration(int64_t *out, const char *text)
{
	return parse_scaled(out, text, duration_units);
}

/* value / worth with three digits that count, less the zeros at their end. */
static void
format_ratio(uint64_t value, uint64_t worth, const char *unit, char *text,
	size_t size)
{
	uint64_t whole = value / worth;
	uint64_t cents = value % worth / (worth / 100);

	if (whole >= 10)
		cents -= cents % 10;
	if (whole >= 100 || cents == 0)
		snprintf(text, size, "%" PRIu64 " %s", whole, unit);
	else if (cents % 10 == 0)
		snprintf(text, size, "%" PRIu64 ".%" PRIu64 " %s", whole,
			cents / 10, unit);
	else
		snprintf(text, size, "%" PRIu64 ".%02" PRIu64 " %s", whole,
			cents, unit);
}

void
cli_format_duration(int64_t ns, char *text, size_t size)
{
	int64_t s = ns / NS_PER_S;

	if (ns < NS_PER_US)
		snprintf(text, size, "%" PRId64 " ns", ns);
	else if (ns < NS_PER_MS)
		format_ratio((uint64_t)ns, NS_PER_US, "us", text, size);
	else if (ns < NS_PER_S)
		format_ratio((uint64_t)ns, NS_PER_MS, "ms", text, size);
	else if (s < 60)
		format_ratio((uint64_t)ns, NS_PER_S, "s", text, size);
	else if (s < 3600)
		snprintf(text, size, "%" PRId64 " min %" PRId64 " s", s / 60,
			s % 60);
	else
		snprintf(text, size, "%" PRId64 " h %" PRId64 " min", s / 3600,
			s % 3600 / 60);
}

void
cli_format_limit(int64_t ns, char *text, size_t size)
{
	static const struct unit exact[] = {
		{ "h", NS_PER_H },
		{ "m", NS_PER_M },
		{ "s", NS_PER_S },
		{ "ms", NS_PER_MS },
		{ "us", NS_PER_US },
	};
	size_t i;

	for (i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (ns != 0 && ns % exact[i].worth == 0) {
			snprintf(text, size, "%" PRId64 "%s",
				ns / exact[i].worth, exact[i].name);
			return;
		}
	}
	if (ns == 0)
		snprintf(text, size, "0");
	else
		snprintf(text, size, "%" PRId64 ".%09" PRId64 "s",
			ns / NS_PER_S, ns % NS_PER_S);
}

void
cli_format_clock(int64_t ns, char *text, size_t size)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm local = { .tm_sec = 0 };
	size_t len;

	(void)localtime_r(&seconds, &local);
	len = strftime(text, size, "%H:%M:%S", &local);
	snprintf(text + len, size - len, ".%09" PRId64, ns % NS_PER_S);
}

void
cli_format_bytes(uint64_t n, char *text, size_t size)
{
	static const struct {
		const char *name;
		uint64_t worth;
	} units[] = {
		{ "TB", UINT64_C(1000000000000) },
		{ "GB", UINT64_C(1000000000) },
		{ "MB", UINT64_C(1000000) },
		{ "kB", UINT64_C(1000) },
	};
	size_t i;

	/* Small counts stay exact: "4096 bytes" says more than "4.09 kB". */
	if (n < 10000) {
		snprintf(
			text, size, "%" PRIu64 " byte%s", n, n == 1 ? "" : "s");
		return;
	}
	for (i = 0; n < units[i].worth; i++)
		;
	format_ratio(n, units[i].worth, units[i].name, text, size);
}
