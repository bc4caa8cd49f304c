/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_tcp.c - probes that are connections, one at a time, each on a
 * socket of its own and closed as soon as it is there.
 */
#include "proto/ping.h"

#include <errno.h>

/* A connection from the very port that it goes to is one with itself, which
   loopback brings about once in a while: nobody listens there. */
static bool
is_itself(const struct pier_ping *ping)
{
	struct pier_addr own = { .len = sizeof(own.u) };

	return pier__calls()->getsockname(pier__bare_fd(&ping->socket),
		       &own.u.sa, &own.len) == 0 &&
	       pier_addr_equal(&own, &ping->to);
}

/* Why there is no connection, and who says so. */
static struct pier_packet_error
explain(struct pier_ping *ping, int rc)
{
	struct pier_packet_error error;
	size_t n;

	while (ping->explains) {
		int one = pier__ping_next_error(ping, &error, &n);

		if (one == -EAGAIN)
			break;
		if (one == 0 && error.type >= 0)
			return error;
	}
	return pier__ping_own_error(rc);
}

/* How the probe ended. 1: *event says it. */
static int
settle(struct pier_ping *ping, struct pier_ping_event *event, int rc)
{
	struct pier__ping_probe *probe = pier__ping_book_oldest(ping->book);
	int64_t now = pier_now(), rtt = now - probe->sent_ns;
	struct pier_packet_error error;

	if (rc == 0 && is_itself(ping))
		rc = -ECONNREFUSED;
	if (rc == 0 || rc == -ECONNREFUSED) {
		*event = pier__ping_event(PIER_PING_REPLY, probe);
		event->what =
			pier__ping_book_answer(ping->book, probe, rtt, rc < 0);
		event->rtt_ns = rtt;
		event->from = ping->to;
	} else if (rc == -EAGAIN) {
		*event = pier__ping_event(PIER_PING_LOST, probe);
		pier__ping_book_lose(ping->book, probe, now, false);
	} else {
		error = explain(ping, rc);
		pier__ping_lose(ping, event, probe, &error);
	}
	ping->connecting = false;
	(void)pier__bare_close(&ping->socket);
	return 1;
}

static int
start(struct pier_ping *ping, struct pier_ping_event *event, int64_t now)
{
	int rc;

	if (pier__bare_fd(&ping->socket) < 0) {
		rc = pier__ping_make_socket(ping);
		if (rc < 0)
			return rc;
	}
	pier__ping_advance(ping, now);
	(void)pier__ping_book_send(ping->book, pier_now());
	rc = pier__calls()->connect(
		pier__bare_fd(&ping->socket), &ping->to.u.sa, ping->to.len);
	/* Interrupted, it goes on all the same. */
	if (rc != -EINPROGRESS && rc != -EINTR)
		return settle(ping, event, rc);
	ping->connecting = true;
	pier__bare_drained(&ping->socket, PIER_WRITING);
	return 0;
}

int
pier__ping_tcp_turn(
	struct pier_ping *ping, struct pier_ping_event *event, int64_t now)
{
	const struct pier__ping_probe *probe;
	int error = 0, rc;
	socklen_t len = sizeof(error);

	if (!ping->connecting)
		return pier__ping_book_has_more(ping->book) &&
				       now >= ping->next_ns
			       ? start(ping, event, now)
			       : 0;
	if (pier__bare_is_ready(&ping->socket, PIER_WRITING)) {
		rc = pier__calls()->getsockopt(pier__bare_fd(&ping->socket),
			SOL_SOCKET, SO_ERROR, &error, &len);
		return rc < 0 ? rc : settle(ping, event, -error);
	}
	probe = pier__ping_book_oldest(ping->book);
	return now - probe->sent_ns >= ping->opts.wait_ns
		       ? settle(ping, event, -EAGAIN)
		       : 0;
}
