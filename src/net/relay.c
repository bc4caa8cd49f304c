/* SPDX-License-Identifier: MIT */
/*
 * net/relay.c - bytes both ways between two streams, and how it ends.
 *
 * One task does both directions: it moves what can be moved without waiting,
 * then waits for whatever is next on either stream. All that decides about the
 * end is in one place (finish_reading, finish_writing, next_deadline), pure of
 * waiting.
 */
#include <errno.h>
#include <string.h>

#include "io/wait_many.h"
#include "net/rate.h"
#include "net/relay.h"

/* Rounds that move bytes before other tasks get their turn. */
#define ROUNDS_MAX 16

/* One direction. */
struct way {
	struct pier_stream *from;
	struct pier_stream *to;
	uint64_t bytes;
	bool read_ended; /* from has ended; what it sent may still be in it */
	bool done;       /* nothing goes this way any more */
	bool discards;   /* `to` is closed: read and drop */
	bool wants_room; /* the last attempt could not write */
	bool progress;
};

struct relay {
	struct way ways[2]; /* a to b, b to a */
	const struct pier_relay_opts *opts;
	struct pier__relay_end *end; /* NULL: b ends by itself alone */
	int64_t last_ns;             /* the last byte either way */
	int64_t start_ns;
	int64_t linger_ms; /* > 0: lingering, and for how long in silence */
	pier_deadline deadline;
	/* Whose failure it was that ended it, and of what, for the error. */
	const struct pier_stream *failed;
	enum pier_step step;
	bool stopping; /* only what was read already is sent */
	bool over;
	bool b_gone; /* what is left of b's bytes is all */
	bool first_known;
	int rc;
	struct pier_relay_result result;
};

static enum pier_relay_end
how_ended(int rc, bool sending)
{
	if (rc == 0)
		return PIER_RELAY_END;
	if (rc == -PIER_EDEADLINE || rc == -PIER_ELIMIT)
		return PIER_RELAY_DEADLINE;
	if (sending && rc == -EPIPE)
		return PIER_RELAY_CLOSED;
	return PIER_RELAY_RESET;
}

/* side (0 a, 1 b, -1 neither) is the first that ended, by rc. */
static void
note_first(struct relay *relay, int side, int rc, bool sending)
{
	if (relay->first_known)
		return;
	relay->first_known = true;
	relay->result.first = side;
	relay->result.how = how_ended(rc, sending);
	relay->result.code = rc;
}

static void
fail(struct relay *relay, int side, int rc, bool sending)
{
	note_first(relay, side, rc, sending);
	relay->failed = relay->ways[side == 0 ? 0 : 1].from;
	relay->step = side < 0  ? PIER_STEP_WAIT
		      : sending ? PIER_STEP_SEND
				: PIER_STEP_RECEIVE;
	relay->rc = rc;
	relay->over = true;
}

static bool
end_keeps(const struct relay *relay, int side)
{
	return side == 0 ? relay->opts->a_end_keeps : relay->opts->b_end_keeps;
}

static bool
end_ends(const struct relay *relay, int side)
{
	return side == 0 ? relay->opts->a_end_ends : relay->opts->b_end_ends;
}

/* Side `side` has ended and the other stream has all of its bytes. */
static void
finish_reading(struct relay *relay, int side)
{
	struct way *way = &relay->ways[side];
	int64_t linger_ms =
		side == 0 ? relay->opts->b_linger_ms : relay->opts->a_linger_ms;
	int rc = 0;

	way->done = true;
	if (end_ends(relay, side)) {
		if (linger_ms > 0)
			relay->linger_ms = linger_ms;
		else
			relay->stopping = true;
		relay->last_ns = pier_now();
	}
	if (!end_keeps(relay, side) && !way->discards)
		rc = pier_shutdown(way->to, PIER_WRITING, relay->deadline);
	/* A terminal or file cannot be told of an end; it needs not be. */
	if (rc < 0 && rc != -ENOTSUP)
		fail(relay, 1 - side, rc, true);
}

/* A write to the other side of `side` failed. */
static void
finish_writing(struct relay *relay, int side, int rc)
{
	bool discards = side == 0 ? relay->opts->b_closed_discards
				  : relay->opts->a_closed_discards;

	if (rc == -EPIPE && discards) {
		note_first(relay, 1 - side, rc, true);
		relay->ways[side].discards = true;
		return;
	}
	fail(relay, 1 - side, rc, true);
	/* Who no longer reads has what he wanted. */
	if (rc == -EPIPE)
		relay->rc = 0;
}

/* Bytes that were read of `from`, to `to`. False: an end or no room. */
static bool
pass_on(struct relay *relay, int side, const void *data, size_t size)
{
	struct way *way = &relay->ways[side];
	ssize_t n = way->discards
			    ? (ssize_t)size
			    : pier_write_some(way->to, data, size, PIER_NOW);

	if (n == -EAGAIN) {
		way->wants_room = true;
		return false;
	}
	if (n < 0) {
		finish_writing(relay, side, (int)n);
		return false;
	}
	(void)pier_take(way->from, (size_t)n);
	way->bytes += (uint64_t)n;
	way->progress = true;
	return true;
}

