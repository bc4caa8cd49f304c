/* SPDX-License-Identifier: MIT */
/*
 * net/write.c - writing: straight to the kernel, or gathered.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "net/plain.h"
#include "net/rate.h"

/* Pieces that one call takes at most, as writev(2). */
#define PIECES_MAX 1024
/* What pier_printf() formats without an allocation. */
#define FORMAT_ROOM 512

static ssize_t
gather_send(struct pier__gather *it, const void *buf, size_t size)
{
	struct pier_stream *stream = it->owner;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf,
		.iov_len = size };
	ssize_t n = stream->ops->writev(stream, &iov, 1);

	if (n > 0)
		pier__stream_moved_out(stream, (size_t)n);
	return n;
}

/* The buffer is empty, or will never be sent: it goes, its error stays. */
static int
gather_settle(struct pier_stream *stream)
{
	struct pier__gather *it = stream->out;

	if (it == NULL)
		return stream->write_error;
	if (it->error < 0 && stream->write_error == 0) {
		stream->write_error = it->error;
		pier__stream_set_odd(stream, PIER__ODD_END);
	}
	if (pier__gather_size(it) == 0 || it->error < 0) {
		stream->out = NULL;
		pier__gather_close(it);
	}
	return stream->write_error;
}

int
pier__stream_flush(struct pier_stream *stream, pier_deadline deadline)
{
	int wait = 0;

	if (pier__stream_sends_elsewhere(stream))
		return -EBUSY;
	for (;;) {
		int rc = 0;

		if (stream->out != NULL)
			rc = pier__gather_send(stream->out);
		if (rc != -EAGAIN)
			return gather_settle(stream);
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(stream, PIER__OUT, "write", deadline);
	}
}

/* Drop what went: *iov and *count are what is left. */
static void
advance(struct iovec **iov, int *count, size_t size)
{
	while (*count > 0 && size >= (*iov)->iov_len) {
		size -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + size;
		(*iov)->iov_len -= size;
	}
}

static bool
is_aborted(const struct pier_stream *stream)
{
	return atomic_load_explicit(&stream->aborted, memory_order_acquire);
}

/* What an attempt gave, counted: bytes, -EAGAIN or an error. */
static inline ssize_t
account(struct pier_stream *stream, ssize_t n)
{
	if (n >= 0)
		pier__stream_moved_out(stream, (size_t)n);
	else if (n != -EAGAIN && is_aborted(stream))
		return -ECONNABORTED;
	return n;
}

/* Attempts and waits until something went. */
static ssize_t
some(struct pier_stream *stream, const struct iovec *iov, int count,
	pier_deadline deadline)
{
	int wait = 0;

	for (;;) {
		ssize_t n = account(
			stream, stream->ops->writev(stream, iov, count));

		if (n != -EAGAIN)
			return n;
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(stream, PIER__OUT, "write", deadline);
	}
}

int
pier__stream_write_all(struct pier_stream *stream, struct iovec *iov, int count,
	size_t *done, pier_deadline deadline)
{
	advance(&iov, &count, 0);
	while (count > 0) {
		ssize_t n = some(stream, iov, count, deadline);

		if (n < 0)
			return (int)n;
		*done += (size_t)n;
		advance(&iov, &count, (size_t)n);
	}
	return 0;
}

/* Nothing may come between the bytes of a write that waits. A layer's own
   waits are in both directions, so there it is not known whose one is. */
static inline int
may_write(const struct pier_stream *stream)
{
	if (stream->write_done)
		return -PIER_EDONE;
	if (stream->lower == NULL &&
		pier__desc_busy(stream->out_desc, PIER__OUT))
		return -EBUSY;
	if (pier__stream_sends_elsewhere(stream))
		return -EBUSY;
	return 0;
}

/* Flushes, so that order is kept. */
int
pier__stream_begin_write(struct pier_stream *stream, pier_deadline *deadline)
{
	int rc = pier__stream_enter(stream, PIER__OUT, deadline);

	if (rc == 0)
		rc = may_write(stream);
	if (rc < 0)
		return rc;
	if (stream->out == NULL)
		return stream->write_error;
	return pier__stream_flush(stream, *deadline);
}

ssize_t
pier_write_some(struct pier_stream *stream, const void *buf, size_t size,
	pier_deadline deadline)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf,
		.iov_len = size };
	ssize_t n = pier__stream_begin_write(stream, &deadline);

	if (n == 0 && size > 0)
		n = some(stream, &iov, 1, deadline);
	if (n < 0)
		return pier__stream_fail(stream, (int)n, PIER_STEP_SEND);
	return n;
}

/* What is left of a write of which *done bytes went. */
static int
write_on(struct pier_stream *stream, const void *buf, size_t size, size_t *done,
	pier_deadline deadline)
{
	struct iovec iov = { .iov_base = (char *)(uintptr_t)buf + *done,
		.iov_len = size - *done };

	return pier__stream_write_all(stream, &iov, 1, done, deadline);
}

int
pier__stream_write(struct pier_stream *stream, const void *buf, size_t size,
	size_t *done, pier_deadline deadline)
{
	int rc = pier__stream_begin_write(stream, &deadline);

	return rc == 0 ? write_on(stream, buf, size, done, deadline) : rc;
}

static __attribute__((noinline)) int
write_anew(struct pier_stream *stream, const void *buf, size_t size,
	pier_deadline deadline)
{
	size_t done = 0;
	int rc = pier__stream_write(stream, buf, size, &done, deadline);

	return rc == 0 ? 0
		       : pier__stream_fail_done(
				 stream, rc, PIER_STEP_SEND, done);
}

