/* SPDX-License-Identifier: MIT */
/* echo_server --port N: one client at a time, the others wait their turn.
   Says what it hears; Ctrl-C ends it. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static int
echo(struct pier_stream *client, void *ctx)
{
	char buf[4096];
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 &&
		(n = pier_read(client, buf, sizeof(buf), PIER_DEFAULT)) > 0) {
		printf("received %zd bytes: %.*s\n", n, (int)n, buf);
		rc = pier_write(client, buf, (size_t)n, PIER_DEFAULT);
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
		fprintf(stderr, "usage: echo_server --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_serve(&(struct pier_server_opts){ .endpoint = endpoint,
		.handler = echo,
		.model = PIER_ITERATIVE,
		.listen = &(struct pier_listen_opts){ .backlog = 5 } });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
