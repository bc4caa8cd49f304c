/* SPDX-License-Identifier: MIT */
/*
 * addr/tipc.h - addresses of TIPC, the sockets of a cluster: a service that is
 * reached, or one socket. See linux/tipc.h.
 */
#ifndef PIER_ADDR_TIPC_H
#define PIER_ADDR_TIPC_H

#include <pier/addr.h>

#include "base/text.h"

/* Not in every libc's headers. */
#ifndef AF_TIPC
#define AF_TIPC 30
#endif

/* "TYPE/INSTANCE" or "TYPE/LOWEST-HIGHEST": what a service is reached by. 0, or
   -EINVAL. */
int pier__tipc_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* These, and "NUMBER@NODE", a socket, its node in hexadecimal. */
int pier__tipc_parse_any(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* As pier__tipc_parse_any() reads it. The length; 40 bytes are enough. */
size_t pier__tipc_format(char *out, size_t size, const struct pier_addr *addr);

/* Is addr one of TIPC, and not that of a socket? */
bool pier__tipc_is_service(const struct pier_addr *addr);

#endif
