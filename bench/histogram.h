/* SPDX-License-Identifier: MIT */
/*
 * A histogram of durations: 256 steps to each doubling, so that a percentile
 * is right within 0.4 %, and adding one costs a few instructions.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEP_BITS 8
#define HISTOGRAM_STEPS     (1 << HISTOGRAM_STEP_BITS)
/* Up to 2^47 ns, a day and a half; what is longer is counted as that. */
#define HISTOGRAM_DOUBLINGS 40

struct histogram {
	uint64_t total;
	uint32_t counts[HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS];
};

void histogram_clear(struct histogram *histogram);

void histogram_add(struct histogram *histogram, int64_t ns);

/* The duration that `share` (0..1) of all were not longer than; 0 if empty. */
int64_t histogram_at(const struct histogram *histogram, double share);

#endif
