/* SPDX-License-Identifier: MIT */
/*
 * net/can_test.c - raw sockets of CAN over a link that this test makes: a call table
 * in which the socket is one end of a Unix pair, whose other end is the bus. What
 * the kernel is told, what comes with a frame, full queues, and every call failing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/can_wire.h"
#include "task/faulty_bed.h"

/* Nothing waits that long. */
#define SOON pier_in_s(20)

#define LEVEL         101
#define OPTIONS_MAX   8
#define ADDRESS_BYTES 8

/* The link: what the kernel was told, and what it shall say. */
static struct {
	struct pier__calls calls;
	int bus; /* the other end; -1: there is no socket */
	int bound_to;
	int set[OPTIONS_MAX]; /* of LEVEL, by number; -1: not set */
	unsigned char filters[64];
	socklen_t filters_len;
	int socket_error;
	int so_error;
	int full; /* so many sends meet a full queue; -1: all */
	int flags;
	uint32_t dropped;
	int64_t seconds;
} link_;

static struct pier__faulty faulty;

static int
link_socket(int family, int type, int protocol)
{
	int fds[2], rc;

	assert_int_equal(family, 29);
	assert_int_equal(type, SOCK_RAW);
	assert_int_equal(protocol, 1);
	if (link_.socket_error != 0)
		return -link_.socket_error;
	rc = pier__calls_real.socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
	if (rc < 0)
		return rc;
	if (link_.bus >= 0)
		(void)close(link_.bus);
	link_.bus = fds[1];
	return fds[0];
}

static int
link_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	(void)fd;
	assert_true(len >= ADDRESS_BYTES);
	assert_int_equal(sa->sa_family, 29);
	memcpy(&link_.bound_to, (const char *)sa + 4, 4);
	return 0;
}

static int
link_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level != LEVEL)
		return pier__calls_real.setsockopt(fd, level, name, value, len);
	if (name == 1) {
		assert_true(len <= sizeof(link_.filters));
		memcpy(link_.filters, value, len);
		link_.filters_len = len;
		return 0;
	}
	assert_int_equal(len, sizeof(int));
	memcpy(&link_.set[name], value, len);
	return 0;
}

static int
link_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (name != SO_ERROR || link_.so_error == 0)
		return pier__calls_real.getsockopt(fd, level, name, value, len);
	memcpy(value, &link_.so_error, sizeof(int));
	return 0;
}

static struct cmsghdr *
put_control(struct msghdr *header, struct cmsghdr *at, int type,
	const void *data, size_t size)
{
	at->cmsg_level = SOL_SOCKET;
	at->cmsg_type = type;
	at->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(at), data, size);
	header->msg_controllen += CMSG_SPACE(size);
	return (void *)((char *)at + CMSG_SPACE(size));
}

static int
link_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	struct msghdr *header = &list[0].msg_hdr;
	const struct timespec time = { .tv_sec = link_.seconds, .tv_nsec = 7 };
	size_t room = header->msg_controllen;
	void *control = header->msg_control;
	struct cmsghdr *at;
	int lo = pier_interface_index("lo"), n;

	assert_int_equal(count, 1);
	header->msg_control = NULL;
	header->msg_controllen = 0;
	n = pier__calls_real.recvmmsg(fd, list, count, flags);
	header->msg_control = control;
	if (n <= 0)
		return n;
	memcpy((char *)header->msg_name + 4, &lo, 4);
	at = put_control(header, control, SO_TIMESTAMPNS, &time, sizeof(time));
	(void)put_control(
		header, at, SO_RXQ_OVFL, &link_.dropped, sizeof(link_.dropped));
	assert_true(header->msg_controllen <= room);
	header->msg_flags = link_.flags;
	return n;
}

static ssize_t
link_sendmsg(int fd, const struct msghdr *header, int flags)
{
	if (link_.full != 0) {
		link_.full -= link_.full > 0;
		return -ENOBUFS;
	}
	return pier__calls_real.sendmsg(fd, header, flags);
}

static int
begin(void **state)
{
	int i;

	(void)state;
	memset(&link_, 0, sizeof(link_));
	link_.calls = pier__calls_real;
	link_.calls.socket = link_socket;
	link_.calls.bind = link_bind;
	link_.calls.setsockopt = link_setsockopt;
	link_.calls.getsockopt = link_getsockopt;
	link_.calls.recvmmsg = link_recvmmsg;
	link_.calls.sendmsg = link_sendmsg;
	link_.bus = -1;
	link_.seconds = 12;
	for (i = 0; i < OPTIONS_MAX; i++)
		link_.set[i] = -1;
	return faulty_bed_begin(&faulty, &link_.calls);
}

