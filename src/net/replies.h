/* SPDX-License-Identifier: MIT */
/*
 * net/replies.h - replies that are gathered, and leave by one sendmmsg(2): of who
 * receives for others.
 *
 * Replies in a row to one peer that are alike, of one short size and from one
 * address, are one message for the kernel, which parts it again (UDP_SEGMENT of
 * udp(7)): what each message costs on its way is then paid once, and every peer
 * hears what it would have heard. Where the kernel refuses, as for a device that
 * cannot compute checksums, they leave one by one.
 *
 * Invariants:
 *   1. list[0..first) left or failed, list[first..count) wait in this order;
 *      `waiting` counts their messages;
 *   2. pier_reply() of `gatherer`, and of nobody else, adds to them; everything
 *      else that task sends on the packet sends them first;
 *   3. a failure is kept until it is asked for: nothing is added while there is
 *      no room to keep one more;
 *   4. the messages of one of the list lie one behind the other in room.
 */
#ifndef PIER_NET_REPLIES_H
#define PIER_NET_REPLIES_H

#include "net/control.h"
#include "net/packet.h"

/* The longest reply that is gathered; longer ones are sent at once. */
#define PIER__BATCH_SLICE 2048

/* One, or several that are alike. */
struct pier__reply {
	struct iovec piece; /* in room: `count` messages of `size` bytes */
	size_t size;
	unsigned count;
	bool parted; /* they leave one by one */
	pier_deadline deadline;
	size_t where; /* bytes of control that say from where it leaves */
	struct pier_addr to;
	_Alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
};

struct pier__replies {
	const struct pier__task *gatherer; /* or NULL */
	unsigned first;
	unsigned count;
	unsigned waiting;
	unsigned failure_count;
	size_t used; /* of room */
	int failures[PIER_BATCH_MAX];
	struct mmsghdr headers[PIER_BATCH_MAX];
	struct pier__reply list[PIER_BATCH_MAX];
	unsigned char room[PIER_BATCH_MAX * PIER__BATCH_SLICE];
};

/* From now on pier_reply() of the current task on packet gathers, where that is
   good: a connected socket has one peer, and on a Unix socket a peer that does
   not receive would hold up the replies to all others. */
void pier__replies_begin(
	struct pier__replies *replies, struct pier_packet *packet);
/* The same ends; what is gathered stays. */
void pier__replies_end(struct pier_packet *packet);

/* Those that gather the current task's on packet, or NULL. */
static inline struct pier__replies *
pier__replies_open(const struct pier_packet *packet)
{
	const struct pier__task *self = pier__current;

	/* Another scheduler's task may not even look. */
	if (self == NULL || self->sched == NULL ||
		packet->desc->owner != self->sched || packet->replies == NULL ||
		packet->replies->gatherer != self)
		return NULL;
	return packet->replies;
}

/* Add one, copied; false: it is to be sent by itself. */
bool pier__replies_add(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline);

/* Send them, as far as the socket takes them now. 0 or -EAGAIN. */
int pier__replies_flush(
	struct pier__replies *replies, struct pier_packet *packet);

/* The same, waiting for each until its deadline: none is left. */
void pier__replies_finish(
	struct pier__replies *replies, struct pier_packet *packet);

/* The error of one that failed, noted; 0: there is none, or no further. */
int pier__replies_failure(
	struct pier__replies *replies, const struct pier_packet *packet);

static inline bool
pier__replies_wait(const struct pier__replies *replies)
{
	return replies->waiting > 0 || replies->failure_count > 0;
}

#endif
