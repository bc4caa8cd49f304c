/* SPDX-License-Identifier: MIT */
/* io/scratch.c - see scratch.h. */
#include "io/scratch.h"

#include "task/run.h"
#include "task/sched.h"

/* Where the calling thread keeps one; NULL: nowhere. */
static inline void **
place(void)
{
	struct pier__task *self = pier__current;
	struct pier__thread *thread;

	if (self == NULL)
		return NULL;
	if (self->sched != NULL)
		return &self->sched->scratch;
	thread = pier__thread_that_keeps(self);
	return thread != NULL ? &thread->scratch : NULL;
}

PIER__HOT void *
pier__scratch_get(void)
{
	void **at = place();
	void *scratch;

	if (at == NULL || *at == NULL)
		return pier__alloc_lines(PIER__SCRATCH_SIZE);
	scratch = *at;
	*at = NULL;
	return scratch;
}

PIER__HOT void
pier__scratch_put(void *scratch)
{
	void **at = place();

	if (at == NULL || *at != NULL)
		pier__free(scratch);
	else
		*at = scratch;
}
