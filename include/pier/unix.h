/* SPDX-License-Identifier: MIT */
/*
 * What only Unix sockets can do: pass descriptors to another process, and say
 * which process, user and groups are at the other end (unix(7)).
 *
 * The errors that any call which waits can give are those of stream.h.
 */
#ifndef PIER_UNIX_H
#define PIER_UNIX_H

#include <stddef.h>
#include <sys/types.h>

#include <pier/deadline.h>
#include <pier/packet.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most descriptors that one message carries: the kernel's SCM_MAX_FD. */
#define PIER_FDS_MAX 253

struct pier_fds {
	size_t count;
	int fd[PIER_FDS_MAX];
};

/* ---- Passing descriptors ---------------------------------------------- */

/*
 * pier_send_fds(stream, fds, data, size, deadline): all of data, as
 * pier_write() after what is gathered, and with its first byte a copy of each
 * descriptor. Whoever sends keeps its own, and may close them at once.
 *
 *   fds   0 to PIER_FDS_MAX of them, in this order; borrowed for the call
 *   size  at least 1: on a stream descriptors travel with bytes
 *
 * 0, or as pier_write(): with pier_last_error()->done at 0 no descriptor went,
 * else all of them did, and the rest of data is for pier_write(); or
 *   -EINVAL       size is 0, fds->count too large, or stream is a layer or one
 *                 of two descriptors
 *   -EOPNOTSUPP   not a Unix socket
 *   -EBADF        one of fds is not open
 *   -ETOOMANYREFS as many as RLIMIT_NOFILE are on their way, taken by nobody
 */
int pier_send_fds(struct pier_stream *stream, const struct pier_fds *fds,
	const void *data, size_t size, pier_deadline deadline);

/*
 * pier_recv_fds(stream, fds, buf, size, deadline): what there is, as
 * pier_read(), and the descriptors that came by then: never later than the
 * first byte that they were sent with, in the order in which they were sent.
 * They are close-on-exec and the caller's: pier_fds_close().
 *
 * A stream keeps descriptors from its first pier_recv_fds() on, which may ask
 * for 0 bytes and then does not wait. Until then those that come with bytes
 * read by other calls are closed, by the kernel; afterwards every read, also a
 * read ahead (pier_peek(), pier_read_line()), keeps them for the next
 * pier_recv_fds(), PIER_FDS_MAX at most, and pier_close() closes what is left.
 *
 *   fds  written on success
 *
 * The number of bytes; 0: the peer's end, or size is 0; or as pier_read() and
 *   -EINVAL, -EOPNOTSUPP  as pier_send_fds()
 *   -EMFILE     not all descriptors that came could be taken: the limit of
 *               the process, or a security module
 *   -PIER_ELIMIT  more than PIER_FDS_MAX came and were not asked for
 * After these two, also from any other call that reads, what came with this
 * message, bytes and descriptors, is gone: the conversation cannot go on.
 */
ssize_t pier_recv_fds(struct pier_stream *stream, struct pier_fds *fds,
	void *buf, size_t size, pier_deadline deadline);

/*
 * pier_packet_send_fds(packet, to, fds, data, size, deadline): one message, as
 * pier_send(), with a copy of each descriptor. It may be empty.
 *
 * 0, or as pier_send(), and -EINVAL (fds->count), -EOPNOTSUPP, -EBADF,
 * -ETOOMANYREFS as pier_send_fds().
 */
int pier_packet_send_fds(struct pier_packet *packet, const struct pier_addr *to,
	const struct pier_fds *fds, const void *data, size_t size,
	pier_deadline deadline);

/*
 * pier_packet_recv_fds(packet, msg, fds, buf, size, deadline): one message, as
 * pier_recv(), with the descriptors that it carried, close-on-exec and the
 * caller's. Messages that pier_recv() takes lose theirs: they are closed.
 *
 * 0, or as pier_recv(), and -EOPNOTSUPP; -EMFILE: not all could be taken, the
 * message is gone and those that came are closed; as they are with -EMSGSIZE.
 */
int pier_packet_recv_fds_sized(struct pier_packet *packet, struct pier_msg *msg,
	size_t msg_size, struct pier_fds *fds, void *buf, size_t size,
	pier_deadline deadline);

static inline int
pier_packet_recv_fds(struct pier_packet *packet, struct pier_msg *msg,
	struct pier_fds *fds, void *buf, size_t size, pier_deadline deadline)
{
	return pier_packet_recv_fds_sized(
		packet, msg, sizeof(*msg), fds, buf, size, deadline);
}

/* pier_fds_close(fds): closes each that is 0 or above; count is 0 then. One
   that is kept is set to -1 before. */
void pier_fds_close(struct pier_fds *fds);

/* ---- Who is at the other end ------------------------------------------ */

/* Groups and label beyond these are left out. */
#define PIER_CRED_GROUPS_MAX 64
#define PIER_CRED_LABEL_MAX  256

/* A process as it was when it connected, listened or made the pair. */
struct pier_cred {
	pid_t pid; /* 0: of a process that this one cannot see */
	uid_t uid; /* effective, as the group */
	gid_t gid;
	size_t group_count; /* how many supplementary groups it has */
	gid_t groups[PIER_CRED_GROUPS_MAX]; /* the first of them */
	char label[PIER_CRED_LABEL_MAX];    /* by a security module, or "" */
};

/*
 * pier_peer_cred(stream, out): who connected, or who listened: the kernel's
 * word, which the peer cannot make up. An answer: an error leaves
 * pier_last_error() alone.
 *
 * 0, or -EOPNOTSUPP: not a Unix socket; -ENOTCONN: it has no peer that the
 * kernel knows.
 */
int pier_peer_cred_sized(const struct pier_stream *stream,
	struct pier_cred *out, size_t out_size);

static inline int
pier_peer_cred(const struct pier_stream *stream, struct pier_cred *out)
{
	return pier_peer_cred_sized(stream, out, sizeof(*out));
}

/* The same of a packet socket: seqpacket, or one of a pair. What each datagram
   says of its sender is in struct pier_msg. */
int pier_packet_peer_cred_sized(const struct pier_packet *packet,
	struct pier_cred *out, size_t out_size);

static inline int
pier_packet_peer_cred(const struct pier_packet *packet, struct pier_cred *out)
{
	return pier_packet_peer_cred_sized(packet, out, sizeof(*out));
}

/*
 * pier_peer_pidfd(fd): a descriptor of the process at the other end of a Unix
 * socket, which unlike its number cannot come to mean another one: for
 * pidfd_send_signal(2), or to wait for its end. Close-on-exec, the caller's.
 *
 *   fd  of a stream or packet socket: pier_fd(), pier_packet_fd()
 *
 * The descriptor, or -ENODATA: no peer that the kernel knows; -ESRCH: it has
 * gone; -ENOPROTOOPT: Linux before 6.5, or not a Unix socket; -EMFILE: no
 * descriptor left. An answer: pier_last_error() stays.
 */
int pier_peer_pidfd(int fd);

#ifdef __cplusplus
}
#endif

#endif
