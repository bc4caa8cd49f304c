/* SPDX-License-Identifier: MIT */
/*
 * os/sim_tcp_wire.c - tcp between two hosts: handshake, bytes and windows,
 * what is sent again, how it ends. A small tcp: whatever is out of order is
 * dropped and comes again (links keep the order unless told otherwise), and
 * there is no congestion, only latency.
 */
#include "os/sim_tcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MSS          1460
#define MS           ((int64_t)1000000)
#define RTO_FIRST_NS (1000 * MS) /* RFC 6298 */
#define RTO_LEAST_NS (200 * MS)  /* Linux */
#define RTO_MOST_NS  (120000 * MS)
#define TIME_WAIT_NS (60000 * MS)

static void timer_fires(struct pier__sim *sim, struct pier__sim_event *event);

static struct pier__sim *
sim_of(const struct pier__sim_tcp *tcp)
{
	return tcp->base.host->sim;
}

static void
set_timer(struct pier__sim_tcp *tcp, int64_t in_ns)
{
	struct pier__sim *sim = sim_of(tcp);

	tcp->timer.fn = timer_fires;
	pier__sim_schedule(sim, &tcp->timer, sim->now + in_ns);
}

static void
emit(struct pier__sim_tcp *tcp, unsigned flags, uint64_t seq, size_t len)
{
	struct pier__sim_packet *packet = pier__sim_packet(
		PIER__SIM_TCP, &tcp->base.local, &tcp->base.peer, len);
	uint64_t edge = tcp->got + (size_t)tcp->base.rcvbuf;

	/* What is not read takes room; told room is never taken back. */
	edge -= tcp->in_len < (size_t)tcp->base.rcvbuf
			? tcp->in_len
			: (size_t)tcp->base.rcvbuf;
	if (edge > tcp->room_edge)
		tcp->room_edge = edge;
	packet->flags = flags;
	packet->seq = seq;
	packet->ack = tcp->got;
	packet->edge = tcp->room_edge;
	if (len > 0)
		memcpy(packet->data, tcp->out + (seq - tcp->una), len);
	pier__sim_transmit(tcp->base.host, packet);
}

void
pier__sim_tcp_ack(struct pier__sim_tcp *tcp)
{
	emit(tcp, PIER__SIM_ACK, tcp->sent, 0);
}

void
pier__sim_tcp_send_reset(struct pier__sim_tcp *tcp)
{
	emit(tcp, PIER__SIM_RST | PIER__SIM_ACK, tcp->sent, 0);
}

/* A reset for a packet that no connection wants. */
static void
refuse(struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__sim_packet *reset =
		pier__sim_packet(PIER__SIM_TCP, &packet->dst, &packet->src, 0);

	reset->flags = PIER__SIM_RST | PIER__SIM_ACK;
	reset->seq = packet->ack;
	reset->ack = packet->seq + packet->len + 1;
	pier__sim_transmit(host, reset);
}

void
pier__sim_tcp_free(struct pier__sim_tcp *tcp)
{
	pier__sim_cancel(sim_of(tcp), &tcp->timer);
	if (tcp->listener != NULL)
		tcp->listener->child_count--;
	pier__list_remove(&tcp->child_node);
	free(tcp->out);
	free(tcp->in);
	pier__sim_socket_end(&tcp->base);
}

void
pier__sim_tcp_die(struct pier__sim_tcp *tcp, int error)
{
	/* One that was never accepted goes without a word, but what the peer
	   has sent can still be accepted and read, as in the kernel. */
	if (tcp->orphan || (tcp->listener != NULL &&
				   tcp->state == PIER__SIM_TCP_SYN_RECEIVED)) {
		pier__sim_tcp_free(tcp);
		return;
	}
	pier__sim_cancel(sim_of(tcp), &tcp->timer);
	/* SIOCOUTQ goes on counting what will never go. */
	tcp->never_sent =
		(int)tcp->out_len + (tcp->fin_queued && !tcp->fin_acked);
	tcp->state = PIER__SIM_TCP_CLOSED;
	tcp->out_len = 0;
	tcp->fin_queued = false;
	tcp->base.error = error;
	tcp->base.shut = PIER__SIM_RD | PIER__SIM_WR;
	pier__sim_news(&tcp->base);
}

