/* SPDX-License-Identifier: MIT */
/*
 * net/bt_test.c - sockets of Bluetooth through the air that this test makes: a
 * call table in which the socket is one end of a Unix pair, whose other end is the
 * device. What the kernel is told, how both ends end as the kernel tells of it,
 * controllers that are missing or off, and every call failing.
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

#include "addr/bt.h"
#include "os/bt.h"
#include "task/faulty_bed.h"

/* Nothing waits that long. */
#define SOON pier_in_s(20)

#define HERE   "00:AA:01:00:00:00"
#define THERE  "00:AA:01:01:00:01"
#define RFCOMM "rfcomm://" THERE "/3"
#define L2CAP  "l2cap://" THERE "/0x1001"
#define LE     "l2cap://" THERE "/0x80?le=random"

#define LEVEL    274
#define SECURITY 4
#define SNDMTU   12
#define RCVMTU   13
#define MODE     15

/* The air: what the kernel was told, and what it shall say. */
static struct {
	struct pier__calls calls;
	int device; /* the other end; -1: there is no socket */
	int protocol;
	struct pier_addr bound, dialled;
	unsigned char set[16]; /* of LEVEL, the first byte by number */
	uint16_t rcvmtu;
	uint16_t options[6]; /* of L2CAP */
	uint16_t sndmtu;     /* 0: it is no one of Low Energy */
	int socket_error;
	int connect_error;
	int connect_errors; /* so many times; -1: always */
	struct pier__bt_controller list[2];
	int count; /* of list, or an error */
	bool told; /* that the device has ended, which the kernel says once */
	int sndbuf, room;
} air;

static struct pier__faulty faulty;

static int
air_socket(int family, int type, int protocol)
{
	int fds[2], rc;

	assert_int_equal(family, AF_BLUETOOTH);
	air.protocol = protocol;
	if (air.socket_error != 0)
		return -air.socket_error;
	rc = pier__calls_real.socketpair(AF_UNIX, type, 0, fds);
	if (rc < 0)
		return rc;
	if (air.device >= 0)
		(void)close(air.device);
	air.device = fds[1];
	air.told = false;
	return fds[0];
}

static int
air_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	return pier_addr_from_sockaddr(&air.bound, sa, len);
}

static int
air_listen(int fd, int backlog)
{
	(void)fd;
	(void)backlog;
	return 0;
}

static int
air_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	if (air.connect_error != 0 && air.connect_errors != 0) {
		air.connect_errors -= air.connect_errors > 0;
		return -air.connect_error;
	}
	return pier_addr_from_sockaddr(&air.dialled, sa, len);
}

static int
air_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	(void)fd;
	memcpy(sa, &air.bound.u, air.bound.len);
	*len = air.bound.len;
	return 0;
}

static int
air_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == 6 && name == 1) {
		memcpy(air.options, value, sizeof(air.options));
		return 0;
	}
	if (level != LEVEL)
		return pier__calls_real.setsockopt(fd, level, name, value, len);
	memcpy(&air.set[name], value, 1);
	if (name == RCVMTU)
		memcpy(&air.rcvmtu, value, sizeof(air.rcvmtu));
	return 0;
}

static int
air_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	static const int domain = AF_BLUETOOTH;

	if (level == SOL_SOCKET && name == SO_DOMAIN)
		memcpy(value, &domain, sizeof(domain));
	else if (level == SOL_SOCKET && name == SO_SNDBUF && air.sndbuf > 0)
		memcpy(value, &air.sndbuf, sizeof(air.sndbuf));
	else if (level == 6 && name == 1)
		memcpy(value, air.options, sizeof(air.options));
	else if (level == LEVEL && name == SNDMTU && air.sndmtu > 0)
		memcpy(value, &air.sndmtu, sizeof(air.sndmtu));
	else if (level == LEVEL && (name == SNDMTU || name == RCVMTU))
		return -EINVAL;
	else
		return pier__calls_real.getsockopt(fd, level, name, value, len);
	return 0;
}

static bool
has_ended(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return pier__calls_real.poll(&one, 1, 0) > 0 &&
	       (one.revents & POLLHUP) != 0;
}

