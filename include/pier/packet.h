/* SPDX-License-Identifier: MIT */
/*
 * Packet sockets: whole messages: UDP and Unix datagrams, and Unix seqpacket,
 * whose messages have a connection: in order, none lost, with an end.
 *
 * The errors that any call which waits can give are those of stream.h.
 */
#ifndef PIER_PACKET_H
#define PIER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/resolve.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_packet;

/* The longest UDP payload over IPv4; Unix datagrams may be longer. */
#define PIER_PACKET_MAX 65507

/* What UDP messages are to bring along, and what else a socket is to tell; each
   costs a little with every message. See pier_recv() and pier_packet_error(). */
enum {
	PIER_ASK_TTL = 1,  /* msg.ttl */
	PIER_ASK_TOS = 2,  /* msg.tos */
	PIER_ASK_TIME = 4, /* msg.time_ns */
	/* msg.interface also where there is one address only: of a socket that
	   is bound to one, or connected. Others have it always */
	PIER_ASK_INTERFACE = 8,
	PIER_ASK_ERRORS = 16, /* IP_RECVERR of ip(7): pier_packet_error() */
	/* UDP_GRO of udp(7), Linux 5.0: several of one peer may come as one
	   message; msg.segment_size */
	PIER_ASK_SEGMENTS = 32
};

struct pier_packet_opts {
	bool listen; /* bind to the endpoint: a server */
	/* A client's local address, as in struct pier_dial_opts; for
	   unixgram a path, NULL: an abstract one that the kernel picks, so
	   that the peer can answer */
	const char *bind;
	bool unconnected;  /* a client that hears from anybody */
	unsigned int mode; /* of a Unix socket's file that is bound */
	bool reuse_port;
	pier_lookup_fn *lookup; /* in place of names by getaddrinfo */
	void *lookup_arg;
	bool senders; /* unixgram: each message says who sent it */
	const char *const *options; /* as of struct pier_dial_opts */
	unsigned int ask;           /* UDP: PIER_ASK_… */
	bool broadcast; /* UDP: it may send to broadcast addresses; what an
			   endpoint says goes without */
};

/*
 * pier_packet_open(out, endpoint, opts, deadline): open a packet socket. A
 * client is connected to the first address of the name (RFC 6724 order) for
 * which that works: it hears from that address only, and is told when the port
 * there is closed. A server is bound; a name is one of its addresses, IPv4 before
 * IPv6, as of pier_listen().
 *
 *   endpoint  udp:// udp4:// udp6:// unixgram:// seqpacket:// l2cap:// isotp://
 *             fd://. A server on udp://:port needs two sockets, one per family: it is
 *             -EINVAL here, see pier_packet_open_all(). One on seqpacket:// or
 *             l2cap:// accepts connections: pier_listen()
 *
 * Where an endpoint is many, a client is not connected and hears from each of
 * them; pier_send() with NULL reaches them all:
 *
 *   udp://<broadcast>:7000      every host on every link: pier_broadcast()
 *   udp://eth0.broadcast:7000   every host on the link eth0
 *   udp://239.1.2.3:5000        a group of multicast (RFC 1112, RFC 4291 2.7):
 *                               by the link that routes give,
 *     ?join=eth0                or by that one, by its name or number; a server
 *                               joins the group there, and on each of several;
 *     ?join=*                   on every link that knows multicast;
 *     &source=192.0.2.1         for what that host sends alone (RFC 4607)
 *     &ttl=8                    past 7 routers at most; 1, past none, by default
 *     &loop=0                   what is sent does not come back to this host
 *
 * Several servers may be bound to one group, each hears everything.
 *
 * Of l2cap:// opts->bind is a controller, by its name or address: "hci0". The
 * longest message is pier_bt_mtu_out() of pier/bt.h. Of isotp:// a server is as a
 * client; pier/isotp.h says more.
 *
 * What fd:// names is taken on success. 0, or the errors of pier_dial() and
 * pier_listen(); -EINVAL also for an fd that is no packet socket, for .ask and
 * .broadcast of what is not UDP, and .senders of what is no Unix datagram; or
 *   -ENODEV         this machine has no such link, or no such controller
 *   -ENETDOWN       the controller of Bluetooth is off, or all are
 *   -EHOSTDOWN      the device of Bluetooth does not answer
 *   -EADDRNOTAVAIL  the link has no broadcast address
 *   -ENOBUFS        more groups than net.ipv4.igmp_max_memberships
 */
