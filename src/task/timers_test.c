/* SPDX-License-Identifier: MIT */
/* task/timers_test.c - the lazy heap, by hand and against a model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/task.h"
#include "task/timers.h"

#define TASKS 200
#define STEPS 10000

static struct pier__task tasks[TASKS];

static void
tasks_reset(void)
{
	memset(tasks, 0, sizeof(tasks));
	for (int i = 0; i < TASKS; i++) {
		tasks[i].timer_slot = -1;
		tasks[i].deadline = INT64_MAX;
	}
}

static void
arm(struct pier__timers *timers, int which, int64_t deadline)
{
	tasks[which].deadline = deadline;
	pier__timers_arm(timers, &tasks[which]);
}

/* Each knows its place, and none comes before its parent. */
static void
assert_heap(const struct pier__timers *timers)
{
	for (uint32_t i = 0; i < timers->count; i++) {
		assert_int_equal(timers->heap[i]->timer_slot, i);
		assert_true(timers->heap[i]->timer_when >=
			    timers->heap[(i - (i > 0)) / 2]->timer_when);
		assert_true(timers->heap[i]->timer_when <=
			    timers->heap[i]->deadline);
	}
}

static void
test_order(void **state)
{
	static const int64_t when[] = { 50, 10, 40, 20, 30, 20 };
	struct pier__timers timers = { 0 };
	int64_t last = 0;

	(void)state;
	tasks_reset();
	assert_int_equal(pier__timers_next(&timers), INT64_MAX);
	assert_int_equal(pier__timers_reserve(&timers, TASKS), 0);
	for (int i = 0; i < 6; i++)
		arm(&timers, i, when[i]);
	assert_int_equal(pier__timers_next(&timers), 10);
	assert_null(pier__timers_expired(&timers, 9));
	for (int i = 0; i < 6; i++) {
		const struct pier__task *task =
			pier__timers_expired(&timers, 100);

		assert_non_null(task);
		assert_true(task->deadline >= last);
		assert_int_equal(task->timer_slot, -1);
		last = task->deadline;
	}
	assert_null(pier__timers_expired(&timers, 100));
	pier__timers_free(&timers);
}

static void
test_later_leaves_the_heap_alone(void **state)
{
	struct pier__timers timers = { 0 };
	struct pier__task *heap[3];

	(void)state;
	tasks_reset();
	assert_int_equal(pier__timers_reserve(&timers, 3), 0);
	for (int i = 0; i < 3; i++)
		arm(&timers, i, 10 + i);
	memcpy(heap, timers.heap, sizeof(heap));
	arm(&timers, 0, 1000);
	arm(&timers, 1, INT64_MAX);
	assert_memory_equal(heap, timers.heap, sizeof(heap));
	assert_int_equal(tasks[0].timer_when, 10);
	assert_int_equal(pier__timers_next(&timers), 10);
	/* The keys come up: one moves on, one leaves, one is due. */
	assert_ptr_equal(pier__timers_expired(&timers, 12), &tasks[2]);
	assert_null(pier__timers_expired(&timers, 12));
	assert_int_equal(timers.count, 1);
	assert_int_equal(pier__timers_next(&timers), 1000);
	/* Sooner does move. */
	arm(&timers, 0, 500);
	assert_int_equal(pier__timers_next(&timers), 500);
	pier__timers_remove(&timers, &tasks[0]);
	pier__timers_remove(&timers, &tasks[0]);
	assert_int_equal(timers.count, 0);
	pier__timers_free(&timers);
}

static void
test_no_memory(void **state)
{
	struct pier__task *self = pier__self();
	struct pier__timers timers = { 0 };
	struct pier__faulty faulty;

	(void)state;
	pier__faulty_init(&faulty, &pier__calls_real);
	self->context.calls = &faulty.calls;
	assert_int_equal(pier__timers_reserve(&timers, 1), 0);
	pier__faulty_plan(&faulty, &(struct pier__fault){
					   .call = PIER__CALL_RESIZE,
					   .nth = 2,
				   });
	assert_int_equal(pier__timers_reserve(&timers, 1000), -ENOMEM);
	assert_true(timers.capacity >= 1);
	pier__timers_free(&timers);
	self->context.calls = &pier__calls_real;
	assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
	pier__faulty_end(&faulty);
}

/* What is due at now, by looking at all. */
static int
due(const bool *armed, int64_t now)
{
	int count = 0;

	for (int i = 0; i < TASKS; i++)
		count += armed[i] && tasks[i].deadline <= now;
	return count;
}

static void
expire(struct pier__timers *timers, bool *armed, int64_t now)
{
	const struct pier__task *task;

	for (int left = due(armed, now); left > 0; left--) {
		task = pier__timers_expired(timers, now);
		assert_non_null(task);
		assert_true(task->deadline <= now);
		assert_true(armed[task - tasks]);
		armed[task - tasks] = false;
	}
	assert_null(pier__timers_expired(timers, now));
}

static void
test_against_a_model(void **state)
{
	struct pier__timers timers = { 0 };
	bool armed[TASKS] = { false };
	unsigned seed = 20261120;
	int64_t now = 0;

	(void)state;
	tasks_reset();
	assert_int_equal(pier__timers_reserve(&timers, TASKS), 0);
	for (int step = 0; step < STEPS; step++) {
		int which = rand_r(&seed) % TASKS;
		int what = rand_r(&seed) % 8;

		if (what == 0) {
			pier__timers_remove(&timers, &tasks[which]);
			armed[which] = false;
		} else if (what == 1) {
			now += rand_r(&seed) % 500;
			expire(&timers, armed, now);
		} else if (what == 2) {
			/* It waits for ever from now on. */
			arm(&timers, which, INT64_MAX);
			armed[which] = false;
		} else {
			arm(&timers, which, now + 1 + rand_r(&seed) % 1000);
			armed[which] = true;
		}
		assert_heap(&timers);
	}
	expire(&timers, armed, INT64_MAX - 1);
	assert_int_equal(timers.count, 0);
	pier__timers_free(&timers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_later_leaves_the_heap_alone),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_against_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
