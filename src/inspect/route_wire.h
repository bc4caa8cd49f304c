/* SPDX-License-Identifier: MIT */
/*
 * inspect/route_wire.h - what rtnetlink(7) answers about interfaces, from bytes
 * to structures. Pure but for memory.
 */
#ifndef PIER_INSPECT_ROUTE_WIRE_H
#define PIER_INSPECT_ROUTE_WIRE_H

#include <pier/interface.h>

#include <stdbool.h>

#include "inspect/netlink.h"

/* Looks at one datagram: 1, there is more to come; 0, it has the last message;
   or the negative error that it brings, -EBADMSG when it cannot be read.
   *again: the list changed while it was made. */
int pier__route_step(struct pier__bytes datagram, bool *again);

/* The list of the answers to RTM_GETLINK and RTM_GETADDR. 0, -ENOMEM, or
   -EBADMSG. */
int pier__route_interfaces(struct pier_interfaces **out,
	struct pier__bytes links, struct pier__bytes addrs);

#endif
