/* SPDX-License-Identifier: MIT */
/* task/sched_test.c - turns: who gets to run, and how fibers come and go. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/annotate.h"
#include "task/sched.h"
#include "task/task.h"
#include "scale.h"

struct pace {
	struct pier_channel *channel;
	int operations;
	int turns; /* of the other fiber */
	bool over;
};

/* Never has to wait, and still lets the other one run every 64 operations. */
static int
busy(void *arg)
{
	struct pace *pace = arg;
	int before = pace->turns;
	int since = 0;
	char value = 0;

	for (pace->operations = 0; pace->operations < 2000;
		pace->operations += 2) {
		assert_int_equal(
			pier_channel_send(pace->channel, &value, PIER_FOREVER),
			0);
		assert_int_equal(
			pier_channel_recv(pace->channel, &value, PIER_FOREVER),
			0);
		since = pace->turns == before ? since + 2 : 0;
		assert_true(since <= 64);
		before = pace->turns;
	}
	pace->over = true;
	return 0;
}

static int
look_on(void *arg)
{
	struct pace *pace = arg;

	while (!pace->over) {
		pace->turns++;
		assert_int_equal(pier_yield(), 0);
	}
	return 0;
}

static int
busy_and_other(void *arg)
{
	struct pace *pace = arg;

	assert_int_equal(pier_channel_open(&pace->channel, 1, 1), 0);
	assert_int_equal(pier_go(NULL, look_on, pace), 0);
	assert_int_equal(busy(pace), 0);
	pier_channel_close(pace->channel);
	return 0;
}

static void
test_64_operations(void **state)
{
	struct pace pace = { .turns = 0 };

	(void)state;
	assert_int_equal(pier_run(busy_and_other, &pace, NULL, NULL), 0);
	assert_true(pace.turns >= 2000 / 64);
}

/* Waits that are over before they begin are no waits. */
static int
past_sleeps(void *arg)
{
	struct pace *pace = arg;

	assert_int_equal(pier_go(NULL, look_on, pace), 0);
	while (pace->turns < 3)
		assert_int_equal(pier_sleep(pier_deadline_at(1)), 0);
	pace->over = true;
	return 0;
}

static void
test_past_deadlines_are_no_waits(void **state)
{
	struct pace pace = { .turns = 0 };

	(void)state;
	assert_int_equal(pier_run(past_sleeps, &pace, NULL, NULL), 0);
}

/* The clock goes on for a fiber that never waits. */
static int
until_its_deadline(void *arg)
{
	struct pace *pace = arg;
	pier_deadline deadline = pier_in_ms(2);
	char value = 0;
	int rc;

	assert_int_equal(pier_channel_open(&pace->channel, 1, 1), 0);
	do {
		rc = pier_channel_send(pace->channel, &value, deadline);
		if (rc == 0)
			rc = pier_channel_recv(pace->channel, &value, deadline);
	} while (rc == 0);
	pier_channel_close(pace->channel);
	return rc;
}

static void
test_quick_calls_do_not_outlive_a_deadline(void **state)
{
	struct pace pace = { .turns = 0 };

	(void)state;
	assert_int_equal(pier_run(until_its_deadline, &pace, NULL, NULL),
		-PIER_EDEADLINE);
}

/* Who only yields does not keep the engine and the timers from their turn. */
static int
sleeps_shortly(void *arg)
{
	struct pace *pace = arg;

	assert_int_equal(pier_sleep(pier_in_ms(1)), 0);
	pace->over = true;
	return 0;
}

static int
yield_until_over(void *arg)
{
	struct pace *pace = arg;

	assert_int_equal(pier_go(NULL, sleeps_shortly, pace), 0);
	while (!pace->over)
		assert_int_equal(pier_yield(), 0);
	return 0;
}

static void
test_yields_let_time_pass(void **state)
{
	struct pace pace = { .turns = 0 };

	(void)state;
	assert_int_equal(pier_run(yield_until_over, &pace, NULL, NULL), 0);
}

/* To the thread sanitizer each fiber is one of the 8128 threads it can see. */
#if defined(PIER__TSAN)
#define MANY 2000
#else
#define MANY test_scale(10000, 1000)
#endif

static int
await_end(void *arg)
{
	struct pace *pace = arg;
	char value;

	assert_int_equal(pier_channel_recv(pace->channel, &value, PIER_FOREVER),
		-PIER_ECLOSED);
	pace->turns++;
	return 0;
}

static int
start_many(void *arg)
{
	struct pace *pace = arg;
	struct pier_group *group;

	assert_int_equal(pier_channel_open(&pace->channel, 1, 1), 0);
	assert_int_equal(pier_group_open(&group), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pier_go(group, await_end, pace), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_group_count(group), MANY);
	pier_channel_end(pace->channel);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	pier_channel_close(pace->channel);
	return 0;
}

