/* SPDX-License-Identifier: MIT */
/*
 * task/park.c - the one place that waits, and the other side of it: waking.
 */
#include <errno.h>

#include "task/leave.h"
#include "task/run.h"
#include "task/sched.h"
#include "task/task.h"

PIER__HOT int64_t
pier__task_now(const struct pier__task *self)
{
	if (self->sched != NULL)
		return self->sched->now;
	return pier__calls()->clock_ns();
}

int
pier__task_cancel_state(const struct pier__task *self)
{
	if (!atomic_load_explicit(&self->cancelled, memory_order_acquire))
		return 0;
	if (self->shield > pier__task_now(self))
		return 0;
	return -ECANCELED;
}

/* Back to the end of the queue. The clock is read anew, so that a fiber that
   never waits meets its deadlines all the same. */
static void
let_others_run(struct pier__task *self)
{
	self->ops = 0;
	self->sched->now = pier__calls()->clock_ns();
	pier__sched_yield(self);
}

int
pier__enter_slow(struct pier__task *self, pier_deadline deadline)
{
	if (self->ops >= PIER__OPS_MAX) {
		if (self->kind == PIER_TASK_FIBER)
			let_others_run(self);
		self->ops = 0;
	}
	if (deadline.ns == INT64_MAX || deadline.ns == 0)
		return 0;
	if (deadline.ns > pier__task_now(self))
		return 0;
	return pier__task_cancel_state(self) < 0 ? -ECANCELED : -PIER_EDEADLINE;
}

void
pier__before_wait_run(struct pier__task *self)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&self->before_wait)) != NULL) {
		struct pier__before_wait *hook = pier__container_of(
			node, struct pier__before_wait, node);

		hook->fn(hook);
	}
}

PIER__HOT void
pier__note_wait(struct pier__task *self, const char *why, int fd, int64_t until)
{
	__atomic_store_n(&self->waits, why, __ATOMIC_RELAXED);
	__atomic_store_n(&self->waiting, true, __ATOMIC_RELAXED);
	__atomic_store_n(&self->wait_fd, fd, __ATOMIC_RELAXED);
	__atomic_store_n(&self->deadline, until, __ATOMIC_RELAXED);
	if (self->sched != NULL)
		pier__note_wait_since(self, self->sched->now);
}

/* Parks; the rest of its turn belongs to others. Mostly the task is on the heap
   of timers already, under an earlier key. */
static inline __attribute__((always_inline)) void
park_fiber(struct pier__sched *sched, struct pier__task *self, int64_t until)
{
	if (until != INT64_MAX &&
		(self->timer_slot < 0 || until < self->timer_when))
		pier__timers_arm(&sched->timers, self);
	self->state = PIER__PARKED;
	pier__sched_leave(self);
	self->ops = 0;
	self->deadline = INT64_MAX;
}

PIER__HOT void
pier__park_plain(
	struct pier__task *self, const char *why, int fd, int64_t until)
{
	struct pier__sched *sched = self->sched;

	if (__builtin_expect(self->wake_pending || until <= sched->now ||
				     !pier__list_empty(&self->before_wait) ||
				     atomic_load_explicit(&self->cancelled,
					     memory_order_acquire),
		    0))
		return;
	/* As pier__note_wait() for what other threads do not look at. */
	self->waits = why;
	self->waiting = true;
	self->wait_fd = fd;
	self->deadline = until;
	self->wait_since = sched->now;
	self->first_wait = sched->now;
	park_fiber(sched, self, until);
	self->timed_out = false;
	self->waiting = false;
}

PIER__HOT static int
fiber_park(struct pier__task *self)
{
	struct pier__sched *sched = self->sched;
	int rc = 0;

	if (self->wake_pending) {
		self->wake_pending = false;
		return 0;
	}
	if (self->deadline <= sched->now) {
		/* Who only ever finds deadlines that have passed is no more
		   waiting than who never has to wait. */
		if (++self->ops >= PIER__OPS_MAX)
			let_others_run(self);
		return -PIER_EDEADLINE;
	}
	park_fiber(sched, self, self->deadline);
	if (self->timed_out) {
		self->timed_out = false;
		rc = -PIER_EDEADLINE;
	}
	return rc;
}

