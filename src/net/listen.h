/* SPDX-License-Identifier: MIT */
/*
 * net/listen.h - a listener from inside, for those who accept many: the
 * server waits on desc and takes descriptors without making streams.
 */
#ifndef PIER_NET_LISTEN_H
#define PIER_NET_LISTEN_H

#include <pier/stream.h>

#include "io/desc.h"
#include "net/endpoint.h"
#include "net/unix.h"
#include "net/wishes.h"

struct pier_listener {
	struct pier__desc desc;
	int16_t family; /* of what it accepts */
	bool packets;   /* accepts packet sockets, not streams */
	bool adopted;   /* its socket was not made here */
	bool may_block; /* its flags let accept() block */
	bool stands;    /* as that is wanted here: net/block.h */
	bool blocking;  /* what it accepts blocks: see net/block.h */
	bool refused; /* what was accepted last did not take an option: noted */
	uint8_t row;  /* so many were there since nobody was, up to a few */
	const char *scheme;  /* "tcp4", "unix": what its endpoint begins with */
	const char *streams; /* "tcp", "unix", "seqpacket": what it accepts */
	struct pier_addr addr;
	struct pier__unix_file file;     /* of a Unix socket that it bound */
	struct pier__unix_place place;   /* where that is */
	struct pier__kept_wishes *after; /* set on what is accepted, or NULL */
	char *long_name; /* the endpoint, where addr does not tell it, or NULL */
};

/*
 * pier__listener_accept(listener, peer): one attempt. The errors that
 * accept(2) passes on from the network are skipped, a bounded number of them.
 *
 *   peer  set on success, len 0 for an unnamed Unix socket; may be NULL
 *
 * The descriptor (close-on-exec, non-blocking but for listener->blocking), or
 *   -EAGAIN  nobody is there: pier__desc_wait() on listener->desc, which
 *            comes back at once after a great many passing errors
 *   -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM  the connection still queues
 *   …        what setting an option on the connection gave: it is closed,
 *            listener->refused, and the failure is noted
 */
int pier__listener_accept(
	struct pier_listener *listener, struct pier_addr *peer);

/* The same, for who stands in it for a moment where nobody is there yet, of one
   whose accept() blocks. -EAGAIN: nobody came, or a signal did. */
int pier__listener_accept_standing(
	struct pier_listener *listener, struct pier_addr *peer);

/* The next descriptor, waiting, or an error, noted; and how a failure to
   accept is noted. */
int pier__listener_accept_wait(
	struct pier_listener *listener, pier_deadline deadline);
int pier__listener_fail(const struct pier_listener *listener, int rc);

/* A listener on fd, which is taken on success. 0 or -ENOMEM. */
int pier__listener_new(
	struct pier_listener **out, int fd, int family, const char *scheme);

#endif
