/* SPDX-License-Identifier: MIT */
/*
 * serve/fork.c - the model of forks: a process for each connection.
 *
 * The accepting process runs no other thread of pier when it forks. It keeps
 * what counts: the room, the address, the connection's record; and it learns of
 * the end by the pidfd, never by a number (children.h). The child keeps
 * the socket: it lets go of everything else that it has from its parent, runs
 * the connection on a scheduler of its own, and ends by _exit. So one that
 * crashes, at whatever instruction, takes nothing with it but its connection.
 * Only one that has said so has ended well, as a handler may call exit.
 *
 * They end with the one that accepts, by whatever it ends: nobody else would
 * count them, or hold them to a stop. Beside other processes it holds, in its
 * ledger, what they do, and that is given back when it ends.
 *
 * Datagram handlers are fibers of the accepting process.
 */
#include <errno.h>

#include "io/scratch.h"
#include "names/names.h"
#include "net/packet.h"
#include "os/closing.h"
#include "os/process.h"
#include "serve/children.h"
#include "serve/datagram.h"
#include "serve/options.h"
#include "serve/replace.h"
#include "task/sched.h"
#include "task/spare.h"

/* In the process of a connection, which has one. */
struct alone {
	struct pier__conn *conn;
	struct pier__task *task;
	uint32_t place;   /* among its parent's children */
	uint32_t hearing; /* fibers that wait for a stop, and end with it */
	struct pier__inheritance inheritance;
};

static struct pier__worker *
worker_of(const struct alone *self)
{
	return self->conn->acceptor->worker;
}

/* In the child: sockets of the server, and what it knows other children and
   clients by. Nothing here may reach the parent's epoll set. */
PIER__HOT static void
let_go(struct pier__closing *closing, struct pier__worker *worker,
	const struct alone *self)
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
		if (worker->acceptors[i].conn != self->conn)
			pier__closing_add(closing, worker->acceptors[i].fd);
	pier__list_each(at, &worker->datagrams)
		pier__closing_add(closing,
			pier__container_of(at, struct pier__datagrams, node)
				->packet->desc->fd);
	pier__children_forked(server, &self->inheritance, closing);
}

/* The handler has to end. Its task may wait, or be about to. */
static void
cancel(const struct alone *self)
{
	atomic_store_explicit(
		&self->task->cancelled, true, memory_order_release);
	pier__wake(self->task);
}

/* Told to stop again: now. */
static int
hurry_main(void *arg)
{
	struct alone *self = arg;

	pier_task_name("stop");
	if (pier__stop_wait(worker_of(self), 2, PIER_FOREVER) == 0)
		cancel(self);
	self->hearing--;
	return 0;
}

static void
hear(struct alone *self, pier_task_fn *fn)
{
	/* Without memory for it the parent ends this process in the end. */
	if (pier__sched_spawn(pier__current->sched, NULL, fn, self) == 0)
		self->hearing++;
}

/* Told to stop: the handler has the drain time. */
static int
stop_main(void *arg)
{
	struct alone *self = arg;
	struct pier__worker *worker = worker_of(self);
	int64_t drain_ms = worker->server->opts.drain_ms;
	int rc;

	pier_task_name("stop");
	rc = pier__stop_wait(worker, 1, PIER_FOREVER);
	if (rc == 0) {
		hear(self, hurry_main);
		rc = pier__park(pier__current, "drain", -1,
			pier_in_ns(drain_ms == PIER_OFF
					   ? 0
					   : pier__options_ns(drain_ms)));
	}
	if (rc == -PIER_EDEADLINE)
		cancel(self);
	self->hearing--;
	return 0;
}

/* The connection waits for the first time by other means than the call that
   receives. Most never do, and a stop finds them so soon ended that they need
   not hear of it. */
static void
before_first_wait(void *arg)
{
	struct alone *self = arg;
	struct pier__worker *worker = worker_of(self);

	worker->accepting = NULL;
	worker->handling = NULL;
	pier__desc_init(
		&worker->stop, worker->server->stop_fd, PIER__DESC_SOCKET);
	hear(self, stop_main);
}

/* Not by the end of the process: that would not linger where a socket is to
   (SO_LINGER). What the process ends with anyway is not put in order, unless
   others still look at it. */
PIER__HOT static void
close_stream(struct pier_stream *stream, bool seen)
{
	int fd = stream->desc.fd;

	if (seen || stream->out != NULL || stream->attachment != NULL ||
		stream->whole || pier__calls()->close_range(fd, fd) < 0)
		pier_close(stream);
}

/* All that the child does, which writes to few pages, as each is copied first.
   It goes on as the fiber that accepted, which is all
   that is left of its scheduler: what a new one would need is made, copied and
   given back for a conversation that mostly needs nothing of it. */
