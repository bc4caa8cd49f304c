/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_ask.c - when which question leaves, and with which known
 * answers (RFC 6762 sections 5.2, 5.4, 7.1 to 7.3).
 */
#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "proto/mdns_browse_inside.h"

#define SECOND_NS INT64_C(1000000000)

/* From this on the time between two questions does not grow: an hour. */
#define INTERVAL_MAX_NS (3600 * SECOND_NS)
#define DOUBLINGS_MAX   12

/* So long before ours, the question of somebody else is as good, or our own.
   Answers to it went to all, and none is sent to all twice a second (section 6). */
#define AS_GOOD_NS SECOND_NS

/* What is held back waits so long: then several share a packet. */
#define HELD_NS SECOND_NS

#define WAYS_ASK   (PIER__WAY_ASK4 | PIER__WAY_ASK6)
#define WAYS_GROUP (PIER__WAY_GROUP4 | PIER__WAY_GROUP6)

void
pier__mdns_rest(struct pier__mdns_ask *ask)
{
	ask->next_ns = PIER__MDNS_NEVER;
	ask->sent = 0;
	ask->pending = 0;
	ask->extra = false;
}

void
pier__mdns_start(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	struct pier__mdns_ask *ask, int64_t now_ns)
{
	if (ask->next_ns != PIER__MDNS_NEVER)
		return;
	ask->sent = 0;
	ask->heard_ns[0] = INT64_MIN;
	ask->heard_ns[1] = INT64_MIN;
	/* Rows that begin within the same wait share a packet. */
	if (lan->first_ns <= now_ns)
		lan->first_ns = now_ns + PIER__MDNS_FIRST_NS +
				pier__mdns_chance(&browse->chance,
					PIER__MDNS_SPREAD_NS + 1);
	ask->next_ns = lan->first_ns;
	if (ask->next_ns < lan->due)
		lan->due = ask->next_ns;
}

/* ---- Every question ----------------------------------------------------- */

static int
each_of_instance(struct pier__mdns_lan *lan, struct pier__mdns_instance *it,
	pier__mdns_each_fn *each, void *ctx)
{
	int rc = each(ctx, lan,
		(struct pier__mdns_asked){
			&it->srv, &it->name, PIER__DNS_SRV });

	if (rc != 0)
		return rc;
	return each(ctx, lan,
		(struct pier__mdns_asked){
			&it->txt, &it->name, PIER__DNS_TXT });
}

static int
each_of_host(struct pier__mdns_lan *lan, struct pier__mdns_host *it,
	pier__mdns_each_fn *each, void *ctx)
{
	int rc = each(ctx, lan,
		(struct pier__mdns_asked){ &it->ip4, &it->name, PIER__DNS_A });

	if (rc != 0)
		return rc;
	return each(ctx, lan,
		(struct pier__mdns_asked){
			&it->ip6, &it->name, PIER__DNS_AAAA });
}

int
pier__mdns_each_ask(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, pier__mdns_each_fn *each, void *ctx)
{
	struct pier__list *at;
	int rc = each(ctx, lan,
		(struct pier__mdns_asked){
			&lan->ask, &browse->type.name, PIER__DNS_PTR });

	for (at = lan->instances.next; rc == 0 && at != &lan->instances;
		at = at->next)
		rc = each_of_instance(lan,
			pier__container_of(
				at, struct pier__mdns_instance, node),
			each, ctx);
	for (at = lan->hosts.next; rc == 0 && at != &lan->hosts; at = at->next)
		rc = each_of_host(lan,
			pier__container_of(at, struct pier__mdns_host, node),
			each, ctx);
	return rc;
}

/* ---- What is due -------------------------------------------------------- */

struct moment {
	int64_t now_ns;
	uint32_t a_minute; /* so many questions may leave */
	bool held;         /* there were more */
};

static int64_t
interval_after(unsigned int sent)
{
	int64_t interval = SECOND_NS
			   << (sent < DOUBLINGS_MAX ? sent : DOUBLINGS_MAX);

	return interval < INTERVAL_MAX_NS ? interval : INTERVAL_MAX_NS;
}

/* By which ways it is to leave. */
static unsigned int
ways_of(const struct pier__mdns_lan *lan, const struct pier__mdns_ask *ask,
	int64_t now_ns)
{
	unsigned int ways = 0, family;
	bool first = ask->sent == 0 && !ask->extra;

	for (family = 0; family < 2; family++) {
		bool heard = ask->heard_ns[family] != INT64_MIN &&
			     now_ns - ask->heard_ns[family] < AS_GOOD_NS;
		bool asked = ask->asked_ns[family] != 0 &&
			     now_ns - ask->asked_ns[family] < AS_GOOD_NS;

		if (lan->up[family] && !heard && !asked)
			ways |= (first ? PIER__WAY_ASK4 : PIER__WAY_GROUP4)
				<< family;
	}
	return ways;
}

