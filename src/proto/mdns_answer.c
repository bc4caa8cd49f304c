/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_answer.c - what is answered to a query, when, and to whom (RFC 6762
 * sections 5.4, 6, 6.7 and 7).
 */
#include <string.h>

#include "proto/mdns_offer_inside.h"

/* Answers that others may give too are spread; those of a query in several
   packets wait for the rest of what is known (7.2). */
#define SPREAD_LEAST (20 * PIER__MDNS_MS)
#define SPREAD       (100 * PIER__MDNS_MS)
#define MORE_LEAST   (400 * PIER__MDNS_MS)
#define SECOND       (1000 * PIER__MDNS_MS)
/* A probe is answered though the record was just told (6). */
#define DEFEND (250 * PIER__MDNS_MS)
/* Three probes, and the time for an answer to the last; and after it. */
#define QUIET  SECOND
#define SPOKEN (250 * PIER__MDNS_MS)

/* What one query wants of us. */
struct query {
	uint64_t records; /* to be multicast */
	uint64_t alone;   /* to be told to the asker only */
	bool probe;       /* whose sender wants names for himself: */
	bool host_shared; /* ours, for addresses that are ours */
	bool host_wanted; /* ours, for something else */
	bool legacy;
	struct pier__mdns_asker asker;
};

/* Was it multicast within a quarter of its time? Then who asked may have it
   alone. */
static bool
was_told(
	const struct pier__mdns_face *face, unsigned int number, int64_t now_ns)
{
	int64_t ttl_s =
		pier__mdns_is_shared(number) || number == PIER__RECORD_TXT
			? PIER__MDNS_TTL_OTHER
			: PIER__MDNS_TTL_HOST;

	return face->sent_ns[number] != 0 &&
	       now_ns - face->sent_ns[number] < ttl_s * SECOND / 4;
}

static void
take_questions(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, int64_t now_ns,
	struct pier__dns_reader *reader, struct query *query)
{
	struct pier__mdns_asker *asker = &query->asker;
	struct pier__dns_ask ask;

	while (pier__dns_next_ask(reader, &ask) == 1) {
		uint64_t found = pier__mdns_matches(it, face, &ask);
		unsigned int i;

		if (found == 0)
			continue;
		if (query->legacy && asker->ask_count < PIER__MDNS_ASKS_MAX)
			asker->asks[asker->ask_count++] = ask;
		for (i = 0; i < PIER__RECORD_COUNT; i++) {
			uint64_t bit = PIER__RECORD_BIT(i);

			if ((found & bit) == 0)
				continue;
			if (query->legacy ||
				(ask.unicast && was_told(face, i, now_ns)))
				query->alone |= bit;
			else
				query->records |= bit;
		}
	}
}

/* A record of a probe. */
static void
note_wanted(const struct pier__mdns_offer *it,
	const struct pier__dns_record *record, struct query *query)
{
	bool address =
		record->type == PIER__DNS_A || record->type == PIER__DNS_AAAA;

	query->probe = true;
	if (!pier__name_equal(&record->name, &it->host))
		return;
	if (address && pier__mdns_is_said(it, record))
		query->host_shared = true;
	else
		query->host_wanted = true;
}

void
pier__mdns_share_host(struct pier__mdns_face *face, int64_t now_ns)
{
	/* Who probes on and on does not keep us quiet. */
	if (now_ns >= face->quiet_ns + SPOKEN)
		face->quiet_ns = now_ns + QUIET;
}

/* What is not to be answered to a probe of who shares the host's name. */
static uint64_t
shared_host(
	const struct pier__mdns_offer *it, const struct pier__mdns_face *face)
{
	uint64_t found = 0;
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++)
		if (pier__mdns_is_of_host(i) &&
			pier__mdns_has_record(it, face, i))
			found |= PIER__RECORD_BIT(i);
	return found;
}

