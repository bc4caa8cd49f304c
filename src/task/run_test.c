/* SPDX-License-Identifier: MIT */
/* task/run_test.c - runs, groups, waits and cancel, as fibers and as threads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <pier/error.h>
#include <pier/task.h>

#include "task/task.h"

struct log {
	char text[64];
	struct pier_group *group;
};

static int
say_a(void *arg)
{
	struct log *log = arg;

	strcat(log->text, "a");
	assert_int_equal(pier_yield(), 0);
	strcat(log->text, "A");
	return 3;
}

static int
say_b(void *arg)
{
	struct log *log = arg;

	strcat(log->text, "b");
	assert_int_equal(pier_yield(), 0);
	strcat(log->text, "B");
	return -EIO;
}

static int
two_in_turn(void *arg)
{
	struct log *log = arg;

	assert_int_equal(pier_group_open(&log->group), 0);
	assert_int_equal(pier_go(log->group, say_a, log), 0);
	assert_int_equal(pier_go(log->group, say_b, log), 0);
	assert_int_equal(pier_group_count(log->group), 2);
	assert_int_equal(pier_group_wait(log->group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(log->group), -EIO);
	pier_group_close(log->group);
	return 7;
}

static void
test_fibers_take_turns(void **state)
{
	struct pier_run_result result;
	struct log log = { .text = "" };

	(void)state;
	assert_int_equal(pier_run(two_in_turn, &log, NULL, &result), 7);
	assert_string_equal(log.text, "abAB");
	assert_int_equal(result.rc, 7);
	assert_int_equal(result.tasks, 3);
	assert_int_equal(result.stacks_peak, 3);
	assert_int_equal(result.abandoned, 0);
}

static int
nested(void *arg)
{
	return pier_run(arg != NULL ? nested : nested, NULL, NULL, NULL);
}

static void
test_runs_do_not_nest(void **state)
{
	(void)state;
	assert_int_equal(pier_run(nested, NULL, NULL, NULL), -EDEADLK);
}

static int
sleeper(void *arg)
{
	int *rc = arg;

	*rc = pier_sleep(PIER_FOREVER);
	/* Sticky: the next wait ends the same way. */
	assert_int_equal(pier_sleep(PIER_FOREVER), -ECANCELED);
	assert_true(pier_cancelled());
	/* A shield lets it wait again, bounded. */
	(void)pier_shield(pier_in_ms(1));
	assert_int_equal(pier_sleep(PIER_FOREVER), -ECANCELED);
	return *rc;
}

static int
cancel_one(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, sleeper, arg), 0);
	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	assert_int_equal(
		pier_group_wait(group, pier_in_ms(1)), -PIER_EDEADLINE);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), -ECANCELED);
	pier_group_close(group);
	return 0;
}

static void
test_cancel_is_sticky(void **state)
{
	int rc = 0;

	(void)state;
	assert_int_equal(pier_run(cancel_one, &rc, NULL, NULL), 0);
	assert_int_equal(rc, -ECANCELED);
}

static void
test_cancel_of_a_thread(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };
	struct pier_run_result result;
	int rc = 0;

	(void)state;
	assert_int_equal(pier_run(cancel_one, &rc, &opts, &result), 0);
	assert_int_equal(rc, -ECANCELED);
	assert_int_equal(result.tasks, 2);
}

static int
leave_some(void *arg)
{
	assert_int_equal(pier_go(NULL, sleeper, arg), 0);
	return pier_yield();
}

static void
test_what_is_left_is_cancelled(void **state)
{
	int rc = 0;

	(void)state;
	assert_int_equal(pier_run(leave_some, &rc, NULL, NULL), 0);
	assert_int_equal(rc, -ECANCELED);
}

static int
count(void *arg)
{
	*(int *)arg += 1;
	return 0;
}

static int
many(void *arg)
{
	int i;

	for (i = 0; i < 1000; i++)
		assert_int_equal(pier_go(NULL, count, arg), 0);
	return 0;
}

static void
test_tasks_that_never_wait_all_run(void **state)
{
	struct pier_run_result result;
	int counted = 0;

	(void)state;
	assert_int_equal(pier_run(many, &counted, NULL, &result), 0);
	assert_int_equal(counted, 1000);
	assert_int_equal(result.tasks, 1001);
}

static void
test_go_outside_of_a_run(void **state)
{
	struct pier_group *group;
	int counted = 0;

	(void)state;
	assert_int_equal(pier_go(NULL, count, &counted), -EINVAL);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, count, &counted), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(counted, 1);
	pier_group_close(group);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fibers_take_turns),
		cmocka_unit_test(test_runs_do_not_nest),
		cmocka_unit_test(test_cancel_is_sticky),
		cmocka_unit_test(test_cancel_of_a_thread),
		cmocka_unit_test(test_what_is_left_is_cancelled),
		cmocka_unit_test(test_tasks_that_never_wait_all_run),
		cmocka_unit_test(test_go_outside_of_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
