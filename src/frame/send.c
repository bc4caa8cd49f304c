/* SPDX-License-Identifier: MIT */
/*
 * frame/send.c - sending messages: checked, then gathered whole, or written.
 *
 * A short message is gathered whole or not at all. Of a long one a part may have
 * gone when its deadline passes; how far it came is kept here, and the same call
 * goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/frame.h"
#include "net/plain.h"
#include "net/rate.h"

/* From so many bytes to twice as many are copied without a call. */
#define HALF ((size_t)32)

/* All of it has gone. */
static int
sent(struct pier_frame *frame)
{
	frame->half_sent = false;
	frame->all_encoded = false;
	return 0;
}

/* Behind what is gathered. */
static void
add(struct pier_frame *frame, size_t size)
{
	pier__gather_added(frame->stream->out, pier__current, size);
	frame->out_done += size;
	frame->half_sent = true;
}

/* All is gathered; now it has to go. */
static int
flush(struct pier_frame *frame, pier_deadline deadline)
{
	int rc;

	frame->all_encoded = true;
	rc = pier__stream_flush(frame->stream, deadline);
	return rc == 0 ? sent(frame) : rc;
}

static size_t
longest(const struct pier_frame *frame, size_t size)
{
	const struct pier__wire_ops *ops = frame->wire.ops;

	return frame->ends.head_size + frame->ends.tail_size +
	       (ops->encoded_max != NULL ? ops->encoded_max(size) : size);
}

/* The whole wire form, to out. Its size. */
static size_t
put_all(struct pier_frame *frame, unsigned char *out, size_t room,
	const unsigned char *data, size_t size)
{
	const struct pier__wire *wire = &frame->wire;
	const struct pier__ends *ends = &frame->ends;
	size_t used = ends->head_size;

	memcpy(out, ends->head, ends->head_size);
	if (wire->ops->encode != NULL)
		used += wire->ops->encode(wire, &frame->encoding, data, size,
			out + used, room - used);
	else if (size > 0)
		memcpy(out + used, data, size);
	if (wire->ops->encode == NULL)
		used += size;
	memcpy(out + used, ends->tail, ends->tail_size);
	return used + ends->tail_size;
}

static int
send_short(struct pier_frame *frame, const unsigned char *data, size_t size,
	pier_deadline deadline)
{
	struct pier_stream *stream = frame->stream;
	/* Encoders want room that they may not use. */
	size_t room = longest(frame, size) + PIER__ENCODE_ROOM;
	unsigned char *out;
	int rc = pier__stream_room(stream, room, &out, deadline);

	if (rc < 0)
		return rc;
	add(frame, put_all(frame, out, room, data, size));
	/* No event sends on what waits for its rate. */
	return pier__rate_holds_writes(stream) ? flush(frame, deadline)
					       : sent(frame);
}

/* As it is, from where it was. */
static int
send_plain(struct pier_frame *frame, const unsigned char *data, size_t size,
	pier_deadline deadline)
{
	struct pier__ends *ends = &frame->ends;
	const struct iovec all[3] = {
		{ ends->head, ends->head_size },
		{ (void *)(uintptr_t)data, size },
		{ ends->tail, ends->tail_size },
	};
	struct iovec left[3];
	size_t skip = frame->out_done, went = 0;
	int i, rc;

	rc = pier__stream_flush(frame->stream, deadline);
	if (rc < 0)
		return rc;
	for (i = 0; i < 3; i++) {
		size_t some = skip < all[i].iov_len ? skip : all[i].iov_len;

		left[i] = (struct iovec){ (char *)all[i].iov_base + some,
			all[i].iov_len - some };
		skip -= some;
	}
	rc = pier__stream_write_all(frame->stream, left, 3, &went, deadline);
	frame->out_done += went;
	frame->half_sent = frame->out_done > 0;
	return rc == 0 ? sent(frame) : rc;
}

/* size bytes, as they are, are gathered. */
static int
send_end(struct pier_frame *frame, const unsigned char *data, size_t size,
	pier_deadline deadline)
{
	unsigned char *out;
	int rc = pier__stream_room(frame->stream, size, &out, deadline);

	if (rc < 0)
		return rc;
	memcpy(out, data, size);
	add(frame, size);
	return 0;
}

