/* SPDX-License-Identifier: MIT */
/*
 * task/stack.h - stacks for fibers.
 *
 * Stacks of one size come in slabs: one mapping of many slots, each a 64 KiB
 * guard below and the stack above it, an odd number of pages apart: with a
 * power of two between them they would fight for a few sets of the cache. Only
 * touched pages cost memory. How the guard is kept depends on the kernel:
 *   madvise   MADV_GUARD_INSTALL (Linux 6.13): costs no mapping entry
 *   mprotect  two entries a stack, so only for a quarter of max_map_count
 *   canary    beyond that: a word at the low end, looked at on every park
 *
 * A fork copies each table of pages in which one is there or marked as a guard,
 * at the price of several system calls, twice that at the end of the child.
 * So where a process forks often, what its children need of a slab is its upper
 * end, beside the mappings before it, and all else is left out. There a guard is
 * an entry, which needs no table.
 */
#ifndef PIER_TASK_STACK_H
#define PIER_TASK_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pier__guard {
	PIER__GUARD_MADVISE,
	PIER__GUARD_MPROTECT,
	PIER__GUARD_CANARY
};

#define PIER__STACK_DEFAULT ((size_t)64 * 1024)
#define PIER__STACK_MIN     ((size_t)16 * 1024)
#define PIER__STACK_MAX     ((size_t)64 * 1024 * 1024)
#define PIER__STACK_GUARD   ((size_t)64 * 1024)
#define PIER__STACK_ABOVE   ((size_t)448)

struct pier__slab;

struct pier__stacks {
	size_t size; /* usable bytes of each */
	struct pier__slab *slabs;
	void *free; /* list through their top bytes */
	uint32_t used;
	uint32_t peak;
	uint32_t made;          /* with a guard of their own */
	uint32_t warm;          /* on the free list with touched pages */
	bool forks;             /* set before the first: of such a process */
	enum pier__guard guard; /* of the newest stack */
};

/* size 0: the default; rounded up to whole pages and into the bounds. */
void pier__stacks_init(struct pier__stacks *stacks, size_t size);
/* The lowest usable byte of a stack, which a fork copies. 0, or -ENOMEM. */
int pier__stack_get(struct pier__stacks *stacks, void **out);
/* The same for a task that children of a fork have nothing to do with: they get
   no copy of it, nor of the tables of its pages, and in the parent no page of it
   is copied when it is next written to. Where the kernel refuses the advice
   they do: no harm but time. */
int pier__stack_get_uncopied(struct pier__stacks *stacks, void **out);
/* From now on a fork copies this one, which is in use, too. */
void pier__stack_copy(const struct pier__stacks *stacks, void *stack);
void pier__stack_put(struct pier__stacks *stacks, void *stack);
/* All mappings go; no stack is in use. */
void pier__stacks_free(struct pier__stacks *stacks);

/* Where execution begins: the top, lowered by a number of cache lines that
   differs from stack to stack, so that the hot frames of many fibers do not
   fall into the same sets of the cache. Aligned to 64. The PIER__STACK_ABOVE
   bytes from there on belong to whoever has the stack: what is needed together
   with its frames lies on the same page. */
void *pier__stack_top(const struct pier__stacks *stacks, void *stack);

/* Is the canary all that guards this stack? */
bool pier__stack_canary(const struct pier__stacks *stacks, const void *stack);
/* True while the canary at the low end is whole (always, where a real guard
   stands below). */
bool pier__stack_intact(const struct pier__stacks *stacks, const void *stack);

const char *pier__guard_name(enum pier__guard guard);

#endif