int pier_packet_open_sized(struct pier_packet **out, const char *endpoint,
	const struct pier_packet_opts *opts, size_t opts_size,
	pier_deadline deadline);

static inline int
pier_packet_open(struct pier_packet **out, const char *endpoint,
	const struct pier_packet_opts *opts, pier_deadline deadline)
{
	return pier_packet_open_sized(
		out, endpoint, opts, sizeof(*opts), deadline);
}

/*
 * pier_packet_open_all(out, max, endpoint, opts, deadline): every socket that
 * a server on endpoint needs: for udp://:port one per family with the same
 * port, where the machine has both. Returns their number, or an error;
 * -EINVAL: they are more than max.
 */
int pier_packet_open_all_sized(struct pier_packet **out, size_t max,
	const char *endpoint, const struct pier_packet_opts *opts,
	size_t opts_size, pier_deadline deadline);

static inline int
pier_packet_open_all(struct pier_packet **out, size_t max, const char *endpoint,
	const struct pier_packet_opts *opts, pier_deadline deadline)
{
	return pier_packet_open_all_sized(
		out, max, endpoint, opts, sizeof(*opts), deadline);
}

/*
 * pier_packet_accept(out, listener, deadline): the next connection of a listener
 * on seqpacket://, l2cap:// or tipc://, a packet socket that is connected. 0, or
 * as pier_accept();
 * -EINVAL: it accepts streams.
 */
int pier_packet_accept(struct pier_packet **out, struct pier_listener *listener,
	pier_deadline deadline);

/* A message that came. */
struct pier_msg {
	void *data;       /* the buffer that was passed */
	size_t size;      /* bytes in it */
	size_t full_size; /* of the message; more than size: cut off */
	bool truncated;
	struct pier_addr peer; /* who sent it; len 0: an unnamed Unix socket */
	/* The address that was asked: a reply leaves from it; for a
	   broadcast or multicast, this machine's on that link. len 0:
	   unknown */
	struct pier_addr local;
	unsigned int interface; /* index of the link it came by; 0: unknown */
	/* Of a Unix socket that was opened with senders: the process, user and
	   group that sent it, by the kernel's word; pid 0: one that this
	   process cannot see */
	bool has_sender;
	pid_t sender_pid;
	uid_t sender_uid;
	gid_t sender_gid;
	/* Of UDP, where it was asked for; see PIER_ASK_TTL and the others */
	int ttl;         /* or hop limit, as it came; -1: unknown */
	int tos;         /* or traffic class: DSCP and ECN; -1: unknown */
	int64_t time_ns; /* when the kernel got it, of CLOCK_REALTIME; 0:
			    unknown */
	/* Of UDP: the broadcast address or group that it was sent to, which is
	   not `local`; len 0: it was sent to this machine alone */
	struct pier_addr to;
	/* Of UDP, with PIER_ASK_SEGMENTS: above 0, data is several messages
	   that were sent one after the other, each so long but the last, which
	   may be shorter */
	size_t segment_size;
};

/*
 * pier_recv(packet, msg, buf, size, deadline): wait for one message.
 *
 *   msg  filled on success, and with -EMSGSIZE; msg->data is buf
 *
 * 0, or
 *   -EMSGSIZE      msg->truncated: it was longer than buf, which has the
 *                  beginning; the rest is lost, msg->full_size is how long it
 *                  was. Else an earlier message was longer than the path takes
 *   -ECONNREFUSED  an earlier message met a closed port (connected sockets)
 *   -PIER_EEND     seqpacket, l2cap: the peer has ended. An empty message is no end:
 *                  it is 0, with msg->size 0, but on a socket that pier did not
 *                  make, where the kernel says the same of both: there it is
 *                  taken for the end
 *   -ECONNRESET    seqpacket: the peer ended with messages of ours unread
 */
