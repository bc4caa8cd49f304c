/* SPDX-License-Identifier: MIT */
/*
 * net/packet.h - a packet socket from inside. packet.c sends and receives for
 * every family; udp.c and unixgram.c open.
 */
#ifndef PIER_NET_PACKET_H
#define PIER_NET_PACKET_H

#include <stdatomic.h>

#include <pier/packet.h>

#include "io/desc.h"
#include "net/endpoint.h"
#include "net/unix.h"

struct pier_packet {
	struct pier__desc desc;
	int64_t timeout_ms; /* PIER__TIMEOUT_UNSET: the default's */
	atomic_bool aborted;
	bool connected;
	bool senders; /* SO_PASSCRED is on */
	int16_t family;
	uint16_t port;               /* its own, once known */
	uint64_t bytes_out;          /* that the kernel took */
	const char *scheme;          /* "udp", "unixgram"… */
	struct pier_addr to;         /* of a client that is not connected */
	struct pier__unix_file file; /* of a Unix socket that it bound */
	struct pier_addr path;       /* where that is */
	char text[];                 /* the endpoint as it was given */
};

/* How to open: what pier_packet_open() was given, taken apart. */
struct pier__packet_plan {
	struct pier__endpoint endpoint;
	struct pier_packet_opts opts;
	const char *text;
	pier_deadline deadline;
};

/* A packet socket on fd, which is taken on success. 0 or -ENOMEM. */
int pier__packet_new(struct pier_packet **out, int fd, int family,
	const struct pier__packet_plan *plan);

#endif
