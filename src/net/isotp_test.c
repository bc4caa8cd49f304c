/* SPDX-License-Identifier: MIT */
/*
 * net/isotp_test.c - sockets of ISO-TP over a bus that this test makes: a call table
 * in which the socket is one end of a Unix pair, and the other end is the peer. What
 * the kernel is told, whose an error is, what is still on its way, and every call
 * failing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "addr/isotp.h"
#include "net/isotp.h"
#include "net/packet.h"
#include "task/faulty_bed.h"

/* Nothing waits that long. */
#define SOON pier_in_s(20)

#define LEVEL 106
#define HERE  "isotp://lo/7e0/7e8"

/* The bus: what the kernel was told, and what it shall say. */
static struct {
	struct pier__calls calls;
	int peer; /* the other end; -1: there is no socket */
	struct pier_addr bound;
	unsigned char set[8][16]; /* of LEVEL, by number */
	socklen_t set_len[8];
	int socket_error;
	int bind_error;
	int error;      /* SO_ERROR, which whoever looks takes */
	int error_when; /* it is told from so many looks on */
	int busy;       /* so many attempts meet a message that is on its way;
			   -1: all */
	int after;      /* what busy becomes when a message was taken */
	int full;       /* and so many a full queue */
	int refusal;    /* of a message, by the kernel; 0: none */
	bool cuts;      /* as an older kernel: how long it was is not told */
	struct pier__isotp *put_by_at; /* an error of this, in a wait */
	int handed; /* the protocol of a socket that was there; 0: none */
} bus;

static struct pier__faulty faulty;

static int
bus_socket(int family, int type, int protocol)
{
	int fds[2], rc;

	assert_int_equal(family, AF_CAN);
	assert_int_equal(type, SOCK_DGRAM);
	assert_int_equal(protocol, 6);
	if (bus.socket_error != 0)
		return -bus.socket_error;
	rc = pier__calls_real.socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
	if (rc < 0)
		return rc;
	if (bus.peer >= 0)
		(void)close(bus.peer);
	bus.peer = fds[1];
	return fds[0];
}

static int
bus_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	if (bus.bind_error != 0)
		return -bus.bind_error;
	return pier_addr_from_sockaddr(&bus.bound, sa, len);
}

static int
bus_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	(void)fd;
	memcpy(sa, &bus.bound.u, bus.bound.len);
	*len = bus.bound.len;
	return 0;
}

static int
bus_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	(void)fd;
	(void)sa;
	(void)len;
	return -EOPNOTSUPP;
}

static int
bus_shutdown(int fd, int how)
{
	(void)fd;
	(void)how;
	return -EOPNOTSUPP;
}

static int
bus_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level != LEVEL)
		return pier__calls_real.setsockopt(fd, level, name, value, len);
	assert_true(len <= sizeof(bus.set[0]));
	memcpy(bus.set[name], value, len);
	bus.set_len[name] = len;
	return 0;
}

/* An error is given once. */
static int
take_error(void)
{
	int error = bus.error;

	if (bus.error == 0 || bus.error_when-- > 0)
		return 0;
	bus.error = 0;
	return error;
}

static int
bus_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	const int domain = AF_CAN;
	int error;

	if (bus.handed != 0 && name == SO_DOMAIN) {
		memcpy(value, &domain, sizeof(domain));
		return 0;
	}
	if (bus.handed != 0 && name == SO_PROTOCOL) {
		memcpy(value, &bus.handed, sizeof(bus.handed));
		return 0;
	}
	if (level != SOL_SOCKET || name != SO_ERROR)
		return pier__calls_real.getsockopt(fd, level, name, value, len);
	error = take_error();
	memcpy(value, &error, sizeof(error));
	return 0;
}

static int
bus_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	int error = take_error();
	int n;

	/* All others are refused. */
	assert_int_equal(flags & ~(MSG_DONTWAIT | MSG_TRUNC), 0);
	if (error != 0)
		return -error;
	n = pier__calls_real.recvmmsg(fd, list, count, flags);
	if (n > 0 && bus.cuts &&
		list[0].msg_len > list[0].msg_hdr.msg_iov->iov_len)
		list[0].msg_len =
			(unsigned int)list[0].msg_hdr.msg_iov->iov_len;
	return n;
}

