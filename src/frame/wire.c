/* SPDX-License-Identifier: MIT */
/* frame/wire.c - which framing a caller means, and whether there can be such. */
#include "frame/wire.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"

/* Digits in which every 64-bit length has room. */
#define WIDTH_MAX 20

struct kind {
	const struct pier__wire_ops *ops;
	uint8_t quick;
	bool ended; /* by a terminator of the caller's choice */
	/* Of a binary length. */
	bool little;
	uint8_t width;
};

static const struct kind kinds[] = {
	[PIER_FRAME_LINE] = { &pier__wire_line, PIER__QUICK_BYTE,
		.ended = true },
	[PIER_FRAME_NUL] = { &pier__wire_delim, PIER__QUICK_BYTE },
	[PIER_FRAME_DELIM] = { &pier__wire_delim, .ended = true },
	[PIER_FRAME_FIXED] = { &pier__wire_fixed },
	[PIER_FRAME_ESCAPE] = { &pier__wire_escape, .ended = true },
	[PIER_FRAME_BASE64] = { &pier__wire_base64, .ended = true },
	[PIER_FRAME_ANNOUNCE] = { &pier__wire_announce, .ended = true },
	[PIER_FRAME_U8] = { &pier__wire_binary, PIER__QUICK_WORD, .width = 1 },
	[PIER_FRAME_U16LE] = { &pier__wire_binary, PIER__QUICK_WORD,
		.little = true, .width = 2 },
	[PIER_FRAME_U16BE] = { &pier__wire_binary, PIER__QUICK_WORD,
		.width = 2 },
	[PIER_FRAME_U32LE] = { &pier__wire_binary, PIER__QUICK_WORD,
		.little = true, .width = 4 },
	[PIER_FRAME_U32BE] = { &pier__wire_binary, PIER__QUICK_U32BE,
		.width = 4 },
	[PIER_FRAME_U64LE] = { &pier__wire_binary, PIER__QUICK_WORD,
		.little = true, .width = 8 },
	[PIER_FRAME_U64BE] = { &pier__wire_binary, PIER__QUICK_WORD,
		.width = 8 },
	[PIER_FRAME_VARINT] = { &pier__wire_varint },
	[PIER_FRAME_DECIMAL] = { &pier__wire_decimal },
	[PIER_FRAME_NETSTRING] = { &pier__wire_netstring },
	[PIER_FRAME_SLIP] = { &pier__wire_slip },
	[PIER_FRAME_COBS] = { &pier__wire_cobs },
};

/* The longest message that a length of this width can tell of. */
static size_t
sayable(const struct pier__wire *wire)
{
	size_t most = 1;
	unsigned i;

	if (wire->kind == PIER_FRAME_DECIMAL) {
		for (i = 0; i < wire->width && most <= PIER_FRAME_MAX_MOST; i++)
			most *= 10;
		return most - 1;
	}
	if (wire->width > 0 && wire->width < 4)
		return ((size_t)1 << (8 * wire->width)) - 1;
	return PIER_FRAME_MAX_MOST;
}

static int
set_max(struct pier__wire *out, const struct pier_framing *framing,
	struct pier__why *why)
{
	size_t most = sayable(out);

	if (framing->max > PIER_FRAME_MAX_MOST)
		return pier__why_set(why, 0,
			"max: a message of %zu bytes: at most %zu",
			framing->max, PIER_FRAME_MAX_MOST);
	out->max = framing->max > 0 ? framing->max : PIER_FRAME_MAX_DEFAULT;
	if (out->max > most)
		out->max = most;
	if (out->kind != PIER_FRAME_FIXED)
		return 0;
	most = framing->max > 0 ? framing->max : PIER_FRAME_MAX_MOST;
	if (framing->size == 0 || framing->size > most)
		return pier__why_set(why, 0,
			"size: messages of %zu bytes: 1 to %zu", framing->size,
			most);
	out->size = framing->size;
	out->max = framing->size;
	return 0;
}

