/* SPDX-License-Identifier: MIT */
/*
 * packet_kinds.c - messages of protocols of IP (raw), and of TIPC. Raw sockets
 * take CAP_NET_RAW; where there is none that is the promise. Of TIPC the same
 * holds for its module.
 */
#include "packets.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

/* For use in experiments (RFC 3692). */
#define PROTOCOL "253"

#define SOON pier_in_s(20)

static bool
may_be_raw(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 253);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static bool
has_tipc(void)
{
	int fd = socket(30, SOCK_RDM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* Skip the test, and say why. */
static void
leave(const char *why)
{
	print_message("# %s\n", why);
	skip();
}

/* It says what it lacks. */
static void
lacks(const char *endpoint, int rc, const char *words)
{
	cannot_open(endpoint, NULL, rc, PIER_STEP_CREATE);
	if (strstr(pier_error_line(), words) == NULL)
		fail_msg("%s", pier_error_line());
}

static void
question_and_answer(const char *ours, const char *theirs, const char *bind)
{
	const struct pier_packet_opts opts = { .bind = bind };
	struct pier_packet *server = opened(ours, &server_opts);
	struct pier_packet *client = opened(theirs, &opts);
	struct pier_msg msg;

	say(client, "question");
	msg = heard(server, "question");
	assert_int_equal(msg.full_size, 8);
	assert_true(msg.interface > 0);
	assert_int_equal(pier_addr_port(&msg.peer), 0);
	assert_int_equal(pier_reply(server, &msg, "", 0, SOON), 0);
	assert_int_equal(pier_reply(server, &msg, "answer", 6, SOON), 0);
	heard(client, "");
	heard(client, "answer");
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_both_families_bring_what_was_sent(void **state)
{
	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	question_and_answer("raw://127.0.0.1/" PROTOCOL,
		"raw4://127.0.0.1/" PROTOCOL, "127.0.0.2");
	question_and_answer(
		"raw://*/" PROTOCOL, "raw://127.0.0.3/" PROTOCOL, "127.0.0.2");
}

/* IPv6 has one address of this machine only: who asks hears itself too. */
static void
test_ip6_brings_what_was_sent(void **state)
{
	struct pier_packet *server;
	struct pier_packet *client;

	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	server = opened("raw6://[::1]/" PROTOCOL, &server_opts);
	client = opened("raw://[::1]/" PROTOCOL, NULL);
	say(client, "question");
	heard(server, "question");
	heard(client, "question");
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_options_of_ip_are_no_part_of_a_message(void **state)
{
	/* Three of no operation, and the end. */
	static const char *const with_options[] = { "ip.options=01010100",
		NULL };
	static const struct pier_packet_opts opts = { .bind = "127.0.0.2",
		.options = with_options };
	struct pier_packet *server;
	struct pier_packet *client;
	struct pier_msg msg;
	char small[5];

	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	server = opened("raw://127.0.0.1/" PROTOCOL, &server_opts);
	client = opened("raw://127.0.0.1/" PROTOCOL, &opts);
	say(client, "with options");
	heard(server, "with options");
	/* Cut off, and nothing of the header in it. */
	say(client, "with options");
	(void)pier_recv(server, &msg, small, sizeof(small), SOON);
	assert_true(msg.truncated);
	assert_int_equal(msg.full_size, 12);
	assert_true(msg.size <= sizeof(small));
	assert_memory_equal(small, "with ", msg.size);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_several_come_at_once(void **state)
{
	static const struct pier_packet_opts opts = { .bind = "127.0.0.2" };
	struct pier_packet *server;
	struct pier_packet *client;
	struct pier_incoming list[4];
	char room[4][16];
	int i;

	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	server = opened("raw://127.0.0.1/" PROTOCOL, &server_opts);
	client = opened("raw://127.0.0.1/" PROTOCOL, &opts);
	say(client, "one");
	say(client, "four");
	say(client, "");
	for (i = 0; i < 4; i++)
		list[i] = (struct pier_incoming){ .buf = room[i], .size = 16 };
	assert_int_equal(pier_recv_many(server, list, 4, SOON), 3);
	assert_int_equal(list[0].msg.size, 3);
	assert_memory_equal(room[1], "four", 4);
	assert_int_equal(list[2].msg.size, 0);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* A header of IPv4 and three bytes, from and to this machine; the kernel fills
   in length, checksum and identification (raw(7)). */
static const unsigned char with_header[] = { 0x45, 0, 0, 23, 0, 0, 0, 0, 64,
	253, 0, 0, 127, 0, 0, 2, 127, 0, 0, 1, 'a', 'b', 'c' };

static void
test_who_sends_headers_gets_them(void **state)
{
	struct pier_packet *server;
	struct pier_packet *plain;
	struct pier_packet *client;
	struct pier_msg msg;

	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	server = opened("raw://127.0.0.1/" PROTOCOL "?hdrincl=1", &server_opts);
	plain = opened("raw://127.0.0.1/" PROTOCOL, &server_opts);
	client = opened("raw://127.0.0.1/raw", NULL);
	assert_int_equal(
		pier_send(client, NULL, with_header, sizeof(with_header), SOON),
		0);
	heard(plain, "abc");
	assert_int_equal(pier_recv(server, &msg, buf, sizeof(buf), SOON), 0);
	assert_int_equal(msg.size, sizeof(with_header));
	assert_memory_equal(buf + 20, "abc", 3);
	pier_packet_close(client);
	pier_packet_close(plain);
	pier_packet_close(server);
}

static void
test_a_raw_socket_knows_its_endpoint(void **state)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_packet *server;

	(void)state;
	if (!may_be_raw())
		leave("raw sockets take CAP_NET_RAW");
	server = opened("raw://127.0.0.1/" PROTOCOL, &server_opts);
	assert_true(pier_packet_endpoint(server, text, sizeof(text)) > 0);
	assert_string_equal(text, "raw://127.0.0.1/253");
	pier_packet_close(server);
}

static void
test_what_raw_refuses(void **state)
{
	static const struct pier_packet_opts six = { .bind = "::1" };

	(void)state;
	/* Before any right is asked for. */
	cannot_open("raw:///253", NULL, -EDESTADDRREQ, PIER_STEP_CONNECT);
	if (!may_be_raw()) {
		lacks("raw://127.0.0.1/253", -EPERM, "need CAP_NET_RAW");
		return;
	}
	cannot_open(
		"raw://127.0.0.1/253", &six, -EADDRNOTAVAIL, PIER_STEP_BIND);
	cannot_open("raw://192.0.2.1/253", &server_opts, -EADDRNOTAVAIL,
		PIER_STEP_BIND);
	cannot_open("raw4://127.0.0.1/253?ttl=3&device=nosuch0", NULL, -ENODEV,
		PIER_STEP_OPTION);
}

static int
heard_by_nobody(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)packet;
	(void)msg;
	(void)ctx;
	return 0;
}

static void
test_no_server_is_raw(void **state)
{
	const struct pier_server_opts opts = { .endpoint =
						       "raw://127.0.0.1/253",
		.datagram_handler = heard_by_nobody };
	struct pier_server *server;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), -EOPNOTSUPP);
	assert_int_equal(pier_last_error()->step, PIER_STEP_LISTEN);
}

static void
test_tipc_tells_which_module_is_missing(void **state)
{
	struct pier_listener *listener;

	(void)state;
	if (has_tipc())
		leave("this kernel has TIPC");
	lacks("tipc://18888/17", -EAFNOSUPPORT, "modprobe tipc");
	lacks("tipc://18888/17?type=seqpacket", -EAFNOSUPPORT, "modprobe tipc");
	assert_int_equal(pier_listen(&listener,
				 "tipc://18888/17?type=seqpacket", NULL, SOON),
		-EAFNOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe tipc"));
}

static void
test_what_tipc_refuses(void **state)
{
	static const struct pier_packet_opts bound = { .bind = "127.0.0.1" };
	static const struct pier_packet_opts senders = { .senders = true };
	struct pier_listener *listener;
	struct pier_stream *stream;

	(void)state;
	cannot_open("tipc://18888/17", &bound, -EINVAL, PIER_STEP_CREATE);
	cannot_open("tipc://18888/17", &senders, -EINVAL, PIER_STEP_CREATE);
	cannot_open("tipc://18888/17?type=seqpacket", &server_opts, -EINVAL,
		PIER_STEP_CREATE);
	assert_int_equal(
		pier_listen(&listener, "tipc://18888/17", NULL, SOON), -EINVAL);
	assert_int_equal(
		pier_dial(&stream, "tipc://18888/17", NULL, SOON), -EINVAL);
}

static void
test_tipc_messages_are_answered(void **state)
{
	struct pier_packet *server;
	struct pier_packet *client;
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_msg msg;

	(void)state;
	if (!has_tipc())
		leave("this kernel has no TIPC");
	server = opened("tipc://18888/17", &server_opts);
	client = opened("tipc://18888/17", NULL);
	assert_true(pier_packet_endpoint(server, text, sizeof(text)) > 0);
	assert_string_equal(text, "tipc://18888/17");
	say(client, "question");
	msg = heard(server, "question");
	assert_int_equal(pier_addr_family(&msg.peer), 30);
	assert_int_equal(msg.peer.u.tipc.kind, PIER_TIPC_SOCKET);
	assert_int_equal(pier_reply(server, &msg, "answer", 6, SOON), 0);
	heard(client, "answer");
	pier_packet_close(server);
	assert_int_equal(
		pier_send(client, NULL, "late", 4, SOON), -EHOSTUNREACH);
	pier_packet_close(client);
}

/* The two ends of a connection, and where it is accepted. */
static struct {
	struct pier_listener *listener;
	struct pier_packet *server, *client;
} tipc;

static int
accepts(void *arg)
{
	(void)arg;
	return pier_packet_accept(&tipc.server, tipc.listener, SOON);
}

/* A connection of TIPC is there once it is accepted, not before. */
static int
connects(void *endpoint)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, accepts, NULL), 0);
	tipc.client = opened(endpoint, NULL);
	assert_int_equal(pier_group_wait(group, SOON), 0);
	pier_group_close(group);
	return 0;
}

