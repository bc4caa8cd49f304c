/* SPDX-License-Identifier: MIT */
/*
 * task/task.h - a task, as the layers above see it: who am I, wait, wake.
 *
 * Nothing that another task, the scheduler, a timer or the kernel may touch
 * lives among a fiber's frames: all of it is in struct pier__task, which has its
 * place above the first of them, or on the heap.
 * (A debug build overwrites the stacks of parked fibers to prove it.)
 *
 * Invariants:
 *   1. a fiber is run, woken and ended by the thread of its scheduler only;
 *      other threads leave a note on the scheduler's remote list;
 *   2. state is PARKED exactly while the task is on no ready queue and does
 *      not run; only pier__wake() leads out of it;
 *   3. a task is on the heap of timers exactly when timer_slot >= 0, under
 *      the key timer_when <= deadline: a deadline that moves later, or away,
 *      leaves the heap alone, and the heap looks again when the key comes up.
 */
#ifndef PIER_TASK_TASK_H
#define PIER_TASK_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/deadline.h>
#include <pier/error.h>
#include <pier/task.h>

#include "base/list.h"
#include "os/calls.h"
#include "task/annotate.h"
#include "task/engine.h"

struct pier__run;
struct pier__sched;
struct pier__error_record;

enum pier__task_state {
	PIER__RUNNING,
	PIER__READY,
	PIER__PARKED,
	PIER__ENDED
};

/* What to do just before a task waits: a node on its before_wait list. */
struct pier__before_wait {
	struct pier__list node;
	/* Must not wait; may take its own node off the list. */
	void (*fn)(struct pier__before_wait *hook);
};

struct pier__task {
	struct pier__context context; /* first: see os/calls.h */

	/* Touched by every switch. */
	void *sp;                  /* of a fiber that does not run */
	struct pier__sched *sched; /* NULL: a thread without one */
	struct pier__task *next_ready;
	uint8_t state;         /* enum pier__task_state */
	uint8_t kind;          /* enum pier_task_kind */
	bool host;             /* the thread a scheduler runs on */
	bool wake_pending;     /* woken while it ran */
	bool timed_out;        /* woken by its deadline */
	bool error_lost;       /* no memory for the last failure */
	bool on_remote;        /* on sched's remote list, by its lock */
	bool started;          /* has run */
	bool canary;           /* its stack has no guard but the word below */
	bool waiting;          /* of threads also read by others, whole */
	uint8_t ops;           /* operations since the last wait */
	atomic_bool cancelled; /* sticky */
	atomic_bool woken;     /* threads: a wake-up is due */
	int64_t deadline;      /* of the present wait */
	int64_t timer_when;    /* key on the heap of timers */
	int32_t timer_slot;    /* place on that heap, or -1 */

	/* What it waits for, for lists of tasks. Of threads also read by
	   others, each field whole. */
	int wait_fd;
	const char *waits; /* a constant string, of the last wait if it runs */
	int64_t wait_since;
	int64_t first_wait; /* wait_since of the first in this operation, or 0 */
	/* What it looks at first when it goes on: two cache lines and one, which
	   are fetched ahead. Never followed: they may be gone. */
	const void *looks_at;
	const void *looks_near;

	struct pier__list before_wait; /* struct pier__before_wait */

	/* From here on not touched by a message: two cache lines lie above. */
	int64_t shield;             /* cancelled, it may wait until then */
	uint64_t tag;               /* what whoever made it knows it by, or 0 */
	struct pier__list all_node; /* on sched->all; run->threads */
	struct pier__list group_node; /* on group->tasks, by its lock */
	/* On the waiters of a group, channel or mutex, by its lock. */
	struct pier__list wait_node;
	struct pier__task *next_remote;
	struct pier_group *group; /* NULL: the run's own */
	struct pier__run *run;    /* NULL outside of pier_run() */

	pier_task_fn *fn;
	void *arg;
	void *stack;                      /* lowest usable byte */
	struct pier__error_record *error; /* made at the first failure */
	const char *name;
	uint64_t id;
	int rc;                             /* what fn returned */
	struct pier__annotation annotation; /* empty in a plain build */
#if defined(PIER_SCRAMBLE_STACKS)
	void *scramble_copy; /* of its stack, while it is parked */
#endif
};

/*
 * pier__self(): the current task; for a thread that never called pier before
 * one is made. NULL: no memory for it.
 */
struct pier__task *pier__self_slow(void);

