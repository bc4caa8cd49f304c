/* SPDX-License-Identifier: MIT */
/*
 * serve/alike_test.c - replies that are alike: one message for the kernel, which
 * parts it, and for the peer what each handler said. All messages are there
 * before the server runs.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "os/calls.h"
#include "task/task.h"

#if !defined(UDP_SEGMENT)
#define UDP_SEGMENT 103
#endif

#define ALL 32

static struct {
	struct pier__calls table;
	struct pier_server *server;
	struct pier_addr addr; /* the server's */
	pier_deadline until;
	int again; /* the client that asks once more, or -1 */
	int handled;
	int messages; /* that the kernel was given */
	int whole;    /* of them, such as it is to part */
	/* Such a one is refused by: */
	int refuse_with;
	int refused;
	bool full; /* nothing goes */
	int errors, rc;
} bed;

static bool
is_to_be_parted(const struct mmsghdr *one)
{
	union {
		const struct msghdr *in;
		struct msghdr *out;
	} header = { &one->msg_hdr };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header.in);

	while (cmsg != NULL && cmsg->cmsg_level != IPPROTO_UDP)
		cmsg = CMSG_NXTHDR(header.out, cmsg);
	return cmsg != NULL && cmsg->cmsg_type == UDP_SEGMENT;
}

static int
watch_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	unsigned int i;

	if (bed.full)
		return -EAGAIN;
	for (i = 0; i < count; i++) {
		if (!is_to_be_parted(&list[i]))
			continue;
		bed.whole++;
		if (bed.refuse_with == 0)
			continue;
		if (i == 0) {
			bed.refused++;
			return bed.refuse_with;
		}
		count = i;
	}
	bed.messages += (int)count;
	return pier__calls_real.sendmmsg(fd, list, count, flags);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)ctx;
	bed.errors++;
	bed.rc = rc;
}

static void
begin(const char *endpoint, pier_datagram_handler *handler)
{
	char text[PIER_ENDPOINT_TEXT_MAX];

	memset(&bed, 0, sizeof(bed));
	bed.table = pier__calls_real;
	bed.table.sendmmsg = watch_sendmmsg;
	pier__self()->context.calls = &bed.table;
	assert_int_equal(
		pier_server_open(&bed.server,
			&(struct pier_server_opts){ .endpoint = endpoint,
				.datagram_handler = handler,
				.on_error = on_error }),
		0);
	assert_true(
		pier_server_endpoint(bed.server, 0, text, sizeof(text)) > 0);
	assert_int_equal(
		pier_addr_parse(&bed.addr, strstr(text, "://") + 3), 0);
}

static void
end(void)
{
	pier_server_close(bed.server);
	pier__self()->context.calls = &pier__calls_real;
}

/* Not connected, so that it hears from whichever address. */
static int
client(void)
{
	const struct timeval limit = { .tv_sec = 20 };
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
		0);
	return fd;
}

/* The kernel of this test parts messages; an old one's are sent as ever. */
static bool
kernel_parts(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0;
}

/* Messages [from, to), each with its number, to 127.0.0.`host`. */
static void
ask(int fd, int from, int to, unsigned char host)
{
	struct sockaddr_in server = bed.addr.u.in;

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
	for (; from < to; from++) {
		unsigned char text[4] = { (unsigned char)from, 1, 2, 3 };

		assert_int_equal(
			sendto(fd, text, sizeof(text), 0,
				(struct sockaddr *)&server, sizeof(server)),
			sizeof(text));
	}
}

static void
expect(int fd, int from, int to, unsigned char host)
{
	for (; from < to; from++) {
		unsigned char text[8] = { 0 };
		struct sockaddr_in sender;
		socklen_t len = sizeof(sender);

		assert_int_equal(recvfrom(fd, text, sizeof(text), 0,
					 (struct sockaddr *)&sender, &len),
			4);
		assert_int_equal(text[0], from);
		assert_int_equal(text[3], 3);
		assert_int_equal(ntohl(sender.sin_addr.s_addr),
			INADDR_LOOPBACK - 1 + host);
	}
}

