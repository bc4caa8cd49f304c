/* SPDX-License-Identifier: MIT */
/* net/udp.h - UDP sockets opened. */
#ifndef PIER_NET_UDP_H
#define PIER_NET_UDP_H

#include "net/packet.h"

/* Opens what plan says: one socket, or for a server on every address one per
   family with the same port. How many (at most max), or an error, noted. */
int pier__udp_open(struct pier_packet **out, size_t max,
	const struct pier__packet_plan *plan);

#endif
