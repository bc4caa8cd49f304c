/* SPDX-License-Identifier: MIT */
/*
 * serve/fork.c - the model of forks: a process for each connection.
 *
 * The accepting process runs no other thread of pier when it forks. It keeps
 * what counts: the room, the address, the connection's record; and it learns of
 * the end by the pidfd, in its epoll set, never by a number. The child keeps
 * the socket: it lets go of everything else that it has from its parent, runs
 * the connection on a scheduler of its own, and ends by _exit. So one that
 * crashes, at whatever instruction, takes nothing with it but its connection.
 * Only one that has said so (ends.h) has ended well, as a handler may call exit.
 *
 * They end with the one that accepts, by whatever it ends: nobody else would
 * count them, or hold them to a stop. Beside other processes it holds, in its
 * ledger, what they do, and that is given back when it ends.
 *
 * Datagram handlers are fibers of the accepting process.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "io/scratch.h"
#include "names/names.h"
#include "net/packet.h"
#include "os/process.h"
#include "serve/conn.h"
#include "serve/datagram.h"
#include "serve/options.h"
#include "serve/processes.h"
#include "serve/replace.h"
#include "task/group.h"
#include "task/run.h"
#include "task/sched.h"
#include "task/spare.h"

/* Beside the drain time, for what is cancelled then: a handler that hangs
   outside of pier is killed. */
#define GRACE_MS 5000

/* How often to look at one whose end the engine cannot tell of. */
#define LOOK_MS 20

/* Known to the fiber that waits for the end. */
struct pier__child {
	struct pier__list node; /* on server->children */
	struct pier__conn *conn;
	struct pier__desc end; /* its pidfd; -1: it was never started */
	atomic_uchar *mark;    /* of its end */
	int pid;
	int64_t started_ns;
};

static void
close_fd(const struct pier__desc *desc)
{
	pier__close(desc->fd);
}

/* In the child: sockets of the server, and what it knows other children and
   clients by. Nothing here may reach the parent's epoll set. */
static void
let_go(struct pier__worker *worker, const struct pier__conn *kept)
{
	struct pier_server *server = worker->server;
	struct pier__list *at;
	size_t i;

	for (i = 0; i < server->port_count; i++)
		if (server->ports[i].listener != NULL)
			close_fd(&server->ports[i].listener->desc);
	pier__control_forked(server);
	for (i = 0; i < worker->acceptor_count; i++)
		if (worker->acceptors[i].conn != kept)
			pier__close(worker->acceptors[i].fd);
	pier__list_each(at, &worker->datagrams)
		close_fd(pier__container_of(at, struct pier__datagrams, node)
				 ->packet->desc);
	pier__list_each(at, &server->children)
		close_fd(
			&pier__container_of(at, struct pier__child, node)->end);
}

/* Told to stop again: now. */
static int
hurry_main(void *arg)
{
	struct pier__worker *worker = arg;

	pier_task_name("stop");
	if (pier__stop_wait(worker, 2, PIER_FOREVER) == 0)
		pier_group_cancel(worker->handling);
	return 0;
}

/* Told to stop: the handler has the drain time. */
static int
stop_main(void *arg)
{
	struct pier__worker *worker = arg;
	struct pier_server *server = worker->server;
	int64_t drain = pier__options_ns(server->opts.drain_ms);
	int rc = pier__stop_wait(worker, 1, PIER_FOREVER);

	pier_task_name("stop");
	if (rc < 0)
		return rc;
	if (server->opts.drain_ms == PIER_OFF)
		drain = 0;
	rc = pier__sched_spawn(
		pier__current->sched, worker->accepting, hurry_main, worker);
	if (rc == 0)
		rc = pier__group_wait(
			worker->handling, "drain", pier_in_ns(drain));
	if (rc < 0 && rc != -ECANCELED)
		pier_group_cancel(worker->handling);
	return 0;
}

static int
conn_main(void *arg)
{
	pier__conn_serve(arg);
	return 0;
}