static void
expect_no_more(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static int
echo(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (++bed.handled == ALL)
		pier_server_stop(bed.server);
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
test_they_are_one_for_the_kernel(void **state)
{
	struct pier_server_stats stats;
	int fd = client();

	(void)state;
	begin("udp4://127.0.0.1:0", echo);
	ask(fd, 0, ALL, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(fd, 0, ALL, 1);
	expect_no_more(fd);
	assert_int_equal(bed.messages, kernel_parts(fd) ? 1 : ALL);
	assert_int_equal(bed.whole, kernel_parts(fd) ? 1 : 0);
	pier_server_stats(bed.server, &stats);
	assert_int_equal(stats.bytes_out, ALL * 4);
	end();
	(void)close(fd);
}

/* Each peer hears its own, and from the address that it asked. */
static void
test_peers_and_addresses_are_told_apart(void **state)
{
	int a = client(), b = client(), i;

	(void)state;
	begin("udp4://0.0.0.0:0", echo);
	for (i = 0; i < ALL; i += 8) {
		ask(a, i, i + 2, 1);
		ask(b, i + 2, i + 4, 1);
		ask(a, i + 4, i + 6, 2);
		ask(b, i + 6, i + 8, 1);
	}
	assert_int_equal(pier_server_run(bed.server), 0);
	for (i = 0; i < ALL; i += 8) {
		expect(a, i, i + 2, 1);
		expect(b, i + 2, i + 4, 1);
		expect(a, i + 4, i + 6, 2);
		expect(b, i + 6, i + 8, 1);
	}
	expect_no_more(a);
	expect_no_more(b);
	assert_int_equal(bed.messages, kernel_parts(a) ? ALL / 2 : ALL);
	end();
	(void)close(a);
	(void)close(b);
}

/* With the last of a first batch the second is asked for. */
static int
echo_twice(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	if (bed.again >= 0 && bed.handled == ALL - 1) {
		ask(bed.again, 0, ALL, 1);
		bed.again = -1;
		bed.handled = -1;
	}
	return echo(packet, msg, ctx);
}

/* Not asked for again, and nothing is lost. */
static void
refused_by(int rc, int times)
{
	int fd = client();

	begin("udp4://127.0.0.1:0", echo_twice);
	bed.refuse_with = rc;
	bed.again = fd;
	ask(fd, 0, ALL, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(fd, 0, ALL, 1);
	expect(fd, 0, ALL, 1);
	expect_no_more(fd);
	assert_int_equal(bed.refused, kernel_parts(fd) ? times : 0);
	assert_int_equal(bed.errors, 0);
	end();
	(void)close(fd);
}

static void
test_a_device_that_cannot(void **state)
{
	(void)state;
	refused_by(-EIO, 1);
	refused_by(-EINVAL, 1);
	refused_by(-EMSGSIZE, 1);
	/* That is of the message, and the next may well go. */
	refused_by(-EPERM, 2);
}

/* Sizes that are alike, but too long for that, or nothing. */
static int
answer_in_sizes(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	static const size_t sizes[] = { 1232, 1232, 1233, 1233, 0, 0, 7, 8 };
	static const char bytes[2000];
	size_t i;

	(void)ctx;
	pier_server_stop(bed.server);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(
			pier_reply(packet, msg, bytes, sizes[i], PIER_DEFAULT),
			0);
	return 0;
}

static void
test_what_is_not_alike(void **state)
{
	static const int sizes[] = { 1232, 1232, 1233, 1233, 0, 0, 7, 8 };
	static char back[2000];
	int fd = client();
	size_t i;

	(void)state;
	begin("udp4://127.0.0.1:0", answer_in_sizes);
	ask(fd, 0, 1, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(recv(fd, back, sizeof(back), 0), sizes[i]);
	expect_no_more(fd);
	assert_int_equal(bed.whole, kernel_parts(fd) ? 1 : 0);
	end();
	(void)close(fd);
}

static int
echo_until(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (bed.handled == 0)
		bed.until = pier_in_ms(5);
	if (++bed.handled == ALL)
		pier_server_stop(bed.server);
	return pier_reply(packet, msg, msg->data, msg->size, bed.until);
}

/* There is no room until their deadline: each of them failed. */
static void
test_each_that_cannot_go_is_told(void **state)
{
	struct pier_server_stats stats;
	int fd = client();

	(void)state;
	begin("udp4://127.0.0.1:0", echo_until);
	bed.full = true;
	ask(fd, 0, ALL, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect_no_more(fd);
	assert_int_equal(bed.errors, ALL);
	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	pier_server_stats(bed.server, &stats);
	assert_int_equal(stats.datagrams_failed, ALL);
	assert_int_equal(stats.bytes_out, 0);
	end();
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_are_one_for_the_kernel),
		cmocka_unit_test(test_peers_and_addresses_are_told_apart),
		cmocka_unit_test(test_a_device_that_cannot),
		cmocka_unit_test(test_what_is_not_alike),
		cmocka_unit_test(test_each_that_cannot_go_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
