/* SPDX-License-Identifier: MIT */
/*
 * The moves of a conversation. Time limits are judged in one place: the fiber
 * that reads from the peer always waits by talk_limit(), so whatever the other
 * one does needs none of its own while the peer has not ended.
 */
#include "talk.h"

#include "conduct.h"
#include "signals.h"
#include "story.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
talk_ended(struct talk *talk, enum talk_side side, enum talk_end how)
{
	if (talk->first == TALK_NOBODY)
		talk->first = side;
	if (side == TALK_US)
		talk->us = how;
	else
		talk->peer = how;
}

void
talk_stop(struct talk *talk, enum talk_reason reason, int code)
{
	if (talk->reason != TALK_GOES_ON)
		return;
	talk->reason = reason;
	talk->code = code;
	pier_group_cancel(talk->up_group);
	pier_group_cancel(talk->group);
}

void
talk_fail(struct talk *talk)
{
	if (talk->reason == TALK_GOES_ON)
		talk_stop(talk, TALK_ERROR,
			cli_failure(talk->tool, pier_last_error()));
}

void
talk_stdin_failed(struct talk *talk, int rc)
{
	if (talk->reason != TALK_GOES_ON)
		return;
	/* A framing says more than that it cannot be read; and where it ends in
	   the middle of a message, no peer has gone. */
	if (talk->frames.has_stdio && talk_frames_broken(rc))
		talk->stdin_code = cli_failure_here(talk->tool,
			pier_last_error(), "standard input", CLI_EXIT_PROTOCOL);
	else
		talk->stdin_code = cli_own_failure(talk->tool,
			PIER_STEP_RECEIVE, "standard input", rc, "");
}

/* The limits, as the user named them; 0 is none. */
static int64_t
first_byte_limit(const struct talk *talk)
{
	bool silent = talk->received == 0 && talk->received_messages == 0;

	return silent ? talk->settings->first_byte_timeout : 0;
}

static pier_deadline
moment(int64_t from_ns, int64_t limit_ns)
{
	if (limit_ns == 0)
		return PIER_FOREVER;
	return pier_deadline_at(from_ns + limit_ns);
}

pier_deadline
talk_limit(const struct talk *talk)
{
	pier_deadline first =
		moment(talk->connected_ns, first_byte_limit(talk));
	pier_deadline idle =
		moment(talk->active_ns, talk->settings->idle_timeout);

	return pier_earlier(talk->until, pier_earlier(first, idle));
}

bool
talk_over_limit(struct talk *talk)
{
	const struct connect_settings *settings = talk->settings;
	int64_t now = pier_now(), limit;
	char text[CLI_VALUE_TEXT], detail[64];
	const char *option;

	if (talk->until.ns <= now) {
		option = "--timeout";
		limit = settings->timeout;
	} else if (first_byte_limit(talk) > 0 &&
		   talk->connected_ns + first_byte_limit(talk) <= now) {
		option = "--first-byte-timeout";
		limit = settings->first_byte_timeout;
	} else if (settings->idle_timeout > 0 &&
		   talk->active_ns + settings->idle_timeout <= now) {
		option = "--idle-timeout";
		limit = settings->idle_timeout;
	} else {
		return false;
	}
	cli_format_limit(limit, text, sizeof(text));
	snprintf(detail, sizeof(detail), "%s %s", option, text);
	talk_stop(talk, TALK_DEADLINE,
		cli_own_failure(talk->tool, PIER_STEP_RECEIVE, talk->endpoint,
			-PIER_EDEADLINE, detail));
	return true;
}

/* CR before each LF that has none. */
static void
add_crlf(struct talk *talk, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (talk->raw[i] == '\n' && !talk->after_cr)
			talk->up[talk->up_len++] = '\r';
		talk->up[talk->up_len++] = talk->raw[i];
		talk->after_cr = talk->raw[i] == '\r';
	}
}

ssize_t
talk_read_up(struct talk *talk, pier_deadline deadline)
{
	bool crlf = talk->settings->crlf;
	char *buf = crlf ? talk->raw : talk->up;
	ssize_t n;

	talk->up_at = talk->up_len = 0;
	talk->up_data = talk->up;
	if (talk->frames.has_stdio)
		return talk_frames_read_up(talk, deadline);
	n = talk->settings->lines
		    ? pier_read_line(talk->in, buf, talk->chunk + 1, deadline)
		    : pier_read(talk->in, buf, talk->chunk, deadline);
	if (n <= 0)
		return n;
	if (crlf)
		add_crlf(talk, (size_t)n);
	else
		talk->up_len = (size_t)n;
	return n;
}

