/* SPDX-License-Identifier: MIT */
/*
 * net/vsock.h - streams between a machine and its virtual ones (vsock(7)):
 * addresses as text, and sockets that listen.
 */
#ifndef PIER_NET_VSOCK_H
#define PIER_NET_VSOCK_H

#include <pier/stream.h>

#include "net/endpoint.h"

/* "CID:PORT": a number, or local, host, hypervisor; empty or '*': every one.
   0, or -EINVAL. */
int pier__vsock_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* "3:80", or without its port "3". The length; 24 bytes are enough. */
size_t pier__vsock_format(
	char *out, size_t size, const struct pier_addr *addr, bool port);

/* A socket that listens at endpoint, whose port 0 is any; opts->backlog is above
   0. The descriptor, or an error, noted with text. */
int pier__vsock_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text);

#endif
