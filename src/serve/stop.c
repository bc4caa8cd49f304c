/* SPDX-License-Identifier: MIT */
/*
 * serve/stop.c - telling a server to stop, from anywhere, and hearing it.
 *
 * The eventfd is written to and never read: it stays readable, so that a
 * worker that looks later finds out too, and each write is a new edge for
 * those that wait for the second time.
 */
#include "serve/children.h"
#include "task/sched.h"

/* Of the process that calls: a signal may come to one that has just begun, and
   told by another's it would be that one's second. */
static struct pier__ledger *
own_ledger(const struct pier_server *server)
{
	int number;

	if (pier__children_are_of_another(server))
		return server->child_ledger;
	number = atomic_load(&server->starting);
	if (number > 0 && atomic_load(&server->starter) != pier__process())
		return &server->shared->ledgers[number];
	return server->ledger;
}

void
pier_server_stop(struct pier_server *server)
{
	if (server == NULL)
		return;
	/* Async-signal-safe: atomics, one write. */
	pier__shared_stop(server->shared, own_ledger(server));
	(void)pier__calls()->eventfd_wake(server->stop_fd);
}

int
pier__stop_wait(struct pier__worker *worker, int times, pier_deadline deadline)
{
	int rc = 0;

	while (rc == 0) {
		/* Before the look: a write after it is an edge that sets it. */
		PIER__NOTE(worker->stop.readable, false);
		if (atomic_load(&worker->server->shared->stops) >= times)
			return 0;
		pier__sched_lenient(1);
		rc = pier__desc_wait(&worker->stop, PIER__IN, "stop", deadline);
		pier__sched_lenient(-1);
	}
	return rc;
}