/* Encoded piece by piece, from where it was. */
static int
send_coded(struct pier_frame *frame, const unsigned char *data, size_t size,
	pier_deadline deadline)
{
	const struct pier__wire *wire = &frame->wire;
	const struct pier__ends *ends = &frame->ends;
	struct pier_stream *stream = frame->stream;
	unsigned char *out;
	size_t some = 1;
	int rc = 0;

	if (!frame->half_sent && ends->head_size > 0)
		rc = send_end(frame, ends->head, ends->head_size, deadline);
	while (rc == 0 && some > 0) {
		rc = pier__stream_room(
			stream, PIER__ENCODE_ROOM, &out, deadline);
		if (rc < 0)
			return rc;
		some = wire->ops->encode(wire, &frame->encoding, data, size,
			out, PIER__GATHER_MAX - stream->out->end);
		if (some > 0)
			add(frame, some);
	}
	if (rc == 0)
		rc = send_end(frame, ends->tail, ends->tail_size, deadline);
	return rc == 0 ? flush(frame, deadline) : rc;
}

/* A new message: may it be sent, and what is around its data? */
static int
begin(struct pier_frame *frame, const void *data, size_t size)
{
	struct pier__why why;
	int rc = pier__wire_check(&frame->wire, data, size, &why);

	if (rc < 0)
		return pier__frame_fail(
			frame, rc, PIER_STEP_FRAME, why.text, 0);
	frame->out_size = size;
	frame->out_done = 0;
	frame->encoding = (struct pier__encoding){ 0 };
	frame->ends.head_size = 0;
	frame->ends.tail_size = 0;
	frame->wire.ops->ends(&frame->wire, data, size, &frame->ends);
	return 0;
}

/* Is this the message that is half sent? */
static int
resume(struct pier_frame *frame, size_t size)
{
	char detail[96];

	if (size == frame->out_size)
		return 0;
	(void)snprintf(detail, sizeof(detail),
		"a message of %zu bytes is half sent, and this has %zu",
		frame->out_size, size);
	return pier__frame_fail(frame, -EINVAL, PIER_STEP_FRAME, detail, 0);
}

/* self may send so many. */
static inline void
take_credit(struct pier_frame *frame, const struct pier__task *self)
{
	frame->writer = self;
	frame->out_credit = PIER__FRAME_CREDIT;
}

static inline __attribute__((always_inline)) void
spend_credit(struct pier_frame *frame)
{
	if (!PIER__MOSTLY(--frame->out_credit > 0))
		pier__frame_end_out_credit(frame);
}

/* The next ones of this task may go the quick way. */
static void
give_credit(struct pier_frame *frame, pier_deadline deadline)
{
	struct pier__task *self = pier__current;
	bool quick = frame->wire.quick != PIER__QUICK_NONE &&
		     pier__frame_may_hurry(frame, self, deadline);

	if (quick)
		take_credit(frame, self);
	else
		pier__frame_end_out_credit(frame);
}

static __attribute__((noinline)) int
send_full_way(struct pier_frame *frame, const void *data, size_t size,
	pier_deadline deadline)
{
	pier_deadline given = deadline;
	int rc = pier__stream_begin_gather(frame->stream, &deadline);

	if (rc == 0) {
		give_credit(frame, given);
		rc = frame->half_sent ? resume(frame, size)
				      : begin(frame, data, size);
		if (rc < 0) {
			pier__frame_end_out_credit(frame);
			return rc;
		}
		if (frame->all_encoded)
			rc = flush(frame, deadline);
		else if (longest(frame, size) + PIER__ENCODE_ROOM <=
			 PIER__FRAME_SHORT)
			rc = send_short(frame, data, size, deadline);
		else if (frame->wire.ops->encode == NULL)
			rc = send_plain(frame, data, size, deadline);
		else
			rc = send_coded(frame, data, size, deadline);
	}
	if (rc == 0)
		return 0;
	pier__frame_end_out_credit(frame);
	return pier__frame_fail(frame, rc, PIER_STEP_SEND, NULL,
		frame->half_sent ? frame->out_done : 0);
}

/* ---- The quick way ---------------------------------------------------- */

static __attribute__((noinline)) int
copy(unsigned char *out, const void *data, size_t size)
{
	if (size > 0)
		memcpy(out, data, size);
	return 0;
}

/* A message of a common kind, that may be sent: what it takes; or 0. */
static inline __attribute__((always_inline)) size_t
quick_size(const struct pier__wire *wire, const void *data, size_t size)
{
	if (wire->quick == PIER__QUICK_NONE)
		return 0;
	if (wire->quick != PIER__QUICK_BYTE)
		return size + wire->width;
	if (size == 0 || memchr(data, wire->end, size) != NULL)
		return 0;
	/* A line may have an \r at its end. */
	if (wire->kind == PIER_FRAME_LINE &&
		((const char *)data)[size - 1] == '\r')
		return 0;
	return size + wire->terminator_size;
}

/* Has self credit for one more, behind what it gathered last? Then it is gathered
   here, and nobody writes meanwhile. */
