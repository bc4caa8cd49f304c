/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon_find.c - who looks for services by beacons: asks on every link,
 * and remembers who said that he is there, for as long as that holds.
 *
 * An entry is what one offerer said on one link; its last datagram is kept as it
 * came. What is told of it is made from those bytes. Invariants:
 *   1. the first `told` of what `list` holds have no news; the others do, and are
 *      told in this order;
 *   2. an entry that is gone is dropped once that is told.
 */
#include "proto/beacon.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "proto/beacon_links.h"

#define SECOND_NS INT64_C(1000000000)

struct entry {
	struct pier__link_id link;
	struct pier_addr from;
	uint64_t id;
	int64_t until_ns;
	enum pier__sighting_what news;
	enum pier__gone_reason reason;
	bool seen; /* it was told that it is there */
	size_t len;
	unsigned char bytes[];
};

struct pier__beacon_find {
	size_t type_len; /* 0: any */
	char type[PIER__BEACON_TYPE_MAX];
	uint64_t token;
	uint64_t chance;
	struct pier__beacon_links links;
	struct pier__beacon_stats stats;
	size_t count, room, told;
	struct entry **list;
	struct entry *last; /* it was told that this one is gone */
	/* What the last event points to */
	char told_instance[PIER__BEACON_INSTANCE_MAX + 1];
	char told_type[PIER__BEACON_TYPE_MAX + 1];
	char told_host[PIER__BEACON_HOST_MAX + 1];
	struct pier_addr told_addr;
	unsigned char out[PIER__BEACON_MAX];
};

int
pier__beacon_find_open(
	struct pier__beacon_find **out, const char *type, uint64_t seed)
{
	struct pier__beacon_find *it = pier__alloc(sizeof(*it));

	if (it == NULL)
		return -ENOMEM;
	it->chance = seed != 0 ? seed : 1;
	it->token = pier__beacon_chance(&it->chance);
	if (type != NULL) {
		it->type_len = strlen(type);
		memcpy(it->type, type, it->type_len);
	}
	*out = it;
	return 0;
}

void
pier__beacon_find_close(struct pier__beacon_find *it)
{
	size_t i;

	if (it == NULL)
		return;
	for (i = 0; i < it->count; i++)
		pier__free(it->list[i]);
	pier__free(it->last);
	pier__free(it->list);
	pier__free(it);
}

/* ---- The list ------------------------------------------------------------ */

static bool
same_link(struct pier__link_id a, struct pier__link_id b)
{
	return a.interface == b.interface && a.family == b.family;
}

/* Its place goes to the end of those with news. */
static void
has_news(struct pier__beacon_find *it, size_t at)
{
	struct entry *entry = it->list[at];

	if (at >= it->told)
		return;
	it->told--;
	memmove(&it->list[at], &it->list[at + 1],
		(it->count - at - 1) * sizeof(struct entry *));
	it->list[it->count - 1] = entry;
}

static void
is_gone(struct pier__beacon_find *it, size_t at, enum pier__gone_reason reason)
{
	it->list[at]->news = PIER__GONE;
	it->list[at]->reason = reason;
	has_news(it, at);
}

/* The place of what that offerer said there of that instance; or count. */
static size_t
place_of(const struct pier__beacon_find *it, const struct pier__beacon *beacon,
	struct pier__link_id link)
{
	size_t i;

	for (i = 0; i < it->count; i++) {
		const struct entry *entry = it->list[i];
		struct pier__beacon old;

		if (entry->id == beacon->id && same_link(entry->link, link) &&
			entry->news != PIER__GONE &&
			pier__beacon_read(&old, entry->bytes, entry->len) ==
				0 &&
			old.instance_len == beacon->instance_len &&
			memcmp(old.instance, beacon->instance,
				old.instance_len) == 0)
			return i;
	}
	return it->count;
}

static int
make_room(struct pier__beacon_find *it)
{
	size_t room = it->room > 0 ? 2 * it->room : 16;
	struct entry **list;

	if (it->count < it->room)
		return 0;
	list = pier__resize(it->list, room * sizeof(struct entry *));
	if (list == NULL)
		return -ENOMEM;
	it->list = list;
	it->room = room;
	return 0;
}

/* ---- What comes ----------------------------------------------------------- */

