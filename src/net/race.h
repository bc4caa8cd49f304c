/* SPDX-License-Identifier: MIT */
/*
 * net/race.h - when to try which address: the schedule of RFC 8305 sections 4
 * and 5, apart from clocks and sockets. Pure.
 *
 * Families alternate, beginning with that of the first address. The next
 * attempt starts a delay after the last one did, or as soon as one fails. All
 * run on until one connects.
 */
#ifndef PIER_NET_RACE_H
#define PIER_NET_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

/* RFC 8305 section 8: 250 ms recommended, never below 10 ms. */
#define PIER__RACE_DELAY_NS     (INT64_C(250) * 1000000)
#define PIER__RACE_DELAY_MIN_NS (INT64_C(10) * 1000000)

struct pier__race {
	size_t count;   /* addresses that may be tried */
	size_t started; /* attempts begun: also the index of the next one */
	size_t failed;
	int64_t delay_ns;
	int64_t next_at; /* when the next attempt is due */
};

/*
 * pier__race_order(out, max, addrs, count, family): the addresses in the order
 * to try: those of family (AF_UNSPEC: all), each once, families alternating.
 * How many, at most max.
 */
size_t pier__race_order(struct pier_addr *out, size_t max,
	const struct pier_addr *addrs, size_t count, int family);

/* The first attempt is due at once. delay_ns 0: the default. */
void pier__race_init(
	struct pier__race *race, size_t count, int64_t delay_ns, int64_t now);

/* Is an attempt to be started now? */
static inline bool
pier__race_due(const struct pier__race *race, int64_t now)
{
	return race->started < race->count && race->next_at <= now;
}

/* When the next attempt is due, INT64_MAX: there is none left. */
static inline int64_t
pier__race_next(const struct pier__race *race)
{
	return race->started < race->count ? race->next_at : INT64_MAX;
}

/* An attempt begins: the index of its address. */
size_t pier__race_start(struct pier__race *race, int64_t now);

/* One that was started has failed. */
void pier__race_fail(struct pier__race *race, int64_t now);

/* Has every address failed? */
static inline bool
pier__race_lost(const struct pier__race *race)
{
	return race->failed == race->count;
}

#endif
