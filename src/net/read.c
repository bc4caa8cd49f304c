/* SPDX-License-Identifier: MIT */
/*
 * net/read.c - reading: what there is, exactly so much, a line, a look ahead.
 *
 * Reading ahead goes into a large scratch buffer that is shared by all who
 * read on one thread: a stream takes it when there is something to read, and
 * gives it back when nothing is left. Should it have to wait with a part of a
 * message, it keeps a buffer of just that size. So a stream that waits for the
 * next message holds no buffer at all.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "io/scratch.h"
#include "net/block.h"
#include "net/plain.h"

/* The smallest buffer that keeps a part of a message. */
#define PART_MIN 256

static_assert(PIER__SCRATCH_SIZE == PIER__AHEAD_MAX, "what is read ahead fits");

PIER__HOT void
pier__stream_consume(struct pier_stream *stream, size_t size)
{
	stream->in_begin += (uint32_t)size;
	if (stream->in_begin < stream->in_end || stream->in == NULL)
		return;
	if (stream->in_room == PIER__SCRATCH_SIZE)
		pier__scratch_put(stream->in);
	else
		pier__free(stream->in);
	pier__stream_nothing_ahead(stream);
}

/* Before what is there, in a new buffer. */
static int
put_before(struct pier_stream *stream, const void *data, size_t size)
{
	size_t have = stream->in_end - stream->in_begin;
	unsigned char *both;

	/* One of the size of a scratch buffer would be taken for one. */
	if (size + have >= PIER__SCRATCH_SIZE)
		return -ENOBUFS;
	both = pier__alloc(size + have);
	if (both == NULL)
		return -ENOMEM;
	memcpy(both, data, size);
	memcpy(both + size, stream->in + stream->in_begin, have);
	pier__stream_consume(stream, have);
	stream->in = both;
	stream->in_end = (uint32_t)(size + have);
	stream->in_room = stream->in_end;
	return 0;
}

int
pier__stream_unread(struct pier_stream *stream, const void *data, size_t size,
	unsigned char *spare, size_t spare_size)
{
	if (stream->in == NULL) {
		if (data != spare)
			memcpy(spare, data, size);
		stream->in = spare;
		stream->in_begin = 0;
		stream->in_end = (uint32_t)size;
		stream->in_room = (uint32_t)spare_size;
		return 1;
	}
	if (stream->in_begin < size)
		return put_before(stream, data, size);
	stream->in_begin -= (uint32_t)size;
	memcpy(stream->in + stream->in_begin, data, size);
	return 0;
}

/* Room to read ahead: the bytes that are there move to the scratch buffer. */
PIER__HOT static int
expand(struct pier_stream *stream)
{
	size_t have = stream->in_end - stream->in_begin;
	unsigned char *scratch;

	if (stream->in_room == PIER__SCRATCH_SIZE) {
		if (stream->in_begin > 0)
			memmove(stream->in, stream->in + stream->in_begin,
				have);
	} else {
		scratch = pier__scratch_get();
		if (scratch == NULL)
			return -ENOMEM;
		if (have > 0)
			memcpy(scratch, stream->in + stream->in_begin, have);
		if (stream->in != NULL)
			pier__free(stream->in);
		stream->in = scratch;
		stream->in_room = PIER__SCRATCH_SIZE;
	}
	stream->in_begin = 0;
	stream->in_end = (uint32_t)have;
	return 0;
}

/* Before a wait: nothing, or a buffer of the size of what is there. */
PIER__HOT static int
shrink(struct pier_stream *stream)
{
	size_t have = stream->in_end - stream->in_begin;
	size_t room = PART_MIN;
	unsigned char *part;

	if (have == 0) {
		pier__stream_consume(stream, 0);
		return 0;
	}
	if (stream->in_room != PIER__SCRATCH_SIZE)
		return 0;
	while (room < have)
		room *= 2;
	/* Little or nothing would be won. */
	if (room > PIER__SCRATCH_SIZE / 2)
		return 0;
	part = pier__alloc(room);
	if (part == NULL)
		return -ENOMEM;
	memcpy(part, stream->in + stream->in_begin, have);
	pier__scratch_put(stream->in);
	stream->in = part;
	stream->in_room = (uint32_t)room;
	stream->in_begin = 0;
	stream->in_end = (uint32_t)have;
	return 0;
}

/* No first byte will come: what limits the wait for it is over. */
__attribute__((noinline, cold)) static void
note_end(struct pier_stream *stream)
{
	stream->at_end = true;
	if (stream->limits != NULL)
		PIER__NOTE(stream->limits->first_byte_at, INT64_MAX);
}

