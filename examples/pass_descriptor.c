/* SPDX-License-Identifier: MIT */
/* pass_descriptor send PATH FILE: waits at the Unix socket PATH for one
   client, says who it is, and passes it FILE, opened for reading.
   pass_descriptor take PATH: is that client, and prints what the file holds. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pier.h>

static int
give(struct pier_listener *listener, const char *file)
{
	struct pier_fds fds = { .count = 1 };
	struct pier_stream *client = NULL;
	struct pier_cred cred;
	int rc;

	fds.fd[0] = open(file, O_RDONLY | O_CLOEXEC);
	if (fds.fd[0] < 0) {
		perror(file);
		return -1;
	}
	rc = pier_accept(&client, listener, pier_in_s(10));
	if (rc == 0)
		rc = pier_peer_cred(client, &cred);
	if (rc == 0) {
		printf("to process %d of user %u\n", (int)cred.pid,
			(unsigned)cred.uid);
		rc = pier_send_fds(client, &fds, "file\n", 5, pier_in_s(10));
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_fds_close(&fds);
	pier_close(client);
	return rc;
}

/* The file may be one that this process has no right to open. */
static int
take(struct pier_stream *server)
{
	struct pier_fds fds = { .count = 0 };
	char text[4096];
	ssize_t n = pier_recv_fds(server, &fds, text, 5, pier_in_s(10));

	if (n < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	if (n > 0 && fds.count == 0)
		fprintf(stderr, "no descriptor came\n");
	n = fds.count == 0 ? -1 : 1;
	while (n > 0) {
		n = read(fds.fd[0], text, sizeof(text));
		if (n > 0)
			fwrite(text, 1, (size_t)n, stdout);
	}
	pier_fds_close(&fds);
	return (int)n;
}

int
main(int argc, char **argv)
{
	bool sends = argc == 4 && strcmp(argv[1], "send") == 0;
	struct pier_listener *listener = NULL;
	struct pier_stream *server = NULL;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int rc;

	if (!sends && (argc != 3 || strcmp(argv[1], "take") != 0)) {
		fprintf(stderr, "usage: pass_descriptor send PATH FILE\n"
				"       pass_descriptor take PATH\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s", argv[2]);
	rc = sends ? pier_listen(&listener, endpoint, NULL, PIER_FOREVER)
		   : pier_dial(&server, endpoint, NULL, pier_in_s(10));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	else
		rc = sends ? give(listener, argv[3]) : take(server);
	pier_close(server);
	pier_listener_close(listener);
	return rc < 0;
}
