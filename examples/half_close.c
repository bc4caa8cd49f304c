/* SPDX-License-Identifier: MIT */
/* half_close --port N: sends a megabyte, waits until the peer has it, closes
   its half, and reads the answer that comes only at the end of the input. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static char megabyte[1 << 20];

static int
talk(struct pier_stream *peer, pier_deadline deadline)
{
	char answer[64];
	ssize_t n;
	int rc = pier_write(peer, megabyte, sizeof(megabyte), deadline);

	if (rc == 0)
		rc = pier_drain(peer, deadline);
	if (rc < 0)
		return rc;
	printf("the peer's kernel has all %zu bytes\n", sizeof(megabyte));
	rc = pier_shutdown(peer, PIER_WRITING, deadline);
	if (rc < 0)
		return rc;
	rc = pier_write(peer, "x", 1, deadline);
	printf("writing now: %s\n", pier_strerror(rc));
	n = pier_read_line(peer, answer, sizeof(answer), deadline);
	if (n < 0)
		return (int)n;
	printf("the answer: %s", answer);
	return pier_shutdown(peer, PIER_READING, deadline);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	struct pier_stream *peer = NULL;
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: half_close --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	rc = pier_dial(&peer, endpoint, NULL, pier_in_s(10));
	if (rc == 0)
		rc = talk(peer, pier_in_s(10));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(peer);
	return rc < 0;
}
