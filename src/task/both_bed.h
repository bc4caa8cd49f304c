/* SPDX-License-Identifier: MIT */
/* task/both_bed.h - for tests: the same in a fiber, and in threads. */
#ifndef PIER_TASK_BOTH_BED_H
#define PIER_TASK_BOTH_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pier/task.h>

#include "os/calls.h"

/* play() as a task of each kind, with size bytes that are on no fiber's stack. */
static inline void
by_both(pier_task_fn *play, size_t size)
{
	static const enum pier_task_kind kinds[] = { PIER_TASK_FIBER,
		PIER_TASK_THREAD };
	int i;

	for (i = 0; i < 2; i++) {
		struct pier_run_opts opts = { .kind = kinds[i],
			.stack_size = 256 * 1024 };
		void *arg = pier__alloc(size);

		assert_non_null(arg);
		assert_int_equal(pier_run(play, arg, &opts, NULL), 0);
		pier__free(arg);
	}
}

static pier_task_fn *both_bed_play;

static inline void
test_in_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(both_bed_play, NULL, NULL, NULL), 0);
}

static inline void
test_in_a_thread(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };

	(void)state;
	assert_int_equal(pier_run(both_bed_play, NULL, &opts, NULL), 0);
}

static inline void
test_outside_of_a_run(void **state)
{
	(void)state;
	assert_int_equal(both_bed_play(NULL), 0);
}

/* All of a program: play() as a fiber, as a thread of a run, and by a thread of the
   program's own. What main() returns. */
static inline int
both_bed_main(pier_task_fn *play)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_in_a_thread),
		cmocka_unit_test(test_outside_of_a_run),
	};

	both_bed_play = play;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
