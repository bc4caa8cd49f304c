/* SPDX-License-Identifier: MIT */
/* option/protocol.h - protocols of IP by their names, for raw sockets. */
#ifndef PIER_OPTION_PROTOCOL_H
#define PIER_OPTION_PROTOCOL_H

#include "base/text.h"

/* A number, 1 to 255, or one of the names that pier knows: "icmp", "gre". -1: it
   is neither. */
int pier__protocol_number(struct pier__span text);

#endif
