/* SPDX-License-Identifier: MIT */
/* net/tcp.h - TCP sockets: made, bound, listening. */
#ifndef PIER_NET_TCP_H
#define PIER_NET_TCP_H

#include <pier/stream.h>

#include "net/endpoint.h"

/*
 * pier__tcp_listen(endpoint, opts, text, deadline): a socket that listens on
 * endpoint. It has TCP_NODELAY, if at all, and what it accepts inherits that.
 * opts->backlog is above 0.
 *
 * The descriptor, or an error, noted with text.
 */
int pier__tcp_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text,
	pier_deadline deadline);

/* Switch one option of a socket on. 0 or -errno. */
int pier__socket_enable(int fd, int level, int name);

#endif
