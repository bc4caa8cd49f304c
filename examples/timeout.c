/* SPDX-License-Identifier: MIT */
/* timeout --port N: the default timeout, one for all streams, one for one
   stream, and a peer that never answers. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static void
show(const char *what, int64_t ms)
{
	if (ms == PIER_NO_TIMEOUT)
		printf("%s: none\n", what);
	else
		printf("%s: %g s\n", what, (double)ms / 1000);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	struct pier_stream *peer = NULL;
	char endpoint[64], rest, c;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: timeout --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://localhost:%u", port);
	show("default timeout", pier_default_timeout());
	pier_set_default_timeout(100000);
	show("default timeout now", pier_default_timeout());
	rc = pier_dial(&peer, endpoint, NULL, pier_in_s(10));
	if (rc < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	show("this stream", pier_timeout(peer));
	(void)pier_set_timeout(peer, 200);
	show("this stream now", pier_timeout(peer));
	rc = (int)pier_read(peer, &c, 1, PIER_DEFAULT);
	printf("a read: %s\n", pier_error_line());
	(void)pier_set_timeout(peer, 0);
	printf("one that never waits: %s\n",
		pier_error_name((int)pier_read(peer, &c, 1, PIER_DEFAULT)));
	pier_close(peer);
	return pier_is_deadline(rc) ? 0 : 1;
}
