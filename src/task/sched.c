/* SPDX-License-Identifier: MIT */
/*
 * task/sched.c - turns, switches, the life of a fiber; see sched.h.
 */
#include "task/sched.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "task/group.h"
#include "task/leave.h"
#include "task/overflow.h"
#include "task/run.h"

/* A turn ends, and the engine is asked again, after this many switches or as
   many as were ready at its start, whichever is more: a fiber that only
   yields pays for a system call once in so many. */
#define TURN_MIN 64

static inline void
append(struct pier__sched *sched, struct pier__task *task)
{
	task->state = PIER__READY;
	task->next_ready = NULL;
	if (sched->ready_tail == NULL)
		sched->ready_head = task;
	else
		sched->ready_tail->next_ready = task;
	sched->ready_tail = task;
	sched->ready_count++;
}

PIER__HOT void
pier__sched_ready(struct pier__sched *sched, struct pier__task *task)
{
	append(sched, task);
	/* The others are sent for by who runs before them. */
	if (sched->ready_head == task)
		pier__sched_fetch(task);
}

/* Off the remote list, if it is there: nobody may find an ended task. */
static void
remote_withdraw(struct pier__sched *sched, struct pier__task *task)
{
	struct pier__task **at;

	(void)pthread_mutex_lock(&sched->remote_lock);
	if (task->on_remote) {
		for (at = &sched->remote_head; *at != task;
			at = &(*at)->next_remote)
			;
		*at = task->next_remote;
		task->on_remote = false;
	}
	(void)pthread_mutex_unlock(&sched->remote_lock);
}

void
pier__sched_put_away(struct pier__sched *sched)
{
	struct pier__task *task = sched->ended;
	struct pier_group *group = task->group;

	sched->ended = NULL;
	pier__annotate_dead(&task->annotation);
	pier__list_remove(&task->all_node);
	pier__timers_remove(&sched->timers, task);
	/* Out of the group first: afterwards nobody else knows the task. */
	if (group != NULL)
		pier__group_leave(group, task, task->rc);
	if (atomic_load_explicit(&sched->remote_any, memory_order_acquire))
		remote_withdraw(sched, task);
	pier__error_record_free(task->error);
	sched->live--;
	sched->ended_count++;
	/* The task lies on it. */
	pier__stack_put(&sched->stacks, task->stack);
}

#if defined(PIER_SCRAMBLE_STACKS)

/* The debug build that proves the rule of task.h: whoever touches the stack
   of a parked fiber finds the pattern, and writes to it are undone. */
#define SCRAMBLE_PATTERN 0xa5

static size_t
stack_in_use(const struct pier__sched *sched, const struct pier__task *task)
{
	const char *top = pier__stack_top(&sched->stacks, task->stack);

	return (size_t)(top - (const char *)task->sp);
}

static void
scramble(struct pier__sched *sched, struct pier__task *task)
{
	size_t size = stack_in_use(sched, task);

	/* Not by the task's own table: a test that makes allocations fail
	   means the library's. */
	task->scramble_copy = pier__calls_real.alloc(size);
	if (task->scramble_copy == NULL)
		abort();
	memcpy(task->scramble_copy, task->sp, size);
	memset(task->sp, SCRAMBLE_PATTERN, size);
}

static void
unscramble(struct pier__sched *sched, struct pier__task *task)
{
	if (task->scramble_copy == NULL)
		return;
	memcpy(task->sp, task->scramble_copy, stack_in_use(sched, task));
	pier__calls_real.free(task->scramble_copy);
	task->scramble_copy = NULL;
}

#endif

void
pier__sched_look_at_canary(struct pier__task *self)
{
	/* What lies below a stack without a guard is nobody's, so nothing is
	   broken yet; going on would break it. This is the fault that a guard
	   page would have given. */
	if (!pier__stack_intact(&self->sched->stacks, self->stack)) {
		pier__overflow_tell(self);
		abort();
	}
}

PIER__HOT void
pier__sched_yield(struct pier__task *self)
{
	append(self->sched, self);
	pier__sched_leave(self);
}

