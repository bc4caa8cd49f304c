/* SPDX-License-Identifier: MIT */
/*
 * net/proxy_wire.h - the header by which a proxy tells whom it connects for:
 * "The PROXY protocol", versions 1 and 2 (haproxy, doc/proxy-protocol.txt).
 * Pure.
 */
#ifndef PIER_NET_PROXY_WIRE_H
#define PIER_NET_PROXY_WIRE_H

#include <pier/addr.h>

/* The longest header that is taken. Version 1 has 107 bytes at most, version 2
   could have 65551; what there is beside addresses stays far below this. */
#define PIER__PROXY_MAX 16384

struct pier__proxy {
	/* Both len 0: the connection is the proxy's own (LOCAL), or it does not
	   say (UNKNOWN, UNSPEC). */
	struct pier_addr source;
	struct pier_addr destination;
};

/*
 * pier__proxy_decode(out, data, size, want, why): the header at the beginning
 * of data.
 *
 *   want  so many bytes it takes at least, when these are not all
 *   why   what is wrong, a constant text
 *
 * How many bytes it has, 0: data is only its beginning, or -PIER_EFRAME.
 */
int pier__proxy_decode(struct pier__proxy *out, const void *data, size_t size,
	size_t *want, const char **why);

#endif
