/* SPDX-License-Identifier: MIT */
/* See time_graph.h. */
#include "time_graph.h"

#include "time_value.h"

#include <string.h>

enum {
	LABEL = 14, /* "-999.999999 ms" */
	EDGE = 2,   /* " |" behind it */
	HEIGHT_MIN_NS = 1000,
};

struct scale {
	bool any; /* there is a point with an offset */
	int64_t high_ns, low_ns;
	int rows;
};

static int
clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static struct scale
scale_of(const struct time_point *points, size_t count, int rows)
{
	struct scale scale = { .rows = rows };
	uint64_t height;
	size_t i;

	for (i = 0; i < count; i++) {
		int64_t ns = points[i].offset_ns;

		if (!points[i].known)
			continue;
		if (!scale.any || ns > scale.high_ns)
			scale.high_ns = ns;
		if (!scale.any || ns < scale.low_ns)
			scale.low_ns = ns;
		scale.any = true;
	}
	height = (uint64_t)scale.high_ns - (uint64_t)scale.low_ns;
	/* Away from the ends of the numbers, where there is room for it. */
	if (height < HEIGHT_MIN_NS && scale.high_ns < INT64_MAX / 2 &&
		scale.low_ns > INT64_MIN / 2) {
		int64_t more = (HEIGHT_MIN_NS - (int64_t)height) / 2;

		scale.high_ns += more;
		scale.low_ns -= more;
	}
	return scale;
}

static double
height_of(const struct scale *scale)
{
	return (double)scale->high_ns - (double)scale->low_ns;
}

/* From 0, the highest. */
static int
row_of(const struct scale *scale, int64_t ns)
{
	double part = ((double)scale->high_ns - (double)ns) / height_of(scale);

	return clamp((int)(part * (scale->rows - 1) + 0.5), 0, scale->rows - 1);
}

static int64_t
offset_of(const struct scale *scale, int row)
{
	double part = (double)row / (scale->rows - 1);

	if (row == 0)
		return scale->high_ns;
	if (row == scale->rows - 1)
		return scale->low_ns;
	/* The whole height may be beyond 64 bits; in halves nothing is. */
	return (int64_t)((double)scale->high_ns * (1 - part) +
			 (double)scale->low_ns * part);
}

static void
put_label(char *out, const struct scale *scale, int row)
{
	char text[TIME_TEXT];
	size_t len;

	if (!scale->any ||
		(row != 0 && row != scale->rows / 2 && row != scale->rows - 1))
		return;
	time_offset_text(offset_of(scale, row), text, sizeof(text));
	len = strlen(text);
	if (len > LABEL)
		len = LABEL;
	memcpy(out + LABEL - len, text, len);
}

/* How a point looks in a row; 0: not at all. */
static char
mark_of(const struct time_point *point, const struct scale *scale, int row)
{
	if (!point->known)
		return row == scale->rows - 1 ? 'x' : '\0';
	return row_of(scale, point->offset_ns) == row ? 'o' : '\0';
}

static bool
is_zero_row(const struct scale *scale, int row)
{
	return scale->any && scale->low_ns <= 0 && scale->high_ns >= 0 &&
	       row_of(scale, 0) == row;
}

/* width columns of points behind the label, and a newline. */
static void
draw_row(char *line, const struct scale *scale, int row,
	const struct time_point *points, size_t count, size_t width)
{
	char *plot = line + LABEL + EDGE;
	size_t i;

	memset(line, ' ', LABEL + EDGE);
	put_label(line, scale, row);
	line[LABEL + 1] = '|';
	memset(plot, is_zero_row(scale, row) ? '-' : ' ', width);
	for (i = 0; i < count; i++) {
		char mark = mark_of(&points[i], scale, row);

		if (mark != '\0')
			plot[width - count + i] = mark;
	}
	plot[width] = '\n';
}

size_t
time_graph_draw(char *out, const struct time_point *points, size_t count,
	int columns, int rows)
{
	struct scale scale;
	size_t width, at = 0;
	int row;

	columns =
		clamp(columns, TIME_GRAPH_COLUMNS_MIN, TIME_GRAPH_COLUMNS_MAX);
	rows = clamp(rows, TIME_GRAPH_ROWS_MIN, TIME_GRAPH_ROWS_MAX);
	width = (size_t)columns - LABEL - EDGE;
	if (count > width) {
		points += count - width;
		count = width;
	}
	scale = scale_of(points, count, rows);
	for (row = 0; row < rows; row++) {
		draw_row(out + at, &scale, row, points, count, width);
		at += (size_t)columns + 1;
	}
	out[at] = '\0';
	return at;
}

size_t
time_graph_fit(char *line, size_t columns)
{
	size_t taken = 0, i;

	for (i = 0; line[i] != '\0'; i++) {
		/* What follows the first byte of a character takes no column. */
		if (((unsigned char)line[i] & 0xc0) == 0x80)
			continue;
		if (taken++ == columns)
			break;
	}
	line[i] = '\0';
	return i;
}
