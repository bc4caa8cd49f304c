/* SPDX-License-Identifier: MIT */
/*
 * net/can_text.c - frames as text, as can-utils write and read them. What those
 * pass over in silence (a ninth byte, half a byte) is an error here.
 */
#include <errno.h>
#include <string.h>

#include "net/can_wire.h"
#include "task/failure.h"

#define SHORT_DIGITS 3
#define LONG_DIGITS  8

/* Take hexadecimal digits off the span, at most max of them; how many. */
static size_t
take_hex(struct pier__span *span, size_t max, uint32_t *out)
{
	size_t n;

	*out = 0;
	for (n = 0; n < max && span->begin < span->end; n++) {
		int digit = pier__hex_value(span->text[span->begin]);

		if (digit < 0)
			break;
		*out = *out << 4 | (uint32_t)digit;
		span->begin++;
	}
	return n;
}

static int
take_id(struct pier_can_frame *out, struct pier__span *span,
	struct pier__why *why)
{
	size_t begin = span->begin, n;
	uint32_t id;

	n = take_hex(span, LONG_DIGITS, &id);
	if (span->begin == span->end || span->text[span->begin] != '#')
		return pier__why_set(why, span->begin,
			n == LONG_DIGITS || n == SHORT_DIGITS ||
					span->begin == span->end
				? "'#' is missing behind the identifier: "
				  "123#DEADBEEF"
				: "this is no hexadecimal digit of an "
				  "identifier: 123#DEADBEEF");
	if (n != SHORT_DIGITS && n != LONG_DIGITS)
		return pier__why_set(why, begin,
			"an identifier has 3 hexadecimal digits, or 8 where it "
			"is extended; this one has %zu",
			n);
	if (n == SHORT_DIGITS && id > PIER_CAN_ID_MAX)
		return pier__why_set(why, begin,
			"an identifier of 3 digits is at most 7FF; an extended "
			"one has 8 digits");
	out->error = (id & PIER__CAN_ERROR) != 0;
	out->remote = (id & PIER__CAN_REMOTE) != 0 && !out->error;
	out->extended = n == LONG_DIGITS && !out->error;
	out->id = id & PIER_CAN_ID_EXTENDED_MAX;
	span->begin++;
	return 0;
}

static int
take_data(struct pier_can_frame *out, struct pier__span *span, size_t max,
	struct pier__why *why)
{
	size_t n = 0;
	uint32_t byte;

	while (span->begin < span->end && span->text[span->begin] != '_') {
		size_t at = span->begin;

		if (n > 0 && span->text[at] == '.')
			span->begin++;
		if (n == max)
			return pier__why_set(why, at,
				"%s frame has at most %zu bytes",
				out->fd ? "an FD" : "a classic", max);
		if (take_hex(span, 2, &byte) != 2)
			return pier__why_set(why, span->begin,
				"a byte is two hexadecimal digits");
		out->data[n++] = (uint8_t)byte;
	}
	out->size = (uint8_t)n;
	return 0;
}

/* "_E" behind eight bytes: a length code of 14. */
static int
take_code(struct pier_can_frame *out, struct pier__span *span,
	struct pier__why *why)
{
	uint32_t code;

	if (span->begin == span->end)
		return 0;
	if (span->text[span->begin] != '_')
		return pier__why_set(
			why, span->begin, "the frame should end here");
	if (out->fd || out->size != PIER_CAN_CLASSIC_MAX)
		return pier__why_set(why, span->begin,
			"a length code is of classic frames of 8 bytes");
	span->begin++;
	if (take_hex(span, 1, &code) != 1 || code <= PIER_CAN_CLASSIC_MAX)
		return pier__why_set(
			why, span->begin, "a length code behind '_' is 9 to F");
	out->raw_code = (uint8_t)code;
	return span->begin == span->end ? 0
					: pier__why_set(why, span->begin,
						  "the frame should end here");
}

static int
take_remote(struct pier_can_frame *out, struct pier__span *span,
	struct pier__why *why)
{
	uint32_t size = 0;

