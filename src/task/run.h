/* SPDX-License-Identifier: MIT */
/*
 * task/run.h - what the tasks of one pier_run() share, and thread tasks.
 */
#ifndef PIER_TASK_RUN_H
#define PIER_TASK_RUN_H

#include <pthread.h>

#include "task/kept.h"
#include "task/spare.h"
#include "task/task.h"

/*
 * Of a run of fibers the scheduler knows the tasks; of a run of threads this
 * does, by lock, whatever groups they are in. Abandoned threads may outlive the
 * call that made it: whoever comes last of pier_run(), which sets over, and of
 * the threads, which count down left, frees it.
 */
struct pier__run {
	enum pier_task_kind kind;
	size_t stack_size;
	bool forks;               /* see pier__run_forking() */
	struct pier__task *first; /* the thread that called pier_run() */
	size_t tasks;             /* started in all */

	pthread_mutex_t lock;
	struct pier__list threads; /* those that did not end, by all_node */
	size_t left;               /* those that are not quite gone */
	bool cancelled;
	bool over; /* nobody may join */
};

/*
 * pier__run_forking(fn, arg, opts): pier_run() of fibers, one of which will fork
 * often. fn's own fiber is then not there in the children, as
 * pier__sched_spawn_uncopied() has it, until it says pier__sched_copy_self().
 */
int pier__run_forking(
	pier_task_fn *fn, void *arg, const struct pier_run_opts *opts);

/* A thread task that has not begun joins. 0 or -PIER_ECLOSED. */
int pier__run_join(struct pier__run *run, struct pier__task *task);
/* task can no longer be found through the run. */
void pier__run_unlink(struct pier__run *run, struct pier__task *task);
/* A task that was unlinked is gone, its memory too. */
void pier__run_done(struct pier__run *run);

/* The task of a thread. */
struct pier__thread {
	struct pier__task task;
	struct pier__engine *engine; /* made at the first wait, or NULL */
	void *signal_stack;          /* see task/overflow.c, or NULL */
	/* Whom to wake: read by other threads, hence the lock. NULL until the
	   thread can be waited for by anything but its own descriptors. */
	pthread_mutex_t wake_lock;
	struct pier__engine *wake_engine;
	/* Of those that a server starts: memory at hand for the next. */
	bool keeps;
	void *scratch; /* one spare buffer: io/scratch.h */
	struct pier__spares spares;
	struct pier__kept *kept; /* where it goes when it ends, or NULL */
	struct pier__thread *next_kept;
	struct pier__thread_stack *stack; /* NULL: libc's */
};

static inline struct pier__thread *
pier__thread_of(struct pier__task *task)
{
	return pier__container_of(task, struct pier__thread, task);
}

/* self, which runs no fibers, if it keeps memory; else NULL. */
static inline struct pier__thread *
pier__thread_that_keeps(struct pier__task *self)
{
	struct pier__thread *thread = pier__thread_of(self);

	return thread->keeps ? thread : NULL;
}

/* The descriptor that self, a thread, is woken by; -1: there is none. */
static inline int
pier__thread_wake_fd(struct pier__task *self)
{
	const struct pier__engine *engine = pier__thread_of(self)->engine;

	return engine != NULL ? engine->wake_fd : -1;
}

struct pier__thread_opts {
	size_t stack_size; /* 0: the system's default */
	bool wakeable;     /* at once: none of its waits lacks a descriptor */
	int *wake_fd;      /* that descriptor, on success; NULL: of no use */
	struct pier__kept *kept; /* of a wakeable one: what others have left */
};

/* Start a thread task that runs fn(arg), in a run, a group or both. 0,
   -EAGAIN, -ENOMEM, -PIER_ECLOSED, and -EMFILE, -ENFILE when wakeable. */
int pier__thread_spawn(struct pier__run *run, struct pier_group *group,
	pier_task_fn *fn, void *arg, const struct pier__thread_opts *opts);
/* Of a thread that has ended, or never began. */
void pier__thread_free(struct pier__thread *thread);
/* Between two pieces of work of one task: the next finds nothing that the
   last has left behind, and what that one gathered is sent. */
void pier__task_renew(struct pier__task *self);
/* The wait of a thread task; the rest of pier__park(). */
PIER__COLD int pier__thread_park(struct pier__task *self, int64_t until);
PIER__COLD void pier__thread_wake(struct pier__task *task);
/* Make what lets others wake this thread. 0, -ENOMEM, -EMFILE, -ENFILE. */
int pier__thread_wakeable(struct pier__task *self);
/* In the child of a fork, which has this thread only: what it waited with was
   the parent's too, and the groups and runs it was in are the parent's. */
void pier__thread_forked(struct pier__task *self);
/* Direct wake-ups of this thread to engine (NULL: to nobody). */
void pier__thread_set_wake_engine(
	struct pier__task *self, struct pier__engine *engine);

#endif