static int
end(void **state)
{
	(void)state;
	if (link_.bus >= 0)
		(void)close(link_.bus);
	return faulty_bed_end(&faulty);
}

static struct pier_can *
opened(const struct pier_can_opts *opts)
{
	struct pier_can *can;

	if (pier_can_open(&can, "lo", opts) < 0)
		fail_msg("%s", pier_error_line());
	return can;
}

static void
put_on_bus(const char *text)
{
	unsigned char bytes[PIER__CAN_FD_SIZE];
	struct pier_can_frame frame;
	size_t n;

	assert_int_equal(pier_can_frame_parse(&frame, text), 0);
	n = pier__can_encode(bytes, &frame);
	assert_int_equal(write(link_.bus, bytes, n), n);
}

static void
the_kernel_is_told(void **state)
{
	struct pier_can_filters filters;
	uint32_t expected[] = { 0x80000123, 0x9fffffff, 0x20000456, 0x7ff };

	(void)state;
	assert_int_equal(pier_can_filters_parse(
				 &filters, "00000123:9FFFFFFF,456~7FF,j,#1FF"),
		0);
	/* The bit of error frames is not asked for. */
	expected[1] &= ~0x20000000u;
	pier_can_close(opened(&(struct pier_can_opts){ .filters = &filters,
		.own_messages = true,
		.no_loopback = true,
		.buffer = 65536 }));
	assert_int_equal(link_.bound_to, pier_interface_index("lo"));
	assert_int_equal(link_.filters_len, sizeof(expected));
	assert_memory_equal(link_.filters, expected, sizeof(expected));
	assert_int_equal(link_.set[2], 0x1ff);
	assert_int_equal(link_.set[3], 0);
	assert_int_equal(link_.set[4], 1);
	assert_int_equal(link_.set[5], 1);
	assert_int_equal(link_.set[6], 1);
}

static void
nothing_is_told_that_was_not_asked(void **state)
{
	(void)state;
	pier_can_close(opened(NULL));
	assert_int_equal(link_.filters_len, 0);
	assert_int_equal(link_.set[2], -1);
	assert_int_equal(link_.set[3], -1);
	assert_int_equal(link_.set[4], -1);
	assert_int_equal(link_.set[5], 1);
	assert_int_equal(link_.set[6], -1);
}

static void
frames_come_with_what_is_known(void **state)
{
	struct pier_can *can = opened(NULL);
	struct pier_can_message message;
	char text[PIER_CAN_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_can_recv(can, &message, PIER_NOW), -EAGAIN);
	put_on_bus("123#DEADBEEF");
	put_on_bus("12345678##3112233");
	link_.flags = MSG_DONTROUTE;
	link_.dropped = 5;
	assert_int_equal(pier_can_recv(can, &message, SOON), 0);
	(void)pier_can_frame_format(&message.frame, text, sizeof(text));
	assert_string_equal(text, "123#DEADBEEF");
	assert_string_equal(message.interface, "lo");
	assert_int_equal(message.time_ns, INT64_C(12000000007));
	assert_true(message.local);
	assert_false(message.own);
	assert_int_equal(message.dropped, 5);
	/* What is no frame is passed over. */
	assert_int_equal(write(link_.bus, "junk", 4), 4);
	link_.flags = MSG_DONTROUTE | MSG_CONFIRM;
	assert_int_equal(pier_can_recv(can, &message, SOON), 0);
	(void)pier_can_frame_format(&message.frame, text, sizeof(text));
	assert_string_equal(text, "12345678##3112233");
	assert_true(message.own);
	assert_int_equal(pier_can_recv(can, &message, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_can_recv(can, &message, pier_in_ms(1)), -PIER_EDEADLINE);
	pier_can_close(can);
}

static void
frames_leave_as_the_kernel_has_them(void **state)
{
	struct pier_can *can = opened(NULL);
	unsigned char bytes[PIER__CAN_FD_SIZE + 1];
	struct pier_can_frame frame;

	(void)state;
	assert_int_equal(pier_can_frame_parse(&frame, "00000123#AB"), 0);
	assert_int_equal(pier_can_send(can, &frame, SOON), 0);
	assert_int_equal(read(link_.bus, bytes, sizeof(bytes)), PIER__CAN_SIZE);
	assert_memory_equal(bytes + 4, "\x01\0\0\0\xab\0\0\0\0\0\0\0", 12);
	assert_int_equal(pier_can_frame_parse(&frame, "123##1AB"), 0);
	assert_int_equal(pier_can_send(can, &frame, SOON), 0);
	assert_int_equal(
		read(link_.bus, bytes, sizeof(bytes)), PIER__CAN_FD_SIZE);
	assert_memory_equal(bytes + 4, "\x01\x01\0\0\xab", 5);
	frame.size = 9;
	assert_int_equal(pier_can_send(can, &frame, SOON), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "FD frame has"));
	pier_can_close(can);
}