/* It waits for a packet, or need not be asked. False: it is held back. */
static bool
leave(struct moment *moment, struct pier__mdns_lan *lan,
	const struct pier__mdns_asked *it)
{
	struct pier__mdns_ask *ask = it->ask;
	bool free = it->type == PIER__DNS_PTR && !ask->extra;
	unsigned int ways = ways_of(lan, ask, moment->now_ns), family;

	if (ways == 0)
		return true;
	if (!free && !pier__mdns_budget_take(
			     &lan->budget, moment->now_ns, moment->a_minute)) {
		moment->held = true;
		return false;
	}
	for (family = 0; family < 2; family++)
		if ((ways & (PIER__WAY_ASK4 | PIER__WAY_GROUP4) << family) != 0)
			ask->asked_ns[family] = moment->now_ns;
	ask->pending |= ways;
	lan->pending |= ways;
	return true;
}

/* One that asks again for what grows old. */
static int
refresh(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	if (it.ask->extra && leave(ctx, lan, &it))
		it.ask->extra = false;
	return 0;
}

/* One whose row goes on: if it leaves it has its next moment. */
static int
come_due(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	struct moment *moment = ctx;
	struct pier__mdns_ask *ask = it.ask;

	if (ask->next_ns <= moment->now_ns) {
		if (!leave(moment, lan, &it))
			return 0;
		ask->next_ns = moment->now_ns + interval_after(ask->sent);
		ask->sent++;
	}
	if (ask->next_ns < lan->due)
		lan->due = ask->next_ns;
	return 0;
}

/* Services that were told: who is there may be asked for as often as it takes. */
static uint32_t
asks_a_minute(const struct pier__mdns_lan *lan)
{
	const struct pier__list *at;
	uint32_t told = 0;

	for (at = lan->instances.next; at != &lan->instances; at = at->next)
		told += pier__container_of(
			at, const struct pier__mdns_instance, node)
				->told;
	return PIER__MDNS_ASKS_MINUTE + PIER__MDNS_ASKS_SERVICE * told;
}

static void
collect(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns)
{
	struct moment moment = { .now_ns = now_ns };

	if (now_ns < lan->due)
		return;
	lan->due = PIER__MDNS_NEVER;
	moment.a_minute = asks_a_minute(lan);
	(void)pier__mdns_each_ask(browse, lan, refresh, &moment);
	(void)pier__mdns_each_ask(browse, lan, come_due, &moment);
	if (moment.held && now_ns + HELD_NS < lan->due)
		lan->due = now_ns + HELD_NS;
}

/* ---- Records that grow old ---------------------------------------------- */

/* The question that such a record answers, or NULL: nobody waits for it. */
static struct pier__mdns_ask *
question_of(const struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	const struct pier__dns_record *record)
{
	struct pier__mdns_instance *instance;
	struct pier__mdns_host *host;

	if (record->type == PIER__DNS_PTR)
		return pier__name_equal(&browse->type.name, &record->name)
			       ? &lan->ask
			       : NULL;
	if (record->type == PIER__DNS_A || record->type == PIER__DNS_AAAA) {
		host = pier__mdns_find_host(lan, &record->name);
		if (host == NULL)
			return NULL;
		return record->type == PIER__DNS_A ? &host->ip4 : &host->ip6;
	}
	instance = pier__mdns_find_instance(lan, &record->name);
	if (instance == NULL || !instance->there)
		return NULL;
	return record->type == PIER__DNS_SRV   ? &instance->srv
	       : record->type == PIER__DNS_TXT ? &instance->txt
					       : NULL;
}

static void
ask_again(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	const struct pier__dns_record *record)
{
	struct pier__mdns_ask *ask = question_of(browse, lan, record);

	if (ask == NULL)
		return;
	ask->extra = true;
	lan->due = INT64_MIN;
}

/* Records whose time is over, and those that are asked for before it is. */
static void
age(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns)
{
	struct pier__mdns_entry *entry;

	if (now_ns < pier__mdns_cache_due(&lan->cache))
		return;
	while ((entry = pier__mdns_cache_expire(&lan->cache, now_ns)) != NULL) {
		pier__mdns_lost(browse, lan, now_ns, entry);
		pier__free(entry);
	}
	while ((entry = pier__mdns_cache_refresh(
			&lan->cache, now_ns, &browse->chance)) != NULL)
		ask_again(browse, lan, &entry->record);
	pier__mdns_cache_settle(&lan->cache);
}

/* ---- Packets ------------------------------------------------------------ */

static unsigned int
family_of(unsigned int way)
{
	return (way & (PIER__WAY_ASK4 | PIER__WAY_GROUP4)) != 0 ? 0 : 1;
}

static void
begin(struct pier__mdns_browse *browse, const struct pier__mdns_lan *lan,
	unsigned int way)
{
	bool asks = (way & WAYS_ASK) != 0;

	pier__dns_write_begin(&browse->writer, browse->bytes,
		lan->mtu[family_of(way)], asks ? browse->id : 0, 0);
}

