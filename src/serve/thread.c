/* SPDX-License-Identifier: MIT */
/*
 * serve/thread.c - the model of threads: one for each connection, so that a
 * handler may block outside of pier. Datagram handlers are fibers, hence each
 * datagram endpoint has a worker of its own: one that blocks delays that
 * endpoint and nothing else.
 */
#include "serve/conn.h"
#include "task/run.h"

/* A thread that hangs outside of pier cannot be stopped; then it is left
   behind. */
#define PATIENCE_NS INT64_C(5000000000)

/* Threads that are left behind outlive the run, and keep the server's memory
   with them. */
static int
thread_main(void *arg)
{
	struct pier__conn *conn = arg;
	struct pier_server *server = conn->acceptor->worker->server;
	int wake_fd = pier__thread_of(pier__current)->engine->wake_fd;

	(void)pier__conn_main(conn);
	pier__count_above(server, wake_fd, -1);
	pier__server_drop(server);
	return 0;
}

static int
start(struct pier__worker *worker, struct pier__conn *conn)
{
	struct pier_server *server = worker->server;
	int wake_fd = -1;
	/* Better not taken on than to fail at its first wait. */
	const struct pier__thread_opts opts = {
		.stack_size = server->opts.stack_size,
		.wakeable = true,
		.wake_fd = &wake_fd,
		.kept = server->kept,
	};
	int rc;

	pier__server_hold(server);
	rc = pier__thread_spawn(
		NULL, worker->handling, thread_main, conn, &opts);
	/* It may have ended by now, and have counted it back: only this thread
	   looks at the sum, and not meanwhile. */
	if (rc == 0)
		pier__count_above(server, wake_fd, 1);
	else
		pier__server_drop(server);
	return rc;
}

size_t
pier__workers_apart(
	const struct pier_server_opts *opts, size_t streams, size_t datagrams)
{
	(void)opts;
	return (streams > 0 ? 1 : 0) + datagrams;
}

size_t
pier__receiver_apart(size_t i, size_t streams, size_t count)
{
	(void)count;
	return (streams > 0 ? 1 : 0) + i;
}

const struct pier__model pier__model_thread = {
	.workers = pier__workers_apart,
	.receiver = pier__receiver_apart,
	.start = start,
	.burst = PIER__BURST,
	/* The socket, and what wakes the thread. */
	.descriptors = 2,
	.alone = true,
	.patience_ns = PATIENCE_NS,
};