static ssize_t
bus_sendmsg(int fd, const struct msghdr *header, int flags)
{
	bool is_empty = header->msg_iovlen == 0;

	assert_null(header->msg_name);
	if (bus.busy != 0) {
		bus.busy -= bus.busy > 0;
		return -EAGAIN;
	}
	if (is_empty)
		return -EINVAL;
	if (bus.full > 0) {
		bus.full--;
		return -ENOBUFS;
	}
	if (bus.refusal != 0)
		return -bus.refusal;
	bus.busy = bus.after;
	return pier__calls_real.sendmsg(fd, header, flags);
}

/* What another thread's send does while this one sleeps: the error is gone from
   the socket, and put by. */
static int
bus_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	int rc = pier__calls_real.poll(fds, count, timeout_ns);
	struct pier__isotp *isotp = bus.put_by_at;

	if (rc == 0 && isotp != NULL) {
		bus.put_by_at = NULL;
		(void)pthread_mutex_lock(&isotp->lock);
		isotp->put_by_in = -EILSEQ;
		(void)pthread_mutex_unlock(&isotp->lock);
	}
	return rc;
}

static int
begin(void **state)
{
	(void)state;
	memset(&bus, 0, sizeof(bus));
	bus.calls = pier__calls_real;
	bus.calls.socket = bus_socket;
	bus.calls.bind = bus_bind;
	bus.calls.getsockname = bus_getsockname;
	bus.calls.getpeername = bus_getpeername;
	bus.calls.shutdown = bus_shutdown;
	bus.calls.setsockopt = bus_setsockopt;
	bus.calls.getsockopt = bus_getsockopt;
	bus.calls.recvmmsg = bus_recvmmsg;
	bus.calls.sendmsg = bus_sendmsg;
	bus.calls.poll = bus_poll;
	bus.peer = -1;
	return faulty_bed_begin(&faulty, &bus.calls);
}

static int
end(void **state)
{
	(void)state;
	if (bus.peer >= 0)
		(void)close(bus.peer);
	return faulty_bed_end(&faulty);
}

