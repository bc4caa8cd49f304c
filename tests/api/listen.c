/* SPDX-License-Identifier: MIT */
/*
 * What pier_listen() and pier_accept() promise over TCP: families, free ports,
 * addresses that are used again or in use, sockets that were handed down.
 */
#include "listening.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

/* A plain client of the C library: 0 or -errno. */
static int
connect_to(const char *host, unsigned int port, int *out)
{
	struct pier_addr addr;
	int fd;

	assert_int_equal(pier_addr_parse(&addr, host), 0);
	assert_int_equal(pier_addr_set_port(&addr, port), 0);
	fd = socket(addr.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (connect(fd, &addr.u.sa, addr.len) < 0) {
		int rc = -errno;

		(void)close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static bool
have_ip6(void)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&name, sizeof(name));

	if (fd >= 0)
		(void)close(fd);
	return rc == 0;
}

static void
serves(struct pier_listener *listener, const char *host, const char *seen)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_stream *stream;
	struct pier_addr peer;
	int fd;

	assert_int_equal(connect_to(host, port_of(listener), &fd), 0);
	assert_int_equal(pier_accept(&stream, listener, pier_in_ms(5000)), 0);
	assert_int_equal(pier_peer(stream, &peer), 0);
	assert_true(pier_addr_format_host(&peer, text, sizeof(text)) > 0);
	assert_string_equal(text, seen);
	pier_close(stream);
	(void)close(fd);
}

