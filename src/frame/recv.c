/* SPDX-License-Identifier: MIT */
/* frame/recv.c - receiving messages, each copied to where the caller has room. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/frame.h"
#include "frame/quick.h"

bool
pier__frame_quick_again(struct pier_frame *frame, pier_deadline deadline,
	const unsigned char **data, size_t *length, size_t *size)
{
	struct pier__task *self = pier__current;

	pier__frame_end_credit(frame);
	if (!frame->ready || frame->own_size > 0 || frame->viewed > 0 ||
		frame->wire.quick == PIER__QUICK_NONE ||
		PIER__LOOK(frame->stream->desc.reader) != NULL ||
		!quick(frame, data, length, size))
		return false;
	if (!pier__frame_may_hurry(frame, self, deadline)) {
		note_looked(frame, *size - 1);
		return false;
	}
	give_credit(frame, self);
	return true;
}

size_t
pier__frame_find_other(const struct pier__wire *wire, const unsigned char *at,
	size_t have, const unsigned char **data, size_t *length)
{
	return find_quick(wire, at, have, data, length);
}

int
pier__frame_no_block(
	struct pier_frame *frame, ssize_t n, pier_deadline deadline)
{
	const void *data;

	n = pier__plain_peek_again(frame->stream, &data, 1, n, deadline);
	frame->begun = true;
	return n > 0 ? 1 : (int)n;
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

/* Hand out a copy of what was found by the quick way. */
static inline __attribute__((always_inline)) int
hand_out(struct pier_frame *frame, void *buf, const unsigned char *at,
	size_t length, size_t size)
{
	struct pier_stream *stream = frame->stream;

	memcpy(buf, at, length);
	if (PIER__MOSTLY(size < pier__frame_ahead(stream)))
		stream->in_begin += (uint32_t)size;
	else
		pier__stream_consume(stream, size);
	return 1;
}

static int
recv_whole(struct pier_frame *frame, void *buf, size_t room, size_t *length)
{
	const struct pier__wire_ops *ops = frame->wire.ops;
	struct pier__scan *scan = &frame->scan;
	const unsigned char *body = body_of(frame);

	if (scan->length > room)
		return fail_room(frame);
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

/* Something was received, of which nothing is lent. */
static __attribute__((noinline)) int
recv_received(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	pier_deadline deadline)
{
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(frame->stream->timeout_ms);
	rc = pier__frame_next(frame, deadline);
	return rc == 1 ? recv_whole(frame, buf, room, length) : rc;
}

static __attribute__((noinline)) int
recv_full_way(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;
	int rc;

	if (pier__frame_quick_again(frame, deadline, &at, &found, &size)) {
		if (found <= room && found > 0) {
			*length = found;
			return hand_out(frame, buf, at, found, size);
		}
		note_looked(frame, size - 1);
	}
	rc = pier__frame_await(frame, &deadline);
	return rc == 1 ? recv_received(frame, buf, room, length, deadline) : rc;
}

PIER__COLD static int
recv_no_block(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	ssize_t n, pier_deadline deadline)
{
	int rc = pier__frame_no_block(frame, n, deadline);

	return rc == 1 ? recv_received(frame, buf, room, length, deadline) : rc;
}

/* The first of the next block. */
PIER__HOT PIER__AFTER_CALL static __attribute__((noinline)) int
recv_first(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	const unsigned char *at;
	size_t found, size;
	ssize_t n;

	if (!PIER__MOSTLY(may_read_on(frame, self, deadline)))
		return recv_full_way(frame, buf, room, length, deadline);
	n = next_block(frame, self);
	if (!PIER__MOSTLY(n > 0))
		return recv_no_block(frame, buf, room, length, n, deadline);
	size = find_first(
		&frame->wire, frame->stream->in, (size_t)n, &at, &found);
	if (!PIER__MOSTLY(size > 0 && found <= room && found > 0)) {
		note_looked(frame, size > 0 ? size - 1 : found);
		frame->begun = true;
		return recv_received(frame, buf, room, length, deadline);
	}
	self->ops++;
	give_credit(frame, self);
	*length = found;
	return hand_out(frame, buf, at, found, size);
}

PIER__HOT int
pier_frame_recv(struct pier_frame *frame, void *buf, size_t room,
	size_t *length, pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;

	/* An empty message may come with no buffer for it. */
	if (!PIER__MOSTLY(has_credit(frame, deadline) &&
			  quick(frame, &at, &found, &size) && found <= room &&
			  found > 0))
		return recv_first(frame, buf, room, length, deadline);
	spend_credit(frame);
	*length = found;
	return hand_out(frame, buf, at, found, size);
}
