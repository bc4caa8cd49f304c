/* SPDX-License-Identifier: MIT */
/* proto/dns_message.c - reading and writing messages; see dns_message.h. */
#include "proto/dns_message.h"

#include <pier/order.h>

#include <errno.h>
#include <string.h>

/* The first bit of a class: QU of a question, cache-flush of a record. */
#define CLASS_BIT 0x8000

/* Type, class, TTL and length, behind the name of a record. */
#define RECORD_HEAD 10
#define SRV_HEAD    6

#define POINTER      0xc000
#define POINTER_LAST 0x3fff

/* ---- Reading ------------------------------------------------------------ */

int
pier__dns_begin(
	struct pier__dns_reader *reader, const unsigned char *bytes, size_t len)
{
	int i;

	if (len < PIER__DNS_HEAD)
		return -EBADMSG;
	reader->bytes = bytes;
	reader->len = len;
	reader->at = PIER__DNS_HEAD;
	reader->head.id = pier_be16_get(bytes);
	reader->head.flags = pier_be16_get(bytes + 2);
	reader->head.questions = pier_be16_get(bytes + 4);
	reader->asked = 0;
	for (i = 0; i < 3; i++) {
		reader->head.records[i] = pier_be16_get(bytes + 6 + 2 * i);
		reader->taken[i] = 0;
	}
	return 0;
}

int
pier__dns_next_ask(struct pier__dns_reader *reader, struct pier__dns_ask *ask)
{
	const unsigned char *behind;
	uint16_t class;

	if (reader->asked >= reader->head.questions)
		return 0;
	if (pier__name_read(
		    &ask->name, reader->bytes, reader->len, &reader->at) < 0 ||
		reader->at + 4 > reader->len)
		return -EBADMSG;
	behind = reader->bytes + reader->at;
	class = pier_be16_get(behind + 2);
	ask->type = pier_be16_get(behind);
	ask->class = class & (uint16_t)~CLASS_BIT;
	ask->unicast = (class & CLASS_BIT) != 0;
	reader->at += 4;
	reader->asked++;
	return 1;
}

/*
 * Data that has a name behind `head` bytes, and something behind it where `more`
 * says so. It stands in the message in full, or is put together in the room.
 */
static int
take_named(struct pier__dns_reader *reader, struct pier__dns_record *record,
	size_t head, bool more)
{
	size_t begin = (size_t)(record->data - reader->bytes);
	size_t stop = begin + record->len, at = begin + head, rest;
	struct pier__name name;

	if (head > record->len ||
		pier__name_read(&name, reader->bytes, stop, &at) < 0 ||
		(at != stop && !more))
		return -EBADMSG;
	if (at - begin == head + name.len)
		return 0;
	rest = stop - at;
	if (head + name.len + rest > sizeof(reader->room))
		return -EBADMSG;
	memcpy(reader->room, record->data, head);
	memcpy(reader->room + head, name.bytes, name.len);
	memcpy(reader->room + head + name.len, reader->bytes + at, rest);
	record->data = reader->room;
	record->len = head + name.len + rest;
	return 0;
}

static int
take_data(struct pier__dns_reader *reader, struct pier__dns_record *record)
{
	if (record->class != PIER__DNS_CLASS_IN)
		return 0;
	switch (record->type) {
	case PIER__DNS_A:
		return record->len == 4 ? 0 : -EBADMSG;
	case PIER__DNS_AAAA:
		return record->len == 16 ? 0 : -EBADMSG;
	case PIER__DNS_CNAME:
	case PIER__DNS_PTR:
		return take_named(reader, record, 0, false);
	case PIER__DNS_SRV:
		return take_named(reader, record, SRV_HEAD, false);
	case PIER__DNS_NSEC:
		return take_named(reader, record, 0, true);
	default:
		return 0;
	}
}

/* Proposed records in the authority section of a probe are whole, but some
   senders of updates have records without data. */
