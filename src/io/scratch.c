/* SPDX-License-Identifier: MIT */
/* io/scratch.c - see scratch.h. */
#include "io/scratch.h"

#include "task/sched.h"

PIER__HOT void *
pier__scratch_get(void)
{
	struct pier__task *self = pier__current;
	void *scratch;

	if (self == NULL || self->sched == NULL || self->sched->scratch == NULL)
		return pier__alloc_lines(PIER__SCRATCH_SIZE);
	scratch = self->sched->scratch;
	self->sched->scratch = NULL;
	return scratch;
}

PIER__HOT void
pier__scratch_put(void *scratch)
{
	if (!pier__scratch_keep(scratch))
		pier__free(scratch);
}
