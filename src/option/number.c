/* SPDX-License-Identifier: MIT */
/*
 * option/number.c - numbers with units: sizes, durations, words that stand
 * for a number. Exact: what a value would lose is refused, never rounded.
 */
#include "option/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Digits behind a point: nanoseconds of a second. */
#define FRACTION_MAX 9

static const struct {
	const char *suffix;
	int64_t times;
	bool of_time; /* in nanoseconds */
} suffixes[] = {
	{ "ns", 1, true },
	{ "us", 1000, true },
	{ "ms", 1000000, true },
	{ "s", 1000000000, true },
	{ "m", INT64_C(60000000000), true },
	{ "h", INT64_C(3600000000000), true },
	{ "d", INT64_C(86400000000000), true },
	{ "k", 1000, false },
	{ "M", 1000000, false },
	{ "G", 1000000000, false },
	{ "T", INT64_C(1000000000000), false },
	{ "Ki", 1024, false },
	{ "Mi", 1048576, false },
	{ "Gi", 1073741824, false },
	{ "Ti", INT64_C(1099511627776), false },
};

/* A number before its suffix is looked at. */
struct number {
	bool negative;
	uint64_t whole;
	uint64_t fraction; /* of 10 to the power of digits */
	int digits;
};

int64_t
pier__option_load(const unsigned char *at, size_t size, bool sign)
{
	uint64_t number = 0;
	uint32_t four;
	uint16_t two;

	if (size == 1)
		number = *at;
	if (size == 2) {
		memcpy(&two, at, size);
		number = two;
	}
	if (size == 4) {
		memcpy(&four, at, size);
		number = four;
	}
	if (size == 8)
		memcpy(&number, at, size);
	/* The sign bit stands for what is above it too. */
	if (sign && size > 0 && size < 8 && (number >> (size * 8 - 1) & 1) != 0)
		number |= UINT64_MAX << (size * 8);
	return (int64_t)number;
}

void
pier__option_store(unsigned char *at, size_t size, int64_t number)
{
	uint8_t one = (uint8_t)number;
	uint16_t two = (uint16_t)number;
	uint32_t four = (uint32_t)number;

	switch (size) {
	case 1:
		memcpy(at, &one, size);
		break;
	case 2:
		memcpy(at, &two, size);
		break;
	case 4:
		memcpy(at, &four, size);
		break;
	default:
		memcpy(at, &number, sizeof(number));
		break;
	}
}

static bool
take_hex(struct number *out, struct pier__span *rest)
{
	size_t begin;

	if (!pier__span_starts(*rest, "0x") && !pier__span_starts(*rest, "0X"))
		return false;
	rest->begin += 2;
	begin = rest->begin;
	while (rest->begin < rest->end) {
		int digit = pier__hex_value(rest->text[rest->begin]);

		if (digit < 0)
			break;
		if (out->whole > UINT64_MAX >> 4)
			return false;
		out->whole = out->whole << 4 | (uint64_t)digit;
		rest->begin++;
	}
	return rest->begin > begin;
}

static bool
is_digit(struct pier__span rest)
{
	return rest.begin < rest.end && rest.text[rest.begin] >= '0' &&
	       rest.text[rest.begin] <= '9';
}

static bool
take_digit(uint64_t *out, struct pier__span *rest)
{
	uint64_t digit = (uint64_t)(rest->text[rest->begin] - '0');

	if (*out > (UINT64_MAX - digit) / 10)
		return false;
	*out = *out * 10 + digit;
	rest->begin++;
	return true;
}

static bool
take_decimal(struct number *out, struct pier__span *rest)
{
	if (!is_digit(*rest))
		return false;
	while (is_digit(*rest))
		if (!take_digit(&out->whole, rest))
			return false;
	if (!pier__span_starts(*rest, "."))
		return true;
	rest->begin++;
	if (!is_digit(*rest))
		return false;
	while (is_digit(*rest)) {
		if (out->digits == FRACTION_MAX ||
			!take_digit(&out->fraction, rest))
			return false;
		out->digits++;
	}
	return true;
}

/* The number times `times`, when that is whole and fits. */
static bool
multiply(int64_t *out, const struct number *number, int64_t times)
{
	uint64_t fraction = number->fraction;
	uint64_t factor = (uint64_t)times;
	uint64_t whole;
	int i;

	for (i = 0; i < number->digits; i++) {
		/* 10 to the power of digits out of the product, bit by bit of
		   what it has. */
		if (factor % 10 == 0)
			factor /= 10;
		else if (fraction % 10 == 0)
			fraction /= 10;
		else
			return false;
	}
	if (__builtin_mul_overflow(number->whole, (uint64_t)times, &whole) ||
		__builtin_mul_overflow(fraction, factor, &fraction) ||
		__builtin_add_overflow(whole, fraction, &whole))
		return false;
	/* A cookie or mask may have its highest bit. */
	if (number->negative ? whole > (uint64_t)INT64_MAX + 1
			     : whole > INT64_MAX && times != 1)
		return false;
	*out = number->negative ? (int64_t)(0 - whole) : (int64_t)whole;
	return true;
}

static int64_t
find_suffix(struct pier__span rest, bool of_time)
{
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (suffixes[i].of_time == of_time &&
			strlen(suffixes[i].suffix) == pier__span_len(rest) &&
			pier__span_starts(rest, suffixes[i].suffix))
			return suffixes[i].times;
	return 0;
}

static int
read_suffix(int64_t *out, const struct number *number, struct pier__span rest,
	const struct pier__spot *spot, struct pier__why *why)
{
	int64_t times = spot->scale > 0 ? spot->scale : 1;

	if (rest.begin < rest.end) {
		times = spot->scale > 0      ? find_suffix(rest, true)
			: *spot->unit == 'B' ? find_suffix(rest, false)
					     : 0;
		if (times == 0)
			return pier__why_set(why, rest.begin,
				"\"%.*s\" is no unit of it",
				pier__span_quote(rest), pier__span_at(rest));
	}
	if (!multiply(out, number, times))
		return pier__why_set(
			why, rest.begin, "it is no whole number, or too large");
	return 0;
}

int
pier__option_read_number(int64_t *out, struct pier__span text,
	const struct pier__spot *spot, struct pier__why *why)
{
	struct number number = { .negative = pier__span_starts(text, "-") };
	struct pier__span rest = text;

	if (number.negative)
		rest.begin++;
	if (!take_hex(&number, &rest) &&
		(rest.begin > text.begin + 1 || !take_decimal(&number, &rest)))
		return pier__why_set(why, text.begin, "it is no number");
	return read_suffix(out, &number, rest, spot, why);
}

bool
pier__option_next_word(
	struct pier__span *rest, struct pier__span *word, int64_t *number)
{
	static const struct pier__spot plain = { .unit = "" };
	struct pier__why why;
	size_t space, equals;

	if (rest->begin >= rest->end)
		return false;
	space = pier__span_find(*rest, ' ');
	equals = pier__span_find(*rest, '=');
	*word = pier__span_cut(*rest, rest->begin, equals);
	*number = 0;
	(void)pier__option_read_number(
		number, pier__span_cut(*rest, equals + 1, space), &plain, &why);
	rest->begin = space < rest->end ? space + 1 : space;
	return true;
}
