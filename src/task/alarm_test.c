/* SPDX-License-Identifier: MIT */
/* task/alarm_test.c - deadlines that are far off cost a turn nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/run.h"
#include "task/task.h"

#define MS     INT64_C(1000000)
#define ROUNDS 50

/* A kernel whose every wait takes `step` and wakes the task. */
static struct {
	int64_t now;
	int64_t step;
	int refuse; /* what setting an alarm gives */
	struct pier__task *task;
	unsigned alarms;
	unsigned waits;
	unsigned timed; /* waits with a timeout */
} kernel;

static int64_t
kernel_clock_ns(void)
{
	return kernel.now;
}

static int
kernel_timerfd_set(int fd, int64_t at_ns)
{
	(void)fd;
	assert_true(at_ns > kernel.now);
	kernel.alarms++;
	return kernel.refuse;
}

static int
kernel_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	(void)epfd;
	(void)events;
	(void)max;
	if (timeout_ns == 0)
		return 0;
	kernel.waits++;
	kernel.timed += timeout_ns > 0;
	kernel.now += kernel.step;
	pier__wake(kernel.task);
	return 0;
}

/* Deadlines of the waits: the i-th ends ms + i * step_ms from then on. */
struct waits {
	int64_t ms;
	int64_t step_ms;
};

static int
wait_often(void *arg)
{
	const struct waits *waits = arg;

	kernel.task = pier__self();
	for (int i = 0; i < ROUNDS; i++)
		assert_int_equal(
			pier__park(kernel.task, "test", -1,
				pier_in_ms(waits->ms + i * waits->step_ms)),
			0);
	return 0;
}

static void
run(struct waits waits, int64_t step, int refuse)
{
	struct pier__task *self = pier__self();
	struct pier__calls table = pier__calls_real;

	kernel.now = 1000 * MS;
	kernel.step = step;
	kernel.refuse = refuse;
	kernel.alarms = kernel.waits = kernel.timed = 0;
	table.clock_ns = kernel_clock_ns;
	table.timerfd_set = kernel_timerfd_set;
	table.epoll_wait = kernel_epoll_wait;
	self->context.calls = &table;
	assert_int_equal(pier_run(wait_often, &waits, NULL, NULL), 0);
	self->context.calls = &pier__calls_real;
	assert_int_equal(kernel.waits, ROUNDS);
}

/* One alarm serves all waits that end after it. */
static void
test_later_and_later(void **state)
{
	(void)state;
	run((struct waits){ 60000, 0 }, MS, 0);
	assert_int_equal(kernel.alarms, 1);
	assert_int_equal(kernel.timed, 0);
}

/* One that is past is set anew: the first after 60 s, in which six waits begin,
   each further one at the end of the wait that was going on, 50 s later. */
static void
test_past(void **state)
{
	(void)state;
	run((struct waits){ 60000, 0 }, 10000 * MS, 0);
	assert_int_equal(kernel.alarms, 10);
	assert_int_equal(kernel.timed, 0);
}

/* It moves ahead to a deadline before it. */
static void
test_sooner_and_sooner(void **state)
{
	(void)state;
	run((struct waits){ 600000, -1000 }, MS, 0);
	assert_int_equal(kernel.alarms, ROUNDS);
	assert_int_equal(kernel.timed, 0);
}

/* Where the kernel refuses, waits have their timeout. */
static void
test_refused(void **state)
{
	(void)state;
	run((struct waits){ 60000, 0 }, MS, -EINVAL);
	assert_int_equal(kernel.timed, ROUNDS);
}

/* What is near is not worth one. */
static void
test_near(void **state)
{
	(void)state;
	run((struct waits){ 5, 0 }, MS, 0);
	assert_int_equal(kernel.alarms, 0);
	assert_int_equal(kernel.timed, ROUNDS);
}

static int
sleep_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		pier_deadline deadline = pier_in_ms(15);

		assert_int_equal(pier_sleep(deadline), 0);
		assert_true(pier_now() >= deadline.ns);
	}
	return 0;
}

/* The real one ends a sleep, and not before its time. */
static void
test_sleep(void **state)
{
	(void)state;
	assert_int_equal(pier_run(sleep_twice, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_later_and_later),
		cmocka_unit_test(test_past),
		cmocka_unit_test(test_sooner_and_sooner),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
