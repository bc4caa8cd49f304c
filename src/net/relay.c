/* SPDX-License-Identifier: MIT */
/*
 * net/relay.c - bytes both ways between two streams.
 *
 * One task does both directions: it moves what can be moved without waiting,
 * then waits for whatever is next on either stream. All that decides about the
 * end is in relay_end.c, pure of waiting.
 */
#include <errno.h>
#include <string.h>

#include "io/wait_many.h"
#include "net/rate.h"
#include "net/relay_end.h"

/* Rounds that move bytes before other tasks get their turn. */
#define ROUNDS_MAX 16

/* Bytes that were read of `from`, to `to`. False: an end or no room. */
static bool
pass_on(struct pier__relay *relay, int side, const void *data, size_t size)
{
	struct pier__way *way = &relay->ways[side];
	ssize_t n = way->discards
			    ? (ssize_t)size
			    : pier_write_some(way->to, data, size, PIER_NOW);

	if (n == -EAGAIN) {
		way->wants_room = true;
		return false;
	}
	if (n < 0) {
		pier__relay_finish_writing(relay, side, (int)n);
		return false;
	}
	(void)pier_take(way->from, (size_t)n);
	pier__splice_note(&way->splice, (size_t)n);
	way->bytes += (uint64_t)n;
	way->progress = true;
	return true;
}

enum attempt {
	MOVED,
	STUCK, /* no room, or an end */
	COPY   /* nothing is in the pipe */
};

/* The same through the pipe. */
static enum attempt
move_by_pipe(struct pier__relay *relay, int side)
{
	struct pier__way *way = &relay->ways[side];
	ssize_t n;
	int rc;

	if (way->discards || (relay->stopping && way->splice.held == 0))
		return COPY;
	n = pier__splice_fill(
		&way->splice, way->from, way->to, PIER__READ_AHEAD);
	if (n < 0)
		pier__relay_fail(relay, side, (int)n, false);
	if (n <= 0)
		return n < 0 ? STUCK : COPY;
	n = pier__splice_drain(&way->splice, way->from, way->to);
	if (n > 0) {
		way->bytes += (uint64_t)n;
		way->progress = true;
		return MOVED;
	}
	if (n == -EAGAIN)
		way->wants_room = true;
	if (n == -EAGAIN || n == 0)
		return n == 0 ? COPY : STUCK;
	rc = pier__splice_close(&way->splice, way->from);
	if (rc < 0)
		pier__relay_fail(relay, side, rc, false);
	else
		pier__relay_finish_writing(relay, side, (int)n);
	return STUCK;
}

/* Is it known that there is nothing to read? What comes since is an event, and
   the next wait tells. */
static bool
is_drained(const struct pier__relay *relay, int side)
{
	const struct pier_stream *from = relay->ways[side].from;

	/* Once its owner has gone, what is not an event yet counts too. */
	if (side == 1 && relay->b_gone)
		return false;
	return from->in == NULL && from->ops == &pier__fd_ops &&
	       from->desc.kind != PIER__DESC_FILE &&
	       !PIER__LOOK(from->desc.readable);
}

/* Move what moves without waiting. */
static void
move(struct pier__relay *relay, int side)
{
	struct pier__way *way = &relay->ways[side];
	int rounds = 0;

	way->wants_room = false;
	while (!way->done && !relay->over && rounds++ < ROUNDS_MAX) {
		enum attempt attempt = move_by_pipe(relay, side);
		const void *data;
		ssize_t n;

		if (attempt == STUCK)
			return;
		if (attempt == MOVED)
			continue;
		if (relay->stopping && pier_buffered(way->from) == 0) {
			way->done = true;
			return;
		}
		if (is_drained(relay, side))
			return;
		n = pier_peek(way->from, &data, 1, PIER_NOW);
		if (n == -EAGAIN && side == 1 && relay->b_gone)
			n = 0;
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			pier__relay_fail(relay, side, (int)n, false);
			return;
		}
		if (n == 0) {
			pier__relay_note_first(relay, side, 0, false);
			way->read_ended = true;
			way->progress = true;
			pier__relay_finish_reading(relay, side);
			return;
		}
		if (!pass_on(relay, side, data, (size_t)n))
			return;
	}
}

/* Has b's owner gone? Looked at before a wait, and an event that came before is
   forgotten first: the next one ends the wait. */
static bool
b_has_gone(struct pier__relay *relay)
{
	struct pier__relay_end *end = relay->end;

	if (end == NULL || relay->b_gone)
		return false;
	PIER__NOTE(end->desc->readable, false);
	relay->b_gone = end->has_come(end);
	return relay->b_gone;
}

/* What a way waits for next goes on the list, or moves *until, if it is for its
   rate: a descriptor that is ready all the while is none to wait for. */
static void
want_next(const struct pier__way *way, struct pier__want *wants, size_t *count,
	pier_deadline *until)
{
	unsigned what = way->wants_room ? PIER__OUT : PIER__IN;
	const struct pier_stream *stream =
		way->wants_room ? way->to : way->from;
	int64_t at = pier__rate_until(stream, what);
	struct pier_stream *base = pier__stream_base(stream);

	if (at > 0) {
		*until = pier_earlier(*until, pier_deadline_at(at));
		return;
	}
	wants[*count].want = what;
	wants[(*count)++].desc =
		what == PIER__OUT ? base->out_desc : &base->desc;
}

