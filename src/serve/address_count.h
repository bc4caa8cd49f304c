/* SPDX-License-Identifier: MIT */
/*
 * serve/address_count.h - how many connections each address has now.
 *
 * A table with chains and a keyed hash: strangers choose the addresses, but
 * without the key they cannot choose collisions. It holds one entry for each
 * address that has a connection, hence never more than there are connections.
 * From any thread.
 */
#ifndef PIER_SERVE_ADDRESS_COUNT_H
#define PIER_SERVE_ADDRESS_COUNT_H

#include <pier/addr.h>

struct pier__address_count;
struct pier__address_entry;

/* For about `connections` entries. 0, -ENOMEM, or an error of random. */
int pier__address_count_open(struct pier__address_count **out, int connections);

/*
 * One more from addr.
 *
 *   out  what pier__address_give() takes back; NULL when addr is none of the
 *        Internet: those are not counted
 *
 * 0, -PIER_ELIMIT (it has max already), -ENOMEM.
 */
int pier__address_take(struct pier__address_count *it,
	struct pier__address_entry **out, const struct pier_addr *addr,
	int max);

/* One less. NULL is fine. */
void pier__address_give(
	struct pier__address_count *it, struct pier__address_entry *entry);

/* NULL is fine. Nobody holds an entry. */
void pier__address_count_close(struct pier__address_count *it);

#endif
