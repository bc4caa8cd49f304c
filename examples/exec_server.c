/* SPDX-License-Identifier: MIT */
/* exec_server --port N PROGRAM ARG...: runs a program for each connection, as
   inetd does, and says how each ended. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static int
run(struct pier_stream *client, void *ctx)
{
	struct pier_exec_opts opts = { .argv = ctx };
	struct pier_exec_result result;
	int rc = pier_exec(client, &opts, &result, PIER_DEFAULT);

	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	else
		printf("process %d: status %d, %llu bytes in, %llu out\n",
			result.pid, result.status,
			(unsigned long long)result.to_program,
			(unsigned long long)result.to_peer);
	(void)fflush(stdout);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "+", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535 || optind == argc) {
		fprintf(stderr, "usage: exec_server --port 1-65535 PROGRAM "
				"[ARG...]\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_serve(&(struct pier_server_opts){ .endpoint = endpoint,
		.handler = run,
		.ctx = argv + optind,
		.stack_size = 256 * 1024 });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
