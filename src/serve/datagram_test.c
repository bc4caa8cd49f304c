/* SPDX-License-Identifier: MIT */
/*
 * serve/datagram_test.c - batches of datagrams: what they cost in system calls
 * and memory, and what becomes of the rest when a handler waits, a reply
 * fails, or the server stops. All messages are there before the server runs.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Each message begins on another line of the cache. */
#define LONGEST_MAP (2 * 1024 * 1024 + 4096)

#define ALL 32

static struct {
	struct pier__calls table;
	struct pier_server *server;
	struct pier_channel *go;
	int fd; /* of the client, connected */
	/* Of the server's calls that brought or sent something: */
	int receives;
	int sends;
	int alone; /* sendmsg */
	size_t longest_map;
	size_t mapped; /* now */
	/* sendmmsg fails by this error as often, at its first message: */
	int fail_with;
	int fail_times;
	int handled;
	int waiting;
	int errors;
	int rc; /* of the last */
} bed;

static int
count_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	int n = pier__calls_real.recvmmsg(fd, list, count, flags);

	bed.receives += n > 0;
	return n;
}

static int
count_sendmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	if (bed.fail_times > 0) {
		bed.fail_times--;
		return bed.fail_with;
	}
	bed.sends++;
	return pier__calls_real.sendmmsg(fd, list, count, flags);
}

static ssize_t
count_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	bed.alone++;
	return pier__calls_real.sendmsg(fd, msg, flags);
}

/* What is shared with other processes is less, stacks are more. */
static bool
is_of_messages(size_t size)
{
	return size > 100 * 1024 && size < 4 * 1024 * 1024;
}

static int
count_map(void **out, size_t size)
{
	if (is_of_messages(size)) {
		bed.mapped += size;
		if (size > bed.longest_map)
			bed.longest_map = size;
	}
	return pier__calls_real.map(out, size);
}

static int
count_unmap(void *ptr, size_t size)
{
	if (is_of_messages(size))
		bed.mapped -= size;
	return pier__calls_real.unmap(ptr, size);
}

static int
client_from(const char *source)
{
	const struct timeval limit = { .tv_sec = 20 };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr from, addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(pier_server_endpoint(
			    bed.server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	assert_int_equal(pier_addr_parse(&from, source), 0);
	assert_int_equal(bind(fd, &from.u.sa, from.len), 0);
	assert_int_equal(connect(fd, &addr.u.sa, addr.len), 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
		0);
	return fd;
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)ctx;
	assert_null(conn);
	bed.errors++;
	bed.rc = rc;
}

static void
begin(pier_datagram_handler *handler, struct pier_server_opts opts)
{
	opts.endpoint = "udp4://127.0.0.1:0";
	opts.datagram_handler = handler;
	opts.on_error = on_error;
	memset(&bed, 0, sizeof(bed));
	bed.table = pier__calls_real;
	bed.table.recvmmsg = count_recvmmsg;
	bed.table.sendmmsg = count_sendmmsg;
	bed.table.sendmsg = count_sendmsg;
	bed.table.map = count_map;
	bed.table.unmap = count_unmap;
	pier__self()->context.calls = &bed.table;
	assert_int_equal(pier_channel_open(&bed.go, 1, ALL), 0);
	assert_int_equal(pier_server_open(&bed.server, &opts), 0);
	bed.fd = client_from("127.0.0.1:0");
}

/* The numbers, at the end. */
static struct pier_server_stats
end(void)
{
	struct pier_server_stats stats;

	pier_server_stats(bed.server, &stats);
	pier_server_close(bed.server);
	pier_channel_close(bed.go);
	(void)close(bed.fd);
	pier__self()->context.calls = &pier__calls_real;
	assert_int_equal(bed.mapped, 0);
	return stats;
}

static void
queue(int fd, int count)
{
	char text[16];
	int i;

	for (i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "message %d", i);

		assert_int_equal(send(fd, text, (size_t)len, 0), len);
	}
}

static void
expect_text(const char *text)
{
	char back[64];
	ssize_t n = recv(bed.fd, back, sizeof(back), 0);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(back, text, strlen(text));
}

static void
expect(int from, int to)
{
	char text[16];

	for (; from < to; from++) {
		(void)snprintf(text, sizeof(text), "message %d", from);
		expect_text(text);
	}
}

