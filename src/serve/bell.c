/* SPDX-License-Identifier: MIT */
/*
 * serve/bell.c - what a worker hears of other processes: that something shared
 * has changed, and that the first process has ended.
 *
 * The bell is one eventfd for all of them, written to and never read: each
 * write is a new edge for every worker.
 */
#include "serve/server.h"
#include "task/group.h"
#include "task/sched.h"

void
pier__bell_ring(struct pier_server *server)
{
	if (server->bell_fd >= 0)
		(void)pier__calls()->eventfd_wake(server->bell_fd);
}

/* Who queues may have been left to this process. */
static void
look_at_queues(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	size_t i;

	if (pier__shared_is_above(server->shared, server->process))
		return;
	for (i = 0; i < worker->acceptor_count; i++) {
		struct pier__acceptor *it = &worker->acceptors[i];

		if (it->listener != NULL)
			pier__desc_event(&it->listener->desc, PIER__IN, false);
	}
}

static int
bell_main(void *arg)
{
	struct pier__worker *worker = arg;
	int rc = 0;

	pier_task_name("bell");
	while (rc == 0) {
		/* Before the look: a write after it is an edge that sets it. */
		PIER__NOTE(worker->bell.readable, false);
		pier__room_look(worker->server);
		look_at_queues(worker);
		pier__sched_lenient(1);
		rc = pier__desc_wait(
			&worker->bell, PIER__IN, "bell", PIER_FOREVER);
		pier__sched_lenient(-1);
	}
	return 0;
}

/* Nobody would tell it to stop, nor count what it serves. It is as if the first
   process had told it to once more, for all processes alike. */
static int
parent_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier_server *server = worker->server;
	int rc;

	pier_task_name("parent");
	PIER__NOTE(worker->parent.readable, false);
	pier__sched_lenient(1);
	rc = pier__desc_wait(&worker->parent, PIER__IN, "parent", PIER_FOREVER);
	pier__sched_lenient(-1);
	if (rc == 0) {
		atomic_store(&server->ledger->stops,
			atomic_load(&server->shared->ledgers[0].stops));
		pier_server_stop(server);
	}
	return 0;
}

int
pier__bell_hear(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	struct pier__sched *sched = pier__current->sched;
	int rc = pier_group_open(&worker->hearing);

	pier__desc_init(&worker->bell, server->bell_fd, PIER__DESC_SOCKET);
	pier__desc_init(&worker->parent, server->parent_fd, PIER__DESC_SOCKET);
	if (rc == 0)
		rc = pier__sched_spawn(
			sched, worker->hearing, bell_main, worker);
	if (rc == 0 && worker == &server->workers[0])
		rc = pier__sched_spawn(
			sched, worker->hearing, parent_main, worker);
	if (rc == 0)
		(void)atomic_fetch_add(&server->ledger->accepting, 1);
	return rc;
}

void
pier__bell_end(struct pier__worker *worker)
{
	if (worker->hearing == NULL)
		return;
	(void)atomic_fetch_sub(&worker->server->ledger->accepting, 1);
	pier_group_cancel(worker->hearing);
	(void)pier__group_wait(worker->hearing, "drain", PIER_FOREVER);
	pier_group_close(worker->hearing);
	worker->hearing = NULL;
	pier__desc_forget(&worker->bell);
	pier__desc_forget(&worker->parent);
}
