/* SPDX-License-Identifier: MIT */
/*
 * io/wait_many.h - wait for the first of several descriptors.
 *
 * The race of a dial and pier_wait_any() stand on it. One task waits; for each
 * descriptor it is the reader, the writer or both while the call lasts, so a
 * descriptor that another task waits for already gives -EBUSY, and nothing is
 * marked then.
 */
#ifndef PIER_IO_WAIT_MANY_H
#define PIER_IO_WAIT_MANY_H

#include "io/desc.h"

struct pier__want {
	struct pier__desc *desc; /* not on a fiber's stack */
	unsigned want;           /* PIER__IN, PIER__OUT or both */
	unsigned ready;          /* set: what of it is worth an attempt */
};

/*
 * pier__desc_wait_many(list, count, why, deadline): wait until an attempt
 * makes sense on at least one of list. The list itself may be on the stack:
 * only the caller looks at it. count may be 0: then only the deadline or a
 * cancel ends the wait.
 *
 * How many are ready, or as pier__desc_wait().
 */
int pier__desc_wait_many(struct pier__want *list, size_t count, const char *why,
	pier_deadline deadline);

#endif
