/* SPDX-License-Identifier: MIT */
/*
 * frame/next.c - the next message is looked for in what was received, and bytes
 * are read until it is whole; or until its end is found, if it is dropped.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/frame.h"
#include "net/plain.h"

/* While an end is looked for in own, this much is added to it at once. */
#define STEP 4096
/* A rest of a message that is at least so long is read to where it belongs. */
#define DIRECT_MIN  16384
#define OWN_MIN     131072
#define OWN_DOUBLES ((size_t)1 << 30)

/* ---- What was received ------------------------------------------------ */

const unsigned char *
pier__frame_received(const struct pier_frame *frame, size_t *size)
{
	const struct pier_stream *stream = frame->stream;

	if (frame->own_size > 0) {
		*size = frame->own_size;
		return frame->own;
	}
	*size = pier__frame_ahead(stream);
	return stream->in != NULL ? stream->in + stream->in_begin : NULL;
}

void
pier__frame_use_up(struct pier_frame *frame, size_t size)
{
	if (frame->own_size == 0) {
		pier__stream_consume(frame->stream, size);
		return;
	}
	frame->own_size -= size;
	memmove(frame->own, frame->own + size, frame->own_size);
}

/* Room for size bytes, and for all that was read ahead. */
static int
make_room(struct pier_frame *frame, size_t size)
{
	size_t least = size + PIER__AHEAD_MAX;
	size_t room = frame->own_room > 0 ? frame->own_room : OWN_MIN;
	unsigned char *own;

	if (least <= frame->own_room)
		return 0;
	/* What is given back has to be within 32 bits. */
	while (room < least)
		room += room < OWN_DOUBLES ? room : room / 8;
	own = pier__resize(frame->own, room);
	if (own == NULL)
		return -ENOMEM;
	frame->own = own;
	frame->own_room = room;
	return 0;
}

/* How much longer the message is at least: of a length that is known, exactly. */
static size_t
missing(const struct pier_frame *frame, size_t have)
{
	const struct pier__scan *scan = &frame->scan;

	return scan->headed && scan->size > have ? scan->size - have : 0;
}

/* Some of what was read ahead is to be looked at in own. How much of it is of
   this message will be known then: so long it stays where it is, too. */
static int
copy_to_own(struct pier_frame *frame)
{
	struct pier_stream *stream = frame->stream;
	size_t size = pier__frame_ahead(stream);
	size_t rest = missing(frame, frame->own_size);
	int rc = make_room(frame, frame->own_size + size);

	if (rc < 0)
		return rc;
	if (rest == 0)
		rest = STEP + frame->scan.looked - frame->own_size;
	if (size > rest)
		size = rest;
	memcpy(frame->own + frame->own_size, stream->in + stream->in_begin,
		size);
	frame->own_size += size;
	frame->twice = size;
	return 1;
}

/* It was looked at, and those bytes are of this message that it says. Of one that
   is to be dropped that is known when its end is: so long they stay twice. */
static void
end_copy(struct pier_frame *frame, enum pier__found found)
{
	size_t twice = frame->twice, beyond = 0;

	if (twice == 0 || found == PIER__FOUND_LONG || found == PIER__FOUND_BAD)
		return;
	if (found != PIER__FOUND_PART)
		beyond = frame->own_size - frame->scan.size;
	frame->own_size -= beyond;
	frame->twice = 0;
	pier__stream_consume(frame->stream, twice - beyond);
}

