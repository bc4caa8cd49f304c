/* SPDX-License-Identifier: MIT */
/*
 * os/sim_event.c - eventfd(2): a counter that is readable when it is not 0.
 * Servers are stopped by one.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <string.h>

struct event {
	struct pier__sim_socket base;
	uint64_t count;
};

static struct event *
of(struct pier__sim_socket *socket)
{
	return pier__container_of(socket, struct event, base);
}

static ssize_t
event_send(struct pier__sim_socket *socket, const struct msghdr *msg, int flags)
{
	uint64_t more;

	(void)flags;
	if (pier__sim_iov_size(msg) < sizeof(more))
		return -EINVAL;
	pier__sim_iov_get(msg, 0, &more, sizeof(more));
	if (more > UINT64_MAX - 1 - of(socket)->count)
		return -EAGAIN;
	of(socket)->count += more;
	pier__sim_news(socket);
	return sizeof(more);
}

static ssize_t
event_recv(struct pier__sim_socket *socket, struct msghdr *msg, int flags)
{
	struct event *event = of(socket);

	(void)flags;
	if (pier__sim_iov_size(msg) < sizeof(event->count))
		return -EINVAL;
	if (event->count == 0)
		return -EAGAIN;
	(void)pier__sim_iov_put(msg, &event->count, sizeof(event->count));
	event->count = 0;
	pier__sim_news(socket);
	return sizeof(event->count);
}

static int
event_name(struct pier__sim_socket *socket, bool peer, struct sockaddr *sa,
	socklen_t *len)
{
	(void)socket;
	(void)peer;
	(void)sa;
	(void)len;
	return -ENOTSOCK;
}

static int
event_queued(struct pier__sim_socket *socket)
{
	(void)socket;
	return -ENOTTY;
}

static uint32_t
event_poll(struct pier__sim_socket *socket)
{
	uint64_t count = of(socket)->count;

	return (count > 0 ? EPOLLIN : 0u) |
	       (count < UINT64_MAX - 1 ? EPOLLOUT : 0u);
}

static const struct pier__sim_ops event_ops = {
	.send = event_send,
	.recv = event_recv,
	.name = event_name,
	.queued = event_queued,
	.poll = event_poll,
	.close = pier__sim_socket_end,
	.destroy = pier__sim_socket_end,
};

struct pier__sim_socket *
pier__sim_event_make(struct pier__sim_host *host)
{
	struct event *event = pier__sim_memory(sizeof(*event));

	pier__sim_socket_init(&event->base, host, &event_ops, AF_UNSPEC, 0);
	return &event->base;
}
