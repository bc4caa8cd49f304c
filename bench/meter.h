/* SPDX-License-Identifier: MIT */
/*
 * What the server spends between two moments: processor time of its own and
 * of others on its core, and its resident memory.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct meter_sample {
	int64_t wall_ns;
	int64_t server_ns; /* user and system time of the server */
	int64_t own_ns;    /* the same of this process */
	int64_t core_ns;   /* all busy time of the server's core */
};

/* Threads of a server in all its processes, at its start. */
#define METER_TREE_MAX 1024

struct meter {
	pid_t pid; /* of the server */
	clockid_t server_clock;
	int core;        /* the one the server is pinned to, -1 if it is not */
	int event_count; /* 0: the clock tells all */
	int events[METER_TREE_MAX];
};

/* Begin to watch process `pid`, or exit 2. */
void meter_open(struct meter *meter, pid_t pid);

/*
 * The same for a server that is `processes` processes, `pid` and those that it
 * forked: waits, at most 5 s, until all are there. They are counted, and all
 * that they start from now on, the ended too. Where
 * perf_event_open(2) is refused it prints that and exits METER_REFUSED.
 */
#define METER_REFUSED 3

void meter_open_tree(struct meter *meter, pid_t pid, int processes);

/* Processor time since then of what meter_open_tree() found and all that came
   of it. */
int64_t meter_tree_ns(const struct meter *meter);

void meter_read(const struct meter *meter, struct meter_sample *sample);

/* Resident memory of the server, in bytes, counted page by page. */
int64_t meter_resident(const struct meter *meter);

#endif
