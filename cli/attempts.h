/* SPDX-License-Identifier: MIT */
/* Which addresses a dial tried, and what came of each. */
#ifndef PIER_CLI_ATTEMPTS_H
#define PIER_CLI_ATTEMPTS_H

#include "report.h"

#include <jansson.h>

/* For people, with -v. endpoint: as it was dialled. */
void cli_attempts_say(const struct cli_tool *tool,
	const struct pier_dial_report *report, const char *endpoint);

/* As an array, owned by the caller. */
json_t *cli_attempts_json(const struct pier_dial_report *report);

#endif
