/* SPDX-License-Identifier: MIT */
/*
 * frame/hub.h - a hub and its members from inside.
 *
 * Locks: hub->lock, then one member's lock, then what waking and cancelling a
 * task take. A post holds the hub's for all of its members, so that they all
 * see the same order; a writer takes its own member's only, and writes under
 * none.
 *
 * Invariants, by member->lock:
 *   1. ring[head … head + count), modulo its size, are the oldest to the newest
 *      message, each holding a reference; bytes is the sum of their sizes;
 *   2. once rc is below 0 the queue is empty, and stays so;
 *   3. whatever was given to a member is queued, being written, or counted as
 *      delivered or dropped, and only once.
 */
#ifndef PIER_FRAME_HUB_H
#define PIER_FRAME_HUB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>

#include <pier/hub.h>

#include "base/list.h"
#include "net/packet.h"
#include "task/task.h"

/* Messages, and bytes if there is more than one, that go with one call. */
#define PIER__HUB_BATCH       16
#define PIER__HUB_BATCH_BYTES 65536

struct pier__message {
	atomic_uint references;
	size_t size;
	char data[];
};

struct pier_hub {
	pthread_mutex_t lock;      /* of what is not atomic */
	atomic_uint references;    /* its owner's, and one of each member */
	struct pier_hub_opts opts; /* filled in */
	struct pier__list members; /* struct pier_member by node */
	size_t count;
	size_t peak;
	bool ended;
	uint64_t posted;
	atomic_uint_fast64_t queued;
	atomic_uint_fast64_t delivered;
	atomic_uint_fast64_t dropped;
	atomic_uint_fast64_t members_dropped;
};

struct pier_member {
	struct pier__list node; /* on hub->members, by hub->lock */
	struct pier_hub *hub;
	struct pier_stream *stream; /* this, or */
	struct pier_packet *packet;
	struct pier_group *group; /* of the writer alone */
	bool by_thread;           /* the writer is a thread */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t gone_cond;
	struct pier__list idle; /* the writer, while nothing is queued */
	size_t head;
	size_t count;
	size_t bytes;
	bool ending; /* nothing more is queued: the writer ends after it */
	bool to_end; /* … and closes the writing half */
	bool gone;   /* the writer has done with the stream */
	bool full;   /* it was dropped by the policy: rc is -PIER_ELIMIT */
	int rc;      /* 0, or why nothing is written any more */
	uint64_t delivered;
	uint64_t dropped;

	/* The writer's: what it is writing. */
	struct pier__message *batch[PIER__HUB_BATCH];
	struct iovec pieces[PIER__HUB_BATCH];

	struct pier__message *ring[]; /* hub->opts.queue_messages */
};

/* hub.c: give a reference back; the last one frees it. */
void pier__message_drop(struct pier__message *message);
void pier__hub_drop(struct pier_hub *hub);

/* hub.c: on the list of members. 0 or -PIER_ECLOSED. And off it. */
int pier__hub_add(struct pier_hub *hub, struct pier_member *member);
void pier__hub_remove(struct pier_member *member);

/* queue.c: all of it under no lock but hub->lock. */

/* Queue message for member, by the policy. True: it is in the queue. */
bool pier__member_take(
	struct pier_member *member, struct pier__message *message);
/* Nothing more is queued; half: then the writing half is closed. */
void pier__member_end(struct pier_member *member, bool half);
/*
 * The writer's next batch: how many messages, once there are some; 0: ending,
 * and none is left; or -ECANCELED, or why nothing is to be written any more.
 */
int pier__member_next(struct pier_member *member);
/* Of that batch the first `done` bytes went, and rc is how it ended: delivered
   or dropped. */
void pier__member_done(struct pier_member *member, int count, size_t done);
/* Nothing is written any more, for this reason unless there is one. What is
   queued is dropped. */
void pier__member_fail(struct pier_member *member, int rc);

#endif
