/* SPDX-License-Identifier: MIT */
/*
 * pier can watch elsewhere than on a terminal: news as lines, or events.
 */
#ifndef PIER_CLI_CAN_NEWS_H
#define PIER_CLI_CAN_NEWS_H

#include "can.h"
#include "can_table.h"

/* One of them on standard output; time_ns is of CLOCK_REALTIME. 0, or as
   cli_output(). */
int can_news_tell(struct can_teller *teller, const struct can_news *news,
	int64_t time_ns);

#endif