/* Where every fiber begins and ends. */
PIER__HOT static void
fiber_main(void *arg)
{
	struct pier__task *self = arg;
	struct pier__sched *sched = self->sched;
	struct pier__task *to = NULL;

	pier__annotate_arrive(&self->annotation, &sched->left->annotation);
	self->started = true;
	if (sched->ended != NULL)
		pier__sched_put_away(sched);
	self->rc = self->fn(self->arg);
	/* Hooks that are left would have run before its next wait. */
	pier__before_wait_run(self);
	self->state = PIER__ENDED;
	sched->ended = self;
	/* Whoever comes next puts it away. */
#if !defined(PIER_SCRAMBLE_STACKS)
	to = pier__sched_next(sched);
#endif
	pier__sched_switch(sched, self, to != NULL ? to : sched->host, true);
	abort(); /* nobody switches to an ended fiber */
}

/* A fiber's task lies above its frames: one page for both, and nothing to take
   besides the stack. */
static_assert(sizeof(struct pier__task) <= PIER__STACK_ABOVE, "room above");

PIER__HOT static struct pier__task *
fiber_init(struct pier__sched *sched, void *stack, struct pier_group *group,
	pier_task_fn *fn, void *arg)
{
	struct pier__task *task = pier__stack_top(&sched->stacks, stack);

	memset(task, 0, sizeof(*task));
	task->stack = stack;
	task->context = pier__current->context;
	task->sched = sched;
	task->kind = PIER_TASK_FIBER;
	task->deadline = INT64_MAX;
	task->timer_slot = -1;
	task->wait_fd = -1;
	pier__will_look(task, task, task);
	task->group = group;
	task->run = sched->run;
	task->fn = fn;
	task->arg = arg;
	task->id = ++sched->tasks;
	task->canary = pier__stack_canary(&sched->stacks, task->stack);
	pier__list_init(&task->before_wait);
	pier__list_init(&task->group_node);
	pier__list_init(&task->wait_node);
	task->sp = pier__switch_make(
		task, (size_t)((char *)task - (char *)stack), fiber_main, task);
	pier__annotate_born(&task->annotation, stack, sched->stacks.size);
	return task;
}

PIER__HOT static int
spawn(struct pier__sched *sched, struct pier_group *group, pier_task_fn *fn,
	void *arg, bool uncopied)
{
	struct pier__task *task;
	void *stack;
	int rc;

	rc = pier__timers_reserve(&sched->timers, sched->live + 1);
	if (rc < 0)
		return rc;
	rc = uncopied ? pier__stack_get_uncopied(&sched->stacks, &stack)
		      : pier__stack_get(&sched->stacks, &stack);
	if (rc < 0)
		return rc;
	task = fiber_init(sched, stack, group, fn, arg);
	if (group != NULL)
		rc = pier__group_join(group, task);
	if (rc < 0)
		goto put_stack;
	if (sched->cancelled)
		atomic_store_explicit(
			&task->cancelled, true, memory_order_relaxed);
	pier__list_push_back(&sched->all, &task->all_node);
	sched->live++;
	pier__sched_ready(sched, task);
	return 0;

put_stack:
	sched->tasks--;
	pier__annotate_dead(&task->annotation);
	pier__stack_put(&sched->stacks, stack);
	return rc;
}

PIER__HOT int
pier__sched_spawn(struct pier__sched *sched, struct pier_group *group,
	pier_task_fn *fn, void *arg)
{
	return spawn(sched, group, fn, arg, false);
}

int
pier__sched_spawn_uncopied(struct pier__sched *sched, struct pier_group *group,
	pier_task_fn *fn, void *arg)
{
	return spawn(sched, group, fn, arg, true);
}

void
pier__sched_copy_self(void)
{
	struct pier__task *self = pier__current;

	if (self->kind == PIER_TASK_FIBER)
		pier__stack_copy(&self->sched->stacks, self->stack);
}

void
pier__sched_remote(struct pier__sched *sched, struct pier__task *task)
{
	bool first;

	(void)pthread_mutex_lock(&sched->remote_lock);
	first = sched->remote_head == NULL;
	if (!task->on_remote) {
		task->on_remote = true;
		task->next_remote = sched->remote_head;
		sched->remote_head = task;
	}
	atomic_store_explicit(&sched->remote_any, true, memory_order_release);
	if (first)
		sched->engine->ops->wake(sched->engine);
	(void)pthread_mutex_unlock(&sched->remote_lock);
}

