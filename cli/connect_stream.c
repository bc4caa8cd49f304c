/* SPDX-License-Identifier: MIT */
/*
 * pier connect to a stream: who does what when; the ends follow pier-eof(7).
 *
 * The fiber that dialled then reads down, from the peer; a second one reads
 * up, from standard input. At the peer's end the second is cancelled, which
 * stops it only where it waits, for standard input or for room to send. What
 * it had read and not sent is still in the talk, and the first fiber goes on
 * with it from there (settle).
 */
#include "talk.h"
#include "hint.h"
#include "lan.h"

#include <errno.h>
#include <unistd.h>

/* Sending failed; what the peer still says is read to its end. */
static void
cannot_send(struct talk *talk, int rc)
{
	talk->stdin_ended = true;
	/* EPIPE: the reset came behind the peer's end, see pier-eof(7). */
	if (rc == -EPIPE || rc == -ECANCELED)
		return;
	talk_ended(
		talk, TALK_PEER, pier_is_dead_peer(rc) ? TALK_DEAD : TALK_RST);
	if (talk->reason == TALK_GOES_ON) {
		talk->reason = TALK_ERROR;
		talk->code = cli_failure(talk->tool, pier_last_error());
	}
}

/* RFCOMM has no half to close: what stays silent for --eof-wait from now on has
   answered. */
static void
await_silence(struct talk *talk)
{
	int64_t until = pier_now();

	do {
		if (talk->active_ns > until)
			until = talk->active_ns;
		until += talk->settings->eof_wait;
		if (pier_sleep(pier_deadline_at(until)) < 0)
			return;
	} while (talk->active_ns + talk->settings->eof_wait > until);
	talk_ended(talk, TALK_US, TALK_FIN);
	talk_stop(talk, TALK_STDIN_END, CLI_EXIT_OK);
}

static void
stdin_ended(struct talk *talk)
{
	int rc = 0;

	talk->stdin_ended = true;
	switch (talk->settings->on_stdin_end) {
	case CONNECT_HALF_CLOSE:
		rc = pier_shutdown(talk->net, PIER_WRITING, PIER_FOREVER);
		/* A terminal or a file behind fd:// has no half to close. */
		if (rc == 0)
			talk_ended(talk, TALK_US, TALK_FIN);
		else if (rc == -ENOTSUP && cli_is_bluetooth(talk->endpoint))
			await_silence(talk);
		break;
	case CONNECT_CLOSE:
		rc = pier_drain(talk->net, PIER_FOREVER);
		if (rc < 0)
			break;
		talk_ended(talk, TALK_US, TALK_FIN);
		talk_stop(talk, TALK_STDIN_END, CLI_EXIT_OK);
		break;
	default:
		/* Messages may be gathered, and nothing else would wait. */
		rc = pier_flush(talk->net, PIER_FOREVER);
		break;
	}
	/* The kernel tells of a reset once: the reader would see an end. */
	if (pier_is_reset(rc) || pier_is_dead_peer(rc))
		cannot_send(talk, rc);
	if (talk->reader_gone)
		talk_stop(talk, TALK_STDOUT_CLOSE, CLI_EXIT_OK);
}

static int
read_up(void *arg)
{
	struct talk *talk = arg;
	ssize_t n = -ECANCELED;
	int rc = 0;

	pier_task_name("stdin");
	/* Data that never let it wait, /dev/zero to a quick reader, would never
	   let it be cancelled. */
	while (rc == 0 && !pier_cancelled() &&
		(n = talk_read_up(talk, PIER_FOREVER)) > 0)
		rc = talk_send_up(talk, PIER_FOREVER);
	if (rc == 0 && n < 0 && n != -ECANCELED)
		talk_stdin_failed(talk, (int)n);
	/* What was said before that is still answered. */
	if (talk->stdin_code != CLI_EXIT_OK)
		stdin_ended(talk);
	else if (rc < 0)
		cannot_send(talk, rc);
	else if (n == 0)
		stdin_ended(talk);
	return 0;
}

