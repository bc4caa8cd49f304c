/* SPDX-License-Identifier: MIT */
/*
 * os/sim_udp.c - datagrams over the simulated network: connected or not,
 * dropped when the receiver's buffer is full, and the port unreachable that
 * only a connected socket hears of, as ECONNREFUSED of its next call.
 *
 * A ping socket is one whose port is the identifier, and that sends ICMP echo
 * requests. Every host answers these.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MAX 65507

struct datagram {
	struct pier__list node;
	struct pier__sim_addr src, dst;
	int ttl, tos;
	bool to_many;
	int64_t came_ns; /* realtime */
	size_t len;
	unsigned char data[];
};

struct udp {
	struct pier__sim_socket base;
	struct pier__list queue; /* struct datagram */
	size_t queued;           /* bytes in it, with their overhead */
};

/* What one datagram costs of the buffer beside its bytes. */
#define OVERHEAD 768

static struct udp *
of(struct pier__sim_socket *socket)
{
	return pier__container_of(socket, struct udp, base);
}

static bool
is_ping(const struct pier__sim_socket *socket)
{
	return socket->protocol == IPPROTO_ICMP ||
	       socket->protocol == IPPROTO_ICMPV6;
}

static int
udp_bind(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	return pier__sim_bind_inet(socket, sa, len);
}

static int
udp_connect(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	struct pier__sim_addr to;
	struct in6_addr source;
	int rc;

	if (len >= sizeof(sa_family_t) && sa->sa_family == AF_UNSPEC) {
		socket->connected = false;
		return 0;
	}
	if (!pier__sim_addr_get(socket, sa, len, &to, &rc))
		return rc;
	rc = pier__sim_source(socket->host, &to.ip, &source);
	if (rc == 0 && !socket->broadcast &&
		pier__sim_reach(socket->host, &to.ip) == PIER__SIM_TO_BROADCAST)
		rc = -EACCES;
	if (rc == 0)
		rc = pier__sim_autobind(socket);
	if (rc < 0)
		return rc;
	if (pier__sim_any(&socket->local.ip))
		socket->local.ip = source;
	socket->peer = to;
	socket->connected = true;
	return 0;
}

/* What control messages ask for. */
struct asked {
	struct in6_addr source; /* any: none */
	unsigned link;
	int ttl, tos; /* -1: none */
};

static void
read_pktinfo(struct asked *out, const struct cmsghdr *cmsg)
{
	struct in_pktinfo info4;
	struct in6_pktinfo info6;

	if (cmsg->cmsg_level == IPPROTO_IPV6) {
		memcpy(&info6, CMSG_DATA(cmsg), sizeof(info6));
		out->source = info6.ipi6_addr;
		out->link = info6.ipi6_ifindex;
		return;
	}
	memcpy(&info4, CMSG_DATA(cmsg), sizeof(info4));
	out->source.s6_addr[10] = 0xff;
	out->source.s6_addr[11] = 0xff;
	memcpy(&out->source.s6_addr[12], &info4.ipi_spec_dst, 4);
	out->link = (unsigned)info4.ipi_ifindex;
}

static struct asked
asked_of(const struct pier__sim_socket *socket, const struct msghdr *msg)
{
	union {
		const struct msghdr *in;
		struct msghdr *out;
	} header = { msg };
	struct asked out = { .ttl = -1, .tos = -1 };
	bool v4 = socket->family == AF_INET;
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	for (; cmsg != NULL; cmsg = CMSG_NXTHDR(header.out, cmsg)) {
		if (cmsg->cmsg_level != (v4 ? IPPROTO_IP : IPPROTO_IPV6))
			continue;
		if (cmsg->cmsg_type == (v4 ? IP_PKTINFO : IPV6_PKTINFO))
			read_pktinfo(&out, cmsg);
		if (cmsg->cmsg_type == (v4 ? IP_TTL : IPV6_HOPLIMIT))
			memcpy(&out.ttl, CMSG_DATA(cmsg), sizeof(int));
		if (cmsg->cmsg_type == (v4 ? IP_TOS : IPV6_TCLASS))
			memcpy(&out.tos, CMSG_DATA(cmsg), sizeof(int));
	}
	return out;
}

/* Where to, and from where: 0, or why not. */
static int
udp_ends(struct pier__sim_socket *socket, const struct msghdr *msg,
	const struct asked *asked, struct pier__sim_addr *src,
	struct pier__sim_addr *dst)
{
	struct in6_addr source;
	int rc;

