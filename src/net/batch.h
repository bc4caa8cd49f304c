/* SPDX-License-Identifier: MIT */
/*
 * net/batch.h - messages received by one recvmmsg(2), and replies to them that
 * leave by one sendmmsg(2). Of who receives for others: a server.
 *
 * Memory: the batch is one mapping and what it receives into another, of which
 * only what messages touch costs. That is given back once longer messages than
 * PIER__BATCH_SLICE have come and nobody needs it.
 *
 * Invariants, of replies:
 *   1. list[0..first) left or failed, list[first..count) wait in this order;
 *   2. pier_reply() of `gatherer`, and of nobody else, adds to them; everything
 *      else that task sends on the packet sends them first;
 *   3. a failure is kept until it is asked for: nothing is added while there is
 *      no room to keep one more.
 */
#ifndef PIER_NET_BATCH_H
#define PIER_NET_BATCH_H

#include "net/control.h"
#include "net/packet.h"

#define PIER__BATCH_SLICE 2048
/* What messages of the greatest size may take, and how many that allows of. */
#define PIER__BATCH_BYTES (2 * 1024 * 1024)

struct pier__reply {
	struct pier_addr to;
	_Alignas(struct cmsghdr) unsigned char control[PIER__CONTROL_MAX];
	struct iovec piece; /* in room */
	pier_deadline deadline;
};

struct pier__replies {
	const struct pier__task *gatherer; /* or NULL */
	unsigned first;
	unsigned count;
	unsigned failure_count;
	size_t used; /* of room */
	int failures[PIER_BATCH_MAX];
	struct mmsghdr headers[PIER_BATCH_MAX];
	struct pier__reply list[PIER_BATCH_MAX];
	unsigned char room[PIER_BATCH_MAX * PIER__BATCH_SLICE];
};

struct pier__batch {
	unsigned next; /* messages [next, count) wait to be taken */
	unsigned count;
	unsigned max;  /* messages at once */
	size_t size;   /* bytes of a message that are kept */
	size_t stride; /* from one to the next in bytes */
	unsigned char *bytes;
	bool has_long;       /* one came that was longer than a slice */
	unsigned stale;      /* headers to be made anew, from the first on */
	size_t control_room; /* that they have */
	struct mmsghdr headers[PIER_BATCH_MAX];
	struct iovec pieces[PIER_BATCH_MAX];
	struct pier_addr peers[PIER_BATCH_MAX];
	_Alignas(struct cmsghdr) unsigned char control[PIER_BATCH_MAX]
						      [PIER__CONTROL_MAX];
	struct pier__replies replies;
};

/* For messages of size bytes at most. 0 or -ENOMEM. */
int pier__batch_new(struct pier__batch **out, size_t size);
/* NULL is fine. */
void pier__batch_free(struct pier__batch *batch);
/* It is put by, empty: what long messages took goes back. */
void pier__batch_rest(struct pier__batch *batch);

/* One attempt to fill batch, which is empty, with `max` messages at most. How
   many came, or an error, noted; -EAGAIN: none is there. */
int pier__batch_receive(
	struct pier__batch *batch, struct pier_packet *packet, unsigned max);

/* How long the messages were that came, all together. */
uint64_t pier__batch_bytes(const struct pier__batch *batch);

/* Bytes to take of the next message, of which there must be one. */
size_t pier__batch_next_size(const struct pier__batch *batch);

/* The next message into msg and buf, which has room for it. 0, or the error that
   it means, noted. */
int pier__batch_take(struct pier__batch *batch, struct pier_packet *packet,
	struct pier_msg *msg, void *buf);

/* From now on pier_reply() of the current task on packet gathers, where that is
   good: a connected socket has one peer, and on a Unix socket a peer that does
   not receive would hold up the replies to all others. */
void pier__replies_begin(
	struct pier__replies *replies, struct pier_packet *packet);
/* The same ends; what is gathered stays. */
void pier__replies_end(struct pier_packet *packet);

/* Those that gather the current task's on packet, or NULL. */
struct pier__replies *pier__replies_open(const struct pier_packet *packet);

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
	return replies->first < replies->count || replies->failure_count > 0;
}

#endif
