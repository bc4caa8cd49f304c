/* SPDX-License-Identifier: MIT */
/*
 * Closed loops: each connection keeps `depth` messages in flight and sends
 * the next as one comes back. Modes `echo` (many connections) and `rtt` (one),
 * both spinning: a generator that sleeps is as dear as the server, and neither
 * would ever be the limit of the other.
 */
#include "load.h"

#include "common.h"

/*
 * Receive once and send the next messages. One recv is enough: the buffer is
 * larger than what can be in flight, so it drains the socket.
 */
static int64_t
answer(struct load *load, struct load_conn *conn)
{
	uint64_t message = conn->got / load->size;
	int64_t now_ns;
	int done, i;

	load_flush(conn); /* if an earlier send found the socket full */
	done = load_take(load, conn);
	now_ns = bench_now_ns();
	if (done <= 0)
		return now_ns;
	for (i = 0; i < done; i++, message++)
		load_count(load,
			conn->began_ns[message % (uint64_t)load->depth],
			now_ns);
	load_due(load, conn, done, now_ns);
	load_flush(conn);
	return now_ns;
}

/* All connections in turn, again and again. No set of epoll: its callbacks
   would run in the server's send. */
static void
poll_all(struct load *load)
{
	int64_t now_ns = bench_now_ns();
	int i;

	while (load_goes_on(load, now_ns))
		for (i = 0; i < load->connections; i++)
			now_ns = answer(load, &load->conns[i]);
}

static void
start(struct load *load, struct load_conn *conn)
{
	load_due(load, conn, load->depth, bench_now_ns());
	load_flush(conn);
}

void
load_echo(struct load *load)
{
	int i;

	load_open_all(load);
	for (i = 0; i < load->connections; i++)
		start(load, &load->conns[i]);
	poll_all(load);
}

void
load_rtt(struct load *load)
{
	load->connections = 1;
	load->depth = 1;
	load_echo(load);
}
