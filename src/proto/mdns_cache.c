/* SPDX-License-Identifier: MIT */
/* proto/mdns_cache.c - see mdns_cache.h. */
#include "proto/mdns_cache.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"

#define SECOND_NS INT64_C(1000000000)

/* Slots that the first record makes. */
#define SLOTS_FIRST 64

/* Per cent of a TTL: when it is asked for again. Up to 2 % later (5.2), in quarters:
   records that came in one message share packets of questions. */
static const unsigned int REFRESH_AT[] = { 80, 85, 90, 95 };
#define REFRESHES (sizeof(REFRESH_AT) / sizeof(REFRESH_AT[0]))
#define QUARTERS  9

/* Nothing is believed for longer, nor is more than this of one record kept: so
   nobody fills a cache for ever, or with much. (RFC 6762 has 75 minutes, and a
   service tells of 1024 bytes.) */
#define TTL_MAX  UINT32_C(4500)
#define DATA_MAX 2048

/* xorshift64*: times that spread need no more. */
uint32_t
pier__mdns_chance(uint64_t *state, uint32_t below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) %
	       below;
}

void
pier__mdns_cache_open(struct pier__mdns_cache *cache, size_t max)
{
	memset(cache, 0, sizeof(*cache));
	cache->max = max;
	cache->due = INT64_MAX;
}

void
pier__mdns_cache_close(struct pier__mdns_cache *cache)
{
	size_t i;

	for (i = 0; i < cache->count; i++)
		pier__free(cache->slots[i]);
	pier__free(cache->slots);
	pier__mdns_cache_open(cache, cache->max);
}

static int64_t
end_of(const struct pier__mdns_entry *entry)
{
	return entry->expires_ns < entry->silence_ns ? entry->expires_ns
						     : entry->silence_ns;
}

/* Whoever sees that others ask in vain does not ask, too (10.5). */
static int64_t
refresh_of(const struct pier__mdns_entry *entry)
{
	return entry->silence_ns == INT64_MAX ? entry->refresh_ns : INT64_MAX;
}

static void
hurry(struct pier__mdns_cache *cache, const struct pier__mdns_entry *entry)
{
	int64_t end = end_of(entry), refresh = refresh_of(entry);
	int64_t at = end < refresh ? end : refresh;

	if (at < cache->due)
		cache->due = at;
}

/* The moment of its next refresh, or none is left. */
static void
plan_refresh(struct pier__mdns_entry *entry, uint64_t *chance)
{
	int64_t percent = entry->record.ttl_s * (SECOND_NS / 100);

	if (entry->stage >= REFRESHES) {
		entry->refresh_ns = INT64_MAX;
		return;
	}
	entry->refresh_ns = entry->received_ns +
			    percent * REFRESH_AT[entry->stage] +
			    percent / 4 * pier__mdns_chance(chance, QUARTERS);
}

/* It was said. */
static void
hear(struct pier__mdns_entry *entry, const struct pier__mdns_put *put)
{
	entry->heard[put->family] = true;
	entry->unanswered = 0;
	entry->silence_ns = INT64_MAX;
}

static void
set_time(struct pier__mdns_entry *entry, uint32_t ttl_s,
	const struct pier__mdns_put *put)
{
	entry->record.ttl_s = ttl_s > TTL_MAX ? TTL_MAX : ttl_s;
	entry->received_ns = put->now_ns;
	entry->expires_ns =
		put->now_ns + entry->record.ttl_s * INT64_C(1000000000);
	entry->legacy = put->legacy;
	entry->goodbye = false;
	entry->stage = 0;
	plan_refresh(entry, put->chance);
}

/* It goes in a second: somebody who has it may say so until then. */
static void
let_go(struct pier__mdns_cache *cache, struct pier__mdns_entry *entry,
	int64_t now_ns)
{
	if (entry->expires_ns > now_ns + PIER__MDNS_GRACE_NS)
		entry->expires_ns = now_ns + PIER__MDNS_GRACE_NS;
	entry->refresh_ns = INT64_MAX;
	hurry(cache, entry);
}

