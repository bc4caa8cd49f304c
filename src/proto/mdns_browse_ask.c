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

/* So long before ours, the question of somebody else is as good. Answers to it
   went to all, and none is sent to all twice a second (section 6). */
#define AS_GOOD_NS SECOND_NS

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
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < browse->target_count; i++)
		rc = each(ctx, lan,
			(struct pier__mdns_asked){ &lan->asks[i],
				&browse->targets[i]->type.name,
				PIER__DNS_PTR });
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
	struct pier__mdns_browse *browse;
	int64_t now_ns;
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

	for (family = 0; family < 2; family++)
		if (lan->up[family] &&
			(ask->heard_ns[family] == INT64_MIN ||
				now_ns - ask->heard_ns[family] >= AS_GOOD_NS))
			ways |= (first ? PIER__WAY_ASK4 : PIER__WAY_GROUP4)
				<< family;
	return ways;
}

/* One question: if it is due it waits for a packet, and has its next moment. */
static int
come_due(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	const struct moment *moment = ctx;
	struct pier__mdns_ask *ask = it.ask;

	if (ask->extra || ask->next_ns <= moment->now_ns) {
		ask->pending |= ways_of(lan, ask, moment->now_ns);
		lan->pending |= ask->pending;
		if (ask->next_ns <= moment->now_ns) {
			ask->next_ns =
				moment->now_ns + interval_after(ask->sent);
			ask->sent++;
		}
		ask->extra = false;
	}
	if (ask->next_ns < lan->due)
		lan->due = ask->next_ns;
	return 0;
}

static void
collect(struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	int64_t now_ns)
{
	struct moment moment = { browse, now_ns };

	if (now_ns < lan->due)
		return;
	lan->due = PIER__MDNS_NEVER;
	(void)pier__mdns_each_ask(browse, lan, come_due, &moment);
}

/* ---- Records that grow old ---------------------------------------------- */

/* The question that such a record answers, or NULL: nobody waits for it. */
static struct pier__mdns_ask *
question_of(const struct pier__mdns_browse *browse, struct pier__mdns_lan *lan,
	const struct pier__dns_record *record)
{
	struct pier__mdns_instance *instance;
	struct pier__mdns_host *host;
	size_t i;

	if (record->type == PIER__DNS_PTR) {
		for (i = 0; i < browse->target_count; i++)
			if (pier__name_equal(&browse->targets[i]->type.name,
				    &record->name))
				return &lan->asks[i];
		return NULL;
	}
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
	size_t i;

	if (record->type != PIER__DNS_PTR)
		return false;
	for (i = 0; i < browse->target_count; i++)
		if (lan->asks[i].running &&
			pier__name_equal(
				&browse->targets[i]->type.name, &record->name))
			return true;
	return false;
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

/* ---- What others ask ---------------------------------------------------- */

struct hearing {
	int64_t now_ns;
	unsigned int family;
	const struct pier__dns_ask *question;
};

static int
hear(void *ctx, struct pier__mdns_lan *lan, struct pier__mdns_asked it)
{
	const struct hearing *heard = ctx;

	(void)lan;
	if (it.type == heard->question->type &&
		pier__name_equal(it.name, &heard->question->name))
		it.ask->heard_ns[heard->family] = heard->now_ns;
	return 0;
}

/* Does it know only what we know too? Else what it keeps others from answering
   would be missing here. */
static bool
knows_no_more(struct pier__mdns_browse *browse,
	const struct pier__mdns_lan *lan, int64_t now_ns)
{
	struct pier__dns_reader *reader = &browse->reader;
	const struct pier__mdns_entry *entry;
	struct pier__dns_record record;
	enum pier__dns_section section;

	while (pier__dns_next_record(reader, &section, &record) > 0) {
		if (section != PIER__DNS_ANSWER)
			continue;
		entry = NULL;
		while ((entry = pier__mdns_cache_find(&lan->cache, &record.name,
				record.type, entry)) != NULL)
			if (pier__dns_record_same(&entry->record, &record) &&
				pier__mdns_entry_known(entry, now_ns) > 0)
				break;
		if (entry == NULL)
			return false;
	}
	return true;
}

void
pier__mdns_hear_query(struct pier__mdns_browse *browse,
	struct pier__mdns_lan *lan, int64_t now_ns, int family)
{
	struct pier__dns_reader begun = browse->reader;
	struct pier__dns_ask question;
	struct hearing heard = { now_ns, family == AF_INET6, &question };

	/* More known answers follow, which may be of what is not known here; and
	   what has authority records is a probe. */
	if ((begun.head.flags & PIER__DNS_TRUNCATED) != 0 ||
		begun.head.records[PIER__DNS_AUTHORITY] > 0 ||
		!knows_no_more(browse, lan, now_ns))
		return;
	while (pier__dns_next_ask(&begun, &question) > 0)
		/* Answers to QU may go to who asked alone. */
		if (!question.unicast && question.class == PIER__DNS_CLASS_IN)
			(void)pier__mdns_each_ask(browse, lan, hear, &heard);
}
