/* SPDX-License-Identifier: MIT */
/* task/group_test.c - groups from several tasks and threads at once. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "task/task.h"

struct set {
	struct pier_group *group;
	atomic_int ended;
	atomic_bool started;
	int late; /* result of joining a closed group */
};

static int
sleeper(void *arg)
{
	struct set *set = arg;
	int rc;

	set->started = true;
	rc = pier_sleep(PIER_FOREVER);
	set->ended++;
	return rc;
}

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
joins_late(void *arg)
{
	struct set *set = arg;

	(void)pier_sleep(PIER_FOREVER);
	set->late = pier_go(set->group, nothing, NULL);
	return 0;
}

static int
close_while_they_run(void *arg)
{
	struct set *set = arg;

	assert_int_equal(pier_group_open(&set->group), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pier_go(set->group, sleeper, set), 0);
	assert_int_equal(pier_go(set->group, joins_late, set), 0);
	assert_int_equal(pier_yield(), 0);
	pier_group_close(set->group);
	/* Cancelled, and the group is freed by the last of them. */
	while (set->ended < 3 || set->late == 0)
		assert_int_equal(pier_yield(), 0);
	return 0;
}

static void
test_close_while_tasks_run(void **state)
{
	struct set set = { .ended = 0 };

	(void)state;
	assert_int_equal(pier_run(close_while_they_run, &set, NULL, NULL), 0);
	assert_int_equal(set.late, -PIER_ECLOSED);
	pier_group_close(NULL);
}

static int
wait_here(void *arg)
{
	struct set *set = arg;
	int rc;

	set->started = true;
	rc = pier_group_wait(set->group, PIER_FOREVER);
	set->ended++;
	return rc;
}

static void *
cancel_it(void *arg)
{
	struct set *set = arg;

	while (!set->started)
		;
	pier_group_cancel(set->group);
	return NULL;
}