static int
take_record(struct pier__dns_reader *reader, struct pier__dns_record *record)
{
	const unsigned char *behind;
	uint16_t class;

	if (pier__name_read(&record->name, reader->bytes, reader->len,
		    &reader->at) < 0 ||
		reader->at + RECORD_HEAD > reader->len)
		return -EBADMSG;
	behind = reader->bytes + reader->at;
	class = pier_be16_get(behind + 2);
	record->type = pier_be16_get(behind);
	record->class = class & (uint16_t)~CLASS_BIT;
	record->flush = (class & CLASS_BIT) != 0;
	record->ttl_s = pier_be32_get(behind + 4);
	record->len = pier_be16_get(behind + 8);
	record->data = behind + RECORD_HEAD;
	reader->at += RECORD_HEAD;
	if (record->len > reader->len - reader->at)
		return -EBADMSG;
	reader->at += record->len;
	return take_data(reader, record);
}

int
pier__dns_next_record(struct pier__dns_reader *reader,
	enum pier__dns_section *section, struct pier__dns_record *record)
{
	struct pier__dns_ask skipped;
	int rc, i;

	while ((rc = pier__dns_next_ask(reader, &skipped)) > 0)
		;
	if (rc < 0)
		return rc;
	for (i = PIER__DNS_ANSWER; i <= PIER__DNS_ADDITIONAL; i++) {
		if (reader->taken[i] >= reader->head.records[i])
			continue;
		rc = take_record(reader, record);
		if (rc < 0)
			return rc;
		reader->taken[i]++;
		*section = (enum pier__dns_section)i;
		return 1;
	}
	return 0;
}

int
pier__dns_check(
	struct pier__dns_reader *reader, const unsigned char *bytes, size_t len)
{
	struct pier__dns_record record;
	enum pier__dns_section section;
	int rc = pier__dns_begin(reader, bytes, len);

	if (rc < 0)
		return rc;
	while ((rc = pier__dns_next_record(reader, &section, &record)) > 0)
		;
	return rc < 0 ? rc : pier__dns_begin(reader, bytes, len);
}

/* ---- Writing ------------------------------------------------------------ */

void
pier__dns_write_begin(struct pier__dns_writer *writer, unsigned char *bytes,
	size_t size, uint16_t id, uint16_t flags)
{
	memset(&writer->head, 0, sizeof(writer->head));
	writer->bytes = bytes;
	writer->size = size;
	writer->len = PIER__DNS_HEAD;
	writer->plain_srv = false;
	writer->head.id = id;
	writer->head.flags = flags;
	writer->places = 0;
}

/* Does the name that stands at this place of the message equal `bytes`? Case
   counts: who asks for "Printer" shall not see "printer". */
static bool
stands_at(const struct pier__dns_writer *writer, size_t place,
	const unsigned char *bytes, size_t len)
{
	struct pier__name name;

	return pier__name_read(&name, writer->bytes, writer->len, &place) ==
		       0 &&
	       name.len == len && memcmp(name.bytes, bytes, len) == 0;
}

/* Where these labels stand already, or 0. */
static size_t
find_place(const struct pier__dns_writer *writer, const unsigned char *bytes,
	size_t len)
{
	size_t i;

	for (i = 0; i < writer->places; i++)
		if (stands_at(writer, writer->place[i], bytes, len))
			return writer->place[i];
	return 0;
}

static int
put(struct pier__dns_writer *writer, const void *bytes, size_t len)
{
	if (len > writer->size - writer->len)
		return -EMSGSIZE;
	if (len > 0)
		memcpy(writer->bytes + writer->len, bytes, len);
	writer->len += len;
	return 0;
}

static int
put16(struct pier__dns_writer *writer, uint16_t number)
{
	unsigned char bytes[2];

	pier_be16_put(bytes, number);
	return put(writer, bytes, sizeof(bytes));
}

/* What has been put of a name by the end is found by later ones: a label is
   remembered once all of the name stands there. */
