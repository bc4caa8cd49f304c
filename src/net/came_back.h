/* SPDX-License-Identifier: MIT */
/*
 * net/came_back.h - errors that come back by ICMP, of packet sockets that asked
 * for them: the queue of IP_RECVERR, see ip(7) and recvmsg(2).
 *
 * An error is about one message that left before. On a socket that has one peer
 * it is the result of whatever call comes next. On one that has many, a message
 * to one peer does not fail for what another's met: a send puts such an error
 * by, for the next receive.
 */
#ifndef PIER_NET_CAME_BACK_H
#define PIER_NET_CAME_BACK_H

#include <sys/socket.h>

#include <pier/packet.h>

/* So many are put by; of more, the oldest are forgotten. */
#define PIER__PUT_BY_MAX 16

struct pier__came_back {
	struct pier_packet_error last; /* that a call gave; rc 0: none */
	unsigned int first, count;     /* of put_by, a ring */
	struct pier_packet_error put_by[PIER__PUT_BY_MAX];
	bool tells_sent; /* see sent.h */
	int64_t sent_ns;
};

/* Is it a struct sock_extended_err, and whole? */
bool pier__came_back_is_error(const struct cmsghdr *cmsg);

/* What header, of a receive from the queue, says: all but whom the message was
   for. rc is 0 when that is nothing. */
void pier__came_back_read(struct pier_packet_error *out, struct msghdr *header);

/* What a system call of packet gave in the direction `what`, PIER__IN or
   PIER__OUT, in which nothing went: the error of a message that left before
   becomes the last one, and the result; or is put by, and the result is 0: try
   again. Else rc. Only of a packet that has errors. */
int pier__came_back(struct pier_packet *packet, unsigned int what, int rc);

/* All that is in the queue by now. */
void pier__came_back_put_by(struct pier_packet *packet);

/* Before a receive: the oldest that was put by becomes the last one and the
   result; 0: there is none. */
int pier__came_back_before(struct pier_packet *packet);

/* Is rc that of the last one? Then `text` says all of it. */
#define PIER__CAME_BACK_MAX 256
bool pier__came_back_text(const struct pier_packet *packet, int rc,
	char text[PIER__CAME_BACK_MAX]);

#endif
