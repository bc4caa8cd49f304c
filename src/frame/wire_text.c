/* SPDX-License-Identifier: MIT */
/* frame/wire_text.c - framings as text: "decimal:6:left", "delim:\r\n". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/wire.h"
#include "task/failure.h"

/* What may follow the name of a kind. */
enum parts {
	NOTHING,
	CRLF,       /* [:crlf] */
	TERMINATOR, /* [:STRING] */
	STRING,     /* :STRING */
	SIZE,       /* :SIZE */
	WIDTH       /* :WIDTH[:zero|left|right] */
};

struct form {
	const char *name;
	enum pier_frame_kind kind;
	enum parts parts;
	const char *text;
};

static const struct form forms[] = {
	{ "line", PIER_FRAME_LINE, CRLF, "line[:crlf]" },
	{ "nul", PIER_FRAME_NUL, NOTHING, "nul" },
	{ "delim", PIER_FRAME_DELIM, STRING, "delim:STRING" },
	{ "fixed", PIER_FRAME_FIXED, SIZE, "fixed:SIZE" },
	{ "escape", PIER_FRAME_ESCAPE, TERMINATOR, "escape[:STRING]" },
	{ "base64", PIER_FRAME_BASE64, TERMINATOR, "base64[:STRING]" },
	{ "announce", PIER_FRAME_ANNOUNCE, TERMINATOR, "announce[:STRING]" },
	{ "u8", PIER_FRAME_U8, NOTHING, "u8" },
	{ "u16le", PIER_FRAME_U16LE, NOTHING, "u16le" },
	{ "u16be", PIER_FRAME_U16BE, NOTHING, "u16be" },
	{ "u32le", PIER_FRAME_U32LE, NOTHING, "u32le" },
	{ "u32be", PIER_FRAME_U32BE, NOTHING, "u32be" },
	{ "u64le", PIER_FRAME_U64LE, NOTHING, "u64le" },
	{ "u64be", PIER_FRAME_U64BE, NOTHING, "u64be" },
	{ "varint", PIER_FRAME_VARINT, NOTHING, "varint" },
	{ "decimal", PIER_FRAME_DECIMAL, WIDTH,
		"decimal:WIDTH[:zero|left|right]" },
	{ "netstring", PIER_FRAME_NETSTRING, NOTHING, "netstring" },
	{ "slip", PIER_FRAME_SLIP, NOTHING, "slip" },
	{ "cobs", PIER_FRAME_COBS, NOTHING, "cobs" },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static const char *const paddings[] = {
	[PIER_FRAME_ZERO] = "zero",
	[PIER_FRAME_LEFT] = "left",
	[PIER_FRAME_RIGHT] = "right",
};

/* Bytes with a letter of their own. */
static const struct {
	char letter;
	char byte;
} letters[] = { { 'n', '\n' }, { 'r', '\r' }, { 't', '\t' }, { '0', '\0' },
	{ '\\', '\\' } };

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

const char *
pier_frame_form(size_t index)
{
	return index < FORMS ? forms[index].text : NULL;
}

static int
unknown(struct pier__span name, struct pier__why *why)
{
	return pier__why_set(why, name.begin,
		"unknown framing \"%.*s\": pier knows line, nul, delim, fixed, "
		"escape, base64, announce, u8, u16le to u64be, varint, "
		"decimal, netstring, slip and cobs",
		pier__span_quote(name), pier__span_at(name));
}

static const struct form *
form_of(struct pier__span name)
{
	size_t i;

	for (i = 0; i < FORMS; i++)
		if (pier__span_len(name) == strlen(forms[i].name) &&
			pier__span_starts(name, forms[i].name))
			return &forms[i];
	return NULL;
}

/* The byte after a '\' at span->begin, which moves past it; or -1. */
static int
escaped_byte(struct pier__span *span)
{
	const char *at = pier__span_at(*span);
	size_t i;

	if (pier__span_len(*span) < 2)
		return -1;
	for (i = 0; i < LETTERS; i++) {
		if (at[1] == letters[i].letter) {
			span->begin += 2;
			return (unsigned char)letters[i].byte;
		}
	}
	if (at[1] != 'x' || pier__span_len(*span) < 4 ||
		pier__hex_value(at[2]) < 0 || pier__hex_value(at[3]) < 0)
		return -1;
	span->begin += 4;
	return pier__hex_value(at[2]) * 16 + pier__hex_value(at[3]);
}

static int
parse_string(
	struct pier_framing *out, struct pier__span rest, struct pier__why *why)
{
	size_t begin = rest.begin;

	if (rest.begin == rest.end)
		return pier__why_set(why, rest.begin,
			"a terminator of 1 to %d bytes was expected after ':'",
			PIER_FRAME_TERMINATOR_MAX);
	while (rest.begin < rest.end) {
		int byte = (unsigned char)*pier__span_at(rest);

		if (out->terminator_size == PIER_FRAME_TERMINATOR_MAX)
			return pier__why_set(why, begin,
				"a terminator of more than %d bytes",
				PIER_FRAME_TERMINATOR_MAX);
		if (byte == '\\')
			byte = escaped_byte(&rest);
		else
			rest.begin++;
		if (byte < 0)
			return pier__why_set(why, rest.begin,
				"\"%.*s\": \\n, \\r, \\t, \\0, \\\\ or \\xHH "
				"was expected",
				pier__span_len(rest) < 4
					? (int)pier__span_len(rest)
					: 4,
				pier__span_at(rest));
		out->terminator[out->terminator_size++] = (unsigned char)byte;
	}
	return 0;
}

/* What a number of bytes ends in, and stands for; 0: no such unit. */
static size_t
unit_of(struct pier__span unit)
{
	static const struct {
		const char *name;
		size_t bytes;
	} units[] = { { "", 1 }, { "k", 1000 }, { "M", 1000000 },
		{ "G", 1000000000 }, { "Ki", (size_t)1 << 10 },
		{ "Mi", (size_t)1 << 20 }, { "Gi", (size_t)1 << 30 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (pier__span_len(unit) == strlen(units[i].name) &&
			pier__span_starts(unit, units[i].name))
			return units[i].bytes;
	return 0;
}

static int
parse_size(
	struct pier_framing *out, struct pier__span rest, struct pier__why *why)
{
	struct pier__span digits = rest, unit = rest;
	int64_t number;
	size_t times;

	while (unit.begin < unit.end && unit.text[unit.begin] >= '0' &&
		unit.text[unit.begin] <= '9')
		unit.begin++;
	digits.end = unit.begin;
	number = pier__span_number(digits, (int64_t)PIER_FRAME_MAX_MOST);
	times = unit_of(unit);
	if (number < 0 || times == 0)
		return pier__why_set(why, number < 0 ? rest.begin : unit.begin,
			"\"%.*s\": a size in bytes was expected, 512, 64k or "
			"1Mi",
			pier__span_quote(rest), pier__span_at(rest));
	if (number == 0 || (size_t)number > PIER_FRAME_MAX_MOST / times)
		return pier__why_set(why, rest.begin,
			"\"%.*s\": a size of 1 byte to 1Gi was expected",
			pier__span_quote(rest), pier__span_at(rest));
	out->size = (size_t)number * times;
	return 0;
}

static int
parse_padding(
	struct pier_framing *out, struct pier__span rest, struct pier__why *why)
{
	size_t i;

	for (i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
		if (pier__span_len(rest) == strlen(paddings[i]) &&
			pier__span_starts(rest, paddings[i])) {
			out->padding = (enum pier_frame_padding)i;
			return 0;
		}
	}
	return pier__why_set(why, rest.begin,
		"\"%.*s\": zero, left or right was expected",
		pier__span_quote(rest), pier__span_at(rest));
}

static int
parse_width(
	struct pier_framing *out, struct pier__span rest, struct pier__why *why)
{
	struct pier__span width = rest;
	int64_t number;

	width.end = pier__span_find(rest, ':');
	number = pier__span_number(width, 20);
	if (number < 1 || number > 20)
		return pier__why_set(why, width.begin,
			"\"%.*s\": a width of 1 to 20 digits was expected",
			pier__span_quote(width), pier__span_at(width));
	out->width = (unsigned)number;
	return width.end == rest.end
		       ? 0
		       : parse_padding(out,
				 pier__span_cut(rest, width.end + 1, rest.end),
				 why);
}

static int
parse_crlf(
	struct pier_framing *out, struct pier__span rest, struct pier__why *why)
{
	if (pier__span_len(rest) != 4 || !pier__span_starts(rest, "crlf"))
		return pier__why_set(why, rest.begin,
			"\"%.*s\": \"line\" or \"line:crlf\" was expected",
			pier__span_quote(rest), pier__span_at(rest));
	memcpy(out->terminator, "\r\n", 2);
	out->terminator_size = 2;
	return 0;
}

/* What stands behind the ':'. */
static int
parse_rest(struct pier_framing *out, const struct form *form,
	struct pier__span rest, struct pier__why *why)
{
	switch (form->parts) {
	case CRLF:
		return parse_crlf(out, rest, why);
	case TERMINATOR:
	case STRING:
		return parse_string(out, rest, why);
	case SIZE:
		return parse_size(out, rest, why);
	case WIDTH:
		return parse_width(out, rest, why);
	case NOTHING:
	default:
		return pier__why_set(why, rest.begin - 1,
			"nothing was expected after \"%s\"", form->name);
	}
}

static int
parse(struct pier_framing *out, const char *text, struct pier__why *why)
{
	struct pier__span all = pier__span_of(text), name = all;
	const struct form *form;
	struct pier__wire wire;
	int rc = 0;

	name.end = pier__span_find(all, ':');
	form = form_of(name);
	if (form == NULL)
		return unknown(name, why);
	*out = (struct pier_framing){ .kind = form->kind };
	if (name.end < all.end)
		rc = parse_rest(out, form,
			pier__span_cut(all, name.end + 1, all.end), why);
	else if (form->parts >= STRING)
		rc = pier__why_set(why, all.end, "\"%s\": %s was expected",
			form->name, form->text);
	if (rc == 0) {
		rc = pier__wire_of(&wire, out, sizeof(*out), why);
		why->offset = rc < 0 && name.end < all.end ? name.end + 1 : 0;
	}
	return rc;
}

int
pier_frame_parse_sized(struct pier_framing *out, size_t size, const char *text)
{
	struct pier_framing framing;
	struct pier__why why = { 0 };
	int rc = parse(&framing, text, &why);

	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	memset(out, 0, size);
	memcpy(out, &framing, size < sizeof(framing) ? size : sizeof(framing));
	return 0;
}

/* One byte of a terminator, as parse_string() reads it. */
static int
put_byte(char *out, size_t room, unsigned char byte)
{
	size_t i;

	for (i = 0; i < LETTERS; i++)
		if (byte == (unsigned char)letters[i].byte)
			return snprintf(out, room, "\\%c", letters[i].letter);
	return byte >= ' ' && byte <= '~'
		       ? snprintf(out, room, "%c", byte)
		       : snprintf(out, room, "\\x%02x", byte);
}

static void
put_terminator(char *out, size_t room, const struct pier__wire *wire)
{
	size_t used = strlen(out), i;

	used += (size_t)snprintf(out + used, room - used, ":");
	for (i = 0; i < wire->terminator_size; i++)
		used += (size_t)put_byte(
			out + used, room - used, wire->terminator[i]);
}

/* out has room for every one. */
static void
put_rest(
	char *out, size_t room, const struct pier__wire *wire, enum parts parts)
{
	bool newline =
		wire->terminator_size == 1 && wire->terminator[0] == '\n';
	size_t used = strlen(out);

	if (parts == CRLF && !newline)
		(void)snprintf(out + used, room - used, ":crlf");
	else if (parts == STRING || (parts == TERMINATOR && !newline))
		put_terminator(out, room, wire);
	else if (parts == SIZE)
		(void)snprintf(out + used, room - used, ":%zu", wire->size);
	else if (parts == WIDTH)
		(void)snprintf(out + used, room - used, ":%d:%s", wire->width,
			paddings[wire->padding]);
}

int
pier_frame_format_sized(const struct pier_framing *framing, size_t framing_size,
	char *buf, size_t size)
{
	char text[PIER_FRAME_TEXT_MAX];
	struct pier__wire wire;
	struct pier__why why;
	size_t i, length;
	int rc = pier__wire_of(&wire, framing, framing_size, &why);

	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_FRAME, NULL, why.text);
	for (i = 0; forms[i].kind != wire.kind; i++)
		;
	(void)snprintf(text, sizeof(text), "%s", forms[i].name);
	put_rest(text, sizeof(text), &wire, forms[i].parts);
	length = strlen(text);
	if (length >= size)
		return pier__fail_step(-ENOSPC, PIER_STEP_FRAME, NULL, NULL);
	memcpy(buf, text, length + 1);
	return (int)length;
}
