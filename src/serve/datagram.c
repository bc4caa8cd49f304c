/* SPDX-License-Identifier: MIT */
/*
 * serve/datagram.c - one task at a time receives on a socket, and calls the
 * handler itself: a handler that does not wait costs no switch. One that waits
 * hands receiving on to another task just before, so that one slow answer
 * holds up nobody.
 *
 * What queues is received in batches, and the replies of handlers that did not
 * wait leave together when the batch is done. A batch belongs to the socket and
 * goes on with it to the next receiver; a message is copied out of it before
 * its handler runs, so that one that waits holds the memory of one message.
 * Who waits for messages holds none: a worker keeps one batch for whoever
 * receives next.
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
#include "serve/conn.h"
#include "task/sched.h"

/* Receivers kept for the next handlers that wait. */
#define IDLE_MAX 16
/* After so many failures in a row pauses are of 2^10 ms. */
#define PAUSES_MAX 10

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

/* The batch that it->packet is received by. 0 or -ENOMEM. */
static int
take_batch(struct pier__datagrams *it)
{
	struct pier__worker *worker = it->worker;

	if (it->batch != NULL)
		return 0;
	if (worker->batch == NULL)
		return pier__batch_new(
			&it->batch, worker->server->opts.datagram_size);
	it->batch = worker->batch;
	worker->batch = NULL;
	return 0;
}

/* It is empty. */
static void
put_batch(struct pier__datagrams *it)
{
	struct pier__worker *worker = it->worker;

	if (it->batch != NULL && worker->batch == NULL) {
		pier__batch_rest(it->batch);
		worker->batch = it->batch;
	} else {
		pier__batch_free(it->batch);
	}
	it->batch = NULL;
}

static bool
has_message(const struct pier__datagrams *it)
{
	return it->batch != NULL && it->batch->next < it->batch->count;
}

