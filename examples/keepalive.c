/* SPDX-License-Identifier: MIT */
/* keepalive --host H --port N: connects, and waits for a peer that may die
   without a word: silent for 1 s it is probed each second, and given up after
   two probes. That is not a deadline: there is none. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

int
main(int argc, char **argv)
{
	static const struct option words[] = { { "host", 1, NULL, 'h' },
		{ "port", 1, NULL, 'p' }, { NULL, 0, NULL, 0 } };
	static const char *const options[] = { "keepalive=1", "keepidle=1s",
		"keepintvl=1s", "keepcnt=2", NULL };
	const struct pier_dial_opts opts = { .options = options };
	const char *host = "localhost", *port = NULL;
	struct pier_stream *stream = NULL;
	char endpoint[300], buf[512];
	ssize_t n;
	int opt;

	while ((opt = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (opt == '?')
			return 2;
		*(opt == 'h' ? &host : &port) = optarg;
	}
	if (port == NULL || optind < argc) {
		fprintf(stderr, "usage: keepalive [--host H] --port N\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://%s:%s", host, port);
	n = pier_dial(&stream, endpoint, &opts, pier_in_s(10));
	if (n == 0) {
		printf("connected\n");
		(void)fflush(stdout);
		do {
			n = pier_read(stream, buf, sizeof(buf), PIER_FOREVER);
		} while (n > 0);
	}
	if (n < 0)
		printf("%s: %s\n",
			pier_is_dead_peer((int)n) ? "the peer is dead"
						  : "failed",
			pier_error_line());
	else
		printf("the peer has ended\n");
	pier_close(stream);
	return n < 0;
}