int pier_recv_sized(struct pier_packet *packet, struct pier_msg *msg,
	size_t msg_size, void *buf, size_t size, pier_deadline deadline);

static inline int
pier_recv(struct pier_packet *packet, struct pier_msg *msg, void *buf,
	size_t size, pier_deadline deadline)
{
	return pier_recv_sized(packet, msg, sizeof(*msg), buf, size, deadline);
}

/*
 * pier_send(packet, to, data, size, deadline): one message, whole.
 *
 *   to  NULL: the address it is connected to, or that a client which is not
 *       connected was opened for
 *
 * 0, or
 *   -EMSGSIZE      too long for the protocol or the path
 *   -EDESTADDRREQ  to is NULL and the socket is a server's
 *   -ECONNREFUSED  an earlier message met a closed port, or nobody has the
 *                  Unix socket
 *   -EACCES        a broadcast address without SO_BROADCAST
 *   -ENOENT        no such Unix socket
 *   -EPIPE         seqpacket, l2cap: the peer has ended, or this side
 */
int pier_send(struct pier_packet *packet, const struct pier_addr *to,
	const void *data, size_t size, pier_deadline deadline);

/*
 * pier_reply(packet, msg, data, size, deadline): answer msg: to its sender,
 * from the address that it was sent to. As pier_send().
 *
 * In the datagram handler of a server (pier/serve.h) 0 also means: data was
 * copied, and leaves with other replies; it tells when.
 */
int pier_reply(struct pier_packet *packet, const struct pier_msg *msg,
	const void *data, size_t size, pier_deadline deadline);

/* ---- Several at once ---------------------------------------------------- */

/* What one call takes or sends at most; of longer lists the beginning. */
#define PIER_BATCH_MAX 32

struct pier_incoming {
	void *buf;           /* room for one message */
	size_t size;         /* of buf */
	struct pier_msg msg; /* filled in */
};

/* What is to be sent. All but the first three is of UDP, and 0 or NULL where
   the socket or the routes decide. */
struct pier_outgoing {
	const struct pier_addr *to; /* as of pier_send() */
	const void *data;
	size_t size;
	const struct pier_addr *local; /* the address that it leaves from, one
					  of this machine's; the port is the
					  socket's */
	unsigned int interface;        /* the link that it leaves by */
	int ttl; /* how many routers it may pass, or hop limit: 1 to 255 */
	int tos; /* or traffic class: 1 to 255; PIER_OFF: 0 */
	/* Above 0: data leaves as messages of so many bytes each, the last of
	   what is left (UDP_SEGMENT of udp(7), Linux 4.18): one way through the
	   kernel for all of them. 65507 bytes, or 64 of them, are the most */
	size_t segment_size;
};

/*
 * pier_recv_many(packet, list, count, deadline): wait for one message, and take
 * with it as many of those that are there as the list has room for, by one
 * system call (recvmmsg(2)).
 *
 * How many came, from the first element on; 0 when count is 0; or as
 * pier_recv(), but that one which is too long for its buffer is no error:
 * msg.truncated says so. What goes wrong after a first message is met by the
 * next call.
 */
int pier_recv_many_sized(struct pier_packet *packet, struct pier_incoming *list,
	size_t item_size, size_t count, pier_deadline deadline);

static inline int
pier_recv_many(struct pier_packet *packet, struct pier_incoming *list,
	size_t count, pier_deadline deadline)
{
	return pier_recv_many_sized(
		packet, list, sizeof(*list), count, deadline);
}

