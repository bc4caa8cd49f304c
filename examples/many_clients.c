/* SPDX-License-Identifier: MIT */
/* many_clients --port N: echoes to thousands of clients at once in one process
   and one thread: a handler that reads and writes as if it were alone. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static int
echo(struct pier_stream *client, void *ctx)
{
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)ctx;
	/* A look ahead needs no buffer here, so a client that is silent costs
	   one page of stack. */
	while (rc == 0 && (n = pier_peek(client, &data, 1, PIER_DEFAULT)) > 0) {
		rc = pier_write(client, data, (size_t)n, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_take(client, (size_t)n);
	}
	return rc < 0 ? rc : (int)n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: many_clients --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_serve(&(struct pier_server_opts){ .endpoint = endpoint,
		.handler = echo,
		.model = PIER_FIBER,
		.connections_max = 20000,
		.first_byte_ms = 60000 });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
