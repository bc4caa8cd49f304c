/* SPDX-License-Identifier: MIT */
/*
 * The state is static because a signal handler has no argument; this file is
 * the only one that touches it. fn and arg change only while the ending signals
 * are blocked in the thread that changes them, before the verb starts threads
 * that take signals and after these have ended.
 */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
static int wake_fd = -1;
static void (*call_fn)(void *);
static void *call_arg;

static void
on_signal(int number)
{
	const uint64_t one = 1;
	int saved = errno;

	/* A terminal that goes away is told by the kernel and by the shell. */
	if (caught != 0 && number == SIGHUP)
		return;
	if (caught != 0)
		_exit(128 + number);
	caught = number;
	/* Can only fail when the counter is full, and then it is readable. */
	if (write(wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
	if (call_fn != NULL)
		call_fn(call_arg);
	errno = saved;
}

static void
ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/*
 * A signal that is ignored from the start stays so: shells start background
 * jobs with SIGINT ignored, nohup and its like rely on the same.
 */
static int catch (int number, const struct sigaction *action)
{
	struct sigaction before;

	if (sigaction(number, NULL, &before) < 0)
		return -errno;
	if (before.sa_handler == SIG_IGN)
		return 0;
	return sigaction(number, action, NULL) < 0 ? -errno : 0;
}

int
cli_signals_start(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int rc;

	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return -errno;
	ending_signals(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	/* A reader that goes, and a file that has grown to its limit, are told
	   by the write. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 ||
		sigaction(SIGXFSZ, &ignore, NULL) < 0)
		return -errno;
	rc = catch (SIGINT, &action);
	if (rc == 0)
		rc = catch (SIGTERM, &action);
	if (rc == 0)
		rc = catch (SIGHUP, &action);
	return rc < 0 ? rc : wake_fd;
}

void
cli_signals_call(void (*fn)(void *), void *arg)
{
	sigset_t ending, before;

	ending_signals(&ending);
	pthread_sigmask(SIG_BLOCK, &ending, &before);
	call_fn = fn;
	call_arg = arg;
	if (fn != NULL && caught != 0)
		fn(arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int
cli_signals_caught(void)
{
	return caught;
}
