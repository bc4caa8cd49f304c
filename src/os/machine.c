/* SPDX-License-Identifier: MIT */
/* os/machine.c - see machine.h. */
#include "os/machine.h"

#include <limits.h>
#include <sched.h>
#include <sys/resource.h>

int
pier__machine_descriptors(void)
{
	struct rlimit limit;

	/* It fails for a bad pointer only; 1024 is what most systems have. */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	return limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur;
}

int
pier__machine_cores(void)
{
	cpu_set_t set;

	/* Fails on machines with more cores than a cpu_set_t has room for;
	   one worker is right everywhere. */
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return CPU_COUNT(&set);
}
