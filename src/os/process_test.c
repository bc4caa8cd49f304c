/* SPDX-License-Identifier: MIT */
/* os/process_test.c - children, known by descriptors, and how they ended. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/calls.h"
#include "os/process.h"

/* A child that ends at once with this status, or waits to be killed. */
static int
start(int status)
{
	int pidfd = -1;
	int pid = pier__calls()->fork(&pidfd);

	assert_true(pid >= 0);
	if (pid == 0) {
		while (status < 0)
			(void)pause();
		pier__process_exit(status);
	}
	assert_true(pidfd >= 0);
	return pidfd;
}

static void
await(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	assert_int_equal(pier__calls()->poll(&end, 1, -1), 1);
}

static void
test_an_exit_status(void **state)
{
	int status = 0;
	int pidfd = start(7);

	(void)state;
	await(pidfd);
	assert_int_equal(pier__calls()->reap(pidfd, &status), 1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(pier__calls()->reap(pidfd, &status), -ECHILD);
	pier__close(pidfd);
}

static void
test_a_signal(void **state)
{
	int status = 0;
	int pidfd = start(-1);

	(void)state;
	assert_int_equal(pier__calls()->reap(pidfd, &status), 0);
	assert_int_equal(pier__calls()->pidfd_kill(pidfd, SIGKILL), 0);
	await(pidfd);
	assert_int_equal(pier__calls()->reap(pidfd, &status), 1);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	pier__close(pidfd);
}

static void
test_memory_in_common(void **state)
{
	void *at = NULL;
	int pidfd = -1, pid, status;

	(void)state;
	assert_int_equal(pier__calls()->map_shared(&at, 4096), 0);
	assert_int_equal(*(int *)at, 0);
	pid = pier__calls()->fork(&pidfd);
	if (pid == 0) {
		*(int *)at = 42;
		pier__process_exit(0);
	}
	await(pidfd);
	assert_int_equal(pier__calls()->reap(pidfd, &status), 1);
	pier__close(pidfd);
	assert_int_equal(*(int *)at, 42);
	assert_int_equal(pier__calls()->unmap(at, 4096), 0);
}

/* A grandchild is killed when its parent has ended, and says so where that was
   too early. */
static void
test_one_that_ends_with_another(void **state)
{
	struct pollfd end = { .events = POLLIN };
	int ends[2], pidfd = -1, pid, status;
	void *at = NULL;
	atomic_int *ready;

	(void)state;
	assert_int_equal(pier__calls()->map_shared(&at, sizeof(*ready)), 0);
	ready = at;
	assert_int_equal(pipe(ends), 0);
	pid = pier__calls()->fork(&pidfd);
	if (pid == 0) {
		int self = getpid();

		if (fork() == 0) {
			if (pier__calls()->end_with(self) == 0)
				atomic_store(ready, 1);
			for (;;)
				(void)pause();
		}
		while (atomic_load(ready) == 0)
			(void)usleep(1000);
		pier__process_exit(0);
	}
	/* Its end is the end of the pipe. */
	(void)close(ends[1]);
	await(pidfd);
	assert_int_equal(pier__calls()->reap(pidfd, &status), 1);
	pier__close(pidfd);
	end.fd = ends[0];
	assert_int_equal(poll(&end, 1, 20000), 1);
	assert_int_equal(end.revents, POLLHUP);
	(void)close(ends[0]);
	assert_int_equal(pier__calls()->unmap(at, sizeof(*ready)), 0);
	pid = pier__calls()->fork(&pidfd);
	if (pid == 0)
		pier__process_exit(-pier__calls()->end_with(getpid()));
	await(pidfd);
	assert_int_equal(pier__calls()->reap(pidfd, &status), 1);
	assert_int_equal(WEXITSTATUS(status), ESRCH);
	pier__close(pidfd);
}

/* Who cannot know the child by a descriptor has none. */
static void
test_no_descriptor_left_for_a_child(void **state)
{
	struct rlimit before, none;
	int pidfd = -1;
	int rc;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	rc = pier__calls()->fork(&pidfd);
	while (rc == 0)
		(void)pause();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(rc, -EMFILE);
	assert_int_equal(pidfd, -1);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static void
test_the_end_of_another(void **state)
{
	int pidfd = pier__calls()->pidfd_open(getpid());
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	(void)state;
	assert_true(pidfd >= 0);
	assert_int_equal(pier__calls()->poll(&end, 1, 0), 0);
	pier__close(pidfd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_exit_status),
		cmocka_unit_test(test_a_signal),
		cmocka_unit_test(test_memory_in_common),
		cmocka_unit_test(test_one_that_ends_with_another),
		cmocka_unit_test(test_no_descriptor_left_for_a_child),
		cmocka_unit_test(test_the_end_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
