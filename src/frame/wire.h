/* SPDX-License-Identifier: MIT */
/*
 * frame/wire.h - the wire form of messages: pure functions over bytes that are
 * there. They find where a message ends, decode it, check and encode one.
 *
 * Finding goes on where it stopped: whoever calls it has some bytes from the
 * beginning of a message on, and comes again with the same and more. What was
 * looked at is in struct pier__scan, so that a message that comes byte by byte
 * is looked at once.
 */
#ifndef PIER_FRAME_WIRE_H
#define PIER_FRAME_WIRE_H

#include <pier/frame.h>

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

/* The longest terminator that a peer may announce; ours have 16 bytes. */
#define PIER__ANNOUNCED_MAX 64
#define PIER__ANNOUNCED     16
/* What stands before the data of a message at most, and after it. */
#define PIER__HEAD_MAX (PIER__ANNOUNCED + PIER_FRAME_TERMINATOR_MAX)
/* The least room in which pier__wire_ops.encode() comes further. */
#define PIER__ENCODE_ROOM 256

enum pier__found {
	PIER__FOUND_PART,   /* more bytes have to come */
	PIER__FOUND_WHOLE,  /* scan->head, body, length, size are set */
	PIER__FOUND_FILLER, /* scan->size bytes that are part of no message */
	PIER__FOUND_LONG,   /* a message that is longer than max */
	PIER__FOUND_BAD     /* scan->wrong says why, at scan->looked */
};

/* How far the search for the end of a message has come. */
struct pier__scan {
	size_t looked; /* bytes that need not be looked at again */
	/* Of the data in those, or as the head has it; when whole: exactly. */
	uint64_t length;
	size_t head; /* bytes before the data, once headed */
	size_t body; /* bytes that stand for the data */
	size_t size; /* all bytes of the message */
	bool headed;
	/* Only the end is looked for; nothing is too long, or wrong, but what
	   leaves no end to be found. */
	bool dropping;
	uint8_t escape; /* what marks an escaped byte */
	uint8_t announced_size;
	unsigned char announced[PIER__ANNOUNCED_MAX];
	const char *wrong; /* a constant string: what was expected */
};

struct pier__wire;

/* Bytes before and after the data of one message. */
struct pier__ends {
	size_t head_size, tail_size;
	unsigned char head[PIER__HEAD_MAX];
	unsigned char tail[PIER__HEAD_MAX];
};

/* How far a message is encoded. */
struct pier__encoding {
	size_t from; /* bytes of the data that are */
	bool closed; /* cobs: no group is due unless there is more data */
};

struct pier__wire_ops {
	enum pier__found (*scan)(const struct pier__wire *wire,
		struct pier__scan *scan, const unsigned char *at, size_t have);
	/* Bytes [0, size) of a body that was found, to out, which may be where
	   they are; NULL: they are the data. False: scan->wrong says why. */
	bool (*decode)(struct pier__scan *scan, unsigned char *out,
		const unsigned char *body);
	/* Of a message that may be sent: 0 or -EINVAL. NULL: all may. */
	int (*check)(const struct pier__wire *wire, const unsigned char *data,
		size_t size, struct pier__why *why);
	void (*ends)(const struct pier__wire *wire, const unsigned char *data,
		size_t size, struct pier__ends *out);
	/* Some more of the data to out, which has PIER__ENCODE_ROOM bytes or
	   more. How many were written; 0: all is encoded. NULL: as it is. */
	size_t (*encode)(const struct pier__wire *wire,
		struct pier__encoding *state, const unsigned char *data,
		size_t size, unsigned char *out, size_t room);
	/* The most bytes that size bytes of data are encoded to. NULL: size. */
	size_t (*encoded_max)(size_t size);
	/* After what is wrong, the end of the message can be found. */
	bool resyncs;
};