	*dst = socket->peer;
	if (msg->msg_name != NULL && msg->msg_namelen > 0) {
		if (!pier__sim_addr_get(
			    socket, msg->msg_name, msg->msg_namelen, dst, &rc))
			return rc;
		if (dst->port == 0 && !is_ping(socket))
			return -EINVAL;
	} else if (!socket->connected) {
		return -EDESTADDRREQ;
	}
	rc = pier__sim_source(socket->host, &dst->ip, &source);
	if (rc == 0)
		rc = pier__sim_autobind(socket);
	if (rc < 0)
		return rc;
	*src = socket->local;
	if (pier__sim_any(&src->ip) ||
		pier__sim_reach(socket->host, &src->ip) != PIER__SIM_TO_ONE)
		src->ip = source;
	if (asked->link > 1)
		return -ENODEV;
	if (!pier__sim_any(&asked->source)) {
		if (!pier__sim_is_local(socket->host, &asked->source))
			return -EINVAL;
		src->ip = asked->source;
	}
	return 0;
}

/* The header of an echo request, with the socket's own identifier. */
enum {
	ECHO_HEAD = 8,
	ECHO_ID = 4
};

static int
fill_echo(
	const struct pier__sim_socket *socket, struct pier__sim_packet *packet)
{
	packet->kind = PIER__SIM_ECHO;
	if (packet->len < ECHO_HEAD ||
		packet->data[0] != (socket->family == AF_INET ? 8 : 128))
		return -EINVAL;
	packet->data[ECHO_ID] = (unsigned char)(packet->src.port >> 8);
	packet->data[ECHO_ID + 1] = (unsigned char)packet->src.port;
	return 0;
}

/* Takes the packet. */
static void
leave(struct pier__sim_socket *socket, struct pier__sim_packet *packet,
	enum pier__sim_reach reach, const struct asked *asked)
{
	packet->ttl = asked->ttl > 0 ? asked->ttl : 64;
	if (asked->ttl <= 0 && reach == PIER__SIM_TO_GROUP)
		packet->ttl = socket->group_ttl > 0 ? socket->group_ttl : 1;
	packet->tos = asked->tos < 0 ? 0 : asked->tos;
	if (reach == PIER__SIM_TO_ONE)
		pier__sim_transmit(socket->host, packet);
	else
		pier__sim_transmit_all(socket->host, packet,
			reach == PIER__SIM_TO_BROADCAST || !socket->no_loop);
}

static ssize_t
udp_send(struct pier__sim_socket *socket, const struct msghdr *msg, int flags)
{
	size_t size = pier__sim_iov_size(msg);
	const struct asked asked = asked_of(socket, msg);
	struct pier__sim_packet *packet;
	struct pier__sim_addr src, dst;
	enum pier__sim_reach reach;
	int rc;

	(void)flags;
	if (size > PAYLOAD_MAX)
		return -EMSGSIZE;
	rc = udp_ends(socket, msg, &asked, &src, &dst);
	if (rc < 0)
		return rc;
	reach = pier__sim_reach(socket->host, &dst.ip);
	if (reach == PIER__SIM_TO_BROADCAST && !socket->broadcast)
		return -EACCES;
	if (socket->error != 0)
		return -pier__sim_take_error(socket);
	if ((socket->shut & PIER__SIM_WR) != 0)
		return -EPIPE;
	packet = pier__sim_packet(PIER__SIM_UDP, &src, &dst, size);
	pier__sim_iov_get(msg, 0, packet->data, size);
	rc = is_ping(socket) ? fill_echo(socket, packet) : 0;
	if (rc < 0) {
		free(packet);
		return rc;
	}
	leave(socket, packet, reach, &asked);
	return (ssize_t)size;
}

/* Behind the *used bytes of control messages. */
static void
put(struct msghdr *msg, size_t *used, int level, int type, const void *data,
	size_t size)
{
	char *place = (char *)msg->msg_control + *used;
	struct cmsghdr *cmsg = (struct cmsghdr *)(void *)place;

	if (msg->msg_control == NULL ||
		msg->msg_controllen < *used + CMSG_SPACE(size)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(cmsg), data, size);
	*used += CMSG_SPACE(size);
}

