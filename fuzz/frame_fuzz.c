/* SPDX-License-Identifier: MIT */
/*
 * Framings. The first byte is the kind, the second the limit and what happens
 * past it, the third the size of pieces; the others are what a peer sends. With
 * the highest four bits of the third a message is before it that is longer than
 * what a stream reads ahead, and the limit is as much higher: what follows is
 * then met in the frame's own buffer.
 *
 * Whatever pieces it comes in, with deadlines that pass between them, copied or
 * lent, one or several at once: the same messages and the same errors are
 * received. What is received comes back when it is sent again; so do the bytes
 * themselves, as a message.
 */
#include <pier/frame.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frame/memory_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LONG (PIER__AHEAD_MAX + 100)
/* In its wire form. */
#define MESSAGE_ROOM (4 * LONG + 128)

static const char *const kinds[] = { "line", "line:crlf", "nul", "delim:ab",
	"delim:aab", "fixed:3", "escape", "escape:ab", "base64", "base64:-A",
	"announce", "announce:aa", "u8", "u16le", "u16be", "u32le", "u32be",
	"u64le", "u64be", "varint", "decimal:2", "decimal:20:left", "netstring",
	"slip", "cobs" };

/* What was received: each result with its length, then its bytes. */
struct said {
	unsigned char *bytes;
	size_t size, room;
};

struct run {
	struct pier_framing framing;
	const uint8_t *in;
	size_t size, piece;
	bool stalls, views, many;
};

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
say(struct said *said, int rc, const void *data, size_t size)
{
	size_t need = said->size + sizeof(rc) + sizeof(size) + size;

	if (need > said->room) {
		said->room = 2 * need;
		said->bytes = realloc(said->bytes, said->room);
		check(said->bytes != NULL);
	}
	memcpy(said->bytes + said->size, &rc, sizeof(rc));
	memcpy(said->bytes + said->size + sizeof(rc), &size, sizeof(size));
	if (size > 0)
		memcpy(said->bytes + need - size, data, size);
	said->size = need;
}

/* The message comes back from its wire form. */
static void
send_again(const struct pier_framing *framing, const void *data, size_t size)
{
	struct memory_stream memory;
	struct pier_frame *frame;
	unsigned char *wire = malloc(2 * size + 128);
	const void *back;
	size_t length;
	ssize_t n;

	check(wire != NULL);
	n = pier_frame_encode(framing, wire, 2 * size + 128, data, size);
	if (n >= 0) {
		memory_open(&memory, wire, (size_t)n, 1 + size / 3);
		check(pier_frame_attach(&frame, &memory.stream, framing) == 0);
		check(pier_frame_view(frame, &back, &length, PIER_FOREVER) ==
			1);
		check(length == size &&
			(size == 0 || memcmp(back, data, size) == 0));
		check(pier_frame_view(frame, &back, &length, PIER_FOREVER) ==
			0);
		pier_close(&memory.stream);
	} else {
		check(n == -EINVAL || n == -EMSGSIZE);
	}
	free(wire);
}

static int
one(struct pier_frame *frame, bool views, const void **data, size_t *length,
	void *buf, size_t room)
{
	*data = buf;
	return views ? pier_frame_view(frame, data, length, PIER_FOREVER)
		     : pier_frame_recv(frame, buf, room, length, PIER_FOREVER);
}

/* The same, several at once: what comes last. */
static int
several(struct said *said, struct pier_frame *frame)
{
	struct iovec list[5];
	int i, n = pier_frame_view_many(frame, list, 5, PIER_FOREVER);

	for (i = 0; i < n; i++)
		say(said, 1, list[i].iov_base, list[i].iov_len);
	return n > 0 ? 1 : n;
}

static void
receive(struct said *said, const struct run *run)
{
	struct memory_stream memory;
	struct pier_frame *frame;
	unsigned char *buf = malloc(run->size + 1);
	const void *data = NULL;
	int rc, last = 0;
	size_t length = 0;

	check(buf != NULL);
	memory_open(&memory, run->in, run->size, run->piece);
	memory.stalls = run->stalls;
	check(pier_frame_attach(&frame, &memory.stream, &run->framing) == 0);
	do {
		memory.stalled = false;
		rc = run->many ? several(said, frame)
			       : one(frame, run->views, &data, &length, buf,
					 run->size + 1);
		if (rc == -PIER_EDEADLINE)
			continue;
		if (rc != 1 || !run->many)
			say(said, rc, data, rc == 1 ? length : 0);
		if (rc == 1 && run->views && !run->many)
			send_again(&run->framing, data, length);
		if (rc < 0 && rc == last)
			break;
		last = rc;
	} while (rc != 0);
	pier_frame_detach(frame);
	pier_close(&memory.stream);
	free(buf);
}

static void
compare(const struct said *expected, struct run *run)
{
	struct said said = { 0 };

	receive(&said, run);
	check(said.size == expected->size &&
		memcmp(said.bytes, expected->bytes, said.size) == 0);
	free(said.bytes);
}

/* One message of so many bytes, whatever is taken of it. Its size on the wire, or
   0: the kind has none so long. */
static size_t
put_message(struct pier_framing framing, unsigned char *out, size_t size)
{
	static unsigned char message[2 * LONG];
	ssize_t n;

	memset(message, 'x', size);
	framing.max = size;
	n = pier_frame_encode(&framing, out, MESSAGE_ROOM, message, size);
	return n < 0 ? 0 : (size_t)n;
}

/* A long message before what a peer sends, and one that is passed over; NULL: its
   kind has none. */
static unsigned char *
put_long_first(struct run *run)
{
	unsigned char *all = malloc(2 * MESSAGE_ROOM + run->size);
	size_t used;

	check(all != NULL);
	used = put_message(run->framing, all, LONG);
	if (used == 0) {
		free(all);
		return NULL;
	}
	run->framing.max += LONG;
	if (run->framing.overlong == PIER_FRAME_SKIP)
		used += put_message(
			run->framing, all + used, run->framing.max + 1);
	memcpy(all + used, run->in, run->size);
	run->in = all;
	run->size += used;
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said expected = { 0 };
	struct run run = { .views = true };
	unsigned char *all = NULL;

	if (size < 3)
		return 0;
	check(pier_frame_parse(&run.framing,
		      kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))]) ==
		0);
	run.framing.overlong = data[1] & 1;
	if (run.framing.kind != PIER_FRAME_FIXED)
		run.framing.max = data[1] >> 1;
	run.in = data + 3;
	run.size = size - 3;
	if (data[2] >= 0xf0 && run.framing.kind != PIER_FRAME_FIXED)
		all = put_long_first(&run);
	run.piece = run.size + 1;
	receive(&expected, &run);
	run.piece = 1 + data[2] % 16;
	if (all != NULL)
		run.piece *= 2047;
	run.views = false;
	compare(&expected, &run);
	run.stalls = true;
	compare(&expected, &run);
	run.many = true;
	compare(&expected, &run);
	run.many = false;
	run.piece = all != NULL ? 3989 : 1;
	run.views = true;
	compare(&expected, &run);
	free(expected.bytes);
	run.framing.max = 0;
	send_again(&run.framing, run.in, run.size);
	free(all);
	return 0;
}
