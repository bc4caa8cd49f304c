/* SPDX-License-Identifier: MIT */
/*
 * frame/quick.h - the quick way of receiving.
 *
 * Most messages are there already when they are asked for, and of a kind whose
 * end is found at once: they go the quick way, which is a few lines and no
 * system call. A task may do so on credit, sixteen times, before it is looked
 * again whether it may; which counts for one operation, so that a task with many
 * messages lets others run.
 *
 * Where the quick way looks for an end in vain, it leaves in frame->scan how far
 * it looked, for the full way.
 */
#ifndef PIER_FRAME_QUICK_H
#define PIER_FRAME_QUICK_H

#include <string.h>

#include "frame/frame.h"
#include "net/plain.h"

/* The encoded data of a whole message. */
static inline const unsigned char *
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
   wire; 0: none that is found so. */
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

/* The data of a message of size bytes with its end, which is a byte. */
static inline __attribute__((always_inline)) size_t
length_before(
	const struct pier__wire *wire, const unsigned char *end, size_t size)
{
	return wire->kind == PIER_FRAME_LINE && size > 1 && end[-1] == '\r'
		       ? size - 2
		       : size - 1;
}

/* The same of one that ends at a byte. 0: so many bytes are none: *length. */
static inline __attribute__((always_inline)) size_t
find_byte(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	const unsigned char *end = memchr(at, wire->end, have);
	size_t size;

	*length = have;
	if (!PIER__MOSTLY(end != NULL))
		return 0;
	size = (size_t)(end - at) + 1;
	*data = at;
	*length = length_before(wire, end, size);
	if (PIER__MOSTLY(*length <= wire->max))
		return size;
	*length = size - 1;
	return 0;
}

/* Either. 0: so many bytes are no end of a message: *length. */
static inline __attribute__((always_inline)) size_t
find_quick(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	if (wire->quick == PIER__QUICK_BYTE)
		return find_byte(wire, at, have, data, length);
	*length = 0;
	if (!PIER__MOSTLY(wire->quick != PIER__QUICK_NONE))
		return 0;
	return find_word(wire, at, have, data, length);
}

/* So many bytes of what was received are no end of a message, which is looked for
   behind them, by the full way. */
static inline __attribute__((always_inline)) void
note_looked(struct pier_frame *frame, size_t looked)
{
	if (frame->wire.quick != PIER__QUICK_BYTE)
		return;
	frame->scan.looked = looked;
	frame->ready = false;
	pier__frame_end_credit(frame);
}

/* The same of what was received, of which nothing is lent: true, and *size is to
   be used up. */
static inline __attribute__((always_inline)) bool
quick(struct pier_frame *frame, const unsigned char **data, size_t *length,
	size_t *size)
{
	const struct pier_stream *stream = frame->stream;
	size_t have = pier__frame_ahead(stream);

	if (!PIER__MOSTLY(have > 0))
		return false;
	*size = find_quick(&frame->wire, stream->in + stream->in_begin, have,
		data, length);
	if (PIER__MOSTLY(*size > 0))
		return true;
	note_looked(frame, *length);
	return false;
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

/* recv.c: who had no credit: may it have some, and is there a message for it? */
bool pier__frame_quick_again(struct pier_frame *frame, pier_deadline deadline,
	const unsigned char **data, size_t *length, size_t *size);

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

/* recv.c: find_quick(), not in line. */
size_t pier__frame_find_other(const struct pier__wire *wire,
	const unsigned char *at, size_t have, const unsigned char **data,
	size_t *length);

/* find_quick() of a block's beginning: just after a system call each line of code
   is a miss, so only the most common kind is looked for here. */
static inline __attribute__((always_inline)) size_t
find_first(const struct pier__wire *wire, const unsigned char *at, size_t have,
	const unsigned char **data, size_t *length)
{
	uint32_t size;

	if (!PIER__MOSTLY(
		    wire->quick == PIER__QUICK_U32BE && have >= sizeof(size)))
		return pier__frame_find_other(wire, at, have, data, length);
	memcpy(&size, at, sizeof(size));
	size = be32toh(size);
	*length = 0;
	if (!PIER__MOSTLY(size <= have - sizeof(size) && size <= wire->max))
		return 0;
	*data = at + sizeof(size);
	*length = size;
	return size + sizeof(size);
}

/* recv.c: it brought n, which is not a byte: as pier__frame_await(), whose rest it
   is. */
PIER__COLD int pier__frame_no_block(
	struct pier_frame *frame, ssize_t n, pier_deadline deadline);

#endif
