/* SPDX-License-Identifier: MIT */
/*
 * proto/beacon.h - the two ends of the beacon protocol, pier-beacon(7): who looks
 * for services and who offers one. Pure but for memory: no socket, no clock; the
 * time of a call is never before that of the last.
 */
#ifndef PIER_PROTO_BEACON_H
#define PIER_PROTO_BEACON_H

#include "proto/beacon_wire.h"
#include "proto/links.h"
#include "proto/sighting.h"

/* The first questions, and the first tellings, of a link are a second apart, then
   twice as far each time, up to these. */
#define PIER__BEACON_ASK_NS  INT64_C(60000000000)
#define PIER__BEACON_TELL_NS INT64_C(30000000000)

/* What is told holds so long: three tellings may be lost. */
#define PIER__BEACON_HOLDS_S 100

/* Answers are spread over this time, so that many do not come at once. */
#define PIER__BEACON_SPREAD_NS INT64_C(100000000)

/* Who asked and has no answer yet, of one who offers; more are passed over: they
   ask again. */
#define PIER__BEACON_ASKERS_MAX 64

/* Links of IPv4 and IPv6. */
#define PIER__BEACON_LINKS_MAX (2 * PIER__LAN_MAX)

/* ---- Looking ------------------------------------------------------------ */

struct pier__beacon_find;

/* pier__beacon_find_open(out, type, seed): look for "_http._tcp", or NULL: for
   anything, to tell its type. seed is random. 0 or -ENOMEM. */
int pier__beacon_find_open(
	struct pier__beacon_find **out, const char *type, uint64_t seed);
void pier__beacon_find_close(struct pier__beacon_find *it);

/* A link came, went, or has other addresses. */
void pier__beacon_find_link(struct pier__beacon_find *it, int64_t now_ns,
	const struct pier__link_state *link);

/* A datagram came. 0, or -ENOMEM: what it said is forgotten. */
int pier__beacon_find_input(struct pier__beacon_find *it, int64_t now_ns,
	const struct pier__datagram *datagram);

/* The next packet that is due: 1; 0: none is. Its bytes are borrowed until the
   next call. */
int pier__beacon_find_output(struct pier__beacon_find *it, int64_t now_ns,
	struct pier__sending *sending);

/* The next thing to tell: 1; 0: none. Its texts are borrowed until the next
   call. */
int pier__beacon_find_event(struct pier__beacon_find *it, int64_t now_ns,
	struct pier__sighting *sighting);

/* When output and event are to be asked again, once both gave 0. */
int64_t pier__beacon_find_due(const struct pier__beacon_find *it);

struct pier__beacon_stats {
	uint64_t received; /* beacons that came */
	uint64_t bad;      /* of them: broke the rules, and had no effect */
	uint64_t refused;  /* beyond a bound */
};

void pier__beacon_find_stats(
	const struct pier__beacon_find *it, struct pier__beacon_stats *out);

/* ---- Offering ----------------------------------------------------------- */

struct pier__beacon_offer;

/*
 * pier__beacon_offer_open(out, what, seed): offer what `what` says: a HERE with
 * everything but holds_s, token and id. What it points to is copied. 0 or
 * -ENOMEM.
 */
int pier__beacon_offer_open(struct pier__beacon_offer **out,
	const struct pier__beacon *what, uint64_t seed);
void pier__beacon_offer_close(struct pier__beacon_offer *it);

/* It has another name from now on: 1 to 63 bytes. The old one is gone. */
void pier__beacon_offer_rename(
	struct pier__beacon_offer *it, int64_t now_ns, const char *instance);

/* Its host has another name from now on: 1 to 63 bytes. */
void pier__beacon_offer_move(
	struct pier__beacon_offer *it, int64_t now_ns, const char *host);

/* A link came, went, or has other addresses. */
void pier__beacon_offer_link(struct pier__beacon_offer *it, int64_t now_ns,
	const struct pier__link_state *link);

/* A datagram came. */
void pier__beacon_offer_input(struct pier__beacon_offer *it, int64_t now_ns,
	const struct pier__datagram *datagram);

/* The next packet that is due: 1; 0: none is. *answer: it answers who asked. Its
   bytes are borrowed until the next call. */
int pier__beacon_offer_output(struct pier__beacon_offer *it, int64_t now_ns,
	struct pier__sending *sending, bool *answer);

/* It is over: output gives what says so, on every link, and nothing more. */
void pier__beacon_offer_end(struct pier__beacon_offer *it);

int64_t pier__beacon_offer_due(const struct pier__beacon_offer *it);

#endif
