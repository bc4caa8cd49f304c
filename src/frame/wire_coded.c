/* SPDX-License-Identifier: MIT */
/*
 * frame/wire_coded.c - any data, and a terminator that is kept out of it: by an
 * escape before what would be taken for it, or by base64.
 *
 * With escapes it is enough to keep the first byte of the terminator out: then
 * such a byte, without an escape before it, always begins one. A terminator that
 * base64 could not make up alone first stands where it ends the data, as the
 * first byte that base64 lacks is one of its own.
 */
#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "frame/wire.h"

static enum pier__found
bad(struct pier__scan *scan, size_t at, const char *expected)
{
	scan->looked = at;
	scan->wrong = expected;
	return PIER__FOUND_BAD;
}

/* At the first byte of a terminator: is it one? */
static enum pier__found
try_end(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	size_t size = wire->terminator_size;
	size_t left = have - scan->looked;
	size_t same = 0;

	while (same < left && same < size &&
		at[scan->looked + same] == wire->terminator[same])
		same++;
	if (same == size) {
		scan->body = scan->looked;
		scan->size = scan->looked + size;
		return PIER__FOUND_WHOLE;
	}
	if (same == left)
		return PIER__FOUND_PART;
	return bad(scan, scan->looked + same, "the rest of the terminator");
}

/* At an escape: one byte of data? True: go on. */
static bool
take_escape(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have, enum pier__found *found)
{
	unsigned char next;

	*found = PIER__FOUND_PART;
	if (scan->looked + 1 == have)
		return false;
	next = at[scan->looked + 1];
	if (next != wire->escape && next != wire->terminator[0] &&
		!scan->dropping) {
		*found = bad(scan, scan->looked + 1,
			wire->escape == '\\'
				? "'\\' or a terminator after '\\'"
				: "0x1b or a terminator after 0x1b");
		return false;
	}
	scan->looked += 2;
	return true;
}

static enum pier__found
scan_escape(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	enum pier__found found;

	scan->escape = wire->escape;
	while (scan->looked < have) {
		size_t place = scan->looked;

		if (at[place] == wire->escape) {
			if (!take_escape(wire, scan, at, have, &found))
				return found;
		} else if (at[place] == wire->terminator[0]) {
			found = try_end(wire, scan, at, have);
			if (found != PIER__FOUND_BAD || !scan->dropping)
				return found;
			scan->looked = place + 1;
		} else {
			scan->looked++;
		}
		scan->length++;
		if (scan->length > wire->max && !scan->dropping)
			return PIER__FOUND_LONG;
	}
	return PIER__FOUND_PART;
}

static bool
decode_escape(
	struct pier__scan *scan, unsigned char *out, const unsigned char *body)
{
	const unsigned char *end = body + scan->body;

	for (; body < end; body++) {
		if (*body == scan->escape)
			body++;
		*out++ = *body;
	}
	return true;
}

static size_t
encode_escape(const struct pier__wire *wire, struct pier__encoding *state,
	const unsigned char *data, size_t size, unsigned char *out, size_t room)
{
	unsigned char *at = out;

	while (state->from < size && at + 2 <= out + room) {
		unsigned char c = data[state->from++];

		if (c == wire->escape || c == wire->terminator[0])
			*at++ = wire->escape;
		*at++ = c;
	}
	return (size_t)(at - out);
}

static size_t
escaped_max(size_t size)
{
	return 2 * size;
}

/* What is no base64 is found when it is decoded. */
static enum pier__found
scan_base64(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	enum pier__found found =
		pier__scan_for(scan, at, have, wire->terminator,
			wire->terminator_size, pier__base64_size(wire->max));

	if (found != PIER__FOUND_WHOLE)
		return found;
	scan->length = pier__base64_length(at, scan->body);
	return scan->length > wire->max && !scan->dropping ? PIER__FOUND_LONG
							   : found;
}

static bool
decode_base64(
	struct pier__scan *scan, unsigned char *out, const unsigned char *body)
{
	size_t good = pier__base64_decode(out, body, scan->body);

	if (good == scan->body)
		return true;
	scan->looked = good;
	scan->wrong = scan->body % 4 != 0 && good + 1 == scan->body
			      ? "base64 in groups of four"
			      : "base64";
	return false;
}

static size_t
encode_base64(const struct pier__wire *wire, struct pier__encoding *state,
	const unsigned char *data, size_t size, unsigned char *out, size_t room)
{
	size_t left = size - state->from;
	size_t some = room / 4 * 3;

	(void)wire;
	if (some > left)
		some = left;
	if (some == 0)
		return 0;
	pier__base64_encode(out, data + state->from, some);
	state->from += some;
	return pier__base64_size(some);
}

const struct pier__wire_ops pier__wire_escape = {
	.scan = scan_escape,
	.decode = decode_escape,
	.ends = pier__ends_terminator,
	.encode = encode_escape,
	.encoded_max = escaped_max,
	.resyncs = true,
};

const struct pier__wire_ops pier__wire_base64 = {
	.scan = scan_base64,
	.decode = decode_base64,
	.ends = pier__ends_terminator,
	.encode = encode_base64,
	.encoded_max = pier__base64_size,
	.resyncs = true,
};
