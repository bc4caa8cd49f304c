/* SPDX-License-Identifier: MIT */
/*
 * The yardstick: a TCP echo server written by hand on epoll, as somebody who
 * knows the interface and wants speed writes it for one core.
 *
 * - One recv and one send per message, one epoll_wait per turn, nothing else.
 *   Edge-triggered, each socket added once for both directions: a level-
 *   triggered set polls every socket of the last turn a second time.
 * - A recv that fills less than the buffer has drained the socket, unless the
 *   event also told of the peer's end or of an error: those come once.
 * - One read buffer for all connections. What a full socket buffer does not
 *   take is copied aside, and nothing more is read until it has gone.
 * - TCP_NODELAY is set on the listener: accepted sockets inherit it.
 */
#include "common.h"
#include "yard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX      512
#define DESCRIPTORS_MAX 65536

/* The tail of an echo that the socket buffer had no room for. */
struct rest {
	size_t len;
	size_t done;
	char bytes[];
};

struct loop {
	int epoll_fd;
	int listen_fd;
	char *buf;
	size_t buf_size;
	struct rest *rests[DESCRIPTORS_MAX]; /* by descriptor, NULL = none */
};

static void
drop(struct loop *loop, int fd)
{
	free(loop->rests[fd]);
	loop->rests[fd] = NULL;
	close(fd); /* which also takes it out of the epoll set */
}

/* What went: len, less if the socket is full, -1 if it is broken. */
static ssize_t
send_some(int fd, const char *bytes, size_t len)
{
	ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN ? 0 : -1;
	return sent;
}

/* 1: nothing is left over, 0: still waiting for room, -1: broken. */
static int
send_rest(struct loop *loop, int fd)
{
	struct rest *rest = loop->rests[fd];
	ssize_t sent;

	if (rest == NULL)
		return 1;
	sent = send_some(fd, rest->bytes + rest->done, rest->len - rest->done);
	if (sent < 0)
		return -1;
	rest->done += (size_t)sent;
	if (rest->done < rest->len)
		return 0;
	free(rest);
	loop->rests[fd] = NULL;
	return 1;
}

static int
keep_rest(struct loop *loop, int fd, const char *bytes, size_t len)
{
	struct rest *rest = malloc(sizeof(*rest) + len);

	if (rest == NULL)
		return -1;
	rest->len = len;
	rest->done = 0;
	memcpy(rest->bytes, bytes, len);
	loop->rests[fd] = rest;
	return 0;
}

static void
echo(struct loop *loop, int fd, unsigned events)
{
	const unsigned last = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
	ssize_t got, sent;
	int had_rest = loop->rests[fd] != NULL;
	int clear = send_rest(loop, fd);

	if (clear <= 0) {
		if (clear < 0)
			drop(loop, fd);
		return;
	}
	do {
		got = recv(fd, loop->buf, loop->buf_size, 0);
		if (got < 0 && errno == EAGAIN)
			return;
		sent = got <= 0 ? -1 : send_some(fd, loop->buf, (size_t)got);
		if (sent < 0) {
			drop(loop, fd);
			return;
		}
		if (sent < got) {
			if (keep_rest(loop, fd, loop->buf + sent,
				    (size_t)(got - sent)) < 0)
				drop(loop, fd);
			return;
		}
		/* While a rest was waiting, an edge may have been passed over:
		   then only EAGAIN says that the socket is drained. */
	} while ((size_t)got == loop->buf_size || (events & last) || had_rest);
}

static void
accept_all(struct loop *loop)
{
	int fd;

	while ((fd = accept4(loop->listen_fd, NULL, NULL,
			SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event want = {
			.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
			.data.fd = fd,
		};

		if (fd >= DESCRIPTORS_MAX ||
			epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &want) < 0)
			close(fd);
	}
	if (errno != EAGAIN && errno != ECONNABORTED && errno != EMFILE)
		bench_fail(errno, "accept4");
}

static void
run(struct loop *loop)
{
	struct epoll_event ready[EVENTS_MAX];
	int i, n;

	for (;;) {
		n = epoll_wait(loop->epoll_fd, ready, EVENTS_MAX, -1);
		if (n < 0 && errno != EINTR)
			bench_fail(errno, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (ready[i].data.fd == loop->listen_fd)
				accept_all(loop);
			else
				echo(loop, ready[i].data.fd, ready[i].events);
		}
	}
}

int
main(int argc, char **argv)
{
	static struct loop loop;
	struct yard_options options;
	struct epoll_event want = { .events = EPOLLIN };

	yard_parse(&options, argc, argv, 0);
	bench_raise_descriptor_limit();
	loop.buf_size = options.buf_size;
	loop.buf = malloc(loop.buf_size);
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop.buf == NULL || loop.epoll_fd < 0)
		bench_fail(errno, "setting up");
	loop.listen_fd = yard_listen(options.port, SOCK_NONBLOCK);
	want.data.fd = loop.listen_fd;
	if (epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, loop.listen_fd, &want) < 0)
		bench_fail(errno, "epoll_ctl");
	yard_ready(yard_port(loop.listen_fd));
	run(&loop);
}
