/* SPDX-License-Identifier: MIT */
/*
 * What the first signal does and that the second ends at once, each in a
 * process of its own, because signal dispositions are the process's.
 */
#include "signals.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* How a child that runs fn ended: its exit code, or 256 + a signal. */
static int
in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		/* As nohup and background jobs do not leave them. */
		signal(SIGINT, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static bool
is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

static int
first_signal(void)
{
	int fd = cli_signals_start();

	if (fd < 0 || is_readable(fd) || cli_signals_caught() != 0)
		return 1;
	raise(SIGTERM);
	if (!is_readable(fd) || cli_signals_caught() != SIGTERM)
		return 2;
	return 0;
}

static int
second_signal(void)
{
	if (cli_signals_start() < 0)
		return 1;
	raise(SIGTERM);
	raise(SIGINT);
	return 2;
}

/* The kernel and the shell both tell that the terminal has gone. */
static int
hang_up_twice(void)
{
	int fd = cli_signals_start();

	if (fd < 0)
		return 1;
	raise(SIGHUP);
	raise(SIGHUP);
	return is_readable(fd) && cli_signals_caught() == SIGHUP ? 0 : 2;
}

static int
hang_up_then_terminate(void)
{
	if (cli_signals_start() < 0)
		return 1;
	raise(SIGHUP);
	raise(SIGTERM);
	return 2;
}

static void
count(void *arg)
{
	++*(volatile int *)arg;
}

static int
called_in_handler(void)
{
	volatile int calls = 0;

	if (cli_signals_start() < 0)
		return 1;
	cli_signals_call(count, (void *)&calls);
	raise(SIGINT);
	return calls == 1 ? 0 : 2;
}

static int
called_when_late(void)
{
	volatile int calls = 0;

	if (cli_signals_start() < 0)
		return 1;
	raise(SIGINT);
	cli_signals_call(count, (void *)&calls);
	return calls == 1 ? 0 : 2;
}

static int
broken_pipe(void)
{
	int ends[2];

	if (cli_signals_start() < 0 || pipe(ends) < 0)
		return 1;
	close(ends[0]);
	return write(ends[1], "x", 1) < 0 ? 0 : 2;
}

/* A shell script's background job has SIGINT ignored, and keeps it so; what
   nohup starts, SIGHUP. */
static int
ignored_stays_ignored(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (cli_signals_start() < 0)
		return 1;
	raise(SIGINT);
	raise(SIGHUP);
	return cli_signals_caught() == 0 ? 0 : 2;
}

static void
test_first_signal_is_told(void **state)
{
	(void)state;
	assert_int_equal(in_child(first_signal), 0);
}

static void
test_second_signal_ends_at_once(void **state)
{
	(void)state;
	assert_int_equal(in_child(second_signal), 128 + SIGINT);
}

static void
test_hang_up(void **state)
{
	(void)state;
	assert_int_equal(in_child(hang_up_twice), 0);
	assert_int_equal(in_child(hang_up_then_terminate), 128 + SIGTERM);
}

static void
test_call_runs_once(void **state)
{
	(void)state;
	assert_int_equal(in_child(called_in_handler), 0);
	assert_int_equal(in_child(called_when_late), 0);
}

static void
test_broken_pipe_is_a_result(void **state)
{
	(void)state;
	assert_int_equal(in_child(broken_pipe), 0);
}

static void
test_ignored_interrupt(void **state)
{
	(void)state;
	assert_int_equal(in_child(ignored_stays_ignored), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_signal_is_told),
		cmocka_unit_test(test_second_signal_ends_at_once),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_call_runs_once),
		cmocka_unit_test(test_broken_pipe_is_a_result),
		cmocka_unit_test(test_ignored_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
