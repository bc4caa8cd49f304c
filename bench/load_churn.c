/* SPDX-License-Identifier: MIT */
/*
 * Connection churn: connect, one echo, close; `connections` of them in flight
 * at any time, each from a source address of its own.
 */
#include "load.h"

#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 512

static void
start(struct load *load, struct load_conn *conn)
{
	int64_t began_ns = bench_now_ns();

	load_open(load, conn, 0);
	load_watch(load, conn);
	load_due(load, conn, 1, began_ns);
}

/* Returns the time, fresh if a request ended. */
static int64_t
advance(struct load *load, struct load_conn *conn, unsigned events)
{
	int64_t now_ns;
	int error = 0;
	socklen_t len = sizeof(error);

	if (events & EPOLLERR) {
		getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		bench_fail(error, "a connection failed");
	}
	load_flush(conn);
	if (!(events & EPOLLIN) || load_take(load, conn) <= 0)
		return 0;
	now_ns = bench_now_ns();
	load_count(load, conn->began_ns[0], now_ns);
	close(conn->fd);
	start(load, conn);
	return now_ns;
}

void
load_churn(struct load *load)
{
	struct epoll_event ready[EVENTS_MAX];
	int64_t now_ns = bench_now_ns(), ended_ns;
	int i, n;

	load->depth = 1;
	load->conns = calloc((size_t)load->connections, sizeof(*load->conns));
	if (load->conns == NULL)
		bench_fail(errno, "%d connections", load->connections);
	for (i = 0; i < load->connections; i++) {
		load->conns[i].began_ns =
			calloc(1, sizeof(*load->conns->began_ns));
		if (load->conns[i].began_ns == NULL)
			bench_fail(errno, "%d connections", load->connections);
		start(load, &load->conns[i]);
	}
	while (load_goes_on(load, now_ns)) {
		n = epoll_wait(load->epoll_fd, ready, EVENTS_MAX, 10000);
		if (n < 0 && errno != EINTR)
			bench_fail(errno, "epoll_wait");
		if (n == 0)
			bench_fail(0, "no answer for 10 s");
		for (i = 0; i < n; i++) {
			ended_ns =
				advance(load, &load->conns[ready[i].data.u32],
					ready[i].events);
			if (ended_ns > 0)
				now_ns = ended_ns;
		}
	}
}
