/* SPDX-License-Identifier: MIT */
/*
 * net/packet.h - a packet socket from inside. packet_recv.c and packet_send.c
 * are for every family; packet_open.c, udp.c, unixgram.c and seqpacket.c open.
 */
#ifndef PIER_NET_PACKET_H
#define PIER_NET_PACKET_H

#include <stdatomic.h>

#include <pier/packet.h>
#include <pier/unix.h>

#include "io/desc.h"
#include "net/endpoint.h"
#include "net/unix.h"
#include "task/timeout.h"

/* Does the kernel part what leaves as one message? See replies.h. */
enum {
	PIER__PARTS_UNKNOWN,
	PIER__PARTS,
	PIER__PARTS_NOT
};

struct pier_packet {
	struct pier__desc own_desc;
	struct pier__desc *desc;     /* own_desc, or the carrier's */
	struct pier_stream *carrier; /* a server's connection, or NULL */
	int64_t timeout_ms;          /* PIER__TIMEOUT_UNSET: the default's */
	atomic_bool aborted;
	bool connected;
	bool senders; /* SO_PASSCRED is on, and asked for */
	bool ends;    /* connected for good: there is an end */
	/* A message brings its sender along, the end does not: that is how an
	   empty one is told from it. */
	bool marks;
	bool ip_header; /* raw IPv4: each message comes behind one */
	bool named;     /* its endpoint is what it was given, not its address */
	uint8_t parts;
	int16_t family;
	uint16_t port;      /* its own, once known */
	uint64_t bytes_out; /* that the kernel took */
	/* Where a server's handler has its replies gathered, or NULL. */
	struct pier__replies *replies;
	const char *scheme;  /* "udp", "unixgram"… */
	struct pier_addr to; /* of a client that is not connected */
	/* Where that is many: it is sent by every link, or by this one. */
	bool everywhere;
	unsigned int interface;
	/* Where every message is for one address, which the kernel is not asked
	   for; else len 0. */
	struct pier_addr own;
	struct pier__came_back *came_back; /* or NULL: it was not asked */
	/* Of one that hears one peer of a socket which others hear too, and
	   does not own its descriptor; or NULL. */
	struct pier__mailbox *mailbox;
	struct pier__isotp *isotp;          /* of ISO-TP; or NULL */
	struct pier__unix_file file;        /* of a Unix socket that it bound */
	struct pier__unix_place own_place;  /* where that is */
	struct pier__unix_place peer_place; /* of a Unix client's `to` */
	char text[];                        /* the endpoint as it was given */
};

struct pier__isotp;

/* How to open: what pier_packet_open() was given, taken apart. */
struct pier__packet_plan {
	struct pier__endpoint endpoint;
	struct pier_packet_opts opts;
	const char *text;
	pier_deadline deadline;
};

/* Takes plan->text apart, and checks the plan. 0, or an error, noted. */
int pier__packet_enter_open(struct pier__packet_plan *plan);

/* A packet socket on fd, which is taken on success. 0 or -ENOMEM. */
int pier__packet_new(struct pier_packet **out, int fd, int family,
	const struct pier__packet_plan *plan);
/* Wait until a receive makes sense, as pier_recv() does. 0 or an error, noted. */
int pier__packet_await(struct pier_packet *packet, pier_deadline deadline);
/* One attempt after that: as pier_recv(), and -EAGAIN: wait again. */
int pier__packet_try(struct pier_packet *packet, struct pier_msg *msg,
	void *buf, size_t size);
int pier__packet_make(struct pier_packet **out, int fd, int family,
	const char *scheme, const char *text);

/* Connect to addr, for good, waiting by the deadline. 0 or an error, not noted. */
int pier__packet_connect(struct pier_packet *packet,
	const struct pier_addr *addr, pier_deadline deadline);

bool pier__packet_is_aborted(const struct pier_packet *packet);
/* What every call that may wait begins with; what is PIER__IN or PIER__OUT.
   PIER_DEFAULT becomes a moment. 0 or an error, not noted. */
int pier__packet_enter(
	struct pier_packet *packet, unsigned what, pier_deadline *deadline);

/* The same by a few lines, where a fiber uses a socket of its own scheduler for as
   long as it takes: true, and the deadline is none. */
static inline __attribute__((always_inline)) bool
pier__packet_is_plain(struct pier_packet *packet, struct pier__task *self,
	pier_deadline deadline)
{
	if (self->sched == NULL || packet->own_desc.owner != self->sched ||
		packet->desc != &packet->own_desc || packet->mailbox != NULL ||
		atomic_load_explicit(&packet->aborted, memory_order_acquire))
		return false;
	if (deadline.ns != INT64_MAX &&
		(deadline.ns >= 0 ||
			packet->timeout_ms != PIER__TIMEOUT_UNSET ||
			atomic_load_explicit(&pier__default_timeout_ms,
				memory_order_relaxed) != PIER_NO_TIMEOUT))
		return false;
	if (self->ops + 1 >= PIER__OPS_MAX)
		return false;
	self->ops++;
	self->first_wait = 0;
	return true;
}
/* Until an attempt makes sense. 0 or an error, not noted. */
int pier__packet_wait(
	struct pier_packet *packet, unsigned what, pier_deadline deadline);
/* Note an error with the packet's endpoint, and return it. */
int pier__packet_fail(const struct pier_packet *packet, int rc,
	enum pier_step step, const char *detail);

/* For who receives and sends several at once, see batch.h and replies.h. */

/* Wait for room to send. 0 or an error, not noted. */
int pier__packet_await_room(struct pier_packet *packet, pier_deadline deadline);
/* Bytes for what may come along with a message; fds may be NULL. */
size_t pier__packet_control_room(
	const struct pier_packet *packet, const struct pier_fds *fds);
/* What a receive of n bytes into header brought into msg. 0, or the error that
   it means, not noted. */
int pier__packet_take(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, struct msghdr *header, size_t n);
/* What a receive gave: the error of a message that left before, if there is one
   and it was asked for; else rc. */
int pier__packet_look_back(struct pier_packet *packet, int rc);
/* Note an error, and return it. */
int pier__packet_fail_receive(const struct pier_packet *packet, int rc);
int pier__packet_fail_send(const struct pier_packet *packet, int rc);
/* A message was longer than its room. -EMSGSIZE, noted. */
int pier__packet_fail_long(
	const struct pier_packet *packet, const struct pier_msg *msg);
/* Send one message, out->to being given. 0, or as pier_send(). */
int pier__packet_send_out(struct pier_packet *packet,
	const struct pier_outgoing *out, pier_deadline deadline);

#endif