PIER__HOT static _Noreturn void
run_child(struct pier__worker *worker, struct alone *self)
{
	struct pier__conn *conn = self->conn;
	struct pier_server *server = worker->server;
	struct pier__sched *sched = pier__current->sched;
	struct pier__closing closing;

	pier__annotate_fork_child(&pier__current->annotation);
	/* Not where a step forked: the thread may go before the next one. */
	if (atomic_load(&server->use) == PIER__SERVER_HAS_RUN &&
		pier__calls()->end_with(server->children.pid) < 0)
		pier__process_exit(1);
	pier__closing_begin(&closing);
	pier__sched_forked_alone(&closing, before_first_wait, self);
	let_go(&closing, worker, self);
	pier__closing_end(&closing);
	self->task = pier__current;
	sched->scratch = server->spare;
	pier__conn_serve(conn);
	/* What the handler gathered for other streams leaves, as at the end of
	   every task. */
	if (!pier__list_empty(&pier__current->before_wait))
		pier__before_wait_run(pier__current);
	close_stream(conn->stream, sched->live > 1 + self->hearing);
	/* What the handler started has to put in order what it has. */
	if (sched->live > 1 + self->hearing)
		pier__sched_end_others();
	pier__children_tell(server, self->place);
	pier__process_exit(0);
}

/* Closed with the server: another step goes on with them. */
static int
open_children(struct pier__worker *worker)
{
	struct pier_server *server = worker->server;
	struct pier__ledger *ledger = atomic_load(&server->child_ledger);
	bool first = ledger == NULL;
	size_t i;
	int rc;

	/* A child that takes one of its own writes to many pages of what malloc
	   keeps in order, each of which is copied first. */
	if (server->spare == NULL)
		server->spare = pier__alloc_lines(PIER__SCRATCH_SIZE);
	if (first)
		ledger = pier__alloc_object(sizeof(*ledger));
	if (server->spare == NULL || ledger == NULL) {
		rc = -ENOMEM;
		goto free_ledger;
	}
	/* What a child closes, or makes anew, it does not write to before. */
	for (i = 0; i < worker->acceptor_count; i++)
		worker->acceptors[i].listener->desc.left = true;
	worker->stop.left = true;
	rc = pier__children_open(worker);
	if (rc < 0)
		goto free_ledger;
	/* Last: from here on a stop, by any thread, asks whose they are. */
	atomic_store(&server->child_ledger, ledger);
	return 0;

free_ledger:
	if (first)
		pier__free(ledger);
	return rc;
}

/* It has been forked: what this process has of its connection is let go, so that
   the next one finds it in the same place, on the same pages. */
PIER__HOT static void
leave(struct pier_server *server, struct pier__child *child,
	struct pier__conn *conn)
{
	pier__count_above(server, conn->stream->desc.fd, -1);
	pier_close(conn->stream);
	pier__children_add(server, child, conn);
	pier__spare_put(conn, sizeof(*conn) + conn->limits.peer_len);
}

/* On the acceptor's fiber. Who reaps the child is there before it: then only the
   fork itself can fail. */
PIER__HOT static int
start(struct pier__worker *worker, struct pier__conn *conn)
{
	/* A call that never returns compilers put far from what is run through,
	   so this one they are not to know. */
	void (*volatile run)(struct pier__worker *, struct alone *) = run_child;
	/* Before the annotation: what is read after it the child's twin has not
	   seen. */
	const struct pier__calls *calls = pier__calls();
	struct pier_server *server = worker->server;
	struct alone *self = pier__spare_get_near(sizeof(*self));
	struct pier__child *child;
	int rc = -ENOMEM;

	pier__children_tidy(server);
	child = self != NULL ? pier__children_take(server) : NULL;
	if (child == NULL)
		goto put_self;
	self->conn = conn;
	self->place = child->place;
	/* What is gathered must not be sent twice; helpers that a datagram
	   handler needed for a name are not there in the child. */
	if (!pier__list_empty(&pier__current->before_wait))
		pier__before_wait_run(pier__current);
	(void)pier__names_stop();
	pier__children_note(server, &self->inheritance);
	child->started_ns = calls->clock_ns();
	pier__annotate_fork(&pier__current->annotation);
	rc = calls->fork(&child->pidfd);
	if (rc == 0)
		run(worker, self);
	pier__annotate_fork_parent(&pier__current->annotation);
	if (rc > 0) {
		child->pid = rc;
		leave(server, child, conn);
		rc = 0;
	} else {
		pier__children_give(server, child);
	}
put_self:
	if (self != NULL)
		pier__spare_put(self, sizeof(*self));
	return rc;
}

const struct pier__model pier__model_fork = {
	.workers = pier__workers_one,
	.receiver = pier__receiver_one,
	.open = open_children,
	.start = start,
	.close = pier__children_close,
	/* Who has ended is reaped soon: each child lets go of the pidfds of all
	   that have not been. */
	.burst = 4,
	/* The pidfd, and for a moment beside it the socket. */
	.descriptors = 2,
	.alone = true,
	.forks = true,
	.lingers_inside = true,
	.patience_ns = INT64_MAX,
};
