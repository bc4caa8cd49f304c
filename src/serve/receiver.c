/* SPDX-License-Identifier: MIT */
/*
 * serve/receiver.c - what queues is received in batches, and the replies of
 * handlers that did not wait leave together when the batch is done.
 *
 * A batch belongs to the socket and goes on with it to the next receiver; a
 * message is copied out of it before its handler runs, so that one that waits
 * holds the memory of one message. Who waits for messages holds none: a worker
 * keeps one batch for whoever receives next.
 */
#include "serve/receiver.h"

#include <errno.h>

#include "net/block.h"
#include "net/packet.h"
#include "os/direct.h"
#include "serve/conn.h"

/* After so many failures in a row pauses are of 2^10 ms. */
#define PAUSES_MAX 10

/* A look that finds messages saves the wait for them; one that finds none is a
   call for nothing, a third as dear. So looks go on while one in four finds
   some; else one in LOOK_EVERY is made, to see whether that has changed. */
#define VAIN_LESS  3 /* by one that found some */
#define VAIN_MAX   24
#define LOOK_EVERY 32

/* With so many messages from one wait to the next it is cheaper not to be
   watched between them. */
#define MUCH 16

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

void
pier__datagrams_put_batch(struct pier__datagrams *it)
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

static inline bool
has_reply(const struct pier__datagrams *it)
{
	return it->batch != NULL && pier__replies_wait(&it->batch->replies);
}

bool
pier__datagrams_have_work(const struct pier__datagrams *it)
{
	return has_message(it) || has_reply(it);
}

/* What an earlier message met is a result, and not a failure to receive: others
   can make it come, which must not slow the server down. */
static bool
is_about_another(const struct pier__datagrams *it, int rc)
{
	const struct pier_packet_error *error = pier_packet_error(it->packet);

	return error != NULL && error->rc == rc;
}

/* It failed: what an earlier reply met costs nothing more, but what fails
   again and again must not spin. */
static int
hold_off(struct pier__receiver *receiver, int rc)
{
	struct pier__datagrams *it = receiver->it;

	if (is_about_another(it, rc)) {
		pier__report_error(it->worker->server, NULL, rc);
		return 0;
	}
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
	/* It has not come after all. */
	pier__uncount(worker->counters, PIER__COUNT_DATAGRAMS, 1);
	pier__uncount(worker->counters, PIER__COUNT_BYTES_IN,
		receiver->msg.full_size);
	pier__gate_refuse(
		worker, receiver->it->endpoint, &receiver->msg.peer, -EACCES);
	return false;
}

/* A batch that came is counted at once: of who waits for numbers, none has to
   wait for a handler. */
static void
count_in(struct pier__datagrams *it)
{
	struct pier__counters *counters = it->worker->counters;

	pier__count(counters, PIER__COUNT_DATAGRAMS, it->batch->count);
	pier__count(
		counters, PIER__COUNT_BYTES_IN, pier__batch_bytes(it->batch));
}

void
pier__datagrams_count_out(struct pier__datagrams *it)
{
	if (it->bytes_out == it->packet->bytes_out)
		return;
	pier__count(it->worker->counters, PIER__COUNT_BYTES_OUT,
		it->packet->bytes_out - it->bytes_out);
	it->bytes_out = it->packet->bytes_out;
}

void
pier__datagrams_failed(struct pier__worker *worker, int rc, bool is_cancelled)
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
	pier__datagrams_count_out(it);
	while ((rc = pier__replies_failure(replies, it->packet)) < 0)
		pier__datagrams_failed(it->worker, rc, rc == -ECANCELED);
}

/* The queue was empty, as far as is known. Has more come while what came was
   answered? */
static bool
look_again(struct pier__datagrams *it)
{
	bool look = it->batched &&
		    (it->packet->desc->interest == 0 || it->vain < VAIN_MAX ||
			    ++it->skipped >= LOOK_EVERY);

	it->batched = false;
	if (look)
		it->skipped = 0;
	return look;
}

/* Messages came. */
static void
note_came(struct pier__datagrams *it)
{
	it->failures = 0;
	it->batched = true;
	it->came += it->batch->count;
	if (it->came >= MUCH || it->came_before >= MUCH)
		pier__desc_unwatch(it->packet->desc);
	count_in(it);
}

static void
learn(struct pier__datagrams *it, bool found)
{
	if (!found)
		it->vain += it->vain < VAIN_MAX;
	else
		it->vain -= it->vain < VAIN_LESS ? it->vain : VAIN_LESS;
}

/* What is there, if it is worth a look. How many, -EAGAIN, or an error. */
static int
look(struct pier__datagrams *it)
{
	const struct pier__desc *desc = it->packet->desc;
	bool again = false;
	int rc;

	if (!PIER__LOOK(desc->readable)) {
		again = look_again(it);
		if (!again)
			return -EAGAIN;
	}
	rc = take_batch(it);
	if (rc < 0)
		return pier__packet_fail_receive(it->packet, rc);
	rc = pier__batch_receive(it->batch, it->packet, PIER_BATCH_MAX);
	if (again)
		learn(it, rc > 0);
	return rc;
}

/* What is there, or comes within a moment, if this thread may wait for that
   alone; which saves the look, too. */
static int
await(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	struct pier__desc *desc = it->packet->desc;
	int rc;

	if (!pier__block_is_next(desc, receiver->task)) {
		/* Each ordinary wait brings the next such one nearer. */
		if (!PIER__LOOK(desc->readable))
			(void)pier__block_turn(desc);
		return -EAGAIN;
	}
	rc = take_batch(it);
	return rc < 0 ? pier__packet_fail_receive(it->packet, rc)
		      : pier__batch_await(it->batch, it->packet);
}

/* Some messages into the batch, which is empty. 0, or the error that ends
   it. */
static int
receive(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc;

	pier__datagrams_count_out(it);
	rc = await(receiver);
	if (rc == -EAGAIN)
		rc = look(it);
	if (rc > 0) {
		note_came(it);
		return 0;
	}
	if (rc == -EAGAIN) {
		it->came_before = it->came;
		it->came = 0;
		pier__datagrams_put_batch(it);
		/* It was told while it stood in for the engine, and the look
		   has used up what it was told by. */
		if (it->stopping)
			return 0;
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

void
pier__receiver_drop(struct pier__receiver *receiver)
{
	if (receiver->large == NULL)
		return;
	pier__free(receiver->large);
	receiver->large = NULL;
}

PIER__HOT PIER__AFTER_CALL int
pier__receiver_next(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc = 0;

	while (rc == 0) {
		if (has_message(it)) {
			rc = take_message(receiver);
			if (rc == 0 && is_let_in(receiver))
				return 0;
			pier__receiver_drop(receiver);
			if (rc < 0)
				rc = hold_off(receiver, rc);
		} else if (has_reply(it)) {
			settle(it);
		} else if (it->stopping) {
			rc = -PIER_ESTOPPED;
		} else {
			rc = receive(receiver);
		}
	}
	return rc;
}

int
pier__receiver_try(struct pier__receiver *receiver)
{
	struct pier__datagrams *it = receiver->it;
	int rc = take_batch(it);

	if (rc == 0)
		rc = pier__batch_receive(it->batch, it->packet, 1);
	if (rc > 0) {
		count_in(it);
		rc = take_message(receiver);
	}
	pier__datagrams_put_batch(it);
	return rc == 0 && !is_let_in(receiver) ? -EAGAIN : rc;
}