/*
 * pier_send_many(packet, list, count, deadline): as many messages from the
 * beginning of the list as go now, each whole, by one system call
 * (sendmmsg(2)); waits until one does.
 *
 * How many went, 1 to count (0 when count is 0); or as pier_send(), of the first
 * one. What went wrong with a later one is met by the call that begins with it.
 *   -EINVAL      a ttl, tos or segment_size out of range; a local address of
 *                another family; of what is not UDP: any
 *   -EINVAL, -ENETUNREACH  a local address that this machine does not have
 *   -ENODEV      no such interface
 */
int pier_send_many_sized(struct pier_packet *packet,
	const struct pier_outgoing *list, size_t item_size, size_t count,
	pier_deadline deadline);

static inline int
pier_send_many(struct pier_packet *packet, const struct pier_outgoing *list,
	size_t count, pier_deadline deadline)
{
	return pier_send_many_sized(
		packet, list, sizeof(*list), count, deadline);
}

/* ---- To everybody ------------------------------------------------------- */

/*
 * pier_broadcast(packet, out, deadline): send one message by every link that is
 * up and knows broadcast, or for a group multicast, from this machine's address
 * there. The links are listed anew each time (getifaddrs(3)).
 *
 *   out  to is 255.255.255.255 with a port, or a group; NULL: what the packet
 *        was opened for. local and interface do not count
 *
 * By how many links it went, 1 or more; what went wrong with others is passed
 * over. Or, when it went by none, what the first one met, as pier_send_many();
 * or
 *   -EINVAL       to is neither
 *   -ENETUNREACH  no link is up that could take it
 *   -ENOMEM, -EMFILE, -ENFILE  the links cannot be listed
 */
int pier_broadcast_sized(struct pier_packet *packet,
	const struct pier_outgoing *out, size_t out_size,
	pier_deadline deadline);

static inline int
pier_broadcast(struct pier_packet *packet, const struct pier_outgoing *out,
	pier_deadline deadline)
{
	return pier_broadcast_sized(packet, out, sizeof(*out), deadline);
}

/* A group of multicast that is heard on one link. */
struct pier_membership {
	struct pier_addr group;  /* its port does not count */
	unsigned int interface;  /* 0: the zone of group, else the link that
				    routes give */
	struct pier_addr source; /* what this one sends alone (RFC 4607); len
				    0: what anybody does */
};

/*
 * pier_packet_join(packet, membership): hear a group from now on. Never waits.
 * From the first one on the socket hears the groups that it joined and no
 * others' (IP_MULTICAST_ALL). The memberships end with the socket.
 *
 * 0, or
 *   -EINVAL      group is none, source is another family's or a group, or the
 *                packet is not UDP of that family
 *   -EADDRINUSE  it hears that already there
 *   -ENODEV      no such interface, or routes give none
 *   -ENOBUFS     more groups than net.ipv4.igmp_max_memberships, or more
 *                sources than net.ipv4.igmp_max_msf
 */
int pier_packet_join_sized(struct pier_packet *packet,
	const struct pier_membership *membership, size_t size);

static inline int
pier_packet_join(
	struct pier_packet *packet, const struct pier_membership *membership)
{
	return pier_packet_join_sized(packet, membership, sizeof(*membership));
}

/*
 * pier_packet_leave(packet, membership): the end of what pier_packet_join() with
 * the same membership began.
 *
 * 0, or as pier_packet_join(), and
 *   -EADDRNOTAVAIL  it did not join that there
 */
int pier_packet_leave_sized(struct pier_packet *packet,
	const struct pier_membership *membership, size_t size);

static inline int
pier_packet_leave(
	struct pier_packet *packet, const struct pier_membership *membership)
{
	return pier_packet_leave_sized(packet, membership, sizeof(*membership));
}

/* How messages to groups leave. 0 leaves each as it is. */
struct pier_multicast_opts {
	unsigned int interface; /* by this link */
	int ttl;  /* routers they may pass: 1 (which they begin with) to 255;
		     PIER_OFF: 0, they stay on this machine */
	int loop; /* 1 (which they begin with): this machine hears them too;
		     PIER_OFF: it does not */
};

