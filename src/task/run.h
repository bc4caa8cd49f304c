/* SPDX-License-Identifier: MIT */
/*
 * task/run.h - what the tasks of one pier_run() share, and thread tasks.
 */
#ifndef PIER_TASK_RUN_H
#define PIER_TASK_RUN_H

#include <pthread.h>

#include "task/task.h"

/* Counted: an abandoned thread may outlive the call that made it. */
struct pier__run {
	atomic_uint references;
	atomic_size_t tasks; /* started in all */
	enum pier_task_kind kind;
	size_t stack_size;
	struct pier_group *group; /* of all its tasks */
};

struct pier__run *pier__run_hold(struct pier__run *run);
void pier__run_drop(struct pier__run *run);

/* The task of a thread. */
struct pier__thread {
	struct pier__task task;
	struct pier__engine *engine; /* made at the first wait, or NULL */
	/* Whom to wake: read by other threads, hence the lock. NULL until the
	   thread can be waited for by anything but its own descriptors. */
	pthread_mutex_t wake_lock;
	struct pier__engine *wake_engine;
};

static inline struct pier__thread *
pier__thread_of(struct pier__task *task)
{
	return pier__container_of(task, struct pier__thread, task);
}

/* Start a thread task that runs fn(arg). 0, -EAGAIN, -ENOMEM. */
int pier__thread_spawn(struct pier__run *run, struct pier_group *group,
	pier_task_fn *fn, void *arg);
/* The wait of a thread task; the rest of pier__park(). */
int pier__thread_park(struct pier__task *self, int64_t until);
void pier__thread_wake(struct pier__task *task);
/* Direct wake-ups of this thread to engine (NULL: to nobody). */
void pier__thread_set_wake_engine(
	struct pier__task *self, struct pier__engine *engine);

#endif