/* What an attempt that gave n means. */
static inline __attribute__((always_inline)) ssize_t
outcome(struct pier_stream *stream, ssize_t n)
{
	if (n > 0)
		pier__stream_moved_in(stream, (size_t)n);
	else if (n != -EAGAIN &&
		 atomic_load_explicit(&stream->aborted, memory_order_acquire))
		return -ECONNABORTED;
	else if (n == 0)
		note_end(stream);
	return n;
}

/* One attempt into [buf, size): bytes, 0 at the end, -EAGAIN or an error. */
static inline __attribute__((always_inline)) ssize_t
attempt(struct pier_stream *stream, void *buf, size_t size)
{
	if (PIER__LOOK(stream->read_done))
		return -PIER_EDONE;
	return outcome(stream, pier__stream_try_read(stream, buf, size));
}

/* The same, which waits for a moment if that is for this task. */
static __attribute__((noinline)) ssize_t
attempt_blocking(struct pier_stream *stream, void *buf, size_t size,
	const char *why, pier_deadline deadline)
{
	ssize_t n = pier__block_recv(stream, buf, size, why, deadline);

	/* Shut down meanwhile by another thread, which looks like an end. */
	if (n == 0 && PIER__LOOK(stream->read_done))
		return -PIER_EDONE;
	return outcome(stream, n);
}

/* Attempts and waits until something came; `blocks`: the first may block. */
static inline __attribute__((always_inline)) ssize_t
some(struct pier_stream *stream, void *buf, size_t size, bool blocks,
	const char *why, pier_deadline deadline)
{
	int wait = 0;

	for (;;) {
		ssize_t n = attempt(stream, buf, size);

		if (n == -EAGAIN && blocks && wait == 0 &&
			pier__block_may(stream))
			n = attempt_blocking(stream, buf, size, why, deadline);
		/* After a wait that failed there is one more attempt: a result
		   that is there wins. */
		if (n != -EAGAIN)
			return n;
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(stream, PIER__IN, why, deadline);
	}
}

/* One attempt to read ahead, or where `blocks` and nothing is there two. The
   buffer goes back when they brought nothing. */
static inline __attribute__((always_inline)) ssize_t
read_ahead(struct pier_stream *stream, bool blocks, const char *why,
	pier_deadline deadline)
{
	unsigned char *at;
	size_t room;
	ssize_t n;
	int rc;

	/* Known to be drained: no buffer to hear it again. */
	if (stream->in == NULL && stream->desc.fd >= 0 &&
		!PIER__LOOK(stream->desc.readable) && !blocks)
		return -EAGAIN;
	rc = expand(stream);
	if (rc < 0)
		return rc;
	at = stream->in + stream->in_end;
	room = stream->in_room - stream->in_end;
	n = attempt(stream, at, room);
	if (n == -EAGAIN && blocks)
		n = attempt_blocking(stream, at, room, why, deadline);
	if (n > 0) {
		stream->in_end += (uint32_t)n;
		return n;
	}
	rc = shrink(stream);
	return rc < 0 ? rc : n;
}

static inline __attribute__((always_inline)) int
fill(struct pier_stream *stream, size_t want, bool blocks, const char *why,
	pier_deadline deadline)
{
	int wait = 0;

	while (stream->in_end - stream->in_begin < want) {
		ssize_t n = read_ahead(stream,
			blocks && wait == 0 && pier__block_may(stream), why,
			deadline);

		if (n > 0)
			continue;
		if (n != -EAGAIN)
			return (int)n;
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(stream, PIER__IN, why, deadline);
	}
	return 1;
}

int
pier__stream_fill(struct pier_stream *stream, size_t want, const char *why,
	pier_deadline deadline)
{
	return fill(stream, want, true, why, deadline);
}

static size_t
take_buffered(struct pier_stream *stream, void *buf, size_t size)
{
	size_t have = stream->in_end - stream->in_begin;

	if (size > have)
		size = have;
	if (size > 0) {
		memcpy(buf, stream->in + stream->in_begin, size);
		pier__stream_consume(stream, size);
	}
	return size;
}

/* What every read begins with. A layer's own waits are in both directions, so
   there it is not known whose one is. */
static inline __attribute__((always_inline)) int
begin(struct pier_stream *stream, pier_deadline *deadline)
{
	int rc = pier__stream_enter(stream, PIER__IN, deadline);

	if (rc < 0)
		return rc;
	if (PIER__LOOK(stream->read_done))
		return -PIER_EDONE;
	if (stream->lower == NULL && pier__desc_busy(&stream->desc, PIER__IN))
		return -EBUSY;
	return 0;
}

