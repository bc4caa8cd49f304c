/* SPDX-License-Identifier: MIT */
/*
 * pier can watch on a terminal: a line for each identifier, drawn over the last
 * picture. The cursor is hidden meanwhile, and nothing else of the terminal is
 * changed.
 */
#ifndef PIER_CLI_CAN_VIEW_H
#define PIER_CLI_CAN_VIEW_H

#include "can.h"
#include "can_table.h"

struct can_view;

/* What the first line tells, besides what is in the table. */
struct can_view_head {
	const char *names; /* of the interfaces */
	int64_t frames;
	int64_t dropped;
};

/* Is standard output a terminal that pictures can be drawn on? */
bool can_view_fits(const struct cli_tool *tool);

/* hold_ns is how long a change stays marked. 0, -ENOMEM, or as cli_output(). */
int can_view_open(
	struct can_view **out, const struct cli_tool *tool, int64_t hold_ns);

/* The picture of now, by the clock of the table. 0, or as cli_output(). */
int can_view_draw(struct can_view *view, const struct can_table *table,
	const struct can_view_head *head, int64_t now);

/* The cursor is shown again. NULL is fine. */
void can_view_close(struct can_view *view);

#endif
