/* SPDX-License-Identifier: MIT */
/*
 * serve/inbox.c - connections that one worker has accepted and another runs.
 *
 * The kernel deals the connections of an address out by a hash of the two
 * ends: with few, or with some that last, workers end up uneven. So one that
 * has more than a tenth above the least loaded puts what is new into the inbox of that one.
 * The connection is made where it was accepted and belongs to no scheduler
 * until its handler first waits.
 *
 * Invariant, by the lock of the inbox: it is open from before its worker begins
 * until its fiber has looked for the last time; what is put in is started, or
 * counted as cancelled.
 */
#include <errno.h>

#include "serve/conn.h"
#include "task/sched.h"

/* Until there may be memory for a fiber. */
#define PAUSE_MS 100

PIER__HOT static bool
has_inboxes(const struct pier__worker *worker)
{
	return worker->server->model->open == pier__inbox_open &&
	       worker->server->worker_count > 1;
}

/* NULL: it may as well stay where it is. */
static struct pier__worker *
choose(struct pier__worker *own)
{
	struct pier_server *server = own->server;
	struct pier__worker *least = own;
	int64_t own_load = atomic_load(&own->load);
	int64_t least_load = own_load;
	size_t i;

	for (i = 0; i < server->worker_count; i++) {
		int64_t load = atomic_load(&server->workers[i].load);

		if (load < least_load) {
			least = &server->workers[i];
			least_load = load;
		}
	}
	return own_load * 10 > least_load * 11 ? least : NULL;
}

PIER__HOT bool
pier__inbox_put(struct pier__acceptor *it, struct pier__conn *conn)
{
	struct pier__worker *to;
	struct pier__inbox *inbox;
	bool given;

	/* At the end everybody empties the own queue. */
	if (!has_inboxes(it->worker) || it->draining)
		return false;
	to = choose(it->worker);
	if (to == NULL)
		return false;
	inbox = &to->inbox;
	(void)pthread_mutex_lock(&inbox->lock);
	given = inbox->open && inbox->count < PIER__INBOX_MAX;
	if (given) {
		pier__conn_runs_on(conn, to);
		inbox->conns[(inbox->begin + inbox->count++) %
			     PIER__INBOX_MAX] = conn;
		/* It looks before it waits for the first time. */
		if (inbox->task != NULL)
			pier__wake(inbox->task);
	}
	(void)pthread_mutex_unlock(&inbox->lock);
	return given;
}

/* The next one. NULL: none, and when `ending` the inbox is closed. */
static struct pier__conn *
take(struct pier__inbox *inbox, bool ending)
{
	struct pier__conn *conn = NULL;

	(void)pthread_mutex_lock(&inbox->lock);
	if (inbox->count > 0) {
		conn = inbox->conns[inbox->begin];
		inbox->begin = (inbox->begin + 1) % PIER__INBOX_MAX;
		inbox->count--;
	} else if (ending) {
		inbox->open = false;
		inbox->task = NULL;
	}
	(void)pthread_mutex_unlock(&inbox->lock);
	return conn;
}

/* The server stops, and it cannot be run. */
static void
let_go(struct pier__worker *worker, struct pier__conn *conn)
{
	struct pier__acceptor *acceptor = conn->acceptor;
	bool above = conn->above;

	pier__count(worker->counters, PIER__COUNT_CANCELLED, 1);
	pier__conn_drop(conn);
	pier__acceptor_count(acceptor, above, -1);
	pier__room_give(worker->server);
}

static void
start(struct pier__worker *worker, struct pier__conn *conn)
{
	struct pier__inbox *inbox = &worker->inbox;
	int rc = pier__start_fiber(worker, conn);

	while (rc < 0 && !pier_cancelled()) {
		(void)pier__park(
			inbox->task, "memory", -1, pier_in_ms(PAUSE_MS));
		rc = pier__start_fiber(worker, conn);
	}
	if (rc < 0)
		let_go(worker, conn);
}

/* The fiber of an inbox. */
static int
inbox_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier__inbox *inbox = &worker->inbox;
	struct pier__conn *conn;
	bool ending = false;

	pier_task_name("inbox");
	(void)pthread_mutex_lock(&inbox->lock);
	inbox->task = pier__current;
	(void)pthread_mutex_unlock(&inbox->lock);
	while ((conn = take(inbox, ending)) != NULL || !ending) {
		if (conn != NULL)
			start(worker, conn);
		else
			ending = pier__park(inbox->task, "inbox", -1,
					 PIER_FOREVER) < 0;
	}
	return 0;
}

int
pier__inbox_open(struct pier__worker *worker)
{
	return !has_inboxes(worker)
		       ? 0
		       : pier__sched_spawn(pier__current->sched,
				 worker->accepting, inbox_main, worker);
}

void
pier__inbox_close(struct pier__worker *worker)
{
	struct pier__conn *conn;

	while ((conn = take(&worker->inbox, true)) != NULL)
		let_go(worker, conn);
}