int
talk_send_up(struct talk *talk, pier_deadline deadline)
{
	if (talk->frames.net != NULL)
		return talk_frames_send_up(talk, deadline);
	while (talk->up_at < talk->up_len) {
		ssize_t n =
			pier_write_some(talk->net, talk->up_data + talk->up_at,
				talk->up_len - talk->up_at, deadline);

		if (n < 0)
			return (int)n;
		talk->up_at += (size_t)n;
		talk->sent += (uint64_t)n;
		talk->active_ns = pier_now();
		cli_say(talk->tool, 2, "sent %zd bytes", n);
	}
	return 0;
}

ssize_t
talk_read_down(struct talk *talk, pier_deadline deadline)
{
	ssize_t n;

	if (talk->frames.net != NULL)
		return talk_frames_read_down(talk, deadline);
	n = pier_read(talk->net, talk->down, sizeof(talk->down), deadline);
	talk->down_data = talk->down;
	talk->down_len = n > 0 ? (size_t)n : 0;
	return n;
}

void
talk_join_up(struct talk *talk)
{
	/* We may have been cancelled too, and must not leave it running with
	   what is about to be closed. It ends at its next wait. */
	pier_deadline before = pier_shield(PIER_FOREVER);

	if (talk->up_group != NULL) {
		pier_group_cancel(talk->up_group);
		(void)pier_group_wait(talk->up_group, PIER_FOREVER);
	}
	(void)pier_shield(before);
}

static int
open_talk(struct talk *talk)
{
	const struct connect_settings *settings = talk->settings;
	pier_deadline deadline = talk->until;
	int rc;

	if (settings->connect_timeout > 0)
		deadline = pier_earlier(
			deadline, pier_in_ns(settings->connect_timeout));
	talk->started_ns = pier_now();
	rc = talk->kind->open(talk, deadline);
	if (rc == 0 || rc == -ECANCELED)
		return rc;
	story_attempts(talk);
	talk->code = cli_open_failure(
		talk->tool, pier_last_error(), talk->endpoint, settings->bind);
	return rc;
}

/* The conversation went well to its end, but not all was said that should have
   been. */
static void
blame_stdin(struct talk *talk)
{
	if (talk->stdin_code == CLI_EXIT_OK || talk->code != CLI_EXIT_OK ||
		(talk->reason != TALK_STDIN_END &&
			talk->reason != TALK_PEER_END))
		return;
	talk->reason = TALK_ERROR;
	talk->code = talk->stdin_code;
}

static void
converse(struct talk *talk)
{
	int rc;

	talk->connected_ns = talk->active_ns = pier_now();
	story_connected(talk);
	rc = talk_open_standard(talk);
	if (rc == 0)
		talk->kind->run(talk);
	talk_join_up(talk);
	talk_flush_down(talk);
	if (rc < 0) {
		talk->code = cli_own_failure(talk->tool, PIER_STEP_CREATE,
			"standard input and output", rc, "");
		return;
	}
	if (talk->reason == TALK_GOES_ON)
		talk->reason =
			cli_signals_caught() != 0 ? TALK_SIGNAL : TALK_PEER_END;
	if (talk->first == TALK_NOBODY)
		talk->first = TALK_US;
	blame_stdin(talk);
	story_closed(talk);
}

static int
run(struct pier_group *group, void *arg)
{
	struct talk *talk = arg;

	talk->group = group;
	if (talk->settings->timeout > 0)
		talk->until = pier_in_ns(talk->settings->timeout);
	else
		talk->until = PIER_FOREVER;
	talk->tool->until = talk->until;
	if (open_talk(talk) == 0)
		converse(talk);
	/* Ends the watcher of standard output too. */
	pier_group_cancel(group);
	pier_group_close(talk->up_group);
	pier_close(talk->net);
	pier_packet_close(talk->packet);
	pier_close(talk->in);
	pier_close(talk->out);
	return talk->code;
}

int
talk_hold(struct cli_tool *tool, const struct connect_settings *settings,
	const struct talk_kind *kind)
{
	struct talk *talk = calloc(1, sizeof(*talk));
	int code;

	if (talk == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "buffers", -ENOMEM, "");
	talk->tool = tool;
	talk->settings = settings;
	talk->kind = kind;
	talk->chunk = TALK_CHUNK;
	talk->endpoint = settings->endpoints.item[0];
	code = cli_sockopts_list(
		tool, "connect", &settings->sockopts, &talk->sockopts);
	if (code == CLI_EXIT_OK)
		code = talk_frames_read(talk);
	if (code == CLI_EXIT_OK)
		code = cli_conduct(tool, run, talk);
	free(talk->frames.last);
	free(talk);
	return code;
}
