/* SPDX-License-Identifier: MIT */
/* proto/ntp_time.c - timestamps of NTP and moments of Unix; see pier/ntp.h. */
#include <pier/ntp.h>

#define SECOND_NS INT64_C(1000000000)

/* Of seconds since 1900 in era 0, downwards also for what is before. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
pier_ntp_era(int64_t seconds, uint32_t *in_era)
{
	/* The era first: adding 70 years to the last seconds that there are
	   would be too much. */
	int64_t era = floor_div(seconds, PIER_NTP_ERA);
	int64_t rest = seconds - era * PIER_NTP_ERA + PIER_NTP_UNIX;

	if (rest >= PIER_NTP_ERA) {
		era++;
		rest -= PIER_NTP_ERA;
	}
	if (in_era != NULL)
		*in_era = (uint32_t)rest;
	return era;
}

int64_t
pier_ntp_seconds(uint32_t in_era, int64_t era)
{
	/* Unsigned, as an era that is none of 64 bits would be too much. */
	return (int64_t)((uint64_t)era * (uint64_t)PIER_NTP_ERA + in_era -
			 (uint64_t)PIER_NTP_UNIX);
}

int64_t
pier_ntp_near(uint32_t in_era, int64_t pivot)
{
	uint32_t pivot_in_era;

	(void)pier_ntp_era(pivot, &pivot_in_era);
	/* The difference of 32 bits, with its sign, is the nearer one. */
	return (int64_t)((uint64_t)pivot +
			 (uint64_t)(int32_t)(in_era - pivot_in_era));
}

/* Nanoseconds of a fraction of 2^-32 s, rounded: up to a whole second. */
static uint32_t
fraction_ns(uint32_t fraction)
{
	return (uint32_t)(((uint64_t)fraction * SECOND_NS + (1U << 31)) >> 32);
}

static uint32_t
ns_fraction(uint32_t ns)
{
	return (uint32_t)((((uint64_t)ns << 32) + SECOND_NS / 2) / SECOND_NS);
}

struct pier_ntp_moment
pier_ntp_to_unix(uint64_t timestamp, int64_t pivot)
{
	struct pier_ntp_moment moment = {
		.seconds = pier_ntp_near((uint32_t)(timestamp >> 32), pivot),
		.nanoseconds = fraction_ns((uint32_t)timestamp)
	};

	if (moment.nanoseconds == SECOND_NS) {
		moment.nanoseconds = 0;
		moment.seconds++;
	}
	return moment;
}

uint64_t
pier_ntp_from_unix(struct pier_ntp_moment moment)
{
	uint32_t in_era;

	(void)pier_ntp_era(moment.seconds, &in_era);
	return (uint64_t)in_era << 32 | ns_fraction(moment.nanoseconds);
}

uint64_t
pier_ntp_from_ns(int64_t ns)
{
	int64_t rest = ns % SECOND_NS;

	if (rest < 0)
		rest += SECOND_NS;
	return pier_ntp_from_unix(
		(struct pier_ntp_moment){ .seconds = floor_div(ns, SECOND_NS),
			.nanoseconds = (uint32_t)rest });
}

int64_t
pier_ntp_to_ns(uint64_t timestamp, int64_t pivot_ns)
{
	struct pier_ntp_moment moment =
		pier_ntp_to_unix(timestamp, floor_div(pivot_ns, SECOND_NS));
	int64_t ns;

	/* 68 years from the end of the range it may be beyond it. */
	if (__builtin_mul_overflow(moment.seconds, SECOND_NS, &ns) ||
		__builtin_add_overflow(ns, (int64_t)moment.nanoseconds, &ns))
		return moment.seconds < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

int64_t
pier_ntp_short_ns(uint32_t value)
{
	return (int64_t)(((uint64_t)value * SECOND_NS + (1U << 15)) >> 16);
}

uint32_t
pier_ntp_short(int64_t ns)
{
	uint64_t seconds, fraction;

	if (ns <= 0)
		return 0;
	seconds = (uint64_t)(ns / SECOND_NS);
	fraction = (((uint64_t)(ns % SECOND_NS) << 16) + SECOND_NS - 1) /
		   SECOND_NS;
	if (seconds > UINT16_MAX || (seconds << 16) + fraction > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)((seconds << 16) + fraction);
}