PIER__HOT int
pier__park(struct pier__task *self, const char *why, int fd,
	pier_deadline deadline)
{
	bool cancelled =
		atomic_load_explicit(&self->cancelled, memory_order_acquire);
	int64_t until = deadline.ns;
	int rc;

	if (until == 0)
		return -EAGAIN;
	if (cancelled) {
		if (pier__task_cancel_state(self) < 0)
			return -ECANCELED;
		if (self->shield < until)
			until = self->shield;
	}
	if (!pier__list_empty(&self->before_wait))
		pier__before_wait_run(self);
	pier__note_wait(self, why, fd, until);
	rc = self->kind == PIER_TASK_FIBER ? fiber_park(self)
					   : pier__thread_park(self, until);
	pier__note_wait_over(self);
	if (rc == -PIER_EDEADLINE && pier__task_cancel_state(self) < 0)
		rc = -ECANCELED;
	return rc;
}

PIER__HOT void
pier__wake(struct pier__task *task)
{
	struct pier__task *self = pier__current;

	if (task->kind == PIER_TASK_THREAD) {
		pier__thread_wake(task);
	} else if (self == NULL || self->sched != task->sched) {
		pier__sched_remote(task->sched, task);
	} else if (task->state == PIER__PARKED) {
		pier__sched_ready(task->sched, task);
	} else if (task->state == PIER__RUNNING) {
		task->wake_pending = true;
	}
}

int
pier_sleep(pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline.ns < 0)
		return pier__fail(-EINVAL,
			&(struct pier__failure){ .step = PIER_STEP_WAIT,
				.detail = "a sleep has no default deadline" });
	if (deadline.ns == 0)
		return 0;
	do {
		rc = pier__park(self, "sleep", -1, deadline);
	} while (rc == 0);
	if (rc == -PIER_EDEADLINE)
		return 0;
	return pier__fail(
		rc, &(struct pier__failure){ .step = PIER_STEP_WAIT });
}

PIER__HOT int
pier_yield(void)
{
	struct pier__task *self = pier__self();

	if (self == NULL)
		return -ENOMEM;
	if (atomic_load_explicit(&self->cancelled, memory_order_relaxed) &&
		pier__task_cancel_state(self) < 0)
		return pier__fail(-ECANCELED,
			&(struct pier__failure){ .step = PIER_STEP_WAIT });
	if (self->kind == PIER_TASK_FIBER) {
		self->ops = 0;
		pier__sched_yield(self);
	}
	return 0;
}

PIER__HOT bool
pier_cancelled(void)
{
	struct pier__task *self = pier__current;

	return self != NULL &&
	       atomic_load_explicit(&self->cancelled, memory_order_acquire);
}

pier_deadline
pier_shield(pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	pier_deadline before = PIER_NOW;

	if (self == NULL)
		return before;
	before = pier_deadline_at(self->shield);
	self->shield = deadline.ns < 0 ? INT64_MAX : deadline.ns;
	return before;
}

PIER__HOT void
pier_task_name(const char *name)
{
	struct pier__task *self = pier__self();

	if (self != NULL)
		__atomic_store_n(&self->name, name, __ATOMIC_RELAXED);
}

PIER__HOT int64_t
pier_now(void)
{
	struct pier__task *self = pier__current;
	int64_t now = pier__calls()->clock_ns();

	/* The turn's clock profits: it is never behind what was handed out. */
	if (self != NULL && self->sched != NULL)
		self->sched->now = now;
	return now;
}

pier_deadline
pier_in_ns(int64_t ns)
{
	int64_t now = pier_now();

	if (ns < 0)
		ns = 0;
	return pier_deadline_at(ns > INT64_MAX - now ? INT64_MAX : now + ns);
}

/* count units from now. The count is cut off before it is multiplied, at both
   ends: the product has no place for it. */
static pier_deadline
in_units(int64_t count, int64_t unit_ns)
{
	if (count < 0)
		count = 0;
	return pier_in_ns(
		count > INT64_MAX / unit_ns ? INT64_MAX : count * unit_ns);
}

pier_deadline
pier_in_ms(int64_t ms)
{
	return in_units(ms, 1000000);
}

pier_deadline
pier_in_s(int64_t s)
{
	return in_units(s, 1000000000);
}

int64_t
pier_left_ns(pier_deadline deadline)
{
	int64_t left;

	if (deadline.ns < 0 || deadline.ns == INT64_MAX)
		return INT64_MAX;
	left = deadline.ns - pier_now();
	return left > 0 ? left : 0;
}
