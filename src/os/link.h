/* SPDX-License-Identifier: MIT */
/*
 * os/link.h - the links of this machine, for what is sent by each of them. All
 * that there is to know of interfaces is the business of inspect/.
 */
#ifndef PIER_OS_LINK_H
#define PIER_OS_LINK_H

#include <net/if.h>
#include <netinet/in.h>

/* So many are looked at: of more, the first. */
#define PIER__LINKS_MAX 256

struct pier__link {
	unsigned int index;
	unsigned int flags; /* IFF_UP, IFF_BROADCAST… */
	char name[IF_NAMESIZE];
	/* Of its first IPv4 address with a broadcast address, else of its first
	   one; 0.0.0.0: it has none */
	struct in_addr ip4;
	struct in_addr broadcast;
};

/* See the entry `links` of os/calls.h. */
int pier__real_links(struct pier__link *list, int max);

#endif
