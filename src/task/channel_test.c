/* SPDX-License-Identifier: MIT */
/* task/channel_test.c - values between fibers, threads, and both. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "os/faulty.h"
#include "task/task.h"
#include "scale.h"

static void
test_bounds_and_order(void **state)
{
	struct pier_channel *channel;
	int value = 0;

	(void)state;
	assert_int_equal(pier_channel_open(&channel, 0, 1), -EINVAL);
	assert_int_equal(pier_channel_open(&channel, 1, 0), -EINVAL);
	assert_int_equal(pier_channel_open(&channel, SIZE_MAX / 2, 3), -ENOMEM);
	assert_int_equal(pier_channel_open(&channel, sizeof(int), 3), 0);
	assert_int_equal(pier_channel_recv(channel, &value, PIER_NOW), -EAGAIN);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(
				pier_channel_send(channel, &i, PIER_NOW), 0);
		assert_int_equal(
			pier_channel_send(channel, &value, PIER_NOW), -EAGAIN);
		assert_int_equal(pier_channel_count(channel), 3);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(
				pier_channel_recv(channel, &value, PIER_NOW),
				0);
			assert_int_equal(value, i);
		}
		/* The ring turns by one. */
		assert_int_equal(
			pier_channel_send(channel, &round, PIER_NOW), 0);
		assert_int_equal(
			pier_channel_recv(channel, &value, PIER_NOW), 0);
	}
	pier_channel_close(channel);
	pier_channel_close(NULL);
}

static void
test_what_is_in_it_outlives_the_end(void **state)
{
	struct pier_channel *channel;
	int value = 7;

	(void)state;
	assert_int_equal(pier_channel_open(&channel, sizeof(int), 2), 0);
	assert_int_equal(pier_channel_send(channel, &value, PIER_FOREVER), 0);
	pier_channel_end(channel);
	assert_int_equal(pier_channel_send(channel, &value, PIER_FOREVER),
		-PIER_ECLOSED);
	value = 0;
	assert_int_equal(pier_channel_recv(channel, &value, PIER_FOREVER), 0);
	assert_int_equal(value, 7);
	assert_int_equal(pier_channel_recv(channel, &value, PIER_FOREVER),
		-PIER_ECLOSED);
	/* The second reference keeps it. */
	assert_ptr_equal(pier_channel_hold(channel), channel);
	pier_channel_close(channel);
	assert_int_equal(pier_channel_count(channel), 0);
	pier_channel_close(channel);
}

static void
test_no_memory(void **state)
{
	struct pier__task *self = pier__self();
	struct pier_channel *channel;
	struct pier__faulty faulty;

	(void)state;
	pier__error_record_free(self->error);
	self->error = NULL;
	pier__faulty_init(&faulty, &pier__calls_real);
	pier__faulty_plan(&faulty,
		&(struct pier__fault){
			.call = PIER__CALL_ALLOC, .nth = 1, .error = ENOMEM });
	self->context.calls = &faulty.calls;
	assert_int_equal(pier_channel_open(&channel, 4, 4), -ENOMEM);
	assert_int_equal(pier_channel_open(&channel, 4, 4), 0);
	pier_channel_close(channel);
	pier__error_record_free(self->error);
	self->error = NULL;
	self->context.calls = &pier__calls_real;
	assert_int_equal(pier__faulty_leaks(&faulty, stderr), 0);
	pier__faulty_end(&faulty);
}

/* Who sends, who receives: each a number of tasks, fibers or threads. */
#define TASKS  4
#define VALUES test_scale(3000, 300)

struct traffic {
	struct pier_channel *channel;
	atomic_long sum;
	atomic_int received;
};

static int
sender(void *arg)
{
	struct traffic *traffic = arg;

	for (long i = 1; i <= VALUES; i++)
		assert_int_equal(
			pier_channel_send(traffic->channel, &i, PIER_FOREVER),
			0);
	return 0;
}

static int
receiver(void *arg)
{
	struct traffic *traffic = arg;
	long last = 0;
	int rc;

	while ((rc = pier_channel_recv(
			traffic->channel, &last, PIER_FOREVER)) == 0) {
		atomic_fetch_add(&traffic->sum, last);
		atomic_fetch_add(&traffic->received, 1);
	}
	assert_int_equal(rc, -PIER_ECLOSED);
	return 0;
}

static int
start(void *arg, pier_task_fn *fn)
{
	struct pier_group *group;
	int rc;

	assert_int_equal(pier_group_open(&group), 0);
	for (int i = 0; i < TASKS; i++)
		assert_int_equal(pier_go(group, fn, arg), 0);
	rc = pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static int
senders(void *arg)
{
	return start(arg, sender);
}

static int
receivers(void *arg)
{
	return start(arg, receiver);
}

static void *
receivers_as_fibers(void *arg)
{
	assert_int_equal(pier_run(receivers, arg, NULL, NULL), 0);
	return NULL;
}

static void *
receivers_as_threads(void *arg)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };

	assert_int_equal(pier_run(receivers, arg, &opts, NULL), 0);
	return NULL;
}

