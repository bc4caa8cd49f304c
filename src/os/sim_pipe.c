/* SPDX-License-Identifier: MIT */
/*
 * os/sim_pipe.c - pipe(2) and splice(2): bytes of a stream that are put by
 * between two sockets. Each end is a socket to the simulation; the bytes belong
 * to both and go with the last.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As the kernel's, by default. */
#define PIPE_ROOM 65536

struct bytes {
	size_t begin, end; /* of data */
	unsigned ends;     /* that are open */
	unsigned char data[PIPE_ROOM];
};

struct pipe_end {
	struct pier__sim_socket base;
	struct bytes *bytes;
	struct pipe_end *other; /* NULL: closed */
	bool reads;
};

static struct pipe_end *
of(struct pier__sim_socket *socket)
{
	return pier__container_of(socket, struct pipe_end, base);
}

/* Something came or went: news for both ends. */
static void
tell(struct pipe_end *end)
{
	pier__sim_news(&end->base);
	if (end->other != NULL)
		pier__sim_news(&end->other->base);
}

static ssize_t
pipe_send(struct pier__sim_socket *socket, const struct msghdr *msg, int flags)
{
	struct pipe_end *end = of(socket);
	struct bytes *bytes = end->bytes;
	size_t size = pier__sim_iov_size(msg);
	size_t have = bytes->end - bytes->begin;

	(void)flags;
	if (end->reads)
		return -EBADF;
	if (end->other == NULL)
		return -EPIPE;
	if (have == PIPE_ROOM)
		return -EAGAIN;
	memmove(bytes->data, bytes->data + bytes->begin, have);
	if (size > PIPE_ROOM - have)
		size = PIPE_ROOM - have;
	pier__sim_iov_get(msg, 0, bytes->data + have, size);
	bytes->begin = 0;
	bytes->end = have + size;
	tell(end);
	return (ssize_t)size;
}

static ssize_t
pipe_recv(struct pier__sim_socket *socket, struct msghdr *msg, int flags)
{
	struct pipe_end *end = of(socket);
	struct bytes *bytes = end->bytes;
	size_t n;

	(void)flags;
	if (!end->reads)
		return -EBADF;
	if (bytes->begin == bytes->end)
		return end->other == NULL ? 0 : -EAGAIN;
	n = pier__sim_iov_put(
		msg, bytes->data + bytes->begin, bytes->end - bytes->begin);
	bytes->begin += n;
	tell(end);
	return (ssize_t)n;
}

static int
pipe_name(struct pier__sim_socket *socket, bool peer, struct sockaddr *sa,
	socklen_t *len)
{
	(void)socket;
	(void)peer;
	(void)sa;
	(void)len;
	return -ENOTSOCK;
}

static int
pipe_queued(struct pier__sim_socket *socket)
{
	(void)socket;
	return -ENOTTY;
}

static uint32_t
pipe_poll(struct pier__sim_socket *socket)
{
	const struct pipe_end *end = of(socket);
	size_t have = end->bytes->end - end->bytes->begin;

	if (end->reads)
		return (have > 0 ? EPOLLIN : 0u) |
		       (end->other == NULL ? EPOLLHUP : 0u);
	return (have < PIPE_ROOM ? EPOLLOUT : 0u) |
	       (end->other == NULL ? EPOLLERR : 0u);
}

static void
pipe_close(struct pier__sim_socket *socket)
{
	struct pipe_end *end = of(socket);

	if (end->other != NULL) {
		end->other->other = NULL;
		pier__sim_news(&end->other->base);
	}
	if (--end->bytes->ends == 0)
		free(end->bytes);
	pier__sim_socket_end(socket);
}

static const struct pier__sim_ops pipe_ops = {
	.send = pipe_send,
	.recv = pipe_recv,
	.name = pipe_name,
	.queued = pipe_queued,
	.poll = pipe_poll,
	.close = pipe_close,
	.destroy = pipe_close,
};

void
pier__sim_pipe_make(
	struct pier__sim_host *host, struct pier__sim_socket *ends[2])
{
	struct bytes *bytes = pier__sim_memory(sizeof(*bytes));
	struct pipe_end *pair[2];
	int i;

	bytes->ends = 2;
	for (i = 0; i < 2; i++) {
		pair[i] = pier__sim_memory(sizeof(*pair[i]));
		pair[i]->bytes = bytes;
		pair[i]->reads = i == 0;
		pier__sim_socket_init(
			&pair[i]->base, host, &pipe_ops, AF_UNSPEC, 0);
		ends[i] = &pair[i]->base;
	}
	pair[0]->other = pair[1];
	pair[1]->other = pair[0];
}

/* Into a pipe that has room: what the socket gives of it. */
static ssize_t
splice_in(struct pier__sim_socket *from, struct pipe_end *to, size_t size)
{
	struct bytes *bytes = to->bytes;
	size_t have = bytes->end - bytes->begin;
	struct iovec piece;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (to->reads)
		return -EBADF;
	if (to->other == NULL)
		return -EPIPE;
	if (have == PIPE_ROOM)
		return -EAGAIN;
	memmove(bytes->data, bytes->data + bytes->begin, have);
	bytes->begin = 0;
	bytes->end = have;
	piece.iov_base = bytes->data + have;
	piece.iov_len = size < PIPE_ROOM - have ? size : PIPE_ROOM - have;
	n = from->ops->recv(from, &msg, 0);
	if (n > 0)
		bytes->end += (size_t)n;
	if (n > 0)
		tell(to);
	return n;
}

static ssize_t
splice_out(struct pipe_end *from, struct pier__sim_socket *to, size_t size)
{
	struct bytes *bytes = from->bytes;
	size_t have = bytes->end - bytes->begin;
	struct iovec piece = { .iov_base = bytes->data + bytes->begin,
		.iov_len = size < have ? size : have };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t n;

	if (!from->reads)
		return -EBADF;
	if (have == 0)
		return from->other == NULL ? 0 : -EAGAIN;
	n = to->ops->send(to, &msg, 0);
	if (n > 0)
		bytes->begin += (size_t)n;
	if (n > 0)
		tell(from);
	return n;
}

ssize_t
pier__sim_splice(
	struct pier__sim_socket *from, struct pier__sim_socket *to, size_t size)
{
	if (size == 0)
		return 0;
	if (to->ops == &pipe_ops && from->ops != &pipe_ops)
		return splice_in(from, of(to), size);
	if (from->ops == &pipe_ops && to->ops != &pipe_ops)
		return splice_out(of(from), to, size);
	return -EINVAL;
}
