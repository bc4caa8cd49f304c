/* SPDX-License-Identifier: MIT */
/*
 * serve/proxy.h - connections that a proxy passes on, and says for whom.
 */
#ifndef PIER_SERVE_PROXY_H
#define PIER_SERVE_PROXY_H

#include "serve/conn.h"

/* Does what comes from peer begin with a header? */
bool pier__proxy_is_due(
	const struct pier__acceptor *acceptor, const struct pier_addr *peer);

/* May peer connect at all, before it says for whom? */
bool pier__proxy_lets_in(
	const struct pier_server *server, const struct pier_addr *peer);

/*
 * The header of conn: read, by the first-byte limit, and taken. From then on
 * its addresses are those that it tells, and held to the server's networks and
 * the most of one address.
 *
 * 0, or an error, noted; conn->refusal is set where one of these refuses it.
 */
int pier__proxy_begin(struct pier__conn *conn);

#endif
