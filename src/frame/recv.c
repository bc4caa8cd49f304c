/* SPDX-License-Identifier: MIT */
/*
 * frame/recv.c - receiving messages.
 *
 * Most messages are there already when they are asked for, and of a kind whose
 * end is found at once: they go the quick way, which is a few lines and no
 * system call. A task may do so on credit, sixteen times, before it is looked
 * again whether it may; which counts for one operation, so that a task with many
 * messages lets others run.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/frame.h"
#include "net/plain.h"

/* The encoded data of a whole message. */
static const unsigned char *
body_of(const struct pier_frame *frame)
{
	size_t size;

	return pier__frame_received(frame, &size) + frame->scan.head;
}

/* ---- The quick way ---------------------------------------------------- */

/* The length in front, or one that is too long. */
static inline __attribute__((always_inline)) uint64_t
quick_length(const struct pier__wire *wire, const unsigned char *at)
{
	uint32_t four;

	if (!PIER__MOSTLY(wire->width == 4))
		return pier__length_load(at, wire->width, wire->little);
	memcpy(&four, at, sizeof(four));
	return wire->little ? le32toh(four) : be32toh(four);
}

/* The next message at [at, at + have), whose length comes first: its size on the
   wire, 0: none that is found so. */
static inline __attribute__((always_inline)) size_t
find_word(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	uint64_t size;

	if (!PIER__MOSTLY(have >= wire->width))
		return 0;
	size = quick_length(wire, at);
	if (!PIER__MOSTLY(size <= have - wire->width && size <= wire->max))
		return 0;
	*data = at + wire->width;
	*length = (size_t)size;
	return wire->width + (size_t)size;
}

/* The same of one that ends at a byte. */
static inline __attribute__((always_inline)) size_t
find_byte(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	const unsigned char *end = memchr(at, wire->end, have);
	uint64_t size;

	if (!PIER__MOSTLY(end != NULL))
		return 0;
	size = (uint64_t)(end - at);
	*data = at;
	*length = (size_t)size;
	if (wire->kind == PIER_FRAME_LINE && size > 0 && end[-1] == '\r')
		--*length;
	return PIER__MOSTLY(*length <= wire->max) ? (size_t)size + 1 : 0;
}

static inline __attribute__((always_inline)) size_t
find_quick(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	if (wire->quick == PIER__QUICK_BYTE)
		return find_byte(wire, at, have, data, length);
	if (!PIER__MOSTLY(wire->quick != PIER__QUICK_NONE))
		return 0;
	return find_word(wire, at, have, data, length);
}

/* The same of what was received, of which nothing is lent: true, and *size is to
   be used up. */
static inline __attribute__((always_inline)) bool
quick(const struct pier_frame *frame, const unsigned char **data,
	size_t *length, size_t *size)
{
	const struct pier_stream *stream = frame->stream;
	size_t have = pier__frame_ahead(stream);

	if (!PIER__MOSTLY(have > 0))
		return false;
	*size = find_quick(&frame->wire, stream->in + stream->in_begin, have,
		data, length);
	return PIER__MOSTLY(*size > 0);
}

/* Has this task credit for one more? Then nothing is lent but what is used up. */
static inline __attribute__((always_inline)) bool
has_credit(const struct pier_frame *frame, pier_deadline deadline)
{
	return PIER__MOSTLY(frame->reader == pier__current &&
			    pier__frame_is_unhurried(deadline));
}

/* It is lent, or handed out. */
static inline __attribute__((always_inline)) void
spend_credit(struct pier_frame *frame)
{
	if (!PIER__MOSTLY(--frame->credit > 0))
		pier__frame_end_credit(frame);
}

static inline void
give_credit(struct pier_frame *frame, const struct pier__task *self)
{
	frame->reader = self;
	frame->credit = PIER__FRAME_CREDIT - 1;
}

/* It had none: may it have some, and is there a message for it? */
static bool
quick_again(struct pier_frame *frame, pier_deadline deadline,
	const unsigned char **data, size_t *length, size_t *size)
{
	struct pier__task *self = pier__current;

	pier__frame_end_credit(frame);
	if (!frame->ready || frame->own_size > 0 || frame->viewed > 0 ||
		frame->wire.quick == PIER__QUICK_NONE ||
		PIER__LOOK(frame->stream->desc.reader) != NULL ||
		!quick(frame, data, length, size) ||
		!pier__frame_may_hurry(frame, self, deadline))
		return false;
	give_credit(frame, self);
	return true;
}

/* ---- The next block ---------------------------------------------------- */

/* Is all that was received used up, or lent, and may self, a fiber, read on by
   the short way? */
static inline __attribute__((always_inline)) bool
may_read_on(struct pier_frame *frame, struct pier__task *self,
	pier_deadline deadline)
{
	const struct pier_stream *stream = frame->stream;

	return PIER__MOSTLY(frame->ready && frame->own == NULL &&
			    frame->viewed == pier__frame_ahead(stream) &&
			    frame->wire.quick != PIER__QUICK_NONE) &&
	       PIER__MOSTLY(self != NULL && self->sched != NULL) &&
	       pier__is_plain(
		       stream, self, PIER__LOOK(stream->desc.reader), deadline);
}

