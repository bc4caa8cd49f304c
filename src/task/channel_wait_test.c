/* SPDX-License-Identifier: MIT */
/* task/channel_wait_test.c - what ends the wait of a sender or receiver, and
   whose turn it is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "task/task.h"

static struct {
	struct pier_channel *channel;
	pier_deadline deadline;
	char order[8];
} shared;

static void
run(int (*fn)(void *))
{
	memset(&shared, 0, sizeof(shared));
	assert_int_equal(pier_channel_open(&shared.channel, 1, 1), 0);
	assert_int_equal(pier_run(fn, NULL, NULL, NULL), 0);
	pier_channel_close(shared.channel);
}

/* The end of a channel is told to who waits for room, too. */
static int
send_into_the_end(void *arg)
{
	char value = 2;

	(void)arg;
	assert_int_equal(
		pier_channel_send(shared.channel, &value, PIER_FOREVER),
		-PIER_ECLOSED);
	shared.order[0] = 'e';
	return 0;
}

static int
end_a_full_one(void *arg)
{
	char value = 1;

	(void)arg;
	assert_int_equal(
		pier_channel_send(shared.channel, &value, PIER_NOW), 0);
	assert_int_equal(pier_go(NULL, send_into_the_end, NULL), 0);
	assert_int_equal(pier_yield(), 0);
	pier_channel_end(shared.channel);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(shared.order[0], 'e');
	return 0;
}

static void
test_the_end_wakes_senders(void **state)
{
	(void)state;
	run(end_a_full_one);
}

/* The deadline passes and the value comes in one turn: who sleeps until a
   moment before it is woken first. */
static int
receive_at_the_deadline(void *arg)
{
	char value = 0;

	(void)arg;
	assert_int_equal(
		pier_channel_recv(shared.channel, &value, shared.deadline), 0);
	assert_int_equal(value, 3);
	return 0;
}

static int
send_at_the_deadline(void *arg)
{
	char value = 3;

	(void)arg;
	shared.deadline = pier_in_ms(1);
	assert_int_equal(pier_go(NULL, receive_at_the_deadline, NULL), 0);
	assert_int_equal(
		pier_sleep(pier_deadline_at(shared.deadline.ns - 1)), 0);
	assert_int_equal(
		pier_channel_send(shared.channel, &value, PIER_NOW), 0);
	return 0;
}

static void
test_a_result_wins_over_the_deadline(void **state)
{
	(void)state;
	run(send_at_the_deadline);
}

/* Whom a quicker one robbed of its value stays first in the queue. */
static int
receive_in_turn(void *arg)
{
	char value;

	assert_int_equal(
		pier_channel_recv(shared.channel, &value, PIER_FOREVER), 0);
	strncat(shared.order, arg, 1);
	return 0;
}

static int
rob_the_first(void *arg)
{
	static char a[] = "a";
	static char b[] = "b";
	char value = 4;

	(void)arg;
	assert_int_equal(pier_go(NULL, receive_in_turn, a), 0);
	assert_int_equal(pier_go(NULL, receive_in_turn, b), 0);
	assert_int_equal(pier_yield(), 0); /* both wait */
	assert_int_equal(
		pier_channel_send(shared.channel, &value, PIER_NOW), 0);
	assert_int_equal(
		pier_channel_recv(shared.channel, &value, PIER_NOW), 0);
	assert_int_equal(pier_yield(), 0); /* a found nothing */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			pier_channel_send(shared.channel, &value, PIER_NOW), 0);
		assert_int_equal(pier_yield(), 0);
	}
	assert_string_equal(shared.order, "ab");
	return 0;
}

static void
test_the_robbed_stays_first(void **state)
{
	(void)state;
	run(rob_the_first);
}

/* A size that has no number is not cut down to one. */
static void
test_too_large(void **state)
{
	struct pier_channel *channel;

	(void)state;
	assert_int_equal(
		pier_channel_open(&channel, SIZE_MAX / 2 + 1, 2), -ENOMEM);
	assert_int_equal(
		pier_channel_open(&channel, 2, SIZE_MAX / 2 + 1), -ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_wakes_senders),
		cmocka_unit_test(test_a_result_wins_over_the_deadline),
		cmocka_unit_test(test_the_robbed_stays_first),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
