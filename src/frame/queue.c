/* SPDX-License-Identifier: MIT */
/*
 * frame/queue.c - what is queued for one member of a hub, between those who
 * post and the one task that writes.
 */
#include <errno.h>

#include "frame/hub.h"
#include "task/wait.h"

static size_t
place(const struct pier_member *member, size_t nth)
{
	size_t at = member->head + nth;
	size_t size = member->hub->opts.queue_messages;

	return at >= size ? at - size : at;
}

static struct pier__message *
pop(struct pier_member *member)
{
	struct pier__message *message = member->ring[member->head];

	member->head = place(member, 1);
	member->count--;
	member->bytes -= message->size;
	(void)atomic_fetch_sub(&member->hub->queued, 1);
	return message;
}

static void
push(struct pier_member *member, struct pier__message *message)
{
	(void)atomic_fetch_add(&message->references, 1);
	member->ring[place(member, member->count)] = message;
	member->count++;
	member->bytes += message->size;
	(void)atomic_fetch_add(&member->hub->queued, 1);
	(void)pier__queue_wake(&member->idle);
}

static void
count_dropped(struct pier_member *member)
{
	member->dropped++;
	(void)atomic_fetch_add(&member->hub->dropped, 1);
}

static void
drop_first(struct pier_member *member)
{
	pier__message_drop(pop(member));
	count_dropped(member);
}

static void
fail(struct pier_member *member, int rc)
{
	if (member->rc == 0)
		member->rc = rc;
	while (member->count > 0)
		drop_first(member);
}

static bool
is_full(const struct pier_member *member, size_t size)
{
	const struct pier_hub_opts *opts = &member->hub->opts;

	return member->count == opts->queue_messages ||
	       member->bytes + size > opts->queue_bytes;
}

/* Room for size bytes, if the policy has it. */
static bool
make_room(struct pier_member *member, size_t size)
{
	if (!is_full(member, size))
		return true;
	if (member->hub->opts.policy == PIER_HUB_DROP_MEMBER) {
		member->full = true;
		fail(member, -PIER_ELIMIT);
		(void)atomic_fetch_add(&member->hub->members_dropped, 1);
		/* Its write, or its wait, comes back; it does the rest. */
		pier_group_cancel(member->group);
	}
	if (member->hub->opts.policy != PIER_HUB_DROP_OLDEST)
		return false;
	/* An empty queue has room: no message is longer than queue_bytes. */
	while (is_full(member, size))
		drop_first(member);
	return true;
}

bool
pier__member_take(struct pier_member *member, struct pier__message *message)
{
	bool taken = false;

	(void)pthread_mutex_lock(&member->lock);
	if (member->rc == 0 && !member->ending) {
		taken = make_room(member, message->size);
		if (taken)
			push(member, message);
		else
			count_dropped(member);
	}
	(void)pthread_mutex_unlock(&member->lock);
	return taken;
}

void
pier__member_end(struct pier_member *member, bool half)
{
	(void)pthread_mutex_lock(&member->lock);
	if (!member->ending)
		member->to_end = half;
	member->ending = true;
	(void)pier__queue_wake(&member->idle);
	(void)pthread_mutex_unlock(&member->lock);
}

static int
fill_batch(struct pier_member *member)
{
	/* Each message of a packet socket goes, or does not, by itself. */
	const int most = member->packet != NULL ? 1 : PIER__HUB_BATCH;
	size_t bytes = 0;
	int n = 0;

	while (n < most && member->count > 0) {
		struct pier__message *message = member->ring[member->head];

		bytes += message->size;
		if (n > 0 && bytes > PIER__HUB_BATCH_BYTES)
			break;
		member->batch[n] = pop(member);
		member->pieces[n].iov_base = message->data;
		member->pieces[n].iov_len = message->size;
		n++;
	}
	return n;
}

int
pier__member_next(struct pier_member *member)
{
	struct pier__task *self = pier__current;
	int rc = 0;
	int n;

	(void)pthread_mutex_lock(&member->lock);
	while (rc == 0 && member->rc == 0 && member->count == 0 &&
		!member->ending) {
		if (pier__list_empty(&self->wait_node))
			pier__list_push_back(&member->idle, &self->wait_node);
		(void)pthread_mutex_unlock(&member->lock);
		rc = pier__park(self, "hub", -1, PIER_FOREVER);
		(void)pthread_mutex_lock(&member->lock);
	}
	pier__list_remove(&self->wait_node);
	n = member->rc < 0 ? member->rc : fill_batch(member);
	(void)pthread_mutex_unlock(&member->lock);
	return n != 0 ? n : rc;
}

void
pier__member_done(struct pier_member *member, int count, size_t done)
{
	int i;

	(void)pthread_mutex_lock(&member->lock);
	for (i = 0; i < count; i++) {
		size_t size = member->batch[i]->size;

		if (size <= done) {
			done -= size;
			member->delivered++;
			(void)atomic_fetch_add(&member->hub->delivered, 1);
		} else {
			done = 0;
			count_dropped(member);
		}
	}
	(void)pthread_mutex_unlock(&member->lock);
	for (i = 0; i < count; i++)
		pier__message_drop(member->batch[i]);
}

void
pier__member_fail(struct pier_member *member, int rc)
{
	(void)pthread_mutex_lock(&member->lock);
	fail(member, rc);
	(void)pthread_mutex_unlock(&member->lock);
}