/* All that the child does, on a fiber of its own scheduler. */
static int
child_main(void *arg)
{
	struct pier__child *child = arg;
	struct pier__conn *conn = child->conn;
	struct pier__worker *worker = conn->acceptor->worker;
	struct pier__sched *sched = pier__current->sched;
	int rc = pier_group_open(&worker->accepting);

	sched->scratch = worker->server->spare;

	if (rc == 0)
		rc = pier_group_open(&worker->handling);
	if (rc == 0)
		rc = pier__sched_spawn(
			sched, worker->handling, conn_main, conn);
	if (rc < 0)
		return rc;
	/* Without memory for it the parent ends this process in the end. */
	(void)pier__sched_spawn(sched, worker->accepting, stop_main, worker);
	pier__sched_lenient(1);
	rc = pier__group_wait(worker->handling, "connection", PIER_FOREVER);
	pier__sched_lenient(-1);
	/* With no fiber of the handler's left, which would be cancelled and
	   waited for, there is nothing to put in order that does not end by
	   itself. */
	if (rc == 0 && sched->live == 1 + pier_group_count(worker->accepting)) {
		pier__ends_tell(child->mark);
		pier__process_exit(0);
	}
	return rc;
}

static _Noreturn void
run_child(struct pier__worker *worker, const struct pier__child *child)
{
	struct pier__conn *conn = child->conn;
	struct pier_server *server = worker->server;
	const struct pier_run_opts opts = {
		.kind = PIER_TASK_FIBER,
		.stack_size = server->opts.stack_size,
	};
	struct pier__ledger own = { 0 };
	int rc;

	pier__sched_forked();
	/* Not where a step forked: the thread may go before the next one. */
	if (atomic_load(&server->use) == PIER__SERVER_HAS_RUN &&
		pier__calls()->end_with(server->pid) < 0)
		pier__process_exit(1);
	let_go(worker, conn);
	pier__desc_init(&worker->stop, server->stop_fd, PIER__DESC_SOCKET);
	/* What it holds its parent counts; its stops it counts itself. */
	server->ledger = &own;
	rc = pier_run(child_main, (void *)(uintptr_t)child, &opts, NULL);
	if (rc >= 0)
		pier__ends_tell(child->mark);
	pier__process_exit(rc < 0 ? 1 : 0);
}

static void
report(const struct pier__child *child, const struct pier_process *process)
{
	struct pier__conn *conn = child->conn;
	char end[PIER__PROCESS_END], text[PIER__PROCESS_TEXT];

	pier__process_describe_end(end, process, "");
	(void)snprintf(text, sizeof(text), "pid %d %s after %.1f s%s",
		child->pid, end, (double)process->lived_ns / 1e9,
		process->signal != 0 ? ""
				     : ", before its connection had ended");
	conn->shown.reason = PIER_END_ERROR;
	conn->shown.rc = -PIER_EDIED;
	(void)pier__fail(
		-PIER_EDIED, &(struct pier__failure){ .step = PIER_STEP_HANDLER,
				     .endpoint = conn->shown.endpoint,
				     .detail = text });
	pier__report_error(conn->acceptor->worker->server, conn, -PIER_EDIED);
}

/* The process has ended: how did it? */
static void
settle(const struct pier__child *child, bool killed)
{
	struct pier__counters *counters =
		child->conn->acceptor->worker->counters;
	struct pier_process process = { .pid = child->pid,
		.lived_ns = pier__calls()->clock_ns() - child->started_ns };
	int status = 0;
	int rc = pier__calls()->reap(child->end.fd, &status);
	bool told = pier__ends_give(child->mark);

	if (killed) {
		pier__count(counters, PIER__COUNT_CANCELLED, 1);
	} else if (!told) {
		pier__count(counters, PIER__COUNT_FAILED, 1);
		pier__count(counters, PIER__COUNT_DIED, 1);
		pier__count(counters, PIER__COUNT_LOST, 1);
		pier__process_set_end(&process, rc, status);
		report(child, &process);
	}
}

static bool
has_ended(const struct pier__child *child)
{
	struct pollfd end = { .fd = child->end.fd, .events = POLLIN };

	return pier__calls()->poll(&end, 1, 0) > 0;
}

static int
look_later(pier_deadline deadline)
{
	pier_deadline soon = pier_in_ms(LOOK_MS);
	int rc = pier__park(pier__current, "process", -1,
		soon.ns < deadline.ns ? soon : deadline);

	return rc == -PIER_EDEADLINE && soon.ns < deadline.ns ? 0 : rc;
}