/* What was lent is given back, what was gathered goes if there will be a wait, and
   the next bytes are read, all by the short way. As pier__plain_ahead(). */
static inline __attribute__((always_inline)) ssize_t
next_block(struct pier_frame *frame, struct pier__task *self)
{
	struct pier_stream *stream = frame->stream;

	pier__frame_end_credit(frame);
	if (PIER__MOSTLY(frame->viewed > 0)) {
		frame->viewed = 0;
		pier__plain_used_up(stream, self->sched);
	}
	if (PIER__MOSTLY(!pier__list_empty(&self->before_wait) &&
			 !PIER__LOOK(stream->desc.readable))) {
		pier__plain_flush(stream, self);
		if (!PIER__MOSTLY(pier__list_empty(&self->before_wait)))
			pier__before_wait_run(self);
	}
	if (!PIER__MOSTLY(pier__plain_await(stream, self)))
		return -EAGAIN;
	return pier__plain_ahead(stream, self);
}

static __attribute__((noinline)) size_t
find_other(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	return find_quick(wire, at, have, data, length);
}

/* find_quick() of a block's beginning: just after a system call each line of code
   is a miss, so only the most common kind is looked for here. */
static inline __attribute__((always_inline)) size_t
find_first(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	uint32_t size;

	if (!PIER__MOSTLY(
		    wire->quick == PIER__QUICK_U32BE && have >= sizeof(size)))
		return find_other(wire, at, have, data, length);
	memcpy(&size, at, sizeof(size));
	size = be32toh(size);
	if (!PIER__MOSTLY(size <= have - sizeof(size) && size <= wire->max))
		return 0;
	*data = at + sizeof(size);
	*length = size;
	return size + sizeof(size);
}

/* It brought n, which is not a byte: as pier__frame_await(), whose rest it is. */
PIER__COLD static int
no_block(struct pier_frame *frame, ssize_t n, pier_deadline deadline)
{
	const void *data;

	n = pier__plain_peek_again(frame->stream, &data, 1, n, deadline);
	frame->begun = true;
	return n > 0 ? 1 : (int)n;
}

/* ---- What programs call ----------------------------------------------- */

/* Lend size of what was received, `have` bytes. */
static inline __attribute__((always_inline)) int
lend(struct pier_frame *frame, size_t have, size_t size)
{
	if (PIER__MOSTLY(size < have)) {
		frame->stream->in_begin += (uint32_t)size;
		return 1;
	}
	frame->viewed = (uint32_t)size;
	pier__frame_end_credit(frame);
	return 1;
}

/* Lend the message that was found whole by the full way. */
static int
lend_whole(struct pier_frame *frame, const void **data, size_t *length)
{
	const struct pier__wire_ops *ops = frame->wire.ops;
	struct pier__scan *scan = &frame->scan;
	const unsigned char *body = body_of(frame);
	size_t size = scan->size;

	/* The stream's own buffer, or ours: what is lent is not read again. */
	if (ops->decode != NULL &&
		!ops->decode(scan, (unsigned char *)(uintptr_t)body, body))
		return pier__frame_drop_bad(frame);
	*data = body;
	*length = (size_t)scan->length;
	pier__frame_next_begins(frame);
	return lend(frame,
		frame->own_size > 0 ? size : pier__frame_ahead(frame->stream),
		size);
}

/* Something was received, of which nothing is lent. */
static __attribute__((noinline)) int
view_received(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;
	int rc;

	if (quick_again(frame, deadline, &at, &found, &size)) {
		*data = at;
		*length = found;
		return lend(frame, pier__frame_ahead(frame->stream), size);
	}
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(frame->stream->timeout_ms);
	rc = pier__frame_next(frame, deadline);
	return rc == 1 ? lend_whole(frame, data, length) : rc;
}

static __attribute__((noinline)) int
view_full_way(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;
	int rc;

	if (quick_again(frame, deadline, &at, &found, &size)) {
		*data = at;
		*length = found;
		return lend(frame, pier__frame_ahead(frame->stream), size);
	}
	rc = pier__frame_await(frame, &deadline);
	return rc == 1 ? view_received(frame, data, length, deadline) : rc;
}

PIER__COLD static int
view_no_block(struct pier_frame *frame, const void **data, size_t *length,
	ssize_t n, pier_deadline deadline)
{
	int rc = no_block(frame, n, deadline);

	return rc == 1 ? view_received(frame, data, length, deadline) : rc;
}

/* The first of the next block. */
PIER__HOT PIER__AFTER_CALL static __attribute__((noinline)) int
view_first(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	const unsigned char *at;
	size_t found, size;
	ssize_t n;

	if (!PIER__MOSTLY(may_read_on(frame, self, deadline)))
		return view_full_way(frame, data, length, deadline);
	n = next_block(frame, self);
	if (!PIER__MOSTLY(n > 0))
		return view_no_block(frame, data, length, n, deadline);
	size = find_first(
		&frame->wire, frame->stream->in, (size_t)n, &at, &found);
	if (!PIER__MOSTLY(size > 0)) {
		frame->begun = true;
		return view_received(frame, data, length, deadline);
	}
	self->ops++;
	give_credit(frame, self);
	*data = at;
	*length = found;
	return lend(frame, (size_t)n, size);
}

