/* SPDX-License-Identifier: MIT */
/* proto/lan_open.c - see lan_open.h. */
#include "proto/lan_open.h"

#include <errno.h>
#include <stdio.h>

#include <pier/find.h>

#include "proto/beacon_wire.h"
#include "proto/mdns_wire.h"

/* RFC 6762 section 11: a sign that it comes from this link. */
#define MDNS_TTL 255

/* A group of either family, which is written right. */
static struct pier_addr
group(const char *text, uint16_t port)
{
	struct pier_addr addr;

	(void)pier_addr_parse(&addr, text);
	(void)pier_addr_set_port(&addr, port);
	return addr;
}

static int
open_links(struct pier__links **out, struct pier__links_opts *opts,
	const struct pier__lan_wish *wish)
{
	opts->family = wish->family;
	opts->interfaces = wish->interfaces;
	return pier__links_open(out, opts);
}

int
pier__lan_open_beacon(
	struct pier__links **out, const struct pier__lan_wish *wish)
{
	struct pier__links_opts opts = { .port = PIER__BEACON_PORT,
		.group4 = group(PIER__BEACON_GROUP4, PIER__BEACON_PORT),
		.group6 = group(PIER__BEACON_GROUP6, PIER__BEACON_PORT),
		.broadcast = wish->family != AF_INET6,
		.ttl = 1 };

	return open_links(out, &opts, wish);
}

int
pier__lan_open_mdns(struct pier__links **out, const struct pier__lan_wish *wish)
{
	struct pier__links_opts opts = { .port = PIER__MDNS_PORT,
		.group4 = group(PIER__MDNS_GROUP4, PIER__MDNS_PORT),
		.group6 = group(PIER__MDNS_GROUP6, PIER__MDNS_PORT),
		.ttl = MDNS_TTL };

	return open_links(out, &opts, wish);
}

int
pier__lan_check(unsigned int *by, const struct pier__lan_wish *wish,
	char detail[PIER__LAN_DETAIL])
{
	const unsigned int all = PIER_BY_MDNS | PIER_BY_BEACON;
	const char *const *name;

	if (*by == 0)
		*by = all;
	if ((*by & ~all) != 0) {
		(void)snprintf(detail, PIER__LAN_DETAIL,
			"by is of PIER_BY_MDNS and PIER_BY_BEACON");
		return -EINVAL;
	}
	if (wish->family != AF_UNSPEC && wish->family != AF_INET &&
		wish->family != AF_INET6) {
		(void)snprintf(detail, PIER__LAN_DETAIL,
			"family is AF_UNSPEC, AF_INET or AF_INET6");
		return -EINVAL;
	}
	for (name = wish->interfaces; name != NULL && *name != NULL; name++) {
		int rc = pier_interface_index(*name);

		if (rc < 0) {
			(void)snprintf(detail, PIER__LAN_DETAIL,
				"there is no interface \"%.32s\"", *name);
			return rc;
		}
	}
	return 0;
}