	if (out->error)
		return pier__why_set(why, span->begin,
			"an error frame is neither extended nor remote");
	span->begin++;
	out->remote = true;
	if (span->begin < span->end && take_hex(span, 1, &size) != 1)
		return pier__why_set(why, span->begin,
			"behind R stands how many bytes are asked for");
	if (size > PIER_CAN_CLASSIC_MAX)
		return pier__why_set(why, span->begin - 1,
			"a classic frame has at most %d bytes",
			PIER_CAN_CLASSIC_MAX);
	out->size = (uint8_t)size;
	return take_code(out, span, why);
}

static int
take_fd(struct pier_can_frame *out, struct pier__span *span,
	struct pier__why *why)
{
	uint32_t flags;
	int rc;

	if (out->error || out->remote)
		return pier__why_set(why, span->begin,
			"FD has no remote frames and no error frames");
	span->begin++;
	if (take_hex(span, 1, &flags) != 1)
		return pier__why_set(why, span->begin,
			"behind '##' stands one hexadecimal digit of flags: "
			"1 BRS, 2 ESI");
	out->fd = true;
	out->fd_flags = (uint8_t)flags;
	rc = take_data(out, span, PIER_CAN_DATA_MAX, why);
	if (rc == 0)
		rc = take_code(out, span, why);
	out->size = pier__can_fd_size(out->size);
	return rc;
}

int
pier__can_frame_parse(struct pier_can_frame *out, struct pier__span span,
	struct pier__why *why)
{
	struct pier_can_frame frame = { .id = 0 };
	char next;
	int rc = take_id(&frame, &span, why);

	if (rc < 0)
		return rc;
	next = span.begin < span.end ? span.text[span.begin] : '\0';
	if (next == '#')
		rc = take_fd(&frame, &span, why);
	else if (next == 'R' || next == 'r')
		rc = take_remote(&frame, &span, why);
	else if (frame.remote && next != '\0')
		rc = pier__why_set(why, span.begin,
			"a remote frame has no data: R stands here");
	else
		rc = take_data(&frame, &span, PIER_CAN_CLASSIC_MAX, why);
	if (rc == 0)
		rc = take_code(&frame, &span, why);
	if (rc == 0)
		*out = frame;
	return rc;
}

int
pier_can_frame_parse(struct pier_can_frame *out, const char *text)
{
	struct pier__why why = { .offset = 0 };
	int rc = pier__can_frame_parse(out, pier__span_of(text), &why);

	return rc < 0 ? pier__fail_parse(rc, text, &why) : 0;
}

static char
digit(unsigned int value)
{
	return "0123456789ABCDEF"[value & 15];
}

static char *
put_id(char *at, const struct pier_can_frame *frame)
{
	/* The bit of extended frames does not stand in their text: eight digits
	   say so; that of errors does. */
	uint32_t id = frame->id | (frame->error ? PIER__CAN_ERROR : 0);
	int n = frame->extended || frame->error ? LONG_DIGITS : SHORT_DIGITS;

	while (n-- > 0)
		*at++ = digit(id >> (4 * n));
	*at++ = '#';
	return at;
}

static char *
put_rest(char *at, const struct pier_can_frame *frame)
{
	size_t i;

	if (frame->fd) {
		*at++ = '#';
		*at++ = digit(frame->fd_flags);
	}
	if (frame->remote) {
		*at++ = 'R';
		if (frame->size > 0)
			*at++ = digit(frame->size);
	}
	for (i = 0; !frame->remote && i < frame->size; i++) {
		*at++ = digit(frame->data[i] >> 4);
		*at++ = digit(frame->data[i]);
	}
	if (frame->raw_code != 0) {
		*at++ = '_';
		*at++ = digit(frame->raw_code);
	}
	return at;
}

int
pier_can_frame_format(
	const struct pier_can_frame *frame, char *buf, size_t size)
{
	const char *wrong = pier_can_frame_check(frame);
	char text[PIER_CAN_TEXT_MAX];
	size_t len;

	if (wrong != NULL)
		return pier__fail_step(
			-EINVAL, PIER_STEP_CREATE, "frame", wrong);
	len = (size_t)(put_rest(put_id(text, frame), frame) - text);
	if (len >= size)
		return -ENOSPC;
	memcpy(buf, text, len);
	buf[len] = '\0';
	return (int)len;
}
