/* SPDX-License-Identifier: MIT */
/* task/mutex_test.c - one at a time, in the order of arrival. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "task/task.h"

#define TASKS  4
#define ROUNDS 1000

struct shared {
	struct pier_mutex *mutex;
	long count; /* guarded by mutex and nothing else */
	char order[16];
};

static void
test_owner(void **state)
{
	struct pier_mutex *mutex;

	(void)state;
	assert_int_equal(pier_mutex_open(&mutex), 0);
	assert_int_equal(pier_mutex_unlock(mutex), -EPERM);
	assert_int_equal(pier_mutex_lock(mutex, PIER_NOW), 0);
	assert_int_equal(pier_mutex_lock(mutex, PIER_FOREVER), -EDEADLK);
	assert_int_equal(pier_last_error()->code, -EDEADLK);
	assert_int_equal(pier_mutex_unlock(mutex), 0);
	/* A deadline that is past fails before anything is tried. */
	assert_int_equal(
		pier_mutex_lock(mutex, pier_deadline_at(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_mutex_unlock(mutex), -EPERM);
	pier_mutex_close(mutex);
	pier_mutex_close(NULL);
}

static int
adder(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < ROUNDS; i++) {
		long before;

		assert_int_equal(
			pier_mutex_lock(shared->mutex, PIER_FOREVER), 0);
		before = shared->count;
		if (i % 100 == 0)
			assert_int_equal(pier_yield(), 0);
		shared->count = before + 1;
		assert_int_equal(pier_mutex_unlock(shared->mutex), 0);
	}
	return 0;
}

static int
adders(void *arg)
{
	struct pier_group *group;
	int rc;

	assert_int_equal(pier_group_open(&group), 0);
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(pier_go(group, adder, arg), 0);
	rc = pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static void *
adders_as_fibers(void *arg)
{
	assert_int_equal(pier_run(adders, arg, NULL, NULL), 0);
	return NULL;
}

static void
add(enum pier_task_kind kind)
{
	const struct pier_run_opts opts = { .kind = kind };
	struct shared shared = { .count = 0 };
	pthread_t other;

	assert_int_equal(pier_mutex_open(&shared.mutex), 0);
	assert_int_equal(
		pthread_create(&other, NULL, adders_as_fibers, &shared), 0);
	assert_int_equal(pier_run(adders, &shared, &opts, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(shared.count, 2 * TASKS * ROUNDS);
	pier_mutex_close(shared.mutex);
}

static void
test_fibers_of_two_threads(void **state)
{
	(void)state;
	add(PIER_TASK_FIBER);
}

static void
test_fibers_and_threads(void **state)
{
	(void)state;
	add(PIER_TASK_THREAD);
}

struct turn {
	struct shared *shared;
	char letter;
};

static int
in_turn(void *arg)
{
	struct turn *turn = arg;

	assert_int_equal(pier_mutex_lock(turn->shared->mutex, PIER_FOREVER), 0);
	strncat(turn->shared->order, &turn->letter, 1);
	assert_int_equal(pier_mutex_unlock(turn->shared->mutex), 0);
	/* Though it comes at once, it comes after those who wait. */
	assert_int_equal(pier_mutex_lock(turn->shared->mutex, PIER_FOREVER), 0);
	strncat(turn->shared->order, &turn->letter, 1);
	assert_int_equal(pier_mutex_unlock(turn->shared->mutex), 0);
	return 0;
}

static int
three_in_turn(void *arg)
{
	static struct turn turns[3] = { { .letter = 'a' }, { .letter = 'b' },
		{ .letter = 'c' } };
	struct shared *shared = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_mutex_lock(shared->mutex, PIER_NOW), 0);
	for (int i = 0; i < 3; i++) {
		turns[i].shared = shared;
		assert_int_equal(pier_go(group, in_turn, &turns[i]), 0);
	}
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_mutex_unlock(shared->mutex), 0);
	/* It is a's already, though a has not run. */
	assert_int_equal(pier_mutex_lock(shared->mutex, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_order_of_arrival(void **state)
{
	struct shared shared = { .order = "" };

	(void)state;
	assert_int_equal(pier_mutex_open(&shared.mutex), 0);
	assert_int_equal(pier_run(three_in_turn, &shared, NULL, NULL), 0);
	assert_string_equal(shared.order, "abcabc");
	pier_mutex_close(shared.mutex);
}

static int
give_up(void *arg)
{
	struct shared *shared = arg;

	assert_int_equal(
		pier_mutex_lock(shared->mutex, pier_in_ms(1)), -PIER_EDEADLINE);
	shared->order[0] = 'd';
	assert_int_equal(
		pier_mutex_lock(shared->mutex, PIER_FOREVER), -ECANCELED);
	assert_int_equal(pier_mutex_unlock(shared->mutex), -EPERM);
	return 0;
}

/* Cancelled and given the mutex in one: it has it. */
static int
get_though_cancelled(void *arg)
{
	struct shared *shared = arg;

	assert_int_equal(pier_mutex_lock(shared->mutex, PIER_FOREVER), 0);
	assert_true(pier_cancelled());
	assert_int_equal(pier_mutex_unlock(shared->mutex), 0);
	return 0;
}

static int
hold_against(void *arg)
{
	struct shared *shared = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_mutex_lock(shared->mutex, PIER_NOW), 0);
	assert_int_equal(pier_go(group, give_up, shared), 0);
	while (shared->order[0] != 'd')
		assert_int_equal(pier_yield(), 0);
	/* It waits again: it was not switched away from in between. */
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, get_though_cancelled, shared), 0);
	assert_int_equal(pier_yield(), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_mutex_unlock(shared->mutex), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_giving_up(void **state)
{
	struct shared shared = { .count = 0 };

	(void)state;
	assert_int_equal(pier_mutex_open(&shared.mutex), 0);
	assert_int_equal(pier_run(hold_against, &shared, NULL, NULL), 0);
	/* Nobody holds it. */
	assert_int_equal(pier_mutex_lock(shared.mutex, PIER_NOW), 0);
	assert_int_equal(pier_mutex_unlock(shared.mutex), 0);
	pier_mutex_close(shared.mutex);
}

/* The deadline passes and the mutex is given in one turn: who sleeps until a
   moment before it is woken first. */
struct at_once {
	struct pier_mutex *mutex;
	pier_deadline deadline;
};

static int
get_at_the_deadline(void *arg)
{
	const struct at_once *at_once = arg;

	assert_int_equal(pier_mutex_lock(at_once->mutex, at_once->deadline), 0);
	assert_int_equal(pier_mutex_unlock(at_once->mutex), 0);
	return 0;
}

static int
give_at_the_deadline(void *arg)
{
	struct at_once *at_once = arg;

	assert_int_equal(pier_mutex_lock(at_once->mutex, PIER_NOW), 0);
	at_once->deadline = pier_in_ms(1);
	assert_int_equal(pier_go(NULL, get_at_the_deadline, at_once), 0);
	assert_int_equal(
		pier_sleep(pier_deadline_at(at_once->deadline.ns - 1)), 0);
	assert_int_equal(pier_mutex_unlock(at_once->mutex), 0);
	return 0;
}

static void
test_given_at_the_deadline(void **state)
{
	struct at_once at_once;

	(void)state;
	assert_int_equal(pier_mutex_open(&at_once.mutex), 0);
	assert_int_equal(
		pier_run(give_at_the_deadline, &at_once, NULL, NULL), 0);
	pier_mutex_close(at_once.mutex);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_order_of_arrival),
		cmocka_unit_test(test_giving_up),
		cmocka_unit_test(test_given_at_the_deadline),
		cmocka_unit_test(test_fibers_of_two_threads),
		cmocka_unit_test(test_fibers_and_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
