/* SPDX-License-Identifier: MIT */
/* Addresses, the part that only the library sees. */
#ifndef PIER_ADDR_ADDR_H
#define PIER_ADDR_ADDR_H

#include <pier/addr.h>

#include "base/text.h"

/* A name of the DNS has 253 bytes (RFC 1035 3.1), and perhaps a final dot. */
#define PIER__HOST_MAX 254

/* RFC 6335 allows 15; libc's database has a few that are longer. */
#define PIER__SERVICE_MAX 32

/* Longest path of a Unix socket, as it is written, and the longest name in a folder of one that
   no socket address holds: what "/proc/self/fd/1234567/" leaves of 107. */
#define PIER__LONG_PATH_MAX 1000
#define PIER__LONG_NAME_MAX 85

/* An Internet address as it is meant: IPv4 also where it is v4-mapped. */
struct pier__ip_view {
	int family;
	const unsigned char *bytes; /* 4 or 16, inside the address looked at */
	unsigned int port;
	uint32_t zone;
};

/* False for every other family, out is then not written. */
bool pier__addr_ip(struct pier__ip_view *out, const struct pier_addr *addr);

/*
 * A Unix address of len bytes: a path, or a NUL and then an abstract name.
 * Returns 0 or -ENAMETOOLONG.
 */
int pier__addr_unix(struct pier_addr *out, const char *name, size_t len);

/*
 * Reads a path or "@name" with its %XX, the whole span. Returns 0, -EINVAL or
 * -ENAMETOOLONG.
 */
int pier__addr_parse_unix(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* The same of a longer path, which it checks only, up to PIER__LONG_PATH_MAX
   bytes. */
int pier__addr_check_long(struct pier__span span, struct pier__why *why);
/* Writes what it found good, and a NUL, to out. */
void pier__addr_decode_path(char *out, struct pier__span span);

/* An IP address with its zone looked up and this port: 0 or -ENODEV. */
struct pier__ip;
int pier__addr_from_ip(struct pier_addr *out, const struct pier__ip *ip,
	unsigned int port, struct pier__why *why);

/* pier_addr_parse() that explains: the same results. */
int pier__addr_parse(
	struct pier_addr *out, const char *text, struct pier__why *why);

/* An IP address as text, with its port or without; and the zone alone, with its
   '%'. The length, out ends in NUL. */
size_t pier__addr_format_ip(
	char *out, size_t size, const struct pier__ip_view *ip, bool port);
size_t pier__addr_format_zone(char *out, size_t size, uint32_t zone);

/* Is text the beginning of a Unix address: "/", "./" or "@"? */
bool pier__is_unix_text(struct pier__span span);

#endif
