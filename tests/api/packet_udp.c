/* SPDX-License-Identifier: MIT */
/*
 * What UDP sockets promise: one or two sockets for an endpoint, ports and local
 * addresses, closed ports, and replies from the address that was asked.
 */
#include "packets.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

static void
test_udp(void **state)
{
	static const char *const endpoints[] = { "udp://127.0.0.1:0",
		"udp://[::1]:0", "udp4://127.0.0.1:0", "udp6://[::1]:0" };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pier_packet *server = opened(endpoints[i], &server_opts);
		struct pier_packet *client = client_of(server, NULL);
		struct pier_addr there = local_of(server);
		struct pier_addr peer;

		assert_true(pier_addr_port(&there) > 0);
		assert_int_equal(pier_packet_peer(client, &peer), 0);
		assert_true(pier_addr_equal(&peer, &there));
		assert_int_equal(pier_packet_peer(server, &peer), -ENOTCONN);
		converse(server, client);
		assert_true(
			fcntl(pier_packet_fd(server), F_GETFD) & FD_CLOEXEC);
		pier_packet_close(client);
		pier_packet_close(server);
	}
}

static void
test_the_endpoint(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_addr addr = local_of(server);
	char expected[64], text[64];

	(void)state;
	(void)snprintf(expected, sizeof(expected), "udp4://127.0.0.1:%d",
		pier_addr_port(&addr));
	assert_int_equal(pier_packet_endpoint(server, text, sizeof(text)),
		strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(pier_packet_endpoint(server, text, 4), -ENOSPC);
	pier_packet_close(server);
}

/* Bound to every address, it answers from the one that was asked: else the
   client, which is connected, would not hear it. */
static void
test_an_answer_comes_from_the_address_asked(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_addr addr = local_of(server);
	char endpoint[64];
	int i;

	(void)state;
	for (i = 1; i < 5; i++) {
		struct pier_packet *client;
		struct pier_addr asked;
		struct pier_msg msg;

		(void)snprintf(endpoint, sizeof(endpoint),
			"udp://127.0.0.%d:%d", i, pier_addr_port(&addr));
		client = opened(endpoint, NULL);
		assert_int_equal(pier_packet_peer(client, &asked), 0);
		say(client, "who?");
		msg = heard(server, "who?");
		assert_true(pier_addr_equal(&msg.local, &asked));
		assert_int_equal(msg.interface, 1);
		assert_int_equal(
			pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
		(void)heard(client, "I");
		pier_packet_close(client);
	}
	pier_packet_close(server);
}

static void
test_an_answer_over_ip6(void **state)
{
	struct pier_packet *server = opened("udp6://:0", &server_opts);
	struct pier_addr addr = local_of(server);
	struct pier_packet *client;
	struct pier_msg msg;
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "udp://[::1]:%d",
		pier_addr_port(&addr));
	client = opened(endpoint, NULL);
	say(client, "who?");
	msg = heard(server, "who?");
	assert_int_equal(pier_addr_family(&msg.local), AF_INET6);
	assert_int_equal(pier_addr_port(&msg.local), pier_addr_port(&addr));
	assert_int_equal(msg.interface, 1);
	assert_int_equal(pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
	(void)heard(client, "I");
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_every_address_is_two_sockets(void **state)
{
	struct pier_packet *server[2] = { NULL, NULL };
	struct pier_addr addr[2];
	char endpoint[64];
	int i;

	(void)state;
	assert_int_equal(pier_packet_open_all(server, 2, "udp://:0",
				 &server_opts, PIER_FOREVER),
		2);
	for (i = 0; i < 2; i++)
		addr[i] = local_of(server[i]);
	assert_int_equal(pier_addr_family(&addr[0]), AF_INET6);
	assert_int_equal(pier_addr_family(&addr[1]), AF_INET);
	assert_int_equal(pier_addr_port(&addr[0]), pier_addr_port(&addr[1]));
	for (i = 0; i < 2; i++) {
		struct pier_packet *client;

		(void)snprintf(endpoint, sizeof(endpoint),
			i == 0 ? "udp://[::1]:%d" : "udp://127.0.0.1:%d",
			pier_addr_port(&addr[0]));
		client = opened(endpoint, NULL);
		converse(server[i], client);
		pier_packet_close(client);
	}
	for (i = 0; i < 2; i++)
		pier_packet_close(server[i]);
}

static void
test_ports_in_use(void **state)
{
	static const struct pier_packet_opts shared = { .listen = true,
		.reuse_port = true };
	struct pier_packet *none[2] = { NULL, NULL };
	struct pier_packet *ip4 = opened("udp4://:0", &server_opts);
	struct pier_packet *other;
	struct pier_addr addr = local_of(ip4);
	char endpoint[64];
	int before = open_fds();

	(void)state;
	(void)snprintf(
		endpoint, sizeof(endpoint), "udp://:%d", pier_addr_port(&addr));
	/* IPv6 could be had, IPv4 cannot: neither is. */
	assert_int_equal(pier_packet_open_all(
				 none, 2, endpoint, &server_opts, PIER_FOREVER),
		-EADDRINUSE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_BIND);
	assert_null(none[0]);
	assert_int_equal(open_fds(), before);
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://:%d",
		pier_addr_port(&addr));
	cannot_open(endpoint, &server_opts, -EADDRINUSE, PIER_STEP_BIND);
	pier_packet_close(ip4);
	ip4 = opened(endpoint, &shared);
	other = opened(endpoint, &shared);
	pier_packet_close(ip4);
	pier_packet_close(other);
}

static void
test_one_socket_where_one_was_asked_for(void **state)
{
	struct pier_packet *one[2];

	(void)state;
	cannot_open("udp://:0", &server_opts, -EINVAL, PIER_STEP_BIND);
	assert_non_null(strstr(pier_error_line(), "pier_packet_open_all"));
	assert_int_equal(pier_packet_open_all(one, 2, "udp4://:0", &server_opts,
				 PIER_FOREVER),
		1);
	pier_packet_close(one[0]);
	assert_int_equal(pier_packet_open_all(one, 2, "udp://127.0.0.1:0",
				 &server_opts, PIER_FOREVER),
		1);
	pier_packet_close(one[0]);
}

static void
test_a_closed_port_is_told(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_msg msg;

	(void)state;
	pier_packet_close(server);
	say(client, "anybody?");
	assert_int_equal(
		pier_recv(client, &msg, buf, sizeof(buf), pier_in_ms(5000)),
		-ECONNREFUSED);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RECEIVE);
	/* Once told, it goes on. */
	assert_int_equal(
		pier_recv(client, &msg, buf, sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	pier_packet_close(client);
}

static void
test_a_broadcast_needs_its_option(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_addr all;

	(void)state;
	assert_int_equal(pier_addr_parse(&all, "255.255.255.255:9"), 0);
	assert_int_equal(
		pier_send(server, &all, "x", 1, PIER_FOREVER), -EACCES);
	assert_non_null(strstr(pier_error_line(), "SO_BROADCAST"));
	pier_packet_close(server);
}

static void
test_a_local_address(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_packet_opts opts = { .bind = "127.0.0.2" };
	struct pier_packet *client = client_of(server, &opts);
	struct pier_addr addr = local_of(client);
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_true(pier_addr_format_host(&addr, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.2");
	converse(server, client);
	pier_packet_close(client);
	opts.bind = "::1";
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRNOTAVAIL, PIER_STEP_BIND);
	opts.bind = "192.0.2.1";
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRNOTAVAIL, PIER_STEP_BIND);
	opts.bind = "nonsense";
	cannot_open("udp://127.0.0.1:9", &opts, -EINVAL, PIER_STEP_PARSE);
	pier_packet_close(server);
}

/* A port that a client has is its alone, and it has one before it speaks. */
static void
test_a_local_port(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_packet_opts opts = { .bind = "127.0.0.2",
		.unconnected = true };
	struct pier_packet *client = client_of(server, &opts);
	struct pier_addr addr = local_of(client);
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_true(pier_addr_port(&addr) > 0);
	assert_int_equal(pier_send(server, &addr, "first", 5, PIER_FOREVER), 0);
	(void)heard(client, "first");
	assert_true(pier_addr_format(&addr, text, sizeof(text)) > 0);
	opts.bind = text;
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRINUSE, PIER_STEP_BIND);
	pier_packet_close(client);
	pier_packet_close(server);
}

static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[2];

	(void)service;
	(void)deadline;
	assert_string_equal(host, "many.example");
	assert_int_equal(opts->type, SOCK_DGRAM);
	assert_int_equal(pier_addr_parse(&addrs[0], arg), 0);
	assert_int_equal(pier_addr_parse(&addrs[1], "127.0.0.1"), 0);
	return pier_names_make(out, addrs, 2, NULL);
}

/* From the loopback there is no way to the first: the second is it. */
static void
test_the_first_address_that_works(void **state)
{
	static char nowhere[] = "192.0.2.1";
	struct pier_packet_opts opts = {
		.lookup = lookup, .bind = "127.0.0.1", .lookup_arg = nowhere
	};
	struct pier_packet *client = opened("udp://many.example:9", &opts);
	struct pier_addr peer;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_packet_peer(client, &peer), 0);
	assert_true(pier_addr_format(&peer, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.1:9");
	pier_packet_close(client);
}

/* As of TCP: one socket, of IPv4, though it is not the first. */
static void
test_a_name_is_one_address(void **state)
{
	static char loopback6[] = "::1";
	struct pier_packet_opts opts = {
		.lookup = lookup, .lookup_arg = loopback6, .listen = true
	};
	struct pier_packet *servers[2];
	struct pier_addr addr;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_packet_open_all(servers, 2,
				 "udp://many.example:0", &opts, PIER_FOREVER),
		1);
	addr = local_of(servers[0]);
	(void)pier_addr_set_port(&addr, 0);
	assert_true(pier_addr_format(&addr, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.1");
	pier_packet_close(servers[0]);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_udp(state);
	test_every_address_is_two_sockets(state);
	test_a_closed_port_is_told(state);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };

	assert_int_equal(pier_run(in_a_fiber, state, &opts, NULL), 0);
}

/* What is there comes at once, and no more than there is room for. */
static void
test_many_at_once(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	static const struct pier_outgoing out[] = { { NULL, "one", 3 },
		{ NULL, "", 0 }, { NULL, "three", 5 } };
	struct pier_outgoing back[3];
	struct pier_incoming in[4];
	char room[4][4];
	int i, n;

	(void)state;
	for (i = 0; i < 4; i++)
		in[i] = (struct pier_incoming){ .buf = room[i], .size = 4 };
	assert_int_equal(pier_recv_many(server, in, 4, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_recv_many(server, in, 0, PIER_FOREVER), 0);
	assert_int_equal(pier_send_many(client, out, 3, pier_in_s(20)), 3);
	/* Loopback delivers before sendmmsg comes back. */
	n = pier_recv_many(server, in, 4, pier_in_s(20));
	assert_int_equal(n, 3);
	assert_int_equal(in[0].msg.size, 3);
	assert_memory_equal(room[0], "one", 3);
	assert_int_equal(in[1].msg.size, 0);
	assert_true(in[2].msg.truncated);
	assert_int_equal(in[2].msg.full_size, 5);
	for (i = 0; i < 3; i++)
		back[i] = (struct pier_outgoing){ &in[i].msg.peer, room[i],
			in[i].msg.size };
	assert_int_equal(pier_send_many(server, back, 3, pier_in_s(20)), 3);
	assert_int_equal(pier_recv_many(client, in, 2, pier_in_s(20)), 2);
	(void)heard(client, "thre");
	/* A server's message without an address goes nowhere, nor what follows. */
	back[1].to = NULL;
	assert_int_equal(pier_send_many(server, back, 3, pier_in_s(20)), 1);
	assert_int_equal(pier_send_many(server, back + 1, 2, pier_in_s(20)),
		-EDESTADDRREQ);
	pier_packet_close(client);
	pier_packet_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_the_endpoint),
		cmocka_unit_test(test_an_answer_comes_from_the_address_asked),
		cmocka_unit_test(test_an_answer_over_ip6),
		cmocka_unit_test(test_every_address_is_two_sockets),
		cmocka_unit_test(test_ports_in_use),
		cmocka_unit_test(test_one_socket_where_one_was_asked_for),
		cmocka_unit_test(test_a_closed_port_is_told),
		cmocka_unit_test(test_a_broadcast_needs_its_option),
		cmocka_unit_test(test_a_local_address),
		cmocka_unit_test(test_a_local_port),
		cmocka_unit_test(test_the_first_address_that_works),
		cmocka_unit_test(test_a_name_is_one_address),
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
