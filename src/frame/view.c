/* SPDX-License-Identifier: MIT */
/*
 * frame/view.c - receiving messages without a copy: each is lent where it lies.
 */
#include <string.h>

#include "frame/frame.h"
#include "frame/near.h"
#include "frame/quick.h"

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

/* Who had no credit: lend what is there whole, if he may have some again. */
static bool
view_quick_again(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const unsigned char *at;
	size_t found, size;

	if (!pier__frame_quick_again(frame, deadline, &at, &found, &size))
		return false;
	*data = at;
	*length = found;
	(void)lend(frame, pier__frame_ahead(frame->stream), size);
	return true;
}

/* Something was received, of which nothing is lent. */
static __attribute__((noinline)) int
view_received(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	int rc;

	if (view_quick_again(frame, data, length, deadline))
		return 1;
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(frame->stream->timeout_ms);
	rc = pier__frame_next(frame, deadline);
	return rc == 1 ? lend_whole(frame, data, length) : rc;
}

static __attribute__((noinline)) int
view_full_way(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	int rc;

	if (view_quick_again(frame, data, length, deadline))
		return 1;
	rc = pier__frame_await(frame, &deadline);
	return rc == 1 ? view_received(frame, data, length, deadline) : rc;
}

PIER__COLD static int
view_no_block(struct pier_frame *frame, const void **data, size_t *length,
	ssize_t n, pier_deadline deadline)
{
	int rc = pier__frame_no_block(frame, n, deadline);

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
		note_looked(frame, found);
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

/* Lend the message at `at`, of what was received `have` bytes, which ends at `end`.
   False: it is too long. */
static inline __attribute__((always_inline)) bool
lend_to(struct pier_frame *frame, const unsigned char *at, uint32_t have,
	const unsigned char *end, const void **data, size_t *length)
{
	size_t size = (size_t)(end - at) + 1;
	size_t found = length_before(&frame->wire, end, size);

	if (!PIER__MOSTLY(found <= frame->wire.max)) {
		note_looked(frame, size - 1);
		return false;
	}
	spend_credit(frame);
	(void)lend(frame, have, size);
	*data = at;
	*length = found;
	return true;
}

/* One that ends at a byte, which is not near, who has credit: `looked` bytes are
   none. */
static __attribute__((noinline)) int
view_far(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline, uint32_t looked)
{
	const struct pier_stream *stream = frame->stream;
	const uint32_t have = stream->in_end - stream->in_begin;
	const unsigned char *at = stream->in + stream->in_begin;
	const unsigned char *end =
		memchr(at + looked, frame->wire.end, have - looked);

	if (end == NULL)
		note_looked(frame, have);
	else if (lend_to(frame, at, have, end, data, length))
		return 1;
	return view_first(frame, data, length, deadline);
}

/* One that ends at a byte. No register is saved for it either, if that is near. */
PIER__HOT static __attribute__((noinline)) int
view_byte(struct pier_frame *frame, const void **data, size_t *length,
	pier_deadline deadline)
{
	const struct pier_stream *stream = frame->stream;
	const uint32_t have = stream->in_end - stream->in_begin;
	const unsigned char *at, *end;

	if (!PIER__MOSTLY(has_credit(frame, deadline) && have > 0))
		return view_first(frame, data, length, deadline);
	if (!PIER__MOSTLY(have >= PIER__NEAR))
		return view_far(frame, data, length, deadline, 0);
	at = stream->in + stream->in_begin;
	end = pier__find_near(at, frame->wire.end);
	if (!PIER__MOSTLY(end != NULL))
		return view_far(frame, data, length, deadline, PIER__NEAR);
	return PIER__MOSTLY(lend_to(frame, at, have, end, data, length))
		       ? 1
		       : view_first(frame, data, length, deadline);
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
		return frame->wire.quick == PIER__QUICK_BYTE
			       ? view_byte(frame, data, length, deadline)
			       : view_other(frame, data, length, deadline);
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
	enum pier__found found;
	unsigned char *at = stream->in + stream->in_begin;
	size_t have = pier__frame_ahead(stream);

	/* What is no base64 is found only when it is decoded, and then the next
	   call has to find it as it was. */
	if (frame->viewed > 0 || have == 0 ||
		frame->wire.kind == PIER_FRAME_BASE64)
		return false;
	found = ops->scan(&frame->wire, &scan, at, have);
	if (found == PIER__FOUND_PART) {
		frame->scan = scan;
		frame->ready = false;
		pier__frame_end_credit(frame);
	}
	if (found != PIER__FOUND_WHOLE ||
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
	size_t n, length = 0, size = 1;

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
	if (size == 0)
		note_looked(frame, length);
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