static struct pier_packet *
opened(const char *endpoint)
{
	struct pier_packet *packet;

	if (pier_packet_open(&packet, endpoint, NULL, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return packet;
}

static void
peer_says(const char *text)
{
	assert_int_equal(write(bus.peer, text, strlen(text)), strlen(text));
}

static void
peer_has(const char *text)
{
	char buf[64];
	ssize_t n = read(bus.peer, buf, sizeof(buf));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void
assert_line(const char *part)
{
	if (strstr(pier_error_line(), part) == NULL)
		fail_msg("\"%s\" has no \"%s\"", pier_error_line(), part);
}

/* ---- Opening ------------------------------------------------------------ */

static void
the_kernel_is_told(void **state)
{
	static const unsigned char opts[12] = {
		[4] = 0x40, [5] = 0x42, [6] = 0x0f, [8] = 0xf1, 0xaa, 0xbb, 0xf2
	};
	unsigned char expected[12];
	const uint32_t flags =
		0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x80 | 0x100 | 0x200;
	const uint32_t frame_ns = 1000000, gap = 2000000, in_gap = 3000000;
	struct pier_packet *packet = opened(
		"isotp://lo/123/00000123?pad=AA&rxpad=bb&check=all&ext=F1&"
		"rxext=f2&bs=8&stmin=500us&waits=3&txgap=2ms&rxgap=3ms&"
		"frametime=1ms&fd=1&dl=32&brs=1");

	(void)state;
	memcpy(expected, opts, sizeof(opts));
	memcpy(expected, &flags, sizeof(flags));
	memcpy(expected + 4, &frame_ns, sizeof(frame_ns));
	assert_int_equal(bus.set_len[1], 12);
	assert_memory_equal(bus.set[1], expected, 12);
	assert_int_equal(bus.set_len[2], 3);
	assert_memory_equal(bus.set[2], "\x08\xf5\x03", 3);
	assert_memory_equal(bus.set[3], &gap, 4);
	assert_memory_equal(bus.set[4], &in_gap, 4);
	assert_int_equal(bus.set_len[5], 3);
	assert_memory_equal(bus.set[5], "\x48\x20\x01", 3);
	assert_int_equal(bus.bound.u.can.interface, pier_interface_index("lo"));
	assert_int_equal(bus.bound.u.can.tx_id, 0x123);
	assert_int_equal(bus.bound.u.can.rx_id, 0x80000123u);
	pier_packet_close(packet);
}

static void
typed_options_stand_in_for_the_endpoints(void **state)
{
	struct pier_packet *packet;
	const char *const wrong[] = { "udp://127.0.0.1:1", "isotp://lo/1" };

	(void)state;
	assert_int_equal(
		pier_isotp_open(&packet, HERE "?bs=8&pad=0",
			&(struct pier_isotp_opts){ .stmin_ns = 10000000 }),
		0);
	assert_memory_equal(bus.set[1], "\0\0\0\0", 4);
	assert_memory_equal(bus.set[2], "\x00\x0a\x00", 3);
	assert_int_equal(bus.set_len[3], 0);
	assert_memory_equal(bus.set[5], "\x10\x08\x00", 3);
	pier_packet_close(packet);
	assert_int_equal(pier_isotp_open(&packet, HERE "?bs=8", NULL), 0);
	assert_memory_equal(bus.set[2], "\x08\x00\x00", 3);
	pier_packet_close(packet);
	assert_int_equal(pier_isotp_open(&packet, HERE,
				 &(struct pier_isotp_opts){ .stmin_ns = 1 }),
		-EINVAL);
	assert_line("stmin is 0 to 127 ms");
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			pier_isotp_open(&packet, wrong[i], NULL), -EINVAL);
}

static void
what_is_missing_is_said_at_once(void **state)
{
	static const struct {
		int socket_error, bind_error, error;
		const char *endpoint, *part;
	} cases[] = {
		{ EAFNOSUPPORT, 0, 0, HERE, "modprobe can" },
		{ EPROTONOSUPPORT, 0, 0, HERE, "modprobe can-isotp" },
		{ 0, 0, ENODEV, "isotp://nosuch0/1/2", "no such interface" },
		{ 0, ENODEV, 0, HERE, "no CAN interface" },
		{ 0, 0, ENETDOWN, HERE, "the interface is down" },
		{ 0, EADDRNOTAVAIL, 0, HERE, "both identifiers are the same" },
		{ 0, EINVAL, 0, HERE "?fd=1", "takes no FD frames" },
	};
	struct pier_packet *packet;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bus.socket_error = cases[i].socket_error;
		bus.bind_error = cases[i].bind_error;
		bus.error = cases[i].error;
		assert_true(pier_packet_open(&packet, cases[i].endpoint, NULL,
				    SOON) < 0);
		assert_line(cases[i].part);
		bus.error = 0;
	}
	assert_int_equal(
		pier_packet_open(&packet, HERE,
			&(struct pier_packet_opts){ .bind = "can0" }, SOON),
		-EINVAL);
	assert_int_equal(
		pier_packet_open(&packet, HERE,
			&(struct pier_packet_opts){ .unconnected = true },
			SOON),
		-EINVAL);
}

/* Of the kinds of CAN that one is taken, and what is not stays open. */
static void
a_socket_that_was_there_is_taken(void **state)
{
	struct pier_packet *packet;
	char text[64];
	int fd;

	(void)state;
	/* Where it is bound. */
	pier_packet_close(opened(HERE));
	fd = pier__calls()->socket(AF_CAN, SOCK_DGRAM, 6);
	assert_true(fd >= 0);
	(void)snprintf(text, sizeof(text), "fd://%d", fd);
	bus.handed = 2;
	assert_int_equal(pier_packet_open(&packet, text, NULL, SOON), -EINVAL);
	assert_line("only those of ISO-TP");
	bus.handed = 6;
	assert_int_equal(pier_packet_open(&packet, text, NULL, SOON), 0);
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), 0);
	peer_has("hello");
	assert_true(pier_packet_endpoint(packet, text, sizeof(text)) > 0);
	assert_string_equal(text, HERE);
	pier_packet_close(packet);
}

