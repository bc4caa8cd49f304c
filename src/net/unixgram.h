/* SPDX-License-Identifier: MIT */
/* net/unixgram.h - Unix datagrams: sockets opened. */
#ifndef PIER_NET_UNIXGRAM_H
#define PIER_NET_UNIXGRAM_H

#include "net/packet.h"

/* Opens what plan says. 0, or an error, noted. */
int pier__unixgram_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

#endif