/* Kinds that most messages go by: found without a call through the table. */
enum pier__quick {
	PIER__QUICK_NONE,
	PIER__QUICK_BYTE, /* ends at one byte */
	PIER__QUICK_WORD, /* a length of `width` bytes */
	PIER__QUICK_U32BE /* the same, the one that most protocols have */
};

/* A framing that can be, with nothing left to default. What the quick way needs
   comes first. */
struct pier__wire {
	size_t max;
	uint8_t kind;  /* enum pier_frame_kind */
	uint8_t quick; /* enum pier__quick */
	uint8_t end;   /* PIER__QUICK_BYTE: which */
	bool little;
	uint8_t padding;
	uint8_t width; /* of the length, in bytes or digits */
	uint8_t escape;
	uint8_t terminator_size;
	const struct pier__wire_ops *ops;
	unsigned char terminator[PIER_FRAME_TERMINATOR_MAX];
	enum pier_frame_overlong overlong;
	size_t size; /* fixed */
};

/* Fill in out from what a caller gave. 0 or -EINVAL: why. */
int pier__wire_of(struct pier__wire *out, const struct pier_framing *framing,
	size_t framing_size, struct pier__why *why);

/* Is this message one that can be sent? 0, -EMSGSIZE or -EINVAL: why. */
int pier__wire_check(const struct pier__wire *wire, const void *data,
	size_t size, struct pier__why *why);

/* A binary length of 1, 2, 4 or 8 bytes. */
static inline uint64_t
pier__length_load(const unsigned char *at, unsigned width, bool little)
{
	uint64_t eight;
	uint32_t four;
	uint16_t two;

	switch (width) {
	case 4:
		memcpy(&four, at, sizeof(four));
		return little ? le32toh(four) : be32toh(four);
	case 2:
		memcpy(&two, at, sizeof(two));
		return little ? le16toh(two) : be16toh(two);
	case 8:
		memcpy(&eight, at, sizeof(eight));
		return little ? le64toh(eight) : be64toh(eight);
	default:
		return at[0];
	}
}

static inline void
pier__length_store(
	unsigned char *at, unsigned width, bool little, uint64_t length)
{
	uint32_t four = (uint32_t)length;
	uint16_t two = (uint16_t)length;

	switch (width) {
	case 4:
		four = little ? htole32(four) : htobe32(four);
		memcpy(at, &four, sizeof(four));
		break;
	case 2:
		two = little ? htole16(two) : htobe16(two);
		memcpy(at, &two, sizeof(two));
		break;
	case 8:
		length = little ? htole64(length) : htobe64(length);
		memcpy(at, &length, sizeof(length));
		break;
	default:
		at[0] = (unsigned char)length;
		break;
	}
}

/* The first byte of needle in hay, or NULL. */
const unsigned char *pier__find(const unsigned char *hay, size_t size,
	const unsigned char *needle, size_t needle_size);

/*
 * pier__scan_for(scan, at, have, end, end_size, most): look for the end of a
 * message on from scan->looked. PIER__FOUND_WHOLE, with the encoded bytes for
 * scan->length; PIER__FOUND_LONG: more than `most` of them; or PIER__FOUND_PART.
 */
enum pier__found pier__scan_for(struct pier__scan *scan,
	const unsigned char *at, size_t have, const unsigned char *end,
	size_t end_size, size_t most);

/* The terminator behind the data, nothing before it. */
void pier__ends_terminator(const struct pier__wire *wire,
	const unsigned char *data, size_t size, struct pier__ends *out);

/* The tables: wire_length.c, wire_end.c, wire_coded.c, wire_stuffed.c. */
extern const struct pier__wire_ops pier__wire_binary, pier__wire_varint,
	pier__wire_decimal, pier__wire_netstring, pier__wire_fixed;
extern const struct pier__wire_ops pier__wire_line, pier__wire_delim,
	pier__wire_announce;
extern const struct pier__wire_ops pier__wire_escape, pier__wire_base64;
extern const struct pier__wire_ops pier__wire_slip, pier__wire_cobs;

#endif
