/* SPDX-License-Identifier: MIT */
/* proto/ntp_select.c - which clocks to believe; see pier/ntp.h. */
#include <pier/ntp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the interval of a clock begins or ends. */
struct edge {
	int64_t at;
	int step; /* +1: begins, -1: ends */
};

/* Offsets are at most 2^62: sums and differences of two of them are numbers. */
#define FAR_NS (INT64_C(1) << 61)

static int64_t
within(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static void
interval(const struct pier_ntp_clock *clock, int64_t *low, int64_t *high)
{
	int64_t offset = within(clock->offset_ns, -FAR_NS, FAR_NS);
	int64_t bound = within(clock->bound_ns, 0, FAR_NS);

	*low = offset - bound;
	*high = offset + bound;
}

/* Where two touch they have that moment in common: beginnings come first. */
static int
by_place(const void *a, const void *b)
{
	const struct edge *one = a, *two = b;

	if (one->at != two->at)
		return one->at < two->at ? -1 : 1;
	return two->step - one->step;
}

static size_t
find_edges(
	struct edge *edges, const struct pier_ntp_clock *clocks, size_t count)
{
	int64_t low, high;
	size_t n = 0, i;

	for (i = 0; i < count; i++) {
		if (!clocks[i].usable)
			continue;
		interval(&clocks[i], &low, &high);
		edges[n++] = (struct edge){ low, 1 };
		edges[n++] = (struct edge){ high, -1 };
	}
	qsort(edges, n, sizeof(edges[0]), by_place);
	return n;
}

/* The first stretch that the most intervals share. How many those are. */
static size_t
most_shared(const struct edge *edges, size_t n, struct pier_ntp_verdict *out)
{
	size_t most = 0, open = 0, i;

	for (i = 0; i < n; i++) {
		if (edges[i].step < 0) {
			open--;
			continue;
		}
		if (++open <= most)
			continue;
		most = open;
		out->low_ns = edges[i].at;
		/* Whatever comes next ends it: another beginning would be the
		   beginning of a better one. */
		out->high_ns = edges[i + 1].at;
	}
	return most;
}

static void
vote(struct pier_ntp_clock *clocks, size_t count, struct pier_ntp_verdict *out)
{
	int64_t low, high;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!clocks[i].usable)
			continue;
		interval(&clocks[i], &low, &high);
		if (low <= out->high_ns && high >= out->low_ns) {
			if (out->truechimers++ == 0 ||
				clocks[i].bound_ns < clocks[out->best].bound_ns)
				out->best = i;
			clocks[i].vote = PIER_NTP_TRUECHIMER;
		} else {
			out->falsetickers++;
			clocks[i].vote = PIER_NTP_FALSETICKER;
		}
	}
}

/* As a distance from the best, so that the numbers are small and the sum is
   exact where all are the same. */
static void
combine(const struct pier_ntp_clock *clocks, size_t count,
	struct pier_ntp_verdict *out)
{
	int64_t base = within(clocks[out->best].offset_ns, -FAR_NS, FAR_NS);
	double sum = 0, weights = 0, weight;
	int64_t low, high, away;
	size_t i;

	for (i = 0; i < count; i++) {
		if (clocks[i].vote != PIER_NTP_TRUECHIMER)
			continue;
		interval(&clocks[i], &low, &high);
		/* 1 ns is nothing to a bound, and keeps one of 0 finite. */
		weight = 1.0 / ((double)(high - low) / 2 + 1);
		weights += weight;
		away = low + (high - low) / 2 - base;
		sum += weight * (double)away;
	}
	out->offset_ns = within(
		base + (int64_t)(sum / weights), out->low_ns, out->high_ns);
	out->bound_ns = out->offset_ns - out->low_ns;
	if (out->high_ns - out->offset_ns > out->bound_ns)
		out->bound_ns = out->high_ns - out->offset_ns;
}

static int
decide(struct pier_ntp_clock *clocks, size_t count,
	struct pier_ntp_verdict *out)
{
	struct edge edges[2 * PIER_NTP_CLOCKS_MAX];
	size_t n = find_edges(edges, clocks, count), i;

	out->usable = n / 2;
	out->enough = out->usable > 2;
	if (n == 0)
		return 0;
	if (2 * most_shared(edges, n, out) <= out->usable) {
		out->low_ns = out->high_ns = 0;
		for (i = 0; i < count; i++)
			if (clocks[i].usable)
				clocks[i].vote = PIER_NTP_UNDECIDED;
		return 0;
	}
	vote(clocks, count, out);
	combine(clocks, count, out);
	return (int)out->truechimers;
}

int
pier_ntp_select_sized(struct pier_ntp_clock *clocks, size_t clock_size,
	size_t count, struct pier_ntp_verdict *out, size_t out_size)
{
	struct pier_ntp_clock own[PIER_NTP_CLOCKS_MAX] = { { false } };
	struct pier_ntp_verdict verdict = { 0 };
	size_t size = clock_size < sizeof(own[0]) ? clock_size : sizeof(own[0]);
	size_t i;
	int rc;

	if (count > PIER_NTP_CLOCKS_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		memcpy(&own[i], (char *)clocks + i * clock_size, size);
		own[i].vote = PIER_NTP_UNUSED;
	}
	rc = decide(own, count, &verdict);
	for (i = 0; i < count; i++)
		memcpy((char *)clocks + i * clock_size, &own[i], size);
	memcpy(out, &verdict,
		out_size < sizeof(verdict) ? out_size : sizeof(verdict));
	return rc;
}
