/* SPDX-License-Identifier: MIT */
/*
 * task/sched.h - the scheduler of one thread's fibers, and runs.
 *
 * A turn: ask the engine for events, expire timers, take in wake-ups left by
 * other threads, then run every fiber that is ready. A fiber that parks
 * switches straight to the next ready one, and back to the scheduler (on the
 * thread's own stack) only when none is left or the turn's budget is spent.
 */
#ifndef PIER_TASK_SCHED_H
#define PIER_TASK_SCHED_H

#include <pthread.h>

#include "os/closing.h"
#include "task/spare.h"
#include "task/stack.h"
#include "task/stretch.h"
#include "task/task.h"
#include "task/timers.h"

/* What an engine of fibers takes. */
#define PIER__ENGINE_ROOM 832

/* How long a fiber stands in a system call at most until the others have their
   turn. */
#define PIER__STAND_NS INT64_C(20000000)

struct pier__sched {
	struct pier__task *host; /* the thread's task */
	struct pier__engine *engine;
	int64_t now; /* the clock of this turn */
	struct pier__task *ready_head;
	struct pier__task *ready_tail;
	uint32_t ready_count;
	uint32_t budget; /* switches left in this turn */
	uint32_t live;   /* fibers that have not ended */
	struct pier__timers timers;
	int64_t alarm;            /* moment of the engine's last one; 0: none */
	struct pier__list all;    /* every fiber */
	struct pier__task *ended; /* to be put away after the switch */
	struct pier__task *left;  /* who ran before the last switch */
	uint64_t ended_count;
	size_t tasks;   /* started in all */
	bool cancelled; /* all of them, and who is started now */
	struct pier__stacks stacks;
	struct pier__run *run;

	struct pier__stretch stretch;
	void *scratch;   /* one spare buffer: io/scratch.h */
	void *gathering; /* the same: io/gather.c */
	struct pier__spares spares;
	/* For net/block.h: fibers that may be woken late, and until when a
	   thread may stand before it looks for the others again. */
	uint32_t lenient;
	int64_t stand_until;
	/* In the child of a fork, before its first wait; else NULL. */
	void (*first_wait)(void *arg);
	void *first_wait_arg;

	/* Left by other threads. */
	pthread_mutex_t remote_lock;
	struct pier__task *remote_head;
	atomic_bool remote_any;

	/* Beside each other, on one page: what is written around a fork. */
	void *block; /* what all this lies in */
	alignas(64) unsigned char engine_room[PIER__ENGINE_ROOM];
	uint32_t near_taken;
	struct pier__near near[PIER__NEAR_MAX];
};

/* Open a scheduler on the calling thread; close it when live is 0. */
int pier__sched_open(
	struct pier__sched **out, struct pier__run *run, size_t stack_size);
void pier__sched_close(struct pier__sched *sched);
/* In the child of a fork that a fiber made: its thread is a plain task again,
   on the stack of that fiber, and no fiber is left. */
void pier__sched_forked(void);
/*
 * pier__sched_forked_alone(closing, first_wait, arg): the same for a child that
 * goes on in that fiber, with the scheduler that it had: no other fiber is left,
 * and of what the task was in, or had met, nothing. The engine's descriptors are
 * in closing. Before the first wait that needs the engine, on the scheduler's
 * own stack, first_wait(arg) is called.
 */
void pier__sched_forked_alone(struct pier__closing *closing,
	void (*first_wait)(void *arg), void *arg);
/* The last that such a fiber does: all others are cancelled, and have ended when
   this comes back. */
void pier__sched_end_others(void);
/* Start a fiber, ready to run, in a group or in none but the run. 0, -ENOMEM
   or -PIER_ECLOSED. */
int pier__sched_spawn(struct pier__sched *sched, struct pier_group *group,
	pier_task_fn *fn, void *arg);
/* The same of a fiber that children of a fork have nothing to do with: nothing
   on its stack, nor its task, is there in them. */
int pier__sched_spawn_uncopied(struct pier__sched *sched,
	struct pier_group *group, pier_task_fn *fn, void *arg);
/* The calling fiber is there in children from now on, unless the kernel refuses the
   advice for its stack and for the whole slab. */
void pier__sched_copy_self(void);
/* Cancel every fiber, and those that are started from now on. */
void pier__sched_cancel(struct pier__sched *sched);
/* Run turns until no fiber is left. */
void pier__sched_loop(struct pier__sched *sched);
/* One more fiber (1), or one less (-1), of this thread may be woken later by a
   moment, but for its timers, which are kept. */
void pier__sched_lenient(int change);
/* Are all others of its fibers such? */
static inline bool
pier__sched_is_alone(const struct pier__sched *sched)
{
	return sched->live == sched->lenient + 1;
}
/* The thread of self, a fiber, is about to stand in a system call, and has stood
   there. False: it must not, as a fiber that may not be woken late is there,
   or a timer that ends in the next longest_ns. now is the clock's. */
bool pier__sched_stand(
	struct pier__task *self, int64_t now, int64_t longest_ns);
void pier__sched_stood(struct pier__task *self);
/* A fiber goes to the end of the queue of those that are ready. */
void pier__sched_yield(struct pier__task *self);
/* task, which is on no queue, is ready to run. */
void pier__sched_ready(struct pier__sched *sched, struct pier__task *task);
/* From another thread: task is to be woken. */
void pier__sched_remote(struct pier__sched *sched, struct pier__task *task);

#endif
