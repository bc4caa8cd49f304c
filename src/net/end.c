/* SPDX-License-Identifier: MIT */
/*
 * net/end.c - the ways a stream ends: half-close, drain, the wait for the
 * peer's end, close, abort.
 */
#include <errno.h>
#include <netinet/tcp.h>

#include "net/bt.h"
#include "net/stream.h"

/* Nothing tells when the peer has acknowledged: drain asks at growing
   intervals, which is at most a tenth more than the truth. */
#define DRAIN_FIRST_NS INT64_C(200000)
#define DRAIN_MAX_NS   INT64_C(50000000)

static int
half_close(
	struct pier_stream *stream, enum pier_half half, pier_deadline deadline)
{
	int rc;

	for (;;) {
		rc = stream->ops->shutdown(stream, half);
		if (rc != -EAGAIN)
			break;
		rc = pier__stream_wait(stream, PIER__OUT, "write", deadline);
		if (rc < 0)
			return rc;
	}
	/* The connection is gone altogether: this half is closed too. */
	return rc == -ENOTCONN ? 0 : rc;
}

static int
shutdown_writing(struct pier_stream *stream, pier_deadline deadline)
{
	int rc;

	if (stream->write_done)
		return 0;
	/* Not in the middle of what another task writes. */
	if (stream->lower == NULL &&
		pier__desc_busy(stream->out_desc, PIER__OUT))
		return -EBUSY;
	rc = pier__stream_flush(stream, deadline);
	if (rc == 0)
		rc = half_close(stream,
			stream->whole ? PIER_BOTH : PIER_WRITING, deadline);
	if (rc == 0) {
		stream->write_done = true;
		pier__stream_set_odd(stream, PIER__ODD_END);
	}
	return rc;
}

static int
shutdown_reading(struct pier_stream *stream, pier_deadline deadline)
{
	int rc;

	if (stream->read_done)
		return 0;
	/* First: a task that waits to read is woken, of a socket by the kernel,
	   and finds this. */
	PIER__NOTE(stream->read_done, true);
	pier__stream_set_odd(stream, PIER__ODD_END);
	rc = half_close(stream, PIER_READING, deadline);
	if (rc < 0) {
		PIER__NOTE(stream->read_done, false);
		return rc;
	}
	/* What was read ahead is given up with the half that it came by. */
	pier__stream_consume(stream, stream->in_end - stream->in_begin);
	if (stream->lower == NULL)
		pier__desc_retry(&stream->desc, PIER__IN);
	return 0;
}

int
pier_shutdown(
	struct pier_stream *stream, enum pier_half half, pier_deadline deadline)
{
	int rc = pier__stream_enter(stream, PIER__OUT, &deadline);

	if (rc == 0 && stream->whole && half != PIER_BOTH &&
		!(stream->write_done || stream->read_done))
		rc = -ENOTSUP;
	if (rc == 0 && (half & PIER_WRITING) != 0)
		rc = shutdown_writing(stream, deadline);
	if (rc == 0 && (half & PIER_READING) != 0)
		rc = shutdown_reading(stream, deadline);
	return rc == 0 ? 0 : pier__stream_fail(stream, rc, PIER_STEP_SHUTDOWN);
}

/* The connection's own error, that a queue which never empties hides. */
static int
connection_state(int fd)
{
	const struct pier__calls *calls = pier__calls();
	struct tcp_info info;
	socklen_t len = sizeof(int);
	int error = 0;

	if (calls->getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
		error != 0)
		return -error;
	len = sizeof(info);
	if (calls->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
		info.tcpi_state == TCP_CLOSE)
		return -ECONNRESET;
	return 0;
}

/* Can it be told what has not arrived, or not left? */
static bool
is_told(const struct pier_stream *base)
{
	return base->desc.kind == PIER__DESC_TCP || base->whole;
}

static int
unsent(const struct pier_stream *base, int *bytes)
{
	int rc;

	if (!base->whole)
		return pier__calls()->queued(base->desc.fd, bytes);
	rc = pier__bt_unsent(base->desc.fd);
	/* With the connection has gone what was to be sent by it. */
	*bytes = rc > 0 && !pier__bt_is_over(base->desc.fd) ? rc : 0;
	return rc < 0 ? rc : 0;
}

