/* SPDX-License-Identifier: MIT */
/*
 * io/scratch.h - large buffers that are held for moments only.
 *
 * A scheduler keeps one at hand: fibers that read, handle and answer one after
 * the other between waits all use the same memory, which stays in the cache. It
 * begins a cache line, so that a short message lies in one.
 */
#ifndef PIER_IO_SCRATCH_H
#define PIER_IO_SCRATCH_H

#include "task/sched.h"

#define PIER__SCRATCH_SIZE 69632

/* PIER__SCRATCH_SIZE bytes, not cleared; NULL: no memory. */
void *pier__scratch_get(void);
void pier__scratch_put(void *scratch);

/* Keep scratch at hand for the next who reads on this thread; false: one is
   there already, or nobody keeps it. */
static inline bool
pier__scratch_keep(void *scratch)
{
	struct pier__task *self = pier__current;

	if (self == NULL || self->sched == NULL || self->sched->scratch != NULL)
		return false;
	self->sched->scratch = scratch;
	return true;
}

/* The same as get, for who knows the scheduler that it runs on, or NULL. */
static inline void *
pier__scratch_take(struct pier__sched *sched)
{
	void *scratch = sched != NULL ? sched->scratch : NULL;

	if (__builtin_expect(scratch == NULL, 0))
		return pier__scratch_get();
	sched->scratch = NULL;
	return scratch;
}

#endif
