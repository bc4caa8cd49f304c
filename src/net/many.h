/* SPDX-License-Identifier: MIT */
/*
 * net/many.h - where a message goes that is for many: the links of this machine,
 * broadcast addresses, groups of multicast, and endpoints that name them.
 */
#ifndef PIER_NET_MANY_H
#define PIER_NET_MANY_H

#include "net/endpoint.h"
#include "net/packet.h"
#include "os/link.h"

bool pier__addr_is_group(const struct pier_addr *addr);
/* 255.255.255.255 */
bool pier__addr_is_broadcast(const struct pier_addr *addr);
/* Of an IPv6 address that names its link, else 0. */
unsigned int pier__addr_zone(const struct pier_addr *addr);

/* The links, for pier__free(): how many, or an error. */
int pier__links_list(struct pier__link **out);

/* Is addr one host's, on whichever link? Then who is bound to it leaves from
   it, and hears nothing that was sent to many. */
bool pier__many_is_one(const struct pier_addr *addr);

/* The address of an endpoint, as looked up, becomes that which a server is bound
   to, or a client sends to; *link that of the one link it is for, or 0. 0, or
   an error and why. */
int pier__many_place(struct pier_addr *addr, unsigned int *link,
	const struct pier__endpoint *endpoint, bool listen,
	struct pier__why *why);

/* packet, a server's, joins group as its endpoint says. */
int pier__many_join(struct pier_packet *packet, const struct pier_addr *group,
	const struct pier__wishes *wishes, struct pier__why *why);

/* packet, a client's, sends as its endpoint says. */
int pier__many_aim(struct pier_packet *packet,
	const struct pier__endpoint *endpoint, struct pier__why *why);

/* A membership begins or ends. 0, or an error, not noted, and what to add or
   NULL. */
int pier__group_change(struct pier_packet *packet,
	const struct pier_membership *membership, bool join,
	const char **detail);
int pier__group_set_interface(
	struct pier_packet *packet, unsigned int interface);

#endif
