/* SPDX-License-Identifier: MIT */
/* os/faulty_process.c - the entries of the faulty table that start processes,
   and end them. */
#include "os/faulty_inner.h"

int
pier__faulty_fork(int *pidfd)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_FORK);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = faulty->inner->fork(pidfd);
	/* What is planned is planned for this process: a child that failed at
	   its nth call would do so again whenever it is started anew. */
	if (rc == 0)
		faulty->fault_count = 0;
	if (rc > 0)
		(void)pier__faulty_hold_fd(
			faulty, *pidfd, PIER__CALL_FORK, verdict.nth);
	return rc;
}

int
pier__faulty_pidfd_open(int pid)
{
	GIVES_FD(PIER__CALL_PIDFD_OPEN, pidfd_open(pid));
}

/* Of a child that is there, and not yet reaped, these cannot fail. */
int
pier__faulty_pidfd_kill(int pidfd, int signal)
{
	return pier__faulty_self()->inner->pidfd_kill(pidfd, signal);
}

int
pier__faulty_pidfd_getfd(int pidfd, int fd)
{
	GIVES_FD(PIER__CALL_PIDFD_GETFD, pidfd_getfd(pidfd, fd));
}

int
pier__faulty_reap(int pidfd, int *status)
{
	return pier__faulty_self()->inner->reap(pidfd, status);
}

int
pier__faulty_end_with(int parent)
{
	return pier__faulty_self()->inner->end_with(parent);
}

int
pier__faulty_spawn(const struct pier__spawn *spawn, int *pidfd)
{
	struct pier__faulty *faulty = pier__faulty_self();
	struct pier__verdict verdict =
		pier__faulty_judge(faulty, PIER__CALL_SPAWN);
	int rc;

	if (verdict.error > 0)
		return -verdict.error;
	rc = faulty->inner->spawn(spawn, pidfd);
	if (rc > 0)
		(void)pier__faulty_hold_fd(
			faulty, *pidfd, PIER__CALL_SPAWN, verdict.nth);
	return rc;
}

/* As with those above: of a program that is there these cannot fail. */
int
pier__faulty_exited(int pidfd, struct pier__exit *out)
{
	return pier__faulty_self()->inner->exited(pidfd, out);
}

int
pier__faulty_signal_group(int leader, int number)
{
	return pier__faulty_self()->inner->signal_group(leader, number);
}

int
pier__faulty_set_blocking(int fd, bool blocking)
{
	PLAIN(PIER__CALL_SET_BLOCKING, set_blocking(fd, blocking));
}

int
pier__faulty_pty(struct pier__pty *pty)
{
	GIVES_FD(PIER__CALL_PTY, pty(pty));
}

int
pier__faulty_pty_unread(int master)
{
	PLAIN(PIER__CALL_PTY_UNREAD, pty_unread(master));
}
