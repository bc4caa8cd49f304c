/* SPDX-License-Identifier: MIT */
/*
 * A conversation in messages: the framing of the connection (--frame), and the
 * one of standard input and output (--stdio-frame).
 *
 * A message is not copied on its way: it is a view into the frame that it was
 * received by, held until the other frame has sent it. What is sent is gathered,
 * and goes when the fiber waits for the next one.
 */
#include "talk.h"

#include <errno.h>
#include <stdlib.h>

int
talk_frames_read(struct talk *talk)
{
	const struct cli_frames *given = &talk->settings->frames;
	struct talk_frames *frames = &talk->frames;
	int code = CLI_EXIT_OK;

	frames->has_wire = given->wire != NULL;
	frames->has_stdio = given->wire != NULL || given->stdio != NULL;
	if (frames->has_wire)
		code = cli_frames_wire(
			talk->tool, "connect", given, &frames->wire);
	if (code == CLI_EXIT_OK && frames->has_stdio)
		code = cli_frames_stdio(
			talk->tool, "connect", given, &frames->stdio);
	return code;
}

int
talk_frames_attach(struct talk *talk)
{
	struct talk_frames *frames = &talk->frames;
	int rc = 0;

	if (frames->has_wire)
		rc = pier_frame_attach(&frames->net, talk->net, &frames->wire);
	if (rc == 0 && frames->has_stdio)
		rc = pier_frame_attach(&frames->in, talk->in, &frames->stdio);
	if (rc == 0 && frames->has_stdio && talk->out != NULL)
		rc = pier_frame_attach(&frames->out, talk->out, &frames->stdio);
	return rc;
}

bool
talk_frames_broken(int rc)
{
	return rc == -PIER_EFRAME || rc == -EMSGSIZE || rc == -PIER_EEND;
}

/* A last line may lack its end: the end of input is end enough. */
static bool
may_lack_end(const struct pier_framing *framing)
{
	return framing->kind == PIER_FRAME_LINE ||
	       framing->kind == PIER_FRAME_NUL ||
	       framing->kind == PIER_FRAME_DELIM;
}

/* What the frame had of it is read ahead in the stream again. */
static int
read_last(struct talk *talk)
{
	struct talk_frames *frames = &talk->frames;
	size_t size;
	ssize_t n;

	(void)pier_frame_detach(frames->in);
	frames->in = NULL;
	frames->in_ended = true;
	size = pier_buffered(talk->in);
	frames->last = malloc(size);
	if (frames->last == NULL)
		return -ENOMEM;
	n = pier_read_full(talk->in, frames->last, size, PIER_FOREVER);
	if (n < 0)
		return (int)n;
	talk->up_data = frames->last;
	talk->up_len = size;
	return 1;
}

ssize_t
talk_frames_read_up(struct talk *talk, pier_deadline deadline)
{
	struct talk_frames *frames = &talk->frames;
	const void *data;
	size_t size;
	int rc;

	if (frames->in_ended)
		return 0;
	rc = pier_frame_view(frames->in, &data, &size, deadline);
	frames->skipped_in = pier_frame_skipped(frames->in);
	if (rc > 0) {
		talk->up_data = data;
		talk->up_len = size;
	} else if (rc == -PIER_EEND && may_lack_end(&frames->stdio)) {
		rc = read_last(talk);
	}
	frames->pending = rc > 0;
	return rc;
}

int
talk_frames_send_up(struct talk *talk, pier_deadline deadline)
{
	struct talk_frames *frames = &talk->frames;
	int rc;

	if (!frames->pending)
		return 0;
	rc = pier_frame_send(
		frames->net, talk->up_data, talk->up_len, deadline);
	if (rc == -EINVAL || rc == -EMSGSIZE) {
		frames->pending = false;
		talk->stdin_code = cli_frame_unsendable(talk->tool,
			&frames->wire, talk->up_data, talk->up_len, rc,
			talk->endpoint);
		return -ECANCELED;
	}
	if (rc < 0)
		return rc;
	frames->pending = false;
	talk->sent += talk->up_len;
	talk->sent_messages++;
	talk->active_ns = pier_now();
	cli_say(talk->tool, 2, "sent %zu bytes", talk->up_len);
	return 0;
}

ssize_t
talk_frames_read_down(struct talk *talk, pier_deadline deadline)
{
	struct talk_frames *frames = &talk->frames;
	const void *data;
	int rc;

	rc = pier_frame_view(frames->net, &data, &talk->down_len, deadline);
	frames->skipped_net = pier_frame_skipped(frames->net);
	if (rc <= 0)
		return rc;
	talk->down_data = data;
	talk->received_messages++;
	return rc;
}

int
talk_frames_put_down(struct talk *talk)
{
	int rc = pier_frame_send(
		talk->frames.out, talk->down_data, talk->down_len, talk->until);

	if (rc != -EINVAL && rc != -EMSGSIZE)
		return rc;
	talk_stop(talk, TALK_ERROR,
		cli_frame_unsendable(talk->tool, &talk->frames.stdio,
			talk->down_data, talk->down_len, rc,
			"standard output"));
	return 0;
}
