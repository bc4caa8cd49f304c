/* SPDX-License-Identifier: MIT */
/* task/thread_test.c - thread tasks: runs of them, those that do not end, and
   threads of the program that call pier and go. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/task.h"

static const struct pier_run_opts as_threads = { .kind = PIER_TASK_THREAD };

/* A thread that blocks outside of pier is left behind, counted and named. */
struct left {
	struct pier_group *group;
	sem_t slept; /* it will not come back to pier */
	sem_t go;    /* it may */
	int late;    /* what starting a task gave it then */
};

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
blocks_outside(void *arg)
{
	struct left *left = arg;

	pier_task_name("stubborn");
	assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
	(void)sem_post(&left->slept);
	while (sem_wait(&left->go) < 0)
		;
	left->late = pier_go(NULL, nothing, NULL);
	return 0;
}

static int
leave_it(void *arg)
{
	struct left *left = arg;

	assert_int_equal(pier_go(left->group, blocks_outside, left), 0);
	while (sem_wait(&left->slept) < 0)
		;
	return 5;
}

static void
test_abandoned(void **state)
{
	static const struct pier_run_opts hasty = { .kind = PIER_TASK_THREAD,
		.drain_ms = 1 };
	struct pier_run_result result;
	struct left left;

	(void)state;
	assert_int_equal(pier_group_open(&left.group), 0);
	assert_int_equal(sem_init(&left.slept, 0, 0), 0);
	assert_int_equal(sem_init(&left.go, 0, 0), 0);
	assert_int_equal(pier_run(leave_it, &left, &hasty, &result), 5);
	assert_int_equal(result.tasks, 2);
	assert_int_equal(result.abandoned, 1);
	assert_string_equal(
		result.abandoned_at, "task 2 stubborn, last waited for: sleep");
	assert_string_equal(result.guard, "");
	/* It outlives the run, whose memory stays as long. */
	(void)sem_post(&left.go);
	assert_int_equal(pier_group_wait(left.group, PIER_FOREVER), 0);
	assert_int_equal(left.late, -PIER_ECLOSED);
	pier_group_close(left.group);
}

/* A clock that moves by what waits ask for, so that a test of patience takes
   none. */
static _Atomic int64_t moment;

static int64_t
clock_at_moment(void)
{
	return moment;
}

static int
poll_that_times_out(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	(void)fds;
	(void)count;
	assert_true(timeout_ns >= 0);
	moment += timeout_ns;
	return 0;
}

static int
blocks_at_once(void *arg)
{
	struct left *left = arg;

	while (sem_wait(&left->go) < 0)
		;
	return 0;
}

static int
leave_it_blocked(void *arg)
{
	struct left *left = arg;

	return pier_go(left->group, blocks_at_once, left);
}

/* Filled once: a thread that was left may look at it to its end. */
static const struct pier__calls *
calls_in_steps(void)
{
	static struct pier__calls calls;

	if (calls.alloc == NULL) {
		calls = pier__calls_real;
		calls.clock_ns = clock_at_moment;
		calls.poll = poll_that_times_out;
	}
	return &calls;
}

/* For how long a run waits for a thread that does not end; < 0: it fails. */
static int64_t
patience_ns(int64_t drain_ms)
{
	const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD,
		.drain_ms = drain_ms };
	struct pier_run_result result;
	struct left left;
	int rc;

	moment = 1;
	assert_int_equal(pier_group_open(&left.group), 0);
	assert_int_equal(sem_init(&left.go, 0, 0), 0);
	pier__self()->context.calls = calls_in_steps();
	rc = pier_run(leave_it_blocked, &left, &opts, &result);
	pier__self()->context.calls = &pier__calls_real;
	assert_int_equal(result.abandoned, rc == 0);
	(void)sem_post(&left.go);
	assert_int_equal(pier_group_wait(left.group, PIER_FOREVER), 0);
	pier_group_close(left.group);
	return rc < 0 ? rc : moment - 1;
}

static void
test_patience(void **state)
{
	(void)state;
	assert_int_equal(patience_ns(0), INT64_C(5000000000));
	assert_int_equal(patience_ns(40), 40000000);
	assert_int_equal(patience_ns(PIER_OFF), 0);
	assert_int_equal(patience_ns(-2), -EINVAL);
	assert_int_equal(patience_ns(INT64_MIN), -EINVAL);
}

static int
runs_inside(void *arg)
{
	/* Threads may nest: each run has its own tasks. */
	assert_int_equal(pier_go(NULL, nothing, NULL), 0);
	return pier_run(nothing, arg, &as_threads, NULL) +
	       pier_run(nothing, arg, NULL, NULL);
}

