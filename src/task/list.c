/* SPDX-License-Identifier: MIT */
/*
 * task/list.c - who runs, who waits for what, and since when.
 *
 * Fibers are listed by a fiber of the same thread, so nothing moves meanwhile.
 * Threads go on while they are listed: each field of their wait is read whole,
 * but one may belong to an earlier wait than the next.
 */
#include "task/run.h"
#include "task/sched.h"

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* What a fiber that is neither running nor ended waits for. A wait that has
   been woken is over. */
static const char *
fiber_waits(const struct pier__task *task)
{
	if (task->state == PIER__PARKED)
		return task->waits;
	return task->state == PIER__READY && task->started && !task->waiting
		       ? "yield"
		       : NULL;
}

static const char *
thread_waits(const struct pier__task *task)
{
	return __atomic_load_n(&task->waiting, __ATOMIC_RELAXED)
		       ? __atomic_load_n(&task->waits, __ATOMIC_RELAXED)
		       : NULL;
}

static void
describe(struct pier_task_info *info, const struct pier__task *task)
{
	bool fiber = task->kind == PIER_TASK_FIBER;
	const char *waits = fiber ? fiber_waits(task) : thread_waits(task);
	bool parked = waits != NULL && (!fiber || task->state == PIER__PARKED);

	*info = (struct pier_task_info){
		.id = task->id,
		.name = or_empty(
			__atomic_load_n(&task->name, __ATOMIC_RELAXED)),
		.kind = (enum pier_task_kind)task->kind,
		.running = fiber ? task->state == PIER__RUNNING : waits == NULL,
		.cancelled = atomic_load_explicit(
			&task->cancelled, memory_order_relaxed),
		.waits = or_empty(waits),
		.fd = -1,
		.deadline_ns = INT64_MAX,
	};
	if (!parked)
		return;
	info->fd = __atomic_load_n(&task->wait_fd, __ATOMIC_RELAXED);
	info->since_ns = __atomic_load_n(&task->wait_since, __ATOMIC_RELAXED);
	info->deadline_ns = __atomic_load_n(&task->deadline, __ATOMIC_RELAXED);
}

struct walk {
	int (*each)(const struct pier_task_info *, void *);
	void *arg;
	size_t count;
	bool over;
};

static void
visit(struct walk *walk, const struct pier__task *task)
{
	struct pier_task_info info;

	walk->count++;
	if (walk->over)
		return;
	describe(&info, task);
	walk->over = walk->each(&info, walk->arg) != 0;
}

static void
visit_all(struct walk *walk, const struct pier__list *tasks)
{
	const struct pier__list *at;

	pier__list_each(at, tasks)
		visit(walk,
			pier__container_of(at, struct pier__task, all_node));
}

size_t
pier_tasks_each(int (*each)(const struct pier_task_info *, void *), void *arg)
{
	const struct pier__task *self = pier__self();
	struct walk walk = { .each = each, .arg = arg };

	if (self == NULL)
		return 0;
	if (self->kind == PIER_TASK_FIBER) {
		visit_all(&walk, &self->sched->all);
	} else if (self->run != NULL) {
		struct pier__run *run = self->run;

		(void)pthread_mutex_lock(&run->lock);
		/* Once the run is over its first task is on its way, and may
		   be gone. */
		if (!run->over)
			visit(&walk, run->first);
		visit_all(&walk, &run->threads);
		(void)pthread_mutex_unlock(&run->lock);
	} else {
		visit(&walk, self);
	}
	return walk.count;
}