/* Of what he knows, with half of its time left or more, nothing is told (7.1). */
static uint64_t
known(const struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	struct pier__dns_reader *reader, struct query *query)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record record, own;
	enum pier__dns_section section;
	uint64_t found = 0;

	while (pier__dns_next_record(reader, &section, &record) == 1) {
		int number;

		if (section == PIER__DNS_AUTHORITY)
			note_wanted(it, &record, query);
		if (section != PIER__DNS_ANSWER)
			continue;
		number = pier__mdns_number(it, face, &record);
		if (number < 0)
			continue;
		pier__mdns_record(it, face, (unsigned)number, &own, room);
		if (record.ttl_s >= own.ttl_s / 2)
			found |= PIER__RECORD_BIT(number);
	}
	return found;
}

static bool
has_shared(uint64_t records)
{
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++)
		if ((records & PIER__RECORD_BIT(i)) != 0 &&
			pier__mdns_is_shared(i))
			return true;
	return false;
}

static int64_t
moment(struct pier__mdns_offer *it, int64_t now_ns, uint64_t records,
	bool truncated)
{
	if (truncated)
		return now_ns + MORE_LEAST +
		       pier__mdns_offer_chance(it, SPREAD);
	return has_shared(records) ? now_ns + SPREAD_LEAST +
					     pier__mdns_offer_chance(it, SPREAD)
				   : now_ns;
}

static void
add_asker(struct pier__mdns_offer *it, const struct pier__datagram *datagram,
	const struct query *query, int64_t due_ns)
{
	struct pier__mdns_asker *asker;
	size_t i;

	/* One who asks much has one answer. */
	for (i = 0; i < it->asker_count; i++) {
		asker = &it->askers[i];
		if (asker->id == query->asker.id &&
			asker->link.interface == datagram->link.interface &&
			pier_addr_equal(&asker->to, &datagram->from)) {
			asker->records |= query->alone;
			return;
		}
	}
	/* He asks again. */
	if (it->asker_count == PIER__MDNS_ASKERS_MAX)
		return;
	asker = &it->askers[it->asker_count++];
	*asker = query->asker;
	asker->link = datagram->link;
	asker->to = datagram->from;
	asker->due_ns = due_ns;
	asker->records = query->alone;
	asker->legacy = query->legacy;
}

void
pier__mdns_pend(struct pier__mdns_face *face, uint64_t records, int64_t due_ns,
	int64_t least_ns)
{
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		uint64_t bit = PIER__RECORD_BIT(i);
		int64_t at_ns = due_ns;

		if ((records & bit) == 0)
			continue;
		if (face->sent_ns[i] != 0 &&
			face->sent_ns[i] + least_ns > at_ns)
			at_ns = face->sent_ns[i] + least_ns;
		if ((face->pending & bit) == 0 || at_ns < face->due_ns[i])
			face->due_ns[i] = at_ns;
		if (face->pending == 0 || face->due_ns[i] < face->pending_ns)
			face->pending_ns = face->due_ns[i];
		face->pending |= bit;
	}
}

void
pier__mdns_offer_query(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	const struct pier__datagram *datagram, struct pier__dns_reader *reader)
{
	struct query query = { .legacy = pier_addr_port(&datagram->from) !=
					 PIER__MDNS_PORT };
	bool truncated = (reader->head.flags & PIER__DNS_TRUNCATED) != 0;
	uint64_t has;

	query.asker.id = reader->head.id;
	take_questions(it, face, now_ns, reader, &query);
	has = known(it, face, reader, &query);
	/* The rest of a query that came before. */
	if (reader->head.questions == 0 && now_ns < face->more_ns &&
		pier_addr_equal(&face->more_from, &datagram->from))
		face->pending &= ~has;
	if (query.host_shared && !query.host_wanted) {
		pier__mdns_share_host(face, now_ns);
		has |= shared_host(it, face);
	}
	query.records &= ~has;
	query.alone &= ~has;
	if (truncated && query.records != 0) {
		face->more_from = datagram->from;
		face->more_ns = now_ns + MORE_LEAST + SPREAD;
	}
	if (query.alone != 0)
		add_asker(it, datagram, &query,
			moment(it, now_ns, query.alone, truncated));
	if (query.records != 0)
		pier__mdns_pend(face, query.records,
			moment(it, now_ns, query.records, truncated),
			query.probe ? DEFEND : SECOND);
}
