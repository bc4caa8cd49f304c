/* SPDX-License-Identifier: MIT */
/*
 * proto/bt_bed.h - for tests of conversations over Bluetooth's sockets: a call table
 * in which such a socket is one end of a Unix pair. Whatever is sent is handed to
 * the test, which answers on the other end before the send returns.
 */
#ifndef PIER_PROTO_BT_BED_H
#define PIER_PROTO_BT_BED_H

#include <string.h>

#include <pier/bt_control.h>

#include "task/faulty_bed.h"

/* Nothing waits that long. */
#define SOON pier_in_s(20)

#define BED_MESSAGE 8192

static struct {
	struct pier__calls calls;
	struct pier__faulty faulty;
	int peer; /* -1: there is no socket */
	int type, protocol;
	/* What the kernel says: negative errors. */
	int socket_rc, bind_rc, connect_rc, so_error;
	int64_t later; /* than the clock says it is, in ns */
	bool resets;   /* a receive, once: the peer closed */
	unsigned char bound[16], to[16];
	socklen_t bound_len, to_len;
	void (*answer)(const unsigned char *bytes, size_t len);
} bed;

static int
bed_socket(int family, int type, int protocol)
{
	int fds[2], rc;

	assert_int_equal(family, 31);
	bed.type = type;
	bed.protocol = protocol;
	if (bed.socket_rc < 0)
		return bed.socket_rc;
	rc = pier__calls_real.socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds);
	if (rc < 0)
		return rc;
	if (bed.peer >= 0)
		(void)pier__calls_real.close(bed.peer);
	bed.peer = fds[1];
	return fds[0];
}

static int
bed_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	assert_true(len <= sizeof(bed.bound));
	memcpy(bed.bound, sa, len);
	bed.bound_len = len;
	return bed.bind_rc;
}

static int
bed_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	assert_true(len <= sizeof(bed.to));
	memcpy(bed.to, sa, len);
	bed.to_len = len;
	return bed.connect_rc;
}

static int
bed_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (level != SOL_SOCKET || name != SO_ERROR)
		return pier__calls_real.getsockopt(fd, level, name, value, len);
	memcpy(value, &bed.so_error, sizeof(bed.so_error));
	return 0;
}

static int64_t
bed_clock_ns(void)
{
	return pier__calls_real.clock_ns() + bed.later;
}

static ssize_t
bed_recvmsg(int fd, struct msghdr *header, int flags)
{
	if (!bed.resets)
		return pier__calls_real.recvmsg(fd, header, flags);
	bed.resets = false;
	return -ECONNRESET;
}

/* What was sent has come to the other end. */
static void
bed_pass_on(void)
{
	unsigned char bytes[BED_MESSAGE];
	ssize_t n;

	while ((n = pier__calls_real.recv(
			bed.peer, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		if (bed.answer != NULL)
			bed.answer(bytes, (size_t)n);
}

static ssize_t
bed_send(int fd, const void *buf, size_t size, int flags)
{
	ssize_t n = pier__calls_real.send(fd, buf, size, flags);

	bed_pass_on();
	return n;
}

static ssize_t
bed_sendmsg(int fd, const struct msghdr *header, int flags)
{
	ssize_t n = pier__calls_real.sendmsg(fd, header, flags);

	bed_pass_on();
	return n;
}

/* A message from the other end. */
static void
bed_say(const void *bytes, size_t len)
{
	assert_int_equal(
		pier__calls_real.send(bed.peer, bytes, len, MSG_NOSIGNAL), len);
}

static int
bed_begin(void **state)
{
	(void)state;
	memset(&bed, 0, sizeof(bed));
	bed.calls = pier__calls_real;
	bed.calls.socket = bed_socket;
	bed.calls.bind = bed_bind;
	bed.calls.connect = bed_connect;
	bed.calls.getsockopt = bed_getsockopt;
	bed.calls.send = bed_send;
	bed.calls.sendmsg = bed_sendmsg;
	bed.calls.recvmsg = bed_recvmsg;
	bed.calls.clock_ns = bed_clock_ns;
	bed.peer = -1;
	return faulty_bed_begin(&bed.faulty, &bed.calls);
}

static int
bed_end(void **state)
{
	(void)state;
	if (bed.peer >= 0)
		(void)pier__calls_real.close(bed.peer);
	return faulty_bed_end(&bed.faulty);
}

#define BEDDED(test) cmocka_unit_test_setup_teardown(test, bed_begin, bed_end)

#endif
