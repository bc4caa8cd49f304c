/* SPDX-License-Identifier: MIT */
/*
 * two_ends.h - a fiber that writes and one that reads, by seed, in virtual time,
 * over a stream whose buffers are of any size.
 */
#ifndef TESTS_SIM_TWO_ENDS_H
#define TESTS_SIM_TWO_ENDS_H

#include <stdbool.h>
#include <stdint.h>

#include <pier.h>

#include "chance.h"

/* The two ends while they play. */
extern struct two_ends {
	uint64_t chance; /* what is drawn comes of it */
	struct pier_stream *writer, *reader;
} ends;

static inline unsigned
ends_draw(unsigned below)
{
	return draw(&ends.chance, below);
}

/* Plays write() and read() to their end, on a connection or a pair; nothing is left
   of it. */
void two_ends_play(bool tcp, pier_task_fn *write, pier_task_fn *read);

#endif
