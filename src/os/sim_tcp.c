/* SPDX-License-Identifier: MIT */
/*
 * os/sim_tcp.c - tcp as the program sees it: the results of each call in each
 * state, as Linux gives them.
 */
#include "os/sim_tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pier__sim_tcp *
pier__sim_tcp_of(struct pier__sim_socket *socket)
{
	return pier__container_of(socket, struct pier__sim_tcp, base);
}

static int
tcp_bind(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	return pier__sim_bind_inet(socket, sa, len);
}

static int
tcp_listen(struct pier__sim_socket *socket, int backlog)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	struct pier__list *node;
	int rc;

	if (tcp->state != PIER__SIM_TCP_CLOSED &&
		tcp->state != PIER__SIM_TCP_LISTEN)
		return -EINVAL;
	rc = pier__sim_autobind(socket);
	if (rc < 0)
		return rc;
	/* Binding to the same port is allowed to several that may reuse it;
	   listening is not. */
	pier__list_each(node, &socket->host->sockets) {
		const struct pier__sim_socket *other =
			pier__container_of(node, struct pier__sim_socket, node);

		if (other != socket && other->listening &&
			other->ops == socket->ops &&
			other->local.port == socket->local.port &&
			IN6_ARE_ADDR_EQUAL(
				&other->local.ip, &socket->local.ip) &&
			!(other->reuseport && socket->reuseport))
			return -EADDRINUSE;
	}
	tcp->state = PIER__SIM_TCP_LISTEN;
	tcp->backlog = backlog;
	socket->listening = true;
	return 0;
}

/* Everything that waits to be accepted is reset. */
static void
drop_children(struct pier__sim_tcp *tcp)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&tcp->children)) != NULL) {
		struct pier__sim_tcp *child = pier__container_of(
			node, struct pier__sim_tcp, child_node);

		pier__sim_tcp_send_reset(child);
		pier__sim_tcp_free(child);
	}
	tcp->child_count = 0;
}

/* connect() to no family: a reset for the peer, and a new socket for us. */
static int
disconnect(struct pier__sim_tcp *tcp)
{
	struct pier__sim_socket *socket = &tcp->base;

	if (tcp->state == PIER__SIM_TCP_LISTEN)
		drop_children(tcp);
	else if (tcp->state == PIER__SIM_TCP_OPEN)
		pier__sim_tcp_send_reset(tcp);
	socket->listening = false;
	if (tcp->state != PIER__SIM_TCP_CLOSED &&
		tcp->state != PIER__SIM_TCP_TIME_WAIT)
		pier__sim_tcp_die(tcp, ECONNRESET);
	/* Its counters jump, and never meet again. */
	tcp->state = PIER__SIM_TCP_CLOSED;
	tcp->never_sent++;
	tcp->in_len = 0;
	tcp->connecting = false;
	tcp->fin_came = false;
	tcp->fin_acked = false;
	socket->shut = 0;
	return 0;
}

/* A second connect() asks how the first one went. */
static int
connect_again(struct pier__sim_tcp *tcp)
{
	if (tcp->state == PIER__SIM_TCP_SYN_SENT)
		return -EALREADY;
	tcp->connecting = false;
	if (tcp->state == PIER__SIM_TCP_OPEN)
		return 0;
	return tcp->base.error != 0 ? -pier__sim_take_error(&tcp->base)
				    : -ECONNABORTED;
}

static int
tcp_connect(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	struct pier__sim_addr to;
	struct in6_addr source;
	int rc;

	if (len >= sizeof(sa_family_t) && sa->sa_family == AF_UNSPEC)
		return disconnect(tcp);
	if (tcp->connecting)
		return connect_again(tcp);
	if (tcp->state != PIER__SIM_TCP_CLOSED)
		return -EISCONN;
	if (!pier__sim_addr_get(socket, sa, len, &to, &rc))
		return rc;
	/* To nowhere in particular is to oneself. */
	if (pier__sim_any(&to.ip))
		to.ip.s6_addr[pier__sim_is_v4(&to.ip) ? 12 : 15] =
			pier__sim_is_v4(&to.ip) ? 127 : 1;
	if (pier__sim_is_v4(&to.ip) && to.ip.s6_addr[12] == 127 &&
		to.ip.s6_addr[15] == 0)
		to.ip.s6_addr[15] = 1;
	rc = pier__sim_source(socket->host, &to.ip, &source);
	if (rc == 0)
		rc = pier__sim_autobind(socket);
	if (rc < 0)
		return rc == -EAGAIN ? -EADDRNOTAVAIL : rc;
	if (pier__sim_any(&socket->local.ip))
		socket->local.ip = source;
	socket->peer = to;
	socket->shut = 0;
	socket->error = 0;
	tcp->connecting = true;
	pier__sim_tcp_start(tcp);
	return -EINPROGRESS;
}

