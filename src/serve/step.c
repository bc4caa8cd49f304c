/* SPDX-License-Identifier: MIT */
/*
 * serve/step.c - pier_server_step(): one connection or datagram, by hand.
 *
 * The acceptors and receivers of the workers do not run: one fiber tries each
 * socket in turn, waits for all of them, and starts what came as the model
 * does. A second one listens for the stop meanwhile.
 */
#include <errno.h>

#include "io/wait_many.h"
#include "net/packet.h"
#include "serve/datagram.h"
#include "serve/server.h"
#include "task/group.h"
#include "task/run.h"
#include "task/sched.h"

struct step {
	struct pier_server *server;
	struct pier_group *handling;
	struct pier_group *watching;
	pier_deadline deadline;
	size_t first; /* tried next: nobody's queue starves another's */
	size_t count;
	struct pier__want wants[]; /* of each socket, and of the stop */
};

/* The i-th socket: an acceptor, or a receiver of datagrams. */
struct source {
	struct pier__acceptor *acceptor;
	struct pier__datagrams *datagrams;
};

static void
take_source(struct source *out, size_t *count, size_t i, struct source it)
{
	if (*count == i)
		*out = it;
	++*count;
}

/* How many there are; the i-th into out. A listener that several workers share
   is one socket. */
static size_t
find(const struct pier_server *server, size_t i, struct source *out)
{
	struct pier__list *at;
	size_t count = 0;
	size_t w, a;

	for (w = 0; w < server->worker_count; w++) {
		struct pier__worker *worker = &server->workers[w];

		for (a = 0; a < worker->acceptor_count; a++) {
			struct pier__acceptor *it = &worker->acceptors[a];

			if (it->listener == it->port->listener)
				take_source(out, &count, i,
					(struct source){ .acceptor = it });
		}
		pier__list_each(at, &worker->datagrams)
			take_source(out, &count, i,
				(struct source){
					.datagrams = pier__container_of(at,
						struct pier__datagrams,
						node) });
	}
	return count;
}

/* One that is there into the hands of the model: 0, -EAGAIN: nobody is, or
   what is wanting. */
static int
try_all(struct step *step)
{
	int rc = -EAGAIN;
	size_t i;

	for (i = 0; rc == -EAGAIN && i < step->count; i++) {
		struct source it = { 0 };

		(void)find(step->server, (step->first + i) % step->count, &it);
		if (it.acceptor != NULL)
			rc = pier__acceptor_try(it.acceptor);
		else if (it.datagrams != NULL)
			rc = pier__datagrams_try(it.datagrams);
	}
	step->first += i;
	return rc;
}

static struct pier__desc *
desc_of(const struct source *it)
{
	return it->acceptor != NULL ? &it->acceptor->listener->desc
				    : it->datagrams->packet->desc;
}

/* What the step before knew to be drained need not be so any more. */
static void
look_again(const struct step *step)
{
	size_t i;

	for (i = 0; i < step->count; i++) {
		struct source it = { 0 };

		(void)find(step->server, i, &it);
		pier__desc_look_again(desc_of(&it), PIER__IN);
	}
}

static int
wait_for_one(struct step *step)
{
	struct pier__desc *stop = &step->server->workers[0].stop;
	size_t i;
	int n;

	for (i = 0; i < step->count; i++) {
		struct source it = { 0 };

		(void)find(step->server, i, &it);
		step->wants[i] = (struct pier__want){ .desc = desc_of(&it),
			.want = PIER__IN };
	}
	step->wants[i] = (struct pier__want){ .desc = stop, .want = PIER__IN };
	PIER__NOTE(stop->readable, false);
	if (atomic_load(&step->server->shared->stops) > 0)
		return 0;
	n = pier__desc_wait_many(
		step->wants, step->count + 1, "step", step->deadline);
	return n < 0 ? n : 0;
}

/* Told to stop: handlers have the drain time, or none, and until it is told
   again. */
static int
watch_main(void *arg)
{
	struct step *step = arg;
	const struct pier_server_opts *opts = &step->server->opts;
	struct pier__worker *worker = &step->server->workers[0];
	int rc = pier__stop_wait(worker, 1, PIER_FOREVER);

	if (rc == 0 && opts->drain_ms != PIER_OFF)
		rc = pier__stop_wait(worker, 2, pier_in_ms(opts->drain_ms));
	if (rc != -ECANCELED)
		pier_group_cancel(step->handling);
	return 0;
}

/* What was started, if anything, comes to its end. */
static void
see_through(struct step *step)
{
	struct pier__sched *sched = pier__current->sched;
	pier_deadline shield;

	/* Without it a stop is heard when this one has ended. */
	(void)pier__sched_spawn(sched, step->watching, watch_main, step);
	if (pier__group_wait(step->handling, "step", PIER_FOREVER) < 0)
		pier_group_cancel(step->handling);
	shield = pier_shield(PIER_FOREVER);
	(void)pier__group_wait(step->handling, "step", PIER_FOREVER);
	pier_group_cancel(step->watching);
	(void)pier__group_wait(step->watching, "step", PIER_FOREVER);
	(void)pier_shield(shield);
}

