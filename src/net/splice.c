/* SPDX-License-Identifier: MIT */
/* net/splice.c - see splice.h. */
#include "net/splice.h"

#include <errno.h>
#include <fcntl.h>

#include "io/scratch.h"
#include "net/block.h"
#include "os/machine.h"

/* From here on a piece is large. */
#define LARGE 8192
/* So many more large ones than small ones open the pipe. */
#define SCORE_MAX 8
/* An empty pipe is kept for so long. */
#define REST_NS INT64_C(1000000000)

static bool
is_plain(const struct pier_stream *stream)
{
	return stream->ops == &pier__fd_ops && !stream->layered &&
	       (stream->desc.kind == PIER__DESC_TCP ||
		       (stream->desc.kind == PIER__DESC_SOCKET &&
			       stream->family == AF_UNIX));
}

/* Of a socket that is not, splice waits. One that only blocks for pier's own
   receives ceases to. */
static bool
is_nonblocking(const struct pier_stream *stream)
{
	struct pier__desc *desc = &pier__stream_base(stream)->desc;
	int flags;

	(void)pier__block_end(desc);
	flags = pier__calls()->getfl(desc->fd);
	return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

void
pier__splice_note(struct pier__splice *it, size_t size)
{
	if (size >= LARGE && it->score < SCORE_MAX)
		it->score++;
	else if (size < LARGE && it->score > 0)
		it->score--;
}

static void
shut(struct pier__splice *it)
{
	if (!it->open)
		return;
	it->open = false;
	pier__close(it->pipe[0]);
	pier__close(it->pipe[1]);
	pier__free(it->spare);
	it->spare = NULL;
}

/* Numbers are given from the lowest: one beyond half the limit tells that the
   others are needed for connections. */
static bool
are_descriptors_rare(const struct pier__splice *it)
{
	return it->pipe[1] >= pier__machine_descriptors() / 2;
}

/* False: go on copying, and try again after as many large pieces. */
static bool
open_pipe(struct pier__splice *it, const struct pier_stream *from,
	const struct pier_stream *to)
{
	it->score = 0;
	if (!is_nonblocking(from) || !is_nonblocking(to)) {
		it->refused = true;
		return false;
	}
	it->spare = pier__alloc_lines(PIER__SCRATCH_SIZE);
	if (it->spare == NULL)
		return false;
	if (pier__calls()->pipe(it->pipe) < 0) {
		pier__free(it->spare);
		it->spare = NULL;
		return false;
	}
	it->open = true;
	if (are_descriptors_rare(it)) {
		shut(it);
		return false;
	}
	it->score = SCORE_MAX;
	it->used_ns = pier_now();
	return true;
}

/* Is the next piece one for the pipe? */
static bool
is_ready(struct pier__splice *it, const struct pier_stream *from,
	const struct pier_stream *to)
{
	if (it->score == 0)
		shut(it);
	if (it->refused || (!it->open && it->score < SCORE_MAX))
		return false;
	if (!is_plain(from) || !is_plain(to) || from->in != NULL)
		return false;
	/* Those who copy say why not. */
	if (PIER__LOOK(from->read_done) ||
		pier__desc_busy(&from->desc, PIER__IN))
		return false;
	if (!PIER__LOOK(from->desc.readable))
		return false;
	return it->open || open_pipe(it, from, to);
}

/* Tried again at a signal. */
static ssize_t
splice_on(int from, int to, size_t size)
{
	ssize_t n;

	do {
		n = pier__calls()->splice(from, to, size);
	} while (n == -EINTR);
	return n;
}

/* Nothing came. Before an urgent mark that is so for ever, until a recv has
   skipped it; an engine that goes on watching hints at it. */
static void
note_drained(struct pier_stream *from)
{
	struct pier__desc *desc = &from->desc;

	if ((desc->interest & PIER__IN) != 0 && !PIER__LOOK(desc->hinted))
		PIER__NOTE(desc->readable, false);
}

/* Does this error mean that copying goes on where splice does not? */
static bool
is_refusal(ssize_t n)
{
	return n == -EINVAL || n == -ENOSYS || n == -EOPNOTSUPP || n == -ENOMEM;
}

static bool
is_aborted(const struct pier_stream *stream)
{
	return atomic_load_explicit(&stream->aborted, memory_order_acquire);
}

ssize_t
pier__splice_fill(struct pier__splice *it, struct pier_stream *from,
	const struct pier_stream *to, size_t max)
{
	pier_deadline now = PIER_NOW;
	ssize_t n;

	if (it->held > 0)
		return (ssize_t)it->held;
	if (!is_ready(it, from, to) ||
		pier__stream_enter(from, PIER__IN, &now) < 0)
		return 0;
	if (max > PIER__SCRATCH_SIZE)
		max = PIER__SCRATCH_SIZE;
	n = splice_on(from->desc.fd, it->pipe[1], max);
	if (n > 0) {
		it->held = (size_t)n;
		it->used_ns = pier_now();
		pier__stream_moved_in(from, (size_t)n);
		pier__splice_note(it, (size_t)n);
		return n;
	}
	if (is_refusal(n)) {
		it->refused = true;
		shut(it);
		return 0;
	}
	/* The end is told again to a recv, an error is not. */
	if (n == -EAGAIN)
		note_drained(from);
	if (n == 0 || n == -EAGAIN)
		return 0;
	return is_aborted(from) ? -ECONNABORTED : n;
}

ssize_t
pier__splice_drain(struct pier__splice *it, struct pier_stream *from,
	struct pier_stream *to)
{
	pier_deadline now = PIER_NOW;
	ssize_t n;

	/* A rate may have been set since. */
	if (!is_plain(to))
		return pier__splice_spill(it, from);
	n = pier__stream_begin_write(to, &now);
	if (n == 0)
		n = pier__desc_note_write(to->out_desc,
			splice_on(it->pipe[0], to->out_desc->fd, it->held));
	if (n > 0) {
		it->held -= (size_t)n;
		pier__stream_moved_out(to, (size_t)n);
		return n;
	}
	if (is_refusal(n)) {
		it->refused = true;
		return pier__splice_close(it, from);
	}
	return n != -EAGAIN && is_aborted(to) ? -ECONNABORTED : n;
}

/* All that it holds into spare. 0 or an error. */
static int
read_back(const struct pier__splice *it)
{
	size_t done = 0;

	while (done < it->held) {
		ssize_t n = pier__calls()->read(
			it->pipe[0], it->spare + done, it->held - done);

		if (n == 0)
			return -EIO;
		if (n < 0 && n != -EINTR)
			return (int)n;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

int
pier__splice_spill(struct pier__splice *it, struct pier_stream *from)
{
	int rc;

	if (it->held == 0)
		return 0;
	rc = read_back(it);
	if (rc == 0)
		rc = pier__stream_unread(from, it->spare, it->held, it->spare,
			PIER__SCRATCH_SIZE);
	it->held = 0;
	/* Its room is the stream's now; the next pipe gets another one. */
	if (rc == 1)
		it->spare = NULL;
	shut(it);
	it->score = 0;
	return rc < 0 ? rc : 0;
}

int
pier__splice_close(struct pier__splice *it, struct pier_stream *from)
{
	int rc = pier__splice_spill(it, from);

	shut(it);
	return rc;
}

pier_deadline
pier__splice_rests_at(const struct pier__splice *it)
{
	return it->open && it->held == 0
		       ? pier_deadline_at(it->used_ns + REST_NS)
		       : PIER_FOREVER;
}

void
pier__splice_rest(struct pier__splice *it)
{
	if (it->open && it->held == 0 && pier_now() >= it->used_ns + REST_NS) {
		shut(it);
		it->score = 0;
	}
}
