/* SPDX-License-Identifier: MIT */
/*
 * serve/stats.h - what a server counts.
 *
 * Each worker counts for itself, so that workers do not share a cache line;
 * whoever asks for numbers adds them up. Any thread may do either.
 */
#ifndef PIER_SERVE_STATS_H
#define PIER_SERVE_STATS_H

#include <stdatomic.h>

#include <pier/serve.h>

enum pier__count {
	PIER__COUNT_ACCEPTED,
	PIER__COUNT_FINISHED,
	PIER__COUNT_FAILED,
	PIER__COUNT_CANCELLED,
	PIER__COUNT_REFUSED_ADDRESS,
	PIER__COUNT_REFUSED_SETUP,
	PIER__COUNT_REFUSED_VERIFY,
	PIER__COUNT_LIMIT_FIRST_BYTE,
	PIER__COUNT_LIMIT_IDLE,
	PIER__COUNT_LIMIT_LIFETIME,
	PIER__COUNT_ACCEPT_PAUSES,
	PIER__COUNT_DATAGRAMS,
	PIER__COUNT_DATAGRAMS_DROPPED,
	PIER__COUNT_DATAGRAMS_FAILED,
	PIER__COUNT_BYTES_IN,
	PIER__COUNT_BYTES_OUT,
	PIER__COUNT_REFUSED_POLICY,
	PIER__COUNT_ACCEPT_RATE_WAITS,
	PIER__COUNT_LOST,
	PIER__COUNT_DIED,
	PIER__COUNT_SESSIONS,
	PIER__COUNT_SESSIONS_EXPIRED,
	PIER__COUNT_SESSIONS_REFUSED,
	PIER__COUNT_SESSION_DROPPED,
	PIER__COUNT_COUNT
};

struct pier__counters {
	atomic_uint_fast64_t counts[PIER__COUNT_COUNT];
	atomic_uint_fast64_t handler_us[PIER_HISTOGRAM_BUCKETS];
	/* Set by the worker's own thread only. */
	atomic_uint_fast64_t longest_run_ns;
	atomic_uint_fast64_t longest_run_conn; /* 0: of no connection */
};

static inline void
pier__count(
	struct pier__counters *counters, enum pier__count what, uint64_t more)
{
	atomic_fetch_add_explicit(
		&counters->counts[what], more, memory_order_relaxed);
}

/* What was counted has not been after all. */
static inline void
pier__uncount(
	struct pier__counters *counters, enum pier__count what, uint64_t less)
{
	atomic_fetch_sub_explicit(
		&counters->counts[what], less, memory_order_relaxed);
}

/* A handler has run for so long. */
void pier__count_handler(struct pier__counters *counters, int64_t ns);

/* Add what counters hold to out. */
void pier__counters_add(
	struct pier_server_stats *out, const struct pier__counters *counters);

#endif
