/* SPDX-License-Identifier: MIT */
/*
 * task/run.c - pier_run() and pier_go(): the beginning and end of tasks.
 */
#include "task/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "task/sched.h"

#define DRAIN_DEFAULT_MS 5000

static void
run_free(struct pier__run *run)
{
	(void)pthread_mutex_destroy(&run->lock);
	pier__free(run);
}

static struct pier__run *
run_new(const struct pier_run_opts *opts)
{
	struct pier__run *run = pier__alloc(sizeof(*run));

	if (run == NULL)
		return NULL;
	(void)pthread_mutex_init(&run->lock, NULL);
	pier__list_init(&run->threads);
	run->kind = opts->kind;
	run->stack_size = opts->stack_size;
	run->first = pier__current;
	return run;
}

int
pier__run_join(struct pier__run *run, struct pier__task *task)
{
	int rc = 0;

	(void)pthread_mutex_lock(&run->lock);
	if (run->over) {
		rc = -PIER_ECLOSED;
	} else {
		pier__list_push_back(&run->threads, &task->all_node);
		run->left++;
		task->id = ++run->tasks;
		if (run->cancelled)
			atomic_store_explicit(
				&task->cancelled, true, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&run->lock);
	return rc;
}

void
pier__run_unlink(struct pier__run *run, struct pier__task *task)
{
	(void)pthread_mutex_lock(&run->lock);
	pier__list_remove(&task->all_node);
	(void)pthread_mutex_unlock(&run->lock);
}

void
pier__run_done(struct pier__run *run)
{
	bool last;

	(void)pthread_mutex_lock(&run->lock);
	last = --run->left == 0;
	if (last && !run->over)
		pier__wake(run->first);
	last = last && run->over;
	(void)pthread_mutex_unlock(&run->lock);
	if (last)
		run_free(run);
}

/* pier_run() comes back. */
static void
run_over(struct pier__run *run)
{
	bool last;

	(void)pthread_mutex_lock(&run->lock);
	run->over = true;
	last = run->left == 0;
	(void)pthread_mutex_unlock(&run->lock);
	if (last)
		run_free(run);
}

/* The first fiber of a run: the user's function, then the end of the rest. */
struct first {
	pier_task_fn *fn;
	void *arg;
	int rc;
};

static int
first_main(void *arg)
{
	struct first *first = arg;

	first->rc = first->fn(first->arg);
	pier__sched_cancel(pier__current->sched);
	return 0;
}

static int
run_fibers(struct pier__run *run, struct first *first,
	struct pier_run_result *result)
{
	struct pier__sched *sched;
	int rc = pier__sched_open(&sched, run, run->stack_size);

	if (rc < 0)
		return rc;
	rc = run->forks ? pier__sched_spawn_uncopied(
				  sched, NULL, first_main, first)
			: pier__sched_spawn(sched, NULL, first_main, first);
	if (rc == 0)
		pier__sched_loop(sched);
	result->tasks = sched->tasks;
	result->stacks_peak = sched->stacks.peak;
	result->guard = pier__guard_name(sched->stacks.guard);
	pier__sched_close(sched);
	return rc;
}

static void
cancel_threads(struct pier__run *run)
{
	struct pier__list *at;

	(void)pthread_mutex_lock(&run->lock);
	run->cancelled = true;
	pier__list_each(at, &run->threads) {
		struct pier__task *task =
			pier__container_of(at, struct pier__task, all_node);

		atomic_store_explicit(
			&task->cancelled, true, memory_order_release);
		pier__wake(task);
	}
	(void)pthread_mutex_unlock(&run->lock);
}

/* The first of the tasks that are left, as pier_run_result tells it. */
static void
describe_abandoned(const struct pier__run *run, char *at, size_t size)
{
	const struct pier__task *task;
	const char *name;
	const char *waits;
	int n;

	/* What is left may be past its last step but one. */
	if (pier__list_empty(&run->threads))
		return;
	task = pier__container_of(
		run->threads.next, struct pier__task, all_node);
	name = __atomic_load_n(&task->name, __ATOMIC_RELAXED);
	waits = __atomic_load_n(&task->waits, __ATOMIC_RELAXED);
	n = snprintf(at, size, "task %llu%s%s", (unsigned long long)task->id,
		name != NULL ? " " : "", name != NULL ? name : "");
	if (n > 0 && (size_t)n < size && waits != NULL)
		(void)snprintf(at + n, size - (size_t)n,
			", last waited for: %s", waits);
}

/* Threads have the drain time to end; then they are left behind, counted. */
static void
drain_threads(
	struct pier__run *run, int64_t drain_ms, struct pier_run_result *result)
{
	pier_deadline until = pier_in_ms(drain_ms);
	pier_deadline shield = pier_shield(until);
	int rc = 0;

	(void)pthread_mutex_lock(&run->lock);
	while (run->left > 0 && rc == 0) {
		(void)pthread_mutex_unlock(&run->lock);
		rc = pier__park(run->first, "group", -1, until);
		(void)pthread_mutex_lock(&run->lock);
	}
	result->tasks = run->tasks;
	result->abandoned = run->left;
	if (run->left > 0)
		describe_abandoned(run, result->abandoned_at,
			sizeof(result->abandoned_at));
	(void)pthread_mutex_unlock(&run->lock);
	(void)pier_shield(shield);
}

static int
run_threads(struct pier__run *run, struct first *first, int64_t drain_ms,
	struct pier_run_result *result)
{
	struct pier__task *self = run->first;
	struct pier__run *outer = self->run;
	uint64_t outer_id = self->id;
	/* Before anything is started: its end could not be waited for. */
	int rc = pier__thread_wakeable(self);

	if (rc < 0)
		return rc;
	self->run = run;
	self->id = ++run->tasks;
	first->rc = first->fn(first->arg);
	cancel_threads(run);
	drain_threads(run, drain_ms, result);
	self->run = outer;
	self->id = outer_id;
	return 0;
}

static void
result_give(struct pier_run_result *out, size_t size,
	const struct pier_run_result *result)
{
	if (out == NULL)
		return;
	memset(out, 0, size);
	memcpy(out, result, size < sizeof(*result) ? size : sizeof(*result));
}

static int64_t
drain_time(const struct pier_run_opts *opts)
{
	if (opts->drain_ms == PIER_OFF)
		return 0;
	return opts->drain_ms == 0 ? DRAIN_DEFAULT_MS : opts->drain_ms;
}

/* The result of fn, or the error that kept it from its work. */
static int
run_with(pier_task_fn *fn, void *arg, const struct pier_run_opts *opts,
	bool forks, struct pier_run_result *result)
{
	struct pier__task *self = pier__self();
	struct first first = { .fn = fn, .arg = arg };
	struct pier__run *run = NULL;
	int rc = -ENOMEM;

	if (self != NULL && self->kind == PIER_TASK_FIBER)
		rc = -EDEADLK;
	else if (opts->drain_ms < PIER_OFF)
		rc = -EINVAL;
	else if (self != NULL && (run = run_new(opts)) != NULL)
		rc = 0;
	if (run != NULL)
		run->forks = forks;
	if (rc == 0 && opts->kind == PIER_TASK_FIBER)
		rc = run_fibers(run, &first, result);
	else if (rc == 0)
		rc = run_threads(run, &first, drain_time(opts), result);
	if (rc < 0)
		pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "a run of tasks" });
	result->rc = rc < 0 ? rc : first.rc;
	if (run != NULL)
		run_over(run);
	return result->rc;
}

