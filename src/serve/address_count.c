/* SPDX-License-Identifier: MIT */
/* serve/address_count.c - see address_count.h. */
#include "serve/address_count.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <pier/error.h>

#include "base/siphash.h"
#include "net/addr.h"
#include "os/calls.h"

#define BUCKETS_MAX 65536

/* An address without its port: v4-mapped when it is IPv4, then the zone. */
struct address_key {
	unsigned char ip[16];
	uint32_t zone;
};

struct pier__address_entry {
	struct pier__address_entry *next;
	struct address_key key;
	int count;
};

struct pier__address_count {
	pthread_mutex_t lock;
	uint64_t hash_key[2];
	uint32_t mask; /* buckets less one, a power of two */
	struct pier__address_entry *buckets[];
};

int
pier__address_count_open(struct pier__address_count **out, int connections)
{
	struct pier__address_count *it;
	uint32_t buckets = 16;
	int rc;

	while (buckets < (uint32_t)connections && buckets < BUCKETS_MAX)
		buckets *= 2;
	it = pier__alloc(sizeof(*it) + buckets * sizeof(it->buckets[0]));
	if (it == NULL)
		return -ENOMEM;
	rc = pier__calls()->random(it->hash_key, sizeof(it->hash_key));
	if (rc < 0) {
		pier__free(it);
		return rc;
	}
	it->mask = buckets - 1;
	(void)pthread_mutex_init(&it->lock, NULL);
	*out = it;
	return 0;
}

/* False: not of the Internet. */
static bool
make_key(struct address_key *key, const struct pier_addr *addr)
{
	struct pier__ip_view view;

	if (!pier__addr_ip(&view, addr))
		return false;
	memset(key, 0, sizeof(*key));
	if (view.family == AF_INET) {
		key->ip[10] = 0xff;
		key->ip[11] = 0xff;
		memcpy(key->ip + 12, view.bytes, 4);
	} else {
		memcpy(key->ip, view.bytes, 16);
		key->zone = view.zone;
	}
	return true;
}

/* Where the pointer to key's entry stands, or to the NULL at the chain's end. */
static struct pier__address_entry **
find(struct pier__address_count *it, const struct address_key *key)
{
	struct pier__address_entry **at;

	at = &it->buckets[pier__siphash(it->hash_key, key, sizeof(*key)) &
			  it->mask];
	while (*at != NULL && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

static int
take(struct pier__address_count *it, struct pier__address_entry **out,
	const struct address_key *key, int max)
{
	struct pier__address_entry **at = find(it, key);
	struct pier__address_entry *entry = *at;

	if (entry == NULL) {
		entry = pier__alloc(sizeof(*entry));
		if (entry == NULL)
			return -ENOMEM;
		entry->key = *key;
		*at = entry;
	}
	/* Only an entry that was there can be full: max is at least 1. */
	if (entry->count >= max)
		return -PIER_ELIMIT;
	entry->count++;
	*out = entry;
	return 0;
}

int
pier__address_take(struct pier__address_count *it,
	struct pier__address_entry **out, const struct pier_addr *addr, int max)
{
	struct address_key key;
	int rc;

	*out = NULL;
	if (!make_key(&key, addr))
		return 0;
	(void)pthread_mutex_lock(&it->lock);
	rc = take(it, out, &key, max);
	(void)pthread_mutex_unlock(&it->lock);
	return rc;
}

void
pier__address_give(
	struct pier__address_count *it, struct pier__address_entry *entry)
{
	if (entry == NULL)
		return;
	(void)pthread_mutex_lock(&it->lock);
	if (--entry->count == 0) {
		*find(it, &entry->key) = entry->next;
		pier__free(entry);
	}
	(void)pthread_mutex_unlock(&it->lock);
}

void
pier__address_count_close(struct pier__address_count *it)
{
	if (it == NULL)
		return;
	(void)pthread_mutex_destroy(&it->lock);
	pier__free(it);
}
