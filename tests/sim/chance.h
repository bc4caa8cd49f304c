/* SPDX-License-Identifier: MIT */
/* chance.h - what tests by seed draw, and how many seeds they play. */
#ifndef TESTS_SIM_CHANCE_H
#define TESTS_SIM_CHANCE_H

#include <stdint.h>
#include <stdlib.h>

/* Numerical Recipes' generator: the high bits are good enough. */
static inline unsigned
draw(uint64_t *chance, unsigned below)
{
	*chance = *chance * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*chance >> 33) % below;
}

/* SIM_SEEDS=N plays so many; by default what a test may take. */
static inline uint64_t
seeds(uint64_t usual)
{
	const char *text = getenv("SIM_SEEDS");

	return text != NULL ? strtoull(text, NULL, 10) : usual;
}

#endif
