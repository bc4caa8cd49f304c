/* SPDX-License-Identifier: MIT */
/*
 * net/vsock.h - streams between a machine and its virtual ones (vsock(7)):
 * sockets that listen.
 */
#ifndef PIER_NET_VSOCK_H
#define PIER_NET_VSOCK_H

#include <pier/stream.h>

#include "net/endpoint.h"

/* A socket that listens at endpoint, whose port 0 is any; opts->backlog is above
   0. The descriptor, or an error, noted with text. */
int pier__vsock_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text);

#endif
