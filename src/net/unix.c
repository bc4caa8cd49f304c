/* SPDX-License-Identifier: MIT */
/*
 * net/unix.c - see unix.h.
 *
 * Unlike a port, the file of a Unix socket outlives the process that bound it,
 * and bind() then fails for ever. Whether somebody still has the socket shows
 * when one connects: only ECONNREFUSED means nobody. Between the look and the
 * removal another process may have replaced the file, so it is looked at
 * again: what is removed is the file that refused.
 */
#include "net/unix.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#include "net/wishes.h"
#include "os/process.h"
#include "task/failure.h"

#define MODE_BITS 07777

/* Between two tries to get into a backlog that is full. */
#define PAUSE_MIN_NS INT64_C(1000000)
#define PAUSE_MAX_NS INT64_C(32000000)

static bool
has_file(const struct pier_addr *addr)
{
	return addr->len > offsetof(struct sockaddr_un, sun_path) &&
	       addr->u.un.sun_path[0] != '\0';
}

/* Does nobody answer at addr any more? */
static bool
refuses(const struct pier_addr *addr, int type)
{
	const struct pier__calls *calls = pier__calls();
	int fd = calls->socket(AF_UNIX, type, 0);
	int rc;

	if (fd < 0)
		return false;
	do {
		rc = calls->connect(fd, &addr->u.sa, addr->len);
	} while (rc == -EINTR);
	pier__close(fd);
	return rc == -ECONNREFUSED;
}

/* Makes room at addr. 0, or -EADDRINUSE with the reason in *why. */
static int
replace(const struct pier_addr *addr, int type, const char **why)
{
	const struct pier__calls *calls = pier__calls();
	const char *path = addr->u.un.sun_path;
	struct stat before, after;

	if (calls->stat(path, &before) < 0)
		return 0; /* it has just gone */
	if (!S_ISSOCK(before.st_mode)) {
		*why = "a file that is no socket is in the way";
		return -EADDRINUSE;
	}
	if (!refuses(addr, type)) {
		*why = "another process has this socket open";
		return -EADDRINUSE;
	}
	if (calls->stat(path, &after) < 0)
		return 0;
	if (after.st_dev != before.st_dev || after.st_ino != before.st_ino) {
		*why = "another process has just taken its place";
		return -EADDRINUSE;
	}
	*why = "the socket left there is stale, but cannot be removed";
	return calls->unlink(path);
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -ENOENT:
		return "the directory does not exist";
	case -ENOTDIR:
		return "a part of the path is no directory";
	case -EACCES:
		return "the directory must be writable";
	case -EADDRINUSE:
		return "another process has this socket open";
	default:
		return NULL;
	}
}

static int
bind_over_stale(
	int fd, int type, const struct pier_addr *addr, const char *text)
{
	const struct pier__calls *calls = pier__calls();
	int rc = calls->bind(fd, &addr->u.sa, addr->len);
	const char *why = NULL;

	if (rc == -EADDRINUSE && has_file(addr)) {
		rc = replace(addr, type, &why);
		if (rc < 0)
			return pier__fail_step(rc, PIER_STEP_BIND, text, why);
		rc = calls->bind(fd, &addr->u.sa, addr->len);
	}
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_BIND, text, explain(rc));
	return 0;
}

/* The umask is the process's, so it is not touched: the bits that it took off
   the mode are added. */
static int
note_file(struct pier__unix_file *file, const struct pier_addr *addr,
	unsigned int mode)
{
	const struct pier__calls *calls = pier__calls();
	const char *path = addr->u.un.sun_path;
	struct stat made;
	int rc = calls->stat(path, &made);

	if (rc < 0) {
		/* Which file it is cannot be told later: now it is ours. */
		(void)calls->unlink(path);
		return rc;
	}
	*file = (struct pier__unix_file){ .made = true,
		.process = pier__process(),
		.device = made.st_dev,
		.inode = made.st_ino };
	if (mode == 0 || (made.st_mode & MODE_BITS) == mode)
		return 0;
	return calls->chmod(path, mode);
}

