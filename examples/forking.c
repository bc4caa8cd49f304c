/* SPDX-License-Identifier: MIT */
/* forking --port N: a process for each client. It answers each line with its
   process number and the line: "4711: hello". Ctrl-C ends it. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include <pier.h>

static int
answer(struct pier_stream *client, void *ctx)
{
	char line[1024];
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc >= 0 && (n = pier_read_line(client, line, sizeof(line),
				   PIER_DEFAULT)) > 0)
		rc = pier_printf(
			client, "%d: %.*s", (int)getpid(), (int)n, line);
	return rc < 0 ? rc : (int)n;
}

/* A process that crashes takes its own client with it, and nobody else's. */
static void
tell(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)rc;
	(void)ctx;
	fprintf(stderr, "%s\n", pier_error_line());
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
		fprintf(stderr, "usage: forking --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_serve(&(struct pier_server_opts){ .endpoint = endpoint,
		.handler = answer,
		.on_error = tell,
		.model = PIER_FORK });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
