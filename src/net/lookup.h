/* SPDX-License-Identifier: MIT */
/*
 * net/lookup.h - from an endpoint with a host to its addresses: numbers at
 * once, names by the caller's own function or by pier_resolve().
 */
#ifndef PIER_NET_LOOKUP_H
#define PIER_NET_LOOKUP_H

#include <pier/resolve.h>

#include "net/endpoint.h"

struct pier__lookup {
	const struct pier__endpoint *endpoint; /* tcp, udp or icmp */
	const char *text;                      /* as it was given, for errors */
	bool passive;                          /* to listen there */
	pier_lookup_fn *fn;                    /* in place of pier_resolve() */
	void *arg;
};

/*
 * pier__lookup(out, question, deadline): only addresses of the endpoint's
 * family come out, with its port, in the order to try.
 *
 * 0; or as pier_resolve(), noted; -PIER_ENONAME: none of that family.
 */
int pier__lookup(struct pier_names **out, const struct pier__lookup *question,
	pier_deadline deadline);

#endif
