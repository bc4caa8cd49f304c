/* SPDX-License-Identifier: MIT */
/* task/offload_test.c - helpers: results, giving up, no helper to be had. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/task.h"

struct work {
	sem_t go;      /* fn ends when it is posted */
	sem_t dropped; /* posted by drop */
	atomic_int drops;
	pthread_t ran_on;
	int rc;
};

static struct work *
work_new(unsigned go)
{
	struct work *work = calloc(1, sizeof(*work));

	assert_non_null(work);
	assert_int_equal(sem_init(&work->go, 0, go), 0);
	assert_int_equal(sem_init(&work->dropped, 0, 0), 0);
	return work;
}

static void
work_free(struct work *work)
{
	(void)sem_destroy(&work->go);
	(void)sem_destroy(&work->dropped);
	free(work);
}

static int
block(void *arg)
{
	struct work *work = arg;

	while (sem_wait(&work->go) < 0)
		;
	work->ran_on = pthread_self();
	return 42;
}

static void
drop(void *arg)
{
	struct work *work = arg;

	work->drops++;
	(void)sem_post(&work->dropped);
}

static int
get_result(void *arg)
{
	struct work *work = arg;

	work->rc = pier_offload(block, work, drop, PIER_FOREVER);
	return 0;
}

static void
check_result(struct work *work)
{
	assert_int_equal(work->rc, 42);
	assert_int_equal(work->drops, 0);
	assert_false(pthread_equal(work->ran_on, pthread_self()));
	work_free(work);
}

static void
test_result_in_a_fiber(void **state)
{
	struct work *work = work_new(1);

	(void)state;
	assert_int_equal(pier_run(get_result, work, NULL, NULL), 0);
	check_result(work);
}

static void
test_result_in_a_thread(void **state)
{
	struct work *work = work_new(1);

	(void)state;
	assert_int_equal(get_result(work), 0);
	check_result(work);
}

/* The thread goes on with others meanwhile. */
static int
release(void *arg)
{
	struct work *work = arg;

	(void)sem_post(&work->go);
	return 0;
}

static int
two_at_once(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, get_result, arg), 0);
	assert_int_equal(pier_go(group, release, arg), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_others_go_on(void **state)
{
	struct work *work = work_new(0);

	(void)state;
	assert_int_equal(pier_run(two_at_once, work, NULL, NULL), 0);
	check_result(work);
}

static void
await_drop(struct work *work)
{
	(void)sem_post(&work->go);
	while (sem_wait(&work->dropped) < 0)
		;
	assert_int_equal(work->drops, 1);
	work_free(work);
}

/* On a busy machine a short deadline may have passed before fn begins, which is
   another test's matter: then a longer one is tried. */
static void
test_deadline(void **state)
{
	struct work *work = NULL;
	int64_t ms;

	(void)state;
	for (ms = 1; work == NULL; ms *= 2) {
		assert_true(ms < 10000);
		work = work_new(0);
		assert_int_equal(
			pier_offload(block, work, drop, pier_in_ms(ms)),
			-PIER_EDEADLINE);
		if (work->drops > 0) {
			work_free(work);
			work = NULL;
		}
	}
	await_drop(work);
}

static int
cancelled_in_the_middle(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, get_result, arg), 0);
	assert_int_equal(pier_yield(), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_cancel(void **state)
{
	struct work *work = work_new(0);

	(void)state;
	assert_int_equal(
		pier_run(cancelled_in_the_middle, work, NULL, NULL), 0);
	assert_int_equal(work->rc, -ECANCELED);
	await_drop(work);
}

static void
test_given_up_before_it_began(void **state)
{
	struct work *work = work_new(0);

	(void)state;
	assert_int_equal(pier_offload(block, work, drop, PIER_NOW), -EAGAIN);
	assert_int_equal(work->drops, 0);
	assert_int_equal(pier_offload(block, work, drop, pier_deadline_at(1)),
		-PIER_EDEADLINE);
	await_drop(work);
}

/* Cancelled before it asks: fn is never begun. */
static int
ask_though_cancelled(void *arg)
{
	struct work *work = arg;

	assert_true(pier_cancelled());
	assert_int_equal(
		pier_offload(block, work, drop, PIER_FOREVER), -ECANCELED);
	return 0;
}

static int
cancel_first(void *arg)
{
	struct work *work = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, ask_though_cancelled, work), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_cancelled_before_it_began(void **state)
{
	/* fn would take what it waits for. */
	struct work *work = work_new(1);

	(void)state;
	assert_int_equal(pier_run(cancel_first, work, NULL, NULL), 0);
	/* Dropped, by whoever does it: after that nobody takes anything. */
	while (sem_wait(&work->dropped) < 0)
		;
	assert_int_equal(sem_trywait(&work->go), 0);
	work_free(work);
}

/* A helper is asked for by a thread of the program whose table lets a call
   fail. The thread is a new one each time, and looked at when it has ended:
   what it waits with it makes at its first wait, which comes only when the
   helper is not quicker, and keeps for its life. */
struct attempt {
	struct work *work;
	struct pier__faulty faulty;
	int rc;
};

static void *
attempt_main(void *arg)
{
	struct attempt *attempt = arg;
	struct pier__task *self = pier__self();

	if (self == NULL)
		return NULL;
	self->context.calls = &attempt->faulty.calls;
	attempt->rc = pier_offload(block, attempt->work, drop, PIER_FOREVER);
	return NULL;
}

/* True when the nth call of that kind was there to fail. */
static bool
fails_cleanly(struct work *work, int call, unsigned long nth)
{
	struct attempt attempt = { .work = work };
	struct pier__faulty *faulty = &attempt.faulty;
	pthread_t thread;
	bool failed;

	pier__faulty_init(faulty, &pier__calls_real);
	pier__faulty_plan(
		faulty, &(struct pier__fault){ .call = call, .nth = nth });
	(void)sem_post(&work->go);
	assert_int_equal(
		pthread_create(&thread, NULL, attempt_main, &attempt), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	failed = faulty->hits > 0;
	if (attempt.rc != 42) {
		assert_true(failed);
		assert_int_equal(attempt.rc, -faulty->hit_error);
		/* fn has not run. */
		assert_int_equal(sem_trywait(&work->go), 0);
	}
	assert_int_equal(work->drops, 0);
	assert_int_equal(pier__faulty_leaks(faulty, stderr), 0);
	pier__faulty_end(faulty);
	return failed;
}

/* Each allocation, the descriptor and the thread fail once: arg is untouched,
   nothing leaks. */
static void
test_no_helper(void **state)
{
	struct work *work = work_new(0);
	unsigned long nth = 1;

	(void)state;
	while (fails_cleanly(work, PIER__CALL_ALLOC, nth))
		nth++;
	assert_true(nth > 4); /* the engine, the group, the job, the thread */
	assert_true(fails_cleanly(work, PIER__CALL_EVENTFD, 1));
	assert_true(fails_cleanly(work, PIER__CALL_THREAD, 1));
	/* A wait that cannot be had is asked for again. */
	(void)fails_cleanly(work, PIER__CALL_RESIZE, 1);
	(void)fails_cleanly(work, PIER__CALL_RESIZE, 2);
	(void)fails_cleanly(work, PIER__CALL_POLL, 1);
	work_free(work);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result_in_a_fiber),
		cmocka_unit_test(test_result_in_a_thread),
		cmocka_unit_test(test_others_go_on),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_given_up_before_it_began),
		cmocka_unit_test(test_cancelled_before_it_began),
		cmocka_unit_test(test_no_helper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