/* ---- Messages ----------------------------------------------------------- */

static void
messages_go_both_ways(void **state)
{
	struct pier_packet *packet = opened(HERE);
	struct pier_addr peer;
	struct pier_msg msg;
	char buf[64], text[PIER_ADDR_TEXT_MAX];

	(void)state;
	bus.busy = 0;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), 0);
	peer_has("hello");
	peer_says("world");
	assert_int_equal(pier_recv(packet, &msg, buf, sizeof(buf), SOON), 0);
	assert_int_equal(msg.size, 5);
	assert_memory_equal(buf, "world", 5);
	(void)pier_addr_format(&msg.peer, text, sizeof(text));
	assert_string_equal(text, "isotp:lo/7e8/7e0");
	assert_int_equal(msg.interface, pier_interface_index("lo"));
	assert_int_equal(pier_packet_peer(packet, &peer), 0);
	assert_true(pier_addr_equal(&peer, &msg.peer));
	/* Its address may be given, and no other. */
	assert_int_equal(pier_send(packet, &peer, "again", 5, SOON), 0);
	peer_has("again");
	peer.u.can.tx_id = 5;
	assert_int_equal(pier_send(packet, &peer, "again", 5, SOON), -EINVAL);
	assert_int_equal(pier_send(packet, NULL, "", 0, SOON), -EINVAL);
	assert_line("no empty messages");
	assert_int_equal(
		pier_packet_endpoint(packet, text, sizeof(text)), strlen(HERE));
	assert_string_equal(text, HERE);
	pier_packet_close(packet);
}

static void
several_come_at_once(void **state)
{
	struct pier_packet *packet = opened(HERE);
	char bufs[3][16];
	struct pier_incoming list[3] = { { bufs[0], 16, { 0 } },
		{ bufs[1], 16, { 0 } }, { bufs[2], 16, { 0 } } };
	const struct pier_outgoing out[2] = { { .data = "a", .size = 1 },
		{ .data = "b", .size = 1 } };

	(void)state;
	peer_says("one");
	peer_says("two");
	assert_int_equal(pier_recv_many(packet, list, 3, SOON), 2);
	assert_memory_equal(bufs[1], "two", 3);
	assert_int_equal(list[1].msg.size, 3);
	/* What comes after a message is met by the next call. */
	peer_says("one");
	bus.error = EILSEQ;
	bus.error_when = 1;
	assert_int_equal(pier_recv_many(packet, list, 3, SOON), 1);
	assert_int_equal(pier_recv_many(packet, list, 3, SOON), -EILSEQ);
	assert_int_equal(pier_send_many(packet, out, 2, SOON), 1);
	peer_has("a");
	pier_packet_close(packet);
}

static void
what_is_cut_off_is_told(void **state)
{
	struct pier_packet *packet = opened(HERE);
	struct pier_msg msg;
	char buf[4];

	(void)state;
	for (int i = 0; i < 2; i++) {
		bus.cuts = i == 1;
		peer_says("hello");
		assert_int_equal(
			pier_recv(packet, &msg, buf, sizeof(buf), SOON),
			-EMSGSIZE);
		assert_true(msg.truncated);
		assert_int_equal(msg.size, 4);
		assert_true(msg.full_size > 4);
	}
	pier_packet_close(packet);
}

/* ---- On its way --------------------------------------------------------- */

static void
a_send_ends_when_the_peer_has_it(void **state)
{
	struct pier_packet *packet = opened(HERE);

	(void)state;
	/* An earlier one goes first, then there is no room, then it is on its
	   way. */
	bus.busy = 2;
	bus.full = 2;
	bus.after = 2;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), 0);
	assert_int_equal(bus.busy, 0);
	assert_int_equal(bus.full, 0);
	peer_has("hello");
	pier_packet_close(packet);
}

