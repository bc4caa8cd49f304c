/* SPDX-License-Identifier: MIT */
/*
 * The verbs that main.c lists. One file per verb holds its tables and what it
 * does.
 */
#ifndef PIER_CLI_VERBS_H
#define PIER_CLI_VERBS_H

#include "options.h"
#include "report.h"

extern const struct cli_verb cli_verb_serve;
extern const struct cli_verb cli_verb_connect;
extern const struct cli_verb cli_verb_get;
extern const struct cli_verb cli_verb_ping;
extern const struct cli_verb cli_verb_find;
extern const struct cli_verb cli_verb_announce;
extern const struct cli_verb cli_verb_addr;
extern const struct cli_verb cli_verb_resolve;
extern const struct cli_verb cli_verb_time;
extern const struct cli_verb cli_verb_info;
extern const struct cli_verb cli_verb_dump;
extern const struct cli_verb cli_verb_can;
extern const struct cli_verb cli_verb_bt;
extern const struct cli_verb cli_verb_service;
extern const struct cli_verb cli_verb_order;
extern const struct cli_verb cli_verb_opt;
extern const struct cli_verb cli_verb_from;
extern const struct cli_verb cli_verb_help;

/* The tool in twelve lines; in full. options: those of the tool itself. */
void cli_help_front(const struct cli_tool *tool);
void cli_help_tool(
	const struct cli_tool *tool, const struct cli_option *options);

#endif
