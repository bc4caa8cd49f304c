/* SPDX-License-Identifier: MIT */
/* task/stretch.c - see stretch.h. */
#include "task/stretch.h"

#include "os/calls.h"

/* What a fiber may run in a crowd before it is looked at. */
#define ORDINARY_NS INT64_C(20000)
/* Turns that are watched after a suspicious one. */
#define WATCHED_TURNS 1000

static void
note(struct pier__stretch *it, uint64_t tag, int64_t ns)
{
	if (ns <= it->max_ns)
		return;
	it->max_ns = ns;
	it->longest(it->arg, tag, ns);
}

void
pier__stretch_time(struct pier__stretch *it, uint64_t tag)
{
	int64_t now = pier__calls()->clock_ns();

	note(it, tag, now - it->since);
	it->since = now;
}

void
pier__stretch_turn_end(struct pier__stretch *it)
{
	int64_t ran;

	if (it->watched > 0) {
		it->watched--;
		return;
	}
	ran = pier__calls()->clock_ns() - it->turn_at;
	if (it->count == 1)
		note(it, it->tag, ran);
	else if (ran - it->count * ORDINARY_NS > it->max_ns)
		it->watched = WATCHED_TURNS;
}
