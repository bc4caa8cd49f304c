/* SPDX-License-Identifier: MIT */
/*
 * What pier_dial() promises, on the loopback: the race of several addresses,
 * local addresses, deadlines and cancel in the middle, what the report says,
 * and that no descriptor is left.
 */
#include <pier.h>

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
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

/* Connections that fill a listener's queue, so that it answers no more. */
#define FILLERS 4

/* A listener of the C library, and the port it has. */
struct server {
	int fd;
	unsigned int port;
	int fillers[FILLERS];
};

static struct pier_addr
addr_of(const char *text, unsigned int port)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	assert_int_equal(pier_addr_set_port(&addr, port), 0);
	return addr;
}

static void
serve_on(struct server *server, const char *host, unsigned int port, int queue)
{
	struct pier_addr addr = addr_of(host, port);
	int on = 1;
	size_t i;

	server->fd = socket(addr.u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(server->fd, &addr.u.sa, addr.len), 0);
	assert_int_equal(listen(server->fd, queue), 0);
	assert_int_equal(getsockname(server->fd, &addr.u.sa, &addr.len), 0);
	server->port = (unsigned int)pier_addr_port(&addr);
	for (i = 0; i < FILLERS; i++)
		server->fillers[i] = -1;
}

/* From now on it answers nobody: the kernel drops what comes. */
static void
fall_silent(struct server *server)
{
	struct pier_addr addr = { .len = sizeof(addr.u) };
	size_t i;

	assert_int_equal(getsockname(server->fd, &addr.u.sa, &addr.len), 0);
	for (i = 0; i < FILLERS; i++) {
		server->fillers[i] = socket(addr.u.sa.sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(server->fillers[i], &addr.u.sa, addr.len);
	}
}

static void
unserve(struct server *server)
{
	size_t i;

	for (i = 0; i < FILLERS; i++)
		if (server->fillers[i] >= 0)
			(void)close(server->fillers[i]);
	(void)close(server->fd);
}

/* A port that nobody listens on, on any address of the loopback. */
static unsigned int
closed_port(void)
{
	struct server server;

	serve_on(&server, "127.0.0.1", 0, 1);
	unserve(&server);
	return server.port;
}

/* Names in place of a name server: a list of hosts, ended by NULL. */
static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	const char *const *hosts = arg;
	struct pier_addr addrs[32];
	size_t count = 0;

	(void)service;
	(void)opts;
	(void)deadline;
	assert_string_equal(host, "many.example");
	for (; hosts[count] != NULL; count++)
		assert_int_equal(
			pier_addr_parse(&addrs[count], hosts[count]), 0);
	if (count == 0)
		return -PIER_EAGAINNAME;
	return pier_names_make(out, addrs, count, NULL);
}

struct call {
	const char *host; /* NULL: many.example, which is one of: */
	const char *hosts[20];
	const char *bind;
	unsigned int port;
	int64_t within_ms; /* 0: for ever */
	struct pier_dial_report report;
	char endpoint[128];
};

static int
dial(struct call *call, struct pier_stream **out)
{
	struct pier_dial_opts opts = {
		.bind = call->bind,
		.attempt_delay_ms = 10,
		.lookup = call->host == NULL ? lookup : NULL,
		.lookup_arg = call->hosts,
		.report = &call->report,
	};

	(void)snprintf(call->endpoint, sizeof(call->endpoint), "tcp://%s:%u",
		call->host != NULL ? call->host : "many.example", call->port);
	return pier_dial(out, call->endpoint, &opts,
		call->within_ms == 0 ? PIER_FOREVER
				     : pier_in_ms(call->within_ms));
}

static void
dial_fails(struct call *call, int rc, enum pier_step step)
{
	struct pier_stream *stream = NULL;
	int before = open_fds();

	assert_int_equal(dial(call, &stream), rc);
	assert_null(stream);
	assert_int_equal(open_fds(), before);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_int_equal(
		pier_last_error()->attempt_count, call->report.attempt_count);
}

static void
peer_is(const struct pier_stream *stream, const char *host, unsigned int port)
{
	struct pier_addr expected = addr_of(host, port);
	struct pier_addr peer;

	assert_int_equal(pier_peer(stream, &peer), 0);
	assert_true(pier_addr_equal(&peer, &expected));
}

