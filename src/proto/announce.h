/* SPDX-License-Identifier: MIT */
/*
 * proto/announce.h - pier/announce.h from inside: announce_open.c checks what is to
 * be told and opens the engines of both protocols, announce_engine.c drives them
 * and notes what they do, announce.c tells it.
 */
#ifndef PIER_PROTO_ANNOUNCE_H
#define PIER_PROTO_ANNOUNCE_H

#include <pier/announce.h>

#include <stdatomic.h>

#include "proto/beacon.h"
#include "proto/lan.h"
#include "proto/lan_open.h"
#include "proto/mdns_offer.h"

/* Links, and what was sent, that are yet to be told; the oldest goes. */
#define PIER__ANNOUNCE_EVENTS 64

/* The host, and its aliases. */
#define PIER__ANNOUNCE_HOSTS (1 + PIER__MDNS_ALIASES_MAX)

/* A name of the host, "lab2.local" or "": now, and as it was told last. */
struct pier__announce_host {
	char now[PIER__MDNS_HOST_TEXT], told[PIER__MDNS_HOST_TEXT];
};

struct pier_announce {
	struct pier__lan lan;
	struct pier__beacon_offer *beacon; /* NULL: not by beacons */
	struct pier__mdns_offer *mdns;     /* NULL: not by multicast DNS */
	atomic_bool busy;    /* somebody is in pier_announce_next() */
	size_t first, count; /* of events */
	struct pier_announce_event events[PIER__ANNOUNCE_EVENTS];
	char instance[PIER__BEACON_INSTANCE_MAX + 1];
	/* The name that was told last, and before it: another one is told before
	   anything else, and never lost */
	char told[PIER__BEACON_INSTANCE_MAX + 1];
	struct pier__announce_host hosts[PIER__ANNOUNCE_HOSTS];
	char was[PIER__MDNS_HOST_TEXT];
	unsigned char text[PIER__BEACON_TEXT_MAX];
	size_t text_len;
};

/* What is wrong with the wish, for the error. */
struct pier__announce_wrong {
	const char *text; /* as it was given */
	char detail[PIER__LAN_DETAIL + 96];
};

/* Checks opts and opens the engines and their links. 0, or an error of
   pier_announce_open(), and *wrong says why. */
int pier__announce_start(struct pier_announce *it,
	struct pier_announce_opts *opts, struct pier__announce_wrong *wrong);

/* Takes over the names that the host has by now. True: that of the host itself
   is another. */
bool pier__announce_take_hosts(struct pier_announce *it);

extern const struct pier__lan_ops pier__announce_by_beacon,
	pier__announce_by_mdns;

#endif