int
pier__stream_begin_read(struct pier_stream *stream, pier_deadline *deadline)
{
	return begin(stream, deadline);
}

ssize_t
pier__stream_read_some(struct pier_stream *stream, void *buf, size_t size,
	const char *why, pier_deadline deadline)
{
	return some(stream, buf, size, true, why, deadline);
}

/* The same after the short way, which brought n. What was waited so far is part
   of the same call. */
static int
begin_again(struct pier_stream *stream, pier_deadline *deadline, ssize_t n)
{
	struct pier__task *self = pier__current;
	int64_t first_wait = self->first_wait;
	int rc = pier__plain_failed(stream, n);

	if (rc == 0)
		rc = begin(stream, deadline);
	self->first_wait = first_wait;
	return rc;
}

/* The short way, which brought n, met the end, and nobody aborted or shut down
   meanwhile, which would look like one: the kernel need not say it again. */
static inline bool
is_plain_end(struct pier_stream *stream, ssize_t n)
{
	if (n != 0 ||
		atomic_load_explicit(&stream->odd, memory_order_acquire) != 0)
		return false;
	note_end(stream);
	return true;
}

/* rc: how it began. */
static __attribute__((noinline)) ssize_t
read_full_way(struct pier_stream *stream, void *buf, size_t size, int rc,
	bool blocks, pier_deadline deadline)
{
	ssize_t n = rc;

	if (n == 0 && size > 0)
		n = stream->in != NULL
			    ? (ssize_t)take_buffered(stream, buf, size)
			    : some(stream, buf, size, blocks, "read", deadline);
	return n >= 0 ? n
		      : pier__stream_fail(stream, (int)n, PIER_STEP_RECEIVE);
}

/* Is it this fiber's by this, its first use? */
static inline bool
becomes_own(struct pier_stream *stream)
{
	struct pier__task *self = pier__current;

	return stream->desc.owner == NULL && self != NULL &&
	       self->sched != NULL && stream->ops == &pier__fd_ops &&
	       pier__desc_claim(&stream->desc, self) == 0;
}

static __attribute__((noinline)) ssize_t
read_anew(struct pier_stream *stream, void *buf, size_t size,
	pier_deadline deadline)
{
	int rc;

	if (becomes_own(stream))
		return pier_read(stream, buf, size, deadline);
	rc = begin(stream, &deadline);
	return read_full_way(stream, buf, size, rc, true, deadline);
}

PIER__COLD static ssize_t
read_again(struct pier_stream *stream, void *buf, size_t size, ssize_t n,
	pier_deadline deadline)
{
	int rc;

	if (is_plain_end(stream, n))
		return 0;
	rc = begin_again(stream, &deadline, n);
	return read_full_way(stream, buf, size, rc, n != -EINTR, deadline);
}

PIER__HOT PIER__AFTER_CALL ssize_t
pier_read(struct pier_stream *stream, void *buf, size_t size,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	ssize_t n = -EAGAIN;

	if (!PIER__MOSTLY(stream->in == NULL && size > 0 &&
			  pier__is_plain(stream, self,
				  PIER__LOOK(stream->desc.reader), deadline)))
		return read_anew(stream, buf, size, deadline);
	if (PIER__MOSTLY(pier__plain_await(stream, self)))
		n = pier__plain_read(stream, self, buf, size);
	else if (PIER__LOOK(stream->desc.blocks) == 1)
		n = pier__block_plain(stream, self, buf, size);
	if (PIER__MOSTLY(n > 0))
		return n;
	return read_again(stream, buf, size, n, deadline);
}

ssize_t
pier_read_full(struct pier_stream *stream, void *buf, size_t size,
	pier_deadline deadline)
{
	size_t done = 0;
	ssize_t n = begin(stream, &deadline);

	if (n == 0)
		done = take_buffered(stream, buf, size);
	while (n >= 0 && done < size) {
		n = some(stream, (char *)buf + done, size - done, true, "read",
			deadline);
		if (n == 0)
			n = -PIER_EEND;
		if (n > 0)
			done += (size_t)n;
	}
	if (n < 0)
		return pier__stream_fail_done(
			stream, (int)n, PIER_STEP_RECEIVE, done);
	return (ssize_t)size;
}

/* The first byte that was read ahead; with no buffer there is none, and the
   pointer is only there to be a pointer. */
static const unsigned char *
ahead(const struct pier_stream *stream)
{
	static const unsigned char nothing[1];

	return stream->in != NULL ? stream->in + stream->in_begin : nothing;
}

/* A line in `in`: its length with the newline; 0: the end, nothing left; the
   rest when the end came without a newline; or an error. */
