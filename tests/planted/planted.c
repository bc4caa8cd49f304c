/* SPDX-License-Identifier: MIT */
/*
 * planted BUG: one bug, planted in a fiber that has been switched away from
 * and back to. planted.py runs this under each sanitizer and valgrind and
 * expects the report to name the function that holds the bug and
 * planted_fiber(), the fiber's function: a tool that lost track of the stacks
 * would show another, or none.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

/* Each frame must be there to be found. */
#define NOINLINE __attribute__((noinline))

typedef void planted_bug_fn(void);

static volatile int sink;
static volatile int shared;
static atomic_int arrived;

static NOINLINE void
heap_use_after_free(void)
{
	volatile int *cell = malloc(16 * sizeof(*cell));

	if (!cell)
		exit(3);
	cell[3] = 1;
	free((void *)cell);
	sink = cell[3];
}

static NOINLINE void
stack_buffer_overflow(void)
{
	volatile char buf[16] = { 0 };
	volatile char *volatile end = buf + sizeof(buf);

	*end = 1;
	sink = buf[0];
}

static NOINLINE void
signed_overflow(void)
{
	volatile int most = 0x7fffffff;

	sink = most + 1;
}

/*
 * Both threads meet first, by an atomic that orders nothing, so that no lock of
 * one comes between its writes and the other's.
 */
static NOINLINE void
data_race(void)
{
	atomic_fetch_add_explicit(&arrived, 1, memory_order_relaxed);
	while (atomic_load_explicit(&arrived, memory_order_relaxed) < 2)
		sched_yield();
	for (int i = 0; i < 1000; i++)
		shared++;
}

static const struct planted {
	const char *name;
	planted_bug_fn *bug;
	int threads;
} planted[] = {
	{ "heap-use-after-free", heap_use_after_free, 1 },
	{ "stack-buffer-overflow", stack_buffer_overflow, 1 },
	{ "signed-overflow", signed_overflow, 1 },
	{ "data-race", data_race, 2 },
};

static NOINLINE int
planted_fiber(void *arg)
{
	const struct planted *what = arg;

	for (int i = 0; i < 3; i++)
		(void)pier_yield(); /* nobody cancels this run */
	what->bug();
	(void)pier_yield();
	return 0;
}

static int
first_task(void *arg)
{
	struct pier_group *group;
	int rc;

	rc = pier_group_open(&group);
	if (rc < 0)
		return rc;
	for (int i = 0; i < 2 && rc == 0; i++)
		rc = pier_go(group, planted_fiber, arg);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static void *
run_in_thread(void *arg)
{
	if (pier_run(first_task, arg, NULL, NULL) < 0)
		exit(3);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t other;

	for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
		void *arg = (void *)&planted[i];

		if (argc != 2 || strcmp(argv[1], planted[i].name) != 0)
			continue;
		if (planted[i].threads == 2 &&
			pthread_create(&other, NULL, run_in_thread, arg) != 0)
			return 3;
		(void)run_in_thread(arg);
		if (planted[i].threads == 2)
			pthread_join(other, NULL);
		return 0;
	}
	fprintf(stderr, "usage: %s BUG\n", argv[0]);
	return 2;
}
