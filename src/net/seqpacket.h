/* SPDX-License-Identifier: MIT */
/*
 * net/seqpacket.h - Unix packets over a connection: dialled, accepted, ended;
 * and as the server has them, on a connection of its own.
 */
#ifndef PIER_NET_SEQPACKET_H
#define PIER_NET_SEQPACKET_H

#include "net/packet.h"

/* Opens what plan says. 0, or an error, noted. */
int pier__seqpacket_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

/*
 * pier__packet_over(out, carrier, text): a packet socket on the descriptor of a
 * stream, which lives longer, and whose limits and counts are the packets' too.
 * 0, or an error, not noted.
 */
int pier__packet_over(struct pier_packet **out, struct pier_stream *carrier,
	const char *text);

#endif
