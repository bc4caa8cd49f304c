/* SPDX-License-Identifier: MIT */
/* task/list_test.c - who is listed, and with what. */
#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "task/task.h"

#define LISTED_MAX 16

struct listed {
	struct pier_task_info infos[LISTED_MAX];
	size_t count;
	size_t stop_at; /* 0: never */
};

static int
note(const struct pier_task_info *info, void *arg)
{
	struct listed *listed = arg;

	assert_true(listed->count < LISTED_MAX);
	listed->infos[listed->count++] = *info;
	return listed->count == listed->stop_at;
}

/* The one of that name; "" is the first without. Never NULL. */
static const struct pier_task_info *
named(const struct listed *listed, const char *name)
{
	static const struct pier_task_info nobody;

	for (size_t i = 0; i < listed->count; i++) {
		if (strcmp(listed->infos[i].name, name) == 0)
			return &listed->infos[i];
	}
	fail_msg("no task is called %s", name);
	return &nobody;
}

static void
test_outside_of_a_run(void **state)
{
	struct listed listed = { .count = 0 };

	(void)state;
	pier_task_name("main");
	assert_int_equal(pier_tasks_each(note, &listed), 1);
	assert_int_equal(listed.count, 1);
	assert_string_equal(listed.infos[0].name, "main");
	assert_string_equal(listed.infos[0].waits, "");
	assert_int_equal(listed.infos[0].kind, PIER_TASK_THREAD);
	assert_true(listed.infos[0].running);
	assert_int_equal(listed.infos[0].fd, -1);
	pier_task_name(NULL);
}

struct set {
	struct pier_channel *channel;
	struct pier_mutex *mutex;
	struct pier_group *group;
	struct listed listed;
	sem_t asleep;
	pier_deadline until;
};

static int
on_channel(void *arg)
{
	struct set *set = arg;
	char value;

	pier_task_name("channel");
	return pier_channel_recv(set->channel, &value, PIER_FOREVER);
}

static int
on_mutex(void *arg)
{
	struct set *set = arg;

	pier_task_name("mutex");
	return pier_mutex_lock(set->mutex, PIER_FOREVER);
}

static int
on_group(void *arg)
{
	struct set *set = arg;

	pier_task_name("group");
	return pier_group_wait(set->group, PIER_FOREVER);
}

static int
asleep(void *arg)
{
	struct set *set = arg;

	pier_task_name("sleep");
	return pier_sleep(set->until);
}

static int
yields(void *arg)
{
	(void)arg;
	pier_task_name("yield");
	return pier_yield();
}

static int
never_ran(void *arg)
{
	(void)arg;
	return 0;
}

static int
park_many(void *arg)
{
	struct set *set = arg;
	int64_t before = pier_now();

	pier_task_name("first");
	set->until = pier_in_s(100);
	assert_int_equal(pier_mutex_lock(set->mutex, PIER_NOW), 0);
	assert_int_equal(pier_go(set->group, on_channel, set), 0);
	assert_int_equal(pier_go(set->group, on_mutex, set), 0);
	assert_int_equal(pier_go(set->group, asleep, set), 0);
	assert_int_equal(pier_go(NULL, on_group, set), 0);
	assert_int_equal(pier_go(NULL, yields, set), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(pier_go(NULL, never_ran, set), 0);
	assert_int_equal(pier_tasks_each(note, &set->listed), 7);
	for (size_t i = 0; i < set->listed.count; i++) {
		const struct pier_task_info *info = &set->listed.infos[i];

		assert_int_equal(info->kind, PIER_TASK_FIBER);
		assert_int_equal(info->id, i + 1);
		assert_false(info->cancelled);
		assert_int_equal(info->fd, -1);
		assert_true(info->since_ns == 0 || info->since_ns >= before);
		if (info->name[0] != '\0' && i > 0)
			assert_string_equal(info->waits, info->name);
	}
	pier_group_cancel(set->group);
	return 0;
}

static void
test_fibers(void **state)
{
	struct set set = { .listed = { .count = 0 } };

	(void)state;
	assert_int_equal(pier_channel_open(&set.channel, 1, 1), 0);
	assert_int_equal(pier_mutex_open(&set.mutex), 0);
	assert_int_equal(pier_group_open(&set.group), 0);
	assert_int_equal(pier_run(park_many, &set, NULL, NULL), 0);
	assert_true(named(&set.listed, "first")->running);
	assert_false(named(&set.listed, "channel")->running);
	assert_int_equal(
		named(&set.listed, "sleep")->deadline_ns, set.until.ns);
	assert_int_equal(named(&set.listed, "channel")->deadline_ns, INT64_MAX);
	assert_string_equal(named(&set.listed, "")->waits, "");
	assert_false(named(&set.listed, "")->running);
	pier_group_close(set.group);
	pier_mutex_close(set.mutex);
	pier_channel_close(set.channel);
}

static int
stop_walk(void *arg)
{
	struct listed listed = { .stop_at = 2 };

	for (int i = 0; i < 4; i++)
		assert_int_equal(pier_go(NULL, never_ran, arg), 0);
	/* The walk ends, and still all are counted. */
	assert_int_equal(pier_tasks_each(note, &listed), 5);
	assert_int_equal(listed.count, 2);
	return 0;
}

static void
test_the_walk_can_be_ended(void **state)
{
	(void)state;
	assert_int_equal(pier_run(stop_walk, NULL, NULL, NULL), 0);
}

static int
thread_asleep(void *arg)
{
	struct set *set = arg;

	pier_task_name("sleeper");
	(void)sem_post(&set->asleep);
	return pier_sleep(PIER_FOREVER);
}

static int
list_threads(void *arg)
{
	struct set *set = arg;
	const struct pier_task_info *sleeper;

	pier_task_name("first");
	assert_int_equal(pier_go(set->group, thread_asleep, set), 0);
	assert_int_equal(sem_wait(&set->asleep), 0);
	/* On its way into the wait; the list says when it is there. */
	do {
		set->listed.count = 0;
		assert_int_equal(pier_tasks_each(note, &set->listed), 2);
		sleeper = named(&set->listed, "sleeper");
	} while (sleeper->running);
	assert_string_equal(sleeper->waits, "sleep");
	assert_int_equal(sleeper->kind, PIER_TASK_THREAD);
	assert_int_equal(sleeper->id, 2);
	assert_true(named(&set->listed, "first")->running);
	return 0;
}

static void
test_threads(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };
	struct set set = { .listed = { .count = 0 } };
	struct pier_run_result result;

	(void)state;
	assert_int_equal(pier_group_open(&set.group), 0);
	assert_int_equal(sem_init(&set.asleep, 0, 0), 0);
	/* The sleeper, in another group, is cancelled with the run. */
	assert_int_equal(pier_run(list_threads, &set, &opts, &result), 0);
	assert_int_equal(result.tasks, 2);
	assert_int_equal(result.abandoned, 0);
	assert_int_equal(pier_group_result(set.group), -ECANCELED);
	pier_group_close(set.group);
	pier_task_name(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outside_of_a_run),
		cmocka_unit_test(test_fibers),
		cmocka_unit_test(test_the_walk_can_be_ended),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
