/* SPDX-License-Identifier: MIT */
/* task/timers.c - see timers.h. */
#include "task/timers.h"

#include <errno.h>

#include "os/calls.h"
#include "task/task.h"

static void
place(struct pier__timers *timers, struct pier__task *task, uint32_t slot)
{
	timers->heap[slot] = task;
	task->timer_slot = (int32_t)slot;
}

static void
sift_up(struct pier__timers *timers, struct pier__task *task, uint32_t slot)
{
	while (slot > 0) {
		uint32_t parent = (slot - 1) / 2;

		if (timers->heap[parent]->timer_when <= task->timer_when)
			break;
		place(timers, timers->heap[parent], slot);
		slot = parent;
	}
	place(timers, task, slot);
}

static void
sift_down(struct pier__timers *timers, struct pier__task *task, uint32_t slot)
{
	for (;;) {
		uint32_t child = 2 * slot + 1;

		if (child >= timers->count)
			break;
		if (child + 1 < timers->count &&
			timers->heap[child + 1]->timer_when <
				timers->heap[child]->timer_when)
			child++;
		if (timers->heap[child]->timer_when >= task->timer_when)
			break;
		place(timers, timers->heap[child], slot);
		slot = child;
	}
	place(timers, task, slot);
}

PIER__HOT int
pier__timers_reserve(struct pier__timers *timers, uint32_t tasks)
{
	uint32_t capacity = timers->capacity == 0 ? 64 : timers->capacity;
	struct pier__task **heap;

	if (tasks <= timers->capacity)
		return 0;
	while (capacity < tasks)
		capacity *= 2;
	heap = pier__resize(timers->heap, capacity * sizeof(*heap));
	if (heap == NULL)
		return -ENOMEM;
	timers->heap = heap;
	timers->capacity = capacity;
	return 0;
}

PIER__HOT void
pier__timers_arm(struct pier__timers *timers, struct pier__task *task)
{
	if (task->deadline == INT64_MAX)
		return;
	if (task->timer_slot < 0) {
		task->timer_when = task->deadline;
		sift_up(timers, task, timers->count++);
	} else if (task->deadline < task->timer_when) {
		task->timer_when = task->deadline;
		sift_up(timers, task, (uint32_t)task->timer_slot);
	}
}

PIER__HOT void
pier__timers_remove(struct pier__timers *timers, struct pier__task *task)
{
	uint32_t slot = (uint32_t)task->timer_slot;
	struct pier__task *last;

	if (task->timer_slot < 0)
		return;
	task->timer_slot = -1;
	last = timers->heap[--timers->count];
	if (last == task)
		return;
	/* The last one takes the empty place and moves whichever way. */
	if (slot > 0 &&
		timers->heap[(slot - 1) / 2]->timer_when > last->timer_when)
		sift_up(timers, last, slot);
	else
		sift_down(timers, last, slot);
}

PIER__HOT struct pier__task *
pier__timers_expired(struct pier__timers *timers, int64_t now)
{
	while (timers->count > 0 && timers->heap[0]->timer_when <= now) {
		struct pier__task *task = timers->heap[0];

		if (task->deadline <= now) {
			pier__timers_remove(timers, task);
			return task;
		}
		if (task->deadline == INT64_MAX) {
			pier__timers_remove(timers, task);
			continue;
		}
		task->timer_when = task->deadline;
		sift_down(timers, task, 0);
	}
	return NULL;
}

PIER__HOT int64_t
pier__timers_next(const struct pier__timers *timers)
{
	return timers->count > 0 ? timers->heap[0]->timer_when : INT64_MAX;
}

void
pier__timers_free(struct pier__timers *timers)
{
	pier__free(timers->heap);
	*timers = (struct pier__timers){ 0 };
}
