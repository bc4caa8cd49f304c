/* SPDX-License-Identifier: MIT */
/*
 * task/mutex.c - mutexes that park the task.
 *
 * An unlock gives the mutex to the task that waits longest, which owns it
 * before it runs again: nobody who comes later can be quicker.
 *
 * Invariant, by lock: while the mutex has no owner nobody waits.
 */
#include <errno.h>
#include <pthread.h>

#include "task/task.h"
#include "task/wait.h"

struct pier_mutex {
	pthread_mutex_t lock;
	struct pier__task *owner;
	struct pier__list waiters;
};

static int
fail(int rc, enum pier_step step, const char *detail)
{
	return pier__fail(
		rc, &(struct pier__failure){ .step = step, .detail = detail });
}

int
pier_mutex_open(struct pier_mutex **out)
{
	struct pier_mutex *mutex = pier__alloc(sizeof(*mutex));

	if (mutex == NULL)
		return fail(-ENOMEM, PIER_STEP_CREATE, "a mutex");
	(void)pthread_mutex_init(&mutex->lock, NULL);
	pier__list_init(&mutex->waiters);
	*out = mutex;
	return 0;
}

/* With the lock held. */
static int
wait_for(struct pier_mutex *mutex, struct pier__task *self,
	pier_deadline deadline)
{
	int rc = 0;

	pier__list_push_back(&mutex->waiters, &self->wait_node);
	while (mutex->owner != self && rc == 0) {
		(void)pthread_mutex_unlock(&mutex->lock);
		rc = pier__park(self, "mutex", -1, deadline);
		(void)pthread_mutex_lock(&mutex->lock);
	}
	pier__list_remove(&self->wait_node);
	return mutex->owner == self ? 0 : rc;
}

int
pier_mutex_lock(struct pier_mutex *mutex, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (deadline.ns < 0)
		deadline = PIER_FOREVER;
	rc = pier__enter(self, deadline);
	if (rc < 0)
		return fail(rc, PIER_STEP_WAIT, "a mutex");
	(void)pthread_mutex_lock(&mutex->lock);
	if (mutex->owner == NULL)
		mutex->owner = self;
	else if (mutex->owner == self)
		rc = -EDEADLK;
	else
		rc = wait_for(mutex, self, deadline);
	(void)pthread_mutex_unlock(&mutex->lock);
	return rc == 0 ? 0 : fail(rc, PIER_STEP_WAIT, "a mutex");
}

int
pier_mutex_unlock(struct pier_mutex *mutex)
{
	const struct pier__task *self = pier__current;
	bool mine;

	(void)pthread_mutex_lock(&mutex->lock);
	mine = self != NULL && mutex->owner == self;
	if (mine)
		mutex->owner = pier__queue_wake(&mutex->waiters);
	(void)pthread_mutex_unlock(&mutex->lock);
	return mine ? 0
		    : fail(-EPERM, PIER_STEP_WAIT,
			      "a mutex that this task does not hold");
}

void
pier_mutex_close(struct pier_mutex *mutex)
{
	if (mutex == NULL)
		return;
	(void)pthread_mutex_destroy(&mutex->lock);
	pier__free(mutex);
}
