/* SPDX-License-Identifier: MIT */
/* serve/address_count.c - see address_count.h. */
#include "serve/address_count.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <pier/error.h>

#include "base/siphash.h"
#include "os/calls.h"
#include "serve/address_key.h"

#define BUCKETS_MAX 65536
/* Addresses at once; no machine has descriptors for so many. */
#define ENTRIES_MAX ((size_t)1024 * 1024)

struct pier__address_entry {
	struct pier__address_entry *next; /* in its chain, or on `free` */
	struct pier__address_key key; /* written before any of held is not 0 */
	int count;                    /* the sum of held */
	atomic_int held[];            /* by each process */
};

struct pier__address_count {
	size_t size;
	pthread_mutex_t lock;
	uint64_t hash_key[2];
	uint32_t mask; /* buckets less one, a power of two */
	size_t processes;
	size_t entry_size;
	size_t entry_max;
	size_t touched; /* entries that were ever used, from the first on */
	char *entries;
	struct pier__address_entry *free;
	struct pier__address_entry *buckets[];
};

static void
make_lock(struct pier__address_count *it)
{
	pthread_mutexattr_t attr;

	(void)pthread_mutexattr_init(&attr);
	if (it->processes > 1) {
		(void)pthread_mutexattr_setpshared(
			&attr, PTHREAD_PROCESS_SHARED);
		(void)pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	}
	(void)pthread_mutex_init(&it->lock, &attr);
	(void)pthread_mutexattr_destroy(&attr);
}

int
pier__address_count_open(
	struct pier__address_count **out, size_t connections, size_t processes)
{
	size_t max = connections < ENTRIES_MAX ? connections : ENTRIES_MAX;
	size_t entry = (sizeof(struct pier__address_entry) +
			       processes * sizeof(atomic_int) + 7) /
		       8 * 8;
	struct pier__address_count *it;
	uint32_t buckets = 16;
	size_t size;
	void *at = NULL;
	int rc;

	while (buckets < max && buckets < BUCKETS_MAX)
		buckets *= 2;
	size = sizeof(*it) + buckets * sizeof(it->buckets[0]);
	rc = pier__calls()->map_shared(&at, size + max * entry);
	if (rc < 0)
		return rc;
	it = at;
	it->size = size + max * entry;
	rc = pier__calls()->random(it->hash_key, sizeof(it->hash_key));
	if (rc < 0) {
		(void)pier__calls()->unmap(it, it->size);
		return rc;
	}
	it->mask = buckets - 1;
	it->processes = processes;
	it->entry_size = entry;
	it->entry_max = max;
	it->entries = (char *)at + size;
	make_lock(it);
	*out = it;
	return 0;
}

/* Where the pointer to key's entry stands, or to the NULL at the chain's end. */
static struct pier__address_entry **
find(struct pier__address_count *it, const struct pier__address_key *key)
{
	struct pier__address_entry **at;

	at = &it->buckets[pier__siphash(it->hash_key, key, sizeof(*key)) &
			  it->mask];
	while (*at != NULL && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
		at = &(*at)->next;
	return at;
}

static struct pier__address_entry *
entry_at(const struct pier__address_count *it, size_t i)
{
	return (void *)(it->entries + i * it->entry_size);
}

/* Into its chain where it is held, else to the free ones. */
static void
place(struct pier__address_count *it, struct pier__address_entry *entry)
{
	struct pier__address_entry **at = &it->free;
	size_t i;

	entry->count = 0;
	for (i = 0; i < it->processes; i++)
		entry->count += atomic_load(&entry->held[i]);
	if (entry->count > 0)
		at = find(it, &entry->key);
	entry->next = *at;
	*at = entry;
}

/* Everything that follows from what is held. */
static void
make_anew(struct pier__address_count *it)
{
	size_t i;

	memset(it->buckets, 0, (it->mask + (size_t)1) * sizeof(*it->buckets));
	it->free = NULL;
	for (i = 0; i < it->touched; i++)
		place(it, entry_at(it, i));
}

static void
lock(struct pier__address_count *it)
{
	/* Who had it was killed, at whatever point. */
	if (pthread_mutex_lock(&it->lock) == EOWNERDEAD) {
		make_anew(it);
		(void)pthread_mutex_consistent(&it->lock);
	}
}

static void
unlock(struct pier__address_count *it)
{
	(void)pthread_mutex_unlock(&it->lock);
}

static struct pier__address_entry *
entry_new(struct pier__address_count *it)
{
	struct pier__address_entry *entry = it->free;

	if (entry != NULL)
		it->free = entry->next;
	else if (it->touched < it->entry_max)
		entry = entry_at(it, it->touched++);
	return entry;
}

static int
take(struct pier__address_count *it, struct pier__address_entry **out,
	const struct pier__address_key *key, int max, size_t process)
{
	struct pier__address_entry **at = find(it, key);
	struct pier__address_entry *entry = *at;

	if (entry == NULL) {
		entry = entry_new(it);
		if (entry == NULL)
			return -ENOMEM;
		entry->key = *key;
		entry->count = 0;
		entry->next = NULL;
		*at = entry;
	}
	/* Only an entry that was there can be full: max is at least 1. */
	if (entry->count >= max)
		return -PIER_ELIMIT;
	(void)atomic_fetch_add(&entry->held[process], 1);
	entry->count++;
	*out = entry;
	return 0;
}

int
pier__address_take(struct pier__address_count *it,
	struct pier__address_entry **out, const struct pier_addr *addr, int max,
	size_t process)
{
	struct pier__address_key key;
	int rc;

	*out = NULL;
	if (!pier__address_key(&key, addr))
		return 0;
	lock(it);
	rc = take(it, out, &key, max, process);
	unlock(it);
	return rc;
}

void
pier__address_give(struct pier__address_count *it,
	struct pier__address_entry *entry, size_t process)
{
	if (entry == NULL)
		return;
	lock(it);
	(void)atomic_fetch_sub(&entry->held[process], 1);
	if (--entry->count == 0) {
		*find(it, &entry->key) = entry->next;
		entry->next = it->free;
		it->free = entry;
	}
	unlock(it);
}

void
pier__address_forget(struct pier__address_count *it, size_t process)
{
	size_t i;

	if (it == NULL)
		return;
	lock(it);
	for (i = 0; i < it->touched; i++)
		(void)atomic_exchange(&entry_at(it, i)->held[process], 0);
	make_anew(it);
	unlock(it);
}

void
pier__address_count_close(struct pier__address_count *it)
{
	if (it == NULL)
		return;
	(void)pthread_mutex_destroy(&it->lock);
	(void)pier__calls()->unmap(it, it->size);
}
