/* SPDX-License-Identifier: MIT */
/*
 * task/thread_bed.h - for tests: a group whose tasks are threads, by a kernel that
 * can be made to fail, with what one of them leaves to the next.
 */
#ifndef PIER_TASK_THREAD_BED_H
#define PIER_TASK_THREAD_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/faulty_bed.h"
#include "task/run.h"

static struct pier__faulty faulty;
static struct pier_group *group;

static inline int
thread_bed_begin(void **state)
{
	(void)state;
	if (faulty_bed_begin(&faulty, &pier__calls_real) < 0)
		return -1;
	return pier_group_open(&group);
}

static inline int
thread_bed_end(void **state)
{
	(void)state;
	pier_group_close(group);
	return faulty_bed_end(&faulty);
}

#define THREAD_TEST(name) \
	cmocka_unit_test_setup_teardown(name, thread_bed_begin, thread_bed_end)

/* What spawning gives; *wake_fd, by which it is woken, may be NULL. */
static inline int
thread_bed_try(struct pier__kept *kept, pier_task_fn *fn, void *arg,
	size_t stack_size, int *wake_fd)
{
	const struct pier__thread_opts opts = { .wakeable = true,
		.wake_fd = wake_fd,
		.stack_size = stack_size,
		.kept = kept };

	return pier__thread_spawn(NULL, group, fn, arg, &opts);
}

/* All have ended, and well. */
static inline void
thread_bed_join(void)
{
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), 0);
}

#endif
