/* SPDX-License-Identifier: MIT */
/*
 * base/near.h - "did you mean": of the known words, the one nearest to one that
 * is not known. Near means few slips of the typing hand: a letter missing,
 * added, wrong, or two swapped, at most one in three. The tool is built with it
 * too, for its verbs, flags and columns.
 */
#ifndef PIER_BASE_NEAR_H
#define PIER_BASE_NEAR_H

#include <stddef.h>

/* Longer words are never near. */
#define PIER__NEAR_MAX 40

struct pier__near {
	const char *wrong;
	const char *best; /* NULL while none is near enough */
	size_t slips;     /* of best, or one more than is near enough */
};

/* Both words are borrowed. */
void pier__near_start(struct pier__near *near, const char *wrong);
void pier__near_try(struct pier__near *near, const char *known);

#endif
