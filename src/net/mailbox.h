/* SPDX-License-Identifier: MIT */
/*
 * net/mailbox.h - messages of one peer, for a packet socket that shares its
 * descriptor with others: who receives on that puts them in, pier_recv() of
 * this one takes them out.
 *
 * Invariants, by lock:
 *   1. letters has count of them, at most max; none comes once it is closed;
 *   2. reader is the task that waits for one, and is there only while it does;
 *   3. nobody sends on the descriptor once it is gone: a send holds the lock.
 * held, has_taken and has_expired are the reader's own.
 */
#ifndef PIER_NET_MAILBOX_H
#define PIER_NET_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "net/packet.h"

struct pier__letter {
	struct pier__list node;
	struct pier_msg msg;
	unsigned char data[]; /* msg.size bytes */
};

struct pier__mailbox {
	pthread_mutex_t lock;
	struct pier__list letters;
	size_t count;
	size_t max;
	bool closed;
	bool fd_gone;
	struct pier__task *reader;
	struct pier__letter *held; /* taken, and not yet received */
	bool has_taken;            /* since that was cleared */
	bool has_expired;
	int64_t idle_ns;          /* INT64_MAX: no matter how long */
	_Atomic int64_t moved_ns; /* the last message, either way */
	/* An answer leaves from there; len 0 and 0: as it may. */
	struct pier_addr local;
	unsigned int interface;
};

/*
 * A packet socket for the peer of `first`, beside `base`, whose descriptor has to
 * stay until pier__mailbox_close() or the end of the packet: with room for so
 * many messages, and an end when none moved for idle_ns. 0 or -ENOMEM.
 */
int pier__packet_for_peer(struct pier_packet **out,
	const struct pier_packet *base, const struct pier_msg *first,
	size_t max, int64_t idle_ns);

/* Put a copy in. Never waits, from any thread. 0, -EAGAIN: it is full,
   -PIER_ECLOSED, -ENOMEM. */
int pier__mailbox_put(struct pier__mailbox *it, const struct pier_msg *msg);
/* How many are in it, and not held. */
size_t pier__mailbox_count(struct pier__mailbox *it);
/* Nothing more comes; gone: nothing can be sent any more either. */
void pier__mailbox_close(struct pier__mailbox *it, bool gone);

/* One attempt: 0: there is one that is held, -EAGAIN, or -PIER_EEND: nothing
   comes any more. */
int pier__mailbox_look(struct pier__mailbox *it);
/* The same, waiting; also -PIER_EEND: it was idle for too long. */
int pier__mailbox_await(struct pier__mailbox *it, pier_deadline deadline);
/* The one that is held, into msg and buf. */
void pier__mailbox_take(
	struct pier__mailbox *it, struct pier_msg *msg, void *buf, size_t size);

/* sendmsg(2) on the descriptor that is shared. */
ssize_t pier__mailbox_send(
	struct pier_packet *packet, const struct msghdr *header);
int pier__mailbox_send_many(
	struct pier_packet *packet, struct mmsghdr *list, unsigned int count);

/* With its packet. */
void pier__mailbox_free(struct pier__mailbox *it);

#endif