static void
test_both_families_on_a_free_port(void **state)
{
	struct pier_listener *listener;
	char text[PIER_ENDPOINT_TEXT_MAX];
	char expected[64];

	(void)state;
	if (!have_ip6()) {
		print_message("# no IPv6 here\n");
		skip();
	}
	listener = listening("tcp://:0", NULL);
	(void)snprintf(
		expected, sizeof(expected), "tcp://[::]:%u", port_of(listener));
	assert_int_equal(pier_listener_endpoint(listener, text, sizeof(text)),
		strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(pier_listener_endpoint(listener, text, 5), -ENOSPC);
	serves(listener, "127.0.0.1", "127.0.0.1");
	serves(listener, "::1", "::1");
	pier_listener_close(listener);
}

static void
test_one_family(void **state)
{
	struct pier_listener *listener = listening("tcp4://:0", NULL);
	int fd;

	(void)state;
	serves(listener, "127.0.0.1", "127.0.0.1");
	assert_int_equal(
		connect_to("::1", port_of(listener), &fd), -ECONNREFUSED);
	pier_listener_close(listener);
	listener = listening("tcp6://*:0", NULL);
	serves(listener, "::1", "::1");
	assert_int_equal(
		connect_to("127.0.0.1", port_of(listener), &fd), -ECONNREFUSED);
	pier_listener_close(listener);
}

static void
test_an_address_and_a_name(void **state)
{
	struct pier_listener *listener = listening("tcp://127.0.0.1:0", NULL);
	int fd;

	(void)state;
	serves(listener, "127.0.0.1", "127.0.0.1");
	assert_int_equal(
		connect_to("127.0.0.2", port_of(listener), &fd), -ECONNREFUSED);
	pier_listener_close(listener);
	listener = listening("tcp://localhost:0", NULL);
	serves(listener, "127.0.0.1", "127.0.0.1");
	pier_listener_close(listener);
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
test_what_is_set_on_sockets(void **state)
{
	static const struct pier_listen_opts late = { .nodelay = PIER_OFF };
	const struct pier_listen_opts *opts[] = { NULL, &late };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct pier_listener *listener =
			listening("tcp4://127.0.0.1:0", opts[i]);
		struct pier_stream *stream;
		int fd;

		assert_int_equal(
			connect_to("127.0.0.1", port_of(listener), &fd), 0);
		assert_int_equal(
			pier_accept(&stream, listener, PIER_FOREVER), 0);
		assert_int_equal(option(pier_fd(stream), IPPROTO_TCP, 1) != 0,
			opts[i] == NULL);
		assert_true(fcntl(pier_fd(stream), F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(pier_fd(stream), F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(pier_listener_fd(listener), F_GETFD) &
			    FD_CLOEXEC);
		pier_close(stream);
		pier_listener_close(listener);
		(void)close(fd);
	}
}

static void
test_the_backlog(void **state)
{
	static const struct pier_listen_opts two = { .backlog = 2 };
	static const struct pier_listen_opts bad = { .backlog = -2 };
	struct pier_listener *listener = listening("tcp4://127.0.0.1:0", &two);
	struct pier_listener *none = NULL;
	struct tcp_info_head {
		uint8_t head[24];
		uint32_t unacked; /* of a listener: who queues */
		uint32_t sacked;  /* and how many may */
	} info;
	socklen_t len = sizeof(info);

	(void)state;
	assert_int_equal(getsockopt(pier_listener_fd(listener), IPPROTO_TCP,
				 11 /* TCP_INFO */, &info, &len),
		0);
	assert_int_equal(info.sacked, 2);
	pier_listener_close(listener);
	assert_int_equal(
		pier_listen(&none, "tcp4://127.0.0.1:0", &bad, PIER_NOW),
		-EINVAL);
	assert_int_equal(
		pier_listen(&none, endpoint_of("unix", "x"), &bad, PIER_NOW),
		-EINVAL);
}

/* The server's side closes first, so that its port is in TIME-WAIT. */
static void
leave_time_wait(struct pier_listener *listener)
{
	struct pier_stream *stream;
	char byte;
	int fd;

	assert_int_equal(connect_to("127.0.0.1", port_of(listener), &fd), 0);
	assert_int_equal(pier_accept(&stream, listener, PIER_FOREVER), 0);
	pier_close(stream);
	assert_int_equal(read(fd, &byte, 1), 0);
	(void)close(fd);
}

/* One round; false: it showed nothing, because the kernel kept no TIME-WAIT of
   the port, or because somebody else's connection, of another program of this
   machine, had got the port before we listened again. */
static bool
is_used_again(void)
{
	static const struct pier_listen_opts strict = { .reuse_address =
								PIER_OFF };
	struct pier_listener *listener = listening("tcp4://127.0.0.1:0", NULL);
	struct pier_listener *none = NULL;
	char again[64];
	int rc;

	(void)snprintf(
		again, sizeof(again), "tcp4://127.0.0.1:%u", port_of(listener));
	leave_time_wait(listener);
	pier_listener_close(listener);
	/* Without SO_REUSEADDR it is not to be had: TIME-WAIT is there. */
	rc = pier_listen(&none, again, &strict, PIER_FOREVER);
	if (rc == 0) {
		pier_listener_close(none);
		return false;
	}
	assert_int_equal(rc, -EADDRINUSE);
	rc = pier_listen(&listener, again, NULL, PIER_FOREVER);
	if (rc < 0) {
		assert_int_equal(rc, -EADDRINUSE);
		return false;
	}
	serves(listener, "127.0.0.1", "127.0.0.1");
	pier_listener_close(listener);
	return true;
}

static void
test_a_port_is_used_again_at_once(void **state)
{
	int rounds = 5;

	(void)state;
	while (!is_used_again())
		assert_true(--rounds > 0);
}

static void
test_an_address_in_use(void **state)
{
	static const struct pier_listen_opts shared = { .reuse_port = true };
	struct pier_listener *listener = listening("tcp4://127.0.0.1:0", NULL);
	struct pier_listener *other;
	char again[64];

	(void)state;
	(void)snprintf(
		again, sizeof(again), "tcp4://127.0.0.1:%u", port_of(listener));
	cannot_listen(again, -EADDRINUSE, PIER_STEP_BIND);
	pier_listener_close(listener);
	listener = listening(again, &shared);
	other = listening(again, &shared);
	assert_int_equal(port_of(listener), port_of(other));
	cannot_listen(again, -EADDRINUSE, PIER_STEP_BIND);
	pier_listener_close(listener);
	pier_listener_close(other);
}

static void
test_what_cannot_be(void **state)
{
	(void)state;
	cannot_listen("tcp://192.0.2.1:0", -EADDRNOTAVAIL, PIER_STEP_BIND);
	cannot_listen("tcp://127.0.0.1", -EINVAL, PIER_STEP_PARSE);
	cannot_listen("udp://127.0.0.1:0", -EINVAL, PIER_STEP_PARSE);
	cannot_listen("pair://", -EINVAL, PIER_STEP_PARSE);
	cannot_listen(
		"tcp://nowhere.invalid:0", -PIER_ENONAME, PIER_STEP_RESOLVE);
}

/* Nothing is tried when the time is over, whether or not it would wait. */
static void
test_a_deadline_that_has_passed(void **state)
{
	const char *endpoints[] = { "tcp4://127.0.0.1:0",
		endpoint_of("unix", "x"), "tcp://localhost:0" };
	struct pier_listener *none = NULL;
	struct stat file;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(
			pier_listen(&none, endpoints[i], NULL, pier_in_ms(-1)),
			-PIER_EDEADLINE);
		assert_string_equal(pier_last_error()->endpoint, endpoints[i]);
	}
	assert_null(none);
	assert_int_equal(lstat(path_of("x"), &file), -1);
}

static void
test_accept_now_and_later(void **state)
{
	struct pier_listener *listener = listening("tcp4://127.0.0.1:0", NULL);
	struct pier_stream *stream = NULL;
	int fd;

	(void)state;
	assert_int_equal(pier_accept(&stream, listener, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_accept(&stream, listener, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_ACCEPT);
	assert_null(stream);
	assert_int_equal(connect_to("127.0.0.1", port_of(listener), &fd), 0);
	assert_int_equal(pier_accept(&stream, listener, PIER_NOW), 0);
	pier_close(stream);
	(void)close(fd);
	pier_set_default_timeout(5);
	assert_int_equal(
		pier_accept(&stream, listener, PIER_DEFAULT), -PIER_EDEADLINE);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	pier_listener_close(listener);
}

static void
test_a_socket_that_was_handed_down(void **state)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pier_listener *listener;
	struct pier_stream *stream = NULL;
	char endpoint[32];
	int client;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fd);
	cannot_listen(endpoint, -EINVAL, PIER_STEP_LISTEN);
	assert_int_equal(listen(fd, 5), 0);
	listener = listening(endpoint, NULL);
	/* It blocks, and is left so; yet the deadline holds. */
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(
		pier_accept(&stream, listener, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(pier_accept(&stream, listener, PIER_NOW), -EAGAIN);
	assert_int_equal(
		connect_to("127.0.0.1", port_of(listener), &client), 0);
	assert_int_equal(pier_accept(&stream, listener, pier_in_ms(5000)), 0);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	pier_close(stream);
	(void)close(client);
	pier_listener_close(listener);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	cannot_listen("fd://9999", -EBADF, PIER_STEP_LISTEN);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_both_families_on_a_free_port(state);
	test_accept_now_and_later(state);
	test_a_socket_that_was_handed_down(state);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };

	assert_int_equal(pier_run(in_a_fiber, state, &opts, NULL), 0);
}

static void
test_no_descriptor_is_left(void **state)
{
	int before = open_fds();

	test_an_address_in_use(state);
	test_what_cannot_be(state);
	assert_int_equal(open_fds(), before);
	pier_listener_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_families_on_a_free_port),
		cmocka_unit_test(test_one_family),
		cmocka_unit_test(test_an_address_and_a_name),
		cmocka_unit_test(test_what_is_set_on_sockets),
		cmocka_unit_test(test_the_backlog),
		cmocka_unit_test(test_a_port_is_used_again_at_once),
		cmocka_unit_test(test_an_address_in_use),
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_a_deadline_that_has_passed),
		cmocka_unit_test(test_accept_now_and_later),
		cmocka_unit_test(test_a_socket_that_was_handed_down),
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
