/* SPDX-License-Identifier: MIT */
/*
 * The yardstick of the relay rows: one connection at a time by hand, on poll,
 * with a buffer of --buf bytes for each direction; with --splice a pipe for
 * each, always.
 */
#include "common.h"
#include "yard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One direction: bytes [begin, end) of buf, or as many in the pipe. */
struct way {
	int from, to;
	int pipe[2];
	char *buf;
	size_t begin, end;
	int ended;
};

static int
connect_to(int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		bench_fail(errno, "connect to port %d", port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		bench_fail(errno, "O_NONBLOCK");
	return fd;
}

static ssize_t
take(struct way *way, size_t size)
{
	if (way->buf != NULL)
		return recv(way->from, way->buf, size, MSG_DONTWAIT);
	return splice(way->from, NULL, way->pipe[1], NULL, size,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

static ssize_t
give(const struct way *way)
{
	size_t size = way->end - way->begin;

	if (way->buf != NULL)
		return send(way->to, way->buf + way->begin, size,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	return splice(way->pipe[0], NULL, way->to, NULL, size,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

/* Until it has to wait. 0, or -1: the connection failed. */
static int
move(struct way *way, size_t buf_size)
{
	ssize_t n;

	while (!way->ended) {
		if (way->begin == way->end) {
			n = take(way, buf_size);
			way->begin = 0;
			way->end = n > 0 ? (size_t)n : 0;
			if (n == 0) {
				shutdown(way->to, SHUT_WR);
				way->ended = 1;
			}
		} else {
			n = give(way);
			if (n > 0)
				way->begin += (size_t)n;
		}
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
	}
	return 0;
}

static void
relay(struct way *ways, size_t buf_size)
{
	struct pollfd ready[2];
	int i;

	while (!ways[0].ended || !ways[1].ended) {
		for (i = 0; i < 2; i++) {
			if (move(&ways[i], buf_size) < 0)
				return;
			ready[i].fd = ways[i].begin < ways[i].end
					      ? ways[i].to
					      : ways[i].from;
			ready[i].events =
				ways[i].begin < ways[i].end ? POLLOUT : POLLIN;
			if (ways[i].ended)
				ready[i].fd = -1;
		}
		if (!ways[0].ended || !ways[1].ended)
			(void)poll(ready, 2, -1);
	}
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	struct way ways[2] = { { 0 }, { 0 } };
	int listener, i;

	yard_parse(&options, argc, argv, YARD_TARGET | YARD_SPLICE);
	listener = yard_listen(options.port, 0);
	for (i = 0; i < 2; i++) {
		if (options.splice && pipe2(ways[i].pipe, O_CLOEXEC) < 0)
			bench_fail(errno, "pipe");
		ways[i].buf = options.splice ? NULL : malloc(options.buf_size);
	}
	yard_ready(yard_port(listener));
	for (;;) {
		int near = accept4(
			listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int far;

		if (near < 0)
			bench_fail(errno, "accept");
		far = connect_to(options.target);
		for (i = 0; i < 2; i++) {
			ways[i].from = i == 0 ? near : far;
			ways[i].to = i == 0 ? far : near;
			ways[i].begin = ways[i].end = 0;
			ways[i].ended = 0;
		}
		relay(ways, options.buf_size);
		close(near);
		close(far);
	}
}
