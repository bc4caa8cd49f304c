/* SPDX-License-Identifier: MIT */
/* task/stretch.c - see stretch.h. */
#include "task/stretch.h"

#include "os/calls.h"

void
pier__stretch_turn_end(struct pier__stretch *it)
{
	uint64_t ticks = pier__ticks() - it->turn_ticks;
	int64_t ns;

	/* In most turns nobody ran as long as somebody before, and the clock is
	   not looked at: the counter is as even as the clock. */
	if (it->most <= it->max_ticks || it->most > ticks)
		return;
	it->max_ticks = it->most;
	ns = pier__calls()->clock_ns() - it->turn_at;
	ns = (int64_t)((double)ns * (double)it->most / (double)ticks);
	if (ns <= it->max_ns)
		return;
	it->max_ns = ns;
	it->longest(it->arg, it->tag, ns);
}
