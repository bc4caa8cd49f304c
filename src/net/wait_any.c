/* SPDX-License-Identifier: MIT */
/*
 * net/wait_any.c - several streams, listeners, packet sockets and plain
 * descriptors at once.
 *
 * What a descriptor's readiness is remembered as may be out of date in both
 * directions here: a stream may not have been tried since its last event. So
 * the kernel is asked first, in one call for all; only where it knows of
 * nothing does the task wait for events, and then the kernel is asked again.
 */
#include <errno.h>
#include <string.h>

#include "io/wait_many.h"
#include "net/listen.h"
#include "net/packet.h"
#include "net/rate.h"

#define WAITABLES_MAX 1024

/* Everything an engine looks at while the task waits, on the heap. */
struct place {
	struct pier__want want;
	struct pier__desc plain; /* of an entry that is a bare descriptor */
	struct pollfd poll;
	unsigned held; /* directions with a rate in the way; no event ends it */
};

static int
place_desc(struct place *place, const struct pier_waitable *one)
{
	if (one->stream != NULL) {
		if (one->stream->lower != NULL ||
			one->stream->out_desc != &one->stream->desc)
			return -EINVAL;
		place->want.desc = &one->stream->desc;
	} else if (one->listener != NULL) {
		place->want.desc = &one->listener->desc;
	} else if (one->packet != NULL) {
		if (one->packet->mailbox != NULL)
			return -EINVAL;
		place->want.desc = one->packet->desc;
	} else {
		place->want.desc = &place->plain;
		return pier__desc_adopt(&place->plain, one->fd);
	}
	return 0;
}

static int
place_one(struct place *place, const struct pier_waitable *one)
{
	int rc;

	if ((one->want & PIER_BOTH) == 0)
		return -EINVAL;
	rc = place_desc(place, one);
	if (rc < 0)
		return rc;
	place->poll.fd = place->want.desc->fd;
	if ((one->want & PIER_READING) != 0) {
		place->want.want |= PIER__IN;
		place->poll.events |= POLLIN | POLLRDHUP;
	}
	if ((one->want & PIER_WRITING) != 0) {
		place->want.want |= PIER__OUT;
		place->poll.events |= POLLOUT;
	}
	return 0;
}

/* In which directions its rate lets nothing move; *until becomes the moment at
   which that ends, if it is earlier. */
static unsigned
held_of(const struct pier_waitable *one, pier_deadline *until)
{
	unsigned held = 0;
	int64_t at;

	if (one->stream == NULL || one->stream->rates == NULL)
		return 0;
	if ((one->want & PIER_READING) != 0 &&
		(at = pier__rate_until(one->stream, PIER__IN)) > 0) {
		*until = pier_earlier(*until, pier_deadline_at(at));
		held |= PIER_READING;
	}
	if ((one->want & PIER_WRITING) != 0 &&
		(at = pier__rate_until(one->stream, PIER__OUT)) > 0) {
		*until = pier_earlier(*until, pier_deadline_at(at));
		held |= PIER_WRITING;
	}
	return held;
}

/* Is there something to read without the kernel? */
static bool
ahead_of(const struct pier_stream *stream)
{
	const struct pier__attachment *attachment = stream->attachment;

	if (attachment == NULL)
		return pier_buffered(stream) > 0;
	if (attachment->ready != 0)
		return attachment->ready > 0;
	return attachment->ahead(attachment) > 0;
}

/* What needs no token: bytes that were read ahead, and the news of an abort. */
static unsigned
exempt_of(const struct pier_waitable *one)
{
	if (one->stream == NULL)
		return 0;
	if (atomic_load_explicit(&one->stream->aborted, memory_order_acquire))
		return PIER_BOTH;
	return ahead_of(one->stream) ? PIER_READING : 0;
}

/* What is ready of one, by the kernel's word and by what was read ahead. */
static unsigned
ready_of(const struct pier_waitable *one, const struct pollfd *poll)
{
	const short broken = POLLERR | POLLHUP | POLLNVAL;
	/* Of an abort the kernel knows nothing where it is a pipe. */
	unsigned ready = exempt_of(one);

	if ((poll->revents & (POLLIN | POLLRDHUP | broken)) != 0)
		ready |= PIER_READING;
	if ((poll->revents & (POLLOUT | broken)) != 0)
		ready |= PIER_WRITING;
	return ready & one->want;
}

