/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_conflict.c - who else has our names (RFC 6762 sections 8.1, 8.2 and
 * 9). Who answers a probe has the name: we take another. Who has it while we do
 * makes us probe anew. Of two who probe at a time the one with the later records
 * wins.
 */
#include <stdlib.h>
#include <string.h>

#include "os/calls.h"
#include "proto/mdns_offer_inside.h"

/* With so many conflicts in ten seconds probes are five seconds apart. */
#define CONFLICTS_MANY 15
#define CONFLICTS_NS   INT64_C(10000000000)
#define SLOW_NS        INT64_C(5000000000)

/* Who loses a comparison waits so long: the other may have been stale. */
#define LOST_NS INT64_C(1000000000)

#define SECOND_NS INT64_C(1000000000)

/* Whose name it is. */
enum {
	OF_NONE = -1,
	OF_INSTANCE,
	OF_HOST,
	OF_ALIAS /* the first; then the others */
};

/* Which of our names the record is of. */
static int
whose(const struct pier__mdns_offer *it, const struct pier__dns_record *record)
{
	bool alias = record->type == PIER__DNS_CNAME;
	bool of_host = alias || record->type == PIER__DNS_A ||
		       record->type == PIER__DNS_AAAA;
	bool of_instance = alias || record->type == PIER__DNS_SRV ||
			   record->type == PIER__DNS_TXT;
	size_t i;

	if (of_instance && pier__name_equal(&record->name, &it->instance))
		return OF_INSTANCE;
	if (!of_host)
		return OF_NONE;
	if (pier__name_equal(&record->name, &it->host))
		return OF_HOST;
	for (i = 0; i < it->alias_count; i++)
		if (pier__name_equal(&record->name, &it->aliases[i]))
			return OF_ALIAS + (int)i;
	return OF_NONE;
}

static void
count_conflict(struct pier__mdns_offer *it, int64_t now_ns)
{
	if (now_ns - it->conflicts_ns > CONFLICTS_NS) {
		it->conflicts_ns = now_ns;
		it->conflicts = 0;
	}
	it->conflicts++;
}

static void
conflict(struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	int64_t now_ns, int name)
{
	unsigned int *number = name == OF_INSTANCE ? &it->instance_number
			       : name == OF_HOST
				       ? &it->host_number
				       : &it->alias_numbers[name - OF_ALIAS];

	count_conflict(it, now_ns);
	/* Its owner will answer the probes that come now. */
	if (face->phase == PIER__MDNS_PROBING) {
		*number = *number == 0 ? 2 : *number + 1;
		it->renamed = true;
		pier__mdns_make_names(it);
	}
	pier__mdns_probe_again(
		it, now_ns, it->conflicts >= CONFLICTS_MANY ? SLOW_NS : 0);
}

bool
pier__mdns_is_said(const struct pier__mdns_offer *it,
	const struct pier__dns_record *record)
{
	size_t i;

	for (i = 0; i < it->face_count; i++)
		if (pier__mdns_number(it, it->faces[i], record) >= 0)
			return true;
	return false;
}

/* Somebody said a record of ours: need not we (7.4)? Or did he say it with so
   short a time that others would drop it soon (6.6)? */
static void
hear_ours(struct pier__mdns_offer *it, struct pier__mdns_face *face,
	int64_t now_ns, unsigned int number, uint32_t ttl_s)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record own;
	uint64_t bit = PIER__RECORD_BIT(number);

	pier__mdns_record(it, face, number, &own, room);
	if (ttl_s < own.ttl_s / 2) {
		if (face->phase != PIER__MDNS_PROBING)
			pier__mdns_pend(face, bit, now_ns, SECOND_NS);
	} else if (pier__mdns_is_shared(number) && ttl_s >= own.ttl_s) {
		face->pending &= ~bit;
	}
}

void
pier__mdns_offer_response(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	struct pier__dns_reader *reader)
{
	enum pier__dns_section section;
	struct pier__dns_record record;
	int name;

	while (pier__dns_next_record(reader, &section, &record) == 1) {
		int number = pier__mdns_number(it, face, &record);

		if (number >= 0) {
			hear_ours(it, face, now_ns, (unsigned)number,
				record.ttl_s);
			continue;
		}
		name = whose(it, &record);
		if (record.ttl_s == 0 || record.class != PIER__DNS_CLASS_IN ||
			name == OF_NONE || pier__mdns_is_said(it, &record))
			continue;
		conflict(it, face, now_ns, name);
		return;
	}
}

