/* SPDX-License-Identifier: MIT */
/* own_socket ENDPOINT: dial, and print the row that pier info prints for this
   socket, before and after all that the peer says has come. */
#include <stdio.h>

#include <pier.h>

static int
show(const struct pier_socket *socket, void *ctx)
{
	char line[PIER_SOCKET_LINE_MAX];

	(void)ctx;
	if (pier_socket_line(socket, line, sizeof(line)) < 0)
		return 1;
	printf("%s\n", line);
	return fflush(stdout);
}

static int
converse(struct pier_stream *peer)
{
	char buf[4096];
	ssize_t n;
	int rc = pier_socket_of(pier_fd(peer), show, NULL, pier_in_s(10));

	while (rc == 0 &&
		(n = pier_read(peer, buf, sizeof(buf), pier_in_s(60))) != 0)
		rc = n < 0 ? (int)n : 0;
	return rc == 0 ? pier_socket_of(
				 pier_fd(peer), show, NULL, pier_in_s(10))
		       : rc;
}

int
main(int argc, char **argv)
{
	struct pier_stream *peer = NULL;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: own_socket ENDPOINT\n");
		return 2;
	}
	rc = pier_dial(&peer, argv[1], NULL, pier_in_s(10));
	if (rc == 0)
		rc = converse(peer);
	if (rc != 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(peer);
	return rc != 0;
}
