/* SPDX-License-Identifier: MIT */
/*
 * os/spawn.c - starting programs, and hearing how they ended: entries of the
 * real call table.
 *
 * posix_spawn(3) is the one way that is safe while other threads run: between
 * its clone, which shares memory and costs the same however much there is, and
 * its exec the C library does what is safe there, and the error of the exec
 * comes back as a result. A process is waited for by its pidfd alone: a wait
 * for any child would take those of the program that uses the library.
 */
#include "os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "os/calls.h"
#include "os/process.h"
#include "os/spawn_calls.h"

/* waitid(2): by the number, for C libraries that lack the name. */
#define BY_PIDFD 3

/* What is not close-on-exec is some other code's, and not for the program. */
static int
close_others(posix_spawn_file_actions_t *actions)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	return posix_spawn_file_actions_addclosefrom_np(actions, 3);
#else
	(void)actions;
	return 0;
#endif
}

static int
add_files(posix_spawn_file_actions_t *actions, const struct pier__spawn *spawn)
{
	int from = spawn->fd;
	int rc = 0;

	/* A session leader without a terminal gets the one it opens first. */
	if (spawn->tty != NULL) {
		from = STDIN_FILENO;
		rc = posix_spawn_file_actions_addopen(
			actions, from, spawn->tty, O_RDWR, 0);
	} else {
		rc = posix_spawn_file_actions_adddup2(
			actions, from, STDIN_FILENO);
	}
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
			actions, from, STDOUT_FILENO);
	if (rc == 0 && (spawn->tty != NULL || spawn->with_stderr))
		rc = posix_spawn_file_actions_adddup2(
			actions, from, STDERR_FILENO);
	return rc == 0 ? close_others(actions) : rc;
}

static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int rc;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setflags(
			attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
				      POSIX_SPAWN_SETSID);
	return rc;
}

static int
start(pid_t *pid, const struct pier__spawn *spawn)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		rc = set_attributes(&attr);
		if (rc == 0)
			rc = add_files(&actions, spawn);
		if (rc == 0)
			rc = posix_spawnp(pid, spawn->path, &actions, &attr,
				spawn->argv, spawn->envp);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

int
pier__real_spawn(const struct pier__spawn *spawn, int *pidfd)
{
	pid_t pid = -1;
	int rc = start(&pid, spawn);

	if (rc < 0)
		return rc;
	/* It is ours and not waited for: the number cannot be another's. But
	   where SIGCHLD is ignored it may have gone without a trace: what stands
	   for it then is readable too, and no process. */
	*pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (*pidfd < 0 && errno == ESRCH)
		*pidfd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*pidfd >= 0)
		return pid;
	rc = -errno;
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int
pier__real_exited(int pidfd, struct pier__exit *out)
{
	siginfo_t info = { .si_pid = 0 };
	int how = WEXITED | WNOHANG | WNOWAIT;

	if (syscall(SYS_waitid, BY_PIDFD, pidfd, &info, how, NULL) < 0)
		return -errno;
	if (info.si_pid == 0)
		return 0;
	out->status = info.si_code == CLD_EXITED ? info.si_status : -1;
	out->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	return 1;
}

int
pier__real_signal_group(int leader, int number)
{
	return kill(-leader, number) < 0 ? -errno : 0;
}

int
pier__real_set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

/* The settings are those of the pair, so that they hold before the program
   begins. */
static int
set_up(int fd, struct pier__pty *pty)
{
	struct winsize size = { .ws_row = pty->rows, .ws_col = pty->columns };
	struct termios modes;

	if (grantpt(fd) < 0 || unlockpt(fd) < 0 || tcgetattr(fd, &modes) < 0)
		return -errno;
	if (!pty->echo)
		modes.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSANOW, &modes) < 0 ||
		ioctl(fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	return -ptsname_r(fd, pty->name, sizeof(pty->name));
}

int
pier__real_pty(struct pier__pty *pty)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_up(fd, pty);
	if (rc == 0)
		return fd;
	(void)close(fd);
	return rc;
}

/* Only the program's side tells. It is opened for a moment: while it is open the
   master would not hear that the program has closed it. */
int
pier__real_pty_unread(int master)
{
	int flags = O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK;
	struct pollfd poll_fd = { .fd = ioctl(master, TIOCGPTPEER, flags),
		.events = POLLIN };
	int rc;

	if (poll_fd.fd < 0)
		return -errno;
	rc = poll(&poll_fd, 1, 0);
	if (rc < 0)
		rc = -errno;
	(void)close(poll_fd.fd);
	return rc;
}

char *const *
pier__environment(void)
{
	return environ;
}