static inline struct pier__task *
pier__self(void)
{
	struct pier__task *self = pier__current;

	return __builtin_expect(self != NULL, 1) ? self : pier__self_slow();
}

/* pier__task_now(self): the clock of this turn; threads read the real one. */
int64_t pier__task_now(const struct pier__task *self);

/*
 * pier__enter(self, deadline): called once by every operation, before it tries
 * anything. Lets other fibers run after 64 operations without a wait.
 *
 * 0, or -PIER_EDEADLINE (it has passed already), -ECANCELED (the same, and
 * the task is cancelled: cancel wins). deadline is not PIER_DEFAULT.
 */
PIER__COLD int pier__enter_slow(
	struct pier__task *self, pier_deadline deadline);

/* A fiber lets the others run after this many operations without a wait. */
#define PIER__OPS_MAX 64

static inline int
pier__enter(struct pier__task *self, pier_deadline deadline)
{
	self->first_wait = 0;
	if (++self->ops < PIER__OPS_MAX &&
		(deadline.ns == INT64_MAX || deadline.ns == 0))
		return 0;
	return pier__enter_slow(self, deadline);
}

/*
 * pier__park(self, why, fd, deadline): wait until pier__wake(self). The only
 * place where pier waits. Wake-ups may be spurious: the caller looks again
 * whether what it waits for is there, and only then at the result.
 *
 *   why  what it waits for, a constant string; fd the descriptor, or -1
 *
 * 0 woken, or
 *   -EAGAIN          deadline is PIER_NOW
 *   -PIER_EDEADLINE  the deadline passed
 *   -ECANCELED       the task is cancelled and not shielded
 *   -EMFILE, …       a thread could not make its wake-up descriptor
 */
int pier__park(struct pier__task *self, const char *why, int fd,
	pier_deadline deadline);

/* What self will look at after its next waits: for task->looks_at. */
static inline void
pier__will_look(
	struct pier__task *self, const void *two_lines, const void *one_line)
{
	self->looks_at = two_lines;
	self->looks_near = one_line;
}

/*
 * pier__park_plain(self, why, fd, until): one wait of a fiber by the short way,
 * for who looks afterwards at what it waited for and goes on by pier__park()
 * when that is not there. It comes back at once, without a wait, whenever
 * anything is not plain: a cancel, bytes that are gathered, a moment that has
 * passed.
 */
void pier__park_plain(
	struct pier__task *self, const char *why, int fd, int64_t until);

/*
 * pier__wake(task): end its wait, or its next one. From any thread; the
 * caller makes sure (by the lock of the list that it found task on) that task
 * has not ended.
 */
void pier__wake(struct pier__task *task);

/* Run and so empty the before_wait list of self. */
PIER__COLD void pier__before_wait_run(struct pier__task *self);

/* What is waited for, and its end: for lists of tasks, which of a thread may be
   made by another thread. */
void pier__note_wait(
	struct pier__task *self, const char *why, int fd, int64_t until);
static inline void
pier__note_wait_over(struct pier__task *self)
{
	__atomic_store_n(&self->waiting, false, __ATOMIC_RELAXED);
}

/* A wait begins: for lists of tasks too, and for the time that a failure
   took. */
static inline void
pier__note_wait_since(struct pier__task *self, int64_t now)
{
	__atomic_store_n(&self->wait_since, now, __ATOMIC_RELAXED);
	if (self->first_wait == 0)
		self->first_wait = now;
}

/* The engine that watches descriptors for this task. NULL: no memory. */
struct pier__engine *pier__task_engine(struct pier__task *self);

/* -ECANCELED when cancelled and not inside a shield, else 0. */
int pier__task_cancel_state(const struct pier__task *self);

/* What pier__fail() writes down. All borrowed, copied where kept. */
struct pier__failure {
	enum pier_step step;
	const char *endpoint; /* or NULL */
	const char *detail;   /* or NULL */
	int offset;           /* meaningful for PIER_STEP_PARSE only */
	size_t done;
	bool counts; /* done is part of the answer: -EAGAIN is kept too */
	int64_t elapsed_ns;
	const struct pier_attempt *attempts;
	size_t attempt_count;
};

/*
 * pier__fail(rc, failure): write down the story of a failure for the current
 * task; returns rc. -EAGAIN is an answer and leaves the record alone, unless
 * failure->counts.
 */
PIER__COLD int pier__fail(int rc, const struct pier__failure *failure);

/* Frees a record; NULL is fine. */
void pier__error_record_free(struct pier__error_record *record);

#endif
