/* SPDX-License-Identifier: MIT */
/* net/l2cap.h - packet sockets over L2CAP: clients, and what a receive met. */
#ifndef PIER_NET_L2CAP_H
#define PIER_NET_L2CAP_H

#include "net/bt.h"
#include "net/packet.h"

/* Opens what plan says. 0, or an error, noted. */
int pier__l2cap_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

/* Has each message of fd bring something along, by which an empty one is told from
   the end. 0, or -errno. */
int pier__l2cap_mark(int fd);

/*
 * pier__l2cap_recvmsg(fd, header, flags): one attempt, as recvmsg(2), in which an
 * end of the channel is told from an empty message, comes behind all that was
 * sent before it, and as often as it is asked for.
 *
 * Bytes, or -errno, -EAGAIN; -PIER_EEND: the peer has ended.
 */
ssize_t pier__l2cap_recvmsg(int fd, struct msghdr *header, int flags);

#endif