/* The same but for the token? */
static bool
says_the_same(const struct entry *entry, const struct pier__datagram *datagram)
{
	return entry->len == datagram->len &&
	       memcmp(entry->bytes, datagram->bytes, 8) == 0 &&
	       memcmp(entry->bytes + 16, datagram->bytes + 16,
		       entry->len - 16) == 0 &&
	       pier_addr_equal(&entry->from, &datagram->from);
}

static int
put(struct pier__beacon_find *it, int64_t now_ns,
	const struct pier__beacon *beacon,
	const struct pier__datagram *datagram)
{
	size_t at = place_of(it, beacon, datagram->link);
	bool is_new = at == it->count;
	struct entry *entry;

	if (!is_new && says_the_same(it->list[at], datagram)) {
		it->list[at]->until_ns = now_ns + beacon->holds_s * SECOND_NS;
		return 0;
	}
	if (is_new && it->count >= PIER_FIND_MAX) {
		it->stats.refused++;
		return 0;
	}
	entry = pier__alloc(sizeof(*entry) + datagram->len);
	if (entry == NULL || (is_new && make_room(it) < 0)) {
		pier__free(entry);
		return -ENOMEM;
	}
	entry->link = datagram->link;
	entry->from = datagram->from;
	entry->id = beacon->id;
	entry->until_ns = now_ns + beacon->holds_s * SECOND_NS;
	entry->news = PIER__SEEN;
	entry->len = datagram->len;
	memcpy(entry->bytes, datagram->bytes, datagram->len);
	if (is_new) {
		it->list[it->count++] = entry;
		return 0;
	}
	entry->seen = it->list[at]->seen;
	pier__free(it->list[at]);
	it->list[at] = entry;
	has_news(it, at);
	return 0;
}

static bool
is_wanted(const struct pier__beacon_find *it, const struct pier__beacon *beacon)
{
	return it->type_len == 0 ||
	       (beacon->type_len == it->type_len &&
		       strncasecmp(beacon->type, it->type, it->type_len) == 0);
}

int
pier__beacon_find_input(struct pier__beacon_find *it, int64_t now_ns,
	const struct pier__datagram *datagram)
{
	struct pier__beacon beacon;
	size_t at;
	int rc = pier__beacon_read(&beacon, datagram->bytes, datagram->len);

	if (rc == -ENOMSG)
		return 0;
	it->stats.received++;
	/* From elsewhere, or to this machine alone without having been asked:
	   a beacon of this link is neither. */
	if (rc < 0 || !datagram->on_link ||
		(!datagram->to_many && (beacon.kind != PIER__BEACON_HERE ||
					       beacon.token != it->token))) {
		it->stats.bad++;
		return 0;
	}
	if (!is_wanted(it, &beacon))
		return 0;
	if (beacon.kind == PIER__BEACON_HERE)
		return put(it, now_ns, &beacon, datagram);
	if (beacon.kind != PIER__BEACON_GONE)
		return 0;
	at = place_of(it, &beacon, datagram->link);
	if (at < it->count)
		is_gone(it, at, PIER__GONE_GOODBYE);
	return 0;
}

void
pier__beacon_find_link(struct pier__beacon_find *it, int64_t now_ns,
	const struct pier__link_state *link)
{
	size_t i = 0;

	if (link->up) {
		(void)pier__beacon_links_up(&it->links, link->id, now_ns);
		return;
	}
	pier__beacon_links_down(&it->links, link->id);
	while (i < it->count) {
		bool moves =
			i < it->told && same_link(it->list[i]->link, link->id);

		if (same_link(it->list[i]->link, link->id) &&
			it->list[i]->news != PIER__GONE)
			is_gone(it, i, PIER__GONE_LINK);
		/* Then another one stands here. */
		i += !moves;
	}
}

/* ---- What leaves, and what is told ----------------------------------------- */

int
pier__beacon_find_output(struct pier__beacon_find *it, int64_t now_ns,
	struct pier__sending *sending)
{
	const struct pier__beacon ask = { .kind = PIER__BEACON_ASK,
		.token = it->token,
		.type = it->type,
		.type_len = it->type_len };

	*sending = (struct pier__sending){ .ask = true };
	if (!pier__beacon_links_next(&it->links, now_ns, PIER__BEACON_ASK_NS,
		    &it->chance, sending))
		return 0;
	sending->bytes = it->out;
	sending->len = pier__beacon_write(it->out, &ask);
	return 1;
}

