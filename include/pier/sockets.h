/* SPDX-License-Identifier: MIT */
/*
 * Every socket of the machine, or of this network namespace: sock_diag(7).
 *
 * Looks, and changes nothing. No privilege is needed to see the sockets of all
 * users with their TCP_INFO; whose processes hold them is seen only of
 * processes that the user may look into, which is all of them with
 * CAP_SYS_PTRACE.
 */
#ifndef PIER_SOCKETS_H
#define PIER_SOCKETS_H

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/info.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of sockets, as bits. */
enum pier_socket_kind {
	PIER_SOCKET_TCP = 1 << 0,
	PIER_SOCKET_UDP = 1 << 1,
	PIER_SOCKET_UDPLITE = 1 << 2,
	PIER_SOCKET_RAW = 1 << 3,
	PIER_SOCKET_MPTCP = 1 << 4, /* each of its paths is a TCP socket too */
	PIER_SOCKET_UNIX = 1 << 5,
	PIER_SOCKET_PACKET = 1 << 6,
	PIER_SOCKET_NETLINK = 1 << 7,
	PIER_SOCKET_VSOCK = 1 << 8,
	PIER_SOCKET_ALL = (1 << 9) - 1
};

/* Which members are filled; the others are 0. */
enum {
	PIER_SOCKET_HAS_QUEUES = 1 << 0,
	PIER_SOCKET_HAS_UID = 1 << 1,
	PIER_SOCKET_HAS_MEMORY = 1 << 2,
	PIER_SOCKET_HAS_TIMER = 1 << 3,
	PIER_SOCKET_HAS_SHUTDOWN = 1 << 4,
	PIER_SOCKET_HAS_TOS = 1 << 5,    /* tos, of IPv4 */
	PIER_SOCKET_HAS_TCLASS = 1 << 6, /* tclass, of IPv6 */
	PIER_SOCKET_HAS_V6ONLY = 1 << 7,
	PIER_SOCKET_HAS_MARK = 1 << 8, /* with CAP_NET_ADMIN only */
	PIER_SOCKET_HAS_CGROUP = 1 << 9,
	PIER_SOCKET_HAS_PEER_INODE = 1 << 10,
	PIER_SOCKET_HAS_STATE = 1 << 11
};

/* .timer: which timer of a TCP socket runs. */
enum pier_socket_timer {
	PIER_TIMER_NONE,
	PIER_TIMER_RETRANSMIT,
	PIER_TIMER_KEEPALIVE, /* or, in FIN-WAIT-2, the wait for the peer */
	PIER_TIMER_TIME_WAIT,
	PIER_TIMER_PROBE /* of a closed window */
};

/* SO_MEMINFO: bytes, see socket(7). */
struct pier_socket_memory {
	uint32_t rmem;    /* received, not yet read, with overhead */
	uint32_t rcvbuf;  /* its limit */
	uint32_t wmem;    /* handed to the device, not yet sent */
	uint32_t sndbuf;  /* limit of queued */
	uint32_t forward; /* reserved, not used */
	uint32_t queued;  /* to be sent or acknowledged, with overhead */
	uint32_t option;  /* options and ancillary data */
	uint32_t backlog; /* came while the socket was in use */
	uint32_t drops;   /* packets thrown away: a number */
};

/* One process that holds a socket. */
struct pier_socket_owner {
	int32_t pid;
	int32_t fd;       /* of that process */
	char command[16]; /* its name, as ps -o comm shows it; ends in NUL */
};

/*
 * MPTCP_INFO of a connection over several paths (RFC 8684). What an older kernel
 * does not tell is 0.
 */
struct pier_mptcp_info {
	uint32_t token;          /* names the connection, to its paths too */
	uint32_t subflows;       /* paths besides the first one */
	uint32_t subflows_total; /* paths now, the first one too */
	uint32_t subflows_max;
	uint32_t add_addr_signal;   /* addresses that were told to the peer */
	uint32_t add_addr_accepted; /* and by it */
	uint32_t local_addr_used;
	uint8_t fallback; /* it is plain TCP: the peer has no MPTCP */
	uint8_t has_remote_key;
	uint8_t checksums; /* the data has checksums of its own */
	uint32_t retransmits;
	uint64_t write_seq; /* sequence numbers of the data, as the RFC has */
	uint64_t snd_una;
	uint64_t rcv_nxt;
	uint64_t bytes_sent;
	uint64_t bytes_retrans;
	uint64_t bytes_acked;
	uint64_t bytes_received;
	uint32_t last_data_sent_ms;
	uint32_t last_data_recv_ms;
	uint32_t last_ack_recv_ms;
};

