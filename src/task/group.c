/* SPDX-License-Identifier: MIT */
/*
 * task/group.c - tasks that are waited for and cancelled together.
 *
 * Invariants, by group->lock:
 *   1. tasks holds every task that joined and was not unlinked; count is of
 *      those that joined and are not done;
 *   2. a waiter is on waiters from before it looks at the tasks until after
 *      its wait;
 *   3. the memory is freed by whoever makes tasks, waiters and owned all
 *      empty: the last task to leave, the last waiter, or the closer.
 */
#include "task/group.h"

#include <errno.h>
#include <pthread.h>

#include "task/run.h"
#include "task/sched.h"

/* Between two looks by a thread that can do no better. */
#define JOIN_NAP_NS 1000000

struct pier_group {
	pthread_mutex_t lock;
	struct pier__list tasks;
	struct pier__list waiters;
	size_t count;
	atomic_int result;
	bool cancelled;
	bool owned; /* not closed yet */
};

int
pier_group_open(struct pier_group **out)
{
	struct pier_group *group = pier__alloc(sizeof(*group));

	if (group == NULL)
		return pier__fail(-ENOMEM,
			&(struct pier__failure){ .step = PIER_STEP_CREATE,
				.detail = "a group" });
	(void)pthread_mutex_init(&group->lock, NULL);
	pier__list_init(&group->tasks);
	pier__list_init(&group->waiters);
	group->owned = true;
	*out = group;
	return 0;
}

/* Unlocks, and frees the group when nobody is left who knows it. */
PIER__HOT static void
unlock(struct pier_group *group)
{
	bool last = !group->owned && group->count == 0 &&
		    pier__list_empty(&group->waiters);

	(void)pthread_mutex_unlock(&group->lock);
	if (!last)
		return;
	(void)pthread_mutex_destroy(&group->lock);
	pier__free(group);
}

PIER__HOT int
pier__group_join(struct pier_group *group, struct pier__task *task)
{
	(void)pthread_mutex_lock(&group->lock);
	if (!group->owned) {
		(void)pthread_mutex_unlock(&group->lock);
		return -PIER_ECLOSED;
	}
	pier__list_push_back(&group->tasks, &task->group_node);
	group->count++;
	if (group->cancelled)
		atomic_store_explicit(
			&task->cancelled, true, memory_order_relaxed);
	(void)pthread_mutex_unlock(&group->lock);
	return 0;
}

void
pier__group_unlink(struct pier_group *group, struct pier__task *task)
{
	(void)pthread_mutex_lock(&group->lock);
	pier__list_remove(&task->group_node);
	(void)pthread_mutex_unlock(&group->lock);
}

/* Under the lock, which this gives back. */
PIER__HOT static void
count_down(struct pier_group *group, int rc)
{
	struct pier__list *at;

	if (rc < 0 &&
		atomic_load_explicit(&group->result, memory_order_relaxed) == 0)
		atomic_store_explicit(&group->result, rc, memory_order_relaxed);
	if (--group->count == 0)
		pier__list_each(at, &group->waiters)
			pier__wake(pier__container_of(
				at, struct pier__task, wait_node));
	unlock(group);
}

void
pier__group_done(struct pier_group *group, int rc)
{
	(void)pthread_mutex_lock(&group->lock);
	count_down(group, rc);
}

PIER__HOT void
pier__group_leave(struct pier_group *group, struct pier__task *task, int rc)
{
	(void)pthread_mutex_lock(&group->lock);
	pier__list_remove(&task->group_node);
	count_down(group, rc);
}

void
pier__group_move(struct pier__task *task, struct pier_group *other)
{
	struct pier_group *from = task->group;

	pier__group_unlink(from, task);
	task->group = pier__group_join(other, task) == 0 ? other : NULL;
	pier__group_done(from, 0);
}

int
pier__group_wait(
	struct pier_group *group, const char *why, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int wait;

	if (self == NULL)
		return -ENOMEM;
	if (deadline.ns < 0)
		deadline = PIER_FOREVER;
	wait = pier__enter(self, deadline);
	if (wait < 0)
		return wait;
	(void)pthread_mutex_lock(&group->lock);
	pier__list_push_back(&group->waiters, &self->wait_node);
	while (group->count > 0 && wait == 0) {
		(void)pthread_mutex_unlock(&group->lock);
		wait = pier__park(self, why, -1, deadline);
		(void)pthread_mutex_lock(&group->lock);
	}
	if (group->count == 0)
		wait = 0;
	pier__list_remove(&self->wait_node);
	unlock(group);
	return wait;
}

void
pier__group_finish(struct pier_group *group, const char *why)
{
	pier_deadline before = pier_shield(PIER_FOREVER);

	/* A fiber always can wait; a thread needs an engine, and may have
	   neither memory nor a descriptor for it. */
	while (pier__group_wait(group, why, PIER_FOREVER) < 0)
		(void)pier__calls()->poll(NULL, 0, JOIN_NAP_NS);
	(void)pier_shield(before);
}

int
pier_group_wait(struct pier_group *group, pier_deadline deadline)
{
	const struct pier__task *self = pier__current;
	int rc = -EDEADLK;

	if (self == NULL || self->group != group)
		rc = pier__group_wait(group, "group", deadline);
	return rc == 0 ? 0
		       : pier__fail(rc, &(struct pier__failure){
						.step = PIER_STEP_WAIT,
						.detail = "a group" });
}

void
pier_group_cancel(struct pier_group *group)
{
	struct pier__list *at;

	(void)pthread_mutex_lock(&group->lock);
	if (!group->cancelled) {
		group->cancelled = true;
		pier__list_each(at, &group->tasks) {
			struct pier__task *task = pier__container_of(
				at, struct pier__task, group_node);

			atomic_store_explicit(
				&task->cancelled, true, memory_order_release);
			pier__wake(task);
		}
	}
	(void)pthread_mutex_unlock(&group->lock);
}

int
pier_group_result(const struct pier_group *group)
{
	return atomic_load_explicit(&group->result, memory_order_relaxed);
}

size_t
pier_group_count(const struct pier_group *group)
{
	/* The lock is no part of what the caller sees of a group. */
	struct pier_group *it = (struct pier_group *)(uintptr_t)group;
	size_t count;

	(void)pthread_mutex_lock(&it->lock);
	count = it->count;
	(void)pthread_mutex_unlock(&it->lock);
	return count;
}

void
pier_group_close(struct pier_group *group)
{
	if (group == NULL)
		return;
	pier_group_cancel(group);
	(void)pthread_mutex_lock(&group->lock);
	group->owned = false;
	unlock(group);
}
