/* SPDX-License-Identifier: MIT */
/*
 * frame/wire_stuffed.c - messages that end at a byte which is encoded away in
 * the data: SLIP (RFC 1055) and COBS (Cheshire and Baker, IEEE/ACM Transactions
 * on Networking 7(2), 1999).
 *
 * Both may come with more of these bytes than are needed: a sender begins with
 * one so that noise before it is no part of its message.
 */
#include <string.h>

#include "frame/wire.h"

#define END     0xc0
#define ESC     0xdb
#define ESC_END 0xdc
#define ESC_ESC 0xdd

/* Bytes of one group, and its code. */
#define GROUP 255

static enum pier__found
bad(struct pier__scan *scan, size_t at, const char *expected)
{
	scan->looked = at;
	scan->wrong = expected;
	return PIER__FOUND_BAD;
}

/* Up to `end`; what begins with it is filler. */
static enum pier__found
scan_stuffed(struct pier__scan *scan, const unsigned char *at, size_t have,
	unsigned char end, size_t most)
{
	size_t size = 0;

	while (size < have && at[size] == end && scan->looked == 0 &&
		!scan->dropping)
		size++;
	if (size > 0) {
		scan->size = size;
		return PIER__FOUND_FILLER;
	}
	return pier__scan_for(scan, at, have, &end, 1, most);
}

static enum pier__found
judge(const struct pier__wire *wire, const struct pier__scan *scan)
{
	return scan->length > wire->max ? PIER__FOUND_LONG : PIER__FOUND_WHOLE;
}

static enum pier__found
scan_slip(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	enum pier__found found =
		scan_stuffed(scan, at, have, END, 2 * wire->max);
	size_t i;

	if (found != PIER__FOUND_WHOLE || scan->dropping)
		return found;
	scan->length = 0;
	for (i = 0; i < scan->body; i++) {
		if (at[i] == ESC) {
			i++;
			if (at[i] != ESC_END && at[i] != ESC_ESC)
				return bad(scan, i, "0xdc or 0xdd after 0xdb");
		}
		scan->length++;
	}
	return judge(wire, scan);
}

static bool
decode_slip(
	struct pier__scan *scan, unsigned char *out, const unsigned char *body)
{
	const unsigned char *end = body + scan->body;

	for (; body < end; body++) {
		if (*body != ESC) {
			*out++ = *body;
			continue;
		}
		body++;
		*out++ = *body == ESC_END ? END : ESC;
	}
	return true;
}

static size_t
encode_slip(const struct pier__wire *wire, struct pier__encoding *state,
	const unsigned char *data, size_t size, unsigned char *out, size_t room)
{
	unsigned char *at = out;

	(void)wire;
	while (state->from < size && at + 2 <= out + room) {
		unsigned char c = data[state->from++];

		if (c == END || c == ESC) {
			*at++ = ESC;
			c = c == END ? ESC_END : ESC_ESC;
		}
		*at++ = c;
	}
	return (size_t)(at - out);
}

static size_t
slip_max(size_t size)
{
	return 2 * size;
}

static int
check_slip(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__why *why)
{
	(void)wire;
	(void)data;
	if (size > 0)
		return 0;
	return pier__why_set(why, 0,
		"an empty message: slip has none, a receiver drops them");
}

static void
ends_slip(const struct pier__wire *wire, const unsigned char *data, size_t size,
	struct pier__ends *out)
{
	(void)wire;
	(void)data;
	(void)size;
	out->head[0] = END;
	out->head_size = 1;
	out->tail[0] = END;
	out->tail_size = 1;
}

/* One code for each group, and one more when the last is full. */
static size_t
cobs_max(size_t size)
{
	return size + size / (GROUP - 1) + 1;
}

static enum pier__found
scan_cobs(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	enum pier__found found =
		scan_stuffed(scan, at, have, 0, cobs_max(wire->max));
	size_t i = 0;

	if (found != PIER__FOUND_WHOLE || scan->dropping)
		return found;
	scan->length = 0;
	while (i < scan->body) {
		size_t code = at[i];

		if (code > scan->body - i)
			return bad(scan, scan->body,
				"as many bytes as the code of the group says");
		i += code;
		/* Behind a group there is a zero, unless it is full or last. */
		scan->length += code - (code == GROUP || i == scan->body);
	}
	return judge(wire, scan);
}

static bool
decode_cobs(
	struct pier__scan *scan, unsigned char *out, const unsigned char *body)
{
	const unsigned char *end = body + scan->body;

	while (body < end) {
		size_t code = *body++;

		memmove(out, body, code - 1);
		out += code - 1;
		body += code - 1;
		if (code < GROUP && body < end)
			*out++ = 0;
	}
	return true;
}

/* One group: up to a zero, which its code stands for, or full. */
static size_t
put_group(struct pier__encoding *state, const unsigned char *data, size_t size,
	unsigned char *out)
{
	size_t left = size - state->from;
	size_t most = left < GROUP - 1 ? left : GROUP - 1;
	const unsigned char *begin = data + state->from;
	const unsigned char *zero = most > 0 ? memchr(begin, 0, most) : NULL;
	size_t count = zero != NULL ? (size_t)(zero - begin) : most;

	out[0] = (unsigned char)(count + 1);
	if (count > 0)
		memcpy(out + 1, begin, count);
	state->from += count + (zero != NULL);
	/* After a zero there is a group, be it empty. */
	state->closed = zero == NULL;
	return count + 1;
}

static size_t
encode_cobs(const struct pier__wire *wire, struct pier__encoding *state,
	const unsigned char *data, size_t size, unsigned char *out, size_t room)
{
	size_t used = 0;

	(void)wire;
	while (room - used >= GROUP && (state->from < size || !state->closed))
		used += put_group(state, data, size, out + used);
	return used;
}

static void
ends_cobs(const struct pier__wire *wire, const unsigned char *data, size_t size,
	struct pier__ends *out)
{
	(void)wire;
	(void)data;
	(void)size;
	out->tail[0] = 0;
	out->tail_size = 1;
}

const struct pier__wire_ops pier__wire_slip = {
	.scan = scan_slip,
	.decode = decode_slip,
	.check = check_slip,
	.ends = ends_slip,
	.encode = encode_slip,
	.encoded_max = slip_max,
	.resyncs = true,
};

const struct pier__wire_ops pier__wire_cobs = {
	.scan = scan_cobs,
	.decode = decode_cobs,
	.ends = ends_cobs,
	.encode = encode_cobs,
	.encoded_max = cobs_max,
	.resyncs = true,
};