/* What is written, and to where. */
static void
finish(struct pier__mdns_browse *browse, const struct pier__mdns_lan *lan,
	unsigned int way, struct pier__sending *sending)
{
	*sending = (struct pier__sending){
		.link = { lan->interface,
			family_of(way) == 0 ? AF_INET : AF_INET6 },
		.aim = PIER__AIM_GROUP,
		.ask = (way & WAYS_ASK) != 0,
		.bytes = browse->bytes,
		.len = pier__dns_write_end(&browse->writer),
	};
}

struct packing {
	struct pier__mdns_browse *browse;
	unsigned int way;
	unsigned int left; /* ways of questions that still wait */
	bool full;
};

static int
pack(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	struct packing *to = ctx;
	const struct pier__dns_ask question = { *it.name, it.type,
		PIER__DNS_CLASS_IN, (to->way & WAYS_ASK) != 0 };

	(void)lan;
	it.ask->running = false;
	if ((it.ask->pending & to->way) != 0 && !to->full) {
		to->full =
			pier__dns_write_ask(&to->browse->writer, &question) < 0;
		if (!to->full) {
			it.ask->pending &= ~to->way;
			it.ask->running = it.type == PIER__DNS_PTR;
		}
	}
	to->left |= it.ask->pending;
	return 0;
}

/* Is it an answer to a question that is under way? */
static bool
belongs(const struct pier__mdns_browse *browse,
	const struct pier__mdns_lan *lan, const struct pier__dns_record *record)
{
	return record->type == PIER__DNS_PTR && lan->ask.running &&
	       pier__name_equal(&browse->type.name, &record->name);
}

/* Known answers from where the train stands. True: all are there; false: more
   packets follow, and this one says so (7.2). */
static bool
pack_known(struct pier__mdns_browse *browse, int64_t now_ns)
{
	struct pier__mdns_train *train = &browse->train;
	struct pier__mdns_lan *lan = train->lan;

	for (; train->slot < lan->cache.count; train->slot++) {
		const struct pier__mdns_entry *entry =
			lan->cache.slots[train->slot];
		uint32_t left_s = pier__mdns_entry_known(entry, now_ns);
		struct pier__dns_record record;

		if (left_s == 0 || !belongs(browse, lan, &entry->record))
			continue;
		record = entry->record;
		record.ttl_s = left_s;
		record.flush = false;
		if (pier__dns_write_record(
			    &browse->writer, PIER__DNS_ANSWER, &record) < 0) {
			/* One that fits no packet would hold up the rest. */
			if (browse->writer.len == PIER__DNS_HEAD)
				continue;
			pier__dns_write_flags(
				&browse->writer, PIER__DNS_TRUNCATED);
			return false;
		}
	}
	return true;
}

static void
send_train(struct pier__mdns_browse *browse, int64_t now_ns,
	struct pier__sending *sending)
{
	struct pier__mdns_train *train = &browse->train;
	struct pier__mdns_lan *lan = train->lan;

	if (pack_known(browse, now_ns))
		train->lan = NULL;
	finish(browse, lan, train->way, sending);
}

/* The next packet of questions of this lan. */
static int
send_questions(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns, struct pier__sending *sending)
{
	struct packing packing = { .browse = browse };

	if (lan->pending == 0)
		return 0;
	/* The lowest bit. */
	packing.way = lan->pending & (~lan->pending + 1);
	begin(browse, lan, packing.way);
	(void)pier__mdns_each_ask(browse, lan, pack, &packing);
	lan->pending = packing.left;
	if (browse->writer.len == PIER__DNS_HEAD)
		return lan->pending != 0
			       ? send_questions(browse, lan, now_ns, sending)
			       : 0;
	if ((packing.way & WAYS_GROUP) == 0) {
		finish(browse, lan, packing.way, sending);
		return 1;
	}
	browse->train = (struct pier__mdns_train){ lan, packing.way, 0 };
	send_train(browse, now_ns, sending);
	return 1;
}

int
pier__mdns_browse_output(struct pier__mdns_browse *browse, int64_t now_ns,
	struct pier__sending *sending)
{
	struct pier__list *at;

	if (browse->train.lan != NULL) {
		/* Who makes up answers makes these packets too. */
		pier__mdns_budget_charge(&browse->train.lan->budget);
		begin(browse, browse->train.lan, browse->train.way);
		send_train(browse, now_ns, sending);
		return 1;
	}
	pier__list_each(at, &browse->lans) {
		struct pier__mdns_lan *lan =
			pier__container_of(at, struct pier__mdns_lan, node);

		age(browse, lan, now_ns);
		collect(browse, lan, now_ns);
		if (send_questions(browse, lan, now_ns, sending))
			return 1;
	}
	return 0;
}

int64_t
pier__mdns_browse_due(const struct pier__mdns_browse *browse)
{
	const struct pier__list *at;
	int64_t due = PIER__MDNS_NEVER;

	for (at = browse->lans.next; at != &browse->lans; at = at->next) {
		const struct pier__mdns_lan *lan = pier__container_of(
			at, const struct pier__mdns_lan, node);
		int64_t cache = pier__mdns_cache_due(&lan->cache);

		if (lan->due < due)
			due = lan->due;
		if (cache < due)
			due = cache;
	}
	return due;
}
