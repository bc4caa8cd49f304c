/* SPDX-License-Identifier: MIT */
/* task/thread_stack.c - see thread_stack.h. */
#include "task/thread_stack.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "os/calls.h"
#include "os/spawn_calls.h"
#include "task/group.h"
#include "task/kept.h"
#include "task/run.h"

/* Left above the mapping's upper end: cache lines. */
#define HEAD ((size_t)128)

/* Looked at for one that has gone. */
#define LOOKS_MAX 4

/* What a thread leaves there, and the greatest page. */
#define WARM ((uintptr_t)64 * 1024)

/* How long a server that ends waits for threads that have said that they do, which
   takes no time but that of the program's destructors. */
#define CLOSE_NS INT64_C(10000000000)

static struct pier__thread_stack *
make(size_t asked)
{
	struct pier__thread_stack *stack;
	size_t size, guard;
	void *base;

	pier__thread_sizes(asked, &size, &guard);
	if (size < PIER__THREAD_STACK_MIN || size > SIZE_MAX / 2 ||
		pier__stacks_hold_code())
		return NULL;
	size = (size + HEAD - 1) / HEAD * HEAD;
	if (pier__calls()->map(&base, guard + size) < 0)
		return NULL;
	if (pier__calls()->protect_none(base, guard) < 0) {
		(void)pier__calls()->unmap(base, guard + size);
		return NULL;
	}
	/* As stack.c has it. */
	(void)pier__calls()->advise(base, guard + size, MADV_NOHUGEPAGE);
	stack = (void *)((char *)base + guard + size - HEAD);
	stack->base = base;
	stack->low = (char *)base + guard;
	stack->mapped = guard + size;
	stack->size = asked;
	return stack;
}

static void
unmap(struct pier__thread_stack *stack)
{
	(void)pier__calls()->unmap(stack->base, stack->mapped);
}

PIER__HOT static bool
is_gone(struct pier__thread_stack *stack)
{
	if (stack->begun && pier__thread_is_gone(stack->id, 0))
		stack->begun = false;
	return !stack->begun;
}

PIER__HOT struct pier__thread_stack *
pier__thread_stack_take(struct pier__thread_stacks *stacks, size_t size)
{
	struct pier__thread_stack **at = &stacks->ended;
	struct pier__thread_stack *stack;
	int looks;

	for (looks = 0; *at != NULL && looks < LOOKS_MAX; looks++) {
		stack = *at;
		if (stack->size == size && is_gone(stack)) {
			*at = stack->next;
			return stack;
		}
		at = &stack->next;
	}
	if (stacks->made == PIER__KEPT_MAX)
		return NULL;
	stack = make(size);
	stacks->made += stack != NULL;
	return stack;
}

PIER__HOT void
pier__thread_stack_begin(struct pier__thread_stack *stack)
{
	stack->id = pthread_self();
	stack->begun = true;
}

PIER__HOT void
pier__thread_stack_shrink(const struct pier__thread_stack *stack)
{
	uintptr_t low = (uintptr_t)stack->low;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = (here - WARM) & ~(WARM - 1);

	/* Where a sanitizer has frames elsewhere it is of no use to know. */
	if (here < (uintptr_t)stack && here > low + WARM && end > low)
		(void)pier__calls()->advise(
			stack->low, end - low, MADV_DONTNEED);
}

PIER__HOT void
pier__thread_stack_put(
	struct pier__thread_stacks *stacks, struct pier__thread_stack *stack)
{
	stack->next = stacks->ended;
	stacks->ended = stack;
}

static void *
bury_main(void *arg)
{
	struct pier__thread_stack *stack = arg;
	struct pier_group *group = stack->group;
	int rc = stack->rc;
	struct pier__thread self = { .task = { .context = { stack->calls },
					     .kind = PIER_TASK_THREAD } };

	pier__current = &self.task;
	if (pier__thread_is_gone(stack->id, INT64_MAX))
		unmap(stack);
	if (group != NULL)
		pier__group_done(group, rc);
	pier__current = NULL;
	return NULL;
}

bool
pier__thread_stack_bury(
	struct pier__thread_stack *stack, struct pier_group *group, int rc)
{
	pthread_t id = stack->id;
	pthread_t other;

	stack->calls = pier__calls();
	stack->group = group;
	stack->rc = rc;
	if (pier__calls()->thread(NULL, PIER__THREAD_STACK_MIN, bury_main,
		    stack, &other) < 0) {
		(void)pthread_detach(id);
		return false;
	}
	(void)pthread_detach(other);
	return true;
}

void
pier__thread_stacks_trim(struct pier__thread_stacks *stacks)
{
	struct pier__thread_stack **at = &stacks->ended;

	while (*at != NULL) {
		struct pier__thread_stack *stack = *at;

		if (is_gone(stack)) {
			*at = stack->next;
			stacks->made--;
			unmap(stack);
		} else {
			at = &stack->next;
		}
	}
}

void
pier__thread_stacks_close(struct pier__thread_stacks *stacks)
{
	int64_t until = pier__calls()->clock_ns() + CLOSE_NS;

	while (stacks->ended != NULL) {
		struct pier__thread_stack *stack = stacks->ended;

		stacks->ended = stack->next;
		if (!stack->begun || pier__thread_is_gone(stack->id, until)) {
			unmap(stack);
			continue;
		}
		(void)pier__thread_stack_bury(stack, NULL, 0);
	}
}