/* 0: it has ended; -PIER_EDEADLINE, -ECANCELED. */
static int
await(struct pier__child *child, pier_deadline deadline)
{
	int rc;

	do {
		/* Before the look: an edge after it sets it. Who is not watched
		   yet needs none, as the engine tells of what is. */
		PIER__NOTE(child->end.readable, false);
		if (child->end.interest != 0 && has_ended(child))
			return 0;
		rc = pier__desc_wait(
			&child->end, PIER__IN, "process", deadline);
		if (rc == 0 || rc == -PIER_EDEADLINE || rc == -ECANCELED)
			return rc;
		/* The engine may have no memory to watch it. */
		rc = look_later(deadline);
	} while (rc == 0 && !has_ended(child));
	return rc;
}

/* Waits for the end of one child. Cancelled when the drain time is over: the
   child knows, and has a while. True: it had to be killed. */
static bool
see_off(struct pier__child *child)
{
	if (await(child, PIER_FOREVER) == 0)
		return false;
	(void)pier_shield(PIER_FOREVER);
	if (await(child, pier_in_ms(GRACE_MS)) == 0)
		return false;
	(void)pier__calls()->pidfd_kill(child->end.fd, SIGKILL);
	while (await(child, PIER_FOREVER) < 0)
		;
	return true;
}

static int
watch_main(void *arg)
{
	struct pier__child *child = arg;
	struct pier__conn *conn = child->conn;

	pier_task_name("child");
	if (child->end.fd >= 0) {
		struct pier__acceptor *acceptor = conn->acceptor;
		bool above = conn->above;

		pier__current->tag = conn->shown.id;
		settle(child, see_off(child));
		pier__list_remove(&child->node);
		pier__desc_close(&child->end);
		pier__conn_drop(conn);
		pier__acceptor_count(acceptor, above, -1);
		pier__room_give(acceptor->worker->server);
	} else {
		(void)pier__ends_give(child->mark);
	}
	pier__spare_put(child, sizeof(*child));
	return 0;
}

/* Closed with the server: another step goes on with them. */
static int
open_ends(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;

	server->pid = pier__process();
	/* A child that takes one of its own writes to many pages of what malloc
	   keeps in order, each of which is copied first. */
	if (server->spare == NULL)
		server->spare = pier__alloc_lines(PIER__SCRATCH_SIZE);
	if (server->spare == NULL)
		return -ENOMEM;
	return pier__ends_open(
		&server->ends, (size_t)server->opts.connections_max);
}

/* On the acceptor's fiber. Who waits for the child is there before it: then
   only the fork itself can fail. */
static int
start(struct pier__worker *worker, struct pier__conn *conn)
{
	struct pier__child *child = pier__spare_get(sizeof(*child));
	int pidfd = -1;
	int rc;

	if (child == NULL)
		return -ENOMEM;
	pier__desc_init(&child->end, -1, PIER__DESC_PROCESS);
	child->conn = conn;
	child->mark = pier__ends_take(&worker->server->ends);
	rc = child->mark == NULL
		     ? -EAGAIN
		     : pier__sched_spawn_uncopied(pier__current->sched,
			       worker->handling, watch_main, child);
	if (rc < 0) {
		if (child->mark != NULL)
			(void)pier__ends_give(child->mark);
		pier__spare_put(child, sizeof(*child));
		return rc;
	}
	/* What is gathered must not be sent twice; helpers that a datagram
	   handler needed for a name are not there in the child. */
	pier__before_wait_run(pier__current);
	(void)pier__names_stop();
	rc = pier__calls()->fork(&pidfd);
	if (rc == 0)
		run_child(worker, child);
	if (rc < 0)
		return rc;
	child->pid = rc;
	child->end.fd = pidfd;
	child->started_ns = pier__calls()->clock_ns();
	pier__list_push_back(&worker->server->children, &child->node);
	/* The child's alone from now on: its end is the connection's. */
	pier__count_above(worker->server, conn->stream->desc.fd, -1);
	pier__desc_close(&conn->stream->desc);
	conn->above = pidfd >= worker->server->descriptors_high;
	pier__count_above(worker->server, pidfd, 1);
	return 0;
}

const struct pier__model pier__model_fork = {
	.workers = pier__workers_one,
	.receiver = pier__receiver_one,
	.open = open_ends,
	.start = start,
	/* The pidfd, and for a moment beside it the socket. */
	.descriptors = 2,
	.alone = true,
	.lingers_inside = true,
	.patience_ns = INT64_MAX,
};