static void
test_runs_of_threads_nest(void **state)
{
	struct pier_run_result result;

	(void)state;
	assert_int_equal(pier_run(runs_inside, NULL, &as_threads, &result), 0);
	assert_int_equal(result.tasks, 2);
	assert_int_equal(result.abandoned, 0);
}

/* What a program's thread left with pier goes with the thread. */
struct hook {
	struct pier__before_wait before;
	atomic_int calls;
};

static void
count_call(struct pier__before_wait *before)
{
	pier__container_of(before, struct hook, before)->calls++;
}

static void *
leaves_a_hook(void *arg)
{
	struct hook *hook = arg;
	struct pier__task *self = pier__self();

	assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
	assert_int_equal(pier_sleep(PIER_DEFAULT), -EINVAL); /* a story */
	pier__list_push_back(&self->before_wait, &hook->before.node);
	return NULL;
}

static void
test_a_thread_of_the_program_ends(void **state)
{
	struct hook hook = { .before.fn = count_call };
	pthread_t other;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, leaves_a_hook, &hook), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(hook.calls, 1);
}

/* The hooks run before a wait, each once, in fibers as in threads. */
static int
waits_with_a_hook(void *arg)
{
	struct hook *hook = arg;
	struct pier__task *self = pier__self();

	hook->calls = 0;
	pier__list_push_back(&self->before_wait, &hook->before.node);
	assert_int_equal(pier_sleep(PIER_NOW), 0);
	assert_int_equal(hook->calls, 0);
	assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
	assert_int_equal(hook->calls, 1);
	assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
	assert_int_equal(hook->calls, 1);
	pier__list_push_back(&self->before_wait, &hook->before.node);
	return 0;
}

static void
test_hooks_before_a_wait(void **state)
{
	struct hook hook = { .before.fn = count_call };

	(void)state;
	assert_int_equal(pier_run(waits_with_a_hook, &hook, NULL, NULL), 0);
	/* The end of a fiber is as good as a wait. */
	assert_int_equal(hook.calls, 2);
	assert_int_equal(waits_with_a_hook(&hook), 0);
	pier__before_wait_run(pier__self());
	assert_int_equal(hook.calls, 2);
}

/* A signal handler may look at the current task at any moment, also while it
   is given back. */
static struct pier__calls looking;
static int looks;

static void
free_and_look(void *ptr)
{
	pier__calls_real.free(ptr);
	assert_ptr_equal(pier__calls(), &looking);
	looks++;
}

static void *
sleeps_shortly(void *arg)
{
	pier__self()->context.calls = &looking;
	assert_int_equal(pier_sleep(pier_in_ns(1000)), 0);
	return arg;
}

static void
test_there_is_a_task_to_the_end(void **state)
{
	pthread_t thread;

	(void)state;
	looking = pier__calls_real;
	looking.free = free_and_look;
	assert_int_equal(
		pthread_create(&thread, NULL, sleeps_shortly, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(looks > 1); /* its engine, itself */
}

/* Each call of a run of threads fails once, in the thread that makes it. */
static int
starts_two(void *arg)
{
	int rc = pier_go(NULL, nothing, arg);

	return rc == 0 ? pier_go(NULL, nothing, arg) : rc;
}

static void
test_each_call_fails_once(void **state)
{
	static const int calls[] = { PIER__CALL_ALLOC, PIER__CALL_RESIZE,
		PIER__CALL_THREAD, PIER__CALL_EVENTFD };
	struct pier__task *self = pier__self();
	unsigned failed = 0;

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct pier__faulty faulty;
		int rc;

		pier__faulty_init(&faulty, &pier__calls_real);
		pier__faulty_plan(
			&faulty, &(struct pier__fault){ .call = calls[i / 4],
					 .nth = i % 4 + 1 });
		self->context.calls = &faulty.calls;
		rc = pier_run(starts_two, NULL, &as_threads, NULL);
		if (rc < 0) {
			assert_true(faulty.hits > 0);
			assert_true(pier_is_resource(rc) || rc == -EAGAIN);
			failed++;
		}
		pier__error_record_free(self->error);
		self->error = NULL;
		self->context.calls = &pier__calls_real;
		assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
		pier__faulty_end(&faulty);
	}
	assert_true(failed >= 5); /* the run, two tasks, two threads */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abandoned),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_runs_of_threads_nest),
		cmocka_unit_test(test_a_thread_of_the_program_ends),
		cmocka_unit_test(test_hooks_before_a_wait),
		cmocka_unit_test(test_there_is_a_task_to_the_end),
		cmocka_unit_test(test_each_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
