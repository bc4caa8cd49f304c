/* SPDX-License-Identifier: MIT */
/* echo_client --port N: sends 33 bytes, reads them back 16 at a time, and
   closes the connection on every path. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

static const char message[] = "Test message. This will be echoed";

static int
talk(struct pier_stream *server, pier_deadline deadline)
{
	size_t expected = strlen(message), received = 0;
	char piece[16];
	int rc;

	printf("Sending %s\n", message);
	rc = pier_write(server, message, expected, deadline);
	while (rc == 0 && received < expected) {
		ssize_t n = pier_read(server, piece, sizeof(piece), deadline);

		if (n <= 0)
			return n < 0 ? (int)n : -PIER_EEND;
		printf("Received %zd bytes: %.*s\n", n, (int)n, piece);
		received += (size_t)n;
	}
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	pier_deadline deadline = pier_in_s(10);
	struct pier_stream *server = NULL;
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: echo_client --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_dial(&server, endpoint, NULL, deadline);
	if (rc == 0)
		rc = talk(server, deadline);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	printf("Closing connection to the server\n");
	pier_close(server);
	return rc < 0;
}
