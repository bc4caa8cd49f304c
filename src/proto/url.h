/* SPDX-License-Identifier: MIT */
/*
 * proto/url.h - URLs of HTTP (RFC 3986, RFC 9110 section 4.2), from text. Pure
 * but for memory.
 */
#ifndef PIER_PROTO_URL_H
#define PIER_PROTO_URL_H

#include <pier/http.h>

#include "base/text.h"
#include "net/endpoint.h"

/* The authority of a URL: brackets, a host with its zone, a colon, a port. */
#define PIER__AUTHORITY_MAX (PIER__HOST_MAX + 16)

struct pier__url {
	/* As it is sent: "http://HOST[:PORT]/PATH[?QUERY]", no fragment, no
	   dot segments; the port is left out when it is 80 */
	char text[PIER_HTTP_URL_MAX + 1];
	size_t target;                           /* text + target: "/PATH…" */
	char host[PIER__AUTHORITY_MAX + 1];      /* of the Host header */
	char endpoint[PIER__AUTHORITY_MAX + 16]; /* "tcp://HOST:PORT" */
};

/*
 * pier__url_parse(out, text, why): out is complete on success only.
 *
 * 0; -EINVAL, -EPROTONOSUPPORT (https) or -ENAMETOOLONG, with why.
 */
int pier__url_parse(
	struct pier__url *out, const char *text, struct pier__why *why);

/*
 * pier__url_resolve(out, base, reference, why): where a reference leads that
 * stands at base (RFC 3986 section 5.2); reference as it came. As
 * pier__url_parse(), but that why->offset counts from nowhere; or -ENOMEM.
 */
int pier__url_resolve(struct pier__url *out, const struct pier__url *base,
	const char *reference, struct pier__why *why);

/* The same host and port? */
bool pier__url_same_origin(
	const struct pier__url *a, const struct pier__url *b);

#endif
