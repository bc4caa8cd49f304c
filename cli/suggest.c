/* SPDX-License-Identifier: MIT */
/*
 * Edit distance with swaps (optimal string alignment), three rows at a time:
 * the row above is enough for a missing, added or wrong letter, the one above
 * that for two letters swapped.
 */
#include "suggest.h"

#include <string.h>

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][CLI_SUGGEST_MAX + 1];
	size_t *two_up = rows[0], *up = rows[1], *row = rows[2], *spare;
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		up[j] = j;
	for (i = 1; i <= a_len; i++) {
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			row[j] = least(up[j], row[j - 1]) + 1;
			row[j] = least(
				row[j], up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_up[j - 2] + 1);
		}
		spare = two_up;
		two_up = up;
		up = row;
		row = spare;
	}
	return up[b_len];
}

void
cli_suggest_start(struct cli_suggest *suggest, const char *wrong)
{
	suggest->wrong = wrong;
	suggest->best = NULL;
	/* A two-letter word may have one slip too, a single letter none. */
	suggest->distance = (strlen(wrong) + 1) / 3 + 1;
}

void
cli_suggest_try(struct cli_suggest *suggest, const char *known)
{
	size_t wrong_len = strlen(suggest->wrong), known_len = strlen(known);
	size_t slips;

	if (wrong_len > CLI_SUGGEST_MAX || known_len > CLI_SUGGEST_MAX)
		return;
	slips = distance(suggest->wrong, wrong_len, known, known_len);
	if (slips < suggest->distance) {
		suggest->distance = slips;
		suggest->best = known;
	}
}
