/* SPDX-License-Identifier: MIT */
/*
 * Dials of other kinds than TCP: Unix sockets, descriptors that are open, and
 * endpoints that cannot be dialled.
 */
#include "dialling.h"

#include <errno.h>
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
	static struct pier_dial_report report;
	static const struct pier_dial_opts opts = { .report = &report };
	char dir[] = "/tmp/pier-dial-XXXXXX";
	char path[64], endpoint[80];
	struct pier_stream *first, *second, *third = NULL;
	int fd, accepted;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x", dir);
	(void)snprintf(endpoint, sizeof(endpoint), "unix://%s", path);
	fd = unix_server(path, 1);
	report.attempt_count = 7;
	assert_int_equal(pier_dial(&first, endpoint, &opts, PIER_FOREVER), 0);
	assert_int_equal(report.attempt_count, 1);
	assert_int_equal(report.attempts[0].rc, 0);
	assert_int_equal(pier_addr_family(&report.attempts[0].addr), AF_UNIX);
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
	assert_int_equal(pier_last_error()->attempt_count, 1);
	assert_int_equal(pier_last_error()->attempts[0].rc, -ECONNREFUSED);
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

	test_a_unix_socket(state);
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
		cmocka_unit_test(test_what_cannot_be_dialled),
		cmocka_unit_test(test_a_unix_socket),
		cmocka_unit_test(test_a_descriptor_that_is_open),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
