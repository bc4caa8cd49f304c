/* SPDX-License-Identifier: MIT */
/*
 * The handlers of pier serve -vv: they do what libpier's built-in ones do, and
 * tell each message. A message of a stream is what one read gave.
 */
#include "serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK = 16384,
	PACKET_MAX = 65536,
};

/* ASCII only: bytes of UTF-8 sequences stay as they are. */
static void
to_upper(char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] = (char)(text[i] - 'a' + 'A');
}

int
serve_loud_stream(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_conn *conn = pier_conn(stream);
	char *buf = malloc(CHUNK);
	struct pier_addr peer = { .len = 0 };
	ssize_t n = 0;
	int rc = 0;

	if (buf == NULL)
		return -ENOMEM;
	(void)pier_conn_peer(conn, &peer);
	while (rc == 0 &&
		(n = pier_read(stream, buf, CHUNK, PIER_DEFAULT)) > 0) {
		serve_tell_message(serve, conn, &peer, buf, (size_t)n);
		if (serve->settings->what == SERVE_DISCARD ||
			serve->settings->what == SERVE_SINK)
			continue;
		if (serve->settings->what == SERVE_UPPER)
			to_upper(buf, (size_t)n);
		rc = pier_write(stream, buf, (size_t)n, PIER_DEFAULT);
	}
	free(buf);
	return rc < 0 ? rc : (int)n;
}

int
serve_loud_packets(struct pier_packet *packet, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_conn *conn = pier_packet_conn(packet);
	struct pier_addr peer = { .len = 0 };
	char *buf = malloc(PACKET_MAX);
	struct pier_msg msg;
	int rc = 0;

	if (buf == NULL)
		return -ENOMEM;
	(void)pier_conn_peer(conn, &peer);
	while (rc == 0) {
		rc = pier_recv(packet, &msg, buf, PACKET_MAX, PIER_DEFAULT);
		if (rc < 0)
			break;
		serve_tell_message(serve, conn, &peer, buf, msg.size);
		if (serve->settings->what == SERVE_DISCARD ||
			serve->settings->what == SERVE_SINK)
			continue;
		if (serve->settings->what == SERVE_UPPER)
			to_upper(buf, msg.size);
		rc = pier_send(packet, NULL, buf, msg.size, PIER_DEFAULT);
	}
	free(buf);
	return rc;
}

int
serve_loud_datagram(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	struct serve *serve = ctx;

	serve_tell_message(serve, NULL, &msg->peer, msg->data, msg->size);
	return serve_datagram_handler(serve->settings)(packet, msg, serve);
}
