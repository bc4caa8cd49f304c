/* SPDX-License-Identifier: MIT */
/*
 * Closed loops: each connection keeps `depth` messages in flight and sends
 * the next as one comes back. Modes `echo` (many connections, asleep between
 * events) and `rtt` (one connection, spinning).
 */
#include "load.h"

#include "common.h"

#include <errno.h>
#include <sys/epoll.h>

#define EVENTS_MAX 512

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

static void
start(struct load *load, struct load_conn *conn)
{
	load_watch(load, conn);
	load_due(load, conn, load->depth, bench_now_ns());
	load_flush(conn);
}

/* With timeout_ms 0 this spins. */
static void
loop(struct load *load, int timeout_ms)
{
	struct epoll_event ready[EVENTS_MAX];
	int64_t now_ns = bench_now_ns();
	int i, n;

	while (load_goes_on(load, now_ns)) {
		n = epoll_wait(load->epoll_fd, ready, EVENTS_MAX, timeout_ms);
		if (n < 0 && errno != EINTR)
			bench_fail(errno, "epoll_wait");
		if (n <= 0)
			now_ns = bench_now_ns();
		if (n == 0 && timeout_ms > 0)
			bench_fail(0, "no answer for %d ms", timeout_ms);
		for (i = 0; i < n; i++)
			now_ns = answer(load, &load->conns[ready[i].data.u32]);
	}
}

void
load_echo(struct load *load)
{
	int i;

	load_open_all(load);
	for (i = 0; i < load->connections; i++)
		start(load, &load->conns[i]);
	loop(load, 10000);
}

void
load_rtt(struct load *load)
{
	load->connections = 1;
	load->depth = 1;
	load_open_all(load);
	start(load, &load->conns[0]);
	loop(load, 0);
}
