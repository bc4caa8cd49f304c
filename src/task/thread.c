/* SPDX-License-Identifier: MIT */
/*
 * task/thread.c - tasks that are threads: those that pier starts, and any
 * thread of the program from its first call on.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "task/group.h"
#include "task/overflow.h"
#include "task/run.h"
#include "task/sched.h"
#include "task/thread_stack.h"

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

void
pier__thread_free(struct pier__thread *thread)
{
	if (thread->engine != NULL)
		thread->engine->ops->close(thread->engine);
	pier__overflow_thread_end(&thread->task);
	(void)pthread_mutex_destroy(&thread->wake_lock);
	pier__error_record_free(thread->task.error);
	pier__spares_free(&thread->spares);
	pier__free(thread->scratch);
	pier__free(thread);
}

/* The same, but for what the next thread can use. The stack that is to be
   buried, or NULL. */
static struct pier__thread_stack *
put_away(struct pier__thread *thread)
{
	if (thread->kept == NULL) {
		pier__thread_free(thread);
		return NULL;
	}
	pier__overflow_thread_end(&thread->task);
	pier__error_record_free(thread->task.error);
	thread->task.error = NULL;
	return pier__kept_put(thread->kept, thread);
}

/* A thread of the program that called pier ends. */
static void
at_thread_end(void *arg)
{
	struct pier__thread *thread = arg;
	/* Stands in for it to the last step, in which a signal handler may
	   tell a server to stop. */
	struct pier__thread farewell = { .task = { .context =
							   thread->task.context,
						 .kind = PIER_TASK_THREAD } };

	pier__current = &thread->task;
	pier__before_wait_run(&thread->task);
	pier__current = &farewell.task;
	pier__thread_free(thread);
	pier__current = NULL;
}

static void
make_key(void)
{
	/* Without a key the task of an ended thread leaks; nothing else. */
	(void)pthread_key_create(&end_key, at_thread_end);
}

static void
task_init(struct pier__task *task, const struct pier__calls *calls)
{
	task->context.calls = calls;
	task->kind = PIER_TASK_THREAD;
	task->deadline = INT64_MAX;
	task->timer_slot = -1;
	task->wait_fd = -1;
	pier__list_init(&task->before_wait);
	pier__list_init(&task->group_node);
	pier__list_init(&task->all_node);
	pier__list_init(&task->wait_node);
}

static struct pier__thread *
thread_new(const struct pier__calls *calls)
{
	struct pier__thread *thread = calls->alloc(sizeof(*thread));

	if (thread == NULL)
		return NULL;
	task_init(&thread->task, calls);
	(void)pthread_mutex_init(&thread->wake_lock, NULL);
	return thread;
}

/* One for a thread that begins. What the last that had it took from this one's
   scheduler comes back with it. */
static struct pier__thread *
thread_take(struct pier__kept *kept, size_t stack_size,
	struct pier__thread_stack **stack)
{
	struct pier__thread *thread =
		kept != NULL ? pier__kept_take(kept, stack_size, stack) : NULL;

	if (thread != NULL) {
		memset(&thread->task, 0, sizeof(thread->task));
		task_init(&thread->task, pier__calls());
		pier__spares_move(&thread->spares);
	} else {
		thread = thread_new(pier__calls());
	}
	return thread;
}

struct pier__task *
pier__self_slow(void)
{
	struct pier__thread *thread = thread_new(&pier__calls_real);

	if (thread == NULL)
		return NULL;
	(void)pthread_once(&end_once, make_key);
	(void)pthread_setspecific(end_key, thread);
	pier__current = &thread->task;
	return pier__current;
}

void
pier__task_renew(struct pier__task *self)
{
	pier__before_wait_run(self);
	pier__error_record_free(self->error);
	self->error = NULL;
	self->error_lost = false;
	self->shield = 0;
	self->ops = 0;
	self->tag = 0;
	__atomic_store_n(&self->waits, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&self->name, NULL, __ATOMIC_RELAXED);
}

struct pier__engine *
pier__task_engine(struct pier__task *self)
{
	struct pier__thread *thread;

	/* Fibers, and the thread that hosts them while it turns. */
	if (self->sched != NULL)
		return self->sched->engine;
	thread = pier__thread_of(self);
	if (thread->engine == NULL &&
		pier__engine_open(&thread->engine, false, NULL, 0) < 0)
		thread->engine = NULL;
	return thread->engine;
}

void
pier__thread_set_wake_engine(
	struct pier__task *self, struct pier__engine *engine)
{
	struct pier__thread *thread = pier__thread_of(self);

	(void)pthread_mutex_lock(&thread->wake_lock);
	thread->wake_engine = engine;
	(void)pthread_mutex_unlock(&thread->wake_lock);
}

void
pier__thread_wake(struct pier__task *task)
{
	struct pier__thread *thread = pier__thread_of(task);

	atomic_store_explicit(&task->woken, true, memory_order_release);
	if (task == pier__current)
		return; /* its engine does, from inside its own wait */
	(void)pthread_mutex_lock(&thread->wake_lock);
	if (thread->wake_engine != NULL)
		thread->wake_engine->ops->wake(thread->wake_engine);
	(void)pthread_mutex_unlock(&thread->wake_lock);
}

