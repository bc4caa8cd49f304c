/* SPDX-License-Identifier: MIT */
/*
 * serve/address_rate.h - how fast each address comes, to all processes of a
 * server.
 *
 * A token bucket for each of the addresses that came last, in memory that the
 * processes share and of a size that is fixed: an address has its place in one
 * of a few entries, by a keyed hash, and a new one takes the place of the one
 * that is nearest to a full bucket, which has least to lose. So a crowd of
 * addresses can make it forget, but not grow. Nothing is locked: who is killed
 * at whatever point leaves every entry as it was or as it should be. From any
 * thread and process.
 */
#ifndef PIER_SERVE_ADDRESS_RATE_H
#define PIER_SERVE_ADDRESS_RATE_H

#include <pier/addr.h>

#include "base/bucket.h"

/* Addresses that are known at once, and in how many entries one may stand. */
#define PIER__ADDRESS_RATE_MAX  16384
#define PIER__ADDRESS_RATE_WAYS 8

struct pier__address_rate;

/* 0, -ENOMEM, or an error of random. */
int pier__address_rate_open(struct pier__address_rate **out);

/* One more from addr: 0, -PIER_ELIMIT: it comes too fast. Addresses that are
   none of the Internet have no rate. */
int pier__address_rate_take(struct pier__address_rate *it,
	const struct pier_addr *addr, const struct pier__rate *rate,
	int64_t now);

/* It was not let in after all. */
void pier__address_rate_give(struct pier__address_rate *it,
	const struct pier_addr *addr, const struct pier__rate *rate);

/* NULL is fine. No other process uses it. */
void pier__address_rate_close(struct pier__address_rate *it);

#endif