static void
flush_others(struct pier__mdns_cache *cache,
	const struct pier__dns_record *record, int64_t now_ns)
{
	struct pier__mdns_entry *entry = NULL;

	while ((entry = pier__mdns_cache_find(
			cache, &record->name, record->type, entry)) != NULL)
		if (now_ns - entry->received_ns > PIER__MDNS_GRACE_NS &&
			!pier__dns_record_same(&entry->record, record))
			let_go(cache, entry, now_ns);
}

/* Of the name and the data, whatever the case of letters: thousands of records
   may have one name. */
static uint32_t
hash_all(const struct pier__dns_record *record, uint32_t hash)
{
	size_t i;

	for (i = 0; i < record->len; i++)
		hash = (hash ^ (record->data[i] | 0x20U)) * UINT32_C(16777619);
	return hash;
}

static struct pier__mdns_entry *
find_same(const struct pier__mdns_cache *cache,
	const struct pier__dns_record *record)
{
	uint32_t hash = pier__name_hash(&record->name);
	uint32_t all = hash_all(record, hash);
	struct pier__mdns_entry *entry =
		cache->chains[hash % PIER__MDNS_CHAINS];

	while (entry != NULL &&
		(entry->hash_all != all ||
			!pier__dns_record_same(&entry->record, record)))
		entry = entry->next;
	return entry;
}

static int
make_room(struct pier__mdns_cache *cache)
{
	size_t size = cache->size == 0 ? SLOTS_FIRST : 2 * cache->size;
	struct pier__mdns_entry **more;

	if (cache->count < cache->size)
		return 0;
	more = pier__resize(
		cache->slots, size * sizeof(struct pier__mdns_entry *));
	if (more == NULL)
		return -ENOMEM;
	cache->slots = more;
	cache->size = size;
	return 0;
}

static int
add(struct pier__mdns_cache *cache, const struct pier__dns_record *record,
	const struct pier__mdns_put *put)
{
	struct pier__mdns_entry *entry, **chain;
	unsigned char *data;
	int rc;

	if (cache->count >= cache->max || record->len > DATA_MAX)
		return -ENOSPC;
	rc = make_room(cache);
	if (rc < 0)
		return rc;
	entry = pier__alloc(sizeof(*entry) + record->len);
	if (entry == NULL)
		return -ENOMEM;
	data = (unsigned char *)(entry + 1);
	if (record->len > 0)
		memcpy(data, record->data, record->len);
	entry->record = *record;
	entry->record.data = data;
	entry->hash = pier__name_hash(&record->name);
	entry->hash_all = hash_all(record, entry->hash);
	entry->spared_ns = INT64_MIN;
	hear(entry, put);
	set_time(entry, record->ttl_s, put);
	chain = &cache->chains[entry->hash % PIER__MDNS_CHAINS];
	entry->next = *chain;
	*chain = entry;
	entry->slot = cache->count;
	cache->slots[cache->count++] = entry;
	hurry(cache, entry);
	return 1;
}

int
pier__mdns_cache_put(struct pier__mdns_cache *cache,
	const struct pier__dns_record *record, const struct pier__mdns_put *put)
{
	struct pier__mdns_entry *entry = find_same(cache, record);
	uint32_t ttl_s = record->ttl_s > TTL_MAX ? TTL_MAX : record->ttl_s;
	int64_t until = put->now_ns + ttl_s * SECOND_NS;

	if (record->flush)
		flush_others(cache, record, put->now_ns);
	if (entry == NULL)
		return record->ttl_s == 0 ? 0 : add(cache, record, put);
	hear(entry, put);
	if (record->ttl_s == 0) {
		let_go(cache, entry, put->now_ns);
		entry->goodbye = true;
	}
	/* The short time of a legacy answer ends no longer one. */
	else if (!put->legacy || until > entry->expires_ns)
		set_time(entry, record->ttl_s, put);
	hurry(cache, entry);
	return 0;
}