/* Our FIN and theirs are both through. */
static void
finish(struct pier__sim_tcp *tcp)
{
	if (tcp->state != PIER__SIM_TCP_OPEN || !tcp->fin_acked ||
		!tcp->fin_came)
		return;
	if (tcp->fin_first) {
		/* For a peer that never got our last acknowledgement. */
		tcp->state = PIER__SIM_TCP_TIME_WAIT;
		set_timer(tcp, TIME_WAIT_NS);
	} else if (tcp->orphan) {
		pier__sim_tcp_free(tcp);
	} else {
		tcp->state = PIER__SIM_TCP_CLOSED;
		pier__sim_cancel(sim_of(tcp), &tcp->timer);
	}
}

void
pier__sim_tcp_start(struct pier__sim_tcp *tcp)
{
	bool passive = tcp->listener != NULL;

	tcp->state =
		passive ? PIER__SIM_TCP_SYN_RECEIVED : PIER__SIM_TCP_SYN_SENT;
	tcp->una = tcp->nxt = 0;
	tcp->sent = 1;
	tcp->rto_ns = RTO_FIRST_NS;
	tcp->unheard_since = sim_of(tcp)->now;
	emit(tcp, passive ? PIER__SIM_SYN | PIER__SIM_ACK : PIER__SIM_SYN, 0,
		0);
	set_timer(tcp, tcp->rto_ns);
}

/* Everything that window and data allow, once. */
static void
push_new(struct pier__sim_tcp *tcp)
{
	uint64_t end = tcp->una + tcp->out_len;

	while (tcp->nxt < end && tcp->nxt < tcp->edge) {
		size_t len = MSS;

		if (len > end - tcp->nxt)
			len = end - tcp->nxt;
		if (len > tcp->edge - tcp->nxt)
			len = tcp->edge - tcp->nxt;
		emit(tcp, PIER__SIM_ACK, tcp->nxt, len);
		tcp->nxt += len;
	}
	if (tcp->fin_queued && !tcp->fin_acked && tcp->nxt == end) {
		emit(tcp, PIER__SIM_FIN | PIER__SIM_ACK, tcp->nxt, 0);
		tcp->nxt++;
	}
	if (tcp->nxt > tcp->sent)
		tcp->sent = tcp->nxt;
}

void
pier__sim_tcp_push(struct pier__sim_tcp *tcp)
{
	bool idle = tcp->una == tcp->sent;

	if (tcp->state != PIER__SIM_TCP_OPEN)
		return;
	push_new(tcp);
	/* On its way, or shut out by a closed window: the timer sees to it. */
	if ((tcp->una < tcp->sent || tcp->out_len > 0) &&
		tcp->timer.place == 0) {
		if (idle)
			tcp->unheard_since = sim_of(tcp)->now;
		set_timer(tcp, tcp->rto_ns);
	}
}

void
pier__sim_tcp_window(struct pier__sim_tcp *tcp)
{
	uint64_t edge = tcp->got + (size_t)tcp->base.rcvbuf - tcp->in_len;
	uint64_t worth = (uint64_t)tcp->base.rcvbuf / 2;

	if (worth > 2 * MSS)
		worth = 2 * MSS;
	if (tcp->state == PIER__SIM_TCP_OPEN && !tcp->fin_came &&
		edge >= tcp->room_edge + worth)
		pier__sim_tcp_ack(tcp);
}

static int64_t
patience(const struct pier__sim_tcp *tcp)
{
	const struct pier__sim_limits *limits = &sim_of(tcp)->limits;

	if (tcp->base.user_timeout_ms > 0)
		return tcp->base.user_timeout_ms * MS;
	return tcp->state == PIER__SIM_TCP_OPEN ? limits->dead_timeout_ns
						: limits->syn_timeout_ns;
}

