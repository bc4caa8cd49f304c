/* SPDX-License-Identifier: MIT */
/*
 * net/enter.c - what every operation of a stream goes through: its timeout
 * becomes a moment, the task is let in, and waits end by the deadline or by a
 * limit of the server, whichever is earlier.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "net/plain.h"

int
pier_set_timeout(struct pier_stream *stream, int64_t ms)
{
	stream->timeout_ms = ms < 0 ? PIER_NO_TIMEOUT : ms;
	pier__stream_set_odd(stream, PIER__ODD_TIMEOUT);
	return 0;
}

int64_t
pier_timeout(const struct pier_stream *stream)
{
	return stream->timeout_ms == PIER__TIMEOUT_UNSET
		       ? pier_default_timeout()
		       : stream->timeout_ms;
}

/* The moment at which the first of the server's limits is met, and which. */
PIER__HOT static int64_t
limit_at(const struct pier__limits *limits, const char **name)
{
	const struct pier_conn *conn = limits->conn;
	int64_t at = limits->lifetime_at;
	int64_t last;

	*name = PIER__LIMIT_LIFETIME;
	if (PIER__LOOK(conn->first_byte_ns) == 0 &&
		PIER__LOOK(limits->first_byte_at) < at) {
		at = PIER__LOOK(limits->first_byte_at);
		*name = PIER__LIMIT_FIRST_BYTE;
	}
	last = PIER__LOOK(conn->last_byte_ns);
	if (limits->idle_ns != INT64_MAX && last + limits->idle_ns < at) {
		at = last + limits->idle_ns;
		*name = PIER__LIMIT_IDLE;
	}
	return at;
}

static void
meet(struct pier_stream *base, const char *name)
{
	base->limits->met = name;
	pier__stream_set_odd(base, PIER__ODD_LIMIT);
}

/* Of those that hold whether or not the operation waits. */
static bool
limit_is_met(struct pier_stream *base, const struct pier__task *self)
{
	const struct pier__limits *limits = base->limits;

	if (limits->met != NULL)
		return true;
	/* Mostly there is none: no look at the clock. */
	if (limits->lifetime_at == INT64_MAX ||
		limits->lifetime_at > pier__task_now(self))
		return false;
	meet(base, PIER__LIMIT_LIFETIME);
	return true;
}

static bool
is_aborted(const struct pier_stream *base)
{
	return atomic_load_explicit(&base->aborted, memory_order_acquire);
}

PIER__HOT int
pier__stream_enter(
	struct pier_stream *stream, unsigned what, pier_deadline *deadline)
{
	struct pier_stream *base = pier__stream_base(stream);
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	/* An earlier call's; what is refused here has not waited. */
	self->first_wait = 0;
	if (deadline->ns < 0)
		*deadline = pier__timeout_deadline(stream->timeout_ms);
	if (deadline->ns == 0)
		pier__desc_look_again(
			what == PIER__IN ? &base->desc : base->out_desc, what);
	rc = pier__desc_claim(&base->desc, self);
	if (rc < 0)
		return rc;
	if (is_aborted(base))
		return -ECONNABORTED;
	if (base->limits != NULL && limit_is_met(base, self))
		return -PIER_ELIMIT;
	return pier__enter(self, *deadline);
}

PIER__HOT pier_deadline
pier__stream_until(const struct pier_stream *stream, pier_deadline deadline)
{
	const struct pier__limits *limits = pier__stream_base(stream)->limits;
	const char *name;
	int64_t limit;

	if (limits == NULL)
		return deadline;
	limit = limit_at(limits, &name);
	return limit < deadline.ns ? pier_deadline_at(limit > 0 ? limit : 1)
				   : deadline;
}

int
pier__stream_over(const struct pier_stream *stream)
{
	struct pier_stream *base = pier__stream_base(stream);
	const char *name;

	if (base->limits == NULL ||
		limit_at(base->limits, &name) > pier__task_now(pier__current))
		return 0;
	meet(base, name);
	return -PIER_ELIMIT;
}

/* The time is over; but what came while this task or its process had no turn,
   and was not looked at, wins over that as over any deadline. */
static bool
came_all_the_same(struct pier_stream *stream, unsigned what, const char *limit)
{
	struct pier__desc *desc =
		what == PIER__OUT ? stream->out_desc : &stream->desc;
	struct pollfd look = { .fd = desc->fd,
		.events = what == PIER__OUT ? POLLOUT : POLLIN };

	if (strcmp(limit, PIER__LIMIT_LIFETIME) == 0 ||
		stream->ops != &pier__fd_ops ||
		pier__calls()->poll(&look, 1, 0) <= 0)
		return false;
	pier__desc_look_again(desc, what);
	return true;
}

PIER__HOT static int
wait_in_limits(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	struct pier_stream *base = pier__stream_base(stream);
	const char *name = NULL;
	pier_deadline until = pier__stream_until(stream, deadline);
	int rc;

	if (is_aborted(base))
		return -ECONNABORTED;
	rc = stream->ops == &pier__fd_ops
		     ? pier__desc_wait(what == PIER__OUT ? stream->out_desc
							 : &stream->desc,
			       what, why, until)
		     : stream->ops->wait(stream, what, why, until);
	if (is_aborted(base))
		return -ECONNABORTED;
	if (rc == -PIER_EDEADLINE && until.ns < deadline.ns) {
		/* The other direction may have moved meanwhile. */
		if (limit_at(base->limits, &name) > until.ns ||
			came_all_the_same(stream, what, name))
			return 0;
		meet(base, name);
		return -PIER_ELIMIT;
	}
	/* Nor may one who only ever looks outlive them. */
	if (rc == -EAGAIN && pier__stream_over(stream) < 0)
		return -PIER_ELIMIT;
	return rc;
}

PIER__HOT int
pier__stream_wait(struct pier_stream *stream, unsigned what, const char *why,
	pier_deadline deadline)
{
	struct pier_stream *base = pier__stream_base(stream);
	int rc = wait_in_limits(stream, what, why, deadline);

	/* What is there wins over the failure: the attempt that follows has to
	   be one, whatever the last one showed. A wait that never began has
	   not looked. */
	if (rc < 0)
		pier__desc_look_again(
			what == PIER__IN ? &base->desc : base->out_desc, what);
	return rc;
}

/* In threads the reader and the writer may both note it: either is right. */
PIER__HOT void
pier__limits_note_out(const struct pier__limits *limits)
{
	PIER__NOTE(limits->conn->last_byte_ns, pier__task_now(pier__current));
}

PIER__HOT void
pier__limits_note_in(const struct pier__limits *limits)
{
	pier__limits_note_out(limits);
	if (limits->conn->first_byte_ns == 0)
		PIER__NOTE(limits->conn->first_byte_ns,
			PIER__LOOK(limits->conn->last_byte_ns));
}