static ssize_t
find_line(struct pier_stream *stream, size_t max, pier_deadline deadline)
{
	size_t looked = 0;

	for (;;) {
		size_t have = stream->in_end - stream->in_begin;
		const unsigned char *at = ahead(stream);
		const unsigned char *newline =
			have > looked ? memchr(at + looked, '\n', have - looked)
				      : NULL;
		int rc;

		/* As much as there is room for may be the last line, which the
		   next byte or the end will tell. */
		if (newline != NULL)
			have = (size_t)(newline - at) + 1;
		if (have > max)
			return -EMSGSIZE;
		if (newline != NULL)
			return (ssize_t)have;
		looked = have;
		rc = pier__stream_fill(stream, have + 1, "read", deadline);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return (ssize_t)have;
	}
}

ssize_t
pier_read_line(struct pier_stream *stream, char *buf, size_t size,
	pier_deadline deadline)
{
	ssize_t n = begin(stream, &deadline);
	size_t max = size == 0 ? 0 : size - 1;

	if (max > PIER__READ_AHEAD)
		max = PIER__READ_AHEAD;
	if (n == 0)
		n = max == 0 ? -EMSGSIZE : find_line(stream, max, deadline);
	if (n < 0)
		return pier__stream_fail(stream, (int)n, PIER_STEP_RECEIVE);
	(void)take_buffered(stream, buf, (size_t)n);
	buf[n] = '\0';
	return n;
}

static __attribute__((noinline)) ssize_t
peek_full_way(struct pier_stream *stream, const void **data, size_t min, int rc,
	bool blocks, pier_deadline deadline)
{
	if (rc == 0 && min > PIER__READ_AHEAD)
		rc = -EMSGSIZE;
	if (rc == 0)
		rc = fill(stream, min > 0 ? min : 1, blocks, "read", deadline);
	if (rc < 0)
		return pier__stream_fail(stream, rc, PIER_STEP_RECEIVE);
	*data = ahead(stream);
	return (ssize_t)(stream->in_end - stream->in_begin);
}

PIER__HOT static __attribute__((noinline)) ssize_t
peek_anew(struct pier_stream *stream, const void **data, size_t min,
	pier_deadline deadline)
{
	int rc;

	if (becomes_own(stream))
		return pier_peek(stream, data, min, deadline);
	rc = begin(stream, &deadline);
	return peek_full_way(stream, data, min, rc, true, deadline);
}

ssize_t
pier__plain_peek_again(struct pier_stream *stream, const void **data,
	size_t min, ssize_t n, pier_deadline deadline)
{
	int rc;

	if (is_plain_end(stream, n)) {
		*data = ahead(stream);
		return 0;
	}
	rc = begin_again(stream, &deadline, n);
	return peek_full_way(stream, data, min, rc, n != -EINTR, deadline);
}

/* The same as pier__plain_ahead(), which waits for it in the call. */
static inline __attribute__((always_inline)) ssize_t
blocking_ahead(struct pier_stream *stream, struct pier__task *self)
{
	void *scratch = pier__scratch_take(self->sched);

	return PIER__MOSTLY(scratch != NULL)
		       ? pier__plain_lend(stream, scratch,
				 pier__block_plain(stream, self, scratch,
					 PIER__SCRATCH_SIZE))
		       : -EAGAIN;
}

PIER__HOT PIER__AFTER_CALL ssize_t
pier_peek(struct pier_stream *stream, const void **data, size_t min,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	ssize_t n = -EAGAIN;

	if (!PIER__MOSTLY(stream->in == NULL && min <= 1 &&
			  pier__is_plain(stream, self,
				  PIER__LOOK(stream->desc.reader), deadline)))
		return peek_anew(stream, data, min, deadline);
	if (PIER__MOSTLY(pier__plain_await(stream, self)))
		n = pier__plain_ahead(stream, self);
	else if (PIER__LOOK(stream->desc.blocks) == 1)
		n = blocking_ahead(stream, self);
	if (!PIER__MOSTLY(n > 0))
		return pier__plain_peek_again(stream, data, min, n, deadline);
	*data = stream->in;
	return n;
}

PIER__HOT int
pier_take(struct pier_stream *stream, size_t size)
{
	size_t have = stream->in_end - stream->in_begin;

	if (PIER__MOSTLY(size == have &&
			 stream->in_room == PIER__SCRATCH_SIZE &&
			 pier__scratch_keep(stream->in))) {
		pier__stream_nothing_ahead(stream);
		return 0;
	}
	if (size > have)
		return pier__stream_refuse(stream, -EINVAL, PIER_STEP_RECEIVE);
	if (size > 0)
		pier__stream_consume(stream, size);
	return 0;
}