/* The error is the first to ask's. */
static ssize_t
tell_end(void)
{
	if (air.told)
		return -EAGAIN;
	air.told = true;
	return -ECONNRESET;
}

/* A stream has its bytes first. */
static ssize_t
air_recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t n = pier__calls_real.recv(fd, buf, size, flags);

	return n == 0 ? tell_end() : n;
}

/* Messages come behind the error. */
static ssize_t
air_recvmsg(int fd, struct msghdr *header, int flags)
{
	if (has_ended(fd) && !air.told)
		return tell_end();
	return pier__calls_real.recvmsg(fd, header, flags);
}

static ssize_t
air_send(int fd, const void *buf, size_t size, int flags)
{
	if (!has_ended(fd))
		return pier__calls_real.send(fd, buf, size, flags);
	return air.told ? -ENOTCONN : tell_end();
}

static ssize_t
air_sendmsg(int fd, const struct msghdr *header, int flags)
{
	if (!has_ended(fd))
		return pier__calls_real.sendmsg(fd, header, flags);
	return air.told ? -ENOTCONN : tell_end();
}

static int
air_queued(int fd, int *bytes)
{
	(void)fd;
	/* Each time it is asked more has left. */
	*bytes = air.room;
	if (air.room < air.sndbuf)
		air.room += 500;
	return 0;
}

static int
air_controllers(struct pier__bt_controller *list, int max)
{
	int i;

	for (i = 0; i < air.count && i < max; i++)
		list[i] = air.list[i];
	return air.count;
}

static void
add_controller(const char *text, uint16_t index, bool on)
{
	struct pier_addr addr;
	struct pier_bt_addr device;

	assert_int_equal(pier_bt_addr_parse(&device, text), 0);
	assert_int_equal(pier_bt_rfcomm(&addr, &device, 0), 0);
	air.list[air.count].index = index;
	air.list[air.count].on = on;
	memcpy(air.list[air.count++].device, addr.u.rc.device, 6);
}

static int
begin(void **state)
{
	(void)state;
	memset(&air, 0, sizeof(air));
	air.calls = pier__calls_real;
	air.calls.socket = air_socket;
	air.calls.bind = air_bind;
	air.calls.listen = air_listen;
	air.calls.connect = air_connect;
	air.calls.getsockname = air_getsockname;
	air.calls.setsockopt = air_setsockopt;
	air.calls.getsockopt = air_getsockopt;
	air.calls.recv = air_recv;
	air.calls.recvmsg = air_recvmsg;
	air.calls.send = air_send;
	air.calls.sendmsg = air_sendmsg;
	air.calls.queued = air_queued;
	air.calls.bt_controllers = air_controllers;
	air.device = -1;
	air.connect_errors = -1;
	add_controller(HERE, 0, true);
	return faulty_bed_begin(&faulty, &air.calls);
}

static int
end(void **state)
{
	(void)state;
	if (air.device >= 0)
		(void)close(air.device);
	return faulty_bed_end(&faulty);
}

static void
device_says(const char *text)
{
	size_t len = strlen(text);

	/* write(2) sends no empty message. */
	assert_int_equal(send(air.device, text, len, 0), len);
}

static void
device_ends(void)
{
	(void)close(air.device);
	air.device = -1;
}

static struct pier_stream *
dialled(const char *endpoint)
{
	struct pier_stream *stream;

	if (pier_dial(&stream, endpoint, NULL, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return stream;
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
assert_addr(const struct pier_addr *addr, const char *wanted)
{
	char text[PIER_ADDR_TEXT_MAX];

	assert_true(pier_addr_format(addr, text, sizeof(text)) > 0);
	assert_string_equal(text, wanted);
}

/* ---- Streams ---------------------------------------------------------- */

static void
a_stream_ends_as_any_other(void **state)
{
	struct pier_stream *stream = dialled(RFCOMM);
	char buf[100];

	(void)state;
	assert_int_equal(air.protocol, 3);
	assert_addr(&air.dialled, "rfcomm:" THERE "/3");
	assert_int_equal(air.bound.len, 0);
	assert_int_equal(pier_write(stream, "hello", 5, SOON), 0);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 5);
	device_says("to the end");
	device_ends();
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 10);
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 0);
	/* It stays at the end. */
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 0);
	assert_int_equal(pier_write(stream, "x", 1, SOON), -EPIPE);
	assert_int_equal(pier_write(stream, "x", 1, SOON), -EPIPE);
	pier_close(stream);
}

