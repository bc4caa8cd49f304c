/* SPDX-License-Identifier: MIT */
/*
 * net/tipc.h - TIPC, the sockets of a cluster whose addresses are services:
 * sockets opened.
 */
#ifndef PIER_NET_TIPC_H
#define PIER_NET_TIPC_H

#include <pier/stream.h>

#include "addr/tipc.h"
#include "net/packet.h"

/* What an endpoint may have behind '?': type=rdm or type=seqpacket. 0, or
   -EINVAL. */
int pier__tipc_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why);

/* Opens what plan says. 0, or an error, noted. */
int pier__tipc_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

/* A listener of connections of messages; opts->backlog is above 0. 0, or an
   error, noted with text. */
int pier__tipc_listen(struct pier_listener **out,
	const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text);

/* What came along with a message of no bytes: one of ours that nobody took is
   an error, not noted; else 0. */
int pier__tipc_returned(struct msghdr *header);

/* Room for what may come along. */
#define PIER__TIPC_ROOM CMSG_SPACE(2 * sizeof(uint32_t))

#endif
