/* SPDX-License-Identifier: MIT */
/*
 * task/forked.c - a scheduler in the child of a fork that one of its fibers made:
 * given up, or gone on with by that fiber alone.
 */
#include "task/run.h"
#include "task/sched.h"

void
pier__sched_forked(void)
{
	struct pier__sched *sched = pier__current->sched;
	struct pier__task *host = sched->host;

	/* The parent's epoll set stays as it is, as closing takes nothing out
	   of it; those that were in it here are in none. */
	sched->engine->ops->forked(sched->engine);
	host->sched = NULL;
	host->host = false;
	pier__current = host;
	pier__thread_forked(host);
}

/* Once: then it is woken by nobody, or by the new engine. */
static void
renew_host(struct pier__task *host)
{
	struct pier__thread *thread = pier__thread_of(host);

	if (thread->wake_engine == NULL || thread->wake_engine->wake_fd >= 0)
		return;
	/* Closed already. */
	if (thread->engine != NULL)
		thread->engine->wake_fd = -1;
	pier__thread_forked(host);
}

/* It has to hear of other threads from here on. */
static void
before_first_wait(void *arg)
{
	struct pier__sched *sched = arg;
	void (*first_wait)(void *) = sched->first_wait;
	int rc;

	if (sched->host->kind == PIER_TASK_THREAD)
		renew_host(sched->host);
	(void)pthread_mutex_lock(&sched->remote_lock);
	rc = sched->engine->ops->wakeable(sched->engine);
	(void)pthread_mutex_unlock(&sched->remote_lock);
	if (rc < 0)
		return;
	if (sched->host->kind == PIER_TASK_THREAD)
		pier__thread_set_wake_engine(sched->host, sched->engine);
	sched->first_wait = NULL;
	if (first_wait != NULL)
		first_wait(sched->first_wait_arg);
}

/* What this task was to its parent it is no more. */
PIER__HOT static void
renew_task(struct pier__task *self)
{
	self->wake_pending = false;
	self->timed_out = false;
	self->error_lost = false;
	self->on_remote = false;
	self->ops = 0;
	self->timer_slot = -1;
	self->shield = 0;
	self->tag = 0;
	self->group = NULL;
	self->waits = NULL;
	self->error = NULL;
	atomic_store(&self->cancelled, false);
	pier__list_init(&self->before_wait);
	pier__list_init(&self->group_node);
	pier__list_init(&self->wait_node);
}

PIER__HOT void
pier__sched_forked_alone(
	struct pier__closing *closing, void (*first_wait)(void *arg), void *arg)
{
	struct pier__task *self = pier__current;
	struct pier__sched *sched = self->sched;

	renew_task(self);
	pier__list_init(&sched->all);
	pier__list_init(&self->all_node);
	pier__list_push_back(&sched->all, &self->all_node);
	sched->live = 1;
	sched->ready_head = NULL;
	sched->ready_tail = NULL;
	sched->ready_count = 0;
	sched->timers.count = 0;
	sched->alarm = 0;
	sched->cancelled = false;
	sched->lenient = 0;
	sched->now = pier__calls()->clock_ns();
	sched->stand_until = sched->now + PIER__STAND_NS;
	sched->stretch.longest = NULL;
	/* Those of other fibers stay as they are, and some are not there. */
	pier__stacks_init(&sched->stacks, sched->stacks.size);
	sched->remote_head = NULL;
	atomic_store(&sched->remote_any, false);
	/* Another thread, which is not here, may have had it. */
	sched->remote_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	sched->first_wait = first_wait;
	sched->first_wait_arg = arg;
	/* The rest of the host, on another page, has time until the first
	   wait. */
	pier__closing_add(closing, pier__thread_wake_fd(sched->host));
	sched->engine->ops->renew(
		sched->engine, closing, before_first_wait, sched);
}

void
pier__sched_end_others(void)
{
	struct pier__task *self = pier__current;
	struct pier__sched *sched = self->sched;

	/* It stands in for the stack that they would go back to, on which the
	   parent's program is. */
	pier__list_remove(&self->all_node);
	pier__timers_remove(&sched->timers, self);
	sched->live--;
	sched->host = self;
	pier__sched_cancel(sched);
	pier__sched_loop(sched);
}