/* The kernel tells of the end once: here to the writer. */
static void
a_writer_does_not_take_the_end_away(void **state)
{
	struct pier_stream *stream = dialled(RFCOMM);
	char buf[100];

	(void)state;
	assert_int_equal(
		pier_read(stream, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	device_says("last");
	device_ends();
	assert_int_equal(pier_write(stream, "x", 1, SOON), -EPIPE);
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 4);
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 0);
	pier_close(stream);
}

static void
a_stream_has_no_halves(void **state)
{
	struct pier_stream *stream = dialled(RFCOMM);
	char buf[100];

	(void)state;
	assert_int_equal(pier_shutdown(stream, PIER_WRITING, SOON), -ENOTSUP);
	assert_int_equal(pier_shutdown(stream, PIER_READING, SOON), -ENOTSUP);
	assert_int_equal(pier_close_wait(stream, SOON), -ENOTSUP);
	/* As if nothing had been. */
	assert_int_equal(pier_write(stream, "on", 2, SOON), 0);
	device_says("and on");
	assert_int_equal(pier_read(stream, buf, sizeof(buf), SOON), 6);
	assert_int_equal(pier_shutdown(stream, PIER_BOTH, SOON), 0);
	assert_int_equal(pier_shutdown(stream, PIER_BOTH, SOON), 0);
	assert_int_equal(
		pier_read(stream, buf, sizeof(buf), SOON), -PIER_EDONE);
	assert_int_equal(pier_write(stream, "x", 1, SOON), -PIER_EDONE);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 2);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 0);
	pier_close(stream);
}

/* SIOCOUTQ tells the room that is left of the buffer. */
static void
a_drain_waits_until_all_has_left(void **state)
{
	struct pier_stream *stream = dialled(RFCOMM);

	(void)state;
	air.sndbuf = 2000;
	air.room = 500;
	assert_int_equal(pier_drain(stream, SOON), 0);
	assert_int_equal(air.room, 2000);
	/* What cannot leave any more is not waited for. */
	air.room = 0;
	device_ends();
	assert_int_equal(pier_drain(stream, SOON), 0);
	assert_int_equal(air.room, 500);
	pier_close(stream);
}

/* ---- Messages --------------------------------------------------------- */

static void
assert_message(struct pier_packet *packet, const char *text)
{
	struct pier_msg msg;
	char buf[100];

	assert_int_equal(pier_recv(packet, &msg, buf, sizeof(buf), SOON), 0);
	assert_int_equal(msg.size, strlen(text));
	assert_memory_equal(buf, text, msg.size);
}

static void
messages_come_before_the_end(void **state)
{
	struct pier_packet *packet = opened(L2CAP);
	struct pier_msg msg;
	char buf[100];

	(void)state;
	assert_int_equal(air.protocol, 0);
	assert_addr(&air.dialled, "l2cap:" THERE "/0x1001");
	assert_int_equal(pier_send(packet, NULL, "hello", 5, SOON), 0);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 5);
	device_says("one");
	assert_message(packet, "one");
	/* An empty one is no end. */
	device_says("");
	device_says("two");
	assert_message(packet, "");
	device_says("");
	device_says("three");
	device_ends();
	assert_message(packet, "two");
	assert_message(packet, "");
	assert_message(packet, "three");
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			pier_recv(packet, &msg, buf, sizeof(buf), SOON),
			-PIER_EEND);
	assert_int_equal(pier_send(packet, NULL, "x", 1, SOON), -EPIPE);
	pier_packet_close(packet);
}

