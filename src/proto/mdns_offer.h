/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_offer.h - offering one service by multicast DNS (RFC 6762) and DNS-SD
 * (RFC 6763): its names are probed, told and defended, and who asks is answered.
 * Pure but for memory: no socket, no clock; the time of a call is never before
 * that of the last.
 *
 * Names are probed on each interface, IPv4 and IPv6 alike; records of addresses
 * are those of that interface. One that is another's anywhere becomes "NAME (2)"
 * (a host's "name-2") everywhere.
 *
 * mdns_records.c holds the records, mdns_offer.c the life of the names,
 * mdns_answer.c what is answered, mdns_offer_out.c packs what is due.
 */
#ifndef PIER_PROTO_MDNS_OFFER_H
#define PIER_PROTO_MDNS_OFFER_H

#include "proto/links.h"
#include "proto/mdns_wire.h"

#define PIER__MDNS_SUBTYPES_MAX 16
#define PIER__MDNS_ALIASES_MAX  8

struct pier__mdns_offer;

struct pier__mdns_offer_opts {
	const char *instance;        /* UTF-8, 1 to 63 bytes */
	const char *type;            /* as pier__dnssd_type_parse() reads it */
	const char *const *subtypes; /* "_color", up to NULL; or NULL */
	const char *host;            /* its first label, 1 to 63 bytes */
	const char *const *aliases;  /* other names of the host; or NULL */
	uint16_t port, priority, weight;
	const unsigned char *txt; /* strings of a TXT record */
	size_t txt_len;
	uint64_t seed; /* of times that spread; random */
};

enum pier__mdns_offer_what {
	PIER__MDNS_PROBED,
	PIER__MDNS_RENAMED, /* the instance */
	PIER__MDNS_TOLD,
	PIER__MDNS_ANSWERED
};

struct pier__mdns_offer_event {
	enum pier__mdns_offer_what what;
	struct pier__link_id link;
	struct pier_addr to; /* of an answer to one alone; else len 0 */
};

/* 0, -ENOMEM; or -EINVAL, and *why says in a constant sentence what was
   expected. */
int pier__mdns_offer_open(struct pier__mdns_offer **out,
	const struct pier__mdns_offer_opts *opts, const char **why);
void pier__mdns_offer_close(struct pier__mdns_offer *it);

/* A link came, went, or has other addresses. 0 or -ENOMEM. */
int pier__mdns_offer_link(struct pier__mdns_offer *it, int64_t now_ns,
	const struct pier__link_state *link);

/* A datagram came. */
void pier__mdns_offer_input(struct pier__mdns_offer *it, int64_t now_ns,
	const struct pier__datagram *datagram);

/*
 * The next packet that is due: 1; 0: none is. Its bytes are borrowed until the
 * next call.
 *
 *   event  what it is; what PIER__MDNS_RENAMED tells is told by
 *          pier__mdns_offer_renamed()
 */
int pier__mdns_offer_output(struct pier__mdns_offer *it, int64_t now_ns,
	struct pier__sending *sending, struct pier__mdns_offer_event *event);

/* Has the instance, the host or an alias another name since the last call? */
bool pier__mdns_offer_renamed(struct pier__mdns_offer *it);

/* The instance's name by now. */
const char *pier__mdns_offer_instance(const struct pier__mdns_offer *it);

/* "lab2.local": the name of the host (which: 0) or of an alias (1 and on) by now;
   "": there is none. */
#define PIER__MDNS_HOST_TEXT 128
void pier__mdns_offer_host(const struct pier__mdns_offer *it, size_t which,
	char text[PIER__MDNS_HOST_TEXT]);

/* It is over: output gives what says so, and nothing more. */
void pier__mdns_offer_end(struct pier__mdns_offer *it);

int64_t pier__mdns_offer_due(const struct pier__mdns_offer *it);

#endif
