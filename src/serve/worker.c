/* SPDX-License-Identifier: MIT */
/*
 * serve/worker.c - what a worker does: it starts its acceptors and receivers,
 * waits to be told to stop, and then ends in this order: nothing new is let
 * in but what queues; handlers have the drain time; the rest is cancelled.
 */
#include <errno.h>

#include "serve/datagram.h"
#include "serve/options.h"
#include "serve/replace.h"
#include "serve/server.h"
#include "task/group.h"
#include "task/sched.h"

static int
start_tasks(struct pier__worker *worker)
{
	struct pier__sched *sched = pier__current->sched;
	struct pier__list *at;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < worker->acceptor_count; i++)
		rc = pier__sched_spawn(sched, worker->accepting,
			pier__acceptor_main, &worker->acceptors[i]);
	pier__list_each(at, &worker->datagrams) {
		if (rc == 0)
			rc = pier__datagrams_start(pier__container_of(
				at, struct pier__datagrams, node));
	}
	return rc < 0 ? rc : pier__attend_start(worker);
}

static int
begin(struct pier__worker *worker)
{
	const struct pier__model *model = worker->server->model;
	int rc = pier_group_open(&worker->accepting);

	if (rc == 0)
		rc = pier_group_open(&worker->handling);
	if (rc == 0 && model->open != NULL)
		rc = model->open(worker);
	if (rc == 0)
		rc = start_tasks(worker);
	if (rc == 0)
		rc = pier__watchdog_start(worker);
	if (rc == 0 && worker->server->process > 0)
		rc = pier__bell_hear(worker);
	/* The first one's, so that the others do not look at it. */
	if (rc == 0 && worker == &worker->server->workers[0])
		rc = pier__control_start(worker->server, worker->accepting);
	return rc < 0 ? pier__fail(rc,
				&(struct pier__failure){
					.step = PIER_STEP_CREATE,
					.detail = "the tasks of a server" })
		      : 0;
}

/* Told a second time: what is left is cancelled now. */
static int
hurry_main(void *arg)
{
	struct pier__worker *worker = arg;

	pier_task_name("stop");
	if (pier__stop_wait(worker, 2, PIER_FOREVER) == 0) {
		pier_group_cancel(worker->handling);
		pier__release(worker->server);
	}
	return 0;
}

/* Handlers end by themselves, or are cancelled; how many of these are still
   there after all patience? */
static size_t
drain(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	int64_t patience = server->model->patience_ns;

	if (server->opts.drain_ms != PIER_OFF &&
		atomic_load(&server->shared->stops) < 2 &&
		pier__group_wait(worker->handling, "drain",
			pier_deadline_at(worker->drain_until)) == 0)
		return 0;
	pier_group_cancel(worker->handling);
	(void)pier__group_wait(worker->handling, "drain",
		patience == INT64_MAX ? PIER_FOREVER : pier_in_ns(patience));
	return pier_group_count(worker->handling);
}

static void
end(struct pier__worker *worker)
{
	const struct pier_server_opts *opts = &worker->server->opts;
	const struct pier__model *model = worker->server->model;
	struct pier_group *hurry = NULL;
	size_t i;

	worker->drain_until = pier_in_ms(opts->drain_ms).ns;
	/* One that was replaced is not the service any more. */
	if (worker == &worker->server->workers[0] &&
		!worker->server->handed_over)
		pier__server_tell(worker->server, "STOPPING=1");
	pier__datagrams_stop(worker);
	if (pier_group_open(&hurry) == 0)
		(void)pier__sched_spawn(
			pier__current->sched, hurry, hurry_main, worker);
	pier__inside_end(worker);
	pier__pool_retire(worker->pool);
	pier_group_cancel(worker->accepting);
	(void)pier__group_wait(worker->accepting, "drain", PIER_FOREVER);
	for (i = 0; i < worker->acceptor_count; i++)
		pier__acceptor_leave(&worker->acceptors[i]);
	pier__inbox_close(worker);
	if (model->close != NULL)
		model->close(worker);
	pier__count(worker->counters, PIER__COUNT_CANCELLED, drain(worker));
	pier__bell_end(worker);
	if (hurry != NULL) {
		pier_group_cancel(hurry);
		(void)pier__group_wait(hurry, "drain", PIER_FOREVER);
		pier_group_close(hurry);
	}
}

/* A fiber of the worker, most likely a connection's, kept all others waiting
   for longer than any before. */
static void
note_stretch(void *arg, uint64_t conn, int64_t ns)
{
	struct pier__worker *worker = arg;

	atomic_store(&worker->counters->longest_run_conn, conn);
	atomic_store(&worker->counters->longest_run_ns, (uint64_t)ns);
}

void
pier__worker_fail(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;

	/* The whole process ends, and the first one starts another. */
	if (server->process > 0)
		pier__process_fail(server);
	/* The whole server ends, without a drain. */
	pier_server_stop(server);
	pier_server_stop(server);
}

/* From the beginning until it is told to stop. False: it cannot go on, or its
   own task was cancelled. */
static bool
serve(struct pier__worker *worker)
{
	int rc;

	worker->rc = begin(worker);
	if (worker->rc < 0)
		return false;
	rc = pier__stop_wait(worker, 1, PIER_FOREVER);
	/* A cancel is a way to ask for the end. */
	if (rc < 0 && rc != -ECANCELED)
		worker->rc = pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_WAIT,
				    .detail = "the stop of a server" });
	return rc == 0;
}

int
pier__worker_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier__stretch *stretch = &pier__current->sched->stretch;
	pier_deadline shield;

	pier_task_name("server");
	pier__desc_init(
		&worker->stop, worker->server->stop_fd, PIER__DESC_SOCKET);
	stretch->longest = note_stretch;
	stretch->arg = worker;
	stretch->max_ns = 0;
	pier__stretch_turn_begin(stretch, pier__task_now(pier__current));
	if (!serve(worker))
		pier__worker_fail(worker);
	/* Hooks are called from here on, which may fork on their own. */
	pier__sched_copy_self();
	shield = pier_shield(PIER_FOREVER);
	if (worker->accepting != NULL && worker->handling != NULL)
		end(worker);
	(void)pier_shield(shield);
	pier__datagrams_close(worker);
	pier__desc_forget(&worker->stop);
	stretch->longest = NULL;
	pier_group_close(worker->accepting);
	pier_group_close(worker->handling);
	worker->accepting = NULL;
	worker->handling = NULL;
	return worker->rc;
}