static void
a_sender_does_not_take_the_end_away(void **state)
{
	struct pier_packet *packet = opened(L2CAP);
	struct pier_incoming list[2];
	char buf[2][100];
	struct pier_msg msg;

	(void)state;
	for (int i = 0; i < 2; i++)
		list[i] = (struct pier_incoming){ .buf = buf[i],
			.size = sizeof(buf[i]) };
	assert_int_equal(
		pier_recv(packet, &msg, buf[0], sizeof(buf[0]), PIER_NOW),
		-EAGAIN);
	device_says("last");
	device_ends();
	assert_int_equal(pier_send(packet, NULL, "x", 1, SOON), -EPIPE);
	assert_int_equal(pier_recv_many(packet, list, 2, SOON), 1);
	assert_memory_equal(buf[0], "last", 4);
	assert_int_equal(pier_recv_many(packet, list, 2, SOON), -PIER_EEND);
	pier_packet_close(packet);
}

/* What has not left is lost with the channel. */
static void
messages_can_be_seen_off(void **state)
{
	struct pier_packet *packet = opened(L2CAP);

	(void)state;
	air.sndbuf = 2000;
	air.room = 500;
	assert_int_equal(pier_packet_drain(packet, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_packet_drain(packet, pier_deadline_at(1)),
		-PIER_EDEADLINE);
	assert_int_equal(pier_packet_drain(packet, SOON), 0);
	assert_int_equal(air.room, 2000);
	air.room = 0;
	device_ends();
	assert_int_equal(pier_packet_drain(packet, SOON), 0);
	assert_int_equal(air.room, 500);
	pier_packet_close(packet);
}

static void
a_channel_has_no_halves(void **state)
{
	struct pier_packet *packet = opened(L2CAP);
	struct pier_msg msg;
	char buf[100];

	(void)state;
	assert_int_equal(pier_packet_shutdown(packet, PIER_WRITING), -ENOTSUP);
	assert_int_equal(pier_packet_shutdown(packet, PIER_READING), -ENOTSUP);
	assert_int_equal(pier_send(packet, NULL, "on", 2, SOON), 0);
	assert_int_equal(pier_packet_shutdown(packet, PIER_BOTH), 0);
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), SOON), -PIER_EEND);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 2);
	assert_int_equal(read(air.device, buf, sizeof(buf)), 0);
	pier_packet_close(packet);
}

/* ---- What the kernel is told ------------------------------------------ */

static void
options_reach_the_kernel(void **state)
{
	struct pier_packet *packet;

	(void)state;
	pier_close(dialled(RFCOMM "?security=high"));
	assert_int_equal(air.set[SECURITY], 3);
	air.options[0] = 672;
	air.options[1] = 672;
	packet = opened(L2CAP "?mtu=1000&mode=ertm&security=low");
	assert_int_equal(air.set[SECURITY], 1);
	assert_int_equal(air.options[0], 672);
	assert_int_equal(air.options[1], 1000);
	assert_int_equal(air.options[3] & 0xff, 3);
	assert_int_equal(pier_bt_mtu_in(pier_packet_fd(packet)), 1000);
	assert_int_equal(pier_bt_mtu_out(pier_packet_fd(packet)), 672);
	pier_packet_close(packet);
}

/* The kernel takes a socket for one of Low Energy by its own address. */
static void
low_energy_is_bound_as_such(void **state)
{
	struct pier_packet *packet = opened(LE "&mtu=2000&mode=ext_flowctl");

	(void)state;
	assert_addr(&air.bound, "l2cap:*/0?le=public");
	assert_addr(&air.dialled, "l2cap:" THERE "/0x80?le=random");
	assert_int_equal(air.rcvmtu, 2000);
	assert_int_equal(air.set[MODE], 4);
	air.sndmtu = 512;
	assert_int_equal(pier_bt_mtu_out(pier_packet_fd(packet)), 512);
	pier_packet_close(packet);
}

