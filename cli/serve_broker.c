/* SPDX-License-Identifier: MIT */
/*
 * pier serve broker: everybody hears everybody but himself. Over UDP who sends
 * is in, until nothing came or went for --session-idle; each message is passed on
 * as one.
 */
#include "serve.h"

#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	PACKET_MAX = 65536,
};

/* What may be waiting for one client when --queue does not say. */
#define QUEUE_DEFAULT (1024 * 1024)

static size_t
queue_bytes(const struct serve *serve)
{
	const struct serve_settings *settings = serve->settings;

	if (settings->queue > 0)
		return (size_t)settings->queue;
	/* The longest message has to fit beside others. */
	if (settings->frames.wire != NULL)
		return QUEUE_DEFAULT + serve_frames_room(serve->wire.max);
	return QUEUE_DEFAULT;
}

int
serve_broker_open(struct serve *serve)
{
	const struct serve_settings *settings = serve->settings;

	if (settings->what != SERVE_BROKER)
		return 0;
	return pier_hub_open(&serve->hub,
		&(struct pier_hub_opts){ .queue_bytes = queue_bytes(serve),
			/* A hole in a stream of bytes is worse than its end. */
			.policy = PIER_HUB_DROP_MEMBER });
}

/* The first endpoint of datagrams that nobody keeps apart by who sends them, or
   NULL. */
static const char *
datagrams(const struct serve_settings *settings)
{
	struct pier_endpoint_check check;
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++) {
		(void)pier_endpoint_check(settings->endpoints.item[i], &check);
		if (check.type == SOCK_RDM ||
			(check.type == SOCK_DGRAM &&
				strncmp(check.scheme, "udp", 3) != 0))
			return settings->endpoints.item[i];
	}
	return NULL;
}

int
serve_broker_check(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	bool is_broker = settings->what == SERVE_BROKER;
	struct cli_complaint why = { "", "" };
	const char *endpoint = is_broker ? datagrams(settings) : NULL;

	if (endpoint != NULL) {
		(void)cli_complain(&why,
			"%s: a broker has clients that stay, and %.*s none",
			endpoint, (int)strcspn(endpoint, ":"), endpoint);
		cli_advise(&why, "tcp://:7000, udp://:7000 or "
				 "unix:///run/x.sock");
	} else if (is_broker && settings->model == PIER_ITERATIVE) {
		(void)cli_complain(&why,
			"a broker has several clients at a time, and the "
			"iterative model one");
		cli_advise(&why, "--model fiber or --model thread");
	} else if (is_broker && settings->processes != 0) {
		(void)cli_complain(&why,
			"a broker passes on what its own process hears, and "
			"--processes would split its clients");
		cli_advise(&why, "leave out --processes");
	} else if (is_broker && settings->model == PIER_FORK) {
		(void)cli_complain(&why,
			"a broker passes on what its own process hears, and "
			"the fork model has one for each client");
		cli_advise(&why, "--model fiber or --model thread");
	} else {
		return CLI_EXIT_OK;
	}
	return cli_usage_error(tool, "serve", &why);
}

int
serve_broker(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;

	return pier_handler_broker(stream, serve->hub);
}

/* The same, told (-vv). */
static int
pass_on(struct serve *serve, struct pier_stream *stream,
	struct pier_member *member)
{
	const struct pier_conn *conn = pier_conn(stream);
	struct pier_addr peer = { .len = 0 };
	size_t most = queue_bytes(serve);
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)pier_conn_peer(conn, &peer);
	while (rc >= 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		size_t size = (size_t)n < most ? (size_t)n : most;

		serve_tell_message(serve, conn, &peer, data, size);
		rc = pier_hub_post(serve->hub, data, size, member);
		(void)pier_take(stream, size);
	}
	return rc < 0 ? rc : (int)n;
}

int
serve_loud_broker(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	struct pier_member *member;
	int rc = pier_hub_join(&member, serve->hub, stream);
	int left;

	if (rc < 0)
		return rc;
	rc = pass_on(serve, stream, member);
	left = pier_hub_leave(member, rc < 0 ? PIER_NOW : PIER_DEFAULT);
	return left == -PIER_ELIMIT || rc >= 0 ? left : rc;
}

/* Messages of one client, to its end or silence. */
static int
pass_messages_on(struct serve *serve, struct pier_packet *packet,
	struct pier_member *member, char *buf)
{
	const struct pier_conn *conn = pier_packet_conn(packet);
	struct pier_msg msg;
	int rc;

	for (;;) {
		rc = pier_recv(packet, &msg, buf, PACKET_MAX, PIER_DEFAULT);
		if (rc < 0)
			return rc;
		if (serve->tool->verbose >= 2)
			serve_tell_message(
				serve, conn, &msg.peer, buf, msg.size);
		rc = pier_hub_post(serve->hub, buf, msg.size, member);
		/* One that fits no queue is dropped, as a network would. */
		if (rc < 0 && rc != -EMSGSIZE)
			return rc;
	}
}

int
serve_broker_packets(struct pier_packet *packet, void *ctx)
{
	struct serve *serve = ctx;
	struct pier_member *member;
	char *buf = malloc(PACKET_MAX);
	int rc, left;

	if (buf == NULL)
		return -ENOMEM;
	rc = pier_hub_join_packet(&member, serve->hub, packet);
	if (rc == 0) {
		rc = pass_messages_on(serve, packet, member, buf);
		left = pier_hub_leave(member, PIER_NOW);
		if (left == -PIER_ELIMIT)
			rc = left;
	}
	free(buf);
	return rc;
}
