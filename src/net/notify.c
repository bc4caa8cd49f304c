/* SPDX-License-Identifier: MIT */
/*
 * net/notify.c - telling the service manager: one datagram to NOTIFY_SOCKET,
 * from a socket of its own that is gone right after.
 */
#include <pier/service.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr/addr.h"
#include "net/stream.h"
#include "net/unix.h"
#include "os/process.h"
#include "task/failure.h"

static int
fail(int rc, const char *where, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_SEND, where, detail);
}

/* Its words are not pier's: no escapes, and '@' for the abstract. */
static int
read_where(struct pier_addr *out, const char *where)
{
	struct sockaddr_un *un = &out->u.un;
	size_t len = strlen(where);

	if (where[0] != '/' && where[0] != '@')
		return fail(strncmp(where, "vsock", 5) == 0 ? -EAFNOSUPPORT
							    : -EINVAL,
			where, "NOTIFY_SOCKET is a path or @NAME here");
	if (len < 2 || len > sizeof(un->sun_path))
		return fail(-EINVAL, where, "the length of NOTIFY_SOCKET");
	memset(out, 0, sizeof(*out));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, where, len);
	if (where[0] == '@')
		un->sun_path[0] = '\0';
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int
tell(int fd, const struct pier_addr *to, const char *state,
	pier_deadline deadline)
{
	/* The kernel reads only; the struct has no const. */
	struct iovec piece = { .iov_base = (void *)(uintptr_t)state,
		.iov_len = strlen(state) };
	struct msghdr header = { .msg_name = (void *)(uintptr_t)&to->u,
		.msg_namelen = to->len,
		.msg_iov = &piece,
		.msg_iovlen = 1 };
	int64_t pause_ns = 0;
	int rc = 0;

	while (rc == 0) {
		ssize_t n = pier__calls()->sendmsg(
			fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			return 1;
		if (n == -EAGAIN)
			rc = deadline.ns == 0 ? -EAGAIN
					      : pier__unix_pause(&pause_ns,
							"notify", deadline);
		else if (n != -EINTR)
			rc = (int)n;
	}
	return rc;
}

int
pier_notify(const char *state, pier_deadline deadline)
{
	const char *where = getenv("NOTIFY_SOCKET");
	struct pier__task *self = pier__self();
	struct pier_addr to;
	int fd, rc;

	if (where == NULL || where[0] == '\0')
		return 0;
	if (state[0] == '\0')
		return fail(-EINVAL, where, "an empty state");
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = self == NULL ? -ENOMEM : pier__enter(self, deadline);
	if (rc < 0)
		return fail(rc, where, NULL);
	rc = read_where(&to, where);
	if (rc < 0)
		return rc;
	fd = pier__calls()->socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return fail(fd, where, NULL);
	rc = tell(fd, &to, state, deadline);
	pier__close(fd);
	return rc < 0 ? fail(rc, where, "NOTIFY_SOCKET") : rc;
}

/* A number in the environment, -1: not there. */
static int64_t
number(const char *name)
{
	const char *text = getenv(name);
	int64_t value;

	if (text == NULL)
		return -1;
	value = pier__span_number(pier__span_of(text), INT64_MAX / 16);
	if (value < 0 || value > INT64_MAX / 16)
		return fail(-EINVAL, name, "it is no number");
	return value;
}

int64_t
pier_watchdog_us(void)
{
	int64_t us = number("WATCHDOG_USEC");
	int64_t pid = us == -1 ? -1 : number("WATCHDOG_PID");

	if (us == -EINVAL || pid == -EINVAL)
		return -EINVAL;
	return us == -1 || (pid != -1 && pid != pier__process()) ? 0 : us;
}