/* Nothing was heard for too long, or will be when the timer fires next. */
static void
timer_fires(struct pier__sim *sim, struct pier__sim_event *event)
{
	struct pier__sim_tcp *tcp =
		pier__container_of(event, struct pier__sim_tcp, timer);
	int64_t end = tcp->unheard_since + patience(tcp);

	if (tcp->state == PIER__SIM_TCP_TIME_WAIT) {
		tcp->state = PIER__SIM_TCP_CLOSED;
		if (tcp->orphan)
			pier__sim_tcp_free(tcp);
		return;
	}
	if (sim->now >= end) {
		pier__sim_tcp_die(tcp, ETIMEDOUT);
		return;
	}
	tcp->rto_ns =
		tcp->rto_ns * 2 > RTO_MOST_NS ? RTO_MOST_NS : tcp->rto_ns * 2;
	set_timer(tcp,
		sim->now + tcp->rto_ns > end ? end - sim->now : tcp->rto_ns);
	if (tcp->state == PIER__SIM_TCP_SYN_SENT) {
		emit(tcp, PIER__SIM_SYN, 0, 0);
	} else if (tcp->state == PIER__SIM_TCP_SYN_RECEIVED) {
		emit(tcp, PIER__SIM_SYN | PIER__SIM_ACK, 0, 0);
	} else if (tcp->una < tcp->sent) {
		tcp->nxt = tcp->una;
		push_new(tcp);
	} else {
		/* A probe: old, so that it is answered with the window. */
		emit(tcp, PIER__SIM_ACK, tcp->una - 1, 0);
	}
}

/* Heard from the peer: what it has need not be kept. */
static void
take_ack(struct pier__sim_tcp *tcp, const struct pier__sim_packet *packet)
{
	uint64_t end = tcp->una + tcp->out_len;
	uint64_t n;

	tcp->unheard_since = sim_of(tcp)->now;
	if (packet->edge > tcp->edge)
		tcp->edge = packet->edge;
	if (packet->ack <= tcp->una || packet->ack > tcp->sent)
		return;
	n = (packet->ack > end ? end : packet->ack) - tcp->una;
	tcp->out_len -= n;
	if (tcp->out_len > 0)
		memmove(tcp->out, tcp->out + n, tcp->out_len);
	tcp->una = packet->ack;
	if (tcp->nxt < tcp->una)
		tcp->nxt = tcp->una;
	if (tcp->fin_queued && packet->ack > end)
		tcp->fin_acked = true;
	tcp->rto_ns = RTO_LEAST_NS + tcp->rtt_ns;
	pier__sim_cancel(sim_of(tcp), &tcp->timer);
	if (tcp->una < tcp->sent)
		set_timer(tcp, tcp->rto_ns);
	if (tcp->no_room && pier__sim_tcp_can_write(tcp)) {
		tcp->no_room = false;
		pier__sim_news(&tcp->base);
	}
}

static void
keep(struct pier__sim_tcp *tcp, const unsigned char *data, size_t len)
{
	if (len == 0)
		return;
	if (tcp->in_len + len > tcp->in_max) {
		tcp->in_max = tcp->in_len + len;
		tcp->in = realloc(tcp->in, tcp->in_max);
		if (tcp->in == NULL)
			abort();
	}
	memcpy(tcp->in + tcp->in_len, data, len);
	tcp->in_len += len;
	tcp->got += len;
	pier__sim_news(&tcp->base);
}

/* Bytes and FIN. False: the connection is gone. */
static bool
take_data(struct pier__sim_tcp *tcp, const struct pier__sim_packet *packet)
{
	uint64_t skip = tcp->got - packet->seq, room;
	bool fin = (packet->flags & PIER__SIM_FIN) != 0;

	if (packet->len == 0 && !fin) {
		if (packet->seq < tcp->got)
			pier__sim_tcp_ack(tcp);
		return true;
	}
	if (packet->seq <= tcp->got && packet->len > skip && !tcp->fin_came) {
		/* Nobody will ever read it: say so. */
		if ((tcp->base.shut & PIER__SIM_RD) != 0 && tcp->fin_queued) {
			pier__sim_tcp_send_reset(tcp);
			pier__sim_tcp_die(tcp, ECONNRESET);
			return false;
		}
		room = tcp->room_edge - tcp->got;
		if (room > packet->len - skip)
			room = packet->len - skip;
		keep(tcp, packet->data + skip, room);
	}
	if (fin && !tcp->fin_came && packet->seq + packet->len == tcp->got) {
		tcp->got++;
		tcp->fin_came = true;
		tcp->base.shut |= PIER__SIM_RD;
		pier__sim_news(&tcp->base);
	}
	pier__sim_tcp_ack(tcp);
	return true;
}

