/* SPDX-License-Identifier: MIT */
/*
 * inspect/owners.h - which processes hold which socket: the descriptors of all
 * processes, as /proc shows them, by the inode of the socket.
 */
#ifndef PIER_INSPECT_OWNERS_H
#define PIER_INSPECT_OWNERS_H

#include <pier/sockets.h>

/* Descriptors that are looked at, at most. */
#define PIER__OWNERS_MAX (1U << 22)

/* Two lists of one length, in the order of the inodes; one inode's owners, by
   number and descriptor, stand side by side. */
struct pier__owners {
	uint64_t *inodes;
	struct pier_socket_owner *owners;
	size_t count;
	size_t size;   /* room for so many */
	size_t hidden; /* processes that could not be looked into */
};

/*
 * pier__owners_scan(out, root): read the processes below root, "/proc" or what
 * a test has in its place. out is the caller's, who ends it by
 * pier__owners_end() on success only.
 *
 * 0, -ENOENT (there is no such folder), -ENFILE (more than PIER__OWNERS_MAX
 * sockets), -ENOMEM, -EMFILE, … A process that goes meanwhile is none.
 */
int pier__owners_scan(struct pier__owners *out, const char *root);
void pier__owners_end(struct pier__owners *owners);

/* Those of one socket; borrowed until pier__owners_end(). NULL and 0: none. */
const struct pier_socket_owner *pier__owners_of(
	const struct pier__owners *owners, uint64_t inode, size_t *count);

#endif