static void
remote_take(struct pier__sched *sched)
{
	struct pier__task *in_turn = NULL;
	struct pier__task *task;

	if (!atomic_load_explicit(&sched->remote_any, memory_order_acquire))
		return;
	(void)pthread_mutex_lock(&sched->remote_lock);
	/* The last note lies on top: whoever was woken first runs first. */
	while ((task = sched->remote_head) != NULL) {
		sched->remote_head = task->next_remote;
		task->next_remote = in_turn;
		in_turn = task;
	}
	/* Woken under the lock: a wake-up is a push on a queue, and a task
	   cannot end meanwhile, as it ends on this thread. */
	for (task = in_turn; task != NULL; task = task->next_remote) {
		task->on_remote = false;
		pier__wake(task);
	}
	atomic_store_explicit(&sched->remote_any, false, memory_order_relaxed);
	(void)pthread_mutex_unlock(&sched->remote_lock);
}

void
pier__sched_cancel(struct pier__sched *sched)
{
	struct pier__list *at;

	if (sched->cancelled)
		return;
	sched->cancelled = true;
	pier__list_each(at, &sched->all) {
		struct pier__task *task =
			pier__container_of(at, struct pier__task, all_node);

		atomic_store_explicit(
			&task->cancelled, true, memory_order_release);
		pier__wake(task);
	}
}

static void
timers_take(struct pier__sched *sched)
{
	struct pier__task *task;

	while ((task = pier__timers_expired(&sched->timers, sched->now)) !=
		NULL) {
		if (task->state != PIER__PARKED)
			continue;
		task->timed_out = true;
		pier__wake(task);
	}
}

/* A timer so far off is left to an alarm, which mostly is set already: timers
   of connections move later and later. A wait without a timeout saves a look
   at the clock here, and two and a timer in the kernel. */
#define FAR_NS 10000000

static bool
alarm_set(struct pier__sched *sched, int64_t at)
{
	struct pier__engine *engine = sched->engine;

	if (engine->ops->alarm == NULL || engine->ops->alarm(engine, at) < 0)
		return false;
	sched->alarm = at;
	return true;
}

/* How long the wait of this turn may take; -1: for ever. */
static inline int64_t
time_to_wait(struct pier__sched *sched)
{
	int64_t next;

	if (sched->ready_head != NULL)
		return 0;
	next = pier__timers_next(&sched->timers);
	if (next == INT64_MAX)
		return -1;
	if (next - sched->now > FAR_NS) {
		if (sched->alarm > sched->now && sched->alarm <= next)
			return -1;
		if (alarm_set(sched, next))
			return -1;
	}
	next -= pier__calls()->clock_ns();
	return next < 0 ? 0 : next;
}

PIER__HOT static void
turn(struct pier__sched *sched)
{
	int64_t timeout;

	if (sched->stretch.longest != NULL)
		pier__stretch_turn_end(&sched->stretch);
	timeout = time_to_wait(sched);
	/* A wait that the kernel refuses is a turn without events: the timers
	   and the wake-ups of others still count. */
	(void)sched->engine->ops->wait(sched->engine, timeout);
	sched->now = pier__calls()->clock_ns();
	pier__stretch_turn_begin(&sched->stretch, sched->now);
	remote_take(sched);
	timers_take(sched);
	if (atomic_load_explicit(&sched->host->cancelled, memory_order_relaxed))
		pier__sched_cancel(sched);
	sched->budget =
		sched->ready_count > TURN_MIN ? sched->ready_count : TURN_MIN;
}

PIER__HOT void
pier__sched_loop(struct pier__sched *sched)
{
	struct pier__task *host = sched->host;
	struct pier__task *task;

	while (sched->live > 0) {
		turn(sched);
		while ((task = pier__sched_next(sched)) != NULL) {
#if defined(PIER_SCRAMBLE_STACKS)
			uint64_t ended = sched->ended_count;

			unscramble(sched, task);
			pier__sched_switch(sched, host, task, false);
			if (sched->ended_count == ended)
				scramble(sched, task);
#else
			pier__sched_switch(sched, host, task, false);
#endif
		}
	}
}

