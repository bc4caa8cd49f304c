/* SPDX-License-Identifier: MIT */
/*
 * task/leave.h - how a fiber stops running: the next one that is ready goes on,
 * or the scheduler on the thread's own stack.
 *
 * Inline, for the few that park: every message passes through here, just after
 * a system call and just before the next, when each cache line of code counts.
 */
#ifndef PIER_TASK_LEAVE_H
#define PIER_TASK_LEAVE_H

#include "base/fetch.h"
#include "task/sched.h"
#include "task/switch.h"

/* The fiber that ended last: its group, stack and struct. On another stack. */
PIER__COLD void pier__sched_put_away(struct pier__sched *sched);

/* The stack of self has no guard page but a canary: gone, the program ends. */
PIER__COLD void pier__sched_look_at_canary(struct pier__task *self);

/* The frames from the switch up to a handler. */
#define PIER__FRAMES_LINES 5

/* Where task goes on, which with thousands of fibers has left the cache, is on
   its way while the one before it in the queue runs. */
static inline __attribute__((always_inline)) void
pier__sched_fetch(const struct pier__task *task)
{
	pier__fetch_lines(task->sp, PIER__FRAMES_LINES);
	pier__fetch_lines(task->looks_at, 2);
	pier__fetch(task->looks_near);
}

/* The next fiber of this turn, off the queue; NULL: none. */
static inline __attribute__((always_inline)) struct pier__task *
pier__sched_next(struct pier__sched *sched)
{
	struct pier__task *task = sched->ready_head;
	struct pier__task *next;

	if (task == NULL || sched->budget == 0)
		return NULL;
	sched->budget--;
	next = task->next_ready;
	sched->ready_head = next;
	if (next == NULL) {
		sched->ready_tail = NULL;
	} else {
		pier__sched_fetch(next);
		/* And of the one after it what this will read then. */
		if (next->next_ready != NULL)
			pier__fetch_lines(next->next_ready, 2);
	}
	sched->ready_count--;
	return task;
}

static inline __attribute__((always_inline)) void
pier__sched_switch(struct pier__sched *sched, struct pier__task *from,
	struct pier__task *to, bool last)
{
	if (sched->stretch.longest != NULL && from != sched->host)
		pier__stretch_switch(&sched->stretch, &from->tag);
	to->state = PIER__RUNNING;
	pier__current = to;
	sched->left = from;
	pier__annotate_leave(&from->annotation, &to->annotation, last);
	pier__switch(&from->sp, to->sp);
	/* Here again, some switches later: `from` runs. */
	pier__annotate_arrive(&from->annotation, &sched->left->annotation);
	if (__builtin_expect(sched->ended != NULL, 0))
		pier__sched_put_away(sched);
}

/* self, which is parked or at the end of the queue, lets another run. */
static inline __attribute__((always_inline)) void
pier__sched_leave(struct pier__task *self)
{
	struct pier__sched *sched = self->sched;
	struct pier__task *to = NULL;

	if (__builtin_expect(self->canary, 0))
		pier__sched_look_at_canary(self);
#if !defined(PIER_SCRAMBLE_STACKS)
	to = pier__sched_next(sched);
	if (__builtin_expect(to == self, 0)) {
		if (sched->stretch.longest != NULL)
			pier__stretch_switch(&sched->stretch, &self->tag);
		self->state = PIER__RUNNING;
		return;
	}
#endif
	pier__sched_switch(sched, self, to != NULL ? to : sched->host, false);
}

#endif
