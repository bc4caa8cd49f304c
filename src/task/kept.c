/* SPDX-License-Identifier: MIT */
/* task/kept.c - see kept.h. */
#include "task/kept.h"

#include <errno.h>
#include <pthread.h>

#include "task/run.h"
#include "task/thread_stack.h"

struct pier__kept {
	pthread_mutex_t lock;
	struct pier__thread *first;
	unsigned count;
	unsigned holders; /* threads, and its owner */
	int below;
	bool closed;
	struct pier__thread_stacks stacks;
};

int
pier__kept_open(struct pier__kept **out, int below)
{
	struct pier__kept *kept = pier__alloc(sizeof(*kept));

	if (kept == NULL)
		return -ENOMEM;
	(void)pthread_mutex_init(&kept->lock, NULL);
	kept->below = below;
	kept->holders = 1;
	*out = kept;
	return 0;
}

/* Unlocks; `first` is a list that is not kept any more. */
static void
let_go(struct pier__kept *kept, struct pier__thread *first)
{
	bool last = kept->holders == 0;

	(void)pthread_mutex_unlock(&kept->lock);
	while (first != NULL) {
		struct pier__thread *next = first->next_kept;

		pier__thread_free(first);
		first = next;
	}
	if (!last)
		return;
	(void)pthread_mutex_destroy(&kept->lock);
	pier__free(kept);
}

static struct pier__thread *
take_all(struct pier__kept *kept)
{
	struct pier__thread *first = kept->first;

	kept->first = NULL;
	kept->count = 0;
	return first;
}

void
pier__kept_close(struct pier__kept *kept)
{
	struct pier__thread_stacks stacks;

	if (kept == NULL)
		return;
	(void)pthread_mutex_lock(&kept->lock);
	kept->closed = true;
	stacks = kept->stacks;
	kept->stacks.ended = NULL;
	(void)pthread_mutex_unlock(&kept->lock);
	pier__thread_stacks_close(&stacks);
	(void)pthread_mutex_lock(&kept->lock);
	kept->holders--;
	let_go(kept, take_all(kept));
}

bool
pier__kept_trim(struct pier__kept *kept)
{
	struct pier__thread *first;

	if (kept == NULL)
		return false;
	(void)pthread_mutex_lock(&kept->lock);
	first = take_all(kept);
	pier__thread_stacks_trim(&kept->stacks);
	let_go(kept, first);
	return first != NULL;
}

struct pier__thread *
pier__kept_take(struct pier__kept *kept, size_t stack_size,
	struct pier__thread_stack **stack)
{
	struct pier__thread *thread;

	(void)pthread_mutex_lock(&kept->lock);
	kept->holders++;
	thread = kept->first;
	if (thread != NULL) {
		kept->first = thread->next_kept;
		kept->count--;
	}
	*stack = pier__thread_stack_take(&kept->stacks, stack_size);
	(void)pthread_mutex_unlock(&kept->lock);
	return thread;
}

void
pier__kept_drop(struct pier__kept *kept, struct pier__thread_stack *stack)
{
	(void)pthread_mutex_lock(&kept->lock);
	if (stack != NULL)
		pier__thread_stack_put(&kept->stacks, stack);
	kept->holders--;
	let_go(kept, NULL);
}

/* One that still watches for another's bytes has to be closed as ever. */
static bool
is_of_use(const struct pier__kept *kept, const struct pier__thread *thread)
{
	const struct pier__engine *engine = thread->engine;

	return !kept->closed && kept->count < PIER__KEPT_MAX &&
	       engine != NULL && engine->gathers == 0 && engine->wake_fd >= 0 &&
	       engine->wake_fd < kept->below;
}

struct pier__thread_stack *
pier__kept_put(struct pier__kept *kept, struct pier__thread *thread)
{
	struct pier__thread_stack *stack = thread->stack;

	if (stack != NULL)
		pier__thread_stack_shrink(stack);
	thread->stack = NULL;
	(void)pthread_mutex_lock(&kept->lock);
	kept->holders--;
	if (stack != NULL && !kept->closed) {
		pier__thread_stack_put(&kept->stacks, stack);
		stack = NULL;
	}
	thread->next_kept = NULL;
	if (is_of_use(kept, thread)) {
		thread->next_kept = kept->first;
		kept->first = thread;
		kept->count++;
		thread = NULL;
	}
	let_go(kept, thread);
	return stack;
}
