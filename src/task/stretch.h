/* SPDX-License-Identifier: MIT */
/*
 * task/stretch.h - the longest stretch that a fiber ran without a wait, while
 * all others of its thread stood still.
 *
 * Timing every switch would cost a percent of a server's work. So a turn is
 * timed as a whole: with one fiber in it, that is the stretch. A turn of many
 * that took longer than so many fibers explain has a long one somewhere: then
 * every switch of the next turns is timed. What is noted is exact; one that
 * was long only once, in a crowd, escapes.
 */
#ifndef PIER_TASK_STRETCH_H
#define PIER_TASK_STRETCH_H

#include <stddef.h>
#include <stdint.h>

struct pier__stretch {
	/* Called with each that is longer than all before and the tag of its
	   task; NULL: not measured. */
	void (*longest)(void *arg, uint64_t tag, int64_t ns);
	void *arg;
	int64_t max_ns;
	int64_t turn_at;  /* moments of the clock */
	int64_t since;    /* the stretch that goes on, in a watched turn */
	uint64_t tag;     /* of the first of this turn */
	uint32_t count;   /* stretches of this turn that have ended */
	uint32_t watched; /* turns left in which each is timed */
};

/* The one that went on ends; the next one begins. */
void pier__stretch_time(struct pier__stretch *it, uint64_t tag);
/* A turn ends; now is the moment at which the next one begins. */
void pier__stretch_turn_end(struct pier__stretch *it);

static inline void
pier__stretch_turn_begin(struct pier__stretch *it, int64_t now)
{
	it->turn_at = now;
	it->since = now;
	it->count = 0;
}

/* A fiber stops running. */
static inline void
pier__stretch_switch(struct pier__stretch *it, uint64_t tag)
{
	if (it->count++ == 0)
		it->tag = tag;
	if (it->watched > 0)
		pier__stretch_time(it, tag);
}

#endif