static void
a_listener_is_bound(void **state)
{
	struct pier_listener *listener;
	char text[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_listen(&listener, "rfcomm://*/5", NULL, SOON), 0);
	assert_addr(&air.bound, "rfcomm:*/5");
	assert_true(pier_listener_endpoint(listener, text, sizeof(text)) > 0);
	assert_string_equal(text, "rfcomm://*/5");
	pier_listener_close(listener);
	assert_int_equal(pier_listen(&listener,
				 "l2cap://" HERE "/0x80?le=public", NULL, SOON),
		0);
	assert_addr(&air.bound, "l2cap:" HERE "/0x80?le=public");
	assert_true(pier_listener_endpoint(listener, text, sizeof(text)) > 0);
	assert_string_equal(text, "l2cap://" HERE "/0x80?le=public");
	pier_listener_close(listener);
}

/* ---- Controllers ------------------------------------------------------ */

static int
dial_by(const char *controller)
{
	struct pier_dial_opts opts = { .bind = controller };
	struct pier_stream *stream = NULL;
	int rc;

	air.bound.len = 0;
	rc = pier_dial(&stream, RFCOMM, &opts, SOON);
	pier_close(stream);
	return rc;
}

static void
assert_line(const char *part)
{
	if (strstr(pier_error_line(), part) == NULL)
		fail_msg("'%s' lacks '%s'", pier_error_line(), part);
}

static void
a_controller_can_be_chosen(void **state)
{
	struct pier_packet_opts opts = { .bind = "hci7" };
	struct pier_packet *packet;

	(void)state;
	add_controller(THERE, 7, true);
	assert_int_equal(dial_by("hci7"), 0);
	assert_addr(&air.bound, "rfcomm:" THERE "/0");
	assert_int_equal(dial_by(HERE), 0);
	assert_addr(&air.bound, "rfcomm:" HERE "/0");
	assert_int_equal(pier_packet_open(&packet, L2CAP, &opts, SOON), 0);
	assert_addr(&air.bound, "l2cap:" THERE "/0");
	pier_packet_close(packet);
	assert_int_equal(dial_by("hci1"), -ENODEV);
	assert_line("no controller of this machine is that");
	assert_int_equal(dial_by("00:00:00:00:00:01"), -EADDRNOTAVAIL);
	assert_int_equal(dial_by("hci"), -EINVAL);
	assert_line("six bytes");
	assert_int_equal(dial_by("hci99999"), -ENODEV);
	air.list[1].on = false;
	assert_int_equal(dial_by(NULL), 0);
	assert_int_equal(dial_by("hci7"), -ENETDOWN);
	assert_line("hci7 is off");
}

/* For a connection over RFCOMM the kernel would wait for more than 20 s. */
static void
what_is_missing_is_said_at_once(void **state)
{
	struct pier_listener *listener;
	struct pier_packet *packet;

	(void)state;
	air.list[0].on = false;
	add_controller(THERE, 3, false);
	assert_int_equal(dial_by(NULL), -ENETDOWN);
	assert_line("hci0 is off");
	assert_int_equal(pier_packet_open(&packet, LE, NULL, SOON), -ENETDOWN);
	assert_int_equal(
		pier_listen(&listener, "rfcomm://*/5", NULL, SOON), -ENETDOWN);
	air.count = 0;
	assert_int_equal(dial_by(NULL), -ENODEV);
	assert_line("this machine has no Bluetooth controller");
	assert_int_equal(dial_by("hci0"), -ENODEV);
	/* A sandbox may keep the list back. */
	air.count = -EPERM;
	assert_int_equal(dial_by(NULL), 0);
	assert_int_equal(dial_by("hci0"), -EPERM);
	air.socket_error = EPROTONOSUPPORT;
	assert_int_equal(dial_by(NULL), -EPROTONOSUPPORT);
	assert_line("modprobe rfcomm");
	air.socket_error = EAFNOSUPPORT;
	assert_int_equal(dial_by(NULL), -EAFNOSUPPORT);
	assert_line("modprobe bluetooth");
	assert_int_equal(
		pier_packet_open(&packet, L2CAP, NULL, SOON), -EAFNOSUPPORT);
	assert_line("modprobe bluetooth");
}

