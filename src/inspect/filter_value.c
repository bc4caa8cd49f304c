/* SPDX-License-Identifier: MIT */
/*
 * inspect/filter_value.c - numbers with units, as the tool takes them: a bare
 * duration is in seconds, k is 1000 and Ki 1024. What a value would lose is
 * refused, not rounded.
 */
#include "inspect/filter.h"

#include <errno.h>
#include <string.h>

struct suffix {
	const char *text;
	uint64_t factor;
};

static const struct suffix sizes[] = {
	{ "", 1 },
	{ "k", 1000 },
	{ "M", 1000000 },
	{ "G", 1000000000 },
	{ "T", UINT64_C(1000000000000) },
	{ "Ki", 1024 },
	{ "Mi", 1024 * 1024 },
	{ "Gi", 1024 * 1024 * 1024 },
	{ "Ti", UINT64_C(1024) * 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct suffix times[] = {
	{ "", UINT64_C(1000000000) },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", UINT64_C(1000000000) },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ "d", UINT64_C(86400000000000) },
	{ NULL, 0 },
};

static const struct suffix numbers[] = {
	{ "", 1 },
	{ NULL, 0 },
};

/* The digits from span->begin on, which moves; the value so far times ten and
   so on. False: too large. */
static bool
take_digits(uint64_t *value, struct pier__span *span)
{
	for (; span->begin < span->end; span->begin++) {
		unsigned char c = (unsigned char)span->text[span->begin];

		if (c < '0' || c > '9')
			break;
		if (__builtin_mul_overflow(*value, 10U, value) ||
			__builtin_add_overflow(*value, c - '0', value))
			return false;
	}
	return true;
}

static uint64_t
factor_of(const struct suffix *list, struct pier__span suffix)
{
	size_t len = pier__span_len(suffix);

	for (; list->text != NULL; list++) {
		if (strlen(list->text) == len &&
			memcmp(list->text, pier__span_at(suffix), len) == 0)
			return list->factor;
	}
	return 0;
}

/* whole, and fraction of so many digits, in units of factor. */
static bool
combine(uint64_t *out, uint64_t whole, uint64_t fraction, size_t digits,
	uint64_t factor)
{
	uint64_t ten = 1, part;

	while (digits-- > 0) {
		if (__builtin_mul_overflow(ten, 10U, &ten))
			return false;
	}
	if (__builtin_mul_overflow(fraction, factor, &part) || part % ten != 0)
		return false;
	return !__builtin_mul_overflow(whole, factor, &whole) &&
	       !__builtin_add_overflow(whole, part / ten, out);
}

int
pier__filter_quantity(uint64_t *out, struct pier__span text,
	enum pier_unit unit, struct pier__why *why)
{
	bool is_time = unit == PIER_UNIT_MS || unit == PIER_UNIT_US;
	bool is_number = unit == PIER_UNIT_NUMBER;
	const struct suffix *list = is_time     ? times
				    : is_number ? numbers
						: sizes;
	struct pier__span rest = text;
	uint64_t whole = 0, fraction = 0, factor;
	size_t point, digits;
	bool fits = take_digits(&whole, &rest);

	digits = rest.begin - text.begin;
	if (fits && digits > 0 && rest.begin < rest.end &&
		rest.text[rest.begin] == '.') {
		point = ++rest.begin;
		fits = take_digits(&fraction, &rest);
		digits = rest.begin - point;
	} else {
		point = rest.begin;
	}
	if (unit == PIER_UNIT_RATE && pier__span_len(rest) >= 2 &&
		memcmp(rest.text + rest.end - 2, "/s", 2) == 0)
		rest.end -= 2;
	factor = factor_of(list, rest);
	if (!fits || digits == 0 || factor == 0 ||
		!combine(out, whole, fraction, rest.begin - point, factor))
		return pier__why_set(why, text.begin, "'%.*s' is not %s",
			pier__span_quote(text), pier__span_at(text),
			is_time     ? "a duration, such as 50ms or 1.5s"
			: is_number ? "a number"
			: unit == PIER_UNIT_RATE
				? "a rate, such as 10M or 10M/s"
				: "a size, such as 64k or 1Mi");
	return 0;
}
