/* SPDX-License-Identifier: MIT */
/*
 * task/stretch.h - the longest stretch that a fiber ran without a wait, while
 * all others of its thread stood still.
 *
 * Every switch is timed, by the processor's own counter: a look at the clock
 * would cost twice as much. The longest of a turn becomes nanoseconds by the
 * turn's own length in both.
 */
#ifndef PIER_TASK_STRETCH_H
#define PIER_TASK_STRETCH_H

#include <stddef.h>
#include <stdint.h>

#include "os/ticks.h"

struct pier__stretch {
	/* Called with each that is longer than all before and the tag of its
	   task; NULL: not measured. */
	void (*longest)(void *arg, uint64_t tag, int64_t ns);
	void *arg;
	int64_t max_ns;
	uint64_t max_ticks;  /* the same by the counter */
	int64_t turn_at;     /* moment of the clock at which the turn began */
	uint64_t turn_ticks; /* the same by the counter */
	uint64_t since;      /* of the stretch that goes on */
	/* Ticks of the longest that ended in this turn, if it is longer than
	   max_ticks: no other matters. */
	uint64_t most;
	uint64_t tag; /* whose it was */
};

/* A turn ends: its longest is told, if it is longer than all before. */
void pier__stretch_turn_end(struct pier__stretch *it);

/* now: the clock's moment of a turn that begins. */
static inline void
pier__stretch_turn_begin(struct pier__stretch *it, int64_t now)
{
	it->turn_at = now;
	it->turn_ticks = pier__ticks();
	it->since = it->turn_ticks;
	it->most = it->max_ticks;
}

/* A fiber stops running; *tag is read only where it is needed. */
static inline __attribute__((always_inline)) void
pier__stretch_switch(struct pier__stretch *it, const uint64_t *tag)
{
	uint64_t now = pier__ticks();
	uint64_t ran = now - it->since;

	it->since = now;
	if (__builtin_expect(ran > it->most, 0)) {
		it->most = ran;
		it->tag = *tag;
	}
}

#endif
