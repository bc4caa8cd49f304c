/* SPDX-License-Identifier: MIT */
/*
 * serve/address_count.h - how many connections each address has now, in all
 * processes of a server.
 *
 * A table with chains and a keyed hash: strangers choose the addresses, but
 * without the key they cannot choose collisions. It lies in memory that the
 * processes share, and holds one entry for each address that has a connection:
 * as many as there may be connections, of which only those that were used take
 * memory. From any thread and process.
 *
 * An entry knows what each process holds of it, and that is the truth; counts,
 * chains and the list of free ones follow from it, and are made anew when a
 * process was killed that had the lock.
 */
#ifndef PIER_SERVE_ADDRESS_COUNT_H
#define PIER_SERVE_ADDRESS_COUNT_H

#include <stddef.h>

#include <pier/addr.h>

struct pier__address_count;
struct pier__address_entry;

/* For so many connections, of so many processes (at least 1). 0, -ENOMEM, or
   an error of random. */
int pier__address_count_open(
	struct pier__address_count **out, size_t connections, size_t processes);

/*
 * One more from addr, held by `process`.
 *
 *   out  what pier__address_give() takes back; NULL when addr is none of the
 *        Internet: those are not counted
 *
 * 0, -PIER_ELIMIT (it has max already), -ENOMEM (more addresses than
 * connections).
 */
int pier__address_take(struct pier__address_count *it,
	struct pier__address_entry **out, const struct pier_addr *addr, int max,
	size_t process);

/* One less. NULL is fine. */
void pier__address_give(struct pier__address_count *it,
	struct pier__address_entry *entry, size_t process);

/* The process has gone: it holds nothing any more. NULL is fine. */
void pier__address_forget(struct pier__address_count *it, size_t process);

/* NULL is fine. No other process uses it, nobody holds an entry. */
void pier__address_count_close(struct pier__address_count *it);

#endif
