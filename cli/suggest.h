/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the known word nearest to one that is not known.
 *
 * Feed every known word to cli_suggest_try() and ask at the end. Near means:
 * few slips of the typing hand (a letter missing, added, wrong, or two
 * swapped), at most one in three letters; a guess further off would only
 * mislead.
 */
#ifndef PIER_CLI_SUGGEST_H
#define PIER_CLI_SUGGEST_H

#include <stddef.h>

/* Longer words are never suggested for, nor suggested. */
#define CLI_SUGGEST_MAX 32

struct cli_suggest {
	const char *wrong;
	const char *best; /* NULL while nothing is near enough */
	size_t distance;  /* of best, or one more than is near enough */
};

void cli_suggest_start(struct cli_suggest *suggest, const char *wrong);
void cli_suggest_try(struct cli_suggest *suggest, const char *known);

#endif
