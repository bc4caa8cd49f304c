/* SPDX-License-Identifier: MIT */
/*
 * serve/datagram.c - one task at a time receives on a socket, and calls the
 * handler itself: a handler that does not wait costs no switch. One that waits
 * hands receiving on to another task just before, so that one slow answer
 * holds up nobody.
 *
 * Invariants, on the worker's thread:
 *   1. at most one receiver holds a socket; the holder is not inside a handler
 *      that waits;
 *   2. datagrams of the ledger counts the receivers whose handler waits, or has
 *      waited and goes on; with datagrams_max of them the holder drops what
 *      comes;
 *   3. a socket without a holder (no memory for one) gets it back from the
 *      next handler that ends;
 *   4. a holder leaves, and receives again, only when its batch has no message
 *      and no reply left;
 *   5. replies are gathered exactly while the holder's handler has not waited.
 */
#include "serve/datagram.h"

#include <errno.h>

#include "net/batch.h"
#include "net/packet.h"
#include "serve/receiver.h"
#include "serve/session.h"
#include "task/sched.h"

/* Receivers kept for the next handlers that wait. */
#define IDLE_MAX 16

static int receiver_main(void *arg);

static struct pier__receiver *
receiver_new(struct pier__datagrams *it)
{
	struct pier__receiver *receiver = pier__alloc(sizeof(*receiver));

	if (receiver == NULL)
		return NULL;
	receiver->it = it;
	pier__list_init(&receiver->idle_node);
	pier__list_init(&receiver->hook.node);
	return receiver;
}

/* A new receiver that holds the socket. */
static int
receiver_start(struct pier__datagrams *it)
{
	struct pier__receiver *receiver = receiver_new(it);
	int rc;

	if (receiver == NULL)
		return -ENOMEM;
	rc = pier__sched_spawn(pier__current->sched, it->worker->handling,
		receiver_main, receiver);
	if (rc < 0)
		pier__free(receiver);
	else
		it->holder = receiver;
	return rc;
}

/* Its holder is about to wait: somebody else is to receive. */
static void
hand_on(struct pier__before_wait *hook)
{
	struct pier__receiver *receiver =
		pier__container_of(hook, struct pier__receiver, hook);
	struct pier__datagrams *it = receiver->it;

	receiver->handed_on = true;
	it->holder = NULL;
	(void)atomic_fetch_add(&it->worker->server->ledger->datagrams, 1);
	pier__replies_end(it->packet);
	/* What does not leave now is the next receiver's. */
	if (it->batch != NULL)
		(void)pier__replies_flush(&it->batch->replies, it->packet);
	if (it->stopping && !pier__datagrams_have_work(it))
		return;
	if (pier__list_empty(&it->idle)) {
		/* Failing this, invariant 3. */
		(void)receiver_start(it);
		return;
	}
	it->holder = pier__container_of(pier__list_pop_front(&it->idle),
		struct pier__receiver, idle_node);
	it->idle_count--;
	pier__wake(it->holder->task);
}

static void
handle(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	struct pier__worker *worker = it->worker;
	const struct pier_server_opts *opts = &worker->server->opts;
	struct pier__task *self = receiver->task;
	int rc;

	receiver->handed_on = false;
	receiver->hook.fn = hand_on;
	pier__list_push_back(&self->before_wait, &receiver->hook.node);
	if (it->batch != NULL)
		pier__replies_begin(&it->batch->replies, it->packet);
	rc = opts->datagram_handler(it->packet, &receiver->msg, opts->ctx);
	pier__list_remove(&receiver->hook.node);
	/* Otherwise they are those of the next. */
	if (!receiver->handed_on)
		pier__replies_end(it->packet);
	if (receiver->handed_on) {
		pier__datagrams_count_out(it);
		(void)atomic_fetch_sub(&worker->server->ledger->datagrams, 1);
	}
	if (rc < 0)
		pier__datagrams_failed(
			worker, rc, receiver->handed_on && pier_cancelled());
	pier__receiver_drop(receiver);
}

