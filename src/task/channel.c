/* SPDX-License-Identifier: MIT */
/*
 * task/channel.c - bounded queues of values between tasks.
 *
 * A value is copied into the channel and out of it, never from one task's
 * memory to another's: both may be stacks of fibers.
 *
 * Invariants, by lock:
 *   1. values[head … head + count), modulo capacity, are the oldest to the
 *      newest;
 *   2. while receivers wait, at least `count` receivers were taken off the
 *      queue and have not looked since: each value that comes chooses one,
 *      and a task looks once more before it goes, whatever ended its wait.
 *      The same holds for senders and free places. So no wake-up is lost,
 *      though a task that did not wait may be quicker than the chosen one.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "task/task.h"
#include "task/wait.h"

struct pier_channel {
	pthread_mutex_t lock;
	atomic_uint references;
	bool ended;
	struct pier__list senders;
	struct pier__list receivers;
	size_t value_size;
	size_t capacity;
	size_t head;
	size_t count;
	_Alignas(16) char values[];
};

static int
fail(int rc, enum pier_step step)
{
	return pier__fail(rc,
		&(struct pier__failure){ .step = step, .detail = "a channel" });
}

int
pier_channel_open(struct pier_channel **out, size_t value_size, size_t capacity)
{
	struct pier_channel *channel;

	if (value_size == 0 || capacity == 0)
		return fail(-EINVAL, PIER_STEP_CREATE);
	if (capacity > (SIZE_MAX / 2) / value_size)
		return fail(-ENOMEM, PIER_STEP_CREATE);
	channel = pier__alloc(sizeof(*channel) + value_size * capacity);
	if (channel == NULL)
		return fail(-ENOMEM, PIER_STEP_CREATE);
	(void)pthread_mutex_init(&channel->lock, NULL);
	atomic_init(&channel->references, 1);
	pier__list_init(&channel->senders);
	pier__list_init(&channel->receivers);
	channel->value_size = value_size;
	channel->capacity = capacity;
	*out = channel;
	return 0;
}

struct pier_channel *
pier_channel_hold(struct pier_channel *channel)
{
	atomic_fetch_add_explicit(
		&channel->references, 1, memory_order_relaxed);
	return channel;
}

void
pier_channel_close(struct pier_channel *channel)
{
	if (channel == NULL || atomic_fetch_sub_explicit(&channel->references,
				       1, memory_order_acq_rel) != 1)
		return;
	(void)pthread_mutex_destroy(&channel->lock);
	pier__free(channel);
}

static char *
place(struct pier_channel *channel, size_t nth)
{
	size_t at = channel->head + nth;

	if (at >= channel->capacity)
		at -= channel->capacity;
	return channel->values + at * channel->value_size;
}

/* 0, -PIER_ECLOSED, or -EAGAIN when it has to wait. */
static int
try_send(struct pier_channel *channel, void *value)
{
	if (channel->ended)
		return -PIER_ECLOSED;
	if (channel->count == channel->capacity)
		return -EAGAIN;
	memcpy(place(channel, channel->count), value, channel->value_size);
	channel->count++;
	(void)pier__queue_wake(&channel->receivers);
	return 0;
}

static int
try_recv(struct pier_channel *channel, void *value)
{
	if (channel->count == 0)
		return channel->ended ? -PIER_ECLOSED : -EAGAIN;
	memcpy(value, place(channel, 0), channel->value_size);
	channel->count--;
	channel->head =
		channel->head + 1 == channel->capacity ? 0 : channel->head + 1;
	(void)pier__queue_wake(&channel->senders);
	return 0;
}

typedef int try_fn(struct pier_channel *channel, void *value);

/* try, and wait as long as it says -EAGAIN. With the lock held, which is given
   back; a result that is there wins over cancel and deadline. */
static int
try_and_wait(struct pier_channel *channel, struct pier__task *self, try_fn *try,
	void *value, pier_deadline deadline)
{
	struct pier__list *queue =
		try == try_send ? &channel->senders : &channel->receivers;
	int wait = 0;
	int rc = try(channel, value);

	if (rc == -EAGAIN)
		pier__list_push_back(queue, &self->wait_node);
	while (rc == -EAGAIN && wait == 0) {
		(void)pthread_mutex_unlock(&channel->lock);
		wait = pier__park(self, "channel", -1, deadline);
		(void)pthread_mutex_lock(&channel->lock);
		rc = try(channel, value);
		/* Somebody was quicker: back to where it stood. */
		if (rc == -EAGAIN && wait == 0 &&
			pier__list_empty(&self->wait_node))
			pier__list_push_front(queue, &self->wait_node);
	}
	pier__list_remove(&self->wait_node);
	(void)pthread_mutex_unlock(&channel->lock);
	return rc == -EAGAIN ? wait : rc;
}

static int
operate(struct pier_channel *channel, try_fn *try, void *value,
	pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline.ns < 0)
		deadline = PIER_FOREVER;
	rc = pier__enter(self, deadline);
	if (rc == 0) {
		(void)pthread_mutex_lock(&channel->lock);
		rc = try_and_wait(channel, self, try, value, deadline);
	}
	return rc == 0 ? 0 : fail(rc, PIER_STEP_WAIT);
}

int
pier_channel_send(
	struct pier_channel *channel, const void *value, pier_deadline deadline)
{
	/* try_send only reads it. */
	return operate(channel, try_send, (void *)(uintptr_t)value, deadline);
}

int
pier_channel_recv(
	struct pier_channel *channel, void *value, pier_deadline deadline)
{
	return operate(channel, try_recv, value, deadline);
}

void
pier_channel_end(struct pier_channel *channel)
{
	(void)pthread_mutex_lock(&channel->lock);
	channel->ended = true;
	pier__queue_wake_all(&channel->senders);
	pier__queue_wake_all(&channel->receivers);
	(void)pthread_mutex_unlock(&channel->lock);
}

size_t
pier_channel_count(struct pier_channel *channel)
{
	size_t count;

	(void)pthread_mutex_lock(&channel->lock);
	count = channel->count;
	(void)pthread_mutex_unlock(&channel->lock);
	return count;
}
