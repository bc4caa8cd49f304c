/* SPDX-License-Identifier: MIT */
/*
 * A program that was compiled when a struct had fewer fields goes on working:
 * its options are read as far as they go, and nothing is written behind the
 * end of what it passes for a result. The same the other way round.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "old_room.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *
dial(struct pier_listener **listener, size_t report_size)
{
	const struct pier_dial_opts opts = { .report = &room.report };
	struct pier_stream *stream = NULL;
	char where[64];

	assert_int_equal(
		pier_listen(listener, "tcp://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(
		pier_listener_endpoint(*listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial_sized(&stream, where, &opts, sizeof(opts),
				 report_size, HANGS),
		0);
	return stream;
}

static void
test_dial_and_tcp_info(void **state)
{
	const size_t half = offsetof(struct pier_dial_report, attempts);
	struct pier_listener *listener;
	struct pier_stream *stream;

	(void)state;
	clear();
	stream = dial(&listener, half);
	assert_kept(half);
	assert_int_equal(room.report.attempt_count, 1);
	clear();
	assert_int_equal(
		pier_tcp_info_sized(pier_fd(stream), &room.info, 8), 0);
	assert_kept(8);
	pier_close(stream);
	pier_listener_close(listener);
	/* A newer program: what the library does not know is nothing. */
	clear();
	stream = dial(&listener, sizeof(room.report) + 8);
	assert_kept(sizeof(room.report) + 8);
	assert_int_equal(room.bytes[sizeof(room.report)], 0);
	pier_close(stream);
	pier_listener_close(listener);
}

static void
test_relay(void **state)
{
	const size_t size = offsetof(struct pier_relay_result, a_to_b);
	struct pier_relay_opts opts;
	struct pier_stream *a, *b;

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	memset(&opts, BEHIND, sizeof(opts));
	opts.idle_ms = 1; /* all that the old program knew */
	clear();
	assert_int_equal(pier_relay_sized(a, b, &opts, sizeof(opts.idle_ms),
				 &room.relay, size, HANGS),
		-PIER_EDEADLINE);
	assert_kept(size);
	assert_int_equal(room.relay.how, PIER_RELAY_DEADLINE);
	pier_close(a);
	pier_close(b);
}

static int
nothing(void *arg)
{
	(void)arg;
	return 7;
}

static void
test_run(void **state)
{
	const size_t size = offsetof(struct pier_run_result, abandoned);

	(void)state;
	clear();
	assert_int_equal(
		pier_run_sized(nothing, NULL, NULL, 0, &room.run, size), 7);
	assert_kept(size);
	assert_int_equal(room.run.rc, 7);
	assert_int_equal(room.run.tasks, 1);
}

static void
test_server(void **state)
{
	const size_t known = offsetof(struct pier_server_opts, model);
	const size_t size = offsetof(struct pier_server_stats, active);
	struct pier_server_opts opts;
	struct pier_server *server = NULL;

	(void)state;
	/* Everything behind what the old program knew is rubbish. */
	memset(&opts, BEHIND, sizeof(opts));
	memset(&opts, 0, known);
	opts.endpoint = "tcp://127.0.0.1:0";
	opts.handler = pier_handler_echo;
	assert_int_equal(pier_server_open_sized(&server, &opts, known, 0), 0);
	clear();
	pier_server_stats_sized(server, &room.stats, size);
	room.bytes[0] = 1;
	assert_kept(size);
	pier_server_close(server);
	/* Of the listener's options too. */
	opts = (struct pier_server_opts){ .endpoint = "tcp://127.0.0.1:0",
		.handler = pier_handler_echo,
		.listen = &(struct pier_listen_opts){
			.backlog = 1, .nodelay = 12345, .mode = 0xffff } };
	assert_int_equal(
		pier_server_open_sized(&server, &opts, sizeof(opts),
			offsetof(struct pier_listen_opts, reuse_address)),
		0);
	pier_server_close(server);
}

static void
test_messages_and_checks(void **state)
{
	const struct pier_packet_opts opts = { .listen = true };
	const size_t size = offsetof(struct pier_msg, truncated);
	/* Two of those that had three fields. */
	const struct {
		const struct pier_addr *to;
		const void *data;
		size_t size;
	} items[2] = { { NULL, "one", 3 }, { NULL, "two", 3 } };
	const struct pier_outgoing *old = (const void *)items;
	struct pier_packet *packet, *client;
	char where[64], buf[8];

	(void)state;
	assert_int_equal(
		pier_packet_open(&packet, "udp://127.0.0.1:0", &opts, HANGS),
		0);
	assert_true(pier_packet_endpoint(packet, where, sizeof(where)) > 0);
	assert_int_equal(pier_packet_open(&client, where, NULL, HANGS), 0);
	assert_int_equal(pier_send(client, NULL, "hello", 5, HANGS), 0);
	clear();
	assert_int_equal(pier_recv_sized(packet, &room.msg, size, buf,
				 sizeof(buf), HANGS),
		0);
	assert_kept(size);
	assert_int_equal(room.msg.size, 5);
	assert_int_equal(
		pier_send_many_sized(client, old,
			offsetof(struct pier_outgoing, local), 2, HANGS),
		2);
	assert_int_equal(pier_recv(packet, &room.msg, buf, 8, HANGS), 0);
	assert_int_equal(pier_recv(packet, &room.msg, buf, 8, HANGS), 0);
	assert_memory_equal(buf, "two", 3);
	pier_packet_close(client);
	pier_packet_close(packet);
	clear();
	assert_int_equal(pier_endpoint_check_sized("tcp://:x:", &room.check,
				 offsetof(struct pier_endpoint_check, text)),
		-EINVAL);
	assert_kept(offsetof(struct pier_endpoint_check, text));
}

