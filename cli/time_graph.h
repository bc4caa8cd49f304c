/* SPDX-License-Identifier: MIT */
/*
 * Offsets over time as characters: one column for each, the newest at the right
 * edge. Pure. ASCII alone, since a terminal's character set is not asked.
 */
#ifndef PIER_CLI_TIME_GRAPH_H
#define PIER_CLI_TIME_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest and the largest that is drawn, whatever the terminal has. */
#define TIME_GRAPH_COLUMNS_MIN 20
#define TIME_GRAPH_COLUMNS_MAX 256
#define TIME_GRAPH_ROWS_MIN    3
#define TIME_GRAPH_ROWS_MAX    32

/* Room for all of it with its newlines and its end. */
#define TIME_GRAPH_TEXT ((TIME_GRAPH_COLUMNS_MAX + 1) * TIME_GRAPH_ROWS_MAX + 1)

struct time_point {
	bool known; /* false: there was no answer */
	int64_t offset_ns;
};

/*
 * time_graph_draw(out, points, count, columns, rows): draw the last points that
 * there is room for, oldest first.
 *
 *   out      TIME_GRAPH_TEXT bytes
 *   columns  none of its lines is longer; rows of them there are
 *
 * The height is that of the points alone, and at least 1 us, so that what
 * changes can be seen; where 0 is in between it is a line of '-'. A point
 * without an answer is an 'x' in the lowest row. The first, the middle and the
 * last row have their offset in front. The length of the text.
 */
size_t time_graph_draw(char *out, const struct time_point *points, size_t count,
	int columns, int rows);

/*
 * time_graph_fit(line, columns): cut a line of UTF-8 off, so that it takes no
 * more columns; its length.
 */
size_t time_graph_fit(char *line, size_t columns);

#endif
