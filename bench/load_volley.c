/* SPDX-License-Identifier: MIT */
/*
 * Volleys: send on all connections, sleep until all have answered, check.
 *
 * The server always has a queue, so its processor time per request is its own
 * work and not a wake-up for each message, however fast this side is. For
 * that this side must not wake either: it sleeps on the last connection alone
 * and collects the others, which have answered by then, without an epoll set
 * (whose callbacks would run in the server's send).
 *
 * A latency here is that of a whole volley.
 */
#include "load.h"

#include "common.h"

void
load_volley(struct load *load)
{
	int64_t began_ns, now_ns;
	int last = load->connections - 1;
	int i;

	load_open_all(load);
	now_ns = bench_now_ns();
	while (load_goes_on(load, now_ns)) {
		began_ns = now_ns;
		for (i = 0; i <= last; i++) {
			load_due(load, &load->conns[i], load->depth, began_ns);
			load_flush(&load->conns[i]);
		}
		load_take_all(load, &load->conns[last]);
		for (i = 0; i < last; i++)
			load_take_all(load, &load->conns[i]);
		now_ns = bench_now_ns();
		load_count(load, began_ns, now_ns);
	}
	/* One count per volley so far. */
	load->requests *= (uint64_t)load->connections * (uint64_t)load->depth;
}