static void
test_ten_thousand(void **state)
{
	struct pace pace = { .turns = 0 };
	struct pier_run_result result;

	(void)state;
	assert_int_equal(pier_run(start_many, &pace, NULL, &result), 0);
	assert_int_equal(pace.turns, MANY);
	assert_int_equal(result.tasks, MANY + 1);
	assert_int_equal(result.stacks_peak, MANY + 1);
}

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
one_after_the_other(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pier_go(NULL, nothing, NULL), 0);
		assert_int_equal(pier_yield(), 0);
	}
	return 0;
}

static void
test_stacks_are_used_again(void **state)
{
	struct pier_run_result result;

	(void)state;
	assert_int_equal(pier_run(one_after_the_other, NULL, NULL, &result), 0);
	assert_int_equal(result.tasks, 1001);
	assert_true(result.stacks_peak <= 3);
}

/* A fiber ends with a wake-up from another thread on its way: the note about
   it is taken back, and whoever gets its memory next is not woken by it. */
static int
ends_with_a_note(void *arg)
{
	struct pier__task *self = pier__self();

	(void)arg;
	pier__sched_remote(self->sched, self);
	assert_true(self->on_remote);
	return 0;
}

static int
look_for_notes(void *arg)
{
	const struct pier__sched *sched = pier__self()->sched;

	assert_int_equal(pier_go(NULL, ends_with_a_note, arg), 0);
	while (sched->live > 1)
		assert_int_equal(pier_yield(), 0);
	assert_null(sched->remote_head);
	return 0;
}

static void
test_notes_about_the_ended(void **state)
{
	(void)state;
	assert_int_equal(pier_run(look_for_notes, NULL, NULL, NULL), 0);
}

static int
for_ever(void *arg)
{
	*(int *)arg = pier_sleep(PIER_FOREVER);
	return 0;
}

/* Tasks in a group of their own end with the run all the same. */
struct left {
	int rc;
	struct pier_group *group;
};

static int
leave_a_group(void *arg)
{
	struct left *left = arg;

	assert_int_equal(pier_group_open(&left->group), 0);
	assert_int_equal(pier_go(left->group, for_ever, &left->rc), 0);
	return pier_yield();
}

static void
test_the_end_of_a_run_cancels_every_group(void **state)
{
	struct left left = { .rc = 0 };

	(void)state;
	assert_int_equal(pier_run(leave_a_group, &left, NULL, NULL), 0);
	assert_int_equal(left.rc, -ECANCELED);
	assert_int_equal(pier_group_count(left.group), 0);
	pier_group_close(left.group);
}

/* A thread task that hosts fibers is cancelled, hence they are. */
static int
hosts_a_run(void *arg)
{
	(void)pier_run(for_ever, arg, NULL, NULL);
	return 0;
}

static void
test_cancel_reaches_fibers_of_a_thread(void **state)
{
	struct pier_group *group;
	int rc = 0;

	(void)state;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, hosts_a_run, &rc), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(rc, -ECANCELED);
	pier_group_close(group);
}

/* Each call of the opening of a run, of a second fiber and of waiting fails
   once; the run says so or does not need it, and nothing is left. */
static int
go_and_wait(void *arg)
{
	struct pier_group *group;
	int rc = pier_group_open(&group);

	if (rc < 0)
		return rc;
	rc = pier_go(group, nothing, arg);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static void
test_each_call_fails_once(void **state)
{
	struct pier__task *self = pier__self();
	bool hit = true;

	(void)state;
	for (unsigned long nth = 1; hit; nth++) {
		struct pier__faulty faulty;
		int rc;

		pier__faulty_init(&faulty, &pier__calls_real);
		pier__faulty_plan(
			&faulty, &(struct pier__fault){
					 .call = PIER__CALL_ANY, .nth = nth });
		self->context.calls = &faulty.calls;
		rc = pier_run(go_and_wait, NULL, NULL, NULL);
		hit = faulty.hits > 0;
		if (rc < 0) {
			assert_true(hit);
			assert_true(pier_is_resource(rc));
		}
		pier__error_record_free(self->error);
		self->error = NULL;
		self->context.calls = &pier__calls_real;
		assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
		pier__faulty_end(&faulty);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_64_operations),
		cmocka_unit_test(test_past_deadlines_are_no_waits),
		cmocka_unit_test(test_quick_calls_do_not_outlive_a_deadline),
		cmocka_unit_test(test_yields_let_time_pass),
		cmocka_unit_test(test_ten_thousand),
		cmocka_unit_test(test_stacks_are_used_again),
		cmocka_unit_test(test_notes_about_the_ended),
		cmocka_unit_test(test_the_end_of_a_run_cancels_every_group),
		cmocka_unit_test(test_cancel_reaches_fibers_of_a_thread),
		cmocka_unit_test(test_each_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
