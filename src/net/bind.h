/* SPDX-License-Identifier: MIT */
/* net/bind.h - the local address of a client: "ADDR:PORT", "ADDR", ":PORT". */
#ifndef PIER_NET_BIND_H
#define PIER_NET_BIND_H

#include <pier/addr.h>

/* What to bind to before connecting to an address of each family. */
struct pier__bind {
	bool given;           /* else the kernel chooses, and all below is 0 */
	struct pier_addr ip4; /* len 0: this family is not to be used */
	struct pier_addr ip6;
};

/* text may be NULL. 0, or -EINVAL, -ENODEV, noted, text being the endpoint. */
int pier__bind_parse(struct pier__bind *out, const char *text);

/* The family that peers must have, AF_UNSPEC: either. */
int pier__bind_family(const struct pier__bind *local);

/*
 * Bind fd, not connected yet, of this family and type. 0 or -errno; -EAFNOSUPPORT: an
 * address of the other family was asked for.
 */
int pier__bind_socket(
	const struct pier__bind *local, int fd, int family, int type);

#endif
