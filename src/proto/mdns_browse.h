/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse.h - looking for services by multicast DNS (RFC 6762) and
 * DNS-SD (RFC 6763): which questions are asked when, what is remembered of the
 * answers and for how long, and what follows of it. Pure but for memory: no
 * socket, no clock; the time of a call is never before that of the last.
 *
 * What was heard counts for an interface: IPv4 and IPv6 of one are asked alike,
 * and share a cache.
 *
 * The first of a row of questions leaves from the ephemeral port and wants its
 * answers there, and soon (section 6.7); the others go from port 5353, and say
 * what is known already. A second passes before the second one, then twice as
 * long each time, up to an hour (5.2). How many leave has a bound.
 *
 * What others ask is heard too: their questions need not be asked again (7.3),
 * and what nobody says to them is not there any more (10.5).
 */
#ifndef PIER_PROTO_MDNS_BROWSE_H
#define PIER_PROTO_MDNS_BROWSE_H

#include "proto/links.h"
#include "proto/mdns_wire.h"
#include "proto/sighting.h"

/* Of one interface: instances, and records. */
#define PIER__MDNS_INSTANCES_MAX 4096
#define PIER__MDNS_RECORDS_MAX   16384

/* On one interface so many questions leave in a minute, and as many more for each
   service that was told: at once, or one after the other; and as many again,
   where there were none before. What is known is asked for again before what is
   new, and what has no room waits. So nobody makes a crowd of finders ask for
   names that he makes up, without end. The question of a row for the type itself
   does not count: there is one, ever less often. */
#define PIER__MDNS_ASKS_MINUTE  120
#define PIER__MDNS_ASKS_SERVICE 4

/* Addresses of one service that are told. */
#define PIER__MDNS_ADDRS_MAX 32

struct pier__mdns_browse;

struct pier__mdns_browse_opts {
	/* As pier__dnssd_type_parse() reads it; PIER__DNSSD_TYPES or NULL: which
	   types there are (RFC 6763 section 9) */
	const char *type;
	const char *domain; /* NULL: "local" */
	uint64_t seed;      /* of times that spread; random */
};

struct pier__mdns_browse_stats {
	uint64_t received; /* messages that came */
	uint64_t bad;      /* of them: broke the rules, and had no effect */
	uint64_t refused;  /* services beyond a bound */
};

/*
 * pier__mdns_browse_open(out, opts, why): get ready to look.
 *
 *   why  of -EINVAL: a constant sentence that says what was expected
 *
 * 0, -EINVAL or -ENOMEM.
 */
int pier__mdns_browse_open(struct pier__mdns_browse **out,
	const struct pier__mdns_browse_opts *opts, const char **why);
void pier__mdns_browse_close(struct pier__mdns_browse *browse);

/* A link came, went, or has other addresses. 0 or -ENOMEM: as if it were not. */
int pier__mdns_browse_link(struct pier__mdns_browse *browse, int64_t now_ns,
	const struct pier__link_state *link);

/* A datagram came. 0, or -ENOMEM: what it said is forgotten in part. */
int pier__mdns_browse_input(struct pier__mdns_browse *browse, int64_t now_ns,
	const struct pier__datagram *datagram);

/* The next packet that is due: 1; 0: none is. Its bytes are borrowed until the
   next call. */
int pier__mdns_browse_output(struct pier__mdns_browse *browse, int64_t now_ns,
	struct pier__sending *sending);

/* The next thing to tell: 1; 0: none. Its texts are borrowed until the next
   call. The family of its link is AF_UNSPEC. */
int pier__mdns_browse_event(struct pier__mdns_browse *browse, int64_t now_ns,
	struct pier__sighting *sighting);

/* Right after an event that could not be taken in: it is told again. */
void pier__mdns_browse_event_again(struct pier__mdns_browse *browse);

/* When output and event are to be asked again at the latest, once both gave 0;
   INT64_MAX: never. */
int64_t pier__mdns_browse_due(const struct pier__mdns_browse *browse);

void pier__mdns_browse_stats(const struct pier__mdns_browse *browse,
	struct pier__mdns_browse_stats *out);

#endif
