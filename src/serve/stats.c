/* SPDX-License-Identifier: MIT */
/* serve/stats.c - see stats.h. */
#include "serve/stats.h"

#include <stddef.h>

#include "base/hot.h"

/* Where each counter goes. */
static const size_t places[PIER__COUNT_COUNT] = {
#define PLACE(count, field) \
	[PIER__COUNT_##count] = offsetof(struct pier_server_stats, field)
	PLACE(ACCEPTED, accepted),
	PLACE(FINISHED, finished),
	PLACE(FAILED, failed),
	PLACE(CANCELLED, cancelled),
	PLACE(REFUSED_ADDRESS, refused_address),
	PLACE(REFUSED_SETUP, refused_setup),
	PLACE(REFUSED_VERIFY, refused_verify),
	PLACE(LIMIT_FIRST_BYTE, limit_first_byte),
	PLACE(LIMIT_IDLE, limit_idle),
	PLACE(LIMIT_LIFETIME, limit_lifetime),
	PLACE(ACCEPT_PAUSES, accept_pauses),
	PLACE(DATAGRAMS, datagrams),
	PLACE(DATAGRAMS_DROPPED, datagrams_dropped),
	PLACE(DATAGRAMS_FAILED, datagrams_failed),
	PLACE(BYTES_IN, bytes_in),
	PLACE(BYTES_OUT, bytes_out),
	PLACE(REFUSED_POLICY, refused_policy),
	PLACE(ACCEPT_RATE_WAITS, accept_rate_waits),
	PLACE(LOST, lost),
	PLACE(DIED, died),
	PLACE(SESSIONS, sessions),
	PLACE(SESSIONS_EXPIRED, sessions_expired),
	PLACE(SESSIONS_REFUSED, sessions_refused),
	PLACE(SESSION_DROPPED, session_dropped),
#undef PLACE
};

/* Bucket i is for [2^i, 2^(i+1)) us; what is shorter counts as 1 us. */
PIER__HOT static unsigned
bucket(int64_t ns)
{
	uint64_t us = ns < 1000 ? 1 : (uint64_t)ns / 1000;
	unsigned i = 63 - (unsigned)__builtin_clzll(us);

	return i < PIER_HISTOGRAM_BUCKETS ? i : PIER_HISTOGRAM_BUCKETS - 1;
}

PIER__HOT void
pier__count_handler(struct pier__counters *counters, int64_t ns)
{
	atomic_fetch_add_explicit(
		&counters->handler_us[bucket(ns)], 1, memory_order_relaxed);
}

void
pier__counters_add(
	struct pier_server_stats *out, const struct pier__counters *counters)
{
	uint64_t longest = atomic_load(&counters->longest_run_ns);
	unsigned i;

	if (longest > out->longest_run_ns) {
		out->longest_run_ns = longest;
		out->longest_run_conn =
			atomic_load(&counters->longest_run_conn);
	}
	for (i = 0; i < PIER__COUNT_COUNT; i++) {
		uint64_t *place = (uint64_t *)(void *)((char *)out + places[i]);

		*place += atomic_load_explicit(
			&counters->counts[i], memory_order_relaxed);
	}
	for (i = 0; i < PIER_HISTOGRAM_BUCKETS; i++)
		out->handler_us[i] += atomic_load_explicit(
			&counters->handler_us[i], memory_order_relaxed);
}
