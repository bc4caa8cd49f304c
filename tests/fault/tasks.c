/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/tasks.c - runs, groups, channels, mutexes, offloads and sleeps,
 * in which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SOON   pier_in_s(5)
#define VALUES 5

/* What the tasks of a scenario share; on no stack. */
static struct {
	struct fault_story *story;
	struct pier_channel *channel;
	struct pier_mutex *mutex;
	int sum;
} shared;

static int
producer(void *arg)
{
	int first = *(const int *)arg;
	long rc = 0;

	for (int i = 0; rc == 0 && i < VALUES; i++) {
		int value = first + i;

		rc = met(shared.story, "send",
			pier_channel_send(shared.channel, &value, SOON));
		if (rc == 0)
			rc = met(shared.story, "yield", pier_yield());
	}
	/* Without this the consumer would wait for a value that nobody
	   sends. */
	if (rc < 0)
		pier_channel_end(shared.channel);
	return (int)rc;
}

static void
consume(int count)
{
	long rc = 0;

	for (int i = 0; rc == 0 && i < count; i++) {
		int value = 0;

		rc = met(shared.story, "recv",
			pier_channel_recv(shared.channel, &value, SOON));
		shared.sum += value;
	}
	pier_channel_end(shared.channel);
}

/* A wait that is made to fail is waited again. */
static void
wait_for(struct pier_group *group)
{
	while (pier_group_wait(group, SOON) < 0)
		(void)met(shared.story, "group wait", pier_last_error()->code);
}

static void
channels(struct fault_story *story)
{
	static int firsts[] = { 0, 100 };
	struct pier_group *group = NULL;

	shared.story = story;
	shared.sum = 0;
	shared.channel = NULL;
	if (met(story, "channel",
		    pier_channel_open(&shared.channel, sizeof(int), 2)) < 0)
		return;
	if (met(story, "group", pier_group_open(&group)) == 0) {
		if (met(story, "go", pier_go(group, producer, &firsts[0])) ==
				0 &&
			met(story, "go",
				pier_go(group, producer, &firsts[1])) == 0)
			consume(2 * VALUES);
		else
			pier_channel_end(shared.channel);
		wait_for(group);
	}
	if (story->rc == 0 && shared.sum != 520)
		(void)met(story, "sum", -EBADMSG);
	pier_group_close(group);
	pier_channel_close(shared.channel);
}

static int
locker(void *arg)
{
	long rc = 0;

	(void)arg;
	for (int i = 0; rc == 0 && i < 3; i++) {
		rc = met(shared.story, "lock",
			pier_mutex_lock(shared.mutex, SOON));
		if (rc < 0)
			break;
		shared.sum++;
		(void)met(shared.story, "sleep", pier_sleep(pier_in_ns(1)));
		rc = met(shared.story, "unlock",
			pier_mutex_unlock(shared.mutex));
	}
	return (int)rc;
}

static void
mutexes(struct fault_story *story)
{
	struct pier_group *group = NULL;

	shared.story = story;
	shared.mutex = NULL;
	if (met(story, "mutex", pier_mutex_open(&shared.mutex)) < 0)
		return;
	if (met(story, "group", pier_group_open(&group)) == 0) {
		for (int i = 0; i < 3; i++)
			(void)met(story, "go", pier_go(group, locker, NULL));
		wait_for(group);
	}
	pier_group_close(group);
	pier_mutex_close(shared.mutex);
}

static int
sleeper(void *arg)
{
	(void)arg;
	return pier_sleep(PIER_FOREVER);
}

static void
cancels(struct fault_story *story)
{
	struct pier_group *group = NULL;

	shared.story = story;
	if (met(story, "group", pier_group_open(&group)) < 0)
		return;
	for (int i = 0; i < 3; i++)
		(void)met(story, "go", pier_go(group, sleeper, NULL));
	(void)met(story, "sleep", pier_sleep(pier_in_ms(1)));
	pier_group_cancel(group);
	wait_for(group);
	pier_group_close(group);
}

static int
seven(void *arg)
{
	*(int *)arg = 7;
	return 7;
}

static void
offloads(struct fault_story *story)
{
	static int value;

	value = 0;
	if (met(story, "offload", pier_offload(seven, &value, NULL, SOON)) >=
			0 &&
		value != 7)
		(void)met(story, "value", -EBADMSG);
}

EACH_INSIDE(channels)
EACH_INSIDE(mutexes)
EACH_INSIDE(cancels)
EACH_INSIDE(offloads)

/* A producer that ends tells the rest by the channel. */
static const int also[] = { -PIER_ECLOSED, 0 };
/* A sleeper's own end. */
static const int cancelled[] = { -ECANCELED, 0 };

static const struct fault_scenario scenarios[] = {
	{ "channels, fibers", channels_by_fibers, also },
	{ "channels, threads", channels_by_threads, also },
	{ "mutexes, fibers", mutexes_by_fibers, NULL },
	{ "mutexes, threads", mutexes_by_threads, NULL },
	{ "cancels, fibers", cancels_by_fibers, cancelled },
	{ "cancels, threads", cancels_by_threads, cancelled },
	{ "offloads, fibers", offloads_by_fibers, NULL },
	{ "offloads, threads", offloads_by_threads, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