/*
 * pier_packet_multicast(packet, opts): set how messages to groups leave. 0, or
 *   -EINVAL  a value out of range, or the packet is not UDP
 *   -ENODEV  no such interface
 */
int pier_packet_multicast_sized(struct pier_packet *packet,
	const struct pier_multicast_opts *opts, size_t size);

static inline int
pier_packet_multicast(
	struct pier_packet *packet, const struct pier_multicast_opts *opts)
{
	return pier_packet_multicast_sized(packet, opts, sizeof(*opts));
}

/* ---- The socket itself -------------------------------------------------- */

/* What became of a message that left before. */
struct pier_packet_error {
	int rc; /* as the call gave it: -ECONNREFUSED, -EHOSTUNREACH… */
	struct pier_addr to;   /* whom it was for; len 0: unknown */
	struct pier_addr from; /* who says so: that host, or a router on the
				  way; len 0: this machine */
	int family; /* AF_INET: by ICMP, AF_INET6: by ICMPv6, 0: by itself */
	int type;   /* of that message of ICMP; -1: none */
	int code;
	const char *meaning; /* of them: "port unreachable"; a constant */
	uint32_t mtu; /* of a message that was too long: what the path takes;
			 else 0 */
};

/*
 * pier_packet_error(packet): the last one that a call on packet gave, which had
 * PIER_ASK_ERRORS; NULL: there was none. Borrowed until the next call on it.
 *
 * With PIER_ASK_ERRORS what comes back by ICMP is the result of the next call,
 * and pier_error_line() has all of it. Where the socket is not connected it is
 * that of pier_recv() alone, in the order in which they came: a message to one
 * peer does not fail for what another's met. Without it, a connected socket is
 * told -ECONNREFUSED and the like, and others nothing.
 */
const struct pier_packet_error *pier_packet_error(
	const struct pier_packet *packet);

/*
 * pier_packet_shutdown(packet, half): close a half of a seqpacket connection, as
 * pier_shutdown(): the peer receives what was sent, then -PIER_EEND. Never
 * waits. 0, or -ENOTCONN: not connected; -ENOTSUP: a channel of L2CAP closes as a
 * whole, by PIER_BOTH.
 */
int pier_packet_shutdown(struct pier_packet *packet, enum pier_half half);

/*
 * pier_packet_drain(packet, deadline): wait until every message has left this
 * machine. A channel of L2CAP that is closed drops what has not; other families
 * send on after a close, and there is nothing to wait for.
 *
 * Returns 0, also when the connection has ended, or
 *   -PIER_EDEADLINE, -EAGAIN, -ECANCELED  as pier_send()
 */
int pier_packet_drain(struct pier_packet *packet, pier_deadline deadline);

/* The address it is bound to. */
int pier_packet_local(const struct pier_packet *packet, struct pier_addr *out);
/* -ENOTCONN when it is not connected. */
int pier_packet_peer(const struct pier_packet *packet, struct pier_addr *out);
/* The endpoint to reach it by: "udp://127.0.0.1:7007". Its length or -ENOSPC. */
int pier_packet_endpoint(
	const struct pier_packet *packet, char *buf, size_t size);
/* Its descriptor, borrowed. */
int pier_packet_fd(const struct pier_packet *packet);

/* As pier_set_timeout() and pier_timeout(). */
int pier_packet_set_timeout(struct pier_packet *packet, int64_t ms);
int64_t pier_packet_timeout(const struct pier_packet *packet);

/* pier_packet_move(packet): as pier_move(), with its errors. */
int pier_packet_move(struct pier_packet *packet);

/* pier_packet_abort(packet): end it now, from any thread: calls that wait on it
   come back with -ECONNABORTED. */
void pier_packet_abort(struct pier_packet *packet);

/* Closes, and removes the file of a Unix socket that it bound. NULL is fine.
   Called where it belongs, as pier_close(): from elsewhere it is
   pier_packet_abort(). */
void pier_packet_close(struct pier_packet *packet);

#ifdef __cplusplus
}
#endif

#endif