static int
speak_and_end(void *arg)
{
	struct pier_msg msg;

	(void)connects(arg);
	say(tipc.client, "question");
	heard(tipc.server, "question");
	say(tipc.server, "answer");
	heard(tipc.client, "answer");
	pier_packet_close(tipc.server);
	assert_int_equal(pier_recv(tipc.client, &msg, buf, sizeof(buf), SOON),
		-PIER_EEND);
	pier_packet_close(tipc.client);
	return 0;
}

static void
test_tipc_connections_have_an_end(void **state)
{
	static char endpoint[] = "tipc://18888/18?type=seqpacket";
	struct pier_run_opts opts = { .stack_size = 256 * 1024 };
	char text[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	if (!has_tipc())
		leave("this kernel has no TIPC");
	cannot_open(endpoint, NULL, -EHOSTUNREACH, PIER_STEP_CONNECT);
	assert_int_equal(pier_listen(&tipc.listener, endpoint, NULL, SOON), 0);
	assert_true(
		pier_listener_endpoint(tipc.listener, text, sizeof(text)) > 0);
	assert_string_equal(text, endpoint);
	assert_int_equal(pier_run(speak_and_end, endpoint, &opts, NULL), 0);
	pier_listener_close(tipc.listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_families_bring_what_was_sent),
		cmocka_unit_test(test_ip6_brings_what_was_sent),
		cmocka_unit_test(test_options_of_ip_are_no_part_of_a_message),
		cmocka_unit_test(test_several_come_at_once),
		cmocka_unit_test(test_who_sends_headers_gets_them),
		cmocka_unit_test(test_a_raw_socket_knows_its_endpoint),
		cmocka_unit_test(test_what_raw_refuses),
		cmocka_unit_test(test_no_server_is_raw),
		cmocka_unit_test(test_tipc_tells_which_module_is_missing),
		cmocka_unit_test(test_what_tipc_refuses),
		cmocka_unit_test(test_tipc_messages_are_answered),
		cmocka_unit_test(test_tipc_connections_have_an_end),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
