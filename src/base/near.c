/* SPDX-License-Identifier: MIT */
/*
 * base/near.c - the distance of two words, a row of its table at a time; the
 * two rows above are enough for a slip and for a swap.
 */
#include "base/near.h"

#include <string.h>

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
slips_between(const char *from, const char *to)
{
	size_t rows[3][PIER__NEAR_MAX + 1];
	size_t from_len = strlen(from), to_len = strlen(to);
	size_t i, j;

	for (j = 0; j <= to_len; j++)
		rows[0][j] = j;
	for (i = 1; i <= from_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *up = rows[(i + 2) % 3];
		const size_t *two_up = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= to_len; j++) {
			row[j] = least(up[j], row[j - 1]) + 1;
			row[j] = least(
				row[j], up[j - 1] + (from[i - 1] != to[j - 1]));
			if (i > 1 && j > 1 && from[i - 1] == to[j - 2] &&
				from[i - 2] == to[j - 1])
				row[j] = least(row[j], two_up[j - 2] + 1);
		}
	}
	return rows[from_len % 3][to_len];
}

void
pier__near_start(struct pier__near *near, const char *wrong)
{
	*near = (struct pier__near){ .wrong = wrong,
		.slips = (strlen(wrong) + 1) / 3 + 1 };
}

void
pier__near_try(struct pier__near *near, const char *known)
{
	size_t wrong_len = strlen(near->wrong), known_len = strlen(known);
	size_t slips = wrong_len > known_len ? wrong_len - known_len
					     : known_len - wrong_len;

	/* Each letter that one has more than the other is a slip at least. */
	if (wrong_len > PIER__NEAR_MAX || known_len > PIER__NEAR_MAX ||
		slips >= near->slips)
		return;
	slips = slips_between(near->wrong, known);
	if (slips < near->slips) {
		near->slips = slips;
		near->best = known;
	}
}