static inline __attribute__((always_inline)) bool
has_credit(const struct pier_frame *frame, const struct pier__task *self,
	pier_deadline deadline)
{
	return PIER__MOSTLY(frame->writer == self &&
			    pier__gather_is_last(frame->stream->out, self) &&
			    pier__frame_is_unhurried(deadline));
}

/* Room for it by credit; NULL: look closer. */
static inline __attribute__((always_inline)) unsigned char *
quick_room(const struct pier_frame *frame, size_t size, pier_deadline deadline)
{
	const struct pier__gather *out = frame->stream->out;

	if (!PIER__MOSTLY(has_credit(frame, pier__current, deadline) &&
			  size <= PIER__GATHER_MAX - out->end))
		return NULL;
	return out->data + out->end;
}

/* The same of the first one since all was sent. */
static inline __attribute__((always_inline)) unsigned char *
first_room(struct pier_frame *frame, pier_deadline deadline)
{
	struct pier_stream *stream = frame->stream;
	struct pier__gather *gather = stream->out;
	struct pier__task *self = pier__current;

	if (!PIER__MOSTLY(gather != NULL &&
			  !pier__gather_is_elsewhere(gather) &&
			  gather->data == NULL && gather->error == 0 &&
			  PIER__LOOK(stream->desc.writer) == NULL &&
			  pier__frame_may_hurry(frame, self, deadline) &&
			  pier__gather_begin(gather, self)))
		return NULL;
	take_credit(frame, self);
	return gather->data;
}

/* Any that is not for pier_frame_send() itself. */
PIER__HOT static __attribute__((noinline)) int
send_other(struct pier_frame *frame, const void *data, size_t size,
	pier_deadline deadline)
{
	const struct pier__wire *wire = &frame->wire;
	unsigned char *out = NULL;
	size_t all = 0;

	if (PIER__MOSTLY(!frame->half_sent && size <= wire->max &&
			 size <= PIER__FRAME_SHORT_DATA))
		all = quick_size(wire, data, size);
	if (PIER__MOSTLY(all > 0))
		out = quick_room(frame, all, deadline);
	if (!PIER__MOSTLY(out != NULL) && all > 0)
		out = first_room(frame, deadline);
	if (!PIER__MOSTLY(out != NULL))
		return send_full_way(frame, data, size, deadline);
	frame->stream->out->end += (uint32_t)all;
	spend_credit(frame);
	if (wire->quick != PIER__QUICK_BYTE) {
		pier__length_store(out, wire->width, wire->little, size);
		out += wire->width;
	} else {
		memcpy(out + size, wire->terminator, wire->terminator_size);
	}
	return copy(out, data, size);
}

/* A message behind its length, to out, where there is room. A short one needs no
   call: it is copied by two halves, which may overlap. */
static inline __attribute__((always_inline)) int
put_u32be(unsigned char *out, const unsigned char *data, size_t size)
{
	const uint32_t head = htobe32((uint32_t)size);

	memcpy(out, &head, sizeof(head));
	out += sizeof(head);
	if (size - HALF > HALF)
		return copy(out, data, size);
	memcpy(out, data, HALF);
	memcpy(out + size - HALF, data + size - HALF, HALF);
	return 0;
}

/* The first such since all was sent, just after a system call: laid out in a
   row. */
PIER__HOT static __attribute__((noinline)) int
send_first(struct pier_frame *frame, const void *data, size_t size,
	pier_deadline deadline)
{
	unsigned char *out = NULL;

	if (PIER__MOSTLY(!frame->half_sent && size <= frame->short_max))
		out = first_room(frame, deadline);
	if (!PIER__MOSTLY(out != NULL))
		return send_other(frame, data, size, deadline);
	frame->stream->out->end = (uint32_t)(size + sizeof(uint32_t));
	spend_credit(frame);
	return put_u32be(out, data, size);
}

/* On credit it calls nothing, so that no register is saved for it. */
PIER__HOT int
pier_frame_send(struct pier_frame *frame, const void *data, size_t size,
	pier_deadline deadline)
{
	const struct pier__task *self = pier__current;
	struct pier__gather *gather = frame->stream->out;
	unsigned char *out;
	size_t end;

	if (!PIER__MOSTLY(frame->wire.quick == PIER__QUICK_U32BE))
		return send_other(frame, data, size, deadline);
	if (!PIER__MOSTLY(has_credit(frame, self, deadline) &&
			  size <= frame->short_max))
		return send_first(frame, data, size, deadline);
	out = gather->data + gather->end;
	end = gather->end + sizeof(uint32_t) + size;
	if (!PIER__MOSTLY(end <= PIER__GATHER_MAX))
		return send_first(frame, data, size, deadline);
	gather->end = (uint32_t)end;
	spend_credit(frame);
	return put_u32be(out, data, size);
}
