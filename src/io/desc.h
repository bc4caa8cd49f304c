/* SPDX-License-Identifier: MIT */
/*
 * io/desc.h - descriptors that tasks try, and wait for.
 *
 * The rule of all input and output: try first, wait only when the kernel says
 * "not now". An attempt that is known to fail is not made: readable and
 * writable in struct pier__desc remember what the last attempt and the events
 * since then have shown.
 *
 * When is a descriptor drained? Engines report edges: somebody who waits
 * without having drained it waits for ever. EAGAIN always means drained. A
 * read that returned less than asked means drained on a TCP socket only, and
 * only while no event has hinted at an end, an error or urgent data that has
 * not been read off: data and FIN may come in one event, a read stops at the
 * urgent mark, and on a Unix socket it stops at passed descriptors.
 */
#ifndef PIER_IO_DESC_H
#define PIER_IO_DESC_H

#include <errno.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "os/direct.h"
#include "task/engine.h"
#include "task/task.h"

/* A descriptor that pier made: a socket, non-blocking. */
void pier__desc_init(
	struct pier__desc *desc, int fd, enum pier__desc_kind kind);

/* Find out what fd, which somebody else made, is. 0, -EBADF, … */
int pier__desc_adopt(struct pier__desc *desc, int fd);

/* The first use of desc by a fiber: its scheduler owns it now. 0 or -ENOMEM. */
int pier__desc_own(struct pier__desc *desc, struct pier__task *self);

/*
 * pier__desc_claim(desc, self): may this task use desc? The first scheduler
 * whose fiber uses it owns it, until its run ends; threads use what no scheduler
 * owns. 0, -EXDEV or -ENOMEM.
 */
static inline int
pier__desc_claim(struct pier__desc *desc, struct pier__task *self)
{
	if (desc->owner == self->sched)
		return 0;
	return desc->owner != NULL ? -EXDEV : pier__desc_own(desc, self);
}

/* Does another scheduler's engine know desc? Then it must not change hands, nor
   end, here. */
static inline bool
pier__desc_is_elsewhere(const struct pier__desc *desc)
{
	const struct pier__task *self = pier__current;

	return desc->owner != NULL &&
	       (self == NULL || self->sched != desc->owner);
}

/* And does that engine hold a pointer to it? Then its memory has to stay. */
static inline bool
pier__desc_is_watched_elsewhere(const struct pier__desc *desc)
{
	return pier__desc_is_elsewhere(desc) && PIER__LOOK(desc->slot) != 0;
}

/* For PIER_NOW: "try once" means the kernel, not what is remembered of it. */
static inline void
pier__desc_look_again(struct pier__desc *desc, unsigned what)
{
	if (what == PIER__IN)
		PIER__NOTE(desc->readable, true);
	else
		PIER__NOTE(desc->writable, true);
}

/* For engines: desc became ready for `what`; hinted: besides data there is an
   end, error or urgent mark. Wakes whom it concerns. */
void pier__desc_event(struct pier__desc *desc, unsigned what, bool hinted);