static int
put_name(struct pier__dns_writer *writer, const unsigned char *bytes,
	size_t len, bool plain)
{
	size_t at = 0, begin = writer->len, place = 0, stop;
	int rc = 0;

	while (rc == 0 && bytes[at] != 0) {
		place = plain ? 0 : find_place(writer, bytes + at, len - at);
		if (place != 0)
			break;
		rc = put(writer, bytes + at, 1U + bytes[at]);
		at += 1U + bytes[at];
	}
	stop = at;
	if (rc == 0 && place != 0)
		rc = put16(writer, (uint16_t)(POINTER | place));
	else if (rc == 0)
		rc = put(writer, "", 1);
	for (at = 0; rc == 0 && at < stop; at += 1U + bytes[at])
		if (writer->places < PIER__DNS_PLACES &&
			begin + at <= POINTER_LAST)
			writer->place[writer->places++] =
				(uint16_t)(begin + at);
	return rc;
}

/* What did not fit is taken back. */
static int
settle(struct pier__dns_writer *writer, size_t len, size_t places, int rc)
{
	if (rc < 0) {
		writer->len = len;
		writer->places = places;
	}
	return rc;
}

int
pier__dns_write_ask(
	struct pier__dns_writer *writer, const struct pier__dns_ask *ask)
{
	size_t len = writer->len, places = writer->places;
	uint16_t bit = ask->unicast ? CLASS_BIT : 0;
	int rc = -EMSGSIZE;

	if (writer->head.questions < UINT16_MAX)
		rc = put_name(writer, ask->name.bytes, ask->name.len, false);
	if (rc == 0)
		rc = put16(writer, ask->type);
	if (rc == 0)
		rc = put16(writer, ask->class | bit);
	if (rc == 0)
		writer->head.questions++;
	return settle(writer, len, places, rc);
}

static bool
has_name(uint16_t type)
{
	return type == PIER__DNS_CNAME || type == PIER__DNS_PTR ||
	       type == PIER__DNS_SRV || type == PIER__DNS_NSEC;
}

static int
put_data(struct pier__dns_writer *writer, const struct pier__dns_record *record)
{
	size_t head = record->type == PIER__DNS_SRV ? SRV_HEAD : 0, at = head;
	struct pier__name name;
	int rc;

	/* Of another class nobody knows what it means: it is as it came. */
	if (record->class != PIER__DNS_CLASS_IN || !has_name(record->type))
		return put(writer, record->data, record->len);
	/* Empty data is that of no type, as in a known answer of nothing. */
	if (pier__name_read(&name, record->data, record->len, &at) < 0)
		return put(writer, record->data, record->len);
	rc = put(writer, record->data, head);
	if (rc == 0)
		rc = put_name(writer, name.bytes, name.len,
			writer->plain_srv && head > 0);
	if (rc == 0)
		rc = put(writer, record->data + at, record->len - at);
	return rc;
}

int
pier__dns_write_record(struct pier__dns_writer *writer,
	enum pier__dns_section section, const struct pier__dns_record *record)
{
	size_t len = writer->len, places = writer->places, begin;
	unsigned char fixed[RECORD_HEAD];
	int rc = -EMSGSIZE;

	pier_be16_put(fixed, record->type);
	pier_be16_put(fixed + 2,
		record->class | (uint16_t)(record->flush ? CLASS_BIT : 0));
	pier_be32_put(fixed + 4, record->ttl_s);
	pier_be16_put(fixed + 8, 0);
	if (writer->head.records[section] < UINT16_MAX)
		rc = put_name(
			writer, record->name.bytes, record->name.len, false);
	if (rc == 0)
		rc = put(writer, fixed, sizeof(fixed));
	begin = writer->len;
	if (rc == 0)
		rc = put_data(writer, record);
	if (rc == 0) {
		pier_be16_put(writer->bytes + begin - 2,
			(uint16_t)(writer->len - begin));
		writer->head.records[section]++;
	}
	return settle(writer, len, places, rc);
}

void
pier__dns_write_flags(struct pier__dns_writer *writer, uint16_t flags)
{
	writer->head.flags |= flags;
}

size_t
pier__dns_write_end(struct pier__dns_writer *writer)
{
	int i;

	pier_be16_put(writer->bytes, writer->head.id);
	pier_be16_put(writer->bytes + 2, writer->head.flags);
	pier_be16_put(writer->bytes + 4, writer->head.questions);
	for (i = 0; i < 3; i++)
		pier_be16_put(
			writer->bytes + 6 + 2 * i, writer->head.records[i]);
	return writer->len;
}