static int
set_width(struct pier__wire *out, const struct pier_framing *framing,
	struct pier__why *why)
{
	if (out->kind != PIER_FRAME_DECIMAL)
		return 0;
	if (framing->width < 1 || framing->width > WIDTH_MAX)
		return pier__why_set(why, 0,
			"width: a length of %u digits: 1 to %d", framing->width,
			WIDTH_MAX);
	if ((unsigned)framing->padding > PIER_FRAME_RIGHT)
		return pier__why_set(why, 0, "padding: zero, left or right");
	out->width = (uint8_t)framing->width;
	out->padding = (uint8_t)framing->padding;
	return 0;
}

/* Could base64 make it up? Then nobody knows where the data ends. */
static bool
is_base64(const unsigned char *text, size_t size)
{
	while (size > 0 && pier__base64_has(text[size - 1]))
		size--;
	return size == 0;
}

/* May it end a message of this kind? */
static int
judge_terminator(const struct pier__wire *wire, struct pier__why *why)
{
	unsigned char first = wire->terminator[0];
	size_t size = wire->terminator_size;
	bool newline = first == '\n' && size == 1;

	if (wire->kind == PIER_FRAME_LINE && !newline &&
		!(size == 2 && memcmp(wire->terminator, "\r\n", 2) == 0))
		return pier__why_set(
			why, 0, "terminator: a line is ended by \\n or \\r\\n");
	if (wire->kind == PIER_FRAME_BASE64 &&
		is_base64(wire->terminator, size))
		return pier__why_set(why, 0,
			"terminator: one with a byte that base64 has not was "
			"expected");
	return 0;
}

static int
set_terminator(struct pier__wire *out, const struct pier_framing *framing,
	struct pier__why *why)
{
	unsigned size = framing->terminator_size;

	if (out->kind == PIER_FRAME_NUL)
		out->terminator_size = 1;
	if (!kinds[out->kind].ended)
		return 0;
	if (size > PIER_FRAME_TERMINATOR_MAX ||
		(size == 0 && out->kind == PIER_FRAME_DELIM))
		return pier__why_set(why, 0,
			"terminator: one of %u bytes: 1 to %d", size,
			PIER_FRAME_TERMINATOR_MAX);
	out->terminator[0] = '\n';
	out->terminator_size = (uint8_t)(size > 0 ? size : 1);
	memcpy(out->terminator, framing->terminator, size);
	out->escape = out->terminator[0] == '\\' ? 0x1b : '\\';
	out->end = out->terminator[out->terminator_size - 1];
	if (out->kind == PIER_FRAME_DELIM && size == 1)
		out->quick = PIER__QUICK_BYTE;
	return judge_terminator(out, why);
}

int
pier__wire_of(struct pier__wire *out, const struct pier_framing *given,
	size_t framing_size, struct pier__why *why)
{
	struct pier_framing framing = { 0 };
	const struct kind *kind;
	int rc;

	memcpy(&framing, given,
		framing_size < sizeof(framing) ? framing_size
					       : sizeof(framing));
	if ((unsigned)framing.kind < PIER_FRAME_LINE ||
		(unsigned)framing.kind > PIER_FRAME_COBS)
		return pier__why_set(why, 0, "kind: there is none of number %d",
			(int)framing.kind);
	if ((unsigned)framing.overlong > PIER_FRAME_SKIP)
		return pier__why_set(why, 0, "overlong: refuse or skip");
	kind = &kinds[framing.kind];
	*out = (struct pier__wire){ .ops = kind->ops,
		.kind = (uint8_t)framing.kind,
		.overlong = framing.overlong,
		.quick = kind->quick,
		.little = kind->little,
		.width = kind->width };
	rc = set_width(out, &framing, why);
	if (rc == 0)
		rc = set_max(out, &framing, why);
	return rc == 0 ? set_terminator(out, &framing, why) : rc;
}

int
pier__wire_check(const struct pier__wire *wire, const void *data, size_t size,
	struct pier__why *why)
{
	if (size > wire->max && wire->kind != PIER_FRAME_FIXED) {
		(void)pier__why_set(why, 0,
			"a message of %zu bytes: at most %zu", size, wire->max);
		return -EMSGSIZE;
	}
	return wire->ops->check == NULL
		       ? 0
		       : wire->ops->check(wire, data, size, why);
}
