/* SPDX-License-Identifier: MIT */
/*
 * frame/frame.h - a framing on a stream, from inside.
 *
 * A message is looked for where it lies: in what the stream has read ahead.
 * One that is too long for that is gathered in a buffer of the frame's own,
 * which grows with what has come, not with what a length in front promises.
 *
 * Invariants:
 *   1. the bytes that were received and are of no message that was handed out
 *      are own[0, own_size), then what the stream has read ahead;
 *   2. own has room for all that the stream has read ahead, so that to give it
 *      back at the end needs no memory;
 *   3. own holds bytes of one message only, but for the last `twice`, which are
 *      read ahead too and are yet to be looked at, or to be dropped;
 *   4. what is lent lies before what was received, in the same buffer; but when
 *      nothing is behind it, it is the first `viewed` bytes of that, so that the
 *      buffer stays: the next call gives it back. So nobody has credit then;
 *   5. where `ready` is set, scan is as it is at the beginning of a message, and
 *      nothing is told to pier_wait_any().
 */
#ifndef PIER_FRAME_FRAME_H
#define PIER_FRAME_FRAME_H

#include <assert.h>

#include "frame/wire.h"
#include "net/stream.h"

/* What a message of the quick way touches comes first, in one cache line. */
struct pier_frame {
	struct pier_stream *stream;
	/* Who has credit to receive, and to send: a task; or the frame itself:
	   nobody, and certainly not who is no task. */
	const void *reader, *writer;
	unsigned char *own;
	uint32_t viewed;
	uint32_t
		short_max; /* of data that is gathered whole, and may be sent */
	/* Messages that go the quick way unasked, while somebody has credit. */
	uint8_t credit, out_credit;
	bool half_sent; /* the writer's: a part of a message went */
	bool ready;     /* between two messages: the quick way is open */
	bool begun;  /* the call has read something, and need not begin again */
	bool counts; /* what is dropped was too long: it will be counted */
	struct pier__wire wire;

	int failed; /* what every later call gives */
	struct pier__scan scan;
	size_t own_size, own_room;
	size_t twice; /* the last bytes of own that are still read ahead, too */
	uint64_t drop; /* bytes of a message that is dropped, still to come */
	uint64_t skipped;

	/* The writer's, who has no credit: the message that is half sent. */
	bool all_encoded; /* it is gathered, and has to go by the stream's rate */
	size_t out_size; /* of its data */
	size_t out_done; /* bytes of its wire form that went */
	struct pier__encoding encoding;
	struct pier__ends ends;

	struct pier__attachment attachment;
};

static_assert(offsetof(struct pier_frame, wire.ops) == 64, "one cache line");

/* What is gathered whole, in its wire form at its longest. */
#define PIER__FRAME_SHORT (PIER__GATHER_MAX / 2)
/* Data that are so in every kind of the quick way. */
#define PIER__FRAME_SHORT_DATA (PIER__FRAME_SHORT - PIER__ENCODE_ROOM)

/* So many messages without a system call count for one operation. */
#define PIER__FRAME_CREDIT 16

/* Nobody may receive, or send, the quick way unasked. */
static inline void
pier__frame_end_credit(struct pier_frame *frame)
{
	frame->reader = frame;
}

static inline void
pier__frame_end_out_credit(struct pier_frame *frame)
{
	frame->writer = frame;
}

/* PIER_DEFAULT or PIER_FOREVER, by one comparison with 0. */
static inline __attribute__((always_inline)) bool
pier__frame_is_unhurried(pier_deadline deadline)
{
	return (int64_t)((uint64_t)deadline.ns + 1) <= 0;
}

/*
 * pier__frame_may_hurry(frame, self, deadline): may self's next messages go the
 * quick way, without a look at all this again? As pier__is_plain(), of threads
 * too. Nothing that waits is skipped, only what would have it fail before; and
 * that is looked at again soon.
 */
static inline bool
pier__frame_may_hurry(const struct pier_frame *frame, struct pier__task *self,
	pier_deadline deadline)
{
	const struct pier_stream *stream = frame->stream;

	if (self == NULL || stream->desc.owner != self->sched ||
		atomic_load_explicit(&stream->odd, memory_order_acquire) != 0 ||
		self->ops + 1 >= PIER__OPS_MAX ||
		!pier__frame_is_unhurried(deadline) ||
		atomic_load_explicit(&pier__default_timeout_ms,
			memory_order_relaxed) != PIER_NO_TIMEOUT)
		return false;
	self->ops++;
	return true;
}

/* Bytes that the stream has read ahead. */
static inline size_t
pier__frame_ahead(const struct pier_stream *stream)
{
	return stream->in_end - stream->in_begin;
}

/* All that is known of the message; *size of it. */
const unsigned char *pier__frame_received(
	const struct pier_frame *frame, size_t *size);
/* The first size bytes of it are used up. */
void pier__frame_use_up(struct pier_frame *frame, size_t size);
/* What is received now begins a message. */
void pier__frame_next_begins(struct pier_frame *frame);

/*
 * pier__frame_await(frame, deadline): what was lent is used up, and if nothing
 * more was received, something is. PIER_DEFAULT becomes a moment. 1; 0: the
 * peer's end; or an error, noted.
 *
 * pier__frame_next(frame, deadline): then, the next message. 1: frame->scan says
 * where it is in what was received, where it stays; 0 or an error as before.
 */
int pier__frame_await(struct pier_frame *frame, pier_deadline *deadline);
int pier__frame_next(struct pier_frame *frame, pier_deadline deadline);
/* What was found whole is none, by scan->wrong: the next call goes on behind it.
   Notes and returns the error. */
int pier__frame_drop_bad(struct pier_frame *frame);

/* Drop the message that was lent. */
void pier__frame_return(struct pier_frame *frame);

/* Note a failure with the stream's endpoint; detail may be NULL. */
PIER__COLD int pier__frame_fail(const struct pier_frame *frame, int rc,
	enum pier_step step, const char *detail, size_t done);

#endif