/* Until it is to receive again. False: it is not needed any more. */
static bool
rest(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;

	if (it->holder == NULL)
		it->holder = receiver;
	if (it->holder == receiver || it->idle_count >= IDLE_MAX)
		return it->holder == receiver;
	pier__list_push_front(&it->idle, &receiver->idle_node);
	it->idle_count++;
	while (it->holder != receiver && !it->stopping) {
		if (pier__park(receiver->task, "rest", -1, PIER_FOREVER) < 0)
			break;
	}
	if (!pier__list_empty(&receiver->idle_node)) {
		pier__list_remove(&receiver->idle_node);
		it->idle_count--;
	}
	return it->holder == receiver;
}

static int
receiver_main(void *arg)
{
	struct pier__receiver *receiver = arg;
	struct pier__datagrams *it = receiver->it;
	struct pier_server *server = it->worker->server;

	pier_task_name("receiver");
	receiver->task = pier__current;
	while (pier__receiver_next(receiver) == 0) {
		pier__attend_came(it->worker);
		if (it->sessions != NULL) {
			pier__sessions_deliver(it, &receiver->msg);
			pier__receiver_drop(receiver);
			continue;
		}
		if (pier__shared_datagrams(server->shared) >=
			server->opts.datagrams_max) {
			pier__count(it->worker->counters,
				PIER__COUNT_DATAGRAMS_DROPPED, 1);
			pier__receiver_drop(receiver);
			continue;
		}
		handle(receiver);
		if (receiver->handed_on && !rest(receiver))
			break;
	}
	if (it->holder == receiver) {
		it->holder = NULL;
		pier__datagrams_put_batch(it);
	}
	if (it->sessions != NULL)
		pier__sessions_end(it->sessions);
	pier__free(receiver);
	return 0;
}

/* Nobody takes over from a handler that waits: one is all that was asked. Its
   replies leave as they are made. */
int
pier__datagrams_try(struct pier__datagrams *it)
{
	struct pier__receiver *receiver;
	int rc;

	if (!PIER__LOOK(it->packet->desc->readable))
		return -EAGAIN;
	receiver = receiver_new(it);
	if (receiver == NULL)
		return -ENOMEM;
	receiver->task = pier__current;
	it->stopping = true;
	rc = pier__receiver_try(receiver);
	if (rc == 0) {
		pier__attend_came(it->worker);
		handle(receiver);
	}
	it->stopping = false;
	pier__receiver_drop(receiver);
	pier__free(receiver);
	return rc;
}

int
pier__datagrams_new(struct pier__worker *worker, struct pier_packet *packet,
	const char *endpoint)
{
	struct pier__datagrams *it = pier__alloc(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	if (worker->server->opts.sessions && packet->family != AF_UNIX) {
		int rc = pier__sessions_open(&it->sessions);

		if (rc < 0) {
			pier__free(it);
			return rc;
		}
	}
	it->worker = worker;
	it->packet = packet;
	it->endpoint = endpoint;
	pier__list_init(&it->idle);
	pier__list_push_back(&worker->datagrams, &it->node);
	return 0;
}

int
pier__datagrams_start(struct pier__datagrams *it)
{
	return receiver_start(it);
}

void
pier__datagrams_stop(struct pier__worker *worker)
{
	struct pier__list *at, *idle;

	pier__list_each(at, &worker->datagrams) {
		struct pier__datagrams *it =
			pier__container_of(at, struct pier__datagrams, node);

		it->stopping = true;
		pier__list_each(idle, &it->idle)
			pier__wake(pier__container_of(
				idle, struct pier__receiver, idle_node)
					   ->task);
		/* As if something had come: the holder looks, and leaves. */
		pier__desc_event(it->packet->desc, PIER__IN, false);
	}
}

void
pier__datagrams_close(struct pier__worker *worker)
{
	struct pier__list *at;

	/* They may just be handed over. */
	(void)pthread_mutex_lock(&worker->server->lock);
	while ((at = pier__list_pop_front(&worker->datagrams)) != NULL) {
		struct pier__datagrams *it =
			pier__container_of(at, struct pier__datagrams, node);

		pier__sessions_close(it->sessions);
		pier_packet_close(it->packet);
		pier__batch_free(it->batch);
		pier__free(it);
	}
	pier__batch_free(worker->batch);
	worker->batch = NULL;
	(void)pthread_mutex_unlock(&worker->server->lock);
}