/* Is there work for a receiver, whatever comes? */
static bool
has_work(const struct pier__datagrams *it)
{
	return has_message(it) ||
	       (it->batch != NULL && pier__replies_wait(&it->batch->replies));
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
	if (it->stopping && !has_work(it))
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

/* It failed: what an earlier reply met costs nothing more, but what fails
   again and again must not spin. */
static int
hold_off(struct pier__receiver *receiver, int rc)
{
	struct pier__datagrams *it = receiver->it;

	if (it->failures == 0)
		pier__report_error(it->worker->server, NULL, rc);
	if (it->failures++ == 0)
		return 0;
	if (it->failures > PAUSES_MAX)
		it->failures = PAUSES_MAX;
	rc = pier__park(receiver->task, "pause", -1,
		pier_in_ms(INT64_C(1) << it->failures));
	return rc == -PIER_EDEADLINE ? 0 : rc;
}

static bool
is_let_in(const struct pier__receiver *receiver)
{
	struct pier__worker *worker = receiver->it->worker;

	if (pier__admission_lets_in(
		    worker->server->gate.admission, &receiver->msg.peer))
		return true;
	pier__count(worker->counters, PIER__COUNT_REFUSED_POLICY, 1);
	return false;
}

static void
count_out(struct pier__datagrams *it)
{
	pier__count(it->worker->counters, PIER__COUNT_BYTES_OUT,
		it->packet->bytes_out - it->bytes_out);
	it->bytes_out = it->packet->bytes_out;
}

static void
failed(struct pier__worker *worker, int rc, bool is_cancelled)
{
	if (is_cancelled) {
		pier__count(worker->counters, PIER__COUNT_CANCELLED, 1);
		return;
	}
	pier__count(worker->counters, PIER__COUNT_DATAGRAMS_FAILED, 1);
	pier__report_error(worker->server, NULL, rc);
}

/* The replies of a batch leave, and those that cannot are told of. */
static void
settle(struct pier__datagrams *it)
{
	struct pier__replies *replies = &it->batch->replies;
	int rc;

	pier__replies_finish(replies, it->packet);
	count_out(it);
	while ((rc = pier__replies_failure(replies, it->packet)) < 0)
		failed(it->worker, rc, rc == -ECANCELED);
}

/* Some messages into the batch, which is empty. 0, or the error that ends
   it. */
static int
receive(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc = -EAGAIN;

	if (PIER__LOOK(it->packet->desc->readable)) {
		rc = take_batch(it);
		if (rc == 0)
			rc = pier__batch_receive(
				it->batch, it->packet, PIER_BATCH_MAX);
		else
			(void)pier__packet_fail_receive(it->packet, rc);
	}
	if (rc > 0) {
		it->failures = 0;
		return 0;
	}
	if (rc == -EAGAIN) {
		put_batch(it);
		rc = pier__desc_wait(
			it->packet->desc, PIER__IN, "receive", PIER_FOREVER);
	}
	/* The engine may have no memory to watch it. */
	return rc < 0 && rc != -ECANCELED ? hold_off(receiver, rc) : rc;
}

/* The next message of the batch into receiver->msg. 0, or an error, noted: it
   is lost. */
static int
take_message(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	size_t size = pier__batch_next_size(it->batch);
	void *room = receiver->buf;

	if (size > sizeof(receiver->buf)) {
		room = receiver->large = pier__alloc_lines(size);
		if (room == NULL) {
			it->batch->next++;
			return pier__packet_fail_receive(it->packet, -ENOMEM);
		}
	}
	return pier__batch_take(it->batch, it->packet, &receiver->msg, room);
}

static void
drop_message(struct pier__receiver *receiver)
{
	pier__free(receiver->large);
	receiver->large = NULL;
}

/* One datagram into receiver->msg. 0, or the error that ends it. */
static int
next(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc = 0;

	while (rc == 0) {
		if (has_message(it)) {
			rc = take_message(receiver);
			if (rc == 0 && is_let_in(receiver))
				return 0;
			drop_message(receiver);
			if (rc < 0)
				rc = hold_off(receiver, rc);
		} else if (has_work(it)) {
			settle(it);
		} else if (it->stopping) {
			rc = -PIER_ESTOPPED;
		} else {
			rc = receive(receiver);
		}
	}
	return rc;
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
	count_out(it);
	if (receiver->handed_on)
		(void)atomic_fetch_sub(&worker->server->ledger->datagrams, 1);
	if (rc < 0)
		failed(worker, rc, receiver->handed_on && pier_cancelled());
	drop_message(receiver);
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

static void
count_datagram(const struct pier__receiver *receiver)
{
	struct pier__worker *worker = receiver->it->worker;

	pier__attend_came(worker);
	pier__count(worker->counters, PIER__COUNT_DATAGRAMS, 1);
	pier__count(worker->counters, PIER__COUNT_BYTES_IN,
		receiver->msg.full_size);
}

static int
receiver_main(void *arg)
{
	struct pier__receiver *receiver = arg;
	struct pier__datagrams *it = receiver->it;
	struct pier_server *server = it->worker->server;

	pier_task_name("receiver");
	receiver->task = pier__current;
	while (next(receiver) == 0) {
		count_datagram(receiver);
		if (pier__shared_datagrams(server->shared) >=
			server->opts.datagrams_max) {
			pier__count(it->worker->counters,
				PIER__COUNT_DATAGRAMS_DROPPED, 1);
			drop_message(receiver);
			continue;
		}
		handle(receiver);
		if (receiver->handed_on && !rest(receiver))
			break;
	}
	if (it->holder == receiver) {
		it->holder = NULL;
		put_batch(it);
	}
	pier__free(receiver);
	return 0;
}

/* One message, off the socket, into receiver->msg. 0, -EAGAIN, or an error. */
static int
receive_one(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc = take_batch(it);

	if (rc == 0)
		rc = pier__batch_receive(it->batch, it->packet, 1);
	if (rc > 0)
		rc = take_message(receiver);
	put_batch(it);
	return rc == 0 && !is_let_in(receiver) ? -EAGAIN : rc;
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
	rc = receive_one(receiver);
	if (rc == 0) {
		count_datagram(receiver);
		handle(receiver);
	}
	it->stopping = false;
	drop_message(receiver);
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

		pier_packet_close(it->packet);
		pier__batch_free(it->batch);
		pier__free(it);
	}
	pier__batch_free(worker->batch);
	worker->batch = NULL;
	(void)pthread_mutex_unlock(&worker->server->lock);
}
