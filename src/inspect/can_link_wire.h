/* SPDX-License-Identifier: MIT */
/*
 * inspect/can_link_wire.h - what rtnetlink(7) answers about CAN interfaces, from
 * bytes to structures. Pure but for memory.
 */
#ifndef PIER_INSPECT_CAN_LINK_WIRE_H
#define PIER_INSPECT_CAN_LINK_WIRE_H

#include <pier/can_link.h>

#include <stdbool.h>

#include "inspect/netlink.h"

/* Is the message about a CAN interface? It fills out either way. */
bool pier__can_link_read(
	struct pier_can_link *out, const struct nlmsghdr *message);

/* The list of an answer to RTM_GETLINK, by index. 0, -ENOMEM, or -EBADMSG. */
int pier__can_links_read(
	struct pier_can_links **out, struct pier__bytes messages);

#endif
