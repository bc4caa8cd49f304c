/* SPDX-License-Identifier: MIT */
/*
 * net/plain.h - the short way of the plain case: a fiber reads or writes a
 * socket of its own scheduler, and nothing out of the ordinary is set.
 *
 * An echo is two system calls, and after each the caches hold the kernel's
 * code; what the library adds is paid per cache line of code that it runs
 * through. So the common case is told apart once, and goes a way of few lines;
 * whatever it meets that is not plain, down to a wait that ended for want of
 * time, it leaves to the full way, which looks at everything again.
 */
#ifndef PIER_NET_PLAIN_H
#define PIER_NET_PLAIN_H

#include <errno.h>

#include "io/scratch.h"
#include "net/stream.h"
#include "task/sched.h"

extern _Atomic int64_t pier__default_timeout_ms;

/* May this operation of self go the short way? If so, it is counted among
   those after which a fiber lets others run. waiting is who waits in its
   direction of desc already; done, whether that half is closed. */
static inline __attribute__((always_inline)) bool
pier__is_plain(const struct pier_stream *stream, struct pier__task *self,
	const struct pier__desc *desc, const struct pier__task *waiting,
	bool done, pier_deadline deadline)
{
	const struct pier__limits *limits = stream->limits;

	if (self == NULL || desc->owner == NULL || desc->owner != self->sched ||
		waiting != NULL)
		return false;
	if (stream->ops != &pier__fd_ops || done ||
		desc->kind == PIER__DESC_FILE ||
		atomic_load_explicit(&stream->aborted, memory_order_relaxed))
		return false;
	if (deadline.ns != INT64_MAX &&
		(deadline.ns != -1 ||
			stream->timeout_ms != PIER__TIMEOUT_UNSET ||
			atomic_load_explicit(&pier__default_timeout_ms,
				memory_order_relaxed) != PIER_NO_TIMEOUT))
		return false;
	if (limits != NULL &&
		(limits->met != NULL || limits->lifetime_at != INT64_MAX))
		return false;
	if (self->ops + 1 >= PIER__OPS_MAX)
		return false;
	self->ops++;
	self->first_wait = 0;
	return true;
}

/* A byte came or went: for the server's limits. */
static inline __attribute__((always_inline)) void
pier__plain_moved(
	const struct pier_stream *stream, const struct pier__sched *sched)
{
	if (stream->limits != NULL)
		PIER__NOTE(stream->limits->conn->last_byte_ns, sched->now);
}

/* Until when a plain wait may last. */
static inline __attribute__((always_inline)) int64_t
pier__plain_until(const struct pier_stream *stream)
{
	const struct pier__limits *limits = stream->limits;
	int64_t until, last;

	if (limits == NULL)
		return INT64_MAX;
	last = limits->conn->last_byte_ns;
	until = limits->idle_ns == INT64_MAX ? INT64_MAX
					     : last + limits->idle_ns;
	if (limits->conn->first_byte_ns == 0 && limits->first_byte_at < until)
		until = limits->first_byte_at;
	return until;
}

/* One wait for bytes, if it can be a plain one. How it ended shows in what the
   attempt after it meets. */
static inline __attribute__((always_inline)) void
pier__plain_wait(struct pier_stream *stream, struct pier__task *self)
{
	struct pier__desc *desc = &stream->desc;

	if ((desc->interest & PIER__IN) == 0)
		return;
	desc->reader = self;
	pier__park_plain(self, "read", desc->fd, pier__plain_until(stream));
	desc->reader = NULL;
}

/* An attempt to read ahead, or into buf when that is not NULL, after one wait
   when nothing is there. The number of bytes, or an error; 0: go the full
   way. */
static inline __attribute__((always_inline)) ssize_t
pier__plain_read(struct pier_stream *stream, struct pier__task *self, void *buf,
	size_t size)
{
	void *scratch = buf;
	ssize_t n;

	if (!PIER__LOOK(stream->desc.readable)) {
		pier__plain_wait(stream, self);
		if (!PIER__LOOK(stream->desc.readable) || stream->read_done)
			return 0;
	}
	if (buf == NULL) {
		scratch = pier__scratch_take(self->sched);
		size = PIER__SCRATCH_SIZE;
		if (scratch == NULL)
			return 0;
	}
	n = pier__desc_read(&stream->desc, scratch, size);
	if (n <= 0) {
		if (buf == NULL)
			pier__scratch_put(scratch);
		/* The end can be read again, an error cannot. */
		if (n == -EAGAIN || n == 0)
			return 0;
		return atomic_load_explicit(
			       &stream->aborted, memory_order_acquire)
			       ? -ECONNABORTED
			       : n;
	}
	pier__plain_moved(stream, self->sched);
	if (stream->limits != NULL && stream->bytes_in == 0)
		PIER__NOTE(
			stream->limits->conn->first_byte_ns, self->sched->now);
	stream->bytes_in += (uint64_t)n;
	if (buf == NULL) {
		stream->in = scratch;
		stream->in_room = PIER__SCRATCH_SIZE;
		stream->in_begin = 0;
		stream->in_end = (uint32_t)n;
	}
	return n;
}

/* One attempt to write: what it gave, counted. */
static inline __attribute__((always_inline)) ssize_t
pier__plain_write(struct pier_stream *stream, struct pier__task *self,
	const void *buf, size_t size)
{
	ssize_t n = pier__desc_write(stream->out_desc, buf, size);

	if (n > 0) {
		pier__plain_moved(stream, self->sched);
		stream->bytes_out += (uint64_t)n;
	} else if (n != -EAGAIN && atomic_load_explicit(&stream->aborted,
					   memory_order_acquire)) {
		n = -ECONNABORTED;
	}
	return n;
}

#endif