int
pier__unix_bind(struct pier__unix_file *file, int fd, int type,
	const struct pier_addr *addr, unsigned int mode, const char *text)
{
	int rc;

	if ((mode & ~(unsigned int)MODE_BITS) != 0)
		return pier__fail_step(-EINVAL, PIER_STEP_OPTION, text,
			"the mode has bits beyond 07777");
	*file = (struct pier__unix_file){ .made = false };
	/* Before the file exists: it never has more rights than asked for. */
	rc = mode != 0 && has_file(addr) ? pier__calls()->fchmod(fd, mode) : 0;
	if (rc < 0)
		return pier__fail_step(
			rc, PIER_STEP_OPTION, text, "the mode of its file");
	rc = bind_over_stale(fd, type, addr, text);
	if (rc < 0 || !has_file(addr))
		return rc;
	rc = note_file(file, addr, mode);
	if (rc < 0) {
		pier__unix_remove(file, addr);
		return pier__fail_step(
			rc, PIER_STEP_OPTION, text, "the mode of its file");
	}
	return 0;
}

int
pier__unix_pause(int64_t *pause_ns, const char *why, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	pier_deadline until;
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (*pause_ns < PAUSE_MAX_NS)
		*pause_ns = *pause_ns == 0 ? PAUSE_MIN_NS : *pause_ns * 2;
	until = pier_in_ns(*pause_ns);
	if (deadline.ns < until.ns)
		until = deadline;
	do {
		rc = pier__park(self, why, -1, until);
	} while (rc == 0);
	return rc == -PIER_EDEADLINE && until.ns != deadline.ns ? 0 : rc;
}

static int
connect_in_turn(int fd, const struct pier_addr *addr, pier_deadline deadline)
{
	int64_t pause_ns = 0;
	int rc;

	for (;;) {
		rc = pier__calls()->connect(fd, &addr->u.sa, addr->len);
		if (rc == -EINTR)
			continue;
		if (rc != -EAGAIN)
			return rc;
		rc = pier__unix_pause(&pause_ns, "connect", deadline);
		if (rc < 0)
			return rc;
	}
}

int
pier__unix_connect(struct pier__unix_try *it, pier_deadline deadline)
{
	const struct pier__option_kind kind = { .domain = AF_UNIX,
		.type = it->type };
	int fd = pier__calls()->socket(AF_UNIX, it->type, 0);
	int rc;

	it->step = PIER_STEP_CREATE;
	if (fd < 0)
		return fd;
	it->step = PIER_STEP_OPTION;
	rc = pier__wishes_set(
		it->wishes, fd, &kind, PIER__MOMENT_NEW, &it->why);
	if (rc == 0) {
		it->step = PIER_STEP_CONNECT;
		rc = connect_in_turn(fd, it->addr, deadline);
	}
	if (rc == 0) {
		it->step = PIER_STEP_OPTION;
		rc = pier__wishes_set(it->wishes, fd, &kind,
			PIER__MOMENT_CONNECTED, &it->why);
	}
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

int
pier__unix_check(
	const struct pier__unix_file *file, const struct pier_addr *addr)
{
	struct stat now;
	int rc;

	if (!file->made)
		return 0;
	rc = pier__calls()->stat(addr->u.un.sun_path, &now);
	if (rc == 0 && (!S_ISSOCK(now.st_mode) || now.st_dev != file->device ||
			       now.st_ino != file->inode))
		rc = -EADDRINUSE;
	return rc;
}

void
pier__unix_own(struct pier__unix_file *file, const struct pier_addr *addr)
{
	struct stat now;

	if (!has_file(addr) ||
		pier__calls()->stat(addr->u.un.sun_path, &now) < 0 ||
		!S_ISSOCK(now.st_mode))
		return;
	*file = (struct pier__unix_file){ .made = true,
		.process = pier__process(),
		.device = now.st_dev,
		.inode = now.st_ino };
}

void
pier__unix_remove(struct pier__unix_file *file, const struct pier_addr *addr)
{
	/* When it cannot be removed the next server finds it stale. */
	if (file->made && file->process == pier__process() &&
		pier__unix_check(file, addr) == 0)
		(void)pier__calls()->unlink(addr->u.un.sun_path);
	file->made = false;
}