static void
exchange(size_t capacity, void *(*receive)(void *), enum pier_task_kind kind)
{
	const struct pier_run_opts opts = { .kind = kind };
	struct traffic traffic = { .sum = 0 };
	pthread_t other;

	assert_int_equal(
		pier_channel_open(&traffic.channel, sizeof(long), capacity), 0);
	assert_int_equal(pthread_create(&other, NULL, receive, &traffic), 0);
	assert_int_equal(pier_run(senders, &traffic, &opts, NULL), 0);
	pier_channel_end(traffic.channel);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(traffic.received, TASKS * VALUES);
	assert_int_equal(traffic.sum, (long)TASKS * VALUES * (VALUES + 1) / 2);
	pier_channel_close(traffic.channel);
}

static void
test_fibers_of_two_threads(void **state)
{
	(void)state;
	exchange(1, receivers_as_fibers, PIER_TASK_FIBER);
	exchange(64, receivers_as_fibers, PIER_TASK_FIBER);
}

static void
test_fibers_to_threads(void **state)
{
	(void)state;
	exchange(2, receivers_as_threads, PIER_TASK_FIBER);
}

static void
test_threads_to_fibers(void **state)
{
	(void)state;
	exchange(2, receivers_as_fibers, PIER_TASK_THREAD);
}

static void
test_threads_to_threads(void **state)
{
	(void)state;
	exchange(2, receivers_as_threads, PIER_TASK_THREAD);
}

static int
both_in_one_thread(void *arg)
{
	struct traffic *traffic = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(NULL, receivers, traffic), 0);
	assert_int_equal(pier_go(group, senders, traffic), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_channel_end(traffic->channel);
	pier_group_close(group);
	/* The receivers are not in the group: let them come to the end. */
	while (traffic->received < TASKS * VALUES)
		assert_int_equal(pier_yield(), 0);
	return 0;
}

static void
test_fibers_of_one_thread(void **state)
{
	struct traffic traffic = { .sum = 0 };

	(void)state;
	assert_int_equal(
		pier_channel_open(&traffic.channel, sizeof(long), 3), 0);
	assert_int_equal(pier_run(both_in_one_thread, &traffic, NULL, NULL), 0);
	assert_int_equal(traffic.sum, (long)TASKS * VALUES * (VALUES + 1) / 2);
	pier_channel_close(traffic.channel);
}

/* A waiter that gives up does not take a wake-up with it. */
static int
impatient(void *arg)
{
	struct traffic *traffic = arg;
	long value;
	int rc;

	while ((rc = pier_channel_recv(traffic->channel, &value,
			pier_in_ns(20000))) == -PIER_EDEADLINE)
		;
	if (rc == 0)
		atomic_fetch_add(&traffic->received, 1);
	return rc == 0 ? impatient(arg) : 0;
}

static int
impatient_ones(void *arg)
{
	return start(arg, impatient);
}

static void *
impatient_thread(void *arg)
{
	assert_int_equal(pier_run(impatient_ones, arg, NULL, NULL), 0);
	return NULL;
}

static void
test_deadlines_lose_nothing(void **state)
{
	struct traffic traffic = { .sum = 0 };
	pthread_t other;
	long value;

	(void)state;
	assert_int_equal(
		pier_channel_open(&traffic.channel, sizeof(long), 2), 0);
	assert_int_equal(
		pthread_create(&other, NULL, impatient_thread, &traffic), 0);
	for (value = 0; value < 200; value++)
		assert_int_equal(pier_channel_send(
					 traffic.channel, &value, PIER_FOREVER),
			0);
	pier_channel_end(traffic.channel);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(traffic.received, 200);
	pier_channel_close(traffic.channel);
}

/* Cancelled, a task still gets what is there, and waits for nothing. */
static int
cancelled_receiver(void *arg)
{
	struct traffic *traffic = arg;
	long value = 0;

	assert_int_equal(
		pier_channel_recv(traffic->channel, &value, PIER_FOREVER), 0);
	assert_int_equal(value, 5);
	assert_true(pier_cancelled());
	assert_int_equal(
		pier_channel_recv(traffic->channel, &value, PIER_FOREVER),
		-ECANCELED);
	assert_int_equal(
		pier_channel_recv(traffic->channel, &value, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_last_error()->code, -ECANCELED);
	return 0;
}

static int
send_and_cancel(void *arg)
{
	struct traffic *traffic = arg;
	struct pier_group *group;
	long value = 5;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, cancelled_receiver, traffic), 0);
	assert_int_equal(pier_yield(), 0); /* it waits */
	pier_group_cancel(group);
	assert_int_equal(
		pier_channel_send(traffic->channel, &value, PIER_NOW), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_a_result_wins_over_cancel(void **state)
{
	struct traffic traffic = { .sum = 0 };

	(void)state;
	assert_int_equal(
		pier_channel_open(&traffic.channel, sizeof(long), 3), 0);
	assert_int_equal(pier_run(send_and_cancel, &traffic, NULL, NULL), 0);
	pier_channel_close(traffic.channel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_and_order),
		cmocka_unit_test(test_what_is_in_it_outlives_the_end),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_fibers_of_one_thread),
		cmocka_unit_test(test_fibers_of_two_threads),
		cmocka_unit_test(test_fibers_to_threads),
		cmocka_unit_test(test_threads_to_fibers),
		cmocka_unit_test(test_threads_to_threads),
		cmocka_unit_test(test_deadlines_lose_nothing),
		cmocka_unit_test(test_a_result_wins_over_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
