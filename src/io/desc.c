/* SPDX-License-Identifier: MIT */
/* io/desc.c - see desc.h. */
#include "io/desc.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

#include "task/run.h"
#include "task/sched.h"

PIER__HOT void
pier__desc_init(struct pier__desc *desc, int fd, enum pier__desc_kind kind)
{
	*desc = (struct pier__desc){ .fd = fd,
		.kind = (uint8_t)kind,
		.readable = true,
		.writable = true };
}

PIER__HOT enum pier__desc_kind
pier__desc_kind(int family, int type)
{
	if (type == SOCK_STREAM && (family == AF_INET || family == AF_INET6))
		return PIER__DESC_TCP;
	return PIER__DESC_SOCKET;
}

int
pier__desc_adopt(struct pier__desc *desc, int fd)
{
	const struct pier__calls *calls = pier__calls();
	int family = 0;
	int type = 0;
	socklen_t len = sizeof(int);
	int rc;

	rc = calls->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	if (rc == -ENOTSOCK) {
		pier__desc_init(desc, fd, PIER__DESC_FILE);
		return 0;
	}
	if (rc == 0) {
		len = sizeof(int);
		rc = calls->getsockopt(
			fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	}
	if (rc < 0)
		return rc;
	pier__desc_init(desc, fd, pier__desc_kind(family, type));
	return 0;
}

PIER__HOT int
pier__desc_own(struct pier__desc *desc, struct pier__task *self)
{
	struct pier__engine *engine = pier__task_engine(self);
	int rc = engine == NULL ? -ENOMEM : engine->ops->note(engine, desc);

	if (rc == 0)
		desc->owner = self->sched;
	return rc;
}

PIER__HOT void
pier__desc_event(struct pier__desc *desc, unsigned what, bool hinted)
{
	struct pier__task *task;

	if ((what & PIER__IN) != 0) {
		PIER__NOTE(desc->readable, true);
		if (hinted)
			PIER__NOTE(desc->hinted, true);
		task = PIER__LOOK(desc->reader);
		if (task != NULL)
			pier__wake(task);
	}
	if ((what & PIER__OUT) != 0) {
		PIER__NOTE(desc->writable, true);
		task = PIER__LOOK(desc->writer);
		if (task != NULL)
			pier__wake(task);
		else if (desc->on_writable != NULL)
			desc->on_writable(desc);
	}
}

/* Is a descriptor that may block ready for one call? */
static bool
file_ready(const struct pier__desc *desc, short events)
{
	struct pollfd one = { .fd = desc->fd, .events = events };

	return pier__calls()->poll(&one, 1, 0) != 0;
}

ssize_t
pier__desc_file_read(struct pier__desc *desc, void *buf, size_t size)
{
	ssize_t n;

	if (!file_ready(desc, POLLIN))
		return pier__desc_note_read(desc, -EAGAIN, size);
	do {
		n = pier__calls()->read(desc->fd, buf, size);
	} while (n == -EINTR);
	return pier__desc_note_read(desc, n, size);
}

/* A pipe with room for PIPE_BUF bytes takes so many without blocking. */
ssize_t
pier__desc_file_write(struct pier__desc *desc, const void *buf, size_t size)
{
	/* The callee reads only; iovec has no const. */
	struct iovec piece = { .iov_base = (void *)(uintptr_t)buf,
		.iov_len = size < PIPE_BUF ? size : PIPE_BUF };
	ssize_t n;

	if (!file_ready(desc, POLLOUT))
		return pier__desc_note_write(desc, -EAGAIN);
	do {
		n = pier__calls()->writev(desc->fd, &piece, 1);
	} while (n == -EINTR);
	return pier__desc_note_write(desc, n);
}

static size_t
iov_size(const struct iovec *iov, int count)
{
	size_t size = 0;
	int i;

	for (i = 0; i < count; i++)
		size += iov[i].iov_len;
	return size;
}

ssize_t
pier__desc_readv(struct pier__desc *desc, const struct iovec *iov, int count)
{
	struct msghdr msg;
	ssize_t n;

	if (count == 1 || desc->kind == PIER__DESC_FILE)
		return pier__desc_read(desc, iov[0].iov_base, iov[0].iov_len);
	msg = (struct msghdr){ .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count };
	do {
		n = pier__calls()->recvmsg(desc->fd, &msg, MSG_DONTWAIT);
	} while (n == -EINTR);
	return pier__desc_note_read(desc, n, iov_size(iov, count));
}

ssize_t
pier__desc_writev(struct pier__desc *desc, const struct iovec *iov, int count)
{
	struct msghdr msg;
	ssize_t n;

	if (count == 1 || desc->kind == PIER__DESC_FILE)
		return pier__desc_write(desc, iov[0].iov_base, iov[0].iov_len);
	msg = (struct msghdr){ .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count };
	do {
		n = pier__calls()->sendmsg(
			desc->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n == -EINTR);
	return pier__desc_note_write(desc, n);
}

static bool
is_ready(const struct pier__desc *desc, unsigned what)
{
	return PIER__LOOK(desc->aborted) ||
	       (what == PIER__IN ? PIER__LOOK(desc->readable)
				 : PIER__LOOK(desc->writable));
}

/* Fibers that get so far are all of one scheduler, so on one thread; threads
   may share a stream. */
static inline bool
take_place(struct pier__task **who, struct pier__task *self)
{
	struct pier__task *nobody = NULL;

	if (self->sched == NULL)
		return __atomic_compare_exchange_n(who, &nobody, self, false,
			       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) ||
		       nobody == self;
	if (*who != NULL && *who != self)
		return false;
	__atomic_store_n(who, self, __ATOMIC_RELAXED);
	return true;
}

static inline void
leave_place(struct pier__task **who, const struct pier__task *self)
{
	if (PIER__LOOK(*who) == self)
		__atomic_store_n(who, NULL, __ATOMIC_RELEASE);
}

static inline void
leave_places(
	struct pier__desc *desc, unsigned what, const struct pier__task *self)
{
	if ((what & PIER__IN) != 0)
		leave_place(&desc->reader, self);
	if ((what & PIER__OUT) != 0)
		leave_place(&desc->writer, self);
}

static inline int
take_places(struct pier__desc *desc, unsigned what, struct pier__task *self)
{
	if ((what & PIER__IN) != 0 && !take_place(&desc->reader, self))
		return -EBUSY;
	if ((what & PIER__OUT) != 0 && !take_place(&desc->writer, self)) {
		leave_places(desc, what, self);
		return -EBUSY;
	}
	return 0;
}

PIER__HOT int
pier__desc_mark(struct pier__desc *desc, unsigned what, struct pier__task *self)
{
	int rc = 0;

	if (desc->kind != PIER__DESC_FILE)
		return take_places(desc, what, self);
	/* Others have to be able to end this wait. */
	if (self->sched == NULL)
		rc = pier__thread_wakeable(self);
	if (rc < 0)
		return rc;
	(void)pthread_mutex_lock(&desc->abort_lock);
	rc = take_places(desc, what, self);
	(void)pthread_mutex_unlock(&desc->abort_lock);
	return rc;
}

PIER__HOT void
pier__desc_unmark(
	struct pier__desc *desc, unsigned what, const struct pier__task *self)
{
	if (desc->kind != PIER__DESC_FILE) {
		leave_places(desc, what, self);
		return;
	}
	(void)pthread_mutex_lock(&desc->abort_lock);
	leave_places(desc, what, self);
	(void)pthread_mutex_unlock(&desc->abort_lock);
}

PIER__HOT int
pier__desc_wait(struct pier__desc *desc, unsigned what, const char *why,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct pier__engine *engine;
	int rc;

	if (is_ready(desc, what))
		return 0;
	if (deadline.ns == 0)
		return -EAGAIN;
	rc = pier__desc_claim(desc, self);
	if (rc < 0)
		return rc;
	engine = pier__task_engine(self);
	if (engine == NULL)
		return -ENOMEM;
	rc = pier__desc_mark(desc, what, self);
	if (rc < 0)
		return rc;
	/* Interest is what an engine goes on watching between the waits. */
	if ((desc->interest & what) == 0)
		rc = engine->ops->add(engine, desc, what);
	if (rc == 0) {
		while (rc == 0 && !is_ready(desc, what))
			rc = pier__park(self, why, desc->fd, deadline);
		engine->ops->rest(engine, desc, what);
		if (is_ready(desc, what))
			rc = 0;
	}
	pier__desc_unmark(desc, what, self);
	return rc;
}

PIER__HOT bool
pier__desc_watch(struct pier__desc *desc, struct pier__task *self)
{
	struct pier__engine *engine = self->sched->engine;

	return engine->ops->add(engine, desc, PIER__IN) == 0;
}

void
pier__desc_retry(struct pier__desc *desc, unsigned what)
{
	if (desc->kind == PIER__DESC_FILE) {
		(void)pthread_mutex_lock(&desc->abort_lock);
		pier__desc_event(desc, what, false);
		(void)pthread_mutex_unlock(&desc->abort_lock);
	} else if (desc->owner != NULL) {
		pier__desc_event(desc, what, false);
	}
}

void
pier__desc_abort(struct pier__desc *desc)
{
	(void)pthread_mutex_lock(&desc->abort_lock);
	if (desc->kind != PIER__DESC_FILE) {
		(void)pier__calls()->shutdown(desc->fd, SHUT_RDWR);
	} else {
		PIER__NOTE(desc->aborted, true);
		if (desc->reader != NULL)
			pier__wake(desc->reader);
		if (desc->writer != NULL)
			pier__wake(desc->writer);
	}
	(void)pthread_mutex_unlock(&desc->abort_lock);
}

void
pier__desc_unwatch_now(struct pier__desc *desc)
{
	struct pier__task *self = pier__current;
	struct pier__engine *engine;

	if (self == NULL || self->sched == NULL || self->sched != desc->owner ||
		(desc->reader != NULL && desc->reader != self) ||
		desc->writer != NULL || desc->on_writable != NULL)
		return;
	engine = pier__task_engine(self);
	engine->ops->forget(engine, desc);
	/* Its place has just become free. */
	if (engine->ops->note(engine, desc) < 0)
		desc->owner = NULL;
}

PIER__HOT void
pier__desc_forget(struct pier__desc *desc)
{
	struct pier__task *self = pier__current;

	if (desc->slot != 0 && self != NULL && self->sched == desc->owner) {
		struct pier__engine *engine = pier__task_engine(self);

		engine->ops->forget(engine, desc);
	}
	desc->owner = NULL;
}

PIER__HOT int
pier__desc_leave(struct pier__desc *desc)
{
	int fd;

	/* Closing takes it out of an engine's set, which need not be asked to.
	   A fork may have copied it unseen: then the set tells of it until that
	   copy is closed, and finds another generation in its place. */
	if (PIER__LOOK(desc->lone))
		desc->interest = 0;
	pier__desc_forget(desc);
	/* An abort by another thread must not meet the next file with this
	   number. */
	(void)pthread_mutex_lock(&desc->abort_lock);
	fd = desc->fd;
	desc->fd = -1;
	(void)pthread_mutex_unlock(&desc->abort_lock);
	return fd;
}

void
pier__desc_close(struct pier__desc *desc)
{
	pier__close(pier__desc_leave(desc));
}