void
pier__thread_forked(struct pier__task *self)
{
	struct pier__thread *thread = pier__thread_of(self);

	if (thread->engine != NULL)
		thread->engine->ops->close(thread->engine);
	thread->engine = NULL;
	thread->wake_engine = NULL;
	/* Another thread, which is not here, may have had it. */
	(void)pthread_mutex_init(&thread->wake_lock, NULL);
	self->run = NULL;
	self->group = NULL;
	self->shield = 0;
	atomic_store(&self->cancelled, false);
	atomic_store(&self->woken, false);
}

int
pier__thread_wakeable(struct pier__task *self)
{
	struct pier__engine *engine = pier__task_engine(self);
	int rc;

	if (engine == NULL)
		return -ENOMEM;
	if (pier__thread_of(self)->wake_engine != NULL)
		return 0;
	rc = engine->ops->wakeable(engine);
	/* From here on a wake-up reaches us; one that came before has set
	   woken, which is looked at after this. */
	if (rc == 0)
		pier__thread_set_wake_engine(self, engine);
	return rc;
}

/* Can anything but the descriptor that it waits for end this wait? Then the
   thread needs its own wake-up descriptor; a program that only reads and
   writes from its main thread never pays for one. */
static bool
needs_wake(const struct pier__task *self)
{
	return self->group != NULL || self->run != NULL || self->wait_fd < 0;
}

int
pier__thread_park(struct pier__task *self, int64_t until)
{
	struct pier__engine *engine = pier__task_engine(self);
	int rc;

	if (engine == NULL)
		return -ENOMEM;
	rc = needs_wake(self) ? pier__thread_wakeable(self) : 0;
	if (rc < 0)
		return rc;
	pier__note_wait_since(self, pier__calls()->clock_ns());
	for (;;) {
		int64_t left = -1;

		if (atomic_exchange_explicit(
			    &self->woken, false, memory_order_acq_rel))
			return 0;
		if (until != INT64_MAX) {
			left = until - pier__calls()->clock_ns();
			if (left <= 0)
				return -PIER_EDEADLINE;
		}
		rc = engine->ops->wait(engine, left);
		if (rc < 0)
			return rc;
	}
}

static void *
thread_main(void *arg)
{
	struct pier__thread *thread = arg;
	struct pier__task *self = &thread->task;
	struct pier_group *group = self->group;
	struct pier__run *run = self->run;
	/* Stands in for self in its last steps: its memory is the caller's who
	   waits for the end. */
	struct pier__thread farewell = { .task = { .context = self->context,
						 .kind = PIER_TASK_THREAD } };
	struct pier__thread_stack *stack;
	int rc;

	pier__current = self;
	self->started = true;
	if (thread->stack != NULL)
		pier__thread_stack_begin(thread->stack);
	rc = self->fn(self->arg);
	pier__before_wait_run(self);
	if (group != NULL)
		pier__group_unlink(group, self);
	if (run != NULL)
		pier__run_unlink(run, self);
	pier__current = &farewell.task;
	stack = put_away(thread);
	/* The last step: who waits for it may end the program. */
	if (stack != NULL && pier__thread_stack_bury(stack, group, rc))
		group = NULL;
	if (group != NULL)
		pier__group_done(group, rc);
	if (run != NULL)
		pier__run_done(run);
	pier__current = NULL;
	return NULL;
}

static int
thread_start(struct pier__thread *thread, size_t stack_size)
{
	struct pier__thread_stack *stack = thread->stack;
	struct pier_group *group = thread->task.group;
	pthread_t id;
	int rc = 0;

	if (group != NULL)
		rc = pier__group_join(group, &thread->task);
	if (rc < 0)
		return rc;
	if (stack != NULL)
		rc = pier__calls()->thread(stack->low,
			pier__thread_stack_size(stack), thread_main, thread,
			&id);
	else
		rc = pier__calls()->thread(
			NULL, stack_size, thread_main, thread, &id);
	if (rc == 0) {
		/* Whoever takes its stack next joins it. */
		if (stack == NULL)
			(void)pthread_detach(id);
		return 0;
	}
	if (group != NULL)
		pier__group_leave(group, &thread->task, 0);
	return rc;
}

int
pier__thread_spawn(struct pier__run *run, struct pier_group *group,
	pier_task_fn *fn, void *arg, const struct pier__thread_opts *opts)
{
	struct pier__thread_stack *stack = NULL;
	struct pier__thread *thread =
		thread_take(opts->kept, opts->stack_size, &stack);
	int wake_fd = -1;
	int rc = 0;

	if (thread == NULL) {
		if (opts->kept != NULL)
			pier__kept_drop(opts->kept, stack);
		return -ENOMEM;
	}
	thread->kept = opts->kept;
	thread->stack = stack;
	thread->keeps = opts->wakeable;
	thread->task.fn = fn;
	thread->task.arg = arg;
	thread->task.group = group;
	thread->task.run = run;
	if (opts->wakeable)
		rc = pier__thread_wakeable(&thread->task);
	if (opts->wakeable && rc == 0)
		wake_fd = thread->engine->wake_fd;
	if (rc == 0 && run != NULL)
		rc = pier__run_join(run, &thread->task);
	if (rc < 0)
		goto free_thread;
	rc = thread_start(thread, opts->stack_size);
	if (rc == 0) {
		if (opts->wake_fd != NULL)
			*opts->wake_fd = wake_fd;
		return 0;
	}
	if (run != NULL) {
		pier__run_unlink(run, &thread->task);
		pier__run_done(run);
	}

free_thread:
	/* Kept it would be there to be let go of, as if that made room for the
	   next attempt. */
	pier__thread_free(thread);
	if (opts->kept != NULL)
		pier__kept_drop(opts->kept, stack);
	return rc;
}