static void
a_send_does_not_end_before(void **state)
{
	struct pier_packet *packet = opened(HERE);

	(void)state;
	bus.after = -1;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, pier_in_ms(20)),
		-PIER_EDEADLINE);
	assert_line("the message is still on its way");
	peer_has("hello");
	pier_packet_close(packet);
}

static void
a_deadline_leaves_it_on_its_way(void **state)
{
	struct pier_packet *packet = opened(HERE);

	(void)state;
	bus.busy = -1;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, pier_in_ms(20)),
		-PIER_EDEADLINE);
	assert_int_equal(
		pier_send(packet, NULL, "hello", 5, PIER_NOW), -EAGAIN);
	bus.busy = 0;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, PIER_NOW), 0);
	peer_has("hello");
	/* What became of it is told by the next one, which does not go. */
	bus.error = ECOMM;
	assert_int_equal(pier_send(packet, NULL, "later", 5, SOON), -ECOMM);
	assert_line("an earlier message");
	assert_int_equal(pier_send(packet, NULL, "later", 5, SOON), 0);
	peer_has("later");
	pier_packet_close(packet);
}

static void
what_the_peer_does_is_told(void **state)
{
	static const struct {
		int error;
		const char *part;
	} cases[] = {
		{ ECOMM, "sent no flow control" },
		{ EMSGSIZE, "no room for so much" },
		{ EBADMSG, "flow control is too short" },
		{ ENETDOWN, "the interface is down" },
		{ ENODEV, "the interface is gone" },
	};
	struct pier_packet *packet = opened(HERE);
	struct pier_msg msg;
	char buf[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bus.error = cases[i].error;
		bus.error_when = 1;
		assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON),
			-cases[i].error);
		assert_line(cases[i].part);
		peer_has("hello");
	}
	/* It comes right before nothing is on its way any more. */
	bus.error = ECOMM;
	bus.error_when = 2;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), -ECOMM);
	peer_has("hello");
	/* The last two are of both directions. */
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), SOON), -ENODEV);
	bus.refusal = EINVAL;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), -EMSGSIZE);
	assert_line("longer than the kernel takes");
	bus.refusal = EADDRNOTAVAIL;
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), -ENODEV);
	pier_packet_close(packet);
}

/* ---- Whose an error is -------------------------------------------------- */

static void
a_sender_does_not_take_the_receivers_error(void **state)
{
	static const int errors[] = { ETIMEDOUT, EILSEQ };
	struct pier_packet *packet = opened(HERE);
	struct pier_msg msg;
	char buf[8];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bus.error = errors[i];
		bus.error_when = 1;
		assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), 0);
		peer_has("hello");
		assert_int_equal(
			pier_recv(packet, &msg, buf, sizeof(buf), SOON),
			-errors[i]);
		assert_int_equal(
			pier_recv(packet, &msg, buf, sizeof(buf), PIER_NOW),
			-EAGAIN);
	}
	/* A frame that was wrongly padded, while nothing is sent. */
	bus.error = EBADMSG;
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), SOON), -EBADMSG);
	assert_line("not padded");
	pier_packet_close(packet);
}

static void
a_receiver_does_not_take_the_senders_error(void **state)
{
	struct pier_packet *packet = opened(HERE);
	struct pier_msg msg;
	char buf[8];

	(void)state;
	bus.error = ECOMM;
	peer_says("hello");
	assert_int_equal(pier_recv(packet, &msg, buf, sizeof(buf), SOON), 0);
	assert_int_equal(bus.error, 0);
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), -ECOMM);
	pier_packet_close(packet);
}

/* Who waits while a sender meets an error that is of the receiver. */
struct waiting {
	struct pier_packet *packet;
	int rc;
	bool is_done;
};

static int
receive_once(void *arg)
{
	struct waiting *it = arg;
	struct pier_msg msg;
	char buf[8];

	it->rc = pier_recv(it->packet, &msg, buf, sizeof(buf), SOON);
	it->is_done = true;
	return 0;
}

