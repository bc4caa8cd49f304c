/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_offer_out.c - packs what is due. What is multicast leaves by both
 * links of its interface; what does not fit into one packet follows in the next.
 */
#include <string.h>

#include "proto/mdns_offer_inside.h"

static size_t
packet_size(
	const struct pier__mdns_offer *it, const struct pier__mdns_face *face)
{
	size_t most = face->mtu > PIER__MDNS_HEADS + 512
			      ? face->mtu - PIER__MDNS_HEADS
			      : 512;

	return most < sizeof(it->out) ? most : sizeof(it->out);
}

static void
leaves(struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	struct pier__dns_writer *writer, enum pier__mdns_offer_what what)
{
	it->out_len = pier__dns_write_end(writer);
	it->out_interface = face->interface;
	it->left4 = face->up4;
	it->left6 = face->up6;
	it->event = (struct pier__mdns_offer_event){ .what = what };
}

/* Those of `records` that fit; the rest stay in it. How many were written. */
static size_t
write_records(const struct pier__mdns_offer *it,
	const struct pier__mdns_face *face, struct pier__dns_writer *writer,
	enum pier__dns_section section, uint64_t *records)
{
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record record;
	size_t count = 0;
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if ((*records & PIER__RECORD_BIT(i)) == 0)
			continue;
		pier__mdns_record(it, face, i, &record, room);
		if (section == PIER__DNS_AUTHORITY)
			record.flush = false;
		if (it->ending)
			record.ttl_s = 0;
		if (pier__dns_write_record(writer, section, &record) < 0)
			continue;
		*records &= ~PIER__RECORD_BIT(i);
		count++;
	}
	return count;
}

/* May we have these names, and these records (8.1)? */
static void
pack_probe(struct pier__mdns_offer *it, const struct pier__mdns_face *face)
{
	uint64_t unique = pier__mdns_all_records(it, face);
	struct pier__dns_writer writer;
	struct pier__dns_ask ask = { .name = it->instance,
		.type = PIER__DNS_ANY,
		.class = PIER__DNS_CLASS_IN };
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++)
		if (pier__mdns_is_shared(i) || pier__mdns_is_nsec(i))
			unique &= ~PIER__RECORD_BIT(i);
	pier__dns_write_begin(&writer, it->out, packet_size(it, face), 0, 0);
	/* No question wants its answer for itself (5.4): what is sent to this
	   machine alone belongs to whoever has *:5353. */
	(void)pier__dns_write_ask(&writer, &ask);
	ask.name = it->host;
	(void)pier__dns_write_ask(&writer, &ask);
	for (i = 0; i < it->alias_count; i++) {
		ask.name = it->aliases[i];
		(void)pier__dns_write_ask(&writer, &ask);
	}
	(void)write_records(it, face, &writer, PIER__DNS_AUTHORITY, &unique);
	leaves(it, face, &writer, PIER__MDNS_PROBED);
}

/* Of what is pending, what is due; pending_ns is when the rest is. */
static uint64_t
take_due(struct pier__mdns_face *face, int64_t now_ns)
{
	uint64_t due = 0;
	unsigned int i;

	face->pending_ns = INT64_MAX;
	for (i = 0; i < PIER__RECORD_COUNT; i++) {
		if ((face->pending & PIER__RECORD_BIT(i)) == 0)
			continue;
		if (pier__mdns_is_of_host(i) &&
			face->due_ns[i] < face->quiet_ns)
			face->due_ns[i] = face->quiet_ns;
		if (face->due_ns[i] <= now_ns)
			due |= PIER__RECORD_BIT(i);
		else if (face->due_ns[i] < face->pending_ns)
			face->pending_ns = face->due_ns[i];
	}
	face->pending &= ~due;
	return due;
}

/* What goes along with answers. */
static uint64_t
more_of(const struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	int64_t now_ns, uint64_t answers)
{
	uint64_t more = pier__mdns_additional(it, face, answers);
	unsigned int i;

	for (i = 0; now_ns < face->quiet_ns && i < PIER__RECORD_COUNT; i++)
		if (pier__mdns_is_of_host(i))
			more &= ~PIER__RECORD_BIT(i);
	return more;
}

static void
note_sent(struct pier__mdns_face *face, uint64_t sent, int64_t now_ns)
{
	unsigned int i;

	for (i = 0; i < PIER__RECORD_COUNT; i++)
		if ((sent & PIER__RECORD_BIT(i)) != 0)
			face->sent_ns[i] = now_ns;
}

