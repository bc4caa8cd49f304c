/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_cache.h - what was heard on one link, for as long as it holds (RFC
 * 6762 sections 5.2 and 10). Pure but for memory.
 *
 * Entries stand in slots, in no order, and in chains by the hash of their name.
 * Invariants:
 *   1. an entry is in one slot, which it knows, and in one chain;
 *   2. `due` is not later than any moment at which an entry wants something.
 */
#ifndef PIER_PROTO_MDNS_CACHE_H
#define PIER_PROTO_MDNS_CACHE_H

#include "proto/mdns_wire.h"

#define PIER__MDNS_CHAINS 512

/* One that is replaced, or said goodbye, goes after this (10.1, 10.2). */
#define PIER__MDNS_GRACE_NS INT64_C(1000000000)

/* So many questions of others, each a second or more behind the last, that nobody
   answers for so long, and a record is not believed any more (10.5). */
#define PIER__MDNS_UNANSWERED 2
#define PIER__MDNS_SILENCE_NS INT64_C(10000000000)

struct pier__mdns_entry {
	struct pier__mdns_entry *next; /* of its chain */
	size_t slot;
	int64_t received_ns, expires_ns;
	int64_t refresh_ns; /* when to ask for it again; INT64_MAX: no more */
	unsigned int stage; /* how often that was due */
	uint32_t hash;      /* of the name */
	uint32_t hash_all;  /* of the name and the data */
	bool legacy;   /* of an answer that is no reason to keep silent (6.7) */
	bool goodbye;  /* it is to go because its owner said so */
	bool heard[2]; /* it came by IPv4, IPv6 */
	/* Questions of others since it was said last; when the last of these was;
	   when it goes for that: INT64_MAX, it does not */
	unsigned int unanswered;
	int64_t unanswered_ns, silence_ns;
	int64_t spared_ns; /* when somebody asked who knows it, and need not hear */
	struct pier__dns_record record; /* its data stand behind it */
};

struct pier__mdns_cache {
	struct pier__mdns_entry **slots;
	size_t count, size, max;
	int64_t due;
	struct pier__mdns_entry *chains[PIER__MDNS_CHAINS];
};

/* Pseudo-random numbers, below `below`, for times that are to spread: one state
   for an engine, never 0. */
uint32_t pier__mdns_chance(uint64_t *state, uint32_t below);

/* An empty cache for so many records. */
void pier__mdns_cache_open(struct pier__mdns_cache *cache, size_t max);
void pier__mdns_cache_close(struct pier__mdns_cache *cache);

/* How a record was put. */
struct pier__mdns_put {
	int64_t now_ns;
	bool legacy;
	unsigned int family; /* 0: it came by IPv4; 1: by IPv6 */
	uint64_t *chance;
};

/*
 * pier__mdns_cache_put(cache, record, put): a record came. With TTL 0 it is to
 * go (10.1); with the flush bit those of its name and type that came more than
 * a second ago, and are others, are (10.2).
 *
 * 1: it is new; 0: it was there, or was to go and is not; -ENOMEM; -ENOSPC: the
 * cache is full.
 */
int pier__mdns_cache_put(struct pier__mdns_cache *cache,
	const struct pier__dns_record *record,
	const struct pier__mdns_put *put);

/* Such a record was never put: what follows from it could not be remembered. */
void pier__mdns_cache_forget(
	struct pier__mdns_cache *cache, const struct pier__dns_record *record);

/* The first record of that name and type, or the next one after `after`; NULL:
   none. */
struct pier__mdns_entry *pier__mdns_cache_find(
	const struct pier__mdns_cache *cache, const struct pier__name *name,
	uint16_t type, const struct pier__mdns_entry *after);

/*
 * pier__mdns_cache_expect(cache, entry, now_ns, family): somebody asked all hosts
 * by that family (0: IPv4; 1: IPv6) for such a record, and did not say that he
 * knows it: whoever has it says so now. One that never came by that family is not
 * expected to.
 */
void pier__mdns_cache_expect(struct pier__mdns_cache *cache,
	struct pier__mdns_entry *entry, int64_t now_ns, unsigned int family);

/* Takes one out whose time is over, for pier__free(); NULL: none. */
struct pier__mdns_entry *pier__mdns_cache_expire(
	struct pier__mdns_cache *cache, int64_t now_ns);

/* One that is to be asked for again: at 80, 85, 90 and 95 % of its time and up
   to 2 % later (5.2); NULL: none. */
struct pier__mdns_entry *pier__mdns_cache_refresh(
	struct pier__mdns_cache *cache, int64_t now_ns, uint64_t *chance);

/* When one of these two has something; INT64_MAX: never. */
int64_t pier__mdns_cache_due(const struct pier__mdns_cache *cache);

/* After both gave NULL at this moment: due is found anew. */
void pier__mdns_cache_settle(struct pier__mdns_cache *cache);

/* Would it stand in a list of known answers: has it more than half of its time
   left (7.1), and nothing against it? Then the seconds that it has, else 0. */
uint32_t pier__mdns_entry_known(
	const struct pier__mdns_entry *entry, int64_t now_ns);

#endif
