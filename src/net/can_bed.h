/* SPDX-License-Identifier: MIT */
/*
 * net/can_bed.h - a link of CAN for tests, on any kernel: a call table in which a
 * socket of CAN is one end of a Unix pair, whose other end is the bus. Frames and
 * jobs are read there as the kernel would, and put there as the kernel would.
 * Whatever it is called, the interface is the loopback one.
 */
#ifndef PIER_NET_CAN_BED_H
#define PIER_NET_CAN_BED_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <pier/interface.h>

#include "net/can_socket.h"
#include "net/can_wire.h"
#include "os/calls.h"

/* What the kernel was told, and what it shall say. */
static struct can_bed {
	struct pier__calls calls;
	int bus; /* of the socket that was made last; -1: there is none */
	int connected_to;
	int missing;    /* a protocol that there is none of; 0: all are there */
	int full;       /* so many sends meet a full queue; -1: all */
	int send_error; /* what a send fails by, once */
	/* What each message begins with and its length, the oldest first. */
	struct {
		uint32_t opcode;
		size_t size;
	} sent[8];
	size_t sent_count;
} bed;

static void
bed_drop_bus(void)
{
	if (bed.bus >= 0)
		(void)pier__calls_real.close(bed.bus);
	bed.bus = -1;
}

static int
bed_socket(int family, int type, int protocol)
{
	int fds[2], rc;

	if (family != PIER__CAN_FAMILY)
		return pier__calls_real.socket(family, type, protocol);
	if (protocol == bed.missing)
		return -EPROTONOSUPPORT;
	rc = pier__calls_real.socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
	if (rc < 0)
		return rc;
	/* The raw socket that only looks at the interface has no bus of its own;
	   of its end nobody is told. */
	if (bed.bus >= 0)
		(void)pier__calls_real.close(fds[1]);
	else
		bed.bus = fds[1];
	return fds[0];
}

static int
bed_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return sa->sa_family == PIER__CAN_FAMILY
		       ? 0
		       : pier__calls_real.bind(fd, sa, len);
}

static int
bed_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	if (sa->sa_family != PIER__CAN_FAMILY)
		return pier__calls_real.connect(fd, sa, len);
	memcpy(&bed.connected_to, (const char *)sa + 4, sizeof(int));
	return 0;
}

static int
bed_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return level == 101 ? 0
			    : pier__calls_real.setsockopt(
				      fd, level, name, value, len);
}

static int
bed_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	int n = pier__calls_real.recvmmsg(fd, list, count, flags);
	int lo = pier_interface_index("lo");

	if (n > 0 && list[0].msg_hdr.msg_name != NULL)
		memcpy((char *)list[0].msg_hdr.msg_name + 4, &lo, sizeof(lo));
	return n;
}

static ssize_t
bed_sendmsg(int fd, const struct msghdr *header, int flags)
{
	int error = bed.send_error;

	if (bed.full != 0) {
		bed.full -= bed.full > 0;
		return -ENOBUFS;
	}
	if (bed.sent_count < sizeof(bed.sent) / sizeof(bed.sent[0])) {
		memcpy(&bed.sent[bed.sent_count].opcode,
			header->msg_iov[0].iov_base, 4);
		bed.sent[bed.sent_count++].size = header->msg_iov[0].iov_len;
	}
	bed.send_error = 0;
	return error != 0 ? -error
			  : pier__calls_real.sendmsg(fd, header, flags);
}

/* A table, to be put below the faulty one or used as it is. */
static void
bed_begin(void)
{
	memset(&bed, 0, sizeof(bed));
	bed.bus = -1;
	bed.calls = pier__calls_real;
	bed.calls.socket = bed_socket;
	bed.calls.bind = bed_bind;
	bed.calls.connect = bed_connect;
	bed.calls.setsockopt = bed_setsockopt;
	bed.calls.recvmmsg = bed_recvmmsg;
	bed.calls.sendmsg = bed_sendmsg;
}

/* Bytes that come. 0 or -EIO. */
static int
bed_put(const void *bytes, size_t size)
{
	return pier__calls_real.send(bed.bus, bytes, size, 0) == (ssize_t)size
		       ? 0
		       : -EIO;
}

#endif
