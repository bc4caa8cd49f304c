/* SPDX-License-Identifier: MIT */
/*
 * addr/vsock.h - addresses of a machine and its virtual ones (vsock(7)) as text.
 */
#ifndef PIER_ADDR_VSOCK_H
#define PIER_ADDR_VSOCK_H

#include <pier/addr.h>

#include "base/text.h"

/* "CID:PORT": a number, or local, host, hypervisor; empty or '*': every one.
   0, or -EINVAL. */
int pier__vsock_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why);

/* "3:80", or without its port "3". The length; 24 bytes are enough. */
size_t pier__vsock_format(
	char *out, size_t size, const struct pier_addr *addr, bool port);

#endif
