/* SPDX-License-Identifier: MIT */
/*
 * proto/announce.h - pier/announce.h from inside: announce.c checks what is to
 * be told, opens the engines of both protocols and drives them.
 */
#ifndef PIER_PROTO_ANNOUNCE_H
#define PIER_PROTO_ANNOUNCE_H

#include <pier/announce.h>

#include <stdatomic.h>

#include "proto/beacon.h"
#include "proto/lan.h"
#include "proto/mdns_offer.h"

/* Links, and what was sent, that are yet to be told; the oldest goes. */
#define PIER__ANNOUNCE_EVENTS 64

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
	char was[PIER__BEACON_INSTANCE_MAX + 1];
	unsigned char text[PIER__BEACON_TEXT_MAX];
	size_t text_len;
};

#endif