/* Two fibers wait for a group of fibers that another thread cancels. */
static int
two_wait(void *arg)
{
	struct set *set = arg;
	struct pier_group *waiters;
	pthread_t other;

	assert_int_equal(pier_group_open(&waiters), 0);
	assert_int_equal(pier_go(set->group, sleeper, set), 0);
	set->started = false;
	assert_int_equal(pier_go(waiters, wait_here, set), 0);
	assert_int_equal(pier_go(waiters, wait_here, set), 0);
	assert_int_equal(pthread_create(&other, NULL, cancel_it, set), 0);
	assert_int_equal(pier_group_wait(waiters, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(waiters), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(set->ended, 3);
	assert_int_equal(pier_group_result(set->group), -ECANCELED);
	/* Who joins later is cancelled from birth. */
	assert_int_equal(pier_go(set->group, sleeper, set), 0);
	assert_int_equal(pier_group_wait(set->group, PIER_FOREVER), 0);
	pier_group_close(waiters);
	return 0;
}

static void
test_two_wait_and_a_thread_cancels(void **state)
{
	static const struct pier_run_opts threads = {
		.kind = PIER_TASK_THREAD
	};
	struct set set = { .ended = 0 };

	(void)state;
	assert_int_equal(pier_group_open(&set.group), 0);
	assert_int_equal(pier_run(two_wait, &set, NULL, NULL), 0);
	pier_group_close(set.group);

	set.ended = 0;
	assert_int_equal(pier_group_open(&set.group), 0);
	assert_int_equal(pier_run(two_wait, &set, &threads, NULL), 0);
	pier_group_close(set.group);
}

/* One group with fibers of two schedulers and a thread. */
static int
add_fibers(void *arg)
{
	struct set *set = arg;

	for (int i = 0; i < 10; i++)
		assert_int_equal(pier_go(set->group, sleeper, set), 0);
	set->started = true;
	return pier_group_wait(set->group, PIER_FOREVER);
}

static void *
add_fibers_here(void *arg)
{
	assert_int_equal(pier_run(add_fibers, arg, NULL, NULL), 0);
	return NULL;
}

static void
test_across_schedulers(void **state)
{
	struct set set = { .ended = 0 };
	pthread_t first, second;

	(void)state;
	assert_int_equal(pier_group_open(&set.group), 0);
	assert_int_equal(pier_go(set.group, sleeper, &set), 0);
	assert_int_equal(
		pthread_create(&first, NULL, add_fibers_here, &set), 0);
	assert_int_equal(
		pthread_create(&second, NULL, add_fibers_here, &set), 0);
	while (pier_group_count(set.group) < 21)
		;
	assert_int_equal(pier_group_wait(set.group, PIER_NOW), -EAGAIN);
	pier_group_cancel(set.group);
	assert_int_equal(pier_group_wait(set.group, PIER_FOREVER), 0);
	assert_int_equal(set.ended, 21);
	assert_int_equal(pthread_join(first, NULL), 0);
	assert_int_equal(pthread_join(second, NULL), 0);
	pier_group_close(set.group);
}

/* A result that is there wins over a cancelled wait, and over none. */
static int
waits_cancelled(void *arg)
{
	struct set *set = arg;

	assert_int_equal(pier_group_wait(set->group, PIER_FOREVER), -ECANCELED);
	/* So does the cancel over a deadline that has passed. */
	assert_int_equal(
		pier__enter(pier__self(), pier_deadline_at(1)), -ECANCELED);
	/* A shield bounds the wait that it lets through. */
	(void)pier_shield(pier_in_ns(1000));
	assert_int_equal(pier_group_wait(set->group, PIER_FOREVER), -ECANCELED);
	/* A longer one, and it waits again. */
	(void)pier_shield(PIER_FOREVER);
	set->started = true;
	assert_int_equal(pier_group_wait(set->group, PIER_FOREVER), 0);
	(void)pier_shield(PIER_NOW);
	assert_int_equal(pier_group_wait(set->group, PIER_FOREVER), 0);
	assert_int_equal(pier_yield(), -ECANCELED);
	/* As everywhere here. */
	(void)pier_shield(PIER_DEFAULT);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_shield(PIER_NOW).ns, PIER_FOREVER.ns);
	return 0;
}

static int
shielded(void *arg)
{
	struct set *set = arg;
	struct pier_group *waiters;

	assert_int_equal(pier_group_open(&set->group), 0);
	assert_int_equal(pier_group_open(&waiters), 0);
	assert_int_equal(pier_go(set->group, sleeper, set), 0);
	assert_int_equal(pier_go(waiters, waits_cancelled, set), 0);
	assert_int_equal(pier_yield(), 0);
	set->started = false;
	pier_group_cancel(waiters);
	while (!set->started)
		assert_int_equal(pier_yield(), 0);
	pier_group_cancel(set->group);
	assert_int_equal(pier_group_wait(waiters, PIER_FOREVER), 0);
	pier_group_close(waiters);
	pier_group_close(set->group);
	return 0;
}

static void
test_shield(void **state)
{
	struct set set = { .ended = 0 };

	(void)state;
	assert_int_equal(pier_run(shielded, &set, NULL, NULL), 0);
	assert_int_equal(set.ended, 1);
}

static int
waits_for_itself(void *arg)
{
	return pier_group_wait(arg, PIER_FOREVER);
}

static int
one_that_waits_for_itself(void *arg)
{
	struct pier_group *group;

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, waits_for_itself, group), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), -EDEADLK);
	pier_group_close(group);
	return 0;
}

static void
test_nobody_waits_for_itself(void **state)
{
	(void)state;
	assert_int_equal(
		pier_run(one_that_waits_for_itself, NULL, NULL, NULL), 0);
	assert_int_equal(one_that_waits_for_itself(NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_while_tasks_run),
		cmocka_unit_test(test_two_wait_and_a_thread_cancels),
		cmocka_unit_test(test_across_schedulers),
		cmocka_unit_test(test_nobody_waits_for_itself),
		cmocka_unit_test(test_shield),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