static void
put_pktinfo(const struct pier__sim_socket *socket, struct msghdr *msg,
	const struct datagram *datagram, size_t *used)
{
	const struct in6_addr *ip = &datagram->dst.ip;
	struct in6_pktinfo info6 = { .ipi6_addr = *ip, .ipi6_ifindex = 1 };
	struct in_pktinfo info4 = { .ipi_ifindex = 1 };
	struct in6_addr own = *ip;

	if (socket->family != AF_INET) {
		put(msg, used, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
			sizeof(info6));
		return;
	}
	if (datagram->to_many)
		(void)pier__sim_source(socket->host, &datagram->src.ip, &own);
	memcpy(&info4.ipi_addr, &ip->s6_addr[12], 4);
	memcpy(&info4.ipi_spec_dst, &own.s6_addr[12], 4);
	put(msg, used, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
}

static void
put_control(const struct pier__sim_socket *socket, struct msghdr *msg,
	const struct datagram *datagram)
{
	const struct timespec time = {
		.tv_sec = datagram->came_ns / 1000000000,
		.tv_nsec = datagram->came_ns % 1000000000,
	};
	const unsigned char tos = (unsigned char)datagram->tos;
	bool v4 = socket->family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	size_t used = 0;

	if ((socket->asks & PIER__SIM_ASK_TIME) != 0)
		put(msg, &used, SOL_SOCKET, SO_TIMESTAMPNS, &time,
			sizeof(time));
	if ((socket->asks & PIER__SIM_ASK_PKTINFO) != 0)
		put_pktinfo(socket, msg, datagram, &used);
	if ((socket->asks & PIER__SIM_ASK_TTL) != 0)
		put(msg, &used, level, v4 ? IP_TTL : IPV6_HOPLIMIT,
			&datagram->ttl, sizeof(datagram->ttl));
	if ((socket->asks & PIER__SIM_ASK_TOS) != 0)
		put(msg, &used, level, v4 ? IP_TOS : IPV6_TCLASS,
			v4 ? (const void *)&tos : (const void *)&datagram->tos,
			v4 ? sizeof(tos) : sizeof(datagram->tos));
	msg->msg_controllen = used;
}

static ssize_t
udp_recv(struct pier__sim_socket *socket, struct msghdr *msg, int flags)
{
	struct udp *udp = of(socket);
	struct datagram *datagram;
	size_t n;

	if (socket->error != 0)
		return -pier__sim_take_error(socket);
	if (pier__list_empty(&udp->queue))
		return (socket->shut & PIER__SIM_RD) != 0 ? 0 : -EAGAIN;
	datagram = pier__container_of(udp->queue.next, struct datagram, node);
	n = pier__sim_iov_put(msg, datagram->data, datagram->len);
	if (n < datagram->len) {
		msg->msg_flags |= MSG_TRUNC;
		if ((flags & MSG_TRUNC) != 0)
			n = datagram->len;
	}
	pier__sim_addr_put(
		socket, &datagram->src, msg->msg_name, &msg->msg_namelen);
	put_control(socket, msg, datagram);
	if ((flags & MSG_PEEK) == 0) {
		pier__list_remove(&datagram->node);
		udp->queued -= datagram->len + OVERHEAD;
		free(datagram);
	}
	return (ssize_t)n;
}

static int
udp_shutdown(struct pier__sim_socket *socket, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	if (!socket->connected)
		return -ENOTCONN;
	socket->shut |= (unsigned)how + 1; /* SHUT_RD is 0 */
	pier__sim_news(socket);
	return 0;
}

static int
udp_queued(struct pier__sim_socket *socket)
{
	(void)socket;
	return 0;
}

static uint32_t
udp_poll(struct pier__sim_socket *socket)
{
	uint32_t mask = EPOLLOUT;

	if (socket->error != 0)
		mask |= EPOLLERR;
	if ((socket->shut & PIER__SIM_RD) != 0)
		mask |= EPOLLRDHUP | EPOLLIN;
	if (socket->shut == (PIER__SIM_RD | PIER__SIM_WR))
		mask |= EPOLLHUP;
	if (!pier__list_empty(&of(socket)->queue))
		mask |= EPOLLIN;
	return mask;
}

static void
udp_close(struct pier__sim_socket *socket)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&of(socket)->queue)) != NULL)
		free(pier__container_of(node, struct datagram, node));
	pier__sim_socket_end(socket);
}

static const struct pier__sim_ops udp_ops = {
	.bind = udp_bind,
	.connect = udp_connect,
	.send = udp_send,
	.recv = udp_recv,
	.shutdown = udp_shutdown,
	.name = pier__sim_name_inet,
	.queued = udp_queued,
	.poll = udp_poll,
	.close = udp_close,
	.destroy = udp_close,
};

struct pier__sim_socket *
pier__sim_udp_make(struct pier__sim_host *host, int family)
{
	struct udp *udp = pier__sim_memory(sizeof(*udp));

	pier__sim_socket_init(&udp->base, host, &udp_ops, family, SOCK_DGRAM);
	pier__list_init(&udp->queue);
	return &udp->base;
}

/* Is it about ICMP echo, and for a ping socket? */
static bool
is_echo(const struct pier__sim_packet *packet)
{
	return packet->kind == PIER__SIM_ECHO_REPLY ||
	       (packet->kind != PIER__SIM_UDP &&
		       packet->about == PIER__SIM_ECHO);
}

