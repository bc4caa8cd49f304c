/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: when a call has to be back, as an absolute moment.
 *
 * A deadline is absolute so that one value bounds a whole conversation: it
 * can be handed down through any number of calls, and a peer that trickles
 * bytes cannot extend it. It counts nanoseconds of CLOCK_MONOTONIC, wrapped
 * in a struct so that a number of milliseconds cannot be passed by mistake.
 */
#ifndef PIER_DEADLINE_H
#define PIER_DEADLINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	int64_t ns; /* CLOCK_MONOTONIC; INT64_MAX, 0 and -1 are special */
} pier_deadline;

/* pier_deadline_at(ns): the moment ns of CLOCK_MONOTONIC. */
static inline pier_deadline
pier_deadline_at(int64_t ns)
{
	pier_deadline deadline;

	deadline.ns = ns;
	return deadline;
}

/* Never gives up. */
#define PIER_FOREVER pier_deadline_at(INT64_MAX)
/* Tries once and answers -EAGAIN where it would have to wait. */
#define PIER_NOW pier_deadline_at(0)
/* The stream's timeout, else the process-wide default, else (inside a server)
   the idle limit, else for ever; counted from the start of the call. */
#define PIER_DEFAULT pier_deadline_at(-1)

/* pier_now(): nanoseconds of CLOCK_MONOTONIC (virtual in a simulation). */
int64_t pier_now(void);

/*
 * pier_in_ns(n), pier_in_ms(n), pier_in_s(n): the moment n from now. n < 0
 * counts as 0: such a deadline has passed already. Far beyond the range of
 * the clock gives PIER_FOREVER.
 */
pier_deadline pier_in_ns(int64_t ns);
pier_deadline pier_in_ms(int64_t ms);
pier_deadline pier_in_s(int64_t s);

/* pier_earlier(a, b): the one that comes first. Neither is PIER_DEFAULT. */
static inline pier_deadline
pier_earlier(pier_deadline a, pier_deadline b)
{
	return a.ns < b.ns ? a : b;
}

/*
 * pier_left_ns(deadline): nanoseconds until it passes, 0 when it has,
 * INT64_MAX for PIER_FOREVER and PIER_DEFAULT.
 */
int64_t pier_left_ns(pier_deadline deadline);

/* In option structs: 0 is the default of a field, PIER_OFF is none. */
#define PIER_OFF (-1)

/*
 * The timeout that PIER_DEFAULT stands for in streams without their own, as
 * Python's socket.setdefaulttimeout(): milliseconds, PIER_NO_TIMEOUT for none
 * (the start value), 0 for never wait. Process-wide, safe from any thread.
 */
#define PIER_NO_TIMEOUT (-1)
void pier_set_default_timeout(int64_t ms);
int64_t pier_default_timeout(void);

#ifdef __cplusplus
}
#endif

#endif
