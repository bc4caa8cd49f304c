/* SPDX-License-Identifier: MIT */
/* handler_object --port N: a handler with a state of its own for each client,
   set up, used and freed, over TCP; and answers to datagrams over UDP. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include <pier.h>

struct visit {
	char from[PIER_ADDR_TEXT_MAX];
	unsigned lines;
};

static int
set_up(struct pier_stream *client, void *ctx)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	struct pier_addr peer = { 0 };

	(void)ctx;
	if (visit == NULL)
		return -ENOMEM;
	(void)pier_conn_peer(pier_conn(client), &peer);
	(void)pier_addr_format(&peer, visit->from, sizeof(visit->from));
	pier_conn(client)->user = visit;
	return 0;
}

static int
handle(struct pier_stream *client, void *ctx)
{
	struct visit *visit = pier_conn(client)->user;
	char line[1024];
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc >= 0 && (n = pier_read_line(client, line, sizeof(line),
				   PIER_DEFAULT)) > 0)
		rc = pier_printf(client, "%s, line %u: %s", visit->from,
			++visit->lines, line);
	return rc < 0 ? rc : (int)n;
}

/* Whatever became of the conversation. */
static void
finish(struct pier_stream *client, void *ctx)
{
	struct visit *visit = pier_conn(client)->user;

	(void)ctx;
	if (visit != NULL)
		printf("%s said %u lines\n", visit->from, visit->lines);
	free(visit);
}

static int
answer(struct pier_packet *socket, const struct pier_msg *msg, void *ctx)
{
	char text[PIER_ADDR_TEXT_MAX + 32], from[PIER_ADDR_TEXT_MAX];
	int n;

	(void)ctx;
	(void)pier_addr_format(&msg->peer, from, sizeof(from));
	n = snprintf(text, sizeof(text), "%s, %zu bytes\n", from, msg->size);
	return pier_reply(socket, msg, text, (size_t)n, PIER_DEFAULT);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	char tcp[64], udp[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: handler_object --port 1-65535\n");
		return 2;
	}
	(void)snprintf(tcp, sizeof(tcp), "tcp://localhost:%u", port);
	(void)snprintf(udp, sizeof(udp), "udp://localhost:%u", port);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	rc = pier_serve(&(struct pier_server_opts){
		.endpoints = (const char *const[]){ tcp, udp, NULL },
		.setup = set_up,
		.handler = handle,
		.finish = finish,
		.datagram_handler = answer });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