/* After the short way, of which n came, and whose deadline is none. */
PIER__COLD static int
write_again(struct pier_stream *stream, const void *buf, size_t size, ssize_t n)
{
	size_t done = n > 0 ? (size_t)n : 0;
	int rc = pier__plain_failed(stream, n);

	if (rc == 0)
		rc = write_on(stream, buf, size, &done, PIER_FOREVER);
	return rc == 0 ? 0
		       : pier__stream_fail_done(
				 stream, rc, PIER_STEP_SEND, done);
}

PIER__HOT PIER__AFTER_CALL int
pier_write(struct pier_stream *stream, const void *buf, size_t size,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	struct pier__desc *desc = &stream->desc;
	ssize_t n;

	if (!PIER__MOSTLY(stream->out == NULL && size > 0 &&
			  PIER__LOOK(desc->writable) &&
			  pier__is_plain(stream, self, PIER__LOOK(desc->writer),
				  deadline)))
		return write_anew(stream, buf, size, deadline);
	/* Most writes are taken whole by one attempt. */
	n = pier__desc_send_by(self->context.calls, desc, buf, size);
	if (PIER__MOSTLY(n > 0)) {
		pier__plain_moved(stream, self);
		stream->bytes_out += (uint64_t)n;
	}
	return PIER__MOSTLY(n == (ssize_t)size)
		       ? 0
		       : write_again(stream, buf, size, n);
}

int
pier_writev(struct pier_stream *stream, const struct iovec *iov, int count,
	pier_deadline deadline)
{
	struct iovec *left = NULL;
	size_t done = 0;
	int rc = count < 0 || count > PIECES_MAX
			 ? -EINVAL
			 : pier__stream_begin_write(stream, &deadline);

	if (rc == 0 && count > 0) {
		left = pier__alloc((size_t)count * sizeof(*left));
		if (left == NULL)
			rc = -ENOMEM;
	}
	if (rc == 0 && count > 0) {
		memcpy(left, iov, (size_t)count * sizeof(*left));
		rc = pier__stream_write_all(
			stream, left, count, &done, deadline);
	}
	pier__free(left);
	return rc == 0 ? 0
		       : pier__stream_fail_done(
				 stream, rc, PIER_STEP_SEND, done);
}

/* Gather size bytes; waits for room when more than fit. *done counts. */
static int
gather(struct pier_stream *stream, const char *buf, size_t size, size_t *done,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	int rc = gather_settle(stream);

	if (rc == 0 && stream->out == NULL && size > 0)
		rc = pier__gather_open(&stream->out,
			pier__stream_base(stream)->out_desc, gather_send,
			stream);
	while (rc == 0 && *done < size) {
		ssize_t n = pier__gather_add(
			stream->out, self, buf + *done, size - *done);

		if (n < 0)
			return (int)n;
		*done += (size_t)n;
		if (*done == size)
			return 0;
		rc = pier__stream_flush(stream, deadline);
		if (rc == 0 && stream->out == NULL)
			rc = pier__gather_open(&stream->out,
				pier__stream_base(stream)->out_desc,
				gather_send, stream);
	}
	return rc;
}

int
pier__stream_begin_gather(struct pier_stream *stream, pier_deadline *deadline)
{
	int rc = pier__stream_enter(stream, PIER__OUT, deadline);

	if (rc == 0)
		rc = may_write(stream);
	if (rc < 0)
		return rc;
	return stream->out != NULL && stream->out->error < 0
		       ? gather_settle(stream)
		       : stream->write_error;
}

int
pier__stream_room(struct pier_stream *stream, size_t size, unsigned char **out,
	pier_deadline deadline)
{
	for (;;) {
		int rc = 0;

		if (stream->out == NULL)
			rc = pier__gather_open(&stream->out,
				pier__stream_base(stream)->out_desc,
				gather_send, stream);
		if (rc == 0)
			rc = pier__gather_room(stream->out, size, out);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		rc = pier__stream_flush(stream, deadline);
		if (rc < 0)
			return rc;
	}
}

__attribute__((format(printf, 4, 0))) static int
format(char **out, char *room, size_t size, const char *text, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(room, size, text, args);
	*out = room;
	if (n >= 0 && (size_t)n >= size) {
		*out = pier__alloc((size_t)n + 1);
		if (*out != NULL)
			(void)vsnprintf(*out, (size_t)n + 1, text, again);
		else
			n = -ENOMEM;
	} else if (n < 0) {
		n = -EINVAL;
	}
	va_end(again);
	return n;
}

int
pier_printf(struct pier_stream *stream, const char *text, ...)
{
	pier_deadline deadline = PIER_DEFAULT;
	char room[FORMAT_ROOM];
	char *line = room;
	size_t done = 0;
	va_list args;
	int n;
	int rc = pier__stream_enter(stream, PIER__OUT, &deadline);

	if (rc == 0)
		rc = may_write(stream);
	if (rc < 0)
		return pier__stream_fail(stream, rc, PIER_STEP_SEND);
	va_start(args, text);
	n = format(&line, room, sizeof(room), text, args);
	va_end(args);
	/* No event sends on what waits for its rate. */
	if (n < 0)
		rc = n;
	else if (pier__rate_holds_writes(stream))
		rc = pier__stream_write(
			stream, line, (size_t)n, &done, deadline);
	else
		rc = gather(stream, line, (size_t)n, &done, deadline);
	if (line != room)
		pier__free(line);
	return rc == 0 ? n
		       : pier__stream_fail_done(
				 stream, rc, PIER_STEP_SEND, done);
}

int
pier_flush(struct pier_stream *stream, pier_deadline deadline)
{
	int rc = pier__stream_enter(stream, PIER__OUT, &deadline);

	if (rc == 0)
		rc = pier__stream_flush(stream, deadline);
	return rc == 0 ? 0 : pier__stream_fail(stream, rc, PIER_STEP_SEND);
}
