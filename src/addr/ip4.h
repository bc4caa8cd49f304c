/* SPDX-License-Identifier: MIT */
/* IPv4 text; the other half of ip.h. */
#ifndef PIER_ADDR_IP4_H
#define PIER_ADDR_IP4_H

#include "addr/ip.h"

/* Would inet_aton() take this for an address, in whatever form? */
bool pier__ip4_is_meant(struct pier__span span);

/* Four decimal parts: returns 0, else -EINVAL. */
int pier__ip4_parse(
	unsigned char out[4], struct pier__span span, struct pier__why *why);

/*
 * One to four parts, each decimal, octal or hexadecimal, the last filling the
 * bytes that are left: what inet_aton(3) reads. Returns 0, else -EINVAL.
 */
int pier__ip4_parse_classic(
	unsigned char out[4], struct pier__span span, struct pier__why *why);

#endif
