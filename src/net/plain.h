/* SPDX-License-Identifier: MIT */
/*
 * net/plain.h - the short way of the plain case: a fiber reads or writes a
 * socket of its own scheduler, or a thread one that no scheduler has, and
 * nothing out of the ordinary is set.
 *
 * An echo is two system calls, and after each the caches hold the kernel's
 * code; what the library adds is paid per cache line of code that it runs
 * through. So all that is out of the ordinary is one byte, stream->odd, and
 * the common case goes a way of few lines, laid out in a row; whatever it meets
 * that is not plain, down to a wait that ended for want of time, it leaves to
 * the full way, which looks at everything again.
 */
#ifndef PIER_NET_PLAIN_H
#define PIER_NET_PLAIN_H

#include <errno.h>

#include "io/scratch.h"
#include "net/stream.h"
#include "task/sched.h"

/* What may be expected, for how the code is laid out. */
#define PIER__MOSTLY(condition) __builtin_expect(!!(condition), 1)

/* May this operation of self go the short way? If so, it is counted among
   those after which a fiber lets others run. waiting is who waits in its
   direction already. */
static inline __attribute__((always_inline)) bool
pier__is_plain(const struct pier_stream *stream, struct pier__task *self,
	const struct pier__task *waiting, pier_deadline deadline)
{
	if (!PIER__MOSTLY(self != NULL))
		return false;
	/* Threads have none, nor what they use. */
	if (!PIER__MOSTLY(
		    stream->desc.owner == self->sched &&
		    (self->sched != NULL || stream->ops == &pier__fd_ops)))
		return false;
	if (!PIER__MOSTLY(atomic_load_explicit(
				  &stream->odd, memory_order_relaxed) == 0 &&
			  waiting == NULL))
		return false;
	/* PIER_DEFAULT or PIER_FOREVER, by one comparison. */
	if (!PIER__MOSTLY((int64_t)((uint64_t)deadline.ns + 1) <= 0 &&
			  atomic_load_explicit(&pier__default_timeout_ms,
				  memory_order_relaxed) == PIER_NO_TIMEOUT))
		return false;
	if (!PIER__MOSTLY(self->ops + 1 < PIER__OPS_MAX))
		return false;
	self->ops++;
	self->first_wait = 0;
	return true;
}

/* As pier__task_now(). */
static inline __attribute__((always_inline)) int64_t
pier__plain_now(const struct pier__task *self)
{
	return PIER__MOSTLY(self->sched != NULL) ? self->sched->now
						 : pier__calls()->clock_ns();
}

/* A byte came or went: for the server's limits. */
static inline __attribute__((always_inline)) void
pier__plain_moved(
	const struct pier_stream *stream, const struct pier__task *self)
{
	if (PIER__MOSTLY(stream->limits != NULL))
		PIER__NOTE(stream->limits->conn->last_byte_ns,
			pier__plain_now(self));
}

/* Bytes came, at the moment `now` where there are limits. */
static inline __attribute__((always_inline)) void
pier__plain_came(struct pier_stream *stream, ssize_t n, int64_t now)
{
	if (PIER__MOSTLY(stream->limits != NULL)) {
		struct pier_conn *conn = stream->limits->conn;

		PIER__NOTE(conn->last_byte_ns, now);
		if (!PIER__MOSTLY(stream->bytes_in > 0))
			PIER__NOTE(conn->first_byte_ns, now);
	}
	stream->bytes_in += (uint64_t)n;
}

/* Until when a plain wait may last. */
static inline __attribute__((always_inline)) int64_t
pier__plain_until(const struct pier_stream *stream)
{
	const struct pier__limits *limits = stream->limits;
	int64_t until;

	if (!PIER__MOSTLY(limits != NULL))
		return INT64_MAX;
	until = limits->idle_ns;
	if (PIER__MOSTLY(until != INT64_MAX))
		until += PIER__LOOK(limits->conn->last_byte_ns);
	if (!PIER__MOSTLY(stream->bytes_in > 0) &&
		PIER__LOOK(limits->first_byte_at) < until)
		until = PIER__LOOK(limits->first_byte_at);
	return until;
}

/* One wait for bytes, unless some are there, and if it can be a plain one of a
   fiber, which an engine watches for: true when an attempt makes sense after
   it. */