/*
 * One socket. All of it, and what it points at, is borrowed until the callback
 * returns.
 */
struct pier_socket {
	uint32_t have; /* PIER_SOCKET_HAS_… */
	uint32_t kind; /* one of enum pier_socket_kind */
	uint16_t family;
	uint16_t type;     /* SOCK_STREAM, … */
	uint32_t protocol; /* of raw, packet and netlink sockets, their own */
	uint8_t state;     /* enum pier_tcp_state, for every kind */
	uint8_t shutdown;  /* 1 for reading, 2 for writing, 3 both */
	uint8_t tos;
	uint8_t tclass;
	uint8_t v6only;
	uint8_t timer;             /* enum pier_socket_timer */
	uint8_t timer_retransmits; /* how often it has expired */
	uint32_t timer_ms;         /* until it does */
	uint32_t interface;        /* bound to, by number; or 0 */
	uint32_t uid;              /* of the user who made it */
	uint32_t mark;             /* SO_MARK */
	uint64_t inode;      /* as /proc/PID/fd shows it; 0: of no process */
	uint64_t cookie;     /* SO_COOKIE: never used twice */
	uint64_t cgroup;     /* the number of its group's directory */
	uint64_t peer_inode; /* of a Unix socket */
	uint32_t port_id;    /* of a netlink socket */
	/* Bytes to be read, and to be sent or acknowledged. Listening:
	   connections that wait to be accepted, and how many may. */
	uint32_t recv_queue;
	uint32_t send_queue;
	struct pier_addr local; /* len 0: none */
	struct pier_addr peer;
	char congestion[16]; /* the algorithm; empty: none */
	struct pier_socket_memory memory;
	const struct pier_tcp_info *info; /* NULL: none */
	/* Who holds it, when that was asked for. */
	const struct pier_socket_owner *owners;
	size_t owner_count;
	/* The group's path, "/system.slice/nginx.service", when that was asked
	   for; NULL: there is none of that number any more, or here. */
	const char *cgroup_path;
	const struct pier_mptcp_info *mptcp; /* of PIER_SOCKET_MPTCP; or NULL */
	/* What runs over the connection in the kernel: "tls", "mptcp" (then it
	   is a path of a connection, which has the same token); empty: nothing,
	   or not told, which may take CAP_NET_ADMIN. */
	char ulp[16];
	uint32_t mptcp_token; /* of a path; 0: none, or not told */
};

/* What became of a listing. */
struct pier_sockets_report {
	size_t count;     /* sockets that were given to the callback */
	size_t seen;      /* sockets that the kernel told of */
	uint32_t missing; /* kinds that this kernel cannot list */
	size_t hidden;    /* processes that the user may not look into */
};

struct pier_sockets_opts {
	uint32_t kinds;     /* which; 0: PIER_SOCKET_ALL */
	const char *filter; /* see pier-filter(7); NULL: all */
	bool owners;        /* look for the processes, in /proc */
	struct pier_sockets_report *report; /* filled when not NULL */
	bool cgroups; /* look for the paths of control groups, where
			 /sys/fs/cgroup can be read */
};

/* Returns 0 to go on; anything else ends the listing with that result. */
typedef int pier_socket_each(const struct pier_socket *socket, void *ctx);

/*
 * pier_sockets(opts, each, ctx, deadline): call each for every socket that
 * passes the filter. What a kernel can filter it is told to, so that only few
 * sockets are copied. It is no snapshot: sockets come and go meanwhile.
 *
 *   opts      NULL for all of the defaults
 *   each      may call anything of pier; the kernel's answer waits meanwhile
 *   deadline  the listing ends by it; nothing but the kernel is waited for
 *
 * 0, or what each returned, or
 *   -EINVAL           the filter cannot be read: the error says why and where
 *   -EPROTONOSUPPORT  this kernel can list none of the kinds
 *   -EBADMSG          the kernel's answer makes no sense
 *   -ENOMEM, -EMFILE  no room for the question
 *   -PIER_EDEADLINE   the deadline passed first
 *   -ECANCELED        the task was cancelled
 */
int pier_sockets_sized(const struct pier_sockets_opts *opts, size_t opts_size,
	size_t report_size, pier_socket_each *each, void *ctx,
	pier_deadline deadline);

static inline int
pier_sockets(const struct pier_sockets_opts *opts, pier_socket_each *each,
	void *ctx, pier_deadline deadline)
{
	return pier_sockets_sized(opts, sizeof(struct pier_sockets_opts),
		sizeof(struct pier_sockets_report), each, ctx, deadline);
}

