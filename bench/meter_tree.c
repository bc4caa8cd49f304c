/* SPDX-License-Identifier: MIT */
/*
 * Processor time of a server that is several processes, or makes one for each
 * connection: a CPU clock ends with its process, and a process that the kernel
 * reaps leaves its time to nobody. A perf event of the kind "task clock" that
 * is inherited counts all that is made later, the dead included.
 */
#include "meter.h"

#include "common.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_NS (5 * NS_PER_S)

struct tree {
	pid_t threads[METER_TREE_MAX]; /* of all processes */
	int thread_count;
	int process_count;
};

static void add_children(struct tree *tree, pid_t pid, pid_t thread);

/* All threads of a process, and what they forked. */
static void
add_process(struct tree *tree, pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL)
		return; /* it has just ended */
	tree->process_count++;
	while ((entry = readdir(dir)) != NULL) {
		pid_t thread = atoi(entry->d_name);

		if (thread <= 0)
			continue;
		if (tree->thread_count == METER_TREE_MAX)
			bench_fail(0, "the server has over %d threads",
				METER_TREE_MAX);
		tree->threads[tree->thread_count++] = thread;
		add_children(tree, pid, thread);
	}
	closedir(dir);
}

static void
add_children(struct tree *tree, pid_t pid, pid_t thread)
{
	char path[96];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		(int)thread);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fscanf(file, "%d", &child) == 1)
		add_process(tree, child);
	fclose(file);
}

/* What is forked after an event was opened is counted by it: so all that the
   server forks at its start has to be there before. */
static void
wait_for(struct tree *tree, pid_t pid, int processes)
{
	int64_t end_ns = bench_now_ns() + PATIENCE_NS;

	for (;;) {
		memset(tree, 0, sizeof(*tree));
		add_process(tree, pid);
		if (tree->process_count == processes)
			return;
		if (bench_now_ns() > end_ns)
			bench_fail(0,
				"the server is %d processes after 5 s, not %d",
				tree->process_count, processes);
		usleep(1000);
	}
}

/* Where the kernel keeps other things from who asks, it lets him have those
   without the kernel's part; this clock has no such part, and counts all. */
static int
open_event(pid_t thread)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.size = sizeof(attr),
		.inherit = 1,
		.exclude_kernel = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, thread, -1, -1,
		PERF_FLAG_FD_CLOEXEC);
}

void
meter_open_tree(struct meter *meter, pid_t pid, int processes)
{
	struct tree tree;
	int i;

	meter_open(meter, pid);
	wait_for(&tree, pid, processes);
	for (i = 0; i < tree.thread_count; i++) {
		meter->events[i] = open_event(tree.threads[i]);
		if (meter->events[i] < 0) {
			fprintf(stderr, "perf_event_open: %s\n",
				strerror(errno));
			exit(METER_REFUSED);
		}
	}
	meter->event_count = tree.thread_count;
}

int64_t
meter_tree_ns(const struct meter *meter)
{
	uint64_t ns, sum = 0;
	int i;

	for (i = 0; i < meter->event_count; i++) {
		if (read(meter->events[i], &ns, sizeof(ns)) != sizeof(ns))
			bench_fail(errno, "reading a task clock");
		sum += ns;
	}
	return (int64_t)sum;
}