int
pier_run_sized(pier_task_fn *fn, void *arg, const struct pier_run_opts *given,
	size_t opts_size, struct pier_run_result *out, size_t result_size)
{
	struct pier_run_result result = { .guard = "" };
	struct pier_run_opts opts = { 0 };

	if (given != NULL)
		memcpy(&opts, given,
			opts_size < sizeof(opts) ? opts_size : sizeof(opts));
	(void)run_with(fn, arg, &opts, false, &result);
	result_give(out, result_size, &result);
	return result.rc;
}

int
pier__run_forking(pier_task_fn *fn, void *arg, const struct pier_run_opts *opts)
{
	struct pier_run_result result = { .guard = "" };

	return run_with(fn, arg, opts, true, &result);
}

int
pier_go(struct pier_group *group, pier_task_fn *fn, void *arg)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (group == NULL && self->run == NULL)
		rc = -EINVAL;
	else if (self->kind == PIER_TASK_FIBER)
		rc = pier__sched_spawn(self->sched, group, fn, arg);
	else
		rc = pier__thread_spawn(self->run, group, fn, arg,
			&(struct pier__thread_opts){
				.stack_size = self->run != NULL
						      ? self->run->stack_size
						      : 0 });
	return rc == 0 ? 0
		       : pier__fail(rc, &(struct pier__failure){
						.step = PIER_STEP_CREATE,
						.detail = "a task" });
}
