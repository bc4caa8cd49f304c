/* SPDX-License-Identifier: MIT */
/* reuse_address --port N: shows SO_REUSEADDR before and after, then listens
   with it, also where an old connection of the port lingers in TIME-WAIT;
   greets one client and closes first, so that one does. */
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pier.h>

static int
reuse_state(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &len) < 0
		       ? -1
		       : value;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	struct pier_listener *listener = NULL;
	struct pier_stream *client = NULL;
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc, plain;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: reuse_address --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp4://127.0.0.1:%u", port);
	plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	printf("old state: %d\n", reuse_state(plain));
	close(plain);
	rc = pier_listen(&listener, endpoint, NULL, pier_in_s(10));
	if (rc == 0) {
		printf("new state: %d\n",
			reuse_state(pier_listener_fd(listener)));
		(void)fflush(stdout);
		rc = pier_accept(&client, listener, PIER_FOREVER);
	}
	if (rc == 0)
		rc = pier_write(client, "hello\n", 6, pier_in_s(10));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(client);
	pier_listener_close(listener);
	return rc < 0;
}
