/* SPDX-License-Identifier: MIT */
/*
 * task/wait.h - queues of tasks that wait for something in memory: channels
 * and mutexes. All of it is called under the lock of the object.
 *
 * A task is on at most one queue, by its wait_node. Whoever has something for
 * it takes it off and wakes it, all under the lock: a task that finds itself
 * off the queue has been chosen, and a task that wants to go needs the lock
 * and so cannot end while somebody still wakes it.
 */
#ifndef PIER_TASK_WAIT_H
#define PIER_TASK_WAIT_H

#include "base/list.h"
#include "task/task.h"

/* The first of the queue, off it and woken; NULL when nobody waits. */
static inline struct pier__task *
pier__queue_wake(struct pier__list *queue)
{
	struct pier__list *node = pier__list_pop_front(queue);
	struct pier__task *task;

	if (node == NULL)
		return NULL;
	task = pier__container_of(node, struct pier__task, wait_node);
	pier__wake(task);
	return task;
}

static inline void
pier__queue_wake_all(struct pier__list *queue)
{
	while (pier__queue_wake(queue) != NULL)
		;
}

#endif