static int
drain_base(struct pier_stream *base, pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	int64_t interval = DRAIN_FIRST_NS;

	for (;;) {
		pier_deadline look;
		int queued = 0;
		int rc;

		if (atomic_load_explicit(&base->aborted, memory_order_acquire))
			return -ECONNABORTED;
		rc = unsent(base, &queued);
		if (rc == 0 && queued == 0)
			return 0;
		if (rc == 0)
			rc = connection_state(base->desc.fd);
		if (rc < 0)
			return rc;
		look = pier_earlier(pier_in_ns(interval),
			pier__stream_until(base, deadline));
		rc = pier__park(self, "drain", base->desc.fd, look);
		if (rc == -PIER_EDEADLINE && look.ns < deadline.ns)
			rc = pier__stream_over(base);
		if (rc < 0)
			return rc;
		if (interval < DRAIN_MAX_NS)
			interval += interval / 8;
	}
}

int
pier_drain(struct pier_stream *stream, pier_deadline deadline)
{
	struct pier_stream *base = pier__stream_base(stream);
	int rc = pier__stream_enter(stream, PIER__OUT, &deadline);

	if (rc == 0)
		rc = pier__stream_flush(stream, deadline);
	if (rc == 0 && is_told(base))
		rc = drain_base(base, deadline);
	return rc == 0 ? 0 : pier__stream_fail(stream, rc, PIER_STEP_SEND);
}

/* Read off and drop until the peer's end. */
static int
read_off(struct pier_stream *stream, pier_deadline deadline)
{
	int rc;

	do {
		pier__stream_consume(stream, stream->in_end - stream->in_begin);
		rc = pier__stream_fill(stream, 1, "read", deadline);
	} while (rc == 1);
	return rc;
}

int
pier_close_wait(struct pier_stream *stream, pier_deadline deadline)
{
	struct pier_stream *base = pier__stream_base(stream);
	int rc = pier__stream_enter(stream, PIER__OUT, &deadline);
	bool reads = !stream->read_done && !stream->at_end;

	/* Before anything is done: what comes is for the task that waits. */
	if (rc == 0 && reads && stream->lower == NULL &&
		pier__desc_busy(&stream->desc, PIER__IN))
		rc = -EBUSY;
	if (rc == 0)
		rc = stream->whole ? -ENOTSUP
				   : shutdown_writing(stream, deadline);
	if (rc < 0)
		return pier__stream_fail(stream, rc, PIER_STEP_SHUTDOWN);
	if (reads)
		rc = read_off(stream, deadline);
	/* The peer may have ended its side before it took all of ours. */
	if (rc == 0 && is_told(base))
		rc = drain_base(base, deadline);
	return rc == 0 ? 0 : pier__stream_fail(stream, rc, PIER_STEP_RECEIVE);
}

/* Is it in the hands of another scheduler, known to its engine, or are its
   gathered bytes in those of another thread? Nothing that these look at may end
   here. */
PIER__HOT static bool
is_held_elsewhere(const struct pier_stream *stream)
{
	const struct pier_stream *base = pier__stream_base(stream);

	return pier__desc_is_watched_elsewhere(&base->desc) ||
	       pier__desc_is_watched_elsewhere(base->out_desc) ||
	       pier__stream_sends_elsewhere(stream);
}

PIER__HOT void
pier_close(struct pier_stream *stream)
{
	struct pier_stream *lower;

	if (stream == NULL)
		return;
	if (is_held_elsewhere(stream)) {
		pier_abort(stream);
		(void)pier__stream_refuse(stream, -EXDEV, PIER_STEP_SHUTDOWN);
		return;
	}
	if (stream->out != NULL) {
		/* One try: what does not go now is lost, as documented. */
		(void)pier__gather_send(stream->out);
		pier__gather_close(stream->out);
	}
	pier__stream_consume(stream, stream->in_end - stream->in_begin);
	if (stream->attachment != NULL)
		stream->attachment->closed(stream->attachment);
	lower = stream->lower;
	if (lower == NULL) {
		stream->ops->close(stream);
		return;
	}
	lower->layered = false;
	stream->ops->close(stream);
	pier_close(lower);
}

void
pier_abort(struct pier_stream *stream)
{
	struct pier_stream *base = pier__stream_base(stream);

	atomic_store_explicit(&stream->aborted, true, memory_order_release);
	atomic_store_explicit(&base->aborted, true, memory_order_release);
	pier__stream_set_odd(stream, PIER__ODD_END);
	pier__stream_set_odd(base, PIER__ODD_END);
	/* Its owner may be setting a rate. */
	__atomic_load_n(&base->ops, __ATOMIC_ACQUIRE)->abort(base);
}
