/* SPDX-License-Identifier: MIT */
/*
 * task/timers.h - the deadlines of a scheduler's parked fibers: a binary heap.
 *
 * Most deadlines never come up: they are replaced by a later one at the next
 * wait. So a task stays on the heap under its old key when its deadline moves
 * later or away, and the heap looks at the real one when the key comes up.
 * The array has room for every fiber from its birth: arming cannot fail.
 */
#ifndef PIER_TASK_TIMERS_H
#define PIER_TASK_TIMERS_H

#include <stdint.h>

struct pier__task;

struct pier__timers {
	struct pier__task **heap;
	uint32_t count;
	uint32_t capacity;
};

/* Make room for `tasks` in all. 0 or -ENOMEM. */
int pier__timers_reserve(struct pier__timers *timers, uint32_t tasks);
/* task->deadline is in force from now on. */
void pier__timers_arm(struct pier__timers *timers, struct pier__task *task);
/* task ends: off the heap. */
void pier__timers_remove(struct pier__timers *timers, struct pier__task *task);
/* A task whose deadline is at or before now, taken off; NULL: none. */
struct pier__task *pier__timers_expired(
	struct pier__timers *timers, int64_t now);
/* The earliest key, INT64_MAX when there is none. */
int64_t pier__timers_next(const struct pier__timers *timers);
void pier__timers_free(struct pier__timers *timers);

#endif
