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
 * As many are looked at before any of them is answered. The server has work
 * for all of that time, and a send that finds it awake is far cheaper than one
 * that has to wake it: one by one, the generator would be the limit. Nor may
 * it be all connections at once: then both sides take turns, and the server
 * sleeps while this one looks.
 */
#define BURST 16

/*
 * Receive once; the next messages are due. One recv is enough: the buffer is
 * larger than what can be in flight, so it drains the socket.
 */
static int64_t
take(struct load *load, struct load_conn *conn)
{
	uint64_t message = conn->got / load->size;
	int64_t now_ns;
	int done, i;

	done = load_take(load, conn);
	now_ns = bench_now_ns();
	if (done <= 0)
		return now_ns;
	for (i = 0; i < done; i++, message++)
		load_count(load,
			conn->began_ns[message % (uint64_t)load->depth],
			now_ns);
	load_due(load, conn, done, now_ns);
	return now_ns;
}

static int64_t
answer(struct load *load, struct load_conn *conns, int count)
{
	int64_t now_ns = 0;
	int i;

	for (i = 0; i < count; i++)
		now_ns = take(load, &conns[i]);
	for (i = 0; i < count; i++)
		load_flush(&conns[i]);
	return now_ns;
}

/* All connections in turn, again and again. No set of epoll: its callbacks
   would run in the server's send. */
static void
poll_all(struct load *load)
{
	int64_t now_ns = bench_now_ns();
	int i, rest;

	while (load_goes_on(load, now_ns))
		for (i = 0; i < load->connections; i += BURST) {
			rest = load->connections - i;
			now_ns = answer(load, &load->conns[i],
				rest < BURST ? rest : BURST);
		}
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
