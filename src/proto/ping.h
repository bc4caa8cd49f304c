/* SPDX-License-Identifier: MIT */
/*
 * proto/ping.h - a ping from inside. ping.c is what the public calls do,
 * ping_socket.c makes sockets, ping_datagram.c sends and hears probes by ICMP
 * and UDP, of which many may be on their way, ping_tcp.c connects, once at a
 * time, ping_l2cap.c has the socket for those of L2CAP. ping_wire.c has the bytes, ping_book.c the counts.
 */
#ifndef PIER_PROTO_PING_H
#define PIER_PROTO_PING_H

#include <pier/packet.h>
#include <pier/ping.h>

#include "net/bare.h"
#include "net/bind.h"
#include "net/endpoint.h"
#include "proto/ping_book.h"
#include "proto/ping_wire.h"

/* The longest name of an interface, and its NUL. */
#define PIER__PING_LINK_MAX 16

enum pier__ping_way {
	PIER__PING_SOCKET, /* ICMP by the kernel's own socket for it */
	PIER__PING_RAW,
	PIER__PING_UDP,
	PIER__PING_TCP,
	PIER__PING_L2CAP
};

struct pier_ping {
	enum pier__ping_way way;
	struct pier__bare socket; /* none between two connections of TCP */
	bool connected;           /* a socket of messages, to its peer */
	bool connecting;          /* TCP: a probe is on its way */
	bool explains;            /* it has an error queue */
	struct pier__endpoint endpoint; /* its spans lie in text */
	struct pier_ping_opts opts;     /* its texts are not used after open */
	struct pier__bind local;
	char interface[PIER__PING_LINK_MAX];
	struct pier_addr to;
	struct pier__ping_form form;
	struct pier__ping_book *book;
	int64_t next_ns; /* when the next probe is due */
	/* What failed, for the error of pier_ping_open(). */
	enum pier_step step;
	const char *detail;
	struct pier__why why;
	size_t room;        /* of buf */
	unsigned char *buf; /* a probe, or an answer; the kernel writes there */
	char text[];        /* the endpoint as it was given */
};

/*
 * pier__ping_make_socket(ping): a socket of ping->way to ping->to, with all
 * options, bound and, of messages, connected; ping->socket has it. 0 or -errno,
 * and in ping->step and detail where.
 *
 * ICMP tries a ping socket before a raw one, and sets ping->way and form.
 */
int pier__ping_make_socket(struct pier_ping *ping);

/* Does the endpoint name a Bluetooth device alone, l2cap://DEVICE? */
bool pier__ping_is_l2cap(const char *text);

/* What is wrong with the options of such a ping, or NULL; and its device, into
   ping->to. 0 or -EINVAL, noted. */
int pier__ping_l2cap_prepare(struct pier_ping *ping);

/* Its socket, connected: waits for that. 0 or an error, and in ping->step and
   detail where. */
int pier__ping_l2cap_open(struct pier_ping *ping, pier_deadline deadline);

/* The probe that an answer without its number is for, or NULL: the last one that
   had this identifier. */
struct pier__ping_probe *pier__ping_l2cap_probe(
	const struct pier__ping_book *book, unsigned int ident);

/* The device refused a probe: what is longer than mtu, or, 0, any. 1: *event; or
   -EINTR: it was no probe that waits. */
int pier__ping_l2cap_refused(struct pier_ping *ping,
	struct pier_ping_event *event, struct pier__ping_probe *probe,
	unsigned int mtu);

/*
 * One turn of each kind: all that can be done without waiting. 1: *event is
 * what happened; 0: nothing, wait; or an error. now is pier_now().
 */
int pier__ping_datagram_turn(
	struct pier_ping *ping, struct pier_ping_event *event, int64_t now);
int pier__ping_tcp_turn(
	struct pier_ping *ping, struct pier_ping_event *event, int64_t now);

/* The next record of the error queue. 0; -ENOMSG: one of no interest; -EAGAIN:
   there is none. *n is the length of what it quotes, in ping->buf. */
int pier__ping_next_error(
	struct pier_ping *ping, struct pier_packet_error *out, size_t *n);

/* A probe is sent now: the schedule of the next one. */
void pier__ping_advance(struct pier_ping *ping, int64_t now);

/* An event about probe, without anything else in it. */
struct pier_ping_event pier__ping_event(
	enum pier_ping_what what, const struct pier__ping_probe *probe);

/* The probe is lost, and why: fills *event. */
void pier__ping_lose(struct pier_ping *ping, struct pier_ping_event *event,
	struct pier__ping_probe *probe, const struct pier_packet_error *error);

/* An error of this machine's own. */
struct pier_packet_error pier__ping_own_error(int rc);

#endif