/* 1: one was started; 0: it was told to stop; or an error. */
static int
start_one(struct step *step)
{
	int rc = 0;

	/* Others wait, and are told. */
	if (step->deadline.ns == 0)
		look_again(step);
	while (rc == 0) {
		if (atomic_load(&step->server->shared->stops) > 0)
			return 0;
		rc = try_all(step);
		if (rc == 0)
			return 1;
		/* Those who are kept out must not make it last. */
		if (rc == -EAGAIN && step->deadline.ns <= pier_now())
			return step->deadline.ns == 0 ? -EAGAIN
						      : -PIER_EDEADLINE;
		if (rc == -EAGAIN)
			rc = wait_for_one(step);
	}
	return rc;
}

/* What the model has besides the connections is there for one step. */
static int
open_models(struct step *step)
{
	struct pier_server *server = step->server;
	size_t i;
	int rc = 0;

	for (i = 0; i < server->worker_count; i++) {
		struct pier__worker *worker = &server->workers[i];

		worker->handling = step->handling;
		if (rc == 0 && server->model->open != NULL)
			rc = server->model->open(worker);
	}
	return rc;
}

static void
close_models(struct step *step)
{
	struct pier_server *server = step->server;
	size_t i;

	for (i = 0; i < server->worker_count; i++) {
		if (server->model->close != NULL)
			server->model->close(&server->workers[i]);
	}
}

static int
serve_one(struct step *step)
{
	size_t i;
	int rc = open_models(step);

	if (rc == 0)
		rc = start_one(step);
	close_models(step);
	see_through(step);
	for (i = 0; i < step->server->worker_count; i++)
		step->server->workers[i].handling = NULL;
	return rc;
}

static void
forget(struct step *step)
{
	size_t i;

	for (i = 0; i < step->count; i++) {
		struct source it = { 0 };

		(void)find(step->server, i, &it);
		if (it.acceptor != NULL)
			pier__desc_forget(&it.acceptor->listener->desc);
		else if (it.datagrams != NULL)
			pier__desc_forget(it.datagrams->packet->desc);
	}
	pier__desc_forget(&step->server->workers[0].stop);
}

static int
step_main(void *arg)
{
	struct step *step = arg;
	struct pier_server *server = step->server;
	int rc = pier_group_open(&step->handling);

	if (rc == 0)
		rc = pier_group_open(&step->watching);
	if (rc == 0) {
		pier__desc_init(&server->workers[0].stop, server->stop_fd,
			PIER__DESC_SOCKET);
		rc = serve_one(step);
		forget(step);
	}
	pier_group_close(step->handling);
	pier_group_close(step->watching);
	return rc;
}

static int
fail_step(int rc, const char *detail)
{
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_ACCEPT,
				      .detail = detail });
}

static int
step_here(struct pier_server *server, pier_deadline deadline)
{
	const struct pier_run_opts opts = { .kind = PIER_TASK_FIBER,
		.stack_size = server->opts.stack_size };
	size_t count = find(server, SIZE_MAX, NULL);
	struct step *step =
		pier__alloc(sizeof(*step) + (count + 1) * sizeof(*step->wants));
	int rc;

	if (step == NULL)
		return fail_step(-ENOMEM, "a step of a server");
	step->server = server;
	step->deadline = deadline.ns < 0 ? PIER_FOREVER : deadline;
	step->count = count;
	step->first = server->next_source;
	if (pier__current->kind == PIER_TASK_FIBER)
		rc = step_main(step);
	else
		rc = pier_run(step_main, step, &opts, NULL);
	server->next_source = step->first;
	pier__free(step);
	return rc;
}

int
pier_server_step(struct pier_server *server, pier_deadline deadline)
{
	const struct pier_server_opts *opts = &server->opts;
	int use = PIER__SERVER_IS_FREE;
	int rc;

	if (pier__self() == NULL)
		return -ENOMEM;
	if (opts->sessions)
		return fail_step(-EINVAL, "sessions are not served by steps");
	if (!atomic_compare_exchange_strong(
		    &server->use, &use, PIER__SERVER_IN_STEP))
		return fail_step(
			-EBUSY, "a server that has run, or is in a step");
	rc = step_here(server, deadline);
	atomic_store(&server->use, PIER__SERVER_IS_FREE);
	if ((rc == -PIER_EDEADLINE || rc == -EAGAIN) && opts->on_idle != NULL)
		opts->on_idle(server, opts->ctx);
	if (rc < 0 && rc != -EAGAIN && pier_last_error()->code != rc)
		return fail_step(rc, "a step of a server");
	return rc;
}
