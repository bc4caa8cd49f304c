/* SPDX-License-Identifier: MIT */
/*
 * IPv4 text. Only four decimal parts are an address. The other forms that
 * inet_aton() knows are recognised in order to say which one it is and how
 * the address is written properly.
 */
#include "addr/ip4.h"

#include <pier/order.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#define PARTS 4

enum form {
	DECIMAL,
	OCTAL,
	HEX
};

struct part {
	struct pier__span span;
	enum form form;
	uint64_t value;   /* by its form; UINT32_MAX + 1 if too large */
	uint64_t decimal; /* all digits taken as decimal; valid unless HEX */
};

struct parts {
	struct part part[PARTS];
	size_t count; /* may be above PARTS, the rest is not kept */
	size_t fifth; /* the offset of the part after the last kept one */
};

static uint64_t
digits_value(struct pier__span digits, unsigned int base)
{
	uint64_t value = 0;
	size_t i;

	for (i = digits.begin; i < digits.end; i++) {
		value = value * base +
			(uint64_t)pier__hex_value(digits.text[i]);
		if (value > UINT32_MAX)
			return (uint64_t)UINT32_MAX + 1;
	}
	return value;
}

static bool
all_digits(struct pier__span span)
{
	return pier__span_number(span, 9) >= 0;
}

/* "0x" alone counts: what it means differs from one reader to the next. */
static bool
is_hex(struct pier__span span)
{
	size_t i;

	if (pier__span_len(span) < 2 || span.text[span.begin] != '0' ||
		(span.text[span.begin + 1] | 0x20) != 'x')
		return false;
	for (i = span.begin + 2; i < span.end; i++)
		if (pier__hex_value(span.text[i]) < 0)
			return false;
	return true;
}

bool
pier__ip4_is_meant(struct pier__span span)
{
	size_t i = span.end;

	if (i > span.begin && span.text[i - 1] == '.')
		span.end = --i;
	while (i > span.begin && span.text[i - 1] != '.')
		i--;
	span.begin = i;
	return all_digits(span) || is_hex(span);
}

static int
read_part(struct part *part, struct pier__why *why)
{
	struct pier__span span = part->span;
	struct pier__span hex = span;

	if (span.begin == span.end)
		return pier__why_set(
			why, span.begin, "a part of the IPv4 address is empty");
	if (is_hex(span)) {
		part->form = HEX;
		hex.begin += 2;
		part->value = digits_value(hex, 16);
		return 0;
	}
	if (!all_digits(span))
		return pier__why_set(why, span.begin,
			"\"%.*s\" is not a part of an IPv4 address",
			pier__span_quote(span), pier__span_at(span));
	part->decimal = digits_value(span, 10);
	part->form = DECIMAL;
	part->value = part->decimal;
	if (pier__span_len(span) > 1 && span.text[span.begin] == '0') {
		part->form = OCTAL;
		part->value = digits_value(span, 8);
	}
	return 0;
}

static int
read_parts(struct parts *parts, struct pier__span span, struct pier__why *why)
{
	struct pier__span rest = span;
	size_t dot;
	int rc;

	parts->count = 0;
	do {
		dot = pier__span_find(rest, '.');
		if (parts->count < PARTS) {
			struct part *part = &parts->part[parts->count];

			part->span = pier__span_cut(rest, rest.begin, dot);
			rc = read_part(part, why);
			if (rc < 0)
				return rc;
		} else if (parts->count == PARTS) {
			parts->fifth = rest.begin;
		}
		parts->count++;
		rest.begin = dot + 1;
	} while (dot < span.end);
	return 0;
}

/* What inet_aton() reads: the last part fills all the bytes that are left. */
static bool
classic_value(uint32_t *out, const struct parts *parts, bool decimal)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < parts->count; i++) {
		const struct part *part = &parts->part[i];
		uint64_t this = decimal && part->form == OCTAL ? part->decimal
							       : part->value;
		unsigned int bits = (unsigned int)(8 * (PARTS - i));
		bool last = i + 1 == parts->count;

		if (this >= (uint64_t)1 << (last ? bits : 8))
			return false;
		value |= last ? this : this << (bits - 8);
	}
	*out = (uint32_t)value;
	return true;
}

static void
value_text(char out[PIER__IP4_TEXT_MAX], uint32_t value)
{
	unsigned char bytes[4] = { value >> 24 & 255, value >> 16 & 255,
		value >> 8 & 255, value & 255 };

	(void)pier__ip4_text(out, bytes);
}

