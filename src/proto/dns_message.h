/* SPDX-License-Identifier: MIT */
/*
 * proto/dns_message.h - whole messages of the DNS, record by record (RFC 1035
 * section 4; what multicast adds, RFC 6762 section 18). Pure.
 *
 * The data of a record is canonical: as on the wire, without compressed names
 * (RFC 6762 section 8.2), so that equal records have equal bytes, but for the
 * case of letters in names.
 */
#ifndef PIER_PROTO_DNS_MESSAGE_H
#define PIER_PROTO_DNS_MESSAGE_H

#include "proto/dns_name.h"

enum pier__dns_type {
	PIER__DNS_A = 1,
	PIER__DNS_CNAME = 5,
	PIER__DNS_PTR = 12,
	PIER__DNS_TXT = 16,
	PIER__DNS_AAAA = 28,
	PIER__DNS_SRV = 33,
	PIER__DNS_NSEC = 47,
	PIER__DNS_ANY = 255
};

enum pier__dns_flag {
	PIER__DNS_RESPONSE = 0x8000,
	PIER__DNS_OPCODE = 0x7800,
	PIER__DNS_AUTHORITATIVE = 0x0400,
	PIER__DNS_TRUNCATED = 0x0200,
	PIER__DNS_RECURSE = 0x0100,
	PIER__DNS_CODE = 0x000f
};

#define PIER__DNS_CLASS_IN  1
#define PIER__DNS_CLASS_ANY 255

#define PIER__DNS_HEAD 12

/* The longest data that is put together: a name and what stands beside it. An
   NSEC record whose name is compressed has one window of types in 34 bytes (RFC
   6762 section 6.1); others are taken with up to 15. */
#define PIER__DNS_DATA_ROOM (PIER__NAME_MAX + 15 * 34)

enum pier__dns_section {
	PIER__DNS_ANSWER,
	PIER__DNS_AUTHORITY,
	PIER__DNS_ADDITIONAL
};

struct pier__dns_head {
	uint16_t id;
	uint16_t flags; /* enum pier__dns_flag */
	uint16_t questions;
	uint16_t records[3]; /* by enum pier__dns_section */
};

struct pier__dns_ask {
	struct pier__name name;
	uint16_t type;
	uint16_t class;
	bool unicast; /* the first bit of the class: a QU question (5.4) */
};

struct pier__dns_record {
	struct pier__name name;
	uint16_t type;
	uint16_t class;
	bool flush; /* the first bit of the class: cache-flush (10.2) */
	uint32_t ttl_s;
	const unsigned char *data; /* canonical */
	size_t len;
};

/* A message while it is read. */
struct pier__dns_reader {
	const unsigned char *bytes;
	size_t len, at;
	struct pier__dns_head head;
	unsigned int asked;    /* questions that were read */
	unsigned int taken[3]; /* records that were */
	/* Where data with names is put together */
	unsigned char room[PIER__DNS_DATA_ROOM];
};

/* pier__dns_begin(reader, bytes, len): 0; -EBADMSG: it is shorter than a head.
   bytes are borrowed while the reader is used. */
int pier__dns_begin(struct pier__dns_reader *reader, const unsigned char *bytes,
	size_t len);

/* pier__dns_next_ask(reader, ask): the next question. 1; 0: that were all;
   -EBADMSG. */
int pier__dns_next_ask(
	struct pier__dns_reader *reader, struct pier__dns_ask *ask);

/*
 * pier__dns_next_record(reader, section, record): the next record; questions
 * that were not read are passed over. Data of the types above has their form;
 * of others it is as it came.
 *
 *   record  its data is borrowed until the next call
 *
 * 1; 0: that were all; -EBADMSG.
 */
int pier__dns_next_record(struct pier__dns_reader *reader,
	enum pier__dns_section *section, struct pier__dns_record *record);

/* pier__dns_check(reader, bytes, len): reads it all, and begins anew. 0 or
   -EBADMSG: a message that breaks the rules anywhere has no effect at all. */
int pier__dns_check(struct pier__dns_reader *reader, const unsigned char *bytes,
	size_t len);

/* ---- Writing ------------------------------------------------------------ */

/* Names whose places a writer remembers to point at. */
#define PIER__DNS_PLACES 128

/* A message while it is written, in this order: questions, answers, authority,
   additional records. */
struct pier__dns_writer {
	unsigned char *bytes;
	size_t size, len;
	bool plain_srv; /* no pointers in SRV: for legacy queries (18.14) */
	struct pier__dns_head head;
	size_t places;
	uint16_t place[PIER__DNS_PLACES];
};

/* pier__dns_write_begin(writer, bytes, size, id, flags): an empty message; bytes
   are borrowed; size is at least PIER__DNS_HEAD. */
void pier__dns_write_begin(struct pier__dns_writer *writer,
	unsigned char *bytes, size_t size, uint16_t id, uint16_t flags);

/* Each: 0, or -EMSGSIZE: it does not fit, and the message is as before. */
int pier__dns_write_ask(
	struct pier__dns_writer *writer, const struct pier__dns_ask *ask);
int pier__dns_write_record(struct pier__dns_writer *writer,
	enum pier__dns_section section, const struct pier__dns_record *record);

/* pier__dns_write_flags(writer, flags): these are set too. */
void pier__dns_write_flags(struct pier__dns_writer *writer, uint16_t flags);

/* pier__dns_write_end(writer): the head is written. The length. */
size_t pier__dns_write_end(struct pier__dns_writer *writer);

#endif
