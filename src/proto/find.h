/* SPDX-License-Identifier: MIT */
/*
 * proto/find.h - pier/find.h from inside. find.c opens and drives the engines of
 * both protocols, found_book.c makes one of what they see.
 */
#ifndef PIER_PROTO_FIND_H
#define PIER_PROTO_FIND_H

#include <pier/find.h>

#include <stdatomic.h>

#include "proto/beacon.h"
#include "proto/found_book.h"
#include "proto/lan.h"
#include "proto/mdns_browse.h"

struct pier_find {
	struct pier__lan lan;
	struct pier__beacon_find *beacon; /* NULL: not by beacons */
	struct pier__mdns_browse *mdns;   /* NULL: not by multicast DNS */
	struct pier__found_book *book;
	atomic_bool busy; /* somebody is in pier_find_next() */
	uint64_t refused; /* by the book */
	char text[];      /* the type as it was given, for errors */
};

#endif
