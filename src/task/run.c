/* SPDX-License-Identifier: MIT */
/*
 * task/run.c - pier_run() and pier_go(): the beginning and end of tasks.
 */
#include "task/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "task/group.h"
#include "task/sched.h"

#define DRAIN_DEFAULT_MS 5000

struct pier__run *
pier__run_hold(struct pier__run *run)
{
	if (run != NULL)
		atomic_fetch_add_explicit(
			&run->references, 1, memory_order_relaxed);
	return run;
}

void
pier__run_drop(struct pier__run *run)
{
	if (run != NULL && atomic_fetch_sub_explicit(&run->references, 1,
				   memory_order_acq_rel) == 1)
		pier__free(run);
}

static int
run_new(struct pier__run **out, const struct pier_run_opts *opts)
{
	struct pier__run *run = pier__alloc(sizeof(*run));
	int rc;

	if (run == NULL)
		return -ENOMEM;
	atomic_init(&run->references, 1);
	run->kind = opts->kind;
	run->stack_size = opts->stack_size;
	rc = pier_group_open(&run->group);
	if (rc < 0) {
		pier__free(run);
		return rc;
	}
	*out = run;
	return 0;
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
	pier_group_cancel(pier__current->run->group);
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
	rc = pier__sched_spawn(sched, run->group, first_main, first);
	if (rc == 0)
		pier__sched_loop(sched);
	result->stacks_peak = sched->stacks.peak;
	result->guard = pier__guard_name(sched->stacks.guard);
	pier__sched_close(sched);
	return rc;
}

struct abandoned {
	size_t count;
	char *at;
	size_t size;
};

static bool
count_abandoned(struct pier__task *task, void *arg)
{
	struct abandoned *abandoned = arg;
	const char *name = __atomic_load_n(&task->name, __ATOMIC_RELAXED);
	const char *waits =
		__atomic_load_n(&task->last_waits, __ATOMIC_RELAXED);
	int n;

	if (abandoned->count++ > 0)
		return true;
	n = snprintf(abandoned->at, abandoned->size, "task %llu%s%s",
		(unsigned long long)task->id, name != NULL ? " " : "",
		name != NULL ? name : "");
	if (n > 0 && (size_t)n < abandoned->size && waits != NULL)
		(void)snprintf(abandoned->at + n, abandoned->size - (size_t)n,
			", last waited for: %s", waits);
	return true;
}

/* Threads have the drain time to end; then they are left behind, counted. */
static void
drain_threads(
	struct pier__run *run, int64_t drain_ms, struct pier_run_result *result)
{
	struct abandoned abandoned = { .at = result->abandoned_at,
		.size = sizeof(result->abandoned_at) };
	pier_deadline until = pier_in_ms(drain_ms);
	pier_deadline shield = pier_shield(until);

	if (pier_group_wait(run->group, until) < 0) {
		pier__group_each(run->group, count_abandoned, &abandoned);
		result->abandoned = abandoned.count;
	}
	(void)pier_shield(shield);
}

static int
run_threads(struct pier__run *run, struct first *first, int64_t drain_ms,
	struct pier_run_result *result)
{
	struct pier__task *self = pier__current;
	struct pier__run *outer = self->run;

	self->run = run;
	atomic_fetch_add_explicit(&run->tasks, 1, memory_order_relaxed);
	first->rc = first->fn(first->arg);
	pier_group_cancel(run->group);
	drain_threads(run, drain_ms, result);
	self->run = outer;
	result->guard = "";
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

int
pier_run_sized(pier_task_fn *fn, void *arg, const struct pier_run_opts *given,
	size_t opts_size, struct pier_run_result *out, size_t result_size)
{
	struct pier__task *self = pier__self();
	struct pier_run_result result = { .guard = "" };
	struct pier_run_opts opts = { 0 };
	struct first first = { .fn = fn, .arg = arg };
	struct pier__run *run = NULL;
	int rc = -ENOMEM;

	if (given != NULL)
		memcpy(&opts, given,
			opts_size < sizeof(opts) ? opts_size : sizeof(opts));
	if (self != NULL && self->kind == PIER_TASK_FIBER)
		rc = -EDEADLK;
	else if (self != NULL)
		rc = run_new(&run, &opts);
	if (rc == 0 && opts.kind == PIER_TASK_FIBER)
		rc = run_fibers(run, &first, &result);
	else if (rc == 0)
		rc = run_threads(run, &first,
			opts.drain_ms > 0 ? opts.drain_ms : DRAIN_DEFAULT_MS,
			&result);
	if (rc < 0)
		pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_CREATE,
				    .detail = "a run of tasks" });
	result.rc = rc < 0 ? rc : first.rc;
	if (run != NULL) {
		result.tasks = atomic_load(&run->tasks);
		pier_group_close(run->group);
		pier__run_drop(run);
	}
	result_give(out, result_size, &result);
	return result.rc;
}

int
pier_go(struct pier_group *group, pier_task_fn *fn, void *arg)
{
	struct pier__task *self = pier__self();
	int rc;

	if (self == NULL)
		return -ENOMEM;
	if (group == NULL && self->run != NULL)
		group = self->run->group;
	if (group == NULL)
		rc = -EINVAL;
	else if (self->kind == PIER_TASK_FIBER)
		rc = pier__sched_spawn(self->sched, group, fn, arg);
	else
		rc = pier__thread_spawn(self->run, group, fn, arg);
	return rc == 0 ? 0
		       : pier__fail(rc, &(struct pier__failure){
						.step = PIER_STEP_CREATE,
						.detail = "a task" });
}
