/* SPDX-License-Identifier: MIT */
/*
 * What every program of bench/ needs: time, numbers from the command line, a
 * way to give up, and as many descriptors as the system lets one process have.
 *
 * These programs are yardsticks for libpier, so none of this comes from it.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Print one line, with errno's meaning if `error` is not 0, and exit 2. */
void bench_fail(int error, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* CLOCK_MONOTONIC. */
int64_t bench_now_ns(void);

/* One whole number of the command line, within [min, max], or exit 2. */
long bench_number(const char *name, const char *text, long min, long max);

/* Raise the soft limit on descriptors to the hard one. */
void bench_raise_descriptor_limit(void);

#endif
