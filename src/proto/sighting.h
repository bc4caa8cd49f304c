/* SPDX-License-Identifier: MIT */
/*
 * proto/sighting.h - what an engine that looks for services tells: one service,
 * as one protocol sees it on one link. find.c makes one of what all of them see.
 */
#ifndef PIER_PROTO_SIGHTING_H
#define PIER_PROTO_SIGHTING_H

#include <pier/addr.h>

#include "proto/links.h"

enum pier__sighting_what {
	PIER__SEEN, /* it is there, or has changed: all that is known */
	PIER__GONE, /* nothing but by, link, instance, type, domain, reason */
	PIER__SEEN_TYPE /* nothing but by, link, type, domain: such services exist */
};

enum pier__gone_reason {
	PIER__GONE_GOODBYE, /* it said so */
	PIER__GONE_EXPIRED, /* nothing was heard of it for too long */
	PIER__GONE_LINK     /* the link went down */
};

struct pier__sighting {
	enum pier__sighting_what what;
	unsigned int by; /* PIER_BY_MDNS, PIER_BY_BEACON of pier/find.h */
	struct pier__link_id link;
	enum pier__gone_reason reason;
	/* All texts and lists are the engine's, until its next call. */
	const char *instance; /* UTF-8, "My Printer" */
	const char *type;     /* "_ipp._tcp" */
	const char *domain;   /* "local" */
	const char *host;     /* "lab2.local", or "" */
	uint16_t port, priority, weight;
	const unsigned char *txt; /* as in a TXT record, RFC 6763 section 6 */
	size_t txt_len;
	const struct pier_addr *addrs; /* with the port; link-local with zone */
	size_t addr_count;
};

#endif
