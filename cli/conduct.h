/* SPDX-License-Identifier: MIT */
/*
 * Run a verb as fibers that a signal can stop.
 */
#ifndef PIER_CLI_CONDUCT_H
#define PIER_CLI_CONDUCT_H

#include "report.h"

/*
 * cli_conduct(tool, fn, arg): run fn(group, arg) as the first task of group;
 * it may start others in it. The first signal to end cancels the group.
 *
 * Returns fn's exit code, or 128 and the number of the signal that stopped it.
 */
int cli_conduct(struct cli_tool *tool,
	int (*fn)(struct pier_group *group, void *arg), void *arg);

#endif
