/* SPDX-License-Identifier: MIT */
/*
 * net/control.h - what comes along with a UDP message, and what one that is sent
 * has of its own: the control messages of ip(7), ipv6(7) and socket(7).
 */
#ifndef PIER_NET_CONTROL_H
#define PIER_NET_CONTROL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include <pier/packet.h>

/* Room for all that a message may bring: an address and a link, TTL, TOS, and
   a time, and the size of segments. What is sent has less. */
#define PIER__CONTROL_MAX                         \
	(CMSG_SPACE(sizeof(struct in6_pktinfo)) + \
		3 * CMSG_SPACE(sizeof(int)) +     \
		CMSG_SPACE(sizeof(struct timespec)))

/* Address and link, beside the PIER_ASK_… of users. */
#define PIER__ASK_WHERE 0x10000
#define PIER__ASK_ALL                                                       \
	(PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_TIME | PIER_ASK_INTERFACE | \
		PIER_ASK_ERRORS | PIER_ASK_SEGMENTS)

/* The kernel is to give what `ask` says with each message on fd. 0, or -errno
   and the name of the option that failed. */
int pier__control_ask(
	int fd, int family, unsigned int ask, const char **option);

/* Into msg, whose fields say "unknown", what came along; port is that of the
   socket. */
void pier__control_read(
	struct pier_msg *msg, struct msghdr *from, unsigned int port);

/* Adds to header, which has none, what `out` has beside its address and data. room
   has PIER__CONTROL_MAX bytes and is aligned. 0 or -EINVAL. */
int pier__control_write(struct msghdr *header, void *room, int family,
	const struct pier_outgoing *out);

/* The same for an answer to msg: it leaves from where msg was sent to. */
void pier__control_answer(
	struct msghdr *header, void *room, const struct pier_msg *msg);

/* Does the kernel part what is sent on fd by UDP_SEGMENT of udp(7)? Linux 4.18; not
   where that option of fd is set, which is somebody's choice for all of it. */
bool pier__control_parts(int fd);
/* Adds to header, whose room is `room`: its data is messages of size bytes each,
   the last one of what is left. */
void pier__control_part(struct msghdr *header, void *room, size_t size);

/* The first len bytes of an address, which most often is one of IPv4. */
static inline void
pier__addr_bytes(struct pier_addr *to, const struct pier_addr *from, size_t len)
{
	if (__builtin_expect(len == sizeof(to->u.in), 1))
		to->u.in = from->u.in;
	else
		memcpy(&to->u, &from->u, len);
}

/* Nothing is known of a message yet. Its addresses are not cleared behind the
   bytes that they use. */
static inline void
pier__msg_begin(struct pier_msg *msg)
{
	msg->peer.len = 0;
	msg->local.len = 0;
	msg->to.len = 0;
	msg->interface = 0;
	msg->has_sender = false;
	msg->sender_pid = 0;
	msg->sender_uid = 0;
	msg->sender_gid = 0;
	msg->ttl = -1;
	msg->tos = -1;
	msg->time_ns = 0;
	msg->segment_size = 0;
}

#endif
