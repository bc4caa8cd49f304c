/* SPDX-License-Identifier: MIT */
/*
 * frame/memory_stream.h - for tests: a stream that reads from memory, in pieces
 * of a given size, and writes to memory, as much as there is room for. After each
 * piece it may have nothing more until the test says so: a call then meets its
 * deadline in the middle of a message, without a clock.
 */
#ifndef PIER_FRAME_MEMORY_STREAM_H
#define PIER_FRAME_MEMORY_STREAM_H

#include <errno.h>
#include <string.h>

#include "net/stream.h"

struct memory_stream {
	struct pier_stream stream;
	const unsigned char *in;
	size_t in_size, in_at;
	size_t piece; /* what one read gives at most */
	bool stalls;  /* after each piece, until: */
	bool stalled; /* cleared by the test */
	unsigned char *out;
	size_t out_size, out_room;
	unsigned waits;
};

static inline struct memory_stream *
memory_of(struct pier_stream *stream)
{
	return pier__container_of(stream, struct memory_stream, stream);
}

static inline ssize_t
memory_readv(struct pier_stream *stream, const struct iovec *iov, int count)
{
	struct memory_stream *it = memory_of(stream);
	size_t size = it->in_size - it->in_at;

	(void)count;
	if (it->stalled)
		return -EAGAIN;
	if (size > it->piece)
		size = it->piece;
	if (size > iov->iov_len)
		size = iov->iov_len;
	if (size > 0)
		memcpy(iov->iov_base, it->in + it->in_at, size);
	it->in_at += size;
	it->stalled = it->stalls;
	return (ssize_t)size;
}

static inline ssize_t
memory_writev(struct pier_stream *stream, const struct iovec *iov, int count)
{
	struct memory_stream *it = memory_of(stream);
	size_t done = 0;
	int i;

	for (i = 0; i < count; i++) {
		size_t size = it->out_room - it->out_size;

		if (size > iov[i].iov_len)
			size = iov[i].iov_len;
		if (size > 0)
			memcpy(it->out + it->out_size, iov[i].iov_base, size);
		it->out_size += size;
		done += size;
	}
	return done > 0 ? (ssize_t)done : -EAGAIN;
}

static inline int
memory_shutdown(struct pier_stream *stream, enum pier_half half)
{
	(void)stream;
	(void)half;
	return 0;
}

static inline void
memory_abort(struct pier_stream *stream)
{
	(void)stream;
}

static inline int
memory_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	(void)what;
	(void)why;
	memory_of(stream)->waits++;
	return deadline.ns == 0 ? -EAGAIN : -PIER_EDEADLINE;
}

static inline const char *
memory_describe(const struct pier_stream *stream)
{
	(void)stream;
	return "memory";
}

static inline void
memory_close(struct pier_stream *stream)
{
	(void)stream;
}

static inline void
memory_open(struct memory_stream *it, const void *in, size_t size, size_t piece)
{
	static const struct pier__stream_ops ops = {
		.readv = memory_readv,
		.writev = memory_writev,
		.shutdown = memory_shutdown,
		.abort = memory_abort,
		.wait = memory_wait,
		.describe = memory_describe,
		.close = memory_close,
	};

	memset(it, 0, sizeof(*it));
	pier__stream_init(&it->stream, &ops, NULL, "memory");
	it->in = in;
	it->in_size = size;
	it->piece = piece;
}

#endif
