/* SPDX-License-Identifier: MIT */
/*
 * os/sigpipe_test.c - whoever reads goes after a part of what is written: the
 * kernel tells the part, and raises SIGPIPE all the same. It never comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>
#include <pier.h>

#include "os/calls.h"

/* Far more than a pipe takes: the writer waits for the reader, who goes. */
#define SIZE 4194304

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	(void)number;
	signals++;
}

static int
begin(void **state)
{
	static struct sigaction action = { .sa_handler = count_signal };

	(void)state;
	signals = 0;
	return sigaction(SIGPIPE, &action, NULL);
}

/* One byte has come: a part is on its way, and all of it never fits. */
static void *
read_one_and_go(void *arg)
{
	int *fd = arg;
	char byte;

	if (read(*fd, &byte, 1) != 1)
		abort();
	(void)close(*fd);
	return NULL;
}

/* Now or later. */
static void
expect_no_signal(void)
{
	sigset_t pending;

	assert_int_equal(sigpending(&pending), 0);
	assert_int_equal(sigismember(&pending, SIGPIPE), 0);
	assert_int_equal(signals, 0);
}

static void
test_write_to_a_pipe(void **state)
{
	static char much[SIZE];
	const struct iovec iov[] = { { much, 1 }, { much + 1, SIZE - 1 } };
	pthread_t reader;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(
		pthread_create(&reader, NULL, read_one_and_go, &fds[0]), 0);
	assert_in_range(pier__calls_real.writev(fds[1], iov, 2), 1, SIZE - 1);
	assert_int_equal(pthread_join(reader, NULL), 0);
	expect_no_signal();
	(void)close(fds[1]);
}

/*
 * A socket hits the same between two pages only, once in thousands of tries: so
 * these two, which the library's calls reach in place of the C library's, tell
 * what the kernel does then.
 */
static ssize_t
part_of(size_t size)
{
	assert_int_equal(raise(SIGPIPE), 0);
	return (ssize_t)(size / 2);
}

ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
	unsigned int flags)
{
	(void)from, (void)from_at, (void)to, (void)to_at, (void)flags;
	return part_of(size);
}

ssize_t
sendfile(int to, int from, off_t *at, size_t size)
{
	(void)to, (void)from, (void)at;
	return part_of(size);
}

static void
test_splice_and_sendfile(void **state)
{
	(void)state;
	assert_int_equal(pier__calls_real.splice(-1, -1, SIZE), SIZE / 2);
	expect_no_signal();
	assert_int_equal(pier__calls_real.sendfile(-1, -1, 0, SIZE), SIZE / 2);
	expect_no_signal();
}

/* What the program itself has pending stays. */
static void
test_one_that_was_there_stays(void **state)
{
	sigset_t pipe_only, mask;

	(void)state;
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe_only, &mask), 0);
	assert_int_equal(raise(SIGPIPE), 0);
	assert_int_equal(pier__calls_real.splice(-1, -1, SIZE), SIZE / 2);
	assert_int_equal(signals, 0);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
	assert_int_equal(signals, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_write_to_a_pipe, begin),
		cmocka_unit_test_setup(test_splice_and_sendfile, begin),
		cmocka_unit_test_setup(test_one_that_was_there_stays, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