static void
take_reset(struct pier__sim_tcp *tcp)
{
	int error = ECONNRESET;

	if (tcp->state == PIER__SIM_TCP_SYN_SENT)
		error = ECONNREFUSED;
	else if (tcp->fin_came && !tcp->fin_queued)
		error = EPIPE;
	else if (tcp->state == PIER__SIM_TCP_TIME_WAIT)
		error = 0;
	pier__sim_tcp_die(tcp, error);
}

static void
take_syn_ack(struct pier__sim_tcp *tcp, const struct pier__sim_packet *packet)
{
	if ((packet->flags & PIER__SIM_SYN) == 0 || packet->ack != 1)
		return;
	tcp->state = PIER__SIM_TCP_OPEN;
	tcp->una = tcp->nxt = tcp->sent = 1;
	tcp->got = 1;
	tcp->edge = packet->edge;
	tcp->rtt_ns = sim_of(tcp)->now - tcp->unheard_since;
	tcp->rto_ns = RTO_LEAST_NS + tcp->rtt_ns;
	pier__sim_cancel(sim_of(tcp), &tcp->timer);
	pier__sim_tcp_ack(tcp);
	pier__sim_news(&tcp->base);
}

/* The third packet of a handshake: the child can be accepted. */
static void
take_third(struct pier__sim_tcp *tcp, const struct pier__sim_packet *packet)
{
	if (packet->ack < 1)
		return;
	tcp->state = PIER__SIM_TCP_OPEN;
	tcp->una = tcp->nxt = 1;
	tcp->edge = packet->edge;
	tcp->rtt_ns = sim_of(tcp)->now - tcp->unheard_since;
	tcp->rto_ns = RTO_LEAST_NS + tcp->rtt_ns;
	pier__sim_cancel(sim_of(tcp), &tcp->timer);
	pier__sim_news(&tcp->listener->base);
}

static void
input(struct pier__sim_tcp *tcp, const struct pier__sim_packet *packet)
{
	if ((packet->flags & PIER__SIM_RST) != 0) {
		take_reset(tcp);
		return;
	}
	if (tcp->state == PIER__SIM_TCP_SYN_SENT) {
		take_syn_ack(tcp, packet);
		return;
	}
	if ((packet->flags & PIER__SIM_SYN) != 0) {
		/* Sent again: our answer was lost. */
		if (tcp->state == PIER__SIM_TCP_SYN_RECEIVED)
			emit(tcp, PIER__SIM_SYN | PIER__SIM_ACK, 0, 0);
		else
			pier__sim_tcp_ack(tcp);
		return;
	}
	if (tcp->state == PIER__SIM_TCP_SYN_RECEIVED)
		take_third(tcp, packet);
	if (tcp->state == PIER__SIM_TCP_TIME_WAIT) {
		if ((packet->flags & PIER__SIM_FIN) != 0)
			pier__sim_tcp_ack(tcp);
		return;
	}
	if (tcp->state != PIER__SIM_TCP_OPEN)
		return;
	take_ack(tcp, packet);
	if (!take_data(tcp, packet))
		return;
	pier__sim_tcp_push(tcp);
	finish(tcp);
}

static bool
is_tcp(const struct pier__sim_socket *socket)
{
	return socket->type == SOCK_STREAM && socket->family != AF_UNIX;
}

static struct pier__sim_tcp *
find_connection(
	struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__list *node;

	pier__list_each(node, &host->sockets) {
		struct pier__sim_socket *socket =
			pier__container_of(node, struct pier__sim_socket, node);

		if (is_tcp(socket) &&
			pier__sim_tcp_of(socket)->state >=
				PIER__SIM_TCP_SYN_SENT &&
			pier__sim_addr_equal(&socket->local, &packet->dst) &&
			pier__sim_addr_equal(&socket->peer, &packet->src))
			return pier__sim_tcp_of(socket);
	}
	return NULL;
}