/* The same, from the bits that epoll gives. */
static inline void
pier__desc_epoll_event(struct pier__desc *desc, uint32_t mask)
{
	const uint32_t hints = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
	unsigned what = 0;

	if ((mask & (EPOLLIN | hints)) != 0)
		what |= PIER__IN;
	if ((mask & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
		what |= PIER__OUT;
	pier__desc_event(desc, what, (mask & hints) != 0);
}

/* What a read of `asked` bytes that gave n shows of the descriptor. */
static inline ssize_t
pier__desc_note_read(struct pier__desc *desc, ssize_t n, size_t asked)
{
	if (__builtin_expect(n > 0, 1)) {
		if (__builtin_expect((size_t)n < asked &&
					     desc->kind == PIER__DESC_TCP &&
					     !PIER__LOOK(desc->hinted),
			    1))
			PIER__NOTE(desc->readable, false);
	} else if (n == -EAGAIN) {
		PIER__NOTE(desc->readable, false);
	} else if (n != -EINTR) {
		PIER__NOTE(desc->hinted, false);
	}
	return n;
}

static inline ssize_t
pier__desc_note_write(struct pier__desc *desc, ssize_t n)
{
	if (__builtin_expect(n == -EAGAIN, 0))
		PIER__NOTE(desc->writable, false);
	return n;
}

/* Of what is no socket. */
ssize_t pier__desc_file_read(struct pier__desc *desc, void *buf, size_t size);
ssize_t pier__desc_file_write(
	struct pier__desc *desc, const void *buf, size_t size);

/*
 * One attempt on a socket. The result of the system call, -EAGAIN when it has
 * to wait.
 *
 * Inline, as are their callers up to pier_read() and pier_write(): the kernel
 * calls deeper than the processor remembers returns, so that every function
 * between a system call and the handler is a return mispredicted.
 */
static inline __attribute__((always_inline)) ssize_t
pier__desc_recv_by(const struct pier__calls *calls, struct pier__desc *desc,
	void *buf, size_t size)
{
	return pier__desc_note_read(desc,
		pier__sys_recv_by(calls, desc->fd, buf, size, MSG_DONTWAIT),
		size);
}

static inline __attribute__((always_inline)) ssize_t
pier__desc_recv(struct pier__desc *desc, void *buf, size_t size)
{
	return pier__desc_recv_by(pier__calls(), desc, buf, size);
}

static inline __attribute__((always_inline)) ssize_t
pier__desc_send_by(const struct pier__calls *calls, struct pier__desc *desc,
	const void *buf, size_t size)
{
	return pier__desc_note_write(
		desc, pier__sys_send_by(calls, desc->fd, buf, size,
			      MSG_DONTWAIT | MSG_NOSIGNAL));
}

static inline __attribute__((always_inline)) ssize_t
pier__desc_send(struct pier__desc *desc, const void *buf, size_t size)
{
	return pier__desc_send_by(pier__calls(), desc, buf, size);
}

/* The same of any descriptor, tried again at a signal. */
static inline __attribute__((always_inline)) ssize_t
pier__desc_read(struct pier__desc *desc, void *buf, size_t size)
{
	ssize_t n;

	if (desc->kind == PIER__DESC_FILE)
		return pier__desc_file_read(desc, buf, size);
	do {
		n = pier__desc_recv(desc, buf, size);
	} while (n == -EINTR);
	return n;
}

static inline __attribute__((always_inline)) ssize_t
pier__desc_write(struct pier__desc *desc, const void *buf, size_t size)
{
	ssize_t n;

	if (desc->kind == PIER__DESC_FILE)
		return pier__desc_file_write(desc, buf, size);
	do {
		n = pier__desc_send(desc, buf, size);
	} while (n == -EINTR);
	return n;
}

ssize_t pier__desc_readv(
	struct pier__desc *desc, const struct iovec *iov, int count);
ssize_t pier__desc_writev(
	struct pier__desc *desc, const struct iovec *iov, int count);

/*
 * pier__desc_wait(desc, what, why, deadline): wait until an attempt in the
 * direction `what` makes sense.
 *
 * 0 (try; it may still be -EAGAIN), or
 *   -EAGAIN          deadline is PIER_NOW
 *   -PIER_EDEADLINE, -ECANCELED
 *   -EBUSY           another task waits for the same
 *   -EXDEV           it belongs to another scheduler
 *   -ENOMEM, -ENOSPC, -EMFILE  the engine cannot watch it
 */
int pier__desc_wait(struct pier__desc *desc, unsigned what, const char *why,
	pier_deadline deadline);

/* The first wait of a fiber for bytes of desc, which is its scheduler's, is about
   to begin: the engine watches it from now on. False: it cannot, and an ordinary
   wait says why. */
bool pier__desc_watch(struct pier__desc *desc, struct pier__task *self);

/*
 * pier__desc_mark(desc, what, self): be the one who waits in the direction, or
 * both directions, `what`, until pier__desc_unmark(). Being it already is fine.
 * 0, or -EBUSY: somebody else is; or, for a thread and what is no socket, what
 * pier__thread_wakeable() gives.
 */
int pier__desc_mark(
	struct pier__desc *desc, unsigned what, struct pier__task *self);
void pier__desc_unmark(
	struct pier__desc *desc, unsigned what, const struct pier__task *self);

/* Does another task wait in this direction? */
static inline bool
pier__desc_busy(const struct pier__desc *desc, unsigned what)
{
	return (what == PIER__IN ? PIER__LOOK(desc->reader)
				 : PIER__LOOK(desc->writer)) != NULL;
}

/*
 * pier__desc_retry(desc, what): whoever waits in this direction tries again, as
 * if something had come. Not for a thread that waits for a socket: there the
 * kernel has to wake it.
 */
void pier__desc_retry(struct pier__desc *desc, unsigned what);

/*
 * pier__desc_abort(desc): end every wait for it, now and later, with 0. From
 * any thread, also while its owner closes the descriptor. A socket is shut
 * down, which wakes who waits; nothing in the kernel does so for a pipe or a
 * terminal, so that there the tasks are woken.
 */
void pier__desc_abort(struct pier__desc *desc);

/*
 * pier__desc_unwatch(desc): until the next wait the engine is told nothing of
 * desc, which stays its owner's. For a descriptor with much traffic and nobody
 * who waits for it: the kernel tells an engine of every message that comes and
 * of every one that has left, which costs more than to leave and come back. Not
 * while another task waits for it.
 */
void pier__desc_unwatch_now(struct pier__desc *desc);
static inline void
pier__desc_unwatch(struct pier__desc *desc)
{
	if (__builtin_expect(desc->interest != 0, 0))
		pier__desc_unwatch_now(desc);
}

/* desc leaves its engine and owner, before it is closed or passed on. Nobody
   waits for it. */
void pier__desc_forget(struct pier__desc *desc);

/* Forget, then close the descriptor; or leave that to who frees desc's memory
   first. The descriptor, or below 0. */
void pier__desc_close(struct pier__desc *desc);
int pier__desc_leave(struct pier__desc *desc);

/* The kind of a socket by its family and type. */
enum pier__desc_kind pier__desc_kind(int family, int type);

#endif