static void
expect_no_more(void)
{
	char byte;

	assert_int_equal(recv(bed.fd, &byte, 1, MSG_DONTWAIT), -1);
}

static int
echo(struct pier_packet *packet, const struct pier_msg *msg)
{
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

/* Stops with the last one. */
static int
echo_all(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (++bed.handled == ALL)
		pier_server_stop(bed.server);
	return echo(packet, msg);
}

static void
test_one_call_each_way(void **state)
{
	struct pier_server_stats stats;

	(void)state;
	begin(echo_all, (struct pier_server_opts){ 0 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, ALL);
	expect_no_more();
	assert_int_equal(bed.receives, 1);
	assert_int_equal(bed.sends, 1);
	assert_int_equal(bed.alone, 0);
	stats = end();
	assert_int_equal(stats.datagrams, ALL);
	assert_int_equal(stats.bytes_in, 10 * 9 + 22 * 10);
	assert_int_equal(stats.bytes_out, stats.bytes_in);
	assert_int_equal(stats.datagrams_failed, 0);
}

/* The server is told with the first one: what was received is answered. */
static int
echo_and_stop(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	pier_server_stop(bed.server);
	bed.handled++;
	return echo(packet, msg);
}

static void
test_a_stop_in_the_middle(void **state)
{
	(void)state;
	begin(echo_and_stop, (struct pier_server_opts){ 0 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, ALL);
	expect_no_more();
	assert_int_equal(bed.handled, ALL);
	(void)end();
}

/* One in three waits until all others have been there. */
static int
wait_at_times(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char copy[16], token;
	int rc = 0;

	(void)ctx;
	assert_true(msg->size < sizeof(copy));
	memcpy(copy, msg->data, msg->size);
	if (bed.handled++ % 3 == 2) {
		bed.waiting++;
		rc = pier_channel_recv(bed.go, &token, PIER_FOREVER);
		assert_memory_equal(copy, msg->data, msg->size);
	} else if (bed.handled == ALL) {
		while (bed.waiting-- > 0)
			(void)pier_channel_send(bed.go, "", PIER_FOREVER);
		pier_server_stop(bed.server);
	}
	return rc < 0 ? rc : echo(packet, msg);
}

static void
each_comes_back_once(void)
{
	bool seen[ALL] = { false };
	char back[16] = "";
	int i;

	for (i = 0; i < ALL; i++) {
		ssize_t n = recv(bed.fd, back, sizeof(back) - 1, 0);
		long which;

		assert_true(n > 8);
		back[n] = '\0';
		which = strtol(back + 8, NULL, 10);
		assert_in_range(which, 0, ALL - 1);
		assert_false(seen[which]);
		seen[which] = true;
	}
	expect_no_more();
}

static void
test_the_rest_is_handed_on(void **state)
{
	struct pier_server_stats stats;

	(void)state;
	begin(wait_at_times, (struct pier_server_opts){ 0 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	each_comes_back_once();
	assert_int_equal(bed.receives, 1);
	stats = end();
	assert_int_equal(stats.datagrams, ALL);
	assert_int_equal(stats.datagrams_dropped, 0);
}

/* The first stops the server, and waits until the last has been there. */
static int
stop_and_wait(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char token;
	int rc = 0;

	(void)ctx;
	if (++bed.handled == 1) {
		pier_server_stop(bed.server);
		rc = pier_channel_recv(bed.go, &token, PIER_FOREVER);
	} else if (bed.handled == ALL) {
		rc = pier_channel_send(bed.go, "", PIER_FOREVER);
	}
	return rc < 0 ? rc : echo(packet, msg);
}

static void
test_the_rest_is_handed_on_at_a_stop(void **state)
{
	(void)state;
	begin(stop_and_wait, (struct pier_server_opts){ 0 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	each_comes_back_once();
	(void)end();
}

/* Whatever a handler sends, by whichever call, leaves in that order. */
static int
answer_in_turns(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	const struct pier_outgoing two[] = { { &msg->peer, "d", 1 },
		{ &msg->peer, "e", 1 } };
	static char large[3000] = "g";
	char text[] = "a";

	(void)ctx;
	assert_int_equal(pier_reply(packet, msg, text, 1, PIER_DEFAULT), 0);
	/* It was copied. */
	text[0] = 'b';
	assert_int_equal(
		pier_send(packet, &msg->peer, text, 1, PIER_DEFAULT), 0);
	assert_int_equal(pier_reply(packet, msg, "c", 1, PIER_DEFAULT), 0);
	assert_int_equal(pier_send_many(packet, two, 2, PIER_DEFAULT), 2);
	assert_int_equal(pier_reply(packet, msg, "f", 1, PIER_DEFAULT), 0);
	assert_int_equal(
		pier_reply(packet, msg, large, sizeof(large), PIER_DEFAULT), 0);
	assert_int_equal(pier_reply(packet, msg, "h", 1, PIER_DEFAULT), 0);
	assert_int_equal(pier_reply(packet, msg, "i", 1, PIER_NOW), 0);
	assert_int_equal(pier_reply(packet, msg, "", 0, PIER_DEFAULT), 0);
	pier_server_stop(bed.server);
	return 0;
}

static void
test_order_is_kept(void **state)
{
	static const char order[] = "abcdefghi";
	char back[4000];
	size_t i;

	(void)state;
	begin(answer_in_turns, (struct pier_server_opts){ 0 });
	queue(bed.fd, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	for (i = 0; i < strlen(order); i++) {
		assert_int_equal(recv(bed.fd, back, sizeof(back), 0),
			order[i] == 'g' ? 3000 : 1);
		assert_int_equal(back[0], order[i]);
	}
	assert_int_equal(recv(bed.fd, back, sizeof(back), 0), 0);
	expect_no_more();
	(void)end();
}

/* More replies than a batch holds, of one handler. */
static int
answer_much(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char text[16];
	int i;

	(void)ctx;
	pier_server_stop(bed.server);
	for (i = 0; i < 3 * ALL; i++) {
		int len = snprintf(text, sizeof(text), "message %d", i);

		assert_int_equal(pier_reply(packet, msg, text, (size_t)len,
					 PIER_DEFAULT),
			0);
	}
	return 0;
}

static void
test_many_replies_to_one(void **state)
{
	(void)state;
	begin(answer_much, (struct pier_server_opts){ 0 });
	queue(bed.fd, 1);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, 3 * ALL);
	expect_no_more();
	assert_int_equal(bed.sends, 3);
	(void)end();
}

static bool
kernel_parts(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0;
}

/* The first two fail, where the kernel would take several as one message by
   themselves: they are told of, the others leave. */
static void
test_a_reply_fails(void **state)
{
	struct pier_server_stats stats;

	(void)state;
	begin(echo_all, (struct pier_server_opts){ 0 });
	bed.fail_with = -EPERM;
	bed.fail_times = kernel_parts(bed.fd) ? 3 : 2;
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(2, ALL);
	expect_no_more();
	assert_int_equal(bed.errors, 2);
	assert_int_equal(bed.rc, -EPERM);
	stats = end();
	assert_int_equal(stats.datagrams_failed, 2);
}

/* The socket is full once: they wait, in order. */
static void
test_a_full_socket(void **state)
{
	(void)state;
	begin(echo_all, (struct pier_server_opts){ 0 });
	bed.fail_with = -EAGAIN;
	bed.fail_times = 1;
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, ALL);
	expect_no_more();
	assert_int_equal(bed.errors, 0);
	assert_int_equal(bed.alone, 0);
	(void)end();
}

/* The first reply finds it full, when the second handler is about to wait:
   the next receiver sends it. */
static int
wait_second(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	char token;
	int rc = 0;

	(void)ctx;
	if (++bed.handled == 2)
		rc = pier_channel_recv(bed.go, &token, PIER_FOREVER);
	if (bed.handled == 3) {
		pier_server_stop(bed.server);
		rc = pier_channel_send(bed.go, "", PIER_FOREVER);
	}
	return rc < 0 ? rc : echo(packet, msg);
}

static void
test_a_full_socket_and_a_handler_that_waits(void **state)
{
	(void)state;
	begin(wait_second, (struct pier_server_opts){ 0 });
	bed.fail_with = -EAGAIN;
	bed.fail_times = 1;
	queue(bed.fd, 3);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect_text("message 0");
	expect_text("message 2");
	expect_text("message 1");
	expect_no_more();
	(void)end();
}

/* Long ones and short ones in one batch. */
static void
test_long_ones(void **state)
{
	static unsigned char text[30000], back[30001];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * 7 + i / 251);
	begin(echo_all, (struct pier_server_opts){ 0 });
	bed.handled = ALL - 4;
	assert_int_equal(send(bed.fd, text, 2049, 0), 2049);
	queue(bed.fd, 1);
	assert_int_equal(send(bed.fd, text, 2048, 0), 2048);
	assert_int_equal(send(bed.fd, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(recv(bed.fd, back, sizeof(back), 0), 2049);
	assert_memory_equal(back, text, 2049);
	expect_text("message 0");
	assert_int_equal(recv(bed.fd, back, sizeof(back), 0), 2048);
	assert_memory_equal(back, text, 2048);
	assert_int_equal(recv(bed.fd, back, sizeof(back), 0), sizeof(text));
	assert_memory_equal(back, text, sizeof(text));
	expect_no_more();
	assert_int_equal(bed.receives, 1);
	assert_in_range(bed.longest_map, 1000000, LONGEST_MAP);
	(void)end();
}

static void
test_the_memory_is_bounded(void **state)
{
	(void)state;
	begin(echo_all, (struct pier_server_opts){ .datagram_size = 1 << 20 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, ALL);
	/* Two at once. */
	assert_int_equal(bed.receives, ALL / 2);
	assert_in_range(bed.longest_map, 1000000, LONGEST_MAP);
	(void)end();
	begin(echo_all, (struct pier_server_opts){ .datagram_size = 2048 });
	queue(bed.fd, ALL);
	assert_int_equal(pier_server_run(bed.server), 0);
	expect(0, ALL);
	assert_int_equal(bed.receives, 1);
	assert_true(bed.longest_map <= 256 * 1024);
	(void)end();
}

/* Called when the receiver waits: what long messages took has gone back. */
static void
look_at_memory(struct pier_server *server, void *ctx)
{
	(void)ctx;
	if (bed.handled == 0)
		return;
	assert_true(bed.mapped <= 256 * 1024);
	pier_server_stop(server);
}

static void
test_idle_memory_is_little(void **state)
{
	static unsigned char text[30000], back[30001];

	(void)state;
	begin(echo_all, (struct pier_server_opts){
				.tick = look_at_memory, .tick_ms = 1 });
	assert_int_equal(send(bed.fd, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(recv(bed.fd, back, sizeof(back), 0), sizeof(text));
	assert_in_range(bed.longest_map, 1000000, LONGEST_MAP);
	(void)end();
}

/* Those who are kept out are so within a batch. */
static int
echo_until_last(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (++bed.handled == 3)
		pier_server_stop(bed.server);
	return echo(packet, msg);
}

static void
test_who_is_kept_out(void **state)
{
	static const char *const deny[] = { "127.0.0.2", NULL };
	struct pier_server_stats stats;
	int i, other;

	(void)state;
	begin(echo_until_last, (struct pier_server_opts){ .deny = deny });
	other = client_from("127.0.0.2:0");
	for (i = 0; i < 3; i++) {
		queue(other, 2);
		queue(bed.fd, 1);
	}
	assert_int_equal(pier_server_run(bed.server), 0);
	for (i = 0; i < 3; i++)
		expect_text("message 0");
	expect_no_more();
	assert_int_equal(recv(other, &i, 1, MSG_DONTWAIT), -1);
	(void)close(other);
	stats = end();
	assert_int_equal(stats.refused_policy, 6);
	assert_int_equal(stats.datagrams, 3);
}

/* A step is one message, and leaves the others where they are. */
static void
test_steps(void **state)
{
	int i;

	(void)state;
	begin(echo_all, (struct pier_server_opts){ 0 });
	queue(bed.fd, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(pier_server_step(bed.server, PIER_FOREVER), 1);
		assert_int_equal(bed.handled, i + 1);
		expect(i, i + 1);
		expect_no_more();
	}
	(void)end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_call_each_way),
		cmocka_unit_test(test_a_stop_in_the_middle),
		cmocka_unit_test(test_the_rest_is_handed_on),
		cmocka_unit_test(test_the_rest_is_handed_on_at_a_stop),
		cmocka_unit_test(test_order_is_kept),
		cmocka_unit_test(test_many_replies_to_one),
		cmocka_unit_test(test_a_reply_fails),
		cmocka_unit_test(test_a_full_socket),
		cmocka_unit_test(test_a_full_socket_and_a_handler_that_waits),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_the_memory_is_bounded),
		cmocka_unit_test(test_idle_memory_is_little),
		cmocka_unit_test(test_who_is_kept_out),
		cmocka_unit_test(test_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