/* One of another kind than those for which pier_frame_view() needs no register
   saved. */
PIER__HOT static __attribute__((noinline)) int
view_other(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;

	if (!PIER__MOSTLY(has_credit(frame, deadline) &&
			  quick(frame, &at, &found, &size)))
		return view_first(frame, data, length, deadline);
	spend_credit(frame);
	*data = at;
	*length = found;
	return lend(frame, pier__frame_ahead(frame->stream), size);
}

PIER__HOT int
pier_frame_view(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const uint32_t width = sizeof(uint32_t);
	struct pier_stream *stream = frame->stream;
	const uint32_t have = stream->in_end - stream->in_begin;
	const unsigned char *at;
	uint32_t size;

	if (!PIER__MOSTLY(frame->wire.quick == PIER__QUICK_U32BE))
		return view_other(frame, data, length, deadline);
	if (!PIER__MOSTLY(has_credit(frame, deadline) && have >= width))
		return view_first(frame, data, length, deadline);
	at = stream->in + stream->in_begin;
	memcpy(&size, at, sizeof(size));
	size = be32toh(size);
	if (!PIER__MOSTLY(size <= have - width && size <= frame->wire.max))
		return view_first(frame, data, length, deadline);
	spend_credit(frame);
	(void)lend(frame, have, width + size);
	*data = at + width;
	*length = size;
	return 1;
}

/* One more that is there whole, behind what is lent; false: there is none, or it
   is for the next call to tell what it is. */
static bool
one_more(struct pier_frame *frame, struct iovec *out)
{
	const struct pier__wire_ops *ops = frame->wire.ops;
	const struct pier_stream *stream = frame->stream;
	struct pier__scan scan = { 0 };
	unsigned char *at = stream->in + stream->in_begin;
	size_t have = pier__frame_ahead(stream);

	/* What is no base64 is found only when it is decoded, and then the next
	   call has to find it as it was. */
	if (frame->viewed > 0 || have == 0 ||
		frame->wire.kind == PIER_FRAME_BASE64 ||
		ops->scan(&frame->wire, &scan, at, have) != PIER__FOUND_WHOLE ||
		(ops->decode != NULL &&
			!ops->decode(&scan, at + scan.head, at + scan.head)))
		return false;
	*out = (struct iovec){ at + scan.head, (size_t)scan.length };
	(void)lend(frame, have, scan.size);
	return true;
}

static size_t
many_by_scan(struct pier_frame *frame, struct iovec *list, size_t count)
{
	size_t n = 0;

	while (n < count && one_more(frame, &list[n]))
		n++;
	return n;
}

static size_t
many_quick(struct pier_frame *frame, struct iovec *list, size_t count)
{
	const struct pier_stream *stream = frame->stream;
	const unsigned char *at = stream->in + stream->in_begin;
	const size_t all = pier__frame_ahead(stream);
	size_t have = frame->viewed > 0 ? 0 : all;
	const struct pier__wire wire = frame->wire;
	const unsigned char *data, *begin = at;
	size_t n, length, size;

	for (n = 0; n < count && have > 0; n++) {
		size = find_quick(&wire, at, have, &data, &length);
		if (size == 0)
			break;
		list[n] = (struct iovec){ (void *)(uintptr_t)data, length };
		at += size;
		have -= size;
	}
	if (n > 0)
		(void)lend(frame, all, (size_t)(at - begin));
	return n;
}

int
pier_frame_view_many(struct pier_frame *frame, struct iovec *list, size_t count,
	pier_deadline deadline)
{
	struct pier__task *self;
	const void *data;
	size_t length, n = 1;
	int rc;

	if (count == 0)
		return 0;
	if (count > PIER_FRAME_MANY)
		count = PIER_FRAME_MANY;
	rc = pier_frame_view(frame, &data, &length, deadline);
	if (rc <= 0)
		return rc;
	list[0] = (struct iovec){ (void *)(uintptr_t)data, length };
	if (frame->own_size == 0)
		n += frame->wire.quick != PIER__QUICK_NONE
			     ? many_quick(frame, list + 1, count - 1)
			     : many_by_scan(frame, list + 1, count - 1);
	self = pier__current;
	if (self->ops + n / PIER__FRAME_CREDIT < PIER__OPS_MAX)
		self->ops = (uint8_t)(self->ops + n / PIER__FRAME_CREDIT);
	return (int)n;
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

	if (quick_again(frame, deadline, &at, &found, &size) && found <= room &&
		found > 0) {
		*length = found;
		return hand_out(frame, buf, at, found, size);
	}
	rc = pier__frame_await(frame, &deadline);
	return rc == 1 ? recv_received(frame, buf, room, length, deadline) : rc;
}

PIER__COLD static int
recv_no_block(struct pier_frame *frame, void *buf, size_t room, size_t *length,
	ssize_t n, pier_deadline deadline)
{
	int rc = no_block(frame, n, deadline);

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
