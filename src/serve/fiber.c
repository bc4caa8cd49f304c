/* SPDX-License-Identifier: MIT */
/*
 * serve/fiber.c - the model of fibers: one for each connection, on as many
 * threads as there are workers. The kernel deals out those of a TCP endpoint
 * among them; what comes out uneven is handed over at once (see inbox.c), and
 * then a connection stays where it is.
 */
#include "serve/conn.h"
#include "task/sched.h"

PIER__HOT int
pier__start_fiber(struct pier__worker *worker, struct pier__conn *conn)
{
	return pier__sched_spawn(
		pier__current->sched, worker->handling, pier__conn_main, conn);
}

static size_t
workers(const struct pier_server_opts *opts, size_t streams, size_t datagrams)
{
	size_t wanted = (size_t)opts->workers;

	/* A datagram socket has one worker. */
	return streams > 0 || wanted < datagrams ? wanted : datagrams;
}

static size_t
receiver(size_t i, size_t streams, size_t count)
{
	(void)streams;
	return i % count;
}

const struct pier__model pier__model_fiber = {
	.workers = workers,
	.receiver = receiver,
	.open = pier__inbox_open,
	.start = pier__start_fiber,
	.burst = PIER__BURST,
	.descriptors = 1,
	.patience_ns = INT64_MAX,
};