/* The rest of a long message, past what is read ahead. */
static int
read_to_own(struct pier_frame *frame, size_t rest, pier_deadline deadline)
{
	size_t room = frame->own_room - PIER__AHEAD_MAX - frame->own_size;
	ssize_t n;
	int rc;

	if (room < rest && room < DIRECT_MIN) {
		rc = make_room(frame, frame->own_size + DIRECT_MIN);
		if (rc < 0)
			return rc;
		room = frame->own_room - PIER__AHEAD_MAX - frame->own_size;
	}
	n = pier__stream_read_some(frame->stream, frame->own + frame->own_size,
		rest < room ? rest : room, "read", deadline);
	if (n > 0)
		frame->own_size += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

/* One byte more of the message, or many. 1; 0: the peer's end; or an error. */
static int
more(struct pier_frame *frame, size_t have, pier_deadline deadline)
{
	struct pier_stream *stream = frame->stream;
	size_t rest = missing(frame, have);
	int rc = 1;

	if (frame->own == NULL && have < PIER__AHEAD_MAX &&
		have + rest <= PIER__AHEAD_MAX)
		return pier__stream_fill(stream, have + 1, "read", deadline);
	if (stream->in == NULL) {
		if (rest >= DIRECT_MIN)
			return read_to_own(frame, rest, deadline);
		rc = pier__stream_fill(stream, 1, "read", deadline);
	}
	return rc == 1 ? copy_to_own(frame) : rc;
}

/* ---- Where messages end ----------------------------------------------- */

void
pier__frame_next_begins(struct pier_frame *frame)
{
	frame->scan.looked = 0;
	frame->scan.length = 0;
	frame->scan.head = 0;
	frame->scan.size = 0;
	frame->scan.headed = false;
	frame->scan.dropping = false;
	frame->counts = false;
	frame->ready = true;
}

static int
fail_long(struct pier_frame *frame)
{
	char detail[80];

	if (frame->scan.headed && frame->wire.kind != PIER_FRAME_ANNOUNCE)
		(void)snprintf(detail, sizeof(detail),
			"a message of %llu bytes: at most %zu",
			(unsigned long long)frame->scan.length,
			frame->wire.max);
	else
		(void)snprintf(detail, sizeof(detail),
			"a message of more than %zu bytes", frame->wire.max);
	frame->failed = -EMSGSIZE;
	return pier__frame_fail(frame, -EMSGSIZE, PIER_STEP_FRAME, detail, 0);
}

/* What is wrong at scan->looked, and was expected there. */
static int
fail_bad(struct pier_frame *frame)
{
	const struct pier__scan *scan = &frame->scan;
	char detail[160], found[8];
	size_t size;
	const unsigned char *at = pier__frame_received(frame, &size);
	unsigned char c = scan->looked < size ? at[scan->looked] : 0;

	if (c >= ' ' && c <= '~')
		(void)snprintf(found, sizeof(found), "'%c'", c);
	else
		(void)snprintf(found, sizeof(found), "0x%02x", c);
	(void)snprintf(detail, sizeof(detail),
		"%s was expected, not %s, at byte %zu of the message",
		scan->wrong, found, scan->looked);
	return pier__frame_fail(
		frame, -PIER_EFRAME, PIER_STEP_FRAME, detail, 0);
}

/* After what is wrong: the next call goes on behind it, or none does. */
static int
meet_bad(struct pier_frame *frame)
{
	int rc = fail_bad(frame);

	if (frame->wire.ops->resyncs)
		frame->scan.dropping = true;
	else
		frame->failed = rc;
	return rc;
}

/* 1: go on without it, or the error. */
static int
meet_long(struct pier_frame *frame)
{
	struct pier__scan *scan = &frame->scan;
	size_t tail = frame->wire.kind == PIER_FRAME_NETSTRING;

	if (frame->wire.overlong != PIER_FRAME_SKIP)
		return fail_long(frame);
	frame->counts = true;
	scan->dropping = true;
	/* Of a length in front: so many bytes, however many that are. */
	if (!scan->headed || frame->wire.kind == PIER_FRAME_ANNOUNCE)
		return 1;
	if (__builtin_add_overflow(
		    scan->length, scan->head + tail, &frame->drop))
		frame->drop = UINT64_MAX;
	/* A part of its head is there and not in the stream any more. */
	frame->drop -= frame->own_size - frame->twice;
	frame->own_size = 0;
	frame->twice = 0;
	return 1;
}

/* Some of a message that is dropped by its length. As more(). */
static int
drop_some(struct pier_frame *frame, pier_deadline deadline)
{
	struct pier_stream *stream = frame->stream;
	bool comma = frame->wire.kind == PIER_FRAME_NETSTRING;
	size_t size = pier__frame_ahead(stream);

	if (size == 0)
		return pier__stream_fill(stream, 1, "read", deadline);
	if (comma && frame->drop == 1 && stream->in[stream->in_begin] != ',') {
		frame->scan.looked = 0;
		frame->scan.wrong = "',' after the data";
		return meet_bad(frame);
	}
	if (size > frame->drop - (comma && frame->drop > 1))
		size = (size_t)(frame->drop - (comma && frame->drop > 1));
	pier__stream_consume(stream, size);
	frame->drop -= size;
	if (frame->drop == 0) {
		frame->skipped++;
		pier__frame_next_begins(frame);
	}
	return 1;
}

/* The end of one that is dropped was found. */
static void
end_drop(struct pier_frame *frame)
{
	pier__frame_use_up(frame, frame->scan.size);
	frame->skipped += frame->counts;
	pier__frame_next_begins(frame);
}

/* Nothing is known of it any more but where its end is looked for. */
static void
drop_looked(struct pier_frame *frame)
{
	struct pier__scan *scan = &frame->scan;

	pier__frame_use_up(frame, scan->looked);
	scan->looked = 0;
	scan->head = 0;
	scan->size = 0;
}

/* Look at what was received. 1: a whole message; 0: more has to come; 2: look
   again; or an error, noted. */
static int
look(struct pier_frame *frame)
{
	struct pier__scan *scan = &frame->scan;
	enum pier__found found = PIER__FOUND_PART;
	size_t have;
	const unsigned char *at = pier__frame_received(frame, &have);

	/* Somebody has read the stream himself. */
	if (scan->looked > have)
		pier__frame_next_begins(frame);
	if (have > 0)
		found = frame->wire.ops->scan(&frame->wire, scan, at, have);
	end_copy(frame, found);
	switch (found) {
	case PIER__FOUND_WHOLE:
		if (!scan->dropping)
			return 1;
		end_drop(frame);
		return 2;
	case PIER__FOUND_FILLER:
		pier__frame_use_up(frame, scan->size);
		return 2;
	case PIER__FOUND_LONG:
		return meet_long(frame) < 0 ? frame->failed : 2;
	case PIER__FOUND_BAD:
		return meet_bad(frame);
	case PIER__FOUND_PART:
	default:
		if (scan->dropping)
			drop_looked(frame);
		return 0;
	}
}

/* ---- Reading until there is a message --------------------------------- */

/* Is nothing there, and nothing awaited, of any message? */
static bool
is_between(const struct pier_frame *frame)
{
	return frame->own_size == 0 && pier__frame_ahead(frame->stream) == 0 &&
	       frame->drop == 0 && !frame->scan.dropping;
}

/* The peer has ended, or something failed: noted. */
static int
fail_more(struct pier_frame *frame, int rc)
{
	char detail[80];
	size_t have;

	(void)pier__frame_received(frame, &have);
	frame->ready = is_between(frame);
	frame->attachment.ready = have > 0 ? -1 : 0;
	if (rc < 0)
		return pier__frame_fail(
			frame, rc, PIER_STEP_RECEIVE, NULL, have);
	if (frame->ready)
		return 0;
	frame->attachment.ready = 1;
	(void)snprintf(detail, sizeof(detail),
		"in the middle of a message, of which %zu bytes are there",
		have);
	return pier__frame_fail(
		frame, -PIER_EEND, PIER_STEP_FRAME, detail, have);
}

/* Is it known to be drained, and a plain one? */
static bool
will_wait(const struct pier_stream *stream)
{
	return !PIER__LOOK(stream->desc.readable) &&
	       atomic_load_explicit(&stream->odd, memory_order_relaxed) == 0;
}

/* Nothing is there: the first bytes of the next message. As pier_peek(). */
static int
first(struct pier_frame *frame, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	const void *data;
	ssize_t n;

	if (frame->own != NULL) {
		pier__free(frame->own);
		frame->own = NULL;
		frame->own_room = 0;
	}
	/* It will wait: what is gathered goes now, so that the wait can be a
	   plain one. */
	if (self != NULL && !pier__list_empty(&self->before_wait) &&
		deadline.ns != 0 && will_wait(frame->stream)) {
		if (self->sched != NULL)
			pier__plain_flush(frame->stream, self);
		pier__before_wait_run(self);
	}
	n = pier_peek(frame->stream, &data, 1, deadline);
	frame->ready = true;
	frame->attachment.ready = 0;
	return n > 0 ? 1 : (int)n;
}

/* Until a message is whole: 1; 0: the peer's end; or an error, noted. */
static int
read_on(struct pier_frame *frame, bool begun, pier_deadline deadline)
{
	size_t have;
	int rc;

	for (;; begun = false) {
		/* Bytes that never cease must not outlive the deadline. */
		rc = begun ? 0
			   : pier__stream_begin_read(frame->stream, &deadline);
		if (rc < 0)
			return fail_more(frame, rc);
		if (frame->drop == 0) {
			do {
				rc = look(frame);
			} while (rc == 2 && frame->drop == 0);
			if (rc != 0 && rc != 2)
				return rc;
		}
		(void)pier__frame_received(frame, &have);
		rc = frame->drop > 0 ? drop_some(frame, deadline)
				     : more(frame, have, deadline);
		if (rc == -PIER_EFRAME)
			return rc;
		if (rc <= 0)
			return fail_more(frame, rc);
	}
}

int
pier__frame_await(struct pier_frame *frame, pier_deadline *deadline)
{
	pier__frame_end_credit(frame);
	pier__frame_return(frame);
	if (frame->failed == -EMSGSIZE)
		return fail_long(frame);
	if (frame->failed < 0)
		return fail_bad(frame);
	if (deadline->ns < 0)
		*deadline = pier__timeout_deadline(frame->stream->timeout_ms);
	frame->begun = is_between(frame);
	return frame->begun ? first(frame, *deadline) : 1;
}

int
pier__frame_next(struct pier_frame *frame, pier_deadline deadline)
{
	int rc;

	frame->ready = false;
	frame->attachment.ready = 0;
	rc = read_on(frame, frame->begun, deadline);
	/* What failed is there to be told. */
	if (frame->failed < 0)
		frame->attachment.ready = 1;
	return rc;
}

int
pier__frame_drop_bad(struct pier_frame *frame)
{
	int rc = fail_bad(frame);

	pier__frame_use_up(frame, frame->scan.size);
	pier__frame_next_begins(frame);
	return rc;
}