/* Ask the kernel about all of them. How many are ready; those that are not are
   remembered so: the next change is an event. *until becomes the moment at which
   a rate ends to hold one of them, if it is earlier. */
static int
ask(struct pier_waitable *list, struct place *places, struct pollfd *polls,
	size_t count, pier_deadline *until)
{
	int ready = 0;
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		polls[i] = places[i].poll;
	rc = pier__calls()->poll(polls, count, 0);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++) {
		struct pier__desc *desc = places[i].want.desc;
		unsigned now = ready_of(&list[i], &polls[i]);

		if ((list[i].want & ~now & PIER_READING) != 0)
			PIER__NOTE(desc->readable, false);
		if ((list[i].want & ~now & PIER_WRITING) != 0)
			PIER__NOTE(desc->writable, false);
		places[i].held = held_of(&list[i], until);
		now &= ~places[i].held | exempt_of(&list[i]);
		list[i].ready = (enum pier_half)now;
		ready += now != 0;
	}
	return ready;
}

/* The deadline, or the first limit of a server that one of them is held to. */
static pier_deadline
until(const struct pier_waitable *list, size_t count, pier_deadline deadline)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (list[i].stream != NULL)
			deadline = pier__stream_until(list[i].stream, deadline);
	}
	return deadline;
}

/* -PIER_ELIMIT, noted, if it was such a limit, else 0. */
static int
over(const struct pier_waitable *list, size_t count)
{
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < count; i++) {
		if (list[i].stream != NULL)
			rc = pier__stream_over(list[i].stream);
		if (rc < 0)
			rc = pier__stream_fail(
				list[i].stream, rc, PIER_STEP_WAIT);
	}
	return rc;
}

/* What events tell of. How many those are. */
static size_t
list_wants(struct pier__want *wants, const struct place *places, size_t count)
{
	size_t listed = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		wants[listed] = places[i].want;
		if ((places[i].held & PIER_READING) != 0)
			wants[listed].want &= ~(unsigned)PIER__IN;
		if ((places[i].held & PIER_WRITING) != 0)
			wants[listed].want &= ~(unsigned)PIER__OUT;
		listed += wants[listed].want != 0;
	}
	return listed;
}

static int
wait_for_any(struct pier_waitable *list, struct place *places,
	struct pier__want *wants, struct pollfd *polls, size_t count,
	pier_deadline deadline)
{
	pier_deadline first;
	int wait = 0;
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = place_one(&places[i], &list[i]);
		if (rc < 0)
			return rc;
	}
	for (;;) {
		first = until(list, count, deadline);
		rc = ask(list, places, polls, count, &first);
		if (rc != 0)
			return rc;
		if (wait < 0)
			return wait;
		wait = pier__desc_wait_many(
			wants, list_wants(wants, places, count), "any", first);
		/* A limit that has moved meanwhile is none. */
		if (wait == -PIER_EDEADLINE && first.ns < deadline.ns)
			wait = over(list, count);
	}
}

static void
forget_plain(struct place *places, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (places[i].want.desc == &places[i].plain)
			pier__desc_forget(&places[i].plain);
	}
}

int
pier_wait_any(struct pier_waitable *list, size_t count, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	struct place *places = NULL;
	struct pier__want *wants = NULL;
	struct pollfd *polls = NULL;
	int rc = -ENOMEM;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (count == 0 || count > WAITABLES_MAX)
		rc = -EINVAL;
	else if (self != NULL)
		rc = pier__enter(self, deadline);
	if (rc < 0)
		goto fail;
	places = pier__alloc(count * sizeof(*places));
	wants = pier__alloc(count * sizeof(*wants));
	polls = pier__alloc(count * sizeof(*polls));
	if (places == NULL || wants == NULL || polls == NULL) {
		rc = -ENOMEM;
	} else {
		rc = wait_for_any(list, places, wants, polls, count, deadline);
		forget_plain(places, count);
	}
	pier__free(places);
	pier__free(wants);
	pier__free(polls);
	if (rc >= 0 || rc == -PIER_ELIMIT)
		return rc;
fail:
	return pier__fail(rc, &(struct pier__failure){ .step = PIER_STEP_WAIT,
				      .detail = "several at once" });
}