/* False: nothing of it was due, as others have said it meanwhile. */
static bool
pack_pending(struct pier__mdns_offer *it, struct pier__mdns_face *face,
	int64_t now_ns)
{
	uint64_t due = take_due(face, now_ns), rest = due, more;
	struct pier__dns_writer writer;

	if (due == 0)
		return false;
	pier__dns_write_begin(&writer, it->out, packet_size(it, face), 0,
		PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
	/* One that is longer than the MTU goes in fragments (17). */
	if (write_records(it, face, &writer, PIER__DNS_ANSWER, &rest) == 0) {
		pier__dns_write_begin(&writer, it->out, sizeof(it->out), 0,
			PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
		(void)write_records(it, face, &writer, PIER__DNS_ANSWER, &rest);
	}
	note_sent(face, due & ~rest, now_ns);
	more = more_of(it, face, now_ns, due & ~rest) & ~due;
	if (rest == 0)
		(void)write_records(
			it, face, &writer, PIER__DNS_ADDITIONAL, &more);
	face->pending |= rest;
	if (rest != 0)
		face->pending_ns = now_ns;
	leaves(it, face, &writer,
		face->telling ? PIER__MDNS_TOLD : PIER__MDNS_ANSWERED);
	if (face->pending == 0)
		face->telling = false;
	return true;
}

/* A legacy query has its id and questions back, and small TTLs (6.7). */
static void
pack_alone(struct pier__mdns_offer *it, const struct pier__mdns_face *face,
	const struct pier__mdns_asker *asker)
{
	uint64_t answers = asker->records, more;
	unsigned char room[PIER__MDNS_DATA];
	struct pier__dns_record record;
	struct pier__dns_writer writer;
	unsigned int i;
	size_t j;

	pier__dns_write_begin(&writer, it->out, packet_size(it, face),
		asker->legacy ? asker->id : 0,
		PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
	writer.plain_srv = asker->legacy;
	for (j = 0; asker->legacy && j < asker->ask_count; j++)
		(void)pier__dns_write_ask(&writer,
			&(struct pier__dns_ask){ .name = asker->asks[j].name,
				.type = asker->asks[j].type,
				.class = asker->asks[j].class });
	more = pier__mdns_additional(it, face, answers);
	for (i = 0; i < 2 * PIER__RECORD_COUNT; i++) {
		unsigned int number = i % PIER__RECORD_COUNT;
		bool additional = i >= PIER__RECORD_COUNT;

		if (((additional ? more : answers) &
			    PIER__RECORD_BIT(number)) == 0)
			continue;
		pier__mdns_record(it, face, number, &record, room);
		if (asker->legacy) {
			record.flush = false;
			if (record.ttl_s > PIER__MDNS_TTL_LEGACY)
				record.ttl_s = PIER__MDNS_TTL_LEGACY;
		}
		(void)pier__dns_write_record(&writer,
			additional ? PIER__DNS_ADDITIONAL : PIER__DNS_ANSWER,
			&record);
	}
	it->out_len = pier__dns_write_end(&writer);
}

static int
send_alone(struct pier__mdns_offer *it, int64_t now_ns,
	struct pier__sending *sending, struct pier__mdns_offer_event *event)
{
	size_t i, j;

	for (i = 0; i < it->asker_count; i++) {
		struct pier__mdns_asker asker = it->askers[i];

		if (asker.due_ns > now_ns)
			continue;
		it->askers[i] = it->askers[--it->asker_count];
		for (j = 0; j < it->face_count; j++)
			if (it->faces[j]->interface == asker.link.interface)
				break;
		if (j == it->face_count)
			return 0;
		pack_alone(it, it->faces[j], &asker);
		*sending = (struct pier__sending){ .link = asker.link,
			.aim = PIER__AIM_ONE,
			.to = asker.to,
			.bytes = it->out,
			.len = it->out_len };
		*event = (struct pier__mdns_offer_event){
			.what = PIER__MDNS_ANSWERED,
			.link = asker.link,
			.to = asker.to
		};
		return 1;
	}
	return 0;
}

/* The names of hosts may be shared with another program: they expire. */
static bool
pack_goodbye(struct pier__mdns_offer *it)
{
	size_t i;

	for (i = 0; i < it->face_count; i++) {
		struct pier__mdns_face *face = it->faces[i];
		uint64_t own =
			pier__mdns_all_records(it, face) &
			~(PIER__RECORD_BIT(PIER__RECORD_ALIAS) -
				PIER__RECORD_BIT(PIER__RECORD_ADDR)) &
			~(PIER__RECORD_BIT(PIER__RECORD_TYPES) |
				PIER__RECORD_BIT(PIER__RECORD_HOST_NSEC) |
				PIER__RECORD_BIT(PIER__RECORD_INSTANCE_NSEC));
		struct pier__dns_writer writer;

		/* What was never told need not be taken back. */
		if (face->ended || face->phase == PIER__MDNS_PROBING)
			continue;
		face->ended = true;
		pier__dns_write_begin(&writer, it->out, packet_size(it, face),
			0, PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
		(void)write_records(it, face, &writer, PIER__DNS_ANSWER, &own);
		leaves(it, face, &writer, PIER__MDNS_TOLD);
		return true;
	}
	return false;
}

/* Something to multicast, if there is; true. */
static bool
pack_next(struct pier__mdns_offer *it, int64_t now_ns)
{
	size_t i;

	if (it->ending)
		return pack_goodbye(it);
	for (i = 0; i < it->face_count; i++) {
		struct pier__mdns_face *face = it->faces[i];

		if (face->next_ns <= now_ns &&
			pier__mdns_face_step(it, face, now_ns)) {
			pack_probe(it, face);
			return true;
		}
		if (face->pending != 0 && face->pending_ns <= now_ns &&
			pack_pending(it, face, now_ns))
			return true;
	}
	return false;
}

int
pier__mdns_offer_output(struct pier__mdns_offer *it, int64_t now_ns,
	struct pier__sending *sending, struct pier__mdns_offer_event *event)
{
	if (!it->left4 && !it->left6) {
		if (send_alone(it, now_ns, sending, event) == 1)
			return 1;
		if (!pack_next(it, now_ns))
			return 0;
	}
	*sending = (struct pier__sending){
		.link = { it->out_interface, it->left4 ? AF_INET : AF_INET6 },
		.aim = PIER__AIM_GROUP,
		.bytes = it->out,
		.len = it->out_len
	};
	*event = it->event;
	event->link = sending->link;
	if (it->left4)
		it->left4 = false;
	else
		it->left6 = false;
	return 1;
}
