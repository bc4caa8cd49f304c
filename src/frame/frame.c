/* SPDX-License-Identifier: MIT */
/* frame/frame.c - a framing is attached to a stream, and detached. */
#include "frame/frame.h"

#include <errno.h>
#include <string.h>

static struct pier_frame *
frame_of(struct pier__attachment *attachment)
{
	return pier__container_of(attachment, struct pier_frame, attachment);
}

static void
free_frame(struct pier_frame *frame)
{
	frame->stream->attachment = NULL;
	pier__free(frame->own);
	pier__free(frame);
}

/* What the stream had read ahead is gone already, or goes with it. */
static void
closed(struct pier__attachment *attachment)
{
	free_frame(frame_of(attachment));
}

/* What is lent of the stream's own is all that it has. */
static size_t
ahead(const struct pier__attachment *attachment)
{
	const struct pier_frame *frame =
		pier__container_of(attachment, struct pier_frame, attachment);
	size_t lent = frame->own_size == 0 ? frame->viewed : 0;

	return pier_buffered(frame->stream) - lent;
}

int
pier__frame_fail(const struct pier_frame *frame, int rc, enum pier_step step,
	const char *detail, size_t done)
{
	/* An answer, as always; what is there stays there. */
	if (rc == -EAGAIN && step != PIER_STEP_SEND)
		return rc;
	return pier__stream_fail_with(frame->stream, rc,
		&(struct pier__failure){ .step = step,
			.detail = detail,
			.done = done,
			.counts = true });
}

int
pier_frame_attach_sized(struct pier_frame **out, struct pier_stream *stream,
	const struct pier_framing *framing, size_t framing_size)
{
	struct pier_frame *frame;
	struct pier__wire wire;
	struct pier__why why;
	const char *detail = NULL;
	int rc = pier__wire_of(&wire, framing, framing_size, &why);

	if (rc < 0) {
		detail = why.text;
		goto fail;
	}
	if (stream->attachment != NULL) {
		rc = -EBUSY;
		detail = "the stream has a framing already";
		goto fail;
	}
	frame = pier__alloc_object(sizeof(*frame));
	if (frame == NULL) {
		rc = -ENOMEM;
		goto fail;
	}
	frame->stream = stream;
	frame->wire = wire;
	frame->short_max = (uint32_t)(wire.max < PIER__FRAME_SHORT_DATA
					      ? wire.max
					      : PIER__FRAME_SHORT_DATA);
	frame->ready = true;
	pier__frame_end_credit(frame);
	pier__frame_end_out_credit(frame);
	frame->attachment.closed = closed;
	frame->attachment.ahead = ahead;
	stream->attachment = &frame->attachment;
	*out = frame;
	return 0;

fail:
	return pier__stream_fail_with(stream, rc,
		&(struct pier__failure){
			.step = PIER_STEP_FRAME, .detail = detail });
}

void
pier__frame_return(struct pier_frame *frame)
{
	struct pier_stream *stream = frame->stream;
	size_t have = pier__frame_ahead(stream);
	size_t viewed = frame->viewed;

	frame->viewed = 0;
	if (viewed == 0)
		return;
	if (frame->own_size > 0) {
		frame->own_size = 0;
		return;
	}
	/* Somebody may have read, or shut down, the stream himself. */
	pier__stream_consume(stream, viewed < have ? viewed : have);
}

/* Give back what was received and is of no message. By invariant 2 there is
   room for it; the buffer becomes the stream's. */
static void
give_back(struct pier_frame *frame)
{
	struct pier_stream *stream = frame->stream;
	size_t ahead = pier__frame_ahead(stream);

	frame->own_size -= frame->twice;
	if (frame->own_size == 0)
		return;
	if (ahead > 0)
		memcpy(frame->own + frame->own_size,
			stream->in + stream->in_begin, ahead);
	pier__stream_consume(stream, ahead);
	(void)pier__stream_unread(stream, frame->own, frame->own_size + ahead,
		frame->own, frame->own_room);
	frame->own = NULL;
}

int
pier_frame_detach(struct pier_frame *frame)
{
	int rc = 0;

	if (frame == NULL)
		return 0;
	pier__frame_return(frame);
	if (!frame->stream->read_done)
		give_back(frame);
	if (frame->half_sent)
		rc = pier__frame_fail(frame, -EBUSY, PIER_STEP_SEND,
			"a message is half sent", frame->out_done);
	free_frame(frame);
	return rc;
}

struct pier_stream *
pier_frame_stream(const struct pier_frame *frame)
{
	return frame->stream;
}

uint64_t
pier_frame_skipped(const struct pier_frame *frame)
{
	return frame->skipped;
}