static int
refuse_form(const struct parts *parts, struct pier__span span, size_t offset,
	const char *form, struct pier__why *why)
{
	char classic[PIER__IP4_TEXT_MAX], plain[PIER__IP4_TEXT_MAX];
	uint32_t value, decimal;
	bool known = classic_value(&value, parts, false);

	if (!known)
		return pier__why_set(why, offset,
			"\"%.*s\" is %s IPv4 and out of range",
			pier__span_quote(span), pier__span_at(span), form);
	value_text(classic, value);
	/* Whoever pads with zeros means decimal; show both readings. */
	if (!classic_value(&decimal, parts, true) || decimal == value)
		return pier__why_set(why, offset,
			"\"%.*s\" is %s IPv4, which is refused: write %s",
			pier__span_quote(span), pier__span_at(span), form,
			classic);
	value_text(plain, decimal);
	return pier__why_set(why, offset,
		"\"%.*s\" is %s IPv4, which is refused: write %s or %s",
		pier__span_quote(span), pier__span_at(span), form, classic,
		plain);
}

static int
check_forms(const struct parts *parts, struct pier__span span,
	struct pier__why *why)
{
	size_t i;

	if (parts->count > PARTS)
		return pier__why_set(why, parts->fifth,
			"an IPv4 address has 4 parts, not %zu", parts->count);
	for (i = 0; i < parts->count; i++)
		if (parts->part[i].form == HEX)
			return refuse_form(parts, span,
				parts->part[i].span.begin, "hexadecimal", why);
	for (i = 0; i < parts->count; i++)
		if (parts->part[i].form == OCTAL)
			return refuse_form(parts, span,
				parts->part[i].span.begin, "octal", why);
	if (parts->count < PARTS)
		return refuse_form(parts, span, span.begin, "short", why);
	for (i = 0; i < parts->count; i++)
		if (parts->part[i].value > 255)
			return pier__why_set(why, parts->part[i].span.begin,
				"%.*s is out of range 0-255",
				pier__span_quote(parts->part[i].span),
				pier__span_at(parts->part[i].span));
	return 0;
}

int
pier__ip4_parse(
	unsigned char out[4], struct pier__span span, struct pier__why *why)
{
	struct parts parts;
	size_t i;
	int rc;

	rc = read_parts(&parts, span, why);
	if (rc < 0)
		return rc;
	rc = check_forms(&parts, span, why);
	if (rc < 0)
		return rc;
	for (i = 0; i < PARTS; i++)
		out[i] = (unsigned char)parts.part[i].value;
	return 0;
}

/* An octal part has no 8 and no 9, and "0x" is no number. */
static const struct part *
no_number(const struct parts *parts)
{
	size_t i, k;

	for (i = 0; i < parts->count; i++) {
		const struct part *part = &parts->part[i];

		if (part->form == HEX && pier__span_len(part->span) == 2)
			return part;
		for (k = part->span.begin; k < part->span.end; k++)
			if (part->form == OCTAL && part->span.text[k] > '7')
				return part;
	}
	return NULL;
}

int
pier__ip4_parse_classic(
	unsigned char out[4], struct pier__span span, struct pier__why *why)
{
	const struct part *wrong;
	struct parts parts;
	uint32_t value;
	int rc = read_parts(&parts, span, why);

	if (rc < 0)
		return rc;
	if (parts.count > PARTS)
		return pier__why_set(why, parts.fifth,
			"an IPv4 address has at most 4 parts, not %zu",
			parts.count);
	wrong = no_number(&parts);
	if (wrong != NULL)
		return pier__why_set(why, wrong->span.begin, "\"%.*s\" is %s",
			pier__span_quote(wrong->span),
			pier__span_at(wrong->span),
			wrong->form == HEX
				? "hexadecimal without a digit"
				: "octal by its 0, and holds an 8 or 9");
	if (!classic_value(&value, &parts, false))
		return pier__why_set(why, span.begin,
			"\"%.*s\" has a part that is out of range",
			pier__span_quote(span), pier__span_at(span));
	pier_be32_put(out, value);
	return 0;
}

size_t
pier__ip4_text(char out[PIER__IP4_TEXT_MAX], const unsigned char bytes[4])
{
	return (size_t)snprintf(out, PIER__IP4_TEXT_MAX, "%u.%u.%u.%u",
		bytes[0], bytes[1], bytes[2], bytes[3]);
}