static int
send_beside(void *arg)
{
	struct waiting *it = arg;
	struct pier_group *group;
	bool woken = false;
	int rc = pier_group_open(&group);

	if (rc < 0)
		return rc;
	rc = pier_go(group, receive_once, it);
	if (rc == 0)
		rc = pier_yield();
	bus.error = EILSEQ;
	if (rc == 0)
		rc = pier_send(it->packet, NULL, "hello", 5, SOON);
	if (rc == 0)
		rc = pier_yield();
	woken = it->is_done;
	if (rc == 0)
		rc = pier_group_wait(group, SOON);
	pier_group_close(group);
	return rc < 0 ? rc : woken;
}

static void
a_fiber_that_receives_is_woken(void **state)
{
	struct waiting it = { .packet = opened(HERE) };

	(void)state;
	assert_int_equal(pier_run(send_beside, &it, NULL, NULL), 1);
	assert_int_equal(it.rc, -EILSEQ);
	pier_packet_close(it.packet);
}

static void
a_thread_that_receives_looks_again(void **state)
{
	struct waiting it = { .packet = opened(HERE) };

	(void)state;
	bus.put_by_at = it.packet->isotp;
	assert_int_equal(receive_once(&it), 0);
	assert_null(bus.put_by_at);
	assert_int_equal(it.rc, -EILSEQ);
	pier_packet_close(it.packet);
}

/* ---- Aborting ----------------------------------------------------------- */

static int
receive_for_ever(void *arg)
{
	struct pier_msg msg;
	char buf[8];

	return pier_recv(arg, &msg, buf, sizeof(buf), PIER_FOREVER);
}

static int
abort_one(void *arg)
{
	struct pier_group *group;
	int rc = pier_group_open(&group);

	if (rc < 0)
		return rc;
	rc = pier_go(group, receive_for_ever, arg);
	if (rc == 0)
		rc = pier_yield();
	pier_packet_abort(arg);
	if (rc == 0)
		rc = pier_group_wait(group, SOON);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

static void
an_abort_wakes_who_waits(void **state)
{
	struct pier_packet *packet = opened(HERE);

	(void)state;
	assert_int_equal(
		pier_run(abort_one, packet, NULL, NULL), -ECONNABORTED);
	assert_int_equal(receive_for_ever(packet), -ECONNABORTED);
	assert_int_equal(
		pier_send(packet, NULL, "hello", 5, SOON), -ECONNABORTED);
	pier_packet_close(packet);
}

/* ---- Failures ----------------------------------------------------------- */

static int
talk(void)
{
	struct pier_packet *packet;
	struct pier_msg msg;
	char buf[8];
	int rc = pier_packet_open(
		&packet, HERE "?txgap=1ms&rxgap=1ms", NULL, SOON);

	if (rc < 0)
		return rc;
	peer_says("hello");
	rc = pier_send(packet, NULL, "hello", 5, SOON);
	if (rc == 0)
		rc = pier_recv(packet, &msg, buf, sizeof(buf), SOON);
	pier_packet_close(packet);
	return rc;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	faulty_bed_each(&faulty, talk, EOVERFLOW, 0);
}

#define BUS(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BUS(the_kernel_is_told),
		BUS(typed_options_stand_in_for_the_endpoints),
		BUS(what_is_missing_is_said_at_once),
		BUS(a_socket_that_was_there_is_taken),
		BUS(messages_go_both_ways),
		BUS(several_come_at_once),
		BUS(what_is_cut_off_is_told),
		BUS(a_send_ends_when_the_peer_has_it),
		BUS(a_send_does_not_end_before),
		BUS(a_deadline_leaves_it_on_its_way),
		BUS(what_the_peer_does_is_told),
		BUS(a_sender_does_not_take_the_receivers_error),
		BUS(a_receiver_does_not_take_the_senders_error),
		BUS(a_fiber_that_receives_is_woken),
		BUS(a_thread_that_receives_looks_again),
		BUS(an_abort_wakes_who_waits),
		BUS(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