PIER__HOT void
pier__sched_lenient(int change)
{
	pier__current->sched->lenient += (uint32_t)change;
}

PIER__HOT static bool
is_alone(const struct pier__sched *sched, int64_t until)
{
	return pier__sched_is_alone(sched) && sched->ready_head == NULL &&
	       !atomic_load_explicit(
		       &sched->remote_any, memory_order_acquire) &&
	       (sched->timers.count == 0 ||
		       pier__timers_next(&sched->timers) > until);
}

PIER__HOT bool
pier__sched_stand(struct pier__task *self, int64_t now, int64_t longest_ns)
{
	struct pier__sched *sched = self->sched;
	int64_t until;

	/* Who has just begun may be one that can wait. */
	if (sched->ready_head != NULL) {
		pier__sched_yield(self);
		now = pier__calls()->clock_ns();
	}
	until = now + longest_ns;
	if (!is_alone(sched, until))
		return false;
	sched->now = now;
	if (sched->now >= sched->stand_until) {
		/* So the engine is asked before it is this one's turn again, and
		   those run that it tells of. */
		sched->budget = 0;
		pier__sched_yield(self);
		pier__sched_yield(self);
		sched->stand_until = sched->now + PIER__STAND_NS;
		if (!is_alone(sched, until))
			return false;
	}
	if (sched->stretch.longest != NULL)
		pier__stretch_switch(&sched->stretch, &self->tag);
	return true;
}

PIER__HOT void
pier__sched_stood(struct pier__task *self)
{
	struct pier__sched *sched = self->sched;

	sched->now = pier__calls()->clock_ns();
	if (sched->stretch.longest != NULL)
		sched->stretch.since = pier__ticks();
}

/* A scheduler lies on one page, with what is beside it. */
#define WITHIN_PAGE ((size_t)4095)

static_assert(sizeof(struct pier__sched) <= WITHIN_PAGE + 1, "on one page");

int
pier__sched_open(
	struct pier__sched **out, struct pier__run *run, size_t stack_size)
{
	struct pier__sched *sched;
	void *block = pier__alloc(sizeof(*sched) + WITHIN_PAGE);
	int rc;

	if (block == NULL)
		return -ENOMEM;
	sched = (void *)(((uintptr_t)block + WITHIN_PAGE) &
			 ~(uintptr_t)WITHIN_PAGE);
	sched->block = block;
	rc = pier__engine_open(&sched->engine, true, sched->engine_room,
		sizeof(sched->engine_room));
	if (rc < 0)
		goto free_sched;
	rc = sched->engine->ops->wakeable(sched->engine);
	if (rc < 0)
		goto close_engine;
	(void)pthread_mutex_init(&sched->remote_lock, NULL);
	pier__list_init(&sched->all);
	pier__stacks_init(&sched->stacks, stack_size);
	sched->stacks.forks = run->forks;
	sched->run = run;
	sched->host = pier__current;
	sched->now = pier__calls()->clock_ns();
	sched->host->sched = sched;
	sched->host->host = true;
	pier__annotate_host(&sched->host->annotation);
	pier__overflow_thread(sched->host);
	pier__thread_set_wake_engine(sched->host, sched->engine);
	*out = sched;
	return 0;

close_engine:
	sched->engine->ops->close(sched->engine);
free_sched:
	pier__free(block);
	return rc;
}

void
pier__sched_close(struct pier__sched *sched)
{
	struct pier__task *host = sched->host;

	pier__thread_set_wake_engine(host, NULL);
	host->sched = NULL;
	host->host = false;
	pier__free(sched->scratch);
	pier__free(sched->gathering);
	pier__spares_free(&sched->spares);
	pier__timers_free(&sched->timers);
	pier__stacks_free(&sched->stacks);
	sched->engine->ops->close(sched->engine);
	(void)pthread_mutex_destroy(&sched->remote_lock);
	pier__free(sched->block);
}