static int
tcp_accept(struct pier__sim_socket *socket, struct pier__sim_socket **out)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	struct pier__list *node;

	if (tcp->state != PIER__SIM_TCP_LISTEN)
		return -EINVAL;
	pier__list_each(node, &tcp->children) {
		struct pier__sim_tcp *child = pier__container_of(
			node, struct pier__sim_tcp, child_node);

		if (child->state == PIER__SIM_TCP_SYN_RECEIVED)
			continue;
		pier__list_remove(&child->child_node);
		child->listener = NULL;
		tcp->child_count--;
		*out = &child->base;
		return 0;
	}
	return -EAGAIN;
}

static ssize_t
tcp_send(struct pier__sim_socket *socket, const struct msghdr *msg, int flags)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	size_t size = pier__sim_iov_size(msg), room;

	(void)flags;
	if (tcp->state == PIER__SIM_TCP_SYN_SENT)
		return -EAGAIN;
	if (socket->error != 0 || (socket->shut & PIER__SIM_WR) != 0 ||
		tcp->state != PIER__SIM_TCP_OPEN)
		return socket->error != 0 ? -pier__sim_take_error(socket)
					  : -EPIPE;
	room = tcp->out_len < (size_t)socket->sndbuf
		       ? (size_t)socket->sndbuf - tcp->out_len
		       : 0;
	if (size > room) {
		tcp->no_room = true;
		if (room == 0)
			return -EAGAIN;
		size = room;
	}
	if (tcp->out_len + size > tcp->out_max) {
		tcp->out_max = tcp->out_len + size;
		tcp->out = realloc(tcp->out, tcp->out_max);
		if (tcp->out == NULL)
			abort();
	}
	pier__sim_iov_get(msg, 0, tcp->out + tcp->out_len, size);
	tcp->out_len += size;
	pier__sim_tcp_push(tcp);
	return (ssize_t)size;
}

static ssize_t
nothing_to_read(struct pier__sim_tcp *tcp)
{
	struct pier__sim_socket *socket = &tcp->base;

	if (tcp->fin_came)
		return 0;
	if (socket->error != 0)
		return -pier__sim_take_error(socket);
	if ((socket->shut & PIER__SIM_RD) != 0)
		return 0;
	return tcp->state == PIER__SIM_TCP_CLOSED ? -ENOTCONN : -EAGAIN;
}

static ssize_t
tcp_recv(struct pier__sim_socket *socket, struct msghdr *msg, int flags)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	size_t n;

	msg->msg_namelen = 0;
	msg->msg_controllen = 0;
	if (tcp->state == PIER__SIM_TCP_LISTEN)
		return -ENOTCONN;
	if (pier__sim_iov_size(msg) == 0)
		return 0;
	if (tcp->in_len == 0)
		return nothing_to_read(tcp);
	n = pier__sim_iov_put(msg, tcp->in, tcp->in_len);
	if ((flags & MSG_PEEK) != 0)
		return (ssize_t)n;
	tcp->in_len -= n;
	memmove(tcp->in, tcp->in + n, tcp->in_len);
	pier__sim_tcp_window(tcp);
	return (ssize_t)n;
}

static void
queue_fin(struct pier__sim_tcp *tcp)
{
	if (tcp->fin_queued || tcp->state != PIER__SIM_TCP_OPEN)
		return;
	tcp->fin_queued = true;
	tcp->fin_first = !tcp->fin_came;
	pier__sim_tcp_push(tcp);
}

static int
tcp_shutdown(struct pier__sim_socket *socket, int how)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	int rc = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	switch (tcp->state) {
	case PIER__SIM_TCP_CLOSED:
		rc = -ENOTCONN;
		break;
	case PIER__SIM_TCP_LISTEN:
		if (how == SHUT_WR)
			break;
		drop_children(tcp);
		socket->listening = false;
		tcp->state = PIER__SIM_TCP_CLOSED;
		socket->shut = PIER__SIM_RD | PIER__SIM_WR;
		break;
	case PIER__SIM_TCP_SYN_SENT:
		pier__sim_tcp_die(tcp, 0);
		break;
	default:
		socket->shut |= (unsigned)how + 1; /* SHUT_RD is 0 */
		if (how != SHUT_RD)
			queue_fin(tcp);
	}
	pier__sim_news(socket);
	return rc;
}

static int
tcp_name(struct pier__sim_socket *socket, bool peer, struct sockaddr *sa,
	socklen_t *len)
{
	const struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);

	socket->connected = tcp->state == PIER__SIM_TCP_OPEN;
	return pier__sim_name_inet(socket, peer, sa, len);
}

static int
tcp_queued(struct pier__sim_socket *socket)
{
	const struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);

	if (tcp->state == PIER__SIM_TCP_LISTEN)
		return -EINVAL;
	/* The FIN counts, as in the kernel. */
	return tcp->never_sent + (int)tcp->out_len +
	       (tcp->fin_queued && !tcp->fin_acked);
}

