/* SPDX-License-Identifier: MIT */
/*
 * serve_fork_hooks.c - PIER_FORK leaves stacks of its own out of its forks; a
 * hook that forks finds its stack in its child all the same, whichever fiber
 * calls it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define STATUS 7

/* Of the server's process. */
struct seen {
	_Atomic int calls;
	_Atomic int well; /* the child ended as it was to */
};

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct seen *seen = ctx;
	int status = 0;
	pid_t pid = fork();

	(void)conn;
	(void)rc;
	if (pid == 0)
		_exit(STATUS);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		WEXITSTATUS(status) == STATUS)
		seen->well++;
	seen->calls++;
}

static int
die(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	(void)raise(SIGKILL);
	return 0;
}

static void
test_who_died_is_told(void **state)
{
	struct seen seen = { 0 };
	const struct pier_server_opts opts = { .endpoint = "tcp4://127.0.0.1:0",
		.handler = die,
		.model = PIER_FORK,
		.on_error = on_error,
		.ctx = &seen };
	struct serving it;
	char byte;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_true(read(fd, &byte, 1) <= 0);
	(void)close(fd);
	serving_await(&it, offsetof(struct pier_server_stats, lost), 1);
	serving_await_active(&it, 0);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.well, 1);
}

/* Nobody hears that it is ready, nor, from the fiber that ends it, that it
   stops. */
static void
test_the_end_is_told(void **state)
{
	struct seen seen = { 0 };
	const struct pier_server_opts opts = { .endpoint = "tcp4://127.0.0.1:0",
		.handler = pier_handler_echo,
		.model = PIER_FORK,
		.notify = true,
		.on_error = on_error,
		.ctx = &seen };
	struct serving it;
	int fd;

	(void)state;
	assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/notify", 1), 0);
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "x");
	plain_hang_up(fd);
	serving_await_active(&it, 0);
	assert_int_equal(serving_stop(&it), 0);
	(void)unsetenv("NOTIFY_SOCKET");
	assert_int_equal(seen.calls, 2);
	assert_int_equal(seen.well, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_died_is_told),
		cmocka_unit_test(test_the_end_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