static void
expire(struct pier__beacon_find *it, int64_t now_ns)
{
	size_t i = 0;

	while (i < it->told) {
		if (it->list[i]->until_ns <= now_ns)
			is_gone(it, i, PIER__GONE_EXPIRED);
		else
			i++;
	}
}

static void
copy(char *out, const char *text, size_t len)
{
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

static void
tell(struct pier__beacon_find *it, const struct entry *entry,
	struct pier__sighting *out)
{
	struct pier__beacon beacon;

	(void)pier__beacon_read(&beacon, entry->bytes, entry->len);
	copy(it->told_instance, beacon.instance, beacon.instance_len);
	copy(it->told_type, beacon.type, beacon.type_len);
	copy(it->told_host, beacon.host, beacon.host_len);
	it->told_addr = entry->from;
	(void)pier_addr_set_port(&it->told_addr, beacon.port);
	*out = (struct pier__sighting){ .what = entry->news,
		.by = PIER_BY_BEACON,
		.link = entry->link,
		.reason = entry->reason,
		.instance = it->told_instance,
		.type = it->told_type,
		.domain = "local",
		.host = it->told_host,
		.port = beacon.port,
		.priority = beacon.priority,
		.weight = beacon.weight,
		.txt = beacon.text,
		.txt_len = beacon.text_len,
		.addrs = &it->told_addr,
		.addr_count = 1 };
	if (it->type_len == 0 && out->what == PIER__SEEN) {
		*out = (struct pier__sighting){ .what = PIER__SEEN_TYPE,
			.by = PIER_BY_BEACON,
			.link = entry->link,
			.instance = "",
			.type = it->told_type,
			.domain = "local",
			.host = "" };
	}
}

/* Another one who offers the same name there: one takes the place of the other,
   as a server does that is replaced. count: nobody. */
static size_t
twin_of(const struct pier__beacon_find *it, const struct entry *gone)
{
	struct pier__beacon mine, other;
	size_t i;

	(void)pier__beacon_read(&mine, gone->bytes, gone->len);
	for (i = 0; i < it->count; i++) {
		const struct entry *entry = it->list[i];

		if (entry->news == PIER__GONE ||
			!same_link(entry->link, gone->link) ||
			pier__beacon_read(&other, entry->bytes, entry->len) < 0)
			continue;
		if (mine.type_len == other.type_len &&
			strncasecmp(mine.type, other.type, mine.type_len) ==
				0 &&
			mine.instance_len == other.instance_len &&
			memcmp(mine.instance, other.instance,
				mine.instance_len) == 0)
			break;
	}
	return i;
}

int
pier__beacon_find_event(struct pier__beacon_find *it, int64_t now_ns,
	struct pier__sighting *sighting)
{
	struct entry *entry;
	size_t twin;
	bool silent;

	pier__free(it->last);
	it->last = NULL;
	expire(it, now_ns);
	while (it->told < it->count) {
		entry = it->list[it->told];
		tell(it, entry, sighting);
		/* It came and went unseen; or only its type counts. */
		silent = entry->news == PIER__GONE &&
			 (!entry->seen || it->type_len == 0);
		if (entry->news == PIER__GONE) {
			it->last = entry;
			it->count--;
			memmove(&it->list[it->told], &it->list[it->told + 1],
				(it->count - it->told) *
					sizeof(struct entry *));
			twin = twin_of(it, entry);
			/* What that one says is told in its place. */
			silent = silent || twin < it->count;
			if (twin < it->count)
				has_news(it, twin);
		} else {
			entry->seen = true;
			it->told++;
		}
		if (!silent)
			return 1;
		pier__free(it->last);
		it->last = NULL;
	}
	return 0;
}

int64_t
pier__beacon_find_due(const struct pier__beacon_find *it)
{
	int64_t due = pier__beacon_links_due(&it->links);
	size_t i;

	for (i = 0; i < it->told; i++)
		if (it->list[i]->until_ns < due)
			due = it->list[i]->until_ns;
	return due;
}

void
pier__beacon_find_stats(
	const struct pier__beacon_find *it, struct pier__beacon_stats *out)
{
	*out = it->stats;
}
