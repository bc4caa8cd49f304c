/* SPDX-License-Identifier: MIT */
/*
 * serve/crew.c - the workers of one process: the first on the thread that calls,
 * each of the others on one of its own.
 */
#include "serve/server.h"

#include <errno.h>

#include "task/kept.h"
#include "task/run.h"

/* A worker on this thread, which has no scheduler yet. */
static int
run_here(struct pier__worker *worker)
{
	const struct pier_run_opts opts = {
		.kind = PIER_TASK_FIBER,
		.stack_size = worker->server->opts.stack_size,
	};
	int rc = worker->server->model->forks
			 ? pier__run_forking(pier__worker_main, worker, &opts)
			 : pier_run(pier__worker_main, worker, &opts, NULL);

	worker->rc = rc;
	if (rc < 0)
		pier__worker_fail(worker);
	return rc;
}

static void
crew_count(struct pier_server *server, size_t change)
{
	(void)pthread_mutex_lock(&server->lock);
	server->crew_left += change;
	(void)pthread_cond_broadcast(&server->crew_gone);
	(void)pthread_mutex_unlock(&server->lock);
}

static int
crew_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier_server *server = worker->server;
	int rc = run_here(worker);

	crew_count(server, (size_t)-1);
	pier__server_drop(server);
	return rc;
}

/* One worker on a thread of its own. */
static int
start_hand(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	int rc;

	pier__server_hold(server);
	crew_count(server, 1);
	rc = pier__thread_spawn(NULL, server->crew, crew_main, worker,
		&(struct pier__thread_opts){ 0 });
	if (rc < 0) {
		crew_count(server, (size_t)-1);
		pier__server_drop(server);
	}
	return rc;
}

/* What threads of connections leave for those that follow. None of it lies above
   the mark: that is no reserve, idle or not. */
static int
open_kept(struct pier_server *server)
{
	return server->model == &pier__model_thread
		       ? pier__kept_open(
				 &server->kept, server->descriptors_high)
		       : 0;
}

/* The other workers, each on a thread of its own. */
static int
start_crew(struct pier_server *server)
{
	size_t i;
	int rc = open_kept(server);

	if (rc == 0 && server->worker_count > 1)
		rc = pier_group_open(&server->crew);
	for (i = 1; rc == 0 && i < server->worker_count; i++)
		rc = start_hand(&server->workers[i]);
	if (rc < 0) {
		pier_server_stop(server);
		pier_server_stop(server);
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "the threads of a server",
				    /* No thread to be had is -EAGAIN. */
				    .counts = true });
	}
	return 0;
}

static void
end_crew(struct pier_server *server)
{
	pier_deadline shield = pier_shield(PIER_FOREVER);

	if (server->crew != NULL)
		(void)pier_group_wait(server->crew, PIER_FOREVER);
	(void)pier_shield(shield);
	/* That wait needs a descriptor and memory, and may have neither; this
	   one holds the thread, and cannot fail. */
	(void)pthread_mutex_lock(&server->lock);
	while (server->crew_left > 0)
		(void)pthread_cond_wait(&server->crew_gone, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
	pier_group_close(server->crew);
	server->crew = NULL;
	/* Threads that are left behind hold it on. */
	pier__kept_close(server->kept);
	server->kept = NULL;
}

/* The first worker's error, or the number of handlers that were cancelled. */
static int
result(const struct pier_server *server)
{
	struct pier_server_stats stats;
	size_t i;

	for (i = 0; i < server->worker_count; i++) {
		if (server->workers[i].rc < 0)
			return server->workers[i].rc;
	}
	pier_server_stats(server, &stats);
	return (int)stats.cancelled;
}

int
pier__crew_run(struct pier_server *server)
{
	int rc = start_crew(server);

	if (rc == 0 && pier__current->kind == PIER_TASK_FIBER)
		rc = pier__worker_main(&server->workers[0]);
	else if (rc == 0)
		rc = run_here(&server->workers[0]);
	end_crew(server);
	if (rc >= 0)
		rc = result(server);
	/* A worker has noted its failure as its own task's. */
	if (rc < 0 && pier_last_error()->code != rc)
		rc = pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_WAIT,
				    .detail = "a worker of a server",
				    .counts = true });
	return rc;
}
