/* SPDX-License-Identifier: MIT */
/*
 * net/batch.h - messages received by one recvmmsg(2), and room for the replies
 * to them. Of who receives for others: a server.
 *
 * Memory: the batch is one mapping and what it receives into another, of which
 * only what messages touch costs. That is given back once longer messages than
 * PIER__BATCH_SLICE have come and nobody needs it.
 */
#ifndef PIER_NET_BATCH_H
#define PIER_NET_BATCH_H

#include "net/control.h"
#include "net/packet.h"
#include "net/replies.h"

/* What messages of the greatest size may take, and how many that allows of. */
#define PIER__BATCH_BYTES (2 * 1024 * 1024)

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

/* The same, of all that it has room for, which may wait for a moment in the call
   that receives; see block.h. -EAGAIN: nothing came, or it is not for now. */
int pier__batch_await(struct pier__batch *batch, struct pier_packet *packet);

/* How long the messages were that came, all together. */
uint64_t pier__batch_bytes(const struct pier__batch *batch);

/* Bytes to take of the next message, of which there must be one. */
size_t pier__batch_next_size(const struct pier__batch *batch);

/* The next message into msg and buf, which has room for it. 0, or the error that
   it means, noted. */
int pier__batch_take(struct pier__batch *batch, struct pier_packet *packet,
	struct pier_msg *msg, void *buf);

#endif