/* How well a listener fits: its own address, then its own family. */
static int
listener_fit(
	const struct pier__sim_socket *socket, const struct pier__sim_addr *dst)
{
	bool v4 = pier__sim_is_v4(&dst->ip);

	if (!is_tcp(socket) || !socket->listening ||
		socket->local.port != dst->port)
		return 0;
	if (IN6_ARE_ADDR_EQUAL(&socket->local.ip, &dst->ip))
		return 3;
	if (!pier__sim_any(&socket->local.ip))
		return 0;
	if (v4 == pier__sim_is_v4(&socket->local.ip))
		return 2;
	return v4 && !socket->v6only ? 1 : 0;
}

static struct pier__sim_tcp *
find_listener(struct pier__sim_host *host, const struct pier__sim_addr *dst)
{
	struct pier__sim_tcp *best = NULL;
	struct pier__list *node;
	int best_fit = 0;

	pier__list_each(node, &host->sockets) {
		struct pier__sim_socket *socket =
			pier__container_of(node, struct pier__sim_socket, node);
		int fit = listener_fit(socket, dst);

		if (fit > best_fit) {
			best_fit = fit;
			best = pier__sim_tcp_of(socket);
		}
	}
	return best;
}

static void
take_syn(struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__sim_tcp *listener = find_listener(host, &packet->dst);
	struct pier__sim_tcp *child;

	if (listener == NULL) {
		refuse(host, packet);
		return;
	}
	if (listener->child_count > listener->backlog) {
		/* Not refused: it may come again when there is room. */
		pier__sim_note(host->sim, "tcp: backlog full, SYN dropped");
		return;
	}
	child = pier__sim_tcp_new(host, listener->base.family);
	child->base.local = packet->dst;
	child->base.peer = packet->src;
	child->base.bound = true;
	child->base.reuseaddr = listener->base.reuseaddr;
	child->base.reuseport = listener->base.reuseport;
	child->base.protocol = listener->base.protocol;
	child->base.nodelay = listener->base.nodelay;
	child->base.keepalive = listener->base.keepalive;
	child->base.sndbuf = listener->base.sndbuf;
	child->base.rcvbuf = listener->base.rcvbuf;
	child->base.linger = listener->base.linger;
	child->base.user_timeout_ms = listener->base.user_timeout_ms;
	child->listener = listener;
	listener->child_count++;
	pier__list_push_back(&listener->children, &child->child_node);
	child->got = 1;
	child->edge = packet->edge;
	pier__sim_tcp_start(child);
}

static void
take_icmp(struct pier__sim_tcp *tcp)
{
	/* In a connection that stands, a router's word may be passing. */
	if (tcp != NULL && tcp->state == PIER__SIM_TCP_SYN_SENT)
		pier__sim_tcp_die(tcp, EHOSTUNREACH);
}

void
pier__sim_tcp_input(
	struct pier__sim_host *host, const struct pier__sim_packet *packet)
{
	struct pier__sim_tcp *tcp = find_connection(host, packet);

	if (packet->kind != PIER__SIM_TCP)
		take_icmp(tcp);
	else if (tcp != NULL)
		input(tcp, packet);
	else if ((packet->flags & PIER__SIM_RST) != 0)
		return;
	else if (packet->flags == PIER__SIM_SYN)
		take_syn(host, packet);
	else
		refuse(host, packet);
}

unsigned
pier__sim_tcp_reset_port(struct pier__sim_host *host, uint16_t port)
{
	struct pier__list *node, *after;
	unsigned count = 0;

	pier__list_each_safe(node, after, &host->sockets) {
		struct pier__sim_socket *socket =
			pier__container_of(node, struct pier__sim_socket, node);

		if (!is_tcp(socket) ||
			pier__sim_tcp_of(socket)->state != PIER__SIM_TCP_OPEN)
			continue;
		if (socket->local.port != port && socket->peer.port != port)
			continue;
		count++;
		take_reset(pier__sim_tcp_of(socket));
	}
	return count;
}