static void
dial_reaches(struct call *call, const char *host)
{
	struct pier_stream *stream;
	int before = open_fds();
	const struct pier_dial_report *report = &call->report;

	if (dial(call, &stream) < 0)
		fail_msg("%s", pier_error_line());
	peer_is(stream, host, call->port);
	/* Those that lost the race are gone already. */
	assert_int_equal(open_fds(), before + 1);
	assert_true(fcntl(pier_fd(stream), F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(pier_fd(stream), F_GETFL) & O_NONBLOCK);
	pier_close(stream);
	assert_true(report->attempt_count >= 1);
	assert_true(report->total_ns >= report->resolve_ns);
	assert_int_equal(open_fds(), before);
}

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
test_a_deadline(void **state)
{
	struct call call = { .hosts = { "127.0.0.1", "127.0.0.1" },
		.within_ms = 30 };
	struct server silent;

	(void)state;
	serve_on(&silent, "127.0.0.1", 0, 0);
	fall_silent(&silent);
	call.port = silent.port;
	dial_fails(&call, -PIER_EDEADLINE, PIER_STEP_CONNECT);
	/* The same address twice is tried once. */
	assert_int_equal(call.report.address_count, 2);
	assert_int_equal(call.report.attempt_count, 1);
	assert_int_equal(call.report.attempts[0].rc, -PIER_EDEADLINE);
	assert_true(call.report.total_ns >= 30000000);
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
cancel_in_the_middle(void *arg)
{
	struct pier_group *group;
	int before = open_fds();

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, dial_for_ever, arg), 0);
	/* Three attempts are under way by then. */
	assert_int_equal(pier_sleep(pier_in_ms(60)), 0);
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

static void
test_a_local_address(void **state)
{
	struct call call = { .host = "127.0.0.1", .bind = "127.0.0.2" };
	char local[32];
	struct pier_stream *stream;
	struct pier_addr addr, expected;
	struct server server;
	unsigned int port = closed_port();

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
	struct call call = { .host = "127.0.0.1", .port = closed_port() };
	char local[32];

	(void)state;
	(void)snprintf(local, sizeof(local), "127.0.0.1:%u", call.port);
	call.bind = local;
	dial_fails(&call, -ECONNREFUSED, PIER_STEP_CONNECT);
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

static void
dial_is_wrong(const char *endpoint, int rc, enum pier_step step)
{
	struct pier_stream *stream = NULL;
	int before = open_fds();

	assert_int_equal(pier_dial(&stream, endpoint, NULL, PIER_FOREVER), rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_null(stream);
	assert_int_equal(open_fds(), before);
}

static void
test_what_cannot_be_dialled(void **state)
{
	(void)state;
	dial_is_wrong("udp://127.0.0.1:7", -EINVAL, PIER_STEP_PARSE);
	dial_is_wrong("pair://", -EINVAL, PIER_STEP_PARSE);
	dial_is_wrong("tcp://127.1:7", -EINVAL, PIER_STEP_PARSE);
	dial_is_wrong("fd://9999", -EBADF, PIER_STEP_CREATE);
	dial_is_wrong("unix:///nowhere/at/all", -ENOENT, PIER_STEP_CONNECT);
}

static int
unix_server(const char *path, int queue)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(name.sun_path));
	(void)memcpy(name.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, queue), 0);
	return fd;
}

/* The queue of a Unix socket is full: a dial waits for room in it. */
static void
test_a_unix_socket(void **state)
{
	char dir[] = "/tmp/pier-dial-XXXXXX";
	char path[64], endpoint[80];
	struct pier_stream *first, *second, *third = NULL;
	int fd, accepted;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s", path);
	fd = unix_server(path, 1);
	assert_int_equal(pier_dial(&first, endpoint, NULL, PIER_FOREVER), 0);
	assert_int_equal(pier_dial(&second, endpoint, NULL, PIER_FOREVER), 0);
	assert_int_equal(pier_dial(&third, endpoint, NULL, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_dial(&third, endpoint, NULL, pier_in_ms(10)),
		-PIER_EDEADLINE);
	assert_null(third);
	accepted = accept(fd, NULL, NULL);
	assert_int_equal(pier_dial(&third, endpoint, NULL, PIER_FOREVER), 0);
	pier_close(first);
	pier_close(second);
	pier_close(third);
	(void)close(accepted);
	(void)close(fd);
	dial_is_wrong(endpoint, -ECONNREFUSED, PIER_STEP_CONNECT);
	assert_int_equal(unlink(path), 0);
	dial_is_wrong(endpoint, -ENOENT, PIER_STEP_CONNECT);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_a_descriptor_that_is_open(void **state)
{
	struct pier_stream *stream;
	char endpoint[32];
	char byte = 0;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	assert_int_equal(pier_dial(&stream, endpoint, NULL, PIER_FOREVER), 0);
	assert_int_equal(pier_write(stream, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(read(fds[1], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	pier_close(stream);
	assert_int_equal(read(fds[1], &byte, 1), 0);
	(void)close(fds[1]);
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
	test_a_unix_socket(state);
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
		cmocka_unit_test(test_a_deadline),
		cmocka_unit_test(test_no_time_at_all),
		cmocka_unit_test(test_cancelled_in_the_middle),
		cmocka_unit_test(test_a_local_address),
		cmocka_unit_test(test_the_family_of_the_local_address),
		cmocka_unit_test(test_a_local_address_that_cannot_be),
		cmocka_unit_test(test_not_to_itself),
		cmocka_unit_test(test_names_that_do_not_help),
		cmocka_unit_test(test_more_addresses_than_are_tried),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_what_cannot_be_dialled),
		cmocka_unit_test(test_a_unix_socket),
		cmocka_unit_test(test_a_descriptor_that_is_open),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
