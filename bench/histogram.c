/* SPDX-License-Identifier: MIT */
/*
 * A duration of b bits is counted by its leading bit and the 8 bits after it.
 * Below 2^8 the index is the duration itself.
 */
#include "histogram.h"

#include <string.h>

void
histogram_clear(struct histogram *histogram)
{
	memset(histogram, 0, sizeof(*histogram));
}

void
histogram_add(struct histogram *histogram, int64_t ns)
{
	const int64_t max = (INT64_C(1) << (HISTOGRAM_DOUBLINGS +
					    HISTOGRAM_STEP_BITS - 1)) -
			    1;
	unsigned shift;

	if (ns < 0)
		ns = 0;
	if (ns > max)
		ns = max;
	shift = 63 - HISTOGRAM_STEP_BITS -
		(unsigned)__builtin_clzll(
			(unsigned long long)ns | HISTOGRAM_STEPS);
	histogram->total++;
	histogram->counts[shift * HISTOGRAM_STEPS + (unsigned)(ns >> shift)]++;
}

int64_t
histogram_at(const struct histogram *histogram, double share)
{
	const unsigned cells = HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS;
	uint64_t wanted = (uint64_t)(share * (double)histogram->total);
	uint64_t seen = 0;
	unsigned i, shift;

	for (i = 0; i < cells; i++) {
		seen += histogram->counts[i];
		if (histogram->counts[i] > 0 && seen >= wanted)
			break;
	}
	if (i == cells)
		return 0;
	if (i < 2 * HISTOGRAM_STEPS)
		return i;
	/* Cell i begins at (steps + i % steps) << shift: its middle is meant. */
	shift = i / HISTOGRAM_STEPS - 1;
	return ((int64_t)(HISTOGRAM_STEPS + i % HISTOGRAM_STEPS) << shift) +
	       (INT64_C(1) << shift) / 2;
}