static void
wait_next(struct pier__relay *relay)
{
	struct pier__want wants[3] = { { NULL, 0, 0 }, { NULL, 0, 0 },
		{ NULL, 0, 0 } };
	pier_deadline own = pier__relay_own_deadline(relay);
	pier_deadline until = pier__stream_until(relay->ways[0].from,
		pier__stream_until(relay->ways[1].from, own));
	size_t count = 0;
	int i;
	int rc;

	for (i = 0; i < 2; i++) {
		struct pier__way *way = &relay->ways[i];

		pier__splice_rest(&way->splice);
		until = pier_earlier(
			until, pier__splice_rests_at(&way->splice));
		if (!way->done)
			want_next(way, wants, &count, &until);
	}
	if (relay->end != NULL && !relay->b_gone) {
		wants[count].want = PIER__IN;
		wants[count++].desc = relay->end->desc;
		if (relay->end->again_at > 0)
			until = pier_earlier(
				until, pier_deadline_at(relay->end->again_at));
	}
	rc = pier__desc_wait_many(wants, count, "relay", until);
	if (rc == -PIER_EDEADLINE)
		pier__relay_deadline_passed(relay, own, until);
	else if (rc < 0)
		pier__relay_fail(relay, -1, rc, false);
}

/* Who has gone has no use for what else a sends. */
static bool
is_finished(const struct pier__relay *relay)
{
	return relay->over ||
	       (relay->ways[1].done && (relay->ways[0].done || relay->b_gone));
}

/* Bytes that go on and on do not put off a deadline. */
static void
note_progress(struct pier__relay *relay)
{
	pier_deadline own;

	relay->last_ns = pier_now();
	own = pier__relay_own_deadline(relay);
	if (own.ns > 0 && own.ns <= relay->last_ns && !is_finished(relay))
		pier__relay_deadline_passed(relay, own, own);
}

static void
run(struct pier__relay *relay)
{
	while (!is_finished(relay)) {
		relay->ways[0].progress = false;
		relay->ways[1].progress = false;
		move(relay, 0);
		move(relay, 1);
		if (relay->ways[0].progress || relay->ways[1].progress)
			note_progress(relay);
		/* Looked at each time, or bytes that go one way without end
		   would keep it from ever being seen. */
		if (b_has_gone(relay) || is_finished(relay))
			continue;
		if (!relay->ways[0].progress && !relay->ways[1].progress)
			wait_next(relay);
	}
}

/* What was read and has not gone stays in the streams. */
static void
close_pipes(struct pier__relay *relay)
{
	int side;

	for (side = 0; side < 2; side++) {
		struct pier__way *way = &relay->ways[side];
		int rc = pier__splice_close(&way->splice, way->from);

		if (rc < 0)
			pier__relay_fail(relay, side, rc, false);
	}
}

static pier_deadline
relay_deadline(const struct pier_stream *a, pier_deadline deadline)
{
	return deadline.ns < 0 ? pier__timeout_deadline(a->timeout_ms)
			       : deadline;
}

int
pier__relay(struct pier_stream *a, struct pier_stream *b,
	const struct pier_relay_opts *opts, struct pier__relay_end *end,
	struct pier_relay_result *result, pier_deadline deadline)
{
	struct pier__relay relay = {
		.ways = { { .from = a, .to = b }, { .from = b, .to = a } },
		.opts = opts,
		.end = end,
		.result = { .first = -1, .how = PIER_RELAY_END },
	};

	relay.start_ns = pier_now();
	relay.last_ns = relay.start_ns;
	relay.deadline = relay_deadline(a, deadline);
	run(&relay);
	close_pipes(&relay);
	relay.result.a_to_b = relay.ways[0].bytes;
	relay.result.b_to_a = relay.ways[1].bytes;
	*result = relay.result;
	if (end != NULL)
		end->b_ended = relay.ways[1].read_ended;
	if (relay.rc < 0)
		return pier__stream_fail_done(relay.failed, relay.rc,
			relay.step, (size_t)relay.ways[0].bytes);
	return 0;
}

int
pier_relay_sized(struct pier_stream *a, struct pier_stream *b,
	const struct pier_relay_opts *given, size_t opts_size,
	struct pier_relay_result *result, size_t result_size,
	pier_deadline deadline)
{
	struct pier_relay_opts opts = { 0 };
	struct pier_relay_result whole;
	int rc;

	if (given != NULL)
		memcpy(&opts, given,
			opts_size < sizeof(opts) ? opts_size : sizeof(opts));
	rc = pier__relay(a, b, &opts, NULL, &whole, deadline);
	if (result != NULL) {
		memset(result, 0, result_size);
		memcpy(result, &whole,
			result_size < sizeof(whole) ? result_size
						    : sizeof(whole));
	}
	return rc;
}