/*
 * pier_socket_of(fd, each, ctx, deadline): the same of one socket, by its
 * descriptor: any, also one that pier did not make. each is called once.
 *
 * 0, or what each returned, or
 *   -ENOENT           the kernel lists no such socket: one of TCP that has
 *                     neither been bound nor connected, or any of UDP that has
 *                     no port yet
 *   -EPROTONOSUPPORT  this kernel can list none of its kind; or the socket is
 *                     of a family that it lists nowhere, such as CAN
 *   -EBADF, -ENOTSOCK  fd is no socket
 *   -ENOPROTOOPT      this kernel has no cookies (before Linux 4.12)
 *   -EBADMSG, -ENOMEM, -EMFILE, -PIER_EDEADLINE, -ECANCELED  as pier_sockets()
 */
int pier_socket_of(
	int fd, pier_socket_each *each, void *ctx, pier_deadline deadline);

/* Enough for the line of any socket, the final NUL included. */
#define PIER_SOCKET_LINE_MAX 512

/*
 * pier_socket_line(socket, buf, size): the row that pier info prints for it, as
 * one line with two spaces between: proto, state, recv-queue, send-queue, local,
 * peer, rtt, retransmits and limit; "-" for what it has not. Pure.
 *
 *   buf  ends in NUL on success; PIER_SOCKET_LINE_MAX bytes are enough
 *
 * Its length, or -ENOSPC.
 */
int pier_socket_line_sized(const struct pier_socket *socket, size_t socket_size,
	char *buf, size_t size);

static inline int
pier_socket_line(const struct pier_socket *socket, char *buf, size_t size)
{
	return pier_socket_line_sized(socket, sizeof(*socket), buf, size);
}

/* A watch on sockets that close. */
struct pier_socket_watch;

struct pier_socket_watch_opts {
	uint32_t kinds;     /* of TCP and UDP; 0: both */
	const char *filter; /* see pier-filter(7); NULL: all */
};

/*
 * pier_socket_watch_open(out, opts): from now on, be told of every TCP and UDP
 * socket of this network namespace that goes, whoever had it. Needs no
 * privilege. A connection goes when its last state ends, so that of one that
 * this side closes first it is the end of FIN-WAIT-2: TIME-WAIT is not waited
 * for. Never waits.
 *
 *   out   the caller's, who ends it by pier_socket_watch_close()
 *   opts  NULL for all of the defaults
 *
 * 0, or
 *   -EINVAL           the filter cannot be read; or asks for processes, which
 *                     nobody can tell of a socket that is gone
 *   -EPROTONOSUPPORT  this kernel has no such watch (before Linux 4.5)
 *   -ENOMEM, -EMFILE  no room for it
 */
int pier_socket_watch_open_sized(struct pier_socket_watch **out,
	const struct pier_socket_watch_opts *opts, size_t opts_size);

static inline int
pier_socket_watch_open(struct pier_socket_watch **out,
	const struct pier_socket_watch_opts *opts)
{
	return pier_socket_watch_open_sized(
		out, opts, sizeof(struct pier_socket_watch_opts));
}

/*
 * pier_socket_watch_next(watch, closed, deadline): wait for the next one, with
 * its last TCP_INFO. It has no inode and no owners any more: who took note of
 * its cookie before knows whose it was.
 *
 *   closed  borrowed until the next call on the same watch
 *
 * 0, or
 *   -ENOBUFS         more closed at once than were fetched, and some are lost:
 *                    the next call goes on
 *   -PIER_EDEADLINE  none by the deadline
 *   -EAGAIN          none yet, and the deadline is PIER_NOW
 *   -ECANCELED       the task was cancelled
 *   -EBADMSG         the kernel's message makes no sense
 *   -EXDEV, -EBUSY   another scheduler's, or another task waits for it
 */
int pier_socket_watch_next(struct pier_socket_watch *watch,
	const struct pier_socket **closed, pier_deadline deadline);

/*
 * pier_socket_watch_close(watch): end a watch. NULL is fine.
 */
void pier_socket_watch_close(struct pier_socket_watch *watch);

/*
 * pier_socket_kind_name(kind): the name of one kind: "tcp", "udp", "udplite",
 * "raw", "mptcp", "unix", "packet", "netlink" or "vsock". NULL for any other
 * number.
 */
const char *pier_socket_kind_name(uint32_t kind);

#ifdef __cplusplus
}
#endif

#endif
