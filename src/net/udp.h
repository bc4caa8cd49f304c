/* SPDX-License-Identifier: MIT */
/*
 * net/udp.h - UDP: sockets opened, and by which address and link a message
 * came and is to leave.
 */
#ifndef PIER_NET_UDP_H
#define PIER_NET_UDP_H

#include "net/packet.h"

/* Room for the control messages that name an address and a link. */
#define PIER__PKTINFO_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))

/* Opens what plan says: one socket, or for a server on every address one per
   family with the same port. How many (at most max), or an error, noted. */
int pier__udp_open(struct pier_packet **out, size_t max,
	const struct pier__packet_plan *plan);

/* Sets local and interface of msg by what came with it, port being that of
   the socket; leaves them 0 where nothing did. */
void pier__pktinfo_read(
	struct pier_msg *msg, struct msghdr *from, unsigned int port);

/* Adds to header what makes an answer to msg leave from msg->local by
   msg->interface. room has PIER__PKTINFO_MAX bytes and is aligned. */
void pier__pktinfo_write(
	struct msghdr *header, void *room, const struct pier_msg *msg);

#endif