/* ---- Probes at the same time ---------------------------------------------- */

/* Records of one name, ours or theirs. */
#define SET_MAX   (2 + PIER__LINK_ADDRS_MAX)
#define SET_BYTES 6000

struct set {
	size_t count, used;
	bool said; /* each of them is said by us, somewhere */
	struct pier__dns_record records[SET_MAX];
	unsigned char bytes[SET_BYTES];
};

static void
set_add(struct set *set, const struct pier__dns_record *record)
{
	struct pier__dns_record *own = &set->records[set->count];

	if (set->count == SET_MAX || record->len > SET_BYTES - set->used)
		return;
	*own = *record;
	if (record->len > 0)
		memcpy(set->bytes + set->used, record->data, record->len);
	own->data = set->bytes + set->used;
	set->used += record->len;
	set->count++;
}

static int
by_order(const void *a, const void *b)
{
	return pier__dns_record_order(a, b);
}

/* Below 0: ours come first, and lose. */
static int
compare(struct set *ours, struct set *theirs)
{
	size_t i;

	qsort(ours->records, ours->count, sizeof(ours->records[0]), by_order);
	qsort(theirs->records, theirs->count, sizeof(theirs->records[0]),
		by_order);
	for (i = 0; i < ours->count && i < theirs->count; i++) {
		int order = pier__dns_record_order(
			&ours->records[i], &theirs->records[i]);

		if (order != 0)
			return order;
	}
	return (ours->count > theirs->count) - (ours->count < theirs->count);
}

static void
take_ours(struct set *set, const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, const struct pier__name *name)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record record;
	unsigned int i;

	set->count = 0;
	set->used = 0;
	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if (pier__mdns_is_shared(i) || pier__mdns_is_nsec(i) ||
			!pier__mdns_has_record(it, face, i))
			continue;
		pier__mdns_record(it, face, i, &record, room);
		if (pier__name_equal(&record.name, name))
			set_add(set, &record);
	}
}

static void
take_theirs(struct set *set, const struct pier__mdns_offer *it,
	const struct pier__datagram *datagram, const struct pier__name *name)
{
	struct pier__dns_reader reader;
	enum pier__dns_section section;
	struct pier__dns_record record;

	set->count = 0;
	set->used = 0;
	set->said = true;
	if (pier__dns_begin(&reader, datagram->bytes, datagram->len) < 0)
		return;
	while (pier__dns_next_record(&reader, &section, &record) == 1)
		if (section == PIER__DNS_AUTHORITY &&
			pier__name_equal(&record.name, name)) {
			set->said =
				set->said && pier__mdns_is_said(it, &record);
			set_add(set, &record);
		}
}

void
pier__mdns_offer_probe(struct pier__mdns_offer *it,
	struct pier__mdns_face *face, int64_t now_ns,
	const struct pier__datagram *datagram)
{
	const struct pier__name *names[2 + PIER__MDNS_ALIASES_MAX] = {
		&it->instance, &it->host
	};
	struct set *sets = pier__alloc(2 * sizeof(*sets));
	size_t i;

	/* Without memory the probes themselves settle it. */
	if (sets == NULL)
		return;
	for (i = 0; i < it->alias_count; i++)
		names[2 + i] = &it->aliases[i];
	for (i = 0; i < 2 + it->alias_count; i++) {
		take_theirs(&sets[1], it, datagram, names[i]);
		if (sets[1].count > 0 && sets[1].said && names[i] == &it->host)
			pier__mdns_share_host(face, now_ns);
		if (sets[1].count == 0 || sets[1].said)
			continue;
		take_ours(&sets[0], it, face, names[i]);
		if (compare(&sets[0], &sets[1]) < 0) {
			face->done = 0;
			face->next_ns = now_ns + LOST_NS;
			break;
		}
	}
	pier__free(sets);
}
