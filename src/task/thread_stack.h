/* SPDX-License-Identifier: MIT */
/*
 * task/thread_stack.h - stacks of threads, for the threads that follow.
 *
 * libc keeps those of threads that have ended up to 40 MiB, with the usual 8 MiB
 * five. From the sixth on each thread is a mapping that is made, opened, faulted
 * in and taken away. That was a tenth of what a thread for a short connection costs. So as many as
 * there may be records (kept.h) are kept here. The lock is kept.c's.
 *
 * Whose stack this is may not be detached: the kernel tells by its join that it
 * has gone. Who comes sooner takes another one, or lets libc make one: nobody
 * waits for what a thread does at its very end, as its destructors of
 * pthread_key_create(3) are the program's.
 */
#ifndef PIER_TASK_THREAD_STACK_H
#define PIER_TASK_THREAD_STACK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Of smaller ones libc keeps enough. */
#define PIER__THREAD_STACK_MIN ((size_t)1024 * 1024)

struct pier__calls;
struct pier_group;

/* At the upper end of its mapping, above what the thread has. */
struct pier__thread_stack {
	struct pier__thread_stack *next; /* of those that are not in use */
	char *base;                      /* of the mapping, with the guard */
	char *low;                       /* the lowest byte for the thread */
	size_t mapped;
	size_t size; /* as it was asked for */
	pthread_t id;
	bool begun; /* id had it, and may not be quite gone */
	/* Once it is buried: */
	const struct pier__calls *calls;
	struct pier_group *group;
	int rc;
};

/* All 0: none. */
struct pier__thread_stacks {
	struct pier__thread_stack *ended;
	unsigned made;
};

/* One of so many bytes (0: the system's default), or NULL: there is none. */
struct pier__thread_stack *pier__thread_stack_take(
	struct pier__thread_stacks *stacks, size_t size);

/* What a thread is started with. */
static inline size_t
pier__thread_stack_size(const struct pier__thread_stack *stack)
{
	return (size_t)((const char *)stack - stack->low);
}

/* By its thread, which has begun. */
void pier__thread_stack_begin(struct pier__thread_stack *stack);

/* By its thread near its end: but for a few, pages below the caller's frame are
   given back. */
void pier__thread_stack_shrink(const struct pier__thread_stack *stack);

/* By its thread, which ends, or by who could not start one. */
void pier__thread_stack_put(
	struct pier__thread_stacks *stacks, struct pier__thread_stack *stack);

/* Of a thread that ends, or by itself, where nobody will take it any more: no
   thread can take away what it stands on, so another one is started, waits for
   its end, gives the memory back, and is what group, which may be NULL, waited
   for, with rc. False: none could be started. Then the mapping stays, and the
   group is still to be told. */
bool pier__thread_stack_bury(
	struct pier__thread_stack *stack, struct pier_group *group, int rc);

/* Those that have gone give back their memory. */
void pier__thread_stacks_trim(struct pier__thread_stacks *stacks);

/* All that are not in use do; those of threads that end just now are waited for,
   10 s at most together. Without the lock: nothing is put any more. */
void pier__thread_stacks_close(struct pier__thread_stacks *stacks);

#endif
