/* SPDX-License-Identifier: MIT */
/*
 * serve/receiver.h - who receives on a datagram socket of a worker, one message
 * after the other. datagram.c has them take turns.
 */
#ifndef PIER_SERVE_RECEIVER_H
#define PIER_SERVE_RECEIVER_H

#include "net/batch.h"
#include "serve/datagram.h"
#include "task/task.h"

struct pier__receiver {
	struct pier__before_wait hook;
	struct pier__datagrams *it;
	struct pier__task *task;
	struct pier__list idle_node;
	bool handed_on; /* its handler has waited */
	struct pier_msg msg;
	unsigned char *large; /* what is too long for buf, or NULL */
	unsigned char buf[PIER__BATCH_SLICE];
};

/* One datagram that was let in, into receiver->msg, waiting for it. 0, or the
   error that ends receiving. */
int pier__receiver_next(struct pier__receiver *receiver);
/* The same, one message off the socket at most, now. 0, -EAGAIN: there was
   none, or it was kept out; or an error. */
int pier__receiver_try(struct pier__receiver *receiver);
/* Its message is done with. */
void pier__receiver_drop(struct pier__receiver *receiver);

/* Is there work for a receiver, whatever comes? */
bool pier__datagrams_have_work(const struct pier__datagrams *it);
/* The batch goes back, empty. */
void pier__datagrams_put_batch(struct pier__datagrams *it);
/* What has left since the last time goes to the statistics. */
void pier__datagrams_count_out(struct pier__datagrams *it);
/* A handler, or its reply, failed by rc. */
void pier__datagrams_failed(
	struct pier__worker *worker, int rc, bool is_cancelled);

#endif
