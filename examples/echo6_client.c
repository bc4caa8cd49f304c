/* SPDX-License-Identifier: MIT */
/* echo6_client --host HOST --port N: sends Chinese text to a server of either
   family and shows what comes back. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

static const char message[] = "汉语/漢語 Hànyǔ";

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "host", 1, NULL, 'h' },
		{ "port", 1, NULL, 'p' }, { NULL, 0, NULL, 0 } };
	pier_deadline deadline = pier_in_s(10);
	const char *host = "localhost", *port = NULL;
	struct pier_stream *server = NULL;
	char endpoint[300], answer[sizeof(message)];
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'h')
			host = optarg;
		else if (opt == 'p')
			port = optarg;
		else
			port = NULL, optind = argc;
	}
	if (port == NULL) {
		fprintf(stderr, "usage: echo6_client [--host HOST] --port N\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint),
		strchr(host, ':') ? "tcp://[%s]:%s" : "tcp://%s:%s", host,
		port);
	rc = pier_dial(&server, endpoint, NULL, deadline);
	if (rc == 0)
		rc = pier_write(server, message, strlen(message), deadline);
	if (rc == 0)
		rc = (int)pier_read_full(
			server, answer, strlen(message), deadline);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	else
		printf("Received: %.*s\n", rc, answer);
	pier_close(server);
	return rc < 0;
}
