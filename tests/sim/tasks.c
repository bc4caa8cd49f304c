/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/tasks.c - crowds of tasks on few channels and mutexes, by seed:
 * they send, receive, lock, sleep, give up by deadlines and are cancelled at
 * any moment. Whatever happens:
 *   - nobody waits for ever (the simulation would say so);
 *   - what was sent was received once, or is still in its channel;
 *   - a mutex has one holder, and is free when all have ended.
 * The same by threads in real time, for the thread sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "chance.h"
#include "io/sim_engine.h"

#define TASKS   12
#define GROUPS  3
#define THINGS  3
#define STEPS   40
#define UNIT_NS INT64_C(100000)

struct one {
	struct crowd *crowd;
	uint64_t chance;
};

struct crowd {
	uint64_t chance;
	struct pier_group *groups[GROUPS];
	struct pier_channel *channels[THINGS];
	struct pier_mutex *mutexes[THINGS];
	struct one tasks[TASKS];
	/* Of each channel: how many, and their sum. */
	atomic_ullong sent[THINGS], sent_sum[THINGS];
	atomic_ullong got[THINGS], got_sum[THINGS];
	atomic_int holders[THINGS];
	atomic_int wrong;
	atomic_int cancelled; /* results that were */
};

static pier_deadline
a_while(struct one *one)
{
	if (draw(&one->chance, 5) == 0)
		return PIER_NOW;
	return pier_in_ns((int64_t)draw(&one->chance, 20) * UNIT_NS);
}

static int
do_send(struct one *one)
{
	struct crowd *crowd = one->crowd;
	unsigned which = draw(&one->chance, THINGS);
	unsigned value = draw(&one->chance, 1000000);
	int rc =
		pier_channel_send(crowd->channels[which], &value, a_while(one));

	if (rc == 0) {
		atomic_fetch_add(&crowd->sent[which], 1);
		atomic_fetch_add(&crowd->sent_sum[which], value);
	}
	return rc;
}

static int
do_recv(struct one *one)
{
	struct crowd *crowd = one->crowd;
	unsigned which = draw(&one->chance, THINGS);
	unsigned value = 0;
	int rc =
		pier_channel_recv(crowd->channels[which], &value, a_while(one));

	if (rc == 0) {
		atomic_fetch_add(&crowd->got[which], 1);
		atomic_fetch_add(&crowd->got_sum[which], value);
	}
	return rc;
}

static int
do_lock(struct one *one)
{
	struct crowd *crowd = one->crowd;
	unsigned which = draw(&one->chance, THINGS);
	int rc = pier_mutex_lock(crowd->mutexes[which], a_while(one));

	if (rc < 0)
		return rc;
	if (atomic_fetch_add(&crowd->holders[which], 1) != 0)
		crowd->wrong = 1;
	if (draw(&one->chance, 2) == 0)
		(void)pier_sleep(
			pier_in_ns((int64_t)draw(&one->chance, 10) * UNIT_NS));
	else
		(void)pier_yield();
	atomic_fetch_sub(&crowd->holders[which], 1);
	if (pier_mutex_unlock(crowd->mutexes[which]) < 0)
		crowd->wrong = 1;
	return 0;
}

static int
do_cancel(struct one *one)
{
	/* Seldom: it is for good. */
	if (draw(&one->chance, 8) == 0)
		pier_group_cancel(
			one->crowd->groups[draw(&one->chance, GROUPS)]);
	return 0;
}

static int
task_main(void *arg)
{
	static int (*const acts[])(struct one *) = { do_send, do_send, do_send,
		do_recv, do_recv, do_recv, do_lock, do_lock, do_cancel };
	struct one *one = arg;

	for (int i = 0; i < STEPS; i++) {
		int rc = acts[draw(&one->chance, 9)](one);

		if (rc == -ECANCELED)
			one->crowd->cancelled++;
		else if (rc < 0 && rc != -EAGAIN && rc != -PIER_EDEADLINE)
			one->crowd->wrong = 1;
	}
	return 0;
}

static void
take_the_rest(struct crowd *crowd, unsigned which)
{
	unsigned value;

	while (pier_channel_recv(crowd->channels[which], &value, PIER_NOW) ==
		0) {
		crowd->got[which]++;
		crowd->got_sum[which] += value;
	}
}

static int
crowd_main(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i = 0; i < THINGS; i++) {
		assert_int_equal(
			pier_channel_open(&crowd->channels[i], sizeof(unsigned),
				1 + draw(&crowd->chance, 3)),
			0);
		assert_int_equal(pier_mutex_open(&crowd->mutexes[i]), 0);
	}
	for (unsigned i = 0; i < GROUPS; i++)
		assert_int_equal(pier_group_open(&crowd->groups[i]), 0);
	for (unsigned i = 0; i < TASKS; i++) {
		crowd->tasks[i].crowd = crowd;
		crowd->tasks[i].chance = crowd->chance + i;
		assert_int_equal(pier_go(crowd->groups[i % GROUPS], task_main,
					 &crowd->tasks[i]),
			0);
	}
	for (unsigned i = 0; i < GROUPS; i++)
		assert_int_equal(
			pier_group_wait(crowd->groups[i], PIER_FOREVER), 0);
	for (unsigned i = 0; i < GROUPS; i++)
		pier_group_close(crowd->groups[i]);
	for (unsigned i = 0; i < THINGS; i++) {
		take_the_rest(crowd, i);
		if (pier_mutex_lock(crowd->mutexes[i], PIER_NOW) != 0 ||
			pier_mutex_unlock(crowd->mutexes[i]) != 0)
			crowd->wrong = 1;
		pier_mutex_close(crowd->mutexes[i]);
		pier_channel_close(crowd->channels[i]);
	}
	return 0;
}

static void
check(const struct crowd *crowd, uint64_t seed)
{
	bool right = crowd->wrong == 0;

	for (unsigned i = 0; i < THINGS; i++)
		right = right && crowd->sent[i] == crowd->got[i] &&
			crowd->sent_sum[i] == crowd->got_sum[i];
	if (!right)
		fail_msg("seed %llu: wrong %d, sent %llu %llu %llu, "
			 "got %llu %llu %llu",
			(unsigned long long)seed, crowd->wrong, crowd->sent[0],
			crowd->sent[1], crowd->sent[2], crowd->got[0],
			crowd->got[1], crowd->got[2]);
}

static void
by_fibers(void **state)
{
	unsigned long long moved = 0, cancelled = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= seeds(300); seed++) {
		static struct crowd crowd;
		struct pier__sim *sim = pier__sim_open(seed);

		memset(&crowd, 0, sizeof(crowd));
		crowd.chance = seed * 1000;
		assert_int_equal(pier__sim_run(sim, crowd_main, &crowd), 0);
		pier__sim_close(sim);
		check(&crowd, seed);
		moved += crowd.got[0];
		cancelled += (unsigned)crowd.cancelled;
	}
	/* They did meet. */
	assert_true(moved > seeds(300));
	assert_true(cancelled > seeds(300));
}

static void
by_threads(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };

	(void)state;
	for (uint64_t seed = 1; seed <= seeds(20); seed++) {
		static struct crowd crowd;

		memset(&crowd, 0, sizeof(crowd));
		crowd.chance = seed * 1000;
		assert_int_equal(pier_run(crowd_main, &crowd, &opts, NULL), 0);
		check(&crowd, seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_fibers),
		cmocka_unit_test(by_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
