/* SPDX-License-Identifier: MIT */
/* net/relay_end.c - how a relay ends: by whom, of what, and when. */
#include "net/relay_end.h"

#include <errno.h>

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

void
pier__relay_note_first(
	struct pier__relay *relay, int side, int rc, bool sending)
{
	if (relay->first_known)
		return;
	relay->first_known = true;
	relay->result.first = side;
	relay->result.how = how_ended(rc, sending);
	relay->result.code = rc;
}

void
pier__relay_fail(struct pier__relay *relay, int side, int rc, bool sending)
{
	pier__relay_note_first(relay, side, rc, sending);
	relay->failed = relay->ways[side == 0 ? 0 : 1].from;
	relay->step = side < 0  ? PIER_STEP_WAIT
		      : sending ? PIER_STEP_SEND
				: PIER_STEP_RECEIVE;
	relay->rc = rc;
	relay->over = true;
}

static bool
end_keeps(const struct pier__relay *relay, int side)
{
	return side == 0 ? relay->opts->a_end_keeps : relay->opts->b_end_keeps;
}

static bool
end_ends(const struct pier__relay *relay, int side)
{
	return side == 0 ? relay->opts->a_end_ends : relay->opts->b_end_ends;
}

void
pier__relay_finish_reading(struct pier__relay *relay, int side)
{
	struct pier__way *way = &relay->ways[side];
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
		pier__relay_fail(relay, 1 - side, rc, true);
}

void
pier__relay_finish_writing(struct pier__relay *relay, int side, int rc)
{
	bool discards = side == 0 ? relay->opts->b_closed_discards
				  : relay->opts->a_closed_discards;

	if (rc == -EPIPE && discards) {
		pier__relay_note_first(relay, 1 - side, rc, true);
		relay->ways[side].discards = true;
		return;
	}
	pier__relay_fail(relay, 1 - side, rc, true);
	/* Who no longer reads has what he wanted. */
	if (rc == -EPIPE)
		relay->rc = 0;
}

/* *until, or `ms` after `from`, whichever is earlier; ms <= 0 is never. */
static void
bound(int64_t *until, int64_t from, int64_t ms)
{
	if (ms > 0 && ms <= (INT64_MAX - from) / 1000000 &&
		from + ms * 1000000 < *until)
		*until = from + ms * 1000000;
}

pier_deadline
pier__relay_own_deadline(const struct pier__relay *relay)
{
	const struct pier_relay_opts *opts = relay->opts;
	int64_t until = relay->deadline.ns;

	bound(&until, relay->last_ns, opts->idle_ms);
	if (relay->ways[1].bytes == 0)
		bound(&until, relay->start_ns, opts->first_byte_ms);
	bound(&until, relay->last_ns, relay->linger_ms);
	return pier_deadline_at(until);
}

void
pier__relay_deadline_passed(
	struct pier__relay *relay, pier_deadline own, pier_deadline until)
{
	int side;

	for (side = 0; side < 2; side++) {
		int rc = pier__stream_over(relay->ways[side].from);

		if (rc == 0)
			continue;
		pier__relay_fail(relay, -1, rc, false);
		relay->failed = relay->ways[side].from;
		return;
	}
	if (until.ns < own.ns)
		return;
	if (relay->linger_ms > 0 && own.ns < relay->deadline.ns)
		relay->over = true; /* silent for long enough: a good end */
	else
		pier__relay_fail(relay, -1, -PIER_EDEADLINE, false);
}
