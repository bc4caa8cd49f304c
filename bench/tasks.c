/* SPDX-License-Identifier: MIT */
/*
 * What fibers cost: a switch, a yield through the scheduler, a fiber's whole
 * life. Everything is hot in the cache, so these are the least costs: with
 * 100,000 stacks in turn a switch costs some four times as much, whoever
 * wrote it, in misses on the stacks themselves.
 *
 * This is the one program of bench/ that reaches behind the public headers:
 * a bare switch has no public name.
 */
#include <pier.h>

#include "task/switch.h"

#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STACK_SIZE   65536
#define REPEATS      21 /* the least of these is what it costs */
#define SWITCH_PAIRS 1000000
#define YIELDS       500000 /* of each of two fibers */
#define SPAWNS       200000
#define SPAWN_BATCH  32

/* Processor time of this thread: another process on the core adds nothing. */
static int64_t
thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void *contexts[2];

/*
 * One half of a pair of contexts that switch to each other. Both run this
 * function, as all fibers of a program park in one place of the library: the
 * processor's prediction of returns lives on that.
 */
static void __attribute__((noinline)) alternate(int self, int count)
{
	for (; count > 0; count--)
		pier__switch(&contexts[self], contexts[!self]);
}

static void
alternate_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		alternate(1, SWITCH_PAIRS);
}

/* A pair: to the other stack and back. */
static double
switch_pair_ns(void)
{
	static _Alignas(64) char stack[STACK_SIZE];
	int64_t began_ns;

	contexts[1] = pier__switch_make(
		stack + sizeof(stack), sizeof(stack), alternate_for_ever, NULL);
	alternate(0, 1);
	began_ns = thread_ns();
	alternate(0, SWITCH_PAIRS);
	return (double)(thread_ns() - began_ns) / SWITCH_PAIRS;
}

static int
yield_often(void *arg)
{
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < YIELDS && rc == 0; i++)
		rc = pier_yield();
	return rc;
}

static double
yield_ns(void)
{
	int64_t began_ns;

	if (pier_go(NULL, yield_often, NULL) < 0)
		bench_fail(0, "%s", pier_error_line());
	began_ns = thread_ns();
	if (yield_often(NULL) < 0)
		bench_fail(0, "%s", pier_error_line());
	return (double)(thread_ns() - began_ns) / (2. * YIELDS);
}

static int
count_up(void *arg)
{
	(*(int *)arg)++;
	return 0;
}

static double
spawn_ns(void)
{
	static int ended;
	int64_t began_ns;
	int i, k;

	ended = 0;
	began_ns = thread_ns();
	for (i = 0; i < SPAWNS; i += SPAWN_BATCH) {
		for (k = 0; k < SPAWN_BATCH; k++) {
			if (pier_go(NULL, count_up, &ended) < 0)
				bench_fail(0, "%s", pier_error_line());
		}
		while (ended < i + SPAWN_BATCH)
			(void)pier_yield();
	}
	return (double)(thread_ns() - began_ns) / ended;
}

struct figure {
	const char *name;
	double (*measure)(void);
	double most_ns; /* the target */
};

static const struct figure figures[] = {
	{ "switch pair, hot", switch_pair_ns, 10 },
	{ "yield through the scheduler", yield_ns, 20 },
	{ "spawn and end", spawn_ns, 100 },
};

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
measure_all(void *arg)
{
	double ns[REPEATS];
	size_t i;
	int k;

	(void)arg;
	for (i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		const struct figure *figure = &figures[i];

		for (k = 0; k < REPEATS; k++)
			ns[k] = figure->measure();
		qsort(ns, REPEATS, sizeof(*ns), by_size);
		/* A busy neighbour and a slower clock add; nothing takes
		   away. */
		printf("tasks         %-28s %7.1f ns (median %.1f, most %.1f)"
		       "  <= %-3.0f ns  %s\n",
			figure->name, ns[0], ns[REPEATS / 2], ns[REPEATS - 1],
			figure->most_ns,
			ns[0] <= figure->most_ns ? "PASS" : "miss");
	}
	return 0;
}

int
main(void)
{
	if (pier_run(measure_all, NULL, NULL, NULL) < 0)
		bench_fail(0, "%s", pier_error_line());
	return 0;
}