/* The kernel's names for it. */
static uint8_t
kernel_state(const struct pier__sim_tcp *tcp)
{
	switch (tcp->state) {
	case PIER__SIM_TCP_CLOSED:
		return TCP_CLOSE;
	case PIER__SIM_TCP_LISTEN:
		return TCP_LISTEN;
	case PIER__SIM_TCP_SYN_SENT:
		return TCP_SYN_SENT;
	case PIER__SIM_TCP_SYN_RECEIVED:
		return TCP_SYN_RECV;
	case PIER__SIM_TCP_TIME_WAIT:
		return TCP_TIME_WAIT;
	case PIER__SIM_TCP_OPEN:
		break;
	}
	if (!tcp->fin_queued)
		return tcp->fin_came ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
	if (!tcp->fin_came)
		return tcp->fin_acked ? TCP_FIN_WAIT2 : TCP_FIN_WAIT1;
	return tcp->fin_first ? TCP_CLOSING : TCP_LAST_ACK;
}

struct tcp_info
pier__sim_tcp_info(struct pier__sim_socket *socket)
{
	const struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);

	struct tcp_info info = {
		.tcpi_state = kernel_state(tcp),
		.tcpi_rto = (uint32_t)(tcp->rto_ns / 1000),
		.tcpi_rtt = (uint32_t)(tcp->rtt_ns / 1000),
	};
	struct pier__list *node;

	if (tcp->state != PIER__SIM_TCP_LISTEN)
		return info;
	/* Of a listener: how many can be accepted, and how many may queue. */
	info.tcpi_sacked = (uint32_t)tcp->backlog;
	pier__list_each(node, &tcp->children)
		info.tcpi_unacked +=
			pier__container_of(
				node, struct pier__sim_tcp, child_node)
				->state != PIER__SIM_TCP_SYN_RECEIVED;
	return info;
}

static uint32_t
poll_listener(const struct pier__sim_tcp *tcp)
{
	struct pier__list *node;

	pier__list_each(node, &tcp->children) {
		if (pier__container_of(node, struct pier__sim_tcp, child_node)
				->state != PIER__SIM_TCP_SYN_RECEIVED)
			return EPOLLIN | EPOLLRDNORM;
	}
	return 0;
}

static uint32_t
tcp_poll(struct pier__sim_socket *socket)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	uint32_t mask = socket->error != 0 ? EPOLLERR : 0;

	if (tcp->state == PIER__SIM_TCP_LISTEN)
		return poll_listener(tcp);
	if (socket->shut == (PIER__SIM_RD | PIER__SIM_WR) ||
		tcp->state == PIER__SIM_TCP_CLOSED)
		mask |= EPOLLHUP;
	if ((socket->shut & PIER__SIM_RD) != 0)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (tcp->state == PIER__SIM_TCP_SYN_SENT)
		return mask;
	if (tcp->in_len > 0)
		mask |= EPOLLIN | EPOLLRDNORM;
	if ((socket->shut & PIER__SIM_WR) != 0 || pier__sim_tcp_can_write(tcp))
		mask |= EPOLLOUT | EPOLLWRNORM;
	else
		tcp->no_room = true;
	return mask;
}

static void
tcp_close(struct pier__sim_socket *socket)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	bool abort_it =
		socket->linger.l_onoff != 0 && socket->linger.l_linger == 0;

	if (tcp->state == PIER__SIM_TCP_LISTEN)
		drop_children(tcp);
	tcp->orphan = true;
	socket->shut = PIER__SIM_RD | PIER__SIM_WR;
	if (tcp->state == PIER__SIM_TCP_OPEN && (abort_it || tcp->in_len > 0))
		pier__sim_tcp_send_reset(tcp);
	else if (tcp->state == PIER__SIM_TCP_OPEN && !tcp->fin_acked) {
		queue_fin(tcp);
		return;
	} else if (tcp->state == PIER__SIM_TCP_TIME_WAIT ||
		   (tcp->state == PIER__SIM_TCP_OPEN && !tcp->fin_came)) {
		return; /* the rest goes without the program */
	}
	pier__sim_tcp_free(tcp);
}

static void
tcp_destroy(struct pier__sim_socket *socket)
{
	struct pier__sim_tcp *tcp = pier__sim_tcp_of(socket);
	struct pier__list *node, *after;

	/* Its children are sockets of the host too and go by themselves. */
	pier__list_each_safe(node, after, &tcp->children) {
		pier__container_of(node, struct pier__sim_tcp, child_node)
			->listener = NULL;
		pier__list_remove(node);
	}
	pier__sim_tcp_free(tcp);
}

static const struct pier__sim_ops tcp_ops = {
	.bind = tcp_bind,
	.listen = tcp_listen,
	.connect = tcp_connect,
	.accept = tcp_accept,
	.send = tcp_send,
	.recv = tcp_recv,
	.shutdown = tcp_shutdown,
	.name = tcp_name,
	.queued = tcp_queued,
	.poll = tcp_poll,
	.close = tcp_close,
	.destroy = tcp_destroy,
};

struct pier__sim_tcp *
pier__sim_tcp_new(struct pier__sim_host *host, int family)
{
	struct pier__sim_tcp *tcp = pier__sim_memory(sizeof(*tcp));

	pier__sim_socket_init(&tcp->base, host, &tcp_ops, family, SOCK_STREAM);
	pier__list_init(&tcp->children);
	pier__list_init(&tcp->child_node);
	return tcp;
}

struct pier__sim_socket *
pier__sim_tcp_make(struct pier__sim_host *host, int family)
{
	return &pier__sim_tcp_new(host, family)->base;
}
