/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_wire.h - probes to bytes and back: ICMP echo (RFC 792, RFC 4443
 * section 4), and the bytes behind it, which are also all there is of a UDP
 * probe. Pure.
 *
 * The bytes of a probe: a random number that is this ping's own, the number of
 * the probe, and a pattern; as much of that as there is room for. So an answer
 * is known where the header does not tell, and one that was changed on the way
 * is told.
 */
#ifndef PIER_PROTO_PING_WIRE_H
#define PIER_PROTO_PING_WIRE_H

#include <pier/ping.h>

#include <stddef.h>
#include <stdint.h>

/* Type, code, checksum, identifier, sequence number. */
#define PIER__PING_HEAD 8

/* The longest answer: an IPv4 header with all its options, and that. */
#define PIER__PING_ANSWER_MAX (60 + PIER__PING_HEAD + PIER_PING_SIZE_MAX)

/* What all probes of one ping share. */
struct pier__ping_form {
	bool v6;    /* ICMPv6 */
	bool raw;   /* what comes may be for others; in IPv4 with its header */
	bool bare;  /* no header of ICMP: a UDP datagram */
	bool l2cap; /* an echo of L2CAP, of its own header */
	uint16_t id;
	uint64_t cookie;
	size_t size; /* of the bytes behind the header */
};

/* An answer, or a probe of ours that an error quotes. */
struct pier__ping_found {
	bool named;        /* sequence is known */
	uint16_t sequence; /* its last 16 bits */
	/* Of L2CAP: its identifier, PIER__PING_IDENT_MIN and on; and that it is
	   no echo but says why there is none */
	unsigned int ident;
	bool is_refusal;
	unsigned int mtu; /* of a refusal of what is too long, else 0 */
	int ttl;          /* -1: not in these bytes */
	const unsigned char
		*bytes; /* behind the header, inside what was read */
	size_t size;
};

/* Identifiers of L2CAP's requests that programs may take: the kernel has those
   below, and 255. */
#define PIER__PING_IDENT_MIN   200
#define PIER__PING_IDENT_COUNT 55

/* Bytes behind the header of an echo of L2CAP: what every device takes (Core,
   volume 3 part A section 4), and what the kernel sends at most. */
#define PIER__PING_L2CAP_SIZE 44
#define PIER__PING_L2CAP_MAX  668

/* The checksum of the Internet (RFC 1071), to be stored by pier_be16_put(). */
uint16_t pier__checksum(const void *bytes, size_t len);

/* The probe of that number; out has PIER__PING_HEAD + form->size bytes. Its
   length. */
size_t pier__ping_write(unsigned char *out, const struct pier__ping_form *form,
	uint64_t sequence);

/* 0, or -ENOMSG: it is no answer to a probe of this form. */
int pier__ping_read(struct pier__ping_found *out, const unsigned char *bytes,
	size_t len, const struct pier__ping_form *form);

/* The same of the probe that an error quotes, as much as it does. */
int pier__ping_read_quoted(struct pier__ping_found *out,
	const unsigned char *bytes, size_t len,
	const struct pier__ping_form *form);

/* Are these the bytes that were sent, as far as they go? */
bool pier__ping_is_intact(const struct pier__ping_found *found,
	const struct pier__ping_form *form, uint64_t sequence);

#endif
