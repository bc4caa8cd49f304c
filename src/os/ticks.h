/* SPDX-License-Identifier: MIT */
/*
 * os/ticks.h - the processor's own counter, for stretches of time that are
 * measured at every switch, where the clock would be too dear. Ticks are of no
 * fixed length: whoever wants nanoseconds compares with the clock over a while.
 * Not in the call table: a simulated clock stands still while code runs.
 */
#ifndef PIER_OS_TICKS_H
#define PIER_OS_TICKS_H

#include <stdint.h>

#include "os/calls.h"

static inline uint64_t
pier__ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#else
	return (uint64_t)pier__calls_real.clock_ns();
#endif
}

#endif
