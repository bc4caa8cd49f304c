/* SPDX-License-Identifier: MIT */
/*
 * net/cred.c - who is at the other end of a Unix socket: the options that the
 * kernel answers from what it noted at connect(2), listen(2) or socketpair(2).
 */
#include <pier/unix.h>

#include <errno.h>
#include <string.h>

#include "net/packet.h"
#include "net/stream.h"

/* Linux 4.13, 2.6.18 and 6.5; not in every libc's headers. */
#define PEERGROUPS 59
#define PEERSEC    31
#define PEERPIDFD  77

/* The kernel's own limit: NGROUPS_MAX. */
#define GROUPS_LIMIT 65536

/* More groups than the answer has room for: all of them are fetched, and the
   first kept. */
static void
get_many_groups(int fd, struct pier_cred *cred, size_t bytes)
{
	socklen_t len = (socklen_t)bytes;
	gid_t *all = pier__alloc(bytes);

	if (all == NULL)
		return;
	if (pier__calls()->getsockopt(fd, SOL_SOCKET, PEERGROUPS, all, &len) ==
		0)
		memcpy(cred->groups, all, sizeof(cred->groups));
	pier__free(all);
}

static void
get_groups(int fd, struct pier_cred *cred)
{
	socklen_t len = sizeof(cred->groups);
	int rc = pier__calls()->getsockopt(
		fd, SOL_SOCKET, PEERGROUPS, cred->groups, &len);

	if (rc < 0 && rc != -ERANGE)
		return;
	cred->group_count = len / sizeof(gid_t);
	if (rc == -ERANGE && cred->group_count <= GROUPS_LIMIT)
		get_many_groups(fd, cred, len);
}

static void
get_label(int fd, struct pier_cred *cred)
{
	socklen_t len = sizeof(cred->label) - 1;

	if (pier__calls()->getsockopt(
		    fd, SOL_SOCKET, PEERSEC, cred->label, &len) < 0)
		cred->label[0] = '\0';
}

static int
get(int fd, int family, struct pier_cred *out, size_t out_size)
{
	struct pier_cred cred = { .pid = 0 };
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int rc;

	if (family != AF_UNIX)
		return -EOPNOTSUPP;
	rc = pier__calls()->getsockopt(
		fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	if (rc < 0)
		return rc;
	/* What the kernel says of a socket without a peer. */
	if (peer.uid == (uid_t)-1)
		return -ENOTCONN;
	cred.pid = peer.pid;
	cred.uid = peer.uid;
	cred.gid = peer.gid;
	get_groups(fd, &cred);
	get_label(fd, &cred);
	memcpy(out, &cred, out_size < sizeof(cred) ? out_size : sizeof(cred));
	return 0;
}

int
pier_peer_cred_sized(const struct pier_stream *stream, struct pier_cred *out,
	size_t out_size)
{
	const struct pier_stream *base = pier__stream_base(stream);

	return get(base->desc.fd, base->family, out, out_size);
}

int
pier_packet_peer_cred_sized(const struct pier_packet *packet,
	struct pier_cred *out, size_t out_size)
{
	return get(packet->desc->fd, packet->family, out, out_size);
}

int
pier_peer_pidfd(int fd)
{
	int pidfd = -1;
	socklen_t len = sizeof(pidfd);
	int rc = pier__calls()->getsockopt(
		fd, SOL_SOCKET, PEERPIDFD, &pidfd, &len);

	return rc < 0 ? rc : pidfd;
}
