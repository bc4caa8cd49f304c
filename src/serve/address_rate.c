/* SPDX-License-Identifier: MIT */
/* serve/address_rate.c - see address_rate.h. */
#include "serve/address_rate.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <pier/error.h>

#include "base/siphash.h"
#include "os/calls.h"
#include "serve/address_key.h"

#define SETS (PIER__ADDRESS_RATE_MAX / PIER__ADDRESS_RATE_WAYS)

struct entry {
	atomic_uint_fast64_t tag; /* the address's hash; 0: nobody's */
	pier__bucket bucket;
};

struct pier__address_rate {
	uint64_t hash_key[2];
	struct entry entries[SETS][PIER__ADDRESS_RATE_WAYS];
};

int
pier__address_rate_open(struct pier__address_rate **out)
{
	void *at = NULL;
	struct pier__address_rate *it;
	int rc = pier__calls()->map_shared(&at, sizeof(*it));

	if (rc < 0)
		return rc;
	it = at;
	rc = pier__calls()->random(it->hash_key, sizeof(it->hash_key));
	if (rc < 0) {
		(void)pier__calls()->unmap(it, sizeof(*it));
		return rc;
	}
	*out = it;
	return 0;
}

/* False: not of the Internet. */
static bool
find_tag(const struct pier__address_rate *it, uint64_t *tag,
	const struct pier_addr *addr)
{
	struct pier__address_key key;

	if (!pier__address_key(&key, addr))
		return false;
	*tag = pier__siphash(it->hash_key, &key, sizeof(key));
	*tag += *tag == 0;
	return true;
}

/* Of an address that has one; else NULL. */
static struct entry *
find(struct pier__address_rate *it, uint64_t tag)
{
	struct entry *set = it->entries[tag % SETS];
	size_t i;

	for (i = 0; i < PIER__ADDRESS_RATE_WAYS; i++)
		if (atomic_load(&set[i].tag) == tag)
			return &set[i];
	return NULL;
}

/* Of a new address: the one whose bucket is full first, emptied of what the one
   before had used. */
static struct entry *
claim(struct pier__address_rate *it, uint64_t tag)
{
	struct entry *set = it->entries[tag % SETS];
	struct entry *first = &set[0];
	size_t i;

	for (i = 1; i < PIER__ADDRESS_RATE_WAYS; i++)
		if (atomic_load(&set[i].bucket) < atomic_load(&first->bucket))
			first = &set[i];
	atomic_store(&first->bucket, 0);
	atomic_store(&first->tag, tag);
	return first;
}

int
pier__address_rate_take(struct pier__address_rate *it,
	const struct pier_addr *addr, const struct pier__rate *rate,
	int64_t now)
{
	struct entry *entry;
	uint64_t tag;

	if (!find_tag(it, &tag, addr))
		return 0;
	entry = find(it, tag);
	if (entry == NULL)
		entry = claim(it, tag);
	return pier__bucket_take(&entry->bucket, rate, 1, now) == 0
		       ? 0
		       : -PIER_ELIMIT;
}

void
pier__address_rate_give(struct pier__address_rate *it,
	const struct pier_addr *addr, const struct pier__rate *rate)
{
	struct entry *entry = NULL;
	uint64_t tag;

	if (find_tag(it, &tag, addr))
		entry = find(it, tag);
	if (entry != NULL)
		pier__bucket_give(&entry->bucket, rate, 1);
}

void
pier__address_rate_close(struct pier__address_rate *it)
{
	if (it != NULL)
		(void)pier__calls()->unmap(it, sizeof(*it));
}
