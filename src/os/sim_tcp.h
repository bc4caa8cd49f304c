/* SPDX-License-Identifier: MIT */
/*
 * os/sim_tcp.h - a tcp connection of the simulator, shared by the side that
 * the program sees (sim_tcp.c) and the side on the wire (sim_tcp_wire.c).
 *
 * Positions in a stream are 64 bits wide and never wrap: the SYN is at 0, the
 * first byte at 1, the FIN right behind the last byte. Invariants:
 *   1. out holds the bytes from una on: out_len of them;
 *   2. una <= nxt <= sent <= una + out_len (+ 1 with a FIN);
 *   3. in holds what arrived in order and was not read; got is the position
 *      behind it (and behind the FIN, when that came);
 *   4. edge, what we may send up to, never moves back; so does room_edge,
 *      what we told the peer.
 * What is lost is sent again, all of it from una on, by a timer that doubles.
 */
#ifndef PIER_OS_SIM_TCP_H
#define PIER_OS_SIM_TCP_H

#include "os/sim_inner.h"

enum pier__sim_tcp_state {
	PIER__SIM_TCP_CLOSED,
	PIER__SIM_TCP_LISTEN,
	PIER__SIM_TCP_SYN_SENT,
	PIER__SIM_TCP_SYN_RECEIVED,
	PIER__SIM_TCP_OPEN, /* whichever halves are still open */
	PIER__SIM_TCP_TIME_WAIT
};

struct pier__sim_tcp {
	struct pier__sim_socket base;
	enum pier__sim_tcp_state state;
	bool connecting; /* connect() has not reported yet */
	bool fin_queued; /* ours, behind the bytes in out */
	bool fin_acked;
	bool fin_came;  /* theirs, in order: SOCK_DONE of the kernel */
	bool fin_first; /* ours went before theirs came: TIME_WAIT is ours */
	bool no_room;   /* a send found none: tell when there is */
	bool orphan;    /* the program has closed it */

	int never_sent; /* what a connection that died still had to send */

	unsigned char *out;
	size_t out_len, out_max;
	uint64_t una, nxt, sent, edge;

	unsigned char *in;
	size_t in_len, in_max;
	uint64_t got, room_edge;

	/* A listener and its children that have not been accepted. */
	struct pier__sim_tcp *listener;
	struct pier__list children; /* of a listener */
	struct pier__list child_node;
	int backlog, child_count;

	struct pier__sim_event timer;
	int64_t rto_ns, rtt_ns;
	int64_t unheard_since; /* oldest moment of what is not acknowledged */
};

struct pier__sim_tcp *pier__sim_tcp_of(struct pier__sim_socket *socket);
struct pier__sim_tcp *pier__sim_tcp_new(
	struct pier__sim_host *host, int family);

/* sim_tcp_wire.c: what leaves. */
void pier__sim_tcp_start(struct pier__sim_tcp *tcp); /* the SYN */
void pier__sim_tcp_push(struct pier__sim_tcp *tcp);  /* all that may go */
void pier__sim_tcp_ack(struct pier__sim_tcp *tcp);
void pier__sim_tcp_send_reset(struct pier__sim_tcp *tcp);
/* Tell the peer of new room, when it is worth it. */
void pier__sim_tcp_window(struct pier__sim_tcp *tcp);
/* The end of a connection, with an error for the program or 0. An orphan is
   freed. */
void pier__sim_tcp_die(struct pier__sim_tcp *tcp, int error);
void pier__sim_tcp_free(struct pier__sim_tcp *tcp);

static inline bool
pier__sim_tcp_can_write(const struct pier__sim_tcp *tcp)
{
	/* As the kernel: writable again when a third is free. */
	return tcp->out_len * 3 / 2 < (size_t)tcp->base.sndbuf;
}

#endif
