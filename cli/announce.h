/* SPDX-License-Identifier: MIT */
/*
 * pier announce: announce_options.c has the tables, announce.c runs it,
 * announce_tell.c says each step.
 */
#ifndef PIER_CLI_ANNOUNCE_H
#define PIER_CLI_ANNOUNCE_H

#include <pier.h>

#include "lan.h"
#include "options.h"
#include "report.h"

struct announce_settings {
	struct cli_common common;
	const char *instance, *type, *port;
	struct cli_texts texts, subtypes, aliases;
	const char *host;
	struct lan_way way;
	int64_t priority, weight;
	int64_t for_ns; /* 0: no end */
};

/* What the verb runs. */
int announce_run(struct cli_tool *tool, const void *given);

/*
 * announce_tell(tool, type, event, deadline): one step, for people with -v, with
 * --json as an event. What has another name, the host
 * too, is said without -v. 0, or as
 * cli_output().
 */
int announce_tell(const struct cli_tool *tool, const char *type,
	const struct pier_announce_event *event, pier_deadline deadline);

/* Why pier_announce_open() refused: as a usage error of that verb where it is
   one. */
int announce_refused(const struct cli_tool *tool, const char *verb);

#endif
