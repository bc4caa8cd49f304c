/* SPDX-License-Identifier: MIT */
/*
 * addr/isotp.h - addresses of ISO-TP over CAN as text: a link, and the identifiers
 * that one end sends and hears.
 */
#ifndef PIER_ADDR_ISOTP_H
#define PIER_ADDR_ISOTP_H

#include <pier/addr.h>

#include "base/text.h"

/* Not in every libc's headers. */
#ifndef AF_CAN
#define AF_CAN 29
#endif

/* "LINK/TX/RX": where LINK stands, which is not looked up, and an address whose
   interface is 0. 0, or -EINVAL. */
int pier__isotp_split(struct pier__span *link, struct pier_addr *out,
	struct pier__span span, struct pier__why *why);

/* The same with the link looked up, by its name or number. 0, -EINVAL or
   -ENODEV. */
int pier__isotp_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* As pier__isotp_parse() reads it. The length; 80 bytes are enough. */
size_t pier__isotp_format(char *out, size_t size, const struct pier_addr *addr);

/* Is addr one of ISO-TP, with its identifiers? */
bool pier__isotp_is(const struct pier_addr *addr);

#endif
