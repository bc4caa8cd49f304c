/* SPDX-License-Identifier: MIT */
/*
 * os/process_calls.c - processes in the real call table: children by their
 * pidfds, and the descriptors of others.
 */
#include "os/process_calls.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hot.h"
#include "os/direct.h"

PIER__HOT static int
result(int rc)
{
	return rc < 0 ? -errno : rc;
}

/* Not through libc, where that can be: the child of a fork has to map each piece
   of it that it comes by anew, at the price of several such calls. */
PIER__HOT static int
call(long number, long a, long b, long c)
{
#if defined(PIER__DIRECT)
	return (int)pier__direct(number, a, b, c, 0);
#else
	return result((int)syscall(number, a, b, c, 0L));
#endif
}

/* By their numbers: glibc has the names since 2.36. */
PIER__HOT int
pier__real_pidfd_open(int pid)
{
	return call(SYS_pidfd_open, pid, 0, 0);
}

PIER__HOT int
pier__real_fork(int *pidfd)
{
	int pid = result(fork());
	int rc;

	if (pid <= 0)
		return pid;
	rc = pier__real_pidfd_open(pid);
	if (rc >= 0) {
		*pidfd = rc;
		return pid;
	}
	/* It was not waited for, so the number is still its own. */
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int
pier__real_pidfd_getfd(int pidfd, int fd)
{
	return result((int)syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

int
pier__real_pidfd_kill(int pidfd, int signal)
{
	return result(
		(int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

/* P_PIDFD, which older headers do not have. */
#define BY_PIDFD ((idtype_t)3)

PIER__HOT int
pier__real_reap(int pidfd, int *status)
{
	siginfo_t info = { .si_pid = 0 };
	int rc =
		result(waitid(BY_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG));

	if (rc < 0 || info.si_pid == 0)
		return rc;
	*status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
					     : W_EXITCODE(0, info.si_status);
	return 1;
}

/* Told by the number: who has gone is nobody's parent any more. */
PIER__HOT int
pier__real_end_with(int parent)
{
	int rc = call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);

	return rc == 0 && call(SYS_getppid, 0, 0, 0) != parent ? -ESRCH : rc;
}

/* By its number: glibc has the name since 2.34. */
PIER__HOT int
pier__real_close_range(int first, int last)
{
	return call(SYS_close_range, first, last, 0);
}
