/* SPDX-License-Identifier: MIT */
/*
 * tcp_info.c - shows what pier says of a connection to itself, for
 * tcp_info.py: connects over the loopback, sends some bytes both ways, prints
 * one line of JSON, and stays until its standard input ends.
 */
#include <pier.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
fail(const char *what)
{
	perror(what);
	return 1;
}

/* All of size bytes from one end to the other. */
static int
send_over(int from, int to, size_t size)
{
	static char bytes[8192];

	if (send(from, bytes, size, 0) != (ssize_t)size)
		return -1;
	return recv(to, bytes, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

static int
show(int fd)
{
	struct sockaddr_in name, peer;
	socklen_t len = sizeof(name);
	const struct pier_tcp_field *field;
	struct pier_tcp_info info;

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0 ||
		getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return fail("the addresses");
	if (pier_tcp_info(fd, &info) < 0)
		return fail(pier_error_line());
	printf("{\"port\": %d, \"peer\": %d, \"have\": %u",
		ntohs(name.sin_port), ntohs(peer.sin_port), info.have);
	for (size_t i = 0; (field = pier_tcp_field_at(i)) != NULL; i++)
		printf(", \"%s\": %llu", field->name,
			(unsigned long long)pier_tcp_field_value(field, &info));
	printf("}\n");
	return 0;
}

int
main(void)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int near = socket(AF_INET, SOCK_STREAM, 0);
	int far;

	if (bind(listener, (struct sockaddr *)&name, len) < 0 ||
		listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&name, &len) < 0 ||
		connect(near, (struct sockaddr *)&name, len) < 0)
		return fail("connect");
	far = accept(listener, NULL, NULL);
	if (far < 0 || send_over(near, far, 5000) < 0 ||
		send_over(far, near, 300) < 0 || send_over(near, far, 1) < 0)
		return fail("exchange");
	/* The last acknowledgement may be delayed by up to 40 ms: wait for it
	   by asking until the numbers no longer change. */
	for (len = 0; len < 200; len++) {
		struct pier_tcp_info info;

		if (pier_tcp_info(near, &info) < 0)
			return fail(pier_error_line());
		if (info.unacked == 0)
			break;
		(void)usleep(5000);
	}
	if (show(near) != 0 || show(far) != 0 || fflush(stdout) != 0)
		return 1;
	while (getchar() != EOF)
		;
	return 0;
}