/* A ping socket's peer has no port. */
static bool
is_from_peer(const struct pier__sim_socket *socket,
	const struct pier__sim_packet *packet)
{
	return is_ping(socket)
		       ? IN6_ARE_ADDR_EQUAL(&socket->peer.ip, &packet->src.ip)
		       : pier__sim_addr_equal(&socket->peer, &packet->src);
}

/* How well socket fits a packet: 0 not at all. */
static int
fit(const struct pier__sim_socket *socket,
	const struct pier__sim_packet *packet)
{
	const struct pier__sim_addr *dst = &packet->dst;
	bool v4 = pier__sim_is_v4(&dst->ip);
	bool any = pier__sim_any(&socket->local.ip);

	if (socket->ops != &udp_ops || !socket->bound ||
		is_ping(socket) != is_echo(packet) ||
		socket->local.port != dst->port)
		return 0;
	if (!any && !IN6_ARE_ADDR_EQUAL(&socket->local.ip, &dst->ip))
		return 0;
	if (any && v4 != pier__sim_is_v4(&socket->local.ip) &&
		(socket->family == AF_INET || socket->v6only || !v4))
		return 0;
	if (socket->connected && !is_from_peer(socket, packet))
		return 0;
	return 1 + !any + 2 * socket->connected +
	       (v4 == (socket->family == AF_INET));
}

static struct udp *
find(struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct udp *best = NULL;
	struct pier__list *node;
	int best_fit = 0;

	pier__list_each(node, &host->sockets) {
		struct pier__sim_socket *socket =
			pier__container_of(node, struct pier__sim_socket, node);
		int this_fit = fit(socket, packet);

		if (this_fit > best_fit) {
			best_fit = this_fit;
			best = of(socket);
		}
	}
	return best;
}

static void
refuse(struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__sim_packet *icmp;

	if (packet->kind != PIER__SIM_UDP)
		return;
	icmp = pier__sim_packet(
		PIER__SIM_ICMP_PORT, &packet->dst, &packet->src, 0);
	icmp->about = PIER__SIM_UDP;
	pier__sim_transmit(host, icmp);
}

/* An echo request is answered by the host itself. */
static void
answer_echo(struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__sim_packet *reply = pier__sim_packet(
		PIER__SIM_ECHO_REPLY, &packet->dst, &packet->src, packet->len);

	memcpy(reply->data, packet->data, packet->len);
	reply->data[0] = packet->data[0] == 8 ? 0 : 129;
	pier__sim_transmit(host, reply);
}

static void
fail(struct udp *udp, const struct pier__sim_packet *packet)
{
	if (udp == NULL || !udp->base.connected)
		return;
	udp->base.error = packet->kind == PIER__SIM_ICMP_PORT ? ECONNREFUSED
							      : EHOSTUNREACH;
	pier__sim_news(&udp->base);
}

static void
deliver(struct udp *udp, const struct pier__sim_packet *packet)
{
	struct datagram *datagram;

	if (udp->queued + packet->len + OVERHEAD > (size_t)udp->base.rcvbuf) {
		pier__sim_note(udp->base.host->sim, "udp: no room, dropped");
		return;
	}
	datagram = pier__sim_memory(sizeof(*datagram) + packet->len);
	datagram->src = packet->src;
	datagram->dst = packet->dst;
	datagram->ttl = packet->ttl;
	datagram->tos = packet->tos;
	datagram->to_many = packet->to_many;
	datagram->came_ns = pier__sim_realtime_at(udp->base.host->sim);
	datagram->len = packet->len;
	memcpy(datagram->data, packet->data, packet->len);
	pier__list_push_back(&udp->queue, &datagram->node);
	udp->queued += packet->len + OVERHEAD;
	pier__sim_news(&udp->base);
}

/* Everybody who is bound so has a copy, and nobody answers that there is
   none. */
static void
deliver_to_many(
	struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__list *node;

	pier__list_each(node, &host->sockets) {
		struct pier__sim_socket *socket =
			pier__container_of(node, struct pier__sim_socket, node);

		if (fit(socket, packet) > 0 &&
			pier__sim_hears(socket, &packet->dst.ip))
			deliver(of(socket), packet);
	}
}

void
pier__sim_udp_input(
	struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct udp *udp;

	if (packet->to_many) {
		deliver_to_many(host, packet);
		return;
	}
	if (packet->kind == PIER__SIM_ECHO) {
		answer_echo(host, packet);
		return;
	}
	udp = find(host, packet);
	if (packet->kind == PIER__SIM_ICMP_PORT ||
		packet->kind == PIER__SIM_ICMP_HOST)
		fail(udp, packet);
	else if (udp != NULL)
		deliver(udp, packet);
	else if (packet->kind == PIER__SIM_UDP)
		refuse(host, packet);
}
