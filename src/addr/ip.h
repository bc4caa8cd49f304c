/* SPDX-License-Identifier: MIT */
/*
 * IPv4 and IPv6 addresses as text, both ways. Pure: a zone stays a name here,
 * and becomes the number of an interface in text.c.
 *
 * Stricter than inet_aton() and as strict as inet_pton(), with the place and
 * the reason of each refusal.
 */
#ifndef PIER_ADDR_IP_H
#define PIER_ADDR_IP_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

#define PIER__IP4_TEXT_MAX 16 /* "255.255.255.255" */
#define PIER__IP6_TEXT_MAX 40 /* eight groups of four */

/* As long as the name of an interface can be; a number is shorter. */
#define PIER__ZONE_MAX 16

struct pier__ip {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
	char zone[PIER__ZONE_MAX]; /* "" is none */
	size_t zone_offset;
};

/* The pieces of "host:port". */
struct pier__hostport {
	struct pier__span host; /* without brackets */
	bool bracketed;
	bool has_port; /* a ':' is there, though nothing may follow it */
	struct pier__span port;
};

/*
 * Splits at the colon of the port. Two colons without brackets are an IPv6
 * address that has none. Returns 0, or -EINVAL for brackets that do not
 * match.
 */
int pier__hostport_split(struct pier__hostport *out, struct pier__span span,
	struct pier__why *why);

/*
 * Reads an address, the zone of an IPv6 one included.
 *
 * Returns 1, or 0 if the text is no address in numbers but might be a name,
 * or -EINVAL if it is meant as an address and wrong. What inet_aton() would
 * take for an IPv4 address (127.1, 0x7f.1, 2130706433) is never a name:
 * getaddrinfo() would read it so, and two programs that disagree about where
 * "010.0.0.1" is are a hole in somebody's filter.
 */
int pier__ip_parse(
	struct pier__ip *out, struct pier__span span, struct pier__why *why);

/* Both write text that ends in NUL and return its length. */
size_t pier__ip4_text(
	char out[PIER__IP4_TEXT_MAX], const unsigned char bytes[4]);

/* RFC 5952; v4-mapped addresses are the business of the caller. */
size_t pier__ip6_text(
	char out[PIER__IP6_TEXT_MAX], const unsigned char bytes[16]);

#endif
