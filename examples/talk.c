/* SPDX-License-Identifier: MIT */
/* talk ENDPOINT: what you type goes to the peer, what it says is shown, both
   as they come: one task waits for standard input and a socket at once. */
#include <stdio.h>
#include <unistd.h>

#include <pier.h>

/* Moves what there is from one to the other: 1, 0 at the end, or an error. */
static int
pass_on(struct pier_waitable *from, struct pier_stream *peer)
{
	char buf[4096];
	ssize_t n;

	if (from->stream == NULL) {
		n = read(from->fd, buf, sizeof(buf));
		return n <= 0 ? (int)n
			      : pier_write(peer, buf, (size_t)n, PIER_FOREVER) +
					1;
	}
	n = pier_read(peer, buf, sizeof(buf), PIER_FOREVER);
	return n <= 0 ? (int)n : write(STDOUT_FILENO, buf, (size_t)n) > 0;
}

static int
talk(struct pier_stream *peer)
{
	struct pier_waitable list[] = { { peer, .want = PIER_READING },
		{ .fd = STDIN_FILENO, .want = PIER_READING } };
	size_t count = 2;
	int rc = 1;

	while (rc > 0 && (rc = pier_wait_any(list, count, PIER_FOREVER)) > 0) {
		if (count == 2 && list[1].ready &&
			pass_on(&list[1], peer) <= 0) {
			rc = pier_shutdown(peer, PIER_WRITING, PIER_FOREVER) +
			     1;
			count = 1; /* the end of input; the peer may go on */
		}
		if (rc > 0 && list[0].ready)
			rc = pass_on(&list[0], peer);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_stream *peer = NULL;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: talk ENDPOINT\n");
		return 2;
	}
	rc = pier_dial(&peer, argv[1], NULL, pier_in_s(10));
	if (rc == 0)
		rc = talk(peer);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(peer);
	return rc < 0;
}
