/* SPDX-License-Identifier: MIT */
/*
 * serve/handlers.c - the handlers that are always there. They look at what was
 * read ahead where it is: a buffer of their own on the stack would cost every
 * idle connection a page.
 */
#include <pier/serve.h>

#include "base/hot.h"

PIER__HOT int
pier_handler_echo(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		rc = pier_write(stream, data, (size_t)n, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_take(stream, (size_t)n);
	}
	return rc < 0 ? rc : (int)n;
}

int
pier_handler_discard(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;

	(void)ctx;
	while ((n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0)
		(void)pier_take(stream, (size_t)n);
	return (int)n;
}

/* By the table of ASCII, whatever the locale. */
static void
capitals(unsigned char *at, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (at[i] >= 'a' && at[i] <= 'z')
			at[i] = (unsigned char)(at[i] - 'a' + 'A');
	}
}

int
pier_handler_upper(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		/* The stream's own buffer, and nobody looks again at what is
		   taken right after. */
		capitals((unsigned char *)(uintptr_t)data, (size_t)n);
		rc = pier_write(stream, data, (size_t)n, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_take(stream, (size_t)n);
	}
	return rc < 0 ? rc : (int)n;
}

int
pier_datagram_echo(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

int
pier_datagram_discard(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)packet;
	(void)msg;
	(void)ctx;
	return 0;
}

int
pier_datagram_upper(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	capitals(msg->data, msg->size);
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}
