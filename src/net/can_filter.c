/* SPDX-License-Identifier: MIT */
/*
 * net/can_filter.c - filters of CAN frames: as text, in candump's syntax, and what
 * they let through.
 */
#include <errno.h>
#include <string.h>

#include "net/can_wire.h"
#include "task/failure.h"

#define DIGITS_MAX 8

/* A hexadecimal number of the whole span. 0 or -EINVAL. */
static int
hex_number(uint32_t *out, struct pier__span span, const char *what,
	struct pier__why *why)
{
	uint32_t value = 0;
	size_t i;

	if (span.begin == span.end)
		return pier__why_set(
			why, span.begin, "the %s is missing", what);
	for (i = span.begin; i < span.end; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0)
			return pier__why_set(why, i,
				"this is no hexadecimal digit of the %s", what);
		if (i - span.begin == DIGITS_MAX)
			return pier__why_set(why, span.begin,
				"the %s has at most %d hexadecimal digits",
				what, DIGITS_MAX);
		value = value << 4 | (uint32_t)digit;
	}
	*out = value;
	return 0;
}

static int
take_pair(struct pier_can_filters *out, struct pier__span span, char between,
	struct pier__why *why)
{
	size_t at = pier__span_find(span, between);
	struct pier_can_filter filter = { .inverse = between == '~' };
	int rc;

	if (out->count == PIER_CAN_FILTERS_MAX)
		return pier__why_set(why, span.begin,
			"there are at most %d filters", PIER_CAN_FILTERS_MAX);
	rc = hex_number(&filter.id, pier__span_cut(span, span.begin, at),
		"identifier", why);
	if (rc == 0)
		rc = hex_number(&filter.mask,
			pier__span_cut(span, at + 1, span.end), "mask", why);
	if (rc < 0)
		return rc;
	if (at - span.begin == DIGITS_MAX)
		filter.id |= PIER_CAN_FILTER_EXTENDED;
	/* Those two bits are the kernel's signs for something else: error frames
	   have a filter of their own, inverse filters a sign. */
	filter.mask &= ~PIER__CAN_ERROR;
	filter.id &= ~PIER__CAN_ERROR;
	out->list[out->count++] = filter;
	return 0;
}

static int
take_one(struct pier_can_filters *out, struct pier__span span,
	struct pier__why *why)
{
	if (pier__span_is(span, "j")) {
		out->join = true;
		return 0;
	}
	if (pier__span_starts(span, "#"))
		return hex_number(&out->errors,
			pier__span_cut(span, span.begin + 1, span.end),
			"mask of errors", why);
	if (pier__span_find(span, ':') < span.end)
		return take_pair(out, span, ':', why);
	if (pier__span_find(span, '~') < span.end)
		return take_pair(out, span, '~', why);
	return pier__why_set(why, span.begin,
		"a filter is ID:MASK, ID~MASK, #ERRORS or j, in hexadecimal "
		"digits");
}

int
pier__can_filters_parse(struct pier_can_filters *out, struct pier__span span,
	struct pier__why *why)
{
	struct pier_can_filters filters = { .count = 0 };
	int rc;

	do {
		size_t comma = pier__span_find(span, ',');

		rc = take_one(
			&filters, pier__span_cut(span, span.begin, comma), why);
		/* A comma at the end wants another one. */
		span.begin = comma + 1;
	} while (rc == 0 && span.begin <= span.end);
	if (rc == 0)
		*out = filters;
	return rc;
}

int
pier_can_filters_parse(struct pier_can_filters *out, const char *text)
{
	struct pier__why why = { .offset = 0 };
	int rc = pier__can_filters_parse(out, pier__span_of(text), &why);

	return rc < 0 ? pier__fail_parse(rc, text, &why) : 0;
}

bool
pier_can_filters_match(const struct pier_can_filters *filters,
	const struct pier_can_frame *frame)
{
	uint32_t id = pier__can_id(frame);
	size_t i;

	if (frame->error)
		return (frame->id & filters->errors) != 0;
	for (i = 0; i < filters->count; i++) {
		const struct pier_can_filter *filter = &filters->list[i];
		bool holds = ((id ^ filter->id) & filter->mask) == 0;

		holds = holds != filter->inverse;
		/* One that holds is enough; with join, one that does not. */
		if (holds != filters->join)
			return holds;
	}
	return filters->join && filters->count > 0;
}