static inline __attribute__((always_inline)) bool
pier__plain_await(struct pier_stream *stream, struct pier__task *self)
{
	struct pier__desc *desc = &stream->desc;

	if (!PIER__MOSTLY(!PIER__LOOK(desc->readable)))
		return true;
	if (!PIER__MOSTLY((desc->interest & PIER__IN) != 0)) {
		if (PIER__LOOK(desc->blocks) != 0 || self->sched == NULL ||
			!pier__desc_watch(desc, self))
			return false;
		/* What an engine cannot watch is always ready. */
		if (PIER__LOOK(desc->readable))
			return true;
	}
	desc->reader = self;
	pier__will_look(self, stream, desc->near);
	pier__park_plain(self, "read", desc->fd, pier__plain_until(stream));
	desc->reader = NULL;
	return PIER__MOSTLY(PIER__LOOK(desc->readable)) &&
	       PIER__MOSTLY(atomic_load_explicit(
				    &stream->odd, memory_order_relaxed) == 0);
}

/* One attempt to read: what it gave, counted. */
static inline __attribute__((always_inline)) ssize_t
pier__plain_read(struct pier_stream *stream, struct pier__task *self, void *buf,
	size_t size)
{
	ssize_t n = pier__desc_recv_by(
		self->context.calls, &stream->desc, buf, size);

	if (!PIER__MOSTLY(n > 0))
		return n;
	pier__plain_came(
		stream, n, stream->limits != NULL ? pier__plain_now(self) : 0);
	return n;
}

/* Before a plain wait of self: one attempt to send what it has gathered for this
   stream, if for no other. What is left of it is for pier__before_wait_run(). */
static inline __attribute__((always_inline)) void
pier__plain_flush(struct pier_stream *stream, struct pier__task *self)
{
	struct pier__gather *it = stream->out;
	size_t size;
	ssize_t n;

	if (!PIER__MOSTLY(it != NULL && it->watcher == NULL &&
			  self->before_wait.next == &it->hook.node &&
			  self->before_wait.prev == &it->hook.node &&
			  it->end > it->begin && it->error == 0))
		return;
	if (!PIER__MOSTLY(PIER__LOOK(stream->desc.writable) &&
			  PIER__LOOK(stream->desc.writer) == NULL &&
			  atomic_load_explicit(
				  &stream->odd, memory_order_relaxed) == 0))
		return;
	size = it->end - it->begin;
	n = pier__desc_send_by(
		self->context.calls, &stream->desc, it->data + it->begin, size);
	if (PIER__MOSTLY(n > 0)) {
		pier__plain_moved(stream, self);
		stream->bytes_out += (uint64_t)n;
		it->begin += (uint32_t)n;
	}
	if (PIER__MOSTLY(n == (ssize_t)size))
		pier__gather_sent(it, self->sched);
	else if (n < 0 && n != -EAGAIN && n != -EINTR)
		it->error = (int)n;
}

/* What was read ahead by a fiber is used up, all of it. */
static inline __attribute__((always_inline)) void
pier__plain_used_up(struct pier_stream *stream, struct pier__sched *sched)
{
	if (!PIER__MOSTLY(stream->in_room == PIER__SCRATCH_SIZE &&
			  sched->scratch == NULL)) {
		pier__stream_consume(stream, stream->in_end - stream->in_begin);
		return;
	}
	sched->scratch = stream->in;
	pier__stream_nothing_ahead(stream);
}

/* scratch has the n bytes that were read ahead, or goes back. n. */
static inline __attribute__((always_inline)) ssize_t
pier__plain_lend(struct pier_stream *stream, void *scratch, ssize_t n)
{
	if (!PIER__MOSTLY(n > 0)) {
		pier__scratch_put(scratch);
		return n;
	}
	stream->in = scratch;
	stream->in_begin = 0;
	stream->in_end = (uint32_t)n;
	stream->in_room = PIER__SCRATCH_SIZE;
	return n;
}

/* An attempt to read ahead, where nothing is. Bytes, 0 or an error. */
static inline __attribute__((always_inline)) ssize_t
pier__plain_ahead(struct pier_stream *stream, struct pier__task *self)
{
	void *scratch = pier__scratch_take(self->sched);

	return PIER__MOSTLY(scratch != NULL)
		       ? pier__plain_lend(stream, scratch,
				 pier__plain_read(stream, self, scratch,
					 PIER__SCRATCH_SIZE))
		       : -EAGAIN;
}

/* pier_peek() of one byte, after the short way, which brought n. */
PIER__COLD ssize_t pier__plain_peek_again(struct pier_stream *stream,
	const void **data, size_t min, ssize_t n, pier_deadline deadline);

/* What an attempt that brought nothing means. 0: go the full way; or the error,
   which the kernel tells only once. */
static inline int
pier__plain_failed(const struct pier_stream *stream, ssize_t n)
{
	if (n >= 0 || n == -EAGAIN || n == -EINTR)
		return 0;
	return atomic_load_explicit(&stream->aborted, memory_order_acquire)
		       ? -ECONNABORTED
		       : (int)n;
}

#endif