/* Move what moves without waiting. */
static void
move(struct relay *relay, int side)
{
	struct way *way = &relay->ways[side];
	int rounds = 0;

	way->wants_room = false;
	while (!way->done && !relay->over && rounds++ < ROUNDS_MAX) {
		const void *data;
		ssize_t n;

		if (relay->stopping && pier_buffered(way->from) == 0) {
			way->done = true;
			return;
		}
		n = pier_peek(way->from, &data, 1, PIER_NOW);
		if (n == -EAGAIN && side == 1 && relay->b_gone)
			n = 0;
		if (n == -EAGAIN)
			return;
		if (n < 0) {
			fail(relay, side, (int)n, false);
			return;
		}
		if (n == 0) {
			note_first(relay, side, 0, false);
			way->read_ended = true;
			way->progress = true;
			finish_reading(relay, side);
			return;
		}
		if (!pass_on(relay, side, data, (size_t)n))
			return;
	}
}

/* *until, or `ms` after `from`, whichever is earlier; ms <= 0 is never. */
static void
bound(int64_t *until, int64_t from, int64_t ms)
{
	if (ms > 0 && ms <= (INT64_MAX - from) / 1000000 &&
		from + ms * 1000000 < *until)
		*until = from + ms * 1000000;
}

/* When the relay ends for want of anything. */
static pier_deadline
own_deadline(const struct relay *relay)
{
	const struct pier_relay_opts *opts = relay->opts;
	int64_t until = relay->deadline.ns;

	bound(&until, relay->last_ns, opts->idle_ms);
	if (relay->ways[1].bytes == 0)
		bound(&until, relay->start_ns, opts->first_byte_ms);
	bound(&until, relay->last_ns, relay->linger_ms);
	return pier_deadline_at(until);
}

/* The wait ended with its deadline: the relay's own, a limit that a server
   holds one of the streams to (and that may have moved meanwhile), or the
   moment from which on a rate lets bytes move. */
static void
deadline_passed(struct relay *relay, pier_deadline own, pier_deadline until)
{
	int side;

	for (side = 0; side < 2; side++) {
		int rc = pier__stream_over(relay->ways[side].from);

		if (rc == 0)
			continue;
		fail(relay, -1, rc, false);
		relay->failed = relay->ways[side].from;
		return;
	}
	if (until.ns < own.ns)
		return;
	if (relay->linger_ms > 0 && own.ns < relay->deadline.ns)
		relay->over = true; /* silent for long enough: a good end */
	else
		fail(relay, -1, -PIER_EDEADLINE, false);
}

/* Has b's owner gone? Looked at before a wait, and an event that came before is
   forgotten first: the next one ends the wait. */
static bool
b_has_gone(struct relay *relay)
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
want_next(const struct way *way, struct pier__want *wants, size_t *count,
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
wait_next(struct relay *relay)
{
	struct pier__want wants[3] = { { NULL, 0, 0 }, { NULL, 0, 0 },
		{ NULL, 0, 0 } };
	pier_deadline own = own_deadline(relay);
	pier_deadline until = pier__stream_until(relay->ways[0].from,
		pier__stream_until(relay->ways[1].from, own));
	size_t count = 0;
	int i;
	int rc;

	for (i = 0; i < 2; i++) {
		if (!relay->ways[i].done)
			want_next(&relay->ways[i], wants, &count, &until);
	}
	if (relay->end != NULL && !relay->b_gone) {
		wants[count].want = PIER__IN;
		wants[count++].desc = relay->end->desc;
	}
	rc = pier__desc_wait_many(wants, count, "relay", until);
	if (rc == -PIER_EDEADLINE)
		deadline_passed(relay, own, until);
	else if (rc < 0)
		fail(relay, -1, rc, false);
}

/* Who has gone has no use for what else a sends. */
static bool
is_finished(const struct relay *relay)
{
	return relay->over ||
	       (relay->ways[1].done && (relay->ways[0].done || relay->b_gone));
}

static void
run(struct relay *relay)
{
	while (!is_finished(relay)) {
		relay->ways[0].progress = false;
		relay->ways[1].progress = false;
		move(relay, 0);
		move(relay, 1);
		if (relay->ways[0].progress || relay->ways[1].progress)
			relay->last_ns = pier_now();
		/* Looked at each time, or bytes that go one way without end
		   would keep it from ever being seen. */
		if (b_has_gone(relay) || is_finished(relay))
			continue;
		if (!relay->ways[0].progress && !relay->ways[1].progress)
			wait_next(relay);
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
	struct relay relay = {
		.ways = { { .from = a, .to = b }, { .from = b, .to = a } },
		.opts = opts,
		.end = end,
		.result = { .first = -1, .how = PIER_RELAY_END },
	};

	relay.start_ns = pier_now();
	relay.last_ns = relay.start_ns;
	relay.deadline = relay_deadline(a, deadline);
	run(&relay);
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
