/* SPDX-License-Identifier: MIT */
/*
 * What pier_dial() does with its options: the local address that is dialled
 * from, its family, and what cannot be had; options of the socket.
 */
#include "dialling.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

static void
test_a_local_address(void **state)
{
	struct call call = { .host = "127.0.0.1", .bind = "127.0.0.2" };
	char local[32];
	struct pier_stream *stream;
	struct pier_addr addr, expected;
	struct server server;
	unsigned int port = free_port();

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	call.port = server.port;
	assert_int_equal(dial(&call, &stream), 0);
	assert_int_equal(pier_local(stream, &addr), 0);
	assert_int_equal(pier_addr_set_port(&addr, 0), 0);
	expected = addr_of("127.0.0.2", 0);
	assert_true(pier_addr_equal(&addr, &expected));
	pier_close(stream);
	(void)snprintf(local, sizeof(local), ":%u", port);
	call.bind = local;
	assert_int_equal(dial(&call, &stream), 0);
	assert_int_equal(pier_local(stream, &addr), 0);
	assert_int_equal(pier_addr_port(&addr), port);
	pier_close(stream);
	/* Once more from the same port, which is in TIME-WAIT now. */
	(void)snprintf(local, sizeof(local), "127.0.0.3:%u", port);
	assert_int_equal(dial(&call, &stream), 0);
	assert_int_equal(pier_local(stream, &addr), 0);
	assert_int_equal(pier_addr_port(&addr), port);
	pier_close(stream);
	unserve(&server);
}

static void
test_the_family_of_the_local_address(void **state)
{
	struct call call = { .hosts = { "::1", "127.0.0.1" },
		.bind = "127.0.0.2" };
	struct server server;

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	call.port = server.port;
	dial_reaches(&call, "127.0.0.1");
	assert_int_equal(call.report.address_count, 2);
	assert_int_equal(call.report.attempt_count, 1);
	call.hosts[1] = NULL;
	dial_fails(&call, -EADDRNOTAVAIL, PIER_STEP_BIND);
	unserve(&server);
}

static void
test_a_local_address_that_cannot_be(void **state)
{
	struct call call = { .host = "127.0.0.1", .port = closed_port() };

	(void)state;
	call.bind = "192.0.2.1";
	dial_fails(&call, -EADDRNOTAVAIL, PIER_STEP_BIND);
	call.bind = "localhost:1";
	dial_fails(&call, -EINVAL, PIER_STEP_PARSE);
	assert_string_equal(pier_last_error()->endpoint, "localhost:1");
	call.bind = ":seven";
	dial_fails(&call, -EINVAL, PIER_STEP_PARSE);
	assert_int_equal(pier_last_error()->offset, 1);
	call.bind = ":65536";
	dial_fails(&call, -EINVAL, PIER_STEP_PARSE);
	call.bind = "/run/x";
	dial_fails(&call, -EINVAL, PIER_STEP_PARSE);
}

/* From the port that it dials, a socket of TCP connects to itself. */
static void
test_not_to_itself(void **state)
{
	struct call call = { .host = "127.0.0.1", .port = free_port() };
	char local[32];

	(void)state;
	(void)snprintf(local, sizeof(local), "127.0.0.1:%u", call.port);
	call.bind = local;
	dial_fails(&call, -ECONNREFUSED, PIER_STEP_CONNECT);
}

static void
test_options(void **state)
{
	static const struct pier_dial_opts late = { .nodelay = PIER_OFF };
	static const struct pier_dial_opts wrong = { .attempt_delay_ms = -5 };
	const struct pier_dial_opts *opts[] = { NULL, &late };
	struct pier_stream *stream;
	struct server server;
	char endpoint[64];
	size_t i;

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	(void)snprintf(
		endpoint, sizeof(endpoint), "tcp4://127.0.0.1:%u", server.port);
	for (i = 0; i < 2; i++) {
		int value = -1;
		socklen_t len = sizeof(value);

		assert_int_equal(
			pier_dial(&stream, endpoint, opts[i], PIER_FOREVER), 0);
		assert_int_equal(getsockopt(pier_fd(stream), IPPROTO_TCP, 1,
					 &value, &len),
			0);
		assert_int_equal(value != 0, opts[i] == NULL);
		pier_close(stream);
	}
	assert_int_equal(
		pier_dial(&stream, endpoint, &wrong, PIER_FOREVER), -EINVAL);
	unserve(&server);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_a_local_address(state);
	test_not_to_itself(state);
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
		cmocka_unit_test(test_a_local_address),
		cmocka_unit_test(test_the_family_of_the_local_address),
		cmocka_unit_test(test_a_local_address_that_cannot_be),
		cmocka_unit_test(test_not_to_itself),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