static void
a_full_queue_is_waited_for(void **state)
{
	const struct pier_can_frame frame = { .id = 1 };
	struct pier_can *can = opened(NULL);
	char bytes[PIER__CAN_FD_SIZE];

	(void)state;
	link_.full = 3;
	assert_int_equal(pier_can_send(can, &frame, SOON), 0);
	assert_int_equal(link_.full, 0);
	assert_int_equal(read(link_.bus, bytes, sizeof(bytes)), PIER__CAN_SIZE);
	link_.full = -1;
	assert_int_equal(pier_can_send(can, &frame, PIER_NOW), -ENOBUFS);
	assert_int_equal(
		pier_can_send(can, &frame, pier_in_ms(3)), -PIER_EDEADLINE);
	assert_non_null(strstr(pier_error_line(), "stayed full"));
	pier_can_close(can);
}

static void
what_is_missing_is_said(void **state)
{
	struct pier_can *can;

	(void)state;
	link_.socket_error = EAFNOSUPPORT;
	assert_int_equal(pier_can_open(&can, "lo", NULL), -EAFNOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe can"));
	link_.socket_error = EPROTONOSUPPORT;
	assert_int_equal(pier_can_open(&can, "lo", NULL), -EPROTONOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe can-raw"));
	link_.socket_error = 0;
	assert_int_equal(pier_can_open(&can, "none such", NULL), -ENODEV);
	assert_non_null(strstr(pier_error_line(), "no such interface"));
	(void)close(link_.bus);
	link_.so_error = ENETDOWN;
	assert_int_equal(pier_can_open(&can, "lo", NULL), -ENETDOWN);
	assert_non_null(strstr(pier_error_line(), "is down"));
}

static void
every_interface_is_only_heard(void **state)
{
	const struct pier_can_frame frame = { .id = 1 };
	struct pier_can *can;

	(void)state;
	assert_int_equal(pier_can_open(&can, NULL, NULL), 0);
	assert_int_equal(link_.bound_to, 0);
	assert_int_equal(pier_can_send(can, &frame, SOON), -EDESTADDRREQ);
	pier_can_close(can);
}

/* The socket counts drops by itself: a Unix pair has none. */
static void
drops_are_asked_for(void **state)
{
	struct pier_can *can = opened(NULL);
	uint32_t count = 42;

	(void)state;
	assert_int_equal(pier_can_dropped(can, &count), 0);
	assert_int_equal(count, 0);
	pier_can_close(can);
}

/* A conversation; the first error, or 0. */
static int
talk(void)
{
	static const struct pier_can_filters filters = { .count = 1 };
	const struct pier_can_opts opts = { .filters = &filters };
	const struct pier_can_frame frame = { .id = 1 };
	struct pier_can_message message;
	struct pier_can *can;
	uint32_t count;
	int rc = pier_can_open(&can, "lo", &opts);

	if (rc < 0)
		return rc;
	put_on_bus("123#");
	rc = pier_can_recv(can, &message, SOON);
	if (rc == 0)
		rc = pier_can_send(can, &frame, SOON);
	if (rc == 0)
		rc = pier_can_dropped(can, &count);
	pier_can_close(can);
	return rc;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	faulty_bed_each(&faulty, talk, ENOTSUP, 0);
}

#define LINKED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LINKED(the_kernel_is_told),
		LINKED(nothing_is_told_that_was_not_asked),
		LINKED(frames_come_with_what_is_known),
		LINKED(frames_leave_as_the_kernel_has_them),
		LINKED(a_full_queue_is_waited_for),
		LINKED(what_is_missing_is_said),
		LINKED(every_interface_is_only_heard),
		LINKED(drops_are_asked_for),
		LINKED(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