static void
a_refusal_is_told_in_words(void **state)
{
	static const struct {
		int error;
		const char *part;
	} cases[] = {
		{ ECONNREFUSED, "nothing listens there" },
		{ EHOSTDOWN, "does not answer" },
		{ EHOSTUNREACH, "no controller leads there" },
		{ EBUSY, "already" },
		{ EACCES, "not paired" },
		{ EBADE, "pair them anew" },
	};
	struct pier_packet *packet;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		air.connect_error = cases[i].error;
		assert_int_equal(dial_by(NULL), -cases[i].error);
		assert_line(cases[i].part);
		assert_int_equal(pier_last_error()->step, PIER_STEP_CONNECT);
		assert_int_equal(pier_packet_open(&packet, L2CAP, NULL, SOON),
			-cases[i].error);
		assert_line(cases[i].part);
	}
}

/* What two devices share may be ending with their last stream. */
static void
a_reset_is_tried_again(void **state)
{
	(void)state;
	air.connect_error = ECONNRESET;
	air.connect_errors = 2;
	assert_int_equal(dial_by(NULL), 0);
	assert_int_equal(air.connect_errors, 0);
	air.connect_errors = 4;
	assert_int_equal(dial_by(NULL), -ECONNRESET);
	assert_int_equal(air.connect_errors, 1);
	assert_int_equal(pier_last_error()->attempt_count, 3);
	/* No other failure is. */
	air.connect_error = EHOSTDOWN;
	air.connect_errors = 2;
	assert_int_equal(dial_by(NULL), -EHOSTDOWN);
	assert_int_equal(air.connect_errors, 1);
}

/* ---- Failures --------------------------------------------------------- */

static int
talk_by_stream(void)
{
	struct pier_stream *stream;
	char buf[10];
	ssize_t rc = pier_dial(&stream, RFCOMM "?security=low", NULL, SOON);

	if (rc < 0)
		return (int)rc;
	device_says("hello");
	rc = pier_write(stream, "hello", 5, SOON);
	if (rc == 0)
		rc = pier_read(stream, buf, sizeof(buf), SOON);
	pier_close(stream);
	return rc < 0 ? (int)rc : 0;
}

static int
talk_by_messages(void)
{
	struct pier_packet *packet;
	struct pier_msg msg;
	char buf[10];
	int rc = pier_packet_open(
		&packet, L2CAP "?mtu=100&security=low", NULL, SOON);

	if (rc < 0)
		return rc;
	device_says("hello");
	rc = pier_send(packet, NULL, "hello", 5, SOON);
	if (rc == 0)
		rc = pier_recv(packet, &msg, buf, sizeof(buf), SOON);
	pier_packet_close(packet);
	return rc;
}

static int
listen_once(void)
{
	struct pier_listener *listener;
	int rc = pier_listen(
		&listener, "l2cap://*/0x80?le=public&mtu=100", NULL, SOON);

	if (rc == 0)
		pier_listener_close(listener);
	return rc;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	/* Whether a stream came back to itself is asked of its own address. */
	faulty_bed_each(&faulty, talk_by_stream, EOVERFLOW,
		FAULTY_BED_CALL(PIER__CALL_GETSOCKNAME));
	faulty_bed_each(&faulty, talk_by_messages, EOVERFLOW, 0);
	faulty_bed_each(&faulty, listen_once, EOVERFLOW, 0);
}

#define AIR(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AIR(a_stream_ends_as_any_other),
		AIR(a_writer_does_not_take_the_end_away),
		AIR(a_stream_has_no_halves),
		AIR(a_drain_waits_until_all_has_left),
		AIR(messages_come_before_the_end),
		AIR(a_sender_does_not_take_the_end_away),
		AIR(messages_can_be_seen_off),
		AIR(a_channel_has_no_halves),
		AIR(options_reach_the_kernel),
		AIR(low_energy_is_bound_as_such),
		AIR(a_listener_is_bound),
		AIR(a_controller_can_be_chosen),
		AIR(what_is_missing_is_said_at_once),
		AIR(a_refusal_is_told_in_words),
		AIR(a_reset_is_tried_again),
		AIR(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
