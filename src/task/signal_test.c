/* SPDX-License-Identifier: MIT */
/*
 * task/signal_test.c - a signal of the program is heard, whatever fiber it
 * meets: one that parks for good or ends right after it, or the scheduler.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/task.h"
#include "scale.h"

#define SIGNALS   test_scale(2000, 200)
#define UNHEARD_S 20

static atomic_int heard;

static void
on_signal(int number)
{
	(void)number;
	heard++;
}

struct crowd {
	pthread_t thread; /* that runs the fibers */
	struct pier_group *group;
	atomic_int sent;
	atomic_bool over;
};

/* Code without a call in it, for the signal to meet. */
static int
runs_a_little(void *arg)
{
	volatile unsigned work = 0;

	(void)arg;
	while (work < 500)
		work++;
	return 0;
}

static int
parks_for_good(void *arg)
{
	(void)runs_a_little(arg);
	return pier_sleep(PIER_FOREVER);
}

/* Fibers that end and fibers that park, as long as signals are sent. */
static int
crowd_main(void *arg)
{
	struct crowd *crowd = arg;
	size_t parked = 0;

	while (!crowd->over) {
		assert_int_equal(pier_go(crowd->group, runs_a_little, NULL), 0);
		if (parked < 500) {
			assert_int_equal(
				pier_go(crowd->group, parks_for_good, NULL), 0);
			parked++;
		}
		assert_int_equal(pier_sleep(pier_in_ns(1)), 0);
		(void)runs_a_little(NULL);
	}
	pier_group_cancel(crowd->group);
	return pier_group_wait(crowd->group, PIER_FOREVER);
}

/* One signal after the other, each when the last was heard; until one is not. */
static void *
send_signals(void *arg)
{
	struct crowd *crowd = arg;
	bool lost = false;

	while (!lost && crowd->sent < SIGNALS) {
		pier_deadline patience = pier_in_s(UNHEARD_S);

		(void)pthread_kill(crowd->thread, SIGUSR1);
		crowd->sent++;
		while (!lost && heard < crowd->sent) {
			(void)pier_sleep(pier_in_ns(10000));
			lost = pier_left_ns(patience) == 0;
		}
	}
	crowd->over = true;
	return NULL;
}

static void
test_every_signal_is_heard(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction before;
	struct crowd crowd = { .thread = pthread_self() };
	pthread_t sender;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	assert_int_equal(pier_group_open(&crowd.group), 0);
	assert_int_equal(
		pthread_create(&sender, NULL, send_signals, &crowd), 0);
	assert_int_equal(pier_run(crowd_main, &crowd, NULL, NULL), 0);
	assert_int_equal(pthread_join(sender, NULL), 0);
	assert_int_equal(crowd.sent, SIGNALS);
	assert_int_equal(heard, SIGNALS);
	pier_group_close(crowd.group);
	assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_signal_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
