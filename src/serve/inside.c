/* SPDX-License-Identifier: MIT */
/*
 * serve/inside.c - connections that run in the task that accepts them.
 *
 * A fiber for each would be made, started, waited for and put away by one that
 * meanwhile waits for nothing else. So the task that accepts is the connection's
 * for so long. Where both are wanted, as a connection lingers beside the next
 * one, or the worker ends and who queues is to be let in, it is passed on: the
 * connection goes on where it is, and a new task accepts in its place.
 */
#include <errno.h>

#include "serve/conn.h"
#include "task/group.h"
#include "task/leave.h"
#include "task/run.h"

/* Connections in a row, however short, until the engine is asked again. */
#define RUNS_MAX 16

/* Others of this thread have their turn, if it is time. */
PIER__HOT static void
let_others_run(struct pier__acceptor *it, struct pier__task *self)
{
	struct pier__sched *sched = self->sched;
	bool ask = ++it->runs >= RUNS_MAX || sched->now >= sched->stand_until ||
		   pier__timers_next(&sched->timers) <= sched->now;

	if (!ask && sched->ready_head == NULL)
		return;
	if (ask) {
		it->runs = 0;
		sched->budget = 0;
	}
	pier__sched_yield(self);
	if (ask)
		sched->stand_until = sched->now + PIER__STAND_NS;
}

PIER__HOT bool
pier__inside_run(struct pier__acceptor *it, struct pier__conn *conn)
{
	struct pier__task *self = pier__current;
	struct pier__sched *sched = self->sched;

	it->inside = self;
	(void)pier__conn_main(conn);
	if (self->group != it->worker->accepting)
		return false;
	it->inside = NULL;
	/* It is this connection that has kept others waiting. */
	if (sched->stretch.longest != NULL)
		pier__stretch_switch(&sched->stretch, &self->tag);
	pier__task_renew(self);
	let_others_run(it, self);
	pier_task_name("acceptor");
	return true;
}

int
pier__inside_pass(struct pier__acceptor *it)
{
	struct pier__worker *worker = it->worker;
	int rc = 0;

	if (it->inside == NULL)
		return 0;
	rc = pier__sched_spawn(pier__current->sched, worker->accepting,
		pier__acceptor_main, it);
	if (rc == 0) {
		pier__group_move(it->inside, worker->handling);
		it->inside = NULL;
	}
	return rc;
}

void
pier__inside_end(struct pier__worker *worker)
{
	size_t i;

	for (i = 0; i < worker->acceptor_count; i++) {
		struct pier__acceptor *it = &worker->acceptors[i];

		/* Without memory for one nobody is let in any more. */
		if (pier__inside_pass(it) < 0) {
			pier__group_move(it->inside, worker->handling);
			it->inside = NULL;
		}
	}
}
