/* SPDX-License-Identifier: MIT */
/*
 * What packet sockets of every family promise: whole messages and how long they
 * were, deadlines, abort, schedulers; sockets that were open before.
 */
#include "packets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_messages_that_are_too_long(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	static char big[PIER_PACKET_MAX + 1];
	struct pier_msg msg;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(
		pier_send(client, NULL, big, sizeof(big), PIER_FOREVER),
		-EMSGSIZE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SEND);
	assert_int_equal(
		pier_send(client, NULL, big, PIER_PACKET_MAX, PIER_FOREVER), 0);
	assert_int_equal(
		pier_recv(server, &msg, buf, 10, pier_in_ms(5000)), -EMSGSIZE);
	assert_string_equal(pier_last_error()->detail,
		"it has 65507 bytes, and there is room for 10");
	assert_int_equal(pier_last_error()->step, PIER_STEP_RECEIVE);
	assert_int_equal(msg.size, 10);
	assert_int_equal(msg.full_size, PIER_PACKET_MAX);
	assert_true(msg.truncated);
	/* The rest of it is gone. */
	assert_int_equal(pier_recv(server, &msg, buf, 10, PIER_NOW), -EAGAIN);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_deadlines(void **state)
{
	struct pollfd come = { .events = POLLIN };
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(-1)),
		-PIER_EDEADLINE);
	assert_int_equal(pier_packet_timeout(server), PIER_NO_TIMEOUT);
	pier_set_default_timeout(5);
	assert_int_equal(pier_packet_timeout(server), 5);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_DEFAULT),
		-PIER_EDEADLINE);
	assert_int_equal(pier_packet_set_timeout(server, 0), 0);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_DEFAULT),
		-EAGAIN);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	say(client, "now");
	/* A busy kernel delivers after the call that sends. */
	come.fd = pier_packet_fd(server);
	assert_int_equal(poll(&come, 1, 20000), 1);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_NOW), 0);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_nobody_to_send_to(void **state)
{
	static const struct pier_packet_opts loose = { .unconnected = true };
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *other = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, &loose);
	struct pier_addr addr = { .len = 0 };
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_send(server, NULL, "x", 1, PIER_FOREVER), -EDESTADDRREQ);
	assert_int_equal(
		pier_send(server, &addr, "x", 1, PIER_FOREVER), -EDESTADDRREQ);
	/* A client that is not connected knows where it was opened for, and
	   hears from others too. */
	assert_int_equal(pier_packet_peer(client, &addr), -ENOTCONN);
	say(client, "hello");
	msg = heard(server, "hello");
	assert_int_equal(
		pier_send(other, &msg.peer, "from another", 12, PIER_FOREVER),
		0);
	(void)heard(client, "from another");
	pier_packet_close(client);
	pier_packet_close(other);
	pier_packet_close(server);
}

static void
test_a_descriptor_that_is_open(void **state)
{
	struct pier_packet *one;
	char endpoint[32], text[32];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	one = opened(endpoint, NULL);
	/* It blocks, and is left so; yet the deadline holds. */
	assert_int_equal(pier_recv(one, &(struct pier_msg){ .size = 0 }, buf,
				 sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(pier_packet_endpoint(one, text, sizeof(text)),
		strlen(endpoint));
	assert_string_equal(text, endpoint);
	say(one, "hello");
	assert_int_equal(read(fds[1], buf, sizeof(buf)), 5);
	pier_packet_close(one);
	(void)close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	cannot_open(endpoint, NULL, -EINVAL, PIER_STEP_CREATE);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_what_cannot_be_opened(void **state)
{
	(void)state;
	cannot_open("tcp://127.0.0.1:7", NULL, -EINVAL, PIER_STEP_PARSE);
	cannot_open("udp://127.0.0.1", NULL, -EINVAL, PIER_STEP_PARSE);
	cannot_open("udp://192.0.2.1:0", &server_opts, -EADDRNOTAVAIL,
		PIER_STEP_BIND);
	cannot_open("fd://9999", NULL, -EBADF, PIER_STEP_CREATE);
	pier_packet_close(NULL);
}

struct aborted {
	struct pier_packet *packet;
	struct pier_addr to;
	int rc;
};

static int
receive_for_ever(void *arg)
{
	struct aborted *it = arg;
	struct pier_msg msg;
	char byte;

	it->rc = pier_recv(it->packet, &msg, &byte, 1, PIER_FOREVER);
	/* And so does every later call. */
	assert_int_equal(pier_recv(it->packet, &msg, &byte, 1, PIER_FOREVER),
		-ECONNABORTED);
	assert_int_equal(pier_send(it->packet, &it->to, "x", 1, PIER_FOREVER),
		-ECONNABORTED);
	return 0;
}

static int
abort_it(void *arg)
{
	struct aborted *it = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, receive_for_ever, it), 0);
	assert_int_equal(pier_sleep(pier_in_ms(5)), 0);
	pier_packet_abort(it->packet);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	assert_int_equal(it->rc, -ECONNABORTED);
	return 0;
}

static void
test_abort(void **state)
{
	static const struct pier_run_opts kinds[] = {
		{ .kind = PIER_TASK_FIBER, .stack_size = 262144 },
		{ .kind = PIER_TASK_THREAD },
	};
	struct aborted it;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		it.packet = i < 2 ? opened("udp4://:0", &server_opts)
				  : opened(endpoint_of("unixgram", "x"),
					    &server_opts);
		it.to = local_of(it.packet);
		assert_int_equal(
			pier_run(abort_it, &it, &kinds[i % 2], NULL), 0);
		pier_packet_close(it.packet);
	}
}

static int
use_once(void *arg)
{
	struct pier_packet *server = arg;
	struct pier_msg msg;

	return pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(2));
}

static int
use_and_move(void *arg)
{
	assert_int_equal(use_once(arg), -PIER_EDEADLINE);
	assert_int_equal(pier_packet_move(arg), 0);
	return 0;
}

static void
test_moved_to_another_scheduler(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);

	(void)state;
	assert_int_equal(pier_run(use_and_move, server, NULL, NULL), 0);
	assert_int_equal(
		pier_run(use_once, server, NULL, NULL), -PIER_EDEADLINE);
	pier_packet_close(server);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_deadlines(state);
	test_a_descriptor_that_is_open(state);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };

	assert_int_equal(pier_run(in_a_fiber, state, &opts, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_that_are_too_long),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_nobody_to_send_to),
		cmocka_unit_test(test_a_descriptor_that_is_open),
		cmocka_unit_test(test_what_cannot_be_opened),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_moved_to_another_scheduler),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
