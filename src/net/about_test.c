/* SPDX-License-Identifier: MIT */
/* net/about_test.c - what a stream says of itself: addresses, its one line,
   timeouts, and what it answers where there is nothing to say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static struct pier_stream *client, *server;

static void
open_tcp(void)
{
	struct pier_listener *listener;
	char where[PIER_ENDPOINT_TEXT_MAX];

	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&client, where, NULL, HANGS), 0);
	assert_int_equal(pier_accept(&server, listener, HANGS), 0);
	pier_listener_close(listener);
}

static void
test_two_ends_know_each_other(void **state)
{
	struct pier_addr here, there;

	(void)state;
	open_tcp();
	assert_int_equal(pier_local(client, &here), 0);
	assert_int_equal(pier_peer(server, &there), 0);
	assert_true(pier_addr_equal(&here, &there));
	assert_int_equal(pier_peer(client, &here), 0);
	assert_int_equal(pier_local(server, &there), 0);
	assert_true(pier_addr_equal(&here, &there));
	pier_close(client);
	pier_close(server);
}

static void
test_its_line(void **state)
{
	char here[PIER_ADDR_TEXT_MAX], there[PIER_ADDR_TEXT_MAX];
	char expected[2 * PIER_ADDR_TEXT_MAX + 16], line[sizeof(expected)];
	struct pier_addr addr;
	int len;

	(void)state;
	open_tcp();
	assert_int_equal(pier_local(client, &addr), 0);
	assert_true(pier_addr_format(&addr, here, sizeof(here)) > 0);
	assert_int_equal(pier_peer(client, &addr), 0);
	assert_true(pier_addr_format(&addr, there, sizeof(there)) > 0);
	len = snprintf(expected, sizeof(expected), "tcp %s -> %s", here, there);
	assert_int_equal(pier_describe(client, line, sizeof(line)), len);
	assert_string_equal(line, expected);
	assert_int_equal(pier_describe(client, line, (size_t)len + 1), len);
	assert_int_equal(pier_describe(client, line, (size_t)len), -ENOSPC);
	pier_close(client);
	pier_close(server);
	assert_int_equal(pier_pair(&client, &server), 0);
	assert_true(pier_describe(client, line, sizeof(line)) > 0);
	assert_string_equal(line, "pair (unnamed) -> (unnamed)");
	pier_close(client);
	pier_close(server);
}

/* No failure: who asks had something else in mind, whose record stays. */
static void
test_no_address(void **state)
{
	struct pier_stream *stream;
	char line[32], expected[32];
	struct pier_addr addr = { .len = 0 };
	int fds[2];
	int fd;

	(void)state;
	assert_int_equal(pier_adopt(&stream, -1), -EBADF);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_adopt(&stream, fds[0]), 0);
	assert_int_equal(pier_local(stream, &addr), -EOPNOTSUPP);
	assert_int_equal(pier_peer(stream, &addr), -EOPNOTSUPP);
	assert_int_equal(pier_fd(stream), fds[0]);
	(void)snprintf(expected, sizeof(expected), "fd %d", fds[0]);
	assert_int_equal(
		pier_describe(stream, line, sizeof(line)), strlen(expected));
	assert_string_equal(line, expected);
	pier_close(stream);
	(void)close(fds[1]);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(pier_adopt(&stream, fd), 0);
	assert_int_equal(pier_peer(stream, &addr), -ENOTCONN);
	assert_int_equal(addr.len, 0);
	assert_int_equal(pier_local(stream, &addr), 0);
	assert_int_equal(pier_addr_family(&addr), AF_INET);
	pier_close(stream);
	assert_int_equal(pier_last_error()->code, -EBADF);
}

static void
test_its_timeout(void **state)
{
	(void)state;
	assert_int_equal(pier_pair(&client, &server), 0);
	pier_set_default_timeout(7000);
	assert_int_equal(pier_timeout(client), 7000);
	assert_int_equal(pier_set_timeout(client, 100000), 0);
	assert_int_equal(pier_timeout(client), 100000);
	assert_int_equal(pier_timeout(server), 7000);
	assert_int_equal(pier_set_timeout(client, PIER_NO_TIMEOUT), 0);
	assert_int_equal(pier_timeout(client), PIER_NO_TIMEOUT);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	pier_close(client);
	pier_close(server);
}

/* A call that is refused at once has not waited, whatever one before it did. */
static void
test_its_time(void **state)
{
	char c;
	int fd;

	(void)state;
	assert_int_equal(pier_pair(&client, &server), 0);
	assert_int_equal(
		pier_read(client, &c, 1, pier_in_ms(2)), -PIER_EDEADLINE);
	assert_true(pier_last_error()->elapsed_ns > 0);
	assert_int_equal(pier_take(client, 1), -EINVAL);
	assert_int_equal(pier_last_error()->elapsed_ns, 0);
	assert_int_equal(
		pier_read(client, &c, 1, pier_in_ms(2)), -PIER_EDEADLINE);
	assert_int_equal(pier_printf(client, "x"), 1);
	assert_int_equal(pier_release(client, &fd), -EBUSY);
	assert_int_equal(pier_last_error()->elapsed_ns, 0);
	assert_int_equal(
		pier_read(client, &c, 1, pier_in_ms(2)), -PIER_EDEADLINE);
	pier_abort(client);
	assert_int_equal(pier_read(client, &c, 1, HANGS), -ECONNABORTED);
	assert_int_equal(pier_last_error()->elapsed_ns, 0);
	pier_close(client);
	pier_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_ends_know_each_other),
		cmocka_unit_test(test_its_line),
		cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_its_timeout),
		cmocka_unit_test(test_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