static int
first_socket(const struct pier_socket *socket, void *ctx)
{
	(void)socket;
	(void)ctx;
	return 1;
}

static void
test_sockets_and_flow(void **state)
{
	const struct pier_tcp_info info = { .have = PIER_INFO_LIMITS };
	const size_t size = offsetof(struct pier_sockets_report, seen);
	struct pier_socket_watch_opts watch_opts;
	struct pier_socket_watch *watch;
	struct pier_sockets_opts opts;

	(void)state;
	memset(&opts, BEHIND, sizeof(opts));
	opts.kinds = PIER_SOCKET_NETLINK; /* all that the old program knew */
	assert_int_equal(pier_sockets_sized(&opts, sizeof(opts.kinds), 0,
				 first_socket, NULL, HANGS),
		1);
	opts = (struct pier_sockets_opts){ .kinds = PIER_SOCKET_NETLINK,
		.report = &room.sockets };
	clear();
	assert_int_equal(pier_sockets_sized(&opts, sizeof(opts), size,
				 first_socket, NULL, HANGS),
		1);
	assert_kept(size);
	assert_int_equal(room.sockets.count, 1);
	memset(&watch_opts, BEHIND, sizeof(watch_opts));
	watch_opts.kinds = 0;
	assert_int_equal(pier_socket_watch_open_sized(
				 &watch, &watch_opts, sizeof(watch_opts.kinds)),
		0);
	pier_socket_watch_close(watch);
	clear();
	assert_int_equal(pier_tcp_flow_sized(&room.flow,
				 offsetof(struct pier_tcp_flow, queue_us), NULL,
				 &info, 5),
		0);
	assert_kept(offsetof(struct pier_tcp_flow, queue_us));
	assert_int_equal(room.flow.interval_ns, 5);
}

static void
test_http(void **state)
{
	const size_t half = offsetof(struct pier_endpoint_check, text);
	struct pier_http_opts opts;
	struct pier_http *http;

	(void)state;
	clear();
	assert_int_equal(
		pier_http_check_sized("ftp://a/", &room.check, half), -EINVAL);
	assert_kept(half);
	clear();
	assert_int_equal(pier_http_check_sized("http://a/", &room.check,
				 sizeof(room.check) + 8),
		0);
	assert_kept(sizeof(room.check) + 8);
	assert_int_equal(room.bytes[sizeof(room.check)], 0);
	memset(&opts, BEHIND, sizeof(opts));
	opts.method = "HEAD"; /* all that the old program knew */
	assert_int_equal(pier_http_open_sized(&http, "http://a/", &opts,
				 sizeof(opts.method)),
		0);
	pier_http_close(http);
}

/* A framing is a result of one call and what others are told. */
static void
test_framing(void **state)
{
	const size_t half = offsetof(struct pier_framing, width);
	const size_t all = sizeof(struct pier_framing);
	struct pier_framing framing;
	struct pier_stream *a, *b;
	struct pier_frame *frame;
	char text[PIER_FRAME_TEXT_MAX];
	size_t size;

	(void)state;
	clear();
	assert_int_equal(
		pier_frame_parse_sized(&room.framing, half, "fixed:7"), 0);
	assert_kept(half);
	assert_int_equal(room.framing.kind, PIER_FRAME_FIXED);
	assert_int_equal(room.framing.size, 7);
	clear();
	assert_int_equal(
		pier_frame_parse_sized(&room.framing, all + 8, "decimal:4"), 0);
	assert_kept(all + 8);
	assert_int_equal(room.framing.width, 4);
	assert_int_equal(room.bytes[all], 0);
	/* Behind what the old program knew of lines is rubbish: no terminator,
	   no width. */
	memset(&framing, BEHIND, sizeof(framing));
	memset(&framing, 0, half);
	framing.kind = PIER_FRAME_LINE;
	assert_int_equal(
		pier_frame_format_sized(&framing, half, text, sizeof(text)),
		strlen("line"));
	assert_string_equal(text, "line");
	assert_int_equal(pier_frame_encode_sized(
				 &framing, half, text, sizeof(text), "ab", 2),
		3);
	assert_memory_equal(text, "ab\n", 3);
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_frame_attach_sized(&frame, a, &framing, half), 0);
	assert_int_equal(pier_write(b, "cd\n", 3, HANGS), 0);
	assert_int_equal(
		pier_frame_recv(frame, text, sizeof(text), &size, HANGS), 1);
	assert_int_equal(size, 2);
	assert_memory_equal(text, "cd", 2);
	pier_close(a);
	pier_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dial_and_tcp_info),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_messages_and_checks),
		cmocka_unit_test(test_sockets_and_flow),
		cmocka_unit_test(test_framing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
