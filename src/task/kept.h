/* SPDX-License-Identifier: MIT */
/*
 * task/kept.h - what threads leave that have ended, for those that begin.
 *
 * A thread for each connection needs a record, a descriptor by which it is
 * woken, and mostly a buffer to read into; libc makes a heap for a thread that
 * asks it for memory. That was most of what such a connection cost beside the
 * thread itself. With these it asks for nothing, as long as not more are there
 * at once than ever before.
 */
#ifndef PIER_TASK_KEPT_H
#define PIER_TASK_KEPT_H

#include <stdbool.h>
#include <stddef.h>

struct pier__kept;
struct pier__thread;
struct pier__thread_stack;

/* Kept at most at once. */
#define PIER__KEPT_MAX 64

/* Records whose descriptor is `below` that number are kept. 0 or -ENOMEM. */
int pier__kept_open(struct pier__kept **out, int below);

/* What is there goes, and what comes is not kept: the memory lasts until the
   last thread that holds it has ended. Waits, for threads that have told their
   end and run destructors of the program yet: thread_stack.h. NULL is fine. */
void pier__kept_close(struct pier__kept *kept);

/* The descriptors of what is kept are wanted elsewhere. True: there were some.
   NULL is fine. */
bool pier__kept_trim(struct pier__kept *kept);

/* For thread.c: one that was kept, or NULL, and a stack or NULL (see
   thread_stack.h); the caller holds kept either way until it puts a record
   there, by the thread itself. */
struct pier__thread *pier__kept_take(struct pier__kept *kept, size_t stack_size,
	struct pier__thread_stack **stack);
/* The stack of the calling thread, if it is its own to be buried, or NULL. */
struct pier__thread_stack *pier__kept_put(
	struct pier__kept *kept, struct pier__thread *thread);
/* In place of put: no record came of it, and the stack, or NULL, was not
   used. */
void pier__kept_drop(struct pier__kept *kept, struct pier__thread_stack *stack);

#endif
