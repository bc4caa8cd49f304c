/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/ping.c - pings of this machine by ICMP, UDP and TCP, in which
 * every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define SOON pier_in_s(5)

/* What goes wrong on the way is an event, and no failure of the call. */
static void
ping(struct fault_story *story, const char *endpoint)
{
	/* A probe whose answer was made to disappear costs its wait. */
	const struct pier_ping_opts opts = {
		.count = 2, .interval_ns = 1000000, .wait_ns = 20000000
	};
	struct pier_ping_stats stats;
	struct pier_ping_event event;
	struct pier_ping *it = NULL;
	long rc =
		met(story, "open", pier_ping_open(&it, endpoint, &opts, SOON));
	int i;

	if (rc < 0)
		return;
	for (i = 0; i < 10; i++) {
		rc = met(story, "next", pier_ping_next(it, &event, SOON));
		if (rc == 0)
			break;
	}
	pier_ping_stats(it, &stats);
	if (rc == 0 && stats.sent != 2)
		(void)met(story, "count", -EBADMSG);
	pier_ping_close(it);
}

static void
icmp(struct fault_story *story)
{
	ping(story, "icmp://127.0.0.1");
}

static void
icmp6(struct fault_story *story)
{
	ping(story, "icmp6://[::1]?ttl=3");
}

/* A port that nobody has: connected to somebody else. */
static void
udp(struct fault_story *story)
{
	ping(story, "udp://127.0.0.1:1");
}

static void
tcp(struct fault_story *story)
{
	struct pier_listener *listener = NULL;
	struct pier_addr addr;
	char where[64];

	if (met(story, "listen",
		    pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, SOON)) <
		0)
		return;
	(void)pier_listener_addr(listener, &addr);
	(void)snprintf(where, sizeof(where), "tcp://127.0.0.1:%d",
		pier_addr_port(&addr));
	ping(story, where);
	pier_listener_close(listener);
}

EACH_INSIDE(icmp)
EACH_INSIDE(icmp6)
EACH_INSIDE(udp)
EACH_INSIDE(tcp)

/* Without a ping socket a raw one is tried, which is told as one failure. */
static const int also[] = { -EPERM, 0 };

static const struct fault_scenario scenarios[] = {
	{ "icmp, fibers", icmp_by_fibers, also },
	{ "icmp, threads", icmp_by_threads, also },
	{ "icmp6, fibers", icmp6_by_fibers, also },
	{ "icmp6, threads", icmp6_by_threads, also },
	{ "udp, fibers", udp_by_fibers, NULL },
	{ "udp, threads", udp_by_threads, NULL },
	{ "tcp, fibers", tcp_by_fibers, NULL },
	{ "tcp, threads", tcp_by_threads, NULL },
};

int
main(void)
{
	struct pier_ping *it = NULL;

	if (pier_ping_open(&it, "icmp://127.0.0.1", NULL, PIER_NOW) < 0) {
		printf("1..0 # SKIP %s\n", pier_error_line());
		return 0;
	}
	pier_ping_close(it);
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
