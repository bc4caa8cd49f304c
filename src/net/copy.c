/* SPDX-License-Identifier: MIT */
/* net/copy.c - from one stream to another until the end. */
#include <errno.h>

#include "net/splice.h"

struct copying {
	struct pier_stream *to;
	struct pier_stream *from;
	struct pier__splice splice;
	uint64_t done;
	uint64_t left;
	pier_deadline deadline;
	/* Whose failure it was, and of what. */
	const struct pier_stream *failed;
	enum pier_step step;
};

static void
went(struct copying *it, size_t size)
{
	it->done += size;
	it->left -= size;
}

static int
fail(struct copying *it, const struct pier_stream *stream, ssize_t rc)
{
	it->failed = stream;
	it->step = stream == it->to ? PIER_STEP_SEND : PIER_STEP_RECEIVE;
	return (int)rc;
}

/* Attempts and waits until something went. As pier__splice_drain(). */
static ssize_t
drain_some(struct copying *it)
{
	int wait = 0;

	for (;;) {
		ssize_t n = pier__splice_drain(&it->splice, it->from, it->to);

		if (n != -EAGAIN)
			return n;
		/* After a wait that failed there is one more attempt. */
		if (wait < 0)
			return wait;
		wait = pier__stream_wait(
			it->to, PIER__OUT, "write", it->deadline);
	}
}

/* What is there now, through the pipe. 1: some went; 0: what there is next is to
   be copied; or an error. */
static int
some_by_pipe(struct copying *it)
{
	size_t max = it->left < PIER__READ_AHEAD ? (size_t)it->left
						 : PIER__READ_AHEAD;
	ssize_t n = pier__splice_fill(&it->splice, it->from, it->to, max);
	int moved = n > 0;

	if (n < 0)
		return fail(it, it->from, n);
	while (it->splice.held > 0) {
		n = drain_some(it);
		if (n < 0)
			return fail(it, it->to, n);
		went(it, (size_t)n);
	}
	return moved;
}

/* With an open pipe: until there is something for it, or it is to be closed. */
static int
await(struct copying *it)
{
	pier_deadline rest = pier__splice_rests_at(&it->splice);
	int rc = pier__stream_wait(
		it->from, PIER__IN, "read", pier_earlier(it->deadline, rest));

	if (rc != -PIER_EDEADLINE || rest.ns >= it->deadline.ns)
		return rc;
	pier__splice_rest(&it->splice);
	return 0;
}

/* As pier_peek(), waiting; -EAGAIN: the pipe may have some now. */
static ssize_t
peek(struct copying *it, const void **data)
{
	ssize_t n;
	int wait;

	if (!it->splice.open)
		return pier_peek(it->from, data, 1, it->deadline);
	n = pier_peek(it->from, data, 1, PIER_NOW);
	if (n != -EAGAIN)
		return n;
	wait = await(it);
	if (wait == 0)
		return -EAGAIN;
	/* What is there wins. */
	n = pier_peek(it->from, data, 1, PIER_NOW);
	return n == -EAGAIN ? wait : n;
}

/* What there is, copied. 1: go on; 0: the end; or an error. */
static int
some_by_hand(struct copying *it)
{
	const void *data;
	size_t size, gone = 0;
	ssize_t n = peek(it, &data);
	int rc;

	if (n == -EAGAIN && it->deadline.ns != 0)
		return 1;
	if (n <= 0)
		return n == 0 ? 0 : fail(it, it->from, n);
	size = (uint64_t)n < it->left ? (size_t)n : (size_t)it->left;
	rc = pier__stream_write(it->to, data, size, &gone, it->deadline);
	(void)pier_take(it->from, gone);
	went(it, gone);
	pier__splice_note(&it->splice, size);
	/* What did not go stays in `from`. */
	return rc < 0 ? fail(it, it->to, rc) : 1;
}

static int
copy_all(struct copying *it)
{
	while (it->left > 0) {
		pier_deadline deadline = it->deadline;
		int rc = 0;

		/* Attempts that always find something must not outlive it. */
		if (it->splice.open)
			rc = pier__stream_enter(it->from, PIER__IN, &deadline);
		if (rc < 0)
			return fail(it, it->from, rc);
		rc = some_by_pipe(it);

		if (rc == 0)
			rc = some_by_hand(it);
		if (rc <= 0)
			return rc;
	}
	return 0;
}

ssize_t
pier_copy(struct pier_stream *to, struct pier_stream *from, int64_t max,
	pier_deadline deadline)
{
	struct copying it = { .to = to,
		.from = from,
		.left = max < 0 ? UINT64_MAX : (uint64_t)max,
		.deadline = deadline };
	int rc, lost;

	/* One moment for all of it, however often it reads and writes. */
	if (deadline.ns < 0)
		it.deadline = pier__timeout_deadline(from->timeout_ms);
	rc = copy_all(&it);
	lost = pier__splice_close(&it.splice, from);
	if (lost < 0)
		rc = fail(&it, from, lost);
	return rc < 0 ? pier__stream_fail_done(
				it.failed, rc, it.step, (size_t)it.done)
		      : (ssize_t)it.done;
}
