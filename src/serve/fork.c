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
#include "os/closing.h"
#include "os/process.h"
#include "serve/conn.h"
#include "serve/datagram.h"
#include "serve/options.h"
#include "serve/processes.h"
#include "serve/replace.h"
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
	/* In the process itself: */
	struct pier__task *task;
	uint32_t hearing; /* fibers that wait for a stop, and end with it */
};

static struct pier__worker *
worker_of(const struct pier__child *child)
{
	return child->conn->acceptor->worker;
}

/* In the child: sockets of the server, and what it knows other children and
   clients by. Nothing here may reach the parent's epoll set. */
PIER__HOT static void
let_go(struct pier__closing *closing, struct pier__worker *worker,
	const struct pier__conn *kept)
{
	struct pier_server *server = worker->server;
	struct pier__list *at;
	size_t i;

	for (i = 0; i < server->port_count; i++)
		if (server->ports[i].listener != NULL)
			pier__closing_add(
				closing, server->ports[i].listener->desc.fd);
	pier__control_forked(server);
	for (i = 0; i < worker->acceptor_count; i++)
		if (worker->acceptors[i].conn != kept)
			pier__closing_add(closing, worker->acceptors[i].fd);
	pier__list_each(at, &worker->datagrams)
		pier__closing_add(closing,
			pier__container_of(at, struct pier__datagrams, node)
				->packet->desc->fd);
	pier__list_each(at, &server->children)
		pier__closing_add(closing,
			pier__container_of(at, struct pier__child, node)
				->end.fd);
}

/* The handler has to end. Its task may wait, or be about to. */
static void
cancel(const struct pier__child *child)
{
	atomic_store_explicit(
		&child->task->cancelled, true, memory_order_release);
	pier__wake(child->task);
}

/* Told to stop again: now. */
static int
hurry_main(void *arg)
{
	struct pier__child *child = arg;

	pier_task_name("stop");
	if (pier__stop_wait(worker_of(child), 2, PIER_FOREVER) == 0)
		cancel(child);
	child->hearing--;
	return 0;
}

static void
hear(struct pier__child *child, pier_task_fn *fn)
{
	/* Without memory for it the parent ends this process in the end. */
	if (pier__sched_spawn(pier__current->sched, NULL, fn, child) == 0)
		child->hearing++;
}

/* Told to stop: the handler has the drain time. */
static int
stop_main(void *arg)
{
	struct pier__child *child = arg;
	struct pier__worker *worker = worker_of(child);
	int64_t drain_ms = worker->server->opts.drain_ms;
	int rc;

	pier_task_name("stop");
	rc = pier__stop_wait(worker, 1, PIER_FOREVER);
	if (rc == 0) {
		hear(child, hurry_main);
		rc = pier__park(pier__current, "drain", -1,
			pier_in_ns(drain_ms == PIER_OFF
					   ? 0
					   : pier__options_ns(drain_ms)));
	}
	if (rc == -PIER_EDEADLINE)
		cancel(child);
	child->hearing--;
	return 0;
}

/* The connection waits for the first time by other means than the call that
   receives. Most never do, and a stop finds them so soon ended that they need
   not hear of it. */
static void
before_first_wait(void *arg)
{
	struct pier__child *child = arg;
	struct pier__worker *worker = worker_of(child);

	worker->accepting = NULL;
	worker->handling = NULL;
	pier__desc_init(
		&worker->stop, worker->server->stop_fd, PIER__DESC_SOCKET);
	hear(child, stop_main);
}

/* Is there more to its close than what the kernel does when the process ends? */
PIER__HOT static bool
is_more(const struct pier_stream *stream)
{
	return stream->out != NULL || stream->attachment != NULL ||
	       stream->whole;
}

/* All that the child does, which writes to few pages, as each is copied first.
   It goes on as the fiber that accepted, which is all
   that is left of its scheduler: what a new one would need is made, copied and
   given back for a conversation that mostly needs nothing of it. */
PIER__HOT static _Noreturn void
run_child(struct pier__worker *worker, struct pier__child *child)
{
	struct pier__conn *conn = child->conn;
	struct pier_server *server = worker->server;
	struct pier__sched *sched = pier__current->sched;
	struct pier__closing closing;

	pier__annotate_fork_child(&pier__current->annotation);
	/* Not where a step forked: the thread may go before the next one. */
	if (atomic_load(&server->use) == PIER__SERVER_HAS_RUN &&
		pier__calls()->end_with(server->pid) < 0)
		pier__process_exit(1);
	pier__closing_begin(&closing);
	pier__sched_forked_alone(&closing, before_first_wait, child);
	let_go(&closing, worker, conn);
	pier__closing_end(&closing);
	/* What it holds its parent counts; its stops it counts itself. */
	server->ledger = server->child_ledger;
	child->task = pier__current;
	sched->scratch = server->spare;
	pier__conn_serve(conn);
	/* What the handler gathered for other streams leaves, as at the end of
	   every task. */
	if (!pier__list_empty(&pier__current->before_wait))
		pier__before_wait_run(pier__current);
	if (sched->live > 1 + child->hearing || is_more(conn->stream))
		pier_close(conn->stream);
	/* What the handler started has to put in order what it has. */
	if (sched->live > 1 + child->hearing)
		pier__sched_end_others();
	pier__ends_tell(child->mark);
	pier__process_exit(0);
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
	if (server->child_ledger == NULL)
		server->child_ledger =
			pier__alloc_object(sizeof(*server->child_ledger));
	if (server->spare == NULL || server->child_ledger == NULL)
		return -ENOMEM;
	return pier__ends_open(
		&server->ends, (size_t)server->opts.connections_max);
}

/* On the acceptor's fiber. Who waits for the child is there before it: then
   only the fork itself can fail. */
PIER__HOT static int
start(struct pier__worker *worker, struct pier__conn *conn)
{
	/* A call that never returns compilers put far from what is run through,
	   so this one they are not to know. */
	void (*volatile run)(struct pier__worker *, struct pier__child *) =
		run_child;
	const struct pier__calls *calls = pier__calls();
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
	if (!pier__list_empty(&pier__current->before_wait))
		pier__before_wait_run(pier__current);
	(void)pier__names_stop();
	child->started_ns = calls->clock_ns();
	pier__annotate_fork(&pier__current->annotation);
	rc = calls->fork(&pidfd);
	if (rc == 0)
		run(worker, child);
	pier__annotate_fork_parent(&pier__current->annotation);
	if (rc < 0)
		return rc;
	child->pid = rc;
	child->end.fd = pidfd;
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
	/* Who has ended is reaped soon: each child lets go of the pidfds of all
	   that have not been. */
	.burst = 4,
	/* The pidfd, and for a moment beside it the socket. */
	.descriptors = 2,
	.alone = true,
	.lingers_inside = true,
	.patience_ns = INT64_MAX,
};
