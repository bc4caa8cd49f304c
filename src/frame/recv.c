/* SPDX-License-Identifier: MIT */
/*
 * frame/recv.c - receiving messages.
 *
 * Most messages are there already when they are asked for, and of a kind whose
 * end is found at once: they go the quick way, which is a few lines and no
 * system call. So that a task with many of them lets others run, sixteen count
 * for one operation, as much as a system call does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/frame.h"
#include "net/plain.h"

#define MESSAGES_PER_OPERATION 16

/* The encoded data of a whole message. */
static const unsigned char *
body_of(const struct pier_frame *frame)
{
	size_t size;

	return pier__frame_received(frame, &size) + frame->scan.head;
}

/* ---- The quick way ---------------------------------------------------- */

/* May this call go the quick way? As pier__is_plain(), in which a message is not
   yet an operation. */
static inline __attribute__((always_inline)) bool
is_quick(struct pier_frame *frame, struct pier__task *self,
	pier_deadline deadline)
{
	const struct pier_stream *stream = frame->stream;

	if (!PIER__MOSTLY(frame->ready && self != NULL &&
			  stream->desc.owner == self->sched &&
			  self->ops + 1 < PIER__OPS_MAX))
		return false;
	if (!PIER__MOSTLY(atomic_load_explicit(
				  &stream->odd, memory_order_relaxed) == 0 &&
			  PIER__LOOK(stream->desc.reader) == NULL))
		return false;
	if (!PIER__MOSTLY((uint64_t)deadline.ns >= (uint64_t)INT64_MAX &&
			  atomic_load_explicit(&pier__default_timeout_ms,
				  memory_order_relaxed) == PIER_NO_TIMEOUT))
		return false;
	if (++frame->turn == MESSAGES_PER_OPERATION) {
		frame->turn = 0;
		self->ops++;
	}
	return true;
}

/* The next message in what was read ahead: its size on the wire, 0: none that is
   found so. */
static inline __attribute__((always_inline)) size_t
find_quick(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	const unsigned char *end;
	uint64_t size;

	if (wire->quick == PIER__QUICK_WORD) {
		if (have < wire->width)
			return 0;
		size = pier__length_load(at, wire->width, wire->little);
		if (size > have - wire->width || size > wire->max)
			return 0;
		*data = at + wire->width;
		*length = (size_t)size;
		return wire->width + (size_t)size;
	}
	if (wire->quick != PIER__QUICK_BYTE)
		return 0;
	end = memchr(at, wire->end, have);
	if (end == NULL)
		return 0;
	size = (uint64_t)(end - at);
	*data = at;
	*length = (size_t)size;
	if (size > 0 && wire->kind == PIER_FRAME_LINE && end[-1] == '\r')
		--*length;
	return *length > wire->max ? 0 : (size_t)size + 1;
}

/* The same of this frame: true, and *size is to be used up. */
static inline __attribute__((always_inline)) bool
quick(struct pier_frame *frame, pier_deadline deadline,
	const unsigned char **data, size_t *length, size_t *size)
{
	const struct pier_stream *stream = frame->stream;
	size_t have = pier__frame_ahead(stream);

	if (!PIER__MOSTLY(frame->own_size == 0 && have > frame->viewed &&
			  is_quick(frame, pier__current, deadline)))
		return false;
	*size = find_quick(&frame->wire,
		stream->in + stream->in_begin + frame->viewed,
		have - frame->viewed, data, length);
	return PIER__MOSTLY(*size > 0);
}

/* ---- What programs call ----------------------------------------------- */

static __attribute__((noinline)) int
view_full_way(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const struct pier__wire_ops *ops = frame->wire.ops;
	struct pier__scan *scan = &frame->scan;
	int rc = pier__frame_next(frame, deadline);
	const unsigned char *body;

	if (rc <= 0)
		return rc;
	body = body_of(frame);
	/* The stream's own buffer, or ours: what is lent is not read again. */
	if (ops->decode != NULL &&
		!ops->decode(scan, (unsigned char *)(uintptr_t)body, body))
		return pier__frame_drop_bad(frame);
	*data = body;
	*length = (size_t)scan->length;
	frame->viewed = scan->size;
	pier__frame_next_begins(frame);
	return 1;
}

PIER__HOT int
pier_frame_view(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;

	if (!PIER__MOSTLY(quick(frame, deadline, &at, &found, &size)))
		return view_full_way(frame, data, length, deadline);
	frame->stream->in_begin += (uint32_t)frame->viewed;
	frame->viewed = size;
	*data = at;
	*length = found;
	return 1;
}

static int
fail_room(struct pier_frame *frame)
{
	char detail[64];

	(void)snprintf(detail, sizeof(detail), "a message of %llu bytes",
		(unsigned long long)frame->scan.length);
	frame->attachment.ready = 1;
	return pier__frame_fail(frame, -ENOSPC, PIER_STEP_FRAME, detail, 0);
}

static __attribute__((noinline)) int
recv_full_way(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	pier_deadline deadline)
{
	const struct pier__wire_ops *ops = frame->wire.ops;
	struct pier__scan *scan = &frame->scan;
	int rc = pier__frame_next(frame, deadline);
	const unsigned char *body;

	if (rc <= 0)
		return rc;
	if (scan->length > room)
		return fail_room(frame);
	body = body_of(frame);
	if (ops->decode != NULL) {
		if (!ops->decode(scan, buf, body))
			return pier__frame_drop_bad(frame);
	} else if (scan->body > 0) {
		memcpy(buf, body, scan->body);
	}
	*length = (size_t)scan->length;
	pier__frame_use_up(frame, scan->size);
	pier__frame_next_begins(frame);
	return 1;
}

PIER__HOT int
pier_frame_recv(struct pier_frame *frame, void *buf, size_t room,
	size_t *length, pier_deadline deadline)
{
	struct pier_stream *stream = frame->stream;
	const unsigned char *at;
	size_t found, size;

	if (!PIER__MOSTLY(quick(frame, deadline, &at, &found, &size) &&
			  found <= room))
		return recv_full_way(frame, buf, room, length, deadline);
	memcpy(buf, at, found);
	*length = found;
	size += frame->viewed;
	frame->viewed = 0;
	if (size == pier__frame_ahead(stream))
		pier__stream_consume(stream, size);
	else
		stream->in_begin += (uint32_t)size;
	return 1;
}