struct pier__mdns_entry *
pier__mdns_cache_find(const struct pier__mdns_cache *cache,
	const struct pier__name *name, uint16_t type,
	const struct pier__mdns_entry *after)
{
	uint32_t hash = pier__name_hash(name);
	struct pier__mdns_entry *entry =
		after != NULL ? after->next
			      : cache->chains[hash % PIER__MDNS_CHAINS];

	for (; entry != NULL; entry = entry->next)
		if (entry->hash == hash && entry->record.type == type &&
			pier__name_equal(&entry->record.name, name))
			return entry;
	return NULL;
}

void
pier__mdns_cache_expect(struct pier__mdns_cache *cache,
	struct pier__mdns_entry *entry, int64_t now_ns, unsigned int family)
{
	/* Nothing is said to all twice a second: one answer is for all who asked
	   in that time. */
	if (!entry->heard[family] ||
		(entry->unanswered > 0 &&
			now_ns - entry->unanswered_ns < PIER__MDNS_GRACE_NS))
		return;
	entry->unanswered_ns = now_ns;
	if (++entry->unanswered != PIER__MDNS_UNANSWERED)
		return;
	entry->silence_ns = now_ns + PIER__MDNS_SILENCE_NS;
	hurry(cache, entry);
}

static void
take_out(struct pier__mdns_cache *cache, struct pier__mdns_entry *entry)
{
	struct pier__mdns_entry **at =
		&cache->chains[entry->hash % PIER__MDNS_CHAINS];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	cache->slots[entry->slot] = cache->slots[--cache->count];
	cache->slots[entry->slot]->slot = entry->slot;
}

void
pier__mdns_cache_forget(
	struct pier__mdns_cache *cache, const struct pier__dns_record *record)
{
	struct pier__mdns_entry *entry = find_same(cache, record);

	if (entry == NULL)
		return;
	take_out(cache, entry);
	pier__free(entry);
}

struct pier__mdns_entry *
pier__mdns_cache_expire(struct pier__mdns_cache *cache, int64_t now_ns)
{
	size_t i;

	if (now_ns < cache->due)
		return NULL;
	for (i = 0; i < cache->count; i++)
		if (end_of(cache->slots[i]) <= now_ns) {
			struct pier__mdns_entry *entry = cache->slots[i];

			take_out(cache, entry);
			return entry;
		}
	return NULL;
}

struct pier__mdns_entry *
pier__mdns_cache_refresh(
	struct pier__mdns_cache *cache, int64_t now_ns, uint64_t *chance)
{
	size_t i;

	if (now_ns < cache->due)
		return NULL;
	for (i = 0; i < cache->count; i++)
		if (refresh_of(cache->slots[i]) <= now_ns) {
			struct pier__mdns_entry *entry = cache->slots[i];

			entry->stage++;
			plan_refresh(entry, chance);
			return entry;
		}
	return NULL;
}

int64_t
pier__mdns_cache_due(const struct pier__mdns_cache *cache)
{
	return cache->due;
}

void
pier__mdns_cache_settle(struct pier__mdns_cache *cache)
{
	size_t i;

	cache->due = INT64_MAX;
	for (i = 0; i < cache->count; i++)
		hurry(cache, cache->slots[i]);
}

uint32_t
pier__mdns_entry_known(const struct pier__mdns_entry *entry, int64_t now_ns)
{
	int64_t left = (entry->expires_ns - now_ns) / SECOND_NS;

	/* One that is to go has less than that by then. */
	return entry->legacy || entry->silence_ns != INT64_MAX ||
			       left <= entry->record.ttl_s / 2
		       ? 0
		       : (uint32_t)left;
}
