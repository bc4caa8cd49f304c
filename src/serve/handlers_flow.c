/* SPDX-License-Identifier: MIT */
/*
 * serve/handlers_flow.c - bytes without end: chargen (RFC 864) and zeros.
 *
 * All of it is written from constant memory, so that a connection that waits
 * for its peer holds no buffer. What the peer sends is dropped as it comes:
 * left unread it would fill the queue of a peer that writes before it reads,
 * and turn the close into a reset.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include <pier/serve.h>
#include <pier/task.h>

#include "os/calls.h"

/* The printing characters of ASCII. */
#define RING  95
#define WIDTH 72
/* Lines of one write, and zeros of one piece. */
#define LINES  32
#define PIECE  16384
#define PIECES 4
/* RFC 864: at most so many in a datagram. */
#define DATAGRAM_MAX 512

/* In the order of the RFC's example, long enough for a line that begins at any
   of them. */
static const char ring[] = "!\"#$%&'()*+,-./0123456789:;<=>?@"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			   "abcdefghijklmnopqrstuvwxyz{|}~ "
			   "!\"#$%&'()*+,-./0123456789:;<=>?@"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg";

static_assert(sizeof(ring) == RING - 1 + WIDTH + 1, "any line is in it");

static const char zeros[PIECE];

/* As an iovec wants it, which writes do not change. */
static void *
borrowed(const char *text)
{
	return (void *)(uintptr_t)text;
}

/* Read off what has come. 0, also at the peer's end: it may still read; or the
   error. */
static int
drop_input(struct pier_stream *stream)
{
	const void *data;
	ssize_t n;

	/* A fiber that never has to wait would not hear of it otherwise. */
	if (pier_cancelled())
		return -ECANCELED;
	n = pier_peek(stream, &data, 1, PIER_NOW);
	if (n > 0)
		return pier_take(stream, (size_t)n);
	return n < 0 && n != -EAGAIN ? (int)n : 0;
}

/* To go away is the only way to stop it, and no failure. */
static int
ended(int rc)
{
	return pier_is_reset(rc) ? 0 : rc;
}

int
pier_handler_chargen(struct pier_stream *stream, void *ctx)
{
	struct iovec iov[2 * LINES];
	unsigned first = 0;
	int rc = 0;
	int i;

	(void)ctx;
	while (rc == 0) {
		for (i = 0; i < LINES; i++, first = (first + 1) % RING) {
			iov[2 * i].iov_base = borrowed(ring + first);
			iov[2 * i].iov_len = WIDTH;
			iov[2 * i + 1].iov_base = borrowed("\r\n");
			iov[2 * i + 1].iov_len = 2;
		}
		rc = pier_writev(stream, iov, 2 * LINES, PIER_DEFAULT);
		if (rc == 0)
			rc = drop_input(stream);
	}
	return ended(rc);
}

int
pier_source(struct pier_stream *stream, uint64_t size, pier_deadline deadline)
{
	struct iovec iov[PIECES];
	int rc = 0;

	while (rc == 0 && size > 0) {
		int count = 0;

		while (count < PIECES && size > 0) {
			size_t len = size < PIECE ? (size_t)size : PIECE;

			iov[count].iov_base = borrowed(zeros);
			iov[count++].iov_len = len;
			size -= len;
		}
		rc = pier_writev(stream, iov, count, deadline);
		if (rc == 0)
			rc = drop_input(stream);
	}
	return rc;
}

int
pier_handler_source(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	return ended(pier_source(stream, UINT64_MAX, PIER_DEFAULT));
}

int
pier_datagram_chargen(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char text[DATAGRAM_MAX];
	uint16_t chance = 0;
	size_t size, i;
	int rc = pier__calls()->random(&chance, sizeof(chance));

	(void)ctx;
	if (rc < 0)
		return rc;
	size = chance % (DATAGRAM_MAX + 1);
	for (i = 0; i < size; i++) {
		size_t line = i / (WIDTH + 2), at = i % (WIDTH + 2);

		text[i] = at < WIDTH ? ring[line + at] : "\r\n"[at - WIDTH];
	}
	return pier_reply(packet, msg, text, size, PIER_DEFAULT);
}

int
pier_datagram_source(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	/* The buffer of the message is this handler's until it is back. */
	memset(msg->data, 0, msg->size);
	return pier_datagram_echo(packet, msg, ctx);
}
