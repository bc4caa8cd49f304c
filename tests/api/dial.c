/* SPDX-License-Identifier: MIT */
/*
 * What pier_dial() promises over TCP, on the loopback: the race of several
 * addresses, deadlines and cancel in the middle, what the report says, and that
 * no descriptor is left.
 */
#include "dialling.h"

#include <errno.h>
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
test_one_address(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "[::1]" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct call call = { .host = hosts[i] };
		struct server server;

		serve_on(&server, hosts[i], 0, 5);
		call.port = server.port;
		dial_reaches(&call, hosts[i]);
		assert_int_equal(call.report.address_count, 1);
		assert_int_equal(call.report.attempt_count, 1);
		assert_int_equal(call.report.attempts[0].rc, 0);
		assert_true(call.report.attempts[0].elapsed_ns > 0);
		unserve(&server);
	}
}

/* What a listener of both families calls itself leads to it, wherever it
   really is. */
static void
test_every_address(void **state)
{
	struct call call = { .host = "[::]" };
	struct server server;
	struct pier_stream *stream;

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	call.port = server.port;
	assert_int_equal(dial(&call, &stream), 0);
	peer_is(stream, "127.0.0.1", server.port);
	pier_close(stream);
	unserve(&server);
}

static void
test_a_name_of_this_machine(void **state)
{
	struct call call = { .host = "localhost" };
	struct pier_stream *stream;
	struct server server;

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	call.port = server.port;
	/* A thread's first wait for a name makes the descriptor by which it is
	   woken, and keeps it. */
	assert_int_equal(dial(&call, &stream), 0);
	pier_close(stream);
	dial_reaches(&call, "127.0.0.1");
	unserve(&server);
}

static void
test_refused(void **state)
{
	struct call call = { .host = "127.0.0.1", .port = closed_port() };

	(void)state;
	dial_fails(&call, -ECONNREFUSED, PIER_STEP_CONNECT);
	assert_string_equal(pier_last_error()->endpoint, call.endpoint);
	assert_true(pier_last_error()->elapsed_ns > 0);
	assert_int_equal(call.report.attempts[0].rc, -ECONNREFUSED);
	assert_non_null(strstr(pier_error_line(), "(ECONNREFUSED)"));
}

/* The first refuses: the second is tried at once, not after the delay. */
static void
test_one_family_refuses(void **state)
{
	struct call call = { .hosts = { "::1", "127.0.0.1" } };
	struct server server;

	(void)state;
	serve_on(&server, "127.0.0.1", 0, 5);
	call.port = server.port;
	dial_reaches(&call, "127.0.0.1");
	assert_int_equal(call.report.address_count, 2);
	assert_int_equal(call.report.attempt_count, 2);
	assert_int_equal(call.report.attempts[0].rc, -ECONNREFUSED);
	assert_int_equal(call.report.attempts[1].rc, 0);
	unserve(&server);
}

static void
test_every_address_refuses(void **state)
{
	struct call call = { .hosts = { "127.0.0.1", "::1", "127.0.0.2" },
		.port = closed_port() };
	size_t i;

	(void)state;
	dial_fails(&call, -ECONNREFUSED, PIER_STEP_CONNECT);
	assert_int_equal(call.report.attempt_count, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(
			pier_last_error()->attempts[i].rc, -ECONNREFUSED);
	assert_non_null(strstr(pier_error_line(), "3 addresses tried"));
}

/* The error is the first address's, whatever came later. */
static void
test_the_first_error_counts(void **state)
{
	struct call call = { .hosts = { "255.255.255.255", "127.0.0.1" },
		.port = closed_port() };

	(void)state;
	dial_fails(&call, -ENETUNREACH, PIER_STEP_CONNECT);
	assert_int_equal(call.report.attempts[1].rc, -ECONNREFUSED);
}

/* The first answers nothing: the second is tried beside it and wins. */
static void
test_a_silent_address(void **state)
{
	struct call call = { .hosts = { "127.0.0.1", "127.0.0.2" } };
	struct server silent, server;

	(void)state;
	serve_on(&silent, "127.0.0.1", 0, 0);
	serve_on(&server, "127.0.0.2", silent.port, 5);
	fall_silent(&silent);
	call.port = silent.port;
	dial_reaches(&call, "127.0.0.2");
	assert_int_equal(call.report.attempts[0].rc, -ECANCELED);
	assert_int_equal(call.report.attempts[1].rc, 0);
	assert_true(call.report.attempts[1].start_ns -
			    call.report.attempts[0].start_ns >=
		    10000000);
	unserve(&server);
	unserve(&silent);
}

static void
test_more_addresses_than_are_tried(void **state)
{
	struct call call = { .port = closed_port() };
	char hosts[19][16];
	size_t i;

	(void)state;
	for (i = 0; i < 19; i++) {
		(void)snprintf(
			hosts[i], sizeof(hosts[i]), "127.0.1.%d", (int)i + 1);
		call.hosts[i] = hosts[i];
	}
	dial_fails(&call, -ECONNREFUSED, PIER_STEP_CONNECT);
	assert_int_equal(call.report.address_count, 19);
	assert_int_equal(call.report.attempt_count, PIER_ATTEMPTS_MAX);
}

static void
test_names_that_do_not_help(void **state)
{
	struct pier_dial_opts opts = { .lookup = lookup };
	const char *ip4_only[] = { "127.0.0.1", NULL };
	const char *nothing[] = { NULL };
	struct pier_stream *stream = NULL;

	(void)state;
	opts.lookup_arg = nothing;
	assert_int_equal(pier_dial(&stream, "tcp://many.example:80", &opts,
				 PIER_FOREVER),
		-PIER_EAGAINNAME);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RESOLVE);
	opts.lookup_arg = ip4_only;
	assert_int_equal(pier_dial(&stream, "tcp6://many.example:80", &opts,
				 PIER_FOREVER),
		-PIER_ENONAME);
	assert_string_equal(
		pier_last_error()->endpoint, "tcp6://many.example:80");
	assert_int_equal(pier_dial(&stream, "tcp://nowhere.invalid:80", NULL,
				 PIER_FOREVER),
		-PIER_ENONAME);
	assert_string_equal(
		pier_last_error()->endpoint, "tcp://nowhere.invalid:80");
	assert_null(stream);
}

