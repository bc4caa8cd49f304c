/* SPDX-License-Identifier: MIT */
/*
 * io/scratch.h - large buffers that are held for moments only.
 *
 * A scheduler keeps one at hand: fibers that read, handle and answer one after
 * the other between waits all use the same memory, which stays in the cache.
 */
#ifndef PIER_IO_SCRATCH_H
#define PIER_IO_SCRATCH_H

#define PIER__SCRATCH_SIZE 65536

/* PIER__SCRATCH_SIZE bytes, not cleared; NULL: no memory. */
void *pier__scratch_get(void);
void pier__scratch_put(void *scratch);

#endif
