/* SPDX-License-Identifier: MIT */
/*
 * net/send_file.c - a file over a stream: by the kernel where it can, else read
 * and written.
 *
 * The socket is marked as being written for as long as it takes, so that
 * nothing comes between the bytes while others have their turn.
 */
#include <errno.h>
#include <fcntl.h>

#include <pier/file.h>

#include "net/block.h"
#include "net/rate.h"

/* What goes between two looks at the clock and at other tasks. */
#define TURN_SIZE ((size_t)1 << 20)
/* What is read at a time where the kernel does not move it. */
#define PIECE_SIZE 65536

struct sending {
	struct pier_stream *stream;
	struct pier__desc *desc; /* to write to; NULL: below a layer */
	int fd;
	bool by_kernel;
	enum pier_step step; /* what failed */
	int64_t offset;
	uint64_t left;
	size_t done;
	unsigned char *piece; /* PIECE_SIZE bytes, once they are needed */
	pier_deadline deadline;
};

/* sendfile(2) has no MSG_DONTWAIT: on a blocking socket it would wait. */
static bool
takes_sendfile(struct pier_stream *stream)
{
	int flags;

	if (stream->ops != &pier__fd_ops ||
		stream->desc.kind == PIER__DESC_FILE)
		return false;
	(void)pier__block_end(&stream->desc);
	flags = pier__calls()->getfl(stream->desc.fd);
	return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

static size_t
at_most(const struct sending *it, size_t size)
{
	return it->left < size ? (size_t)it->left : size;
}

static void
went(struct sending *it, size_t size)
{
	it->done += size;
	it->offset += (int64_t)size;
	it->left -= size;
}

/* Attempts and waits until the kernel has moved something: how much, 0 at the
   end of the file, or an error. */
static ssize_t
send_by_kernel(struct sending *it)
{
	struct pier_stream *stream = it->stream;
	int wait = 0;

	for (;;) {
		ssize_t n = pier__desc_note_write(
			it->desc, pier__calls()->sendfile(it->desc->fd, it->fd,
					  it->offset, at_most(it, TURN_SIZE)));

		if (n >= 0) {
			pier__stream_moved_out(stream, (size_t)n);
			went(it, (size_t)n);
			return n;
		}
		if (n == -EINTR)
			continue;
		if (n != -EAGAIN)
			return atomic_load_explicit(
				       &stream->aborted, memory_order_acquire)
				       ? -ECONNABORTED
				       : n;
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(
			stream, PIER__OUT, "send file", it->deadline);
	}
}

/* The same by a buffer. What was read and did not go is read again. */
static ssize_t
send_by_hand(struct sending *it)
{
	struct iovec iov;
	size_t size = 0;
	ssize_t n;
	int rc;

	if (it->piece == NULL)
		it->piece = pier__alloc(PIECE_SIZE);
	if (it->piece == NULL)
		return -ENOMEM;
	do {
		n = pier__calls()->pread(
			it->fd, it->piece, at_most(it, PIECE_SIZE), it->offset);
	} while (n == -EINTR);
	if (n < 0)
		it->step = PIER_STEP_RECEIVE;
	if (n <= 0)
		return n;
	iov = (struct iovec){ .iov_base = it->piece, .iov_len = (size_t)n };
	rc = pier__stream_write_all(it->stream, &iov, 1, &size, it->deadline);
	went(it, size);
	return rc < 0 ? rc : n;
}

/* A peer that takes everything at once must not make a deadline late, nor
   other tasks wait. */
static int
take_turns(struct sending *it)
{
	struct pier__task *self = pier__current;
	int rc;

	if (it->deadline.ns > 0 && pier_now() >= it->deadline.ns)
		return -PIER_EDEADLINE;
	if (self->sched == NULL || it->desc == NULL)
		return 0;
	rc = pier__desc_mark(it->desc, PIER__OUT, self);
	if (rc < 0)
		return rc;
	/* Cancelled: what need not wait still works. */
	(void)pier_yield();
	pier__desc_unmark(it->desc, PIER__OUT, self);
	return 0;
}

static ssize_t
send_some(struct sending *it)
{
	ssize_t n;

	/* A rate may be set between two turns. */
	if (!it->by_kernel || it->desc == NULL ||
		pier__rate_holds_writes(it->stream))
		return send_by_hand(it);
	n = send_by_kernel(it);
	if (n != -EINVAL && n != -ENOSYS && n != -EOVERFLOW)
		return n;
	it->by_kernel = false;
	return send_by_hand(it);
}

static int
send_all(struct sending *it)
{
	size_t since = 0;

	while (it->left > 0) {
		ssize_t n = send_some(it);
		int rc;

		if (n <= 0)
			return (int)n;
		since += (size_t)n;
		if (since < TURN_SIZE)
			continue;
		since = 0;
		rc = take_turns(it);
		if (rc < 0)
			return rc;
	}
	return 0;
}

ssize_t
pier_send_file(struct pier_stream *stream, int fd, int64_t offset, int64_t size,
	pier_deadline deadline)
{
	struct sending it = { .stream = stream,
		.fd = fd,
		.step = PIER_STEP_SEND,
		.offset = offset,
		.left = size < 0 ? INT64_MAX : (uint64_t)size };
	int rc = offset < 0 ? -EINVAL
			    : pier__stream_begin_write(stream, &deadline);

	if (rc == 0) {
		it.desc = stream->lower == NULL ? stream->out_desc : NULL;
		it.deadline = deadline;
		it.by_kernel = takes_sendfile(stream);
		rc = send_all(&it);
	}
	pier__free(it.piece);
	return rc == 0 ? (ssize_t)it.done
		       : pier__stream_fail_done(stream, rc, it.step, it.done);
}