static void
cannot_receive(struct talk *talk, int rc)
{
	if (rc == -PIER_EEND)
		talk_ended(talk, TALK_PEER, TALK_FIN);
	else if (!talk_frames_broken(rc))
		talk_ended(talk, TALK_PEER,
			pier_is_dead_peer(rc) ? TALK_DEAD : TALK_RST);
	talk_fail(talk);
}

/* Until the peer has ended, or the conversation was ended otherwise. */
static void
read_down(struct talk *talk)
{
	ssize_t n = -ECANCELED;

	/* Nor is there a wait while a peer floods us. */
	while (!pier_cancelled()) {
		n = talk_read_down(talk, talk_limit(talk));
		if (n == -PIER_EDEADLINE && !talk_over_limit(talk))
			continue;
		if (n <= 0)
			break;
		talk->received += talk->down_len;
		talk->active_ns = pier_now();
		cli_say(talk->tool, 2, "received %zu bytes", talk->down_len);
		talk_put_down(talk, NULL);
		if (talk->reason != TALK_GOES_ON && talk->reason != TALK_ERROR)
			return;
	}
	if (n == 0 && talk->peer == TALK_OPEN)
		talk_ended(talk, TALK_PEER, TALK_FIN);
	else if (n < 0 && n != -ECANCELED && n != -PIER_EDEADLINE)
		cannot_receive(talk, (int)n);
}

static pier_deadline
settle_limit(const struct talk *talk)
{
	pier_deadline limit = talk_limit(talk);

	if (talk->settings->on_peer_end == CONNECT_WAIT)
		return limit;
	return pier_earlier(limit, pier_in_ns(talk->settings->eof_wait));
}

/* The peer has ended and may still listen: send on as pier-eof(7) says. */
static void
settle(struct talk *talk)
{
	bool more = talk->settings->on_peer_end != CONNECT_END;
	ssize_t n = 1;
	int rc;

	if (talk->settings->on_peer_end == CONNECT_SETTLE &&
		isatty(STDIN_FILENO))
		more = false;
	rc = talk_send_up(talk, talk_limit(talk));
	while (rc == 0 && more && n > 0) {
		n = talk_read_up(talk, settle_limit(talk));
		if (n > 0)
			rc = talk_send_up(talk, talk_limit(talk));
	}
	if (rc == 0)
		rc = pier_flush(talk->net, talk_limit(talk));
	/* Silent for --eof-wait is an end as good as any; a send that fails
	   is the peer's, which had ended before. */
	if (rc == -PIER_EDEADLINE || n == -PIER_EDEADLINE)
		(void)talk_over_limit(talk);
	else if (n < 0 && n != -ECANCELED)
		talk_stdin_failed(talk, (int)n);
	if (rc == 0 && n == 0)
		talk_ended(talk, TALK_US, TALK_FIN);
}

static int
dial(struct talk *talk, pier_deadline deadline)
{
	const struct pier_dial_opts opts = { .bind = talk->settings->bind,
		.lookup = lan_lookup(talk->endpoint),
		.report = &talk->report,
		.options = talk->sockopts.item };

	int64_t rate = talk->settings->rate;
	int rc = pier_dial(&talk->net, talk->endpoint, &opts, deadline);

	if (rc < 0)
		return rc;
	rc = pier_set_rate(talk->net, rate, rate);
	if (rc < 0) {
		pier_close(talk->net);
		talk->net = NULL;
	}
	return rc;
}

static void
run(struct talk *talk)
{
	read_down(talk);
	talk_join_up(talk);
	if (talk->reason == TALK_GOES_ON && !talk->stdin_ended &&
		talk->peer == TALK_FIN)
		settle(talk);
}

int
connect_stream(struct cli_tool *tool, const struct connect_settings *settings)
{
	static const struct talk_kind kind = {
		.open = dial, .run = run, .read_up = read_up
	};

	return talk_hold(tool, settings, &kind);
}