static void
test_a_deadline(void **state)
{
	struct call call = { .hosts = { "127.0.0.1", "127.0.0.1" },
		.within_ms = 30 };
	struct pier_stream *stream = NULL;
	struct server silent;
	int before, rc;

	(void)state;
	serve_on(&silent, "127.0.0.1", 0, 0);
	fall_silent(&silent);
	call.port = silent.port;
	before = open_fds();
	/* On a busy machine a short time may be over before the first try. */
	while ((rc = dial(&call, &stream)) == -PIER_EDEADLINE &&
		call.report.attempt_count == 0)
		call.within_ms *= 2;
	assert_int_equal(rc, -PIER_EDEADLINE);
	assert_null(stream);
	assert_int_equal(pier_last_error()->step, PIER_STEP_CONNECT);
	assert_int_equal(open_fds(), before);
	/* The same address twice is tried once. */
	assert_int_equal(call.report.address_count, 2);
	assert_int_equal(call.report.attempt_count, 1);
	assert_int_equal(call.report.attempts[0].rc, -PIER_EDEADLINE);
	assert_true(pier_now() >= call.until.ns);
	assert_true(call.report.total_ns > 0);
	unserve(&silent);
}

static void
test_no_time_at_all(void **state)
{
	struct pier_stream *stream = NULL;
	struct server silent;
	char endpoint[64];
	int before;

	(void)state;
	serve_on(&silent, "127.0.0.1", 0, 0);
	fall_silent(&silent);
	(void)snprintf(
		endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", silent.port);
	before = open_fds();
	assert_int_equal(pier_dial(&stream, endpoint, NULL, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_dial(&stream, endpoint, NULL, pier_in_ms(-1)),
		-PIER_EDEADLINE);
	assert_null(stream);
	assert_int_equal(open_fds(), before);
	unserve(&silent);
}

static struct call cancelled_call;
static int cancelled_rc;

static int
dial_for_ever(void *arg)
{
	struct pier_stream *stream = NULL;

	(void)arg;
	cancelled_rc = dial(&cancelled_call, &stream);
	assert_null(stream);
	return 0;
}

static int
open_sockets(void)
{
	DIR *list = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(list);
	while ((entry = readdir(list)) != NULL) {
		char what[8];

		count += readlinkat(dirfd(list), entry->d_name, what,
				 sizeof(what)) == (ssize_t)sizeof(what) &&
			 memcmp(what, "socket:[", sizeof(what)) == 0;
	}
	(void)closedir(list);
	return count;
}

static int
cancel_in_the_middle(void *arg)
{
	struct pier_group *group;
	int before = open_fds();
	int sockets = open_sockets();

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, dial_for_ever, arg), 0);
	/* Until three attempts are under way. */
	while (open_sockets() < sockets + 3)
		assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	assert_int_equal(cancelled_rc, -ECANCELED);
	assert_int_equal(cancelled_call.report.attempt_count, 3);
	assert_int_equal(cancelled_call.report.attempts[2].rc, -ECANCELED);
	assert_int_equal(open_fds(), before);
	return 0;
}

static void
test_cancelled_in_the_middle(void **state)
{
	static const struct pier_run_opts kinds[] = {
		{ .kind = PIER_TASK_FIBER, .stack_size = 262144 },
		{ .kind = PIER_TASK_THREAD },
	};
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2",
		"127.0.0.3" };
	struct server silent[3];
	size_t i;

	for (i = 0; i < 3; i++)
		serve_on(&silent[i], hosts[i], i == 0 ? 0 : silent[0].port, 0);
	for (i = 0; i < 3; i++)
		fall_silent(&silent[i]);
	for (i = 0; i < 2; i++) {
		cancelled_call = (struct call){ .hosts = { hosts[0], hosts[1],
							hosts[2] },
			.port = silent[0].port };
		assert_int_equal(
			pier_run(cancel_in_the_middle, state, &kinds[i], NULL),
			0);
	}
	for (i = 0; i < 3; i++)
		unserve(&silent[i]);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_one_address(state);
	test_a_name_of_this_machine(state);
	test_refused(state);
	test_one_family_refuses(state);
	test_every_address_refuses(state);
	test_a_silent_address(state);
	test_a_deadline(state);
	test_no_time_at_all(state);
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
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_every_address),
		cmocka_unit_test(test_a_name_of_this_machine),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_one_family_refuses),
		cmocka_unit_test(test_every_address_refuses),
		cmocka_unit_test(test_the_first_error_counts),
		cmocka_unit_test(test_a_silent_address),
		cmocka_unit_test(test_more_addresses_than_are_tried),
		cmocka_unit_test(test_names_that_do_not_help),
		cmocka_unit_test(test_a_deadline),
		cmocka_unit_test(test_no_time_at_all),
		cmocka_unit_test(test_cancelled_in_the_middle),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
