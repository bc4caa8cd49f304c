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

struct meter {
	pid_t pid; /* of the server */
	clockid_t server_clock;
	int core; /* the one the server is pinned to, -1 if it is not */
};

/* Begin to watch process `pid`, or exit 2. */
void meter_open(struct meter *meter, pid_t pid);

void meter_read(const struct meter *meter, struct meter_sample *sample);

/* Resident memory of the server, in bytes, counted page by page. */
int64_t meter_resident(const struct meter *meter);

#endif
