/* SPDX-License-Identifier: MIT */
/*
 * net/svc.h - svc://TYPE/NAME: a service that is found on this network before it
 * is dialled. It is tcp or udp from here on, as its type says; who finds it is the
 * caller's look-up function. Pure.
 */
#ifndef PIER_NET_SVC_H
#define PIER_NET_SVC_H

#include "net/endpoint.h"

/*
 * Reads what stands behind "svc://": the type, "_http._tcp" or "http" for it, and
 * perhaps '/' and the name of one. out->service is the type in full, out->host the
 * name without its %XX, or "".
 *
 * 0, or -EINVAL with the explanation in why.
 */
int pier__svc_parse(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why);

/* Is it the name of a service, "http" (RFC 6335 section 5.1): 1 to 15 letters,
   digits, and hyphens that stand alone between them; one letter at least? */
bool pier__svc_is_name(struct pier__span name);

#endif
