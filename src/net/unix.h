/* SPDX-License-Identifier: MIT */
/*
 * net/unix.h - Unix sockets that have a file: made with a mode, found stale,
 * removed by who made them.
 */
#ifndef PIER_NET_UNIX_H
#define PIER_NET_UNIX_H

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/error.h>

#include "net/endpoint.h"
#include "os/calls.h"

/* Where a socket is: an address that the kernel takes. */
struct pier__unix_place {
	struct pier_addr addr;
	bool has_dir; /* addr goes by way of this descriptor */
	int dir;
};

/*
 * pier__unix_place_open(out, endpoint): out is closed by
 * pier__unix_place_close(), and good for as long. 0, or -ENOMEM; of a long path
 * also what opening its folder gives: -ENOENT, -EACCES, -EMFILE, …
 */
int pier__unix_place_open(
	struct pier__unix_place *out, const struct pier__endpoint *endpoint);
/* Closing again is fine. */
void pier__unix_place_close(struct pier__unix_place *place);

/* The file that a bind made; of an abstract name, nothing. */
struct pier__unix_file {
	bool made;
	pid_t process; /* that made it: a child leaves it to its parent */
	dev_t device;
	ino_t inode;
};

/*
 * pier__unix_bind(file, fd, type, addr, mode, text): bind fd, a Unix socket of
 * this type, to addr. A stale file of a socket there, one that refuses
 * connections, is replaced; nothing else ever is.
 *
 *   mode  of the file; 0: 0777 less the umask
 *   text  the endpoint, for errors
 *
 * 0, or the error, noted.
 */
int pier__unix_bind(struct pier__unix_file *file, int fd, int type,
	const struct pier_addr *addr, unsigned int mode, const char *text);

/* One try to connect a Unix socket: SOCK_STREAM or SOCK_SEQPACKET. */
struct pier__unix_try {
	const struct pier_addr *addr;
	int type;
	const struct pier__wishes *wishes;
	enum pier_step step;  /* set: where it failed */
	struct pier__why why; /* set at PIER_STEP_OPTION */
};

/*
 * pier__unix_connect(it, deadline): a socket connected to it->addr.
 * A backlog that is full gives no sign when it has room again: it is tried
 * again, ever more rarely, until the deadline.
 *
 * The descriptor, or an error, not noted.
 */
int pier__unix_connect(struct pier__unix_try *it, pier_deadline deadline);

/*
 * pier__unix_pause(pause_ns, why, deadline): wait a little, twice as long each
 * time, for what the kernel gives no sign of: room in a peer's queue.
 * *pause_ns is 0 the first time. 0 when it is over, or as pier__park().
 */
int pier__unix_pause(
	int64_t *pause_ns, const char *why, pier_deadline deadline);

/* 0: the file, if one was made, is still that one; -EADDRINUSE: it is another;
   or why it cannot be seen. */
int pier__unix_check(
	const struct pier__unix_file *file, const struct pier_addr *addr);

/* The file at addr, made by another process, is this one's to remove from now
   on; none, when there is no socket. */
void pier__unix_own(struct pier__unix_file *file, const struct pier_addr *addr);

/* Remove the file, if it is still the one that was made, by this process. */
void pier__unix_remove(
	struct pier__unix_file *file, const struct pier_addr *addr);

#endif
