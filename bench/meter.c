/* SPDX-License-Identifier: MIT */
/*
 * Processor time comes from the process's CPU clock, which counts
 * nanoseconds; utime and stime of /proc/PID/stat add up to the same and are
 * cut to ticks of 10 ms.
 *
 * Memory comes from smaps_rollup, which walks the page tables: the RSS of
 * /proc/PID/statm lags by up to 64 pages per core.
 */
#include "meter.h"

#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
only_core_of(pid_t pid)
{
	cpu_set_t set;
	int core;

	CPU_ZERO(&set);
	if (sched_getaffinity(pid, sizeof(set), &set) < 0)
		bench_fail(errno, "sched_getaffinity of %d", (int)pid);
	if (CPU_COUNT(&set) != 1)
		return -1;
	for (core = 0; !CPU_ISSET(core, &set); core++)
		;
	return core;
}

void
meter_open(struct meter *meter, pid_t pid)
{
	int error = clock_getcpuclockid(pid, &meter->server_clock);

	if (error != 0)
		bench_fail(error, "no CPU clock of process %d", (int)pid);
	meter->pid = pid;
	meter->core = only_core_of(pid);
}

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		bench_fail(errno, "the server has gone: its CPU clock");
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Everything but idle and waiting for a disk, from /proc/stat. */
static int64_t
core_busy_ns(int core)
{
	const int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
	FILE *file = fopen("/proc/stat", "re");
	char line[512], format[64];
	int64_t busy = 0;

	if (file == NULL)
		bench_fail(errno, "/proc/stat");
	snprintf(format, sizeof(format), "cpu%d ", core);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, format, strlen(format)) != 0)
			continue;
		if (sscanf(line + strlen(format),
			    "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			    " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			    &user, &nice, &system, &idle, &iowait, &irq,
			    &softirq, &steal) == 8)
			busy = (int64_t)(user + nice + system + irq + softirq +
					 steal) *
			       tick_ns;
	}
	fclose(file);
	return busy;
}

void
meter_read(const struct meter *meter, struct meter_sample *sample)
{
	sample->core_ns = meter->core < 0 ? 0 : core_busy_ns(meter->core);
	sample->own_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	sample->server_ns = meter->event_count > 0
				    ? meter_tree_ns(meter)
				    : clock_ns(meter->server_clock);
	sample->wall_ns = bench_now_ns();
}

int64_t
meter_resident(const struct meter *meter)
{
	char path[64], line[256];
	int64_t kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)meter->pid);
	file = fopen(path, "re");
	if (file == NULL)
		bench_fail(errno, "%s", path);
	while (kib < 0 && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Rss: %" SCNd64 " kB", &kib);
	fclose(file);
	if (kib < 0)
		bench_fail(0, "%s: no line 'Rss:'", path);
	return kib * 1024;
}
