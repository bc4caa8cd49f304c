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
 *      next handler that ends.
 */
#include "serve/datagram.h"

#include <errno.h>

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
	unsigned char buf[]; /* datagram_size bytes */
};

static int receiver_main(void *arg);

static struct pier__receiver *
receiver_new(struct pier__datagrams *it)
{
	struct pier__receiver *receiver = pier__alloc(
		sizeof(*receiver) + it->worker->server->opts.datagram_size);

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
	if (it->stopping)
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

/* One datagram into receiver->msg. 0, or the error that ends it. */
static int
receive(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	size_t size = it->worker->server->opts.datagram_size;
	int rc = 0;

	while (rc == 0 && !it->stopping) {
		if (PIER__LOOK(it->packet->desc->readable))
			rc = pier_recv(it->packet, &receiver->msg,
				receiver->buf, size, PIER_NOW);
		else
			rc = -EAGAIN;
		if (rc == 0) {
			it->failures = 0;
			if (is_let_in(receiver))
				return 0;
			continue;
		}
		if (rc == -EAGAIN)
			rc = pier__desc_wait(it->packet->desc, PIER__IN,
				"receive", PIER_FOREVER);
		/* The engine may have no memory to watch it. */
		if (rc < 0 && rc != -ECANCELED)
			rc = hold_off(receiver, rc);
	}
	return rc < 0 ? rc : -PIER_ESTOPPED;
}

static void
handler_failed(const struct pier__receiver *receiver, int rc)
{
	struct pier__worker *worker = receiver->it->worker;

	if (receiver->handed_on && pier_cancelled()) {
		pier__count(worker->counters, PIER__COUNT_CANCELLED, 1);
		return;
	}
	pier__count(worker->counters, PIER__COUNT_DATAGRAMS_FAILED, 1);
	pier__report_error(worker->server, NULL, rc);
}

static void
handle(struct pier__receiver *receiver)
{
	struct pier__worker *worker = receiver->it->worker;
	const struct pier_server_opts *opts = &worker->server->opts;
	struct pier__task *self = receiver->task;
	struct pier_packet *packet = receiver->it->packet;
	int rc;

	receiver->handed_on = false;
	receiver->hook.fn = hand_on;
	pier__list_push_back(&self->before_wait, &receiver->hook.node);
	rc = opts->datagram_handler(packet, &receiver->msg, opts->ctx);
	pier__list_remove(&receiver->hook.node);
	pier__count(worker->counters, PIER__COUNT_BYTES_OUT,
		packet->bytes_out - receiver->it->bytes_out);
	receiver->it->bytes_out = packet->bytes_out;
	if (receiver->handed_on)
		(void)atomic_fetch_sub(&worker->server->ledger->datagrams, 1);
	if (rc < 0)
		handler_failed(receiver, rc);
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
	while (receive(receiver) == 0) {
		count_datagram(receiver);
		if (pier__shared_datagrams(server->shared) >=
			server->opts.datagrams_max) {
			pier__count(it->worker->counters,
				PIER__COUNT_DATAGRAMS_DROPPED, 1);
			continue;
		}
		handle(receiver);
		if (receiver->handed_on && !rest(receiver))
			break;
	}
	if (it->holder == receiver)
		it->holder = NULL;
	pier__free(receiver);
	return 0;
}

/* Nobody takes over from a handler that waits: one is all that was asked. */
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
	rc = pier_recv(it->packet, &receiver->msg, receiver->buf,
		it->worker->server->opts.datagram_size, PIER_NOW);
	if (rc == 0 && !is_let_in(receiver)) {
		rc = -EAGAIN;
	} else if (rc == 0) {
		count_datagram(receiver);
		handle(receiver);
	}
	it->stopping = false;
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
		pier__free(it);
	}
	(void)pthread_mutex_unlock(&worker->server->lock);
}
