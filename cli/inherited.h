/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors this process began with: fd://N is one of them. What the
 * tool opens itself gets the lowest numbers that are free, and would else be
 * taken for what somebody forgot to hand down.
 */
#ifndef PIER_CLI_INHERITED_H
#define PIER_CLI_INHERITED_H

#include <stdint.h>

/* Numbers from here on are not looked at: the tool opens few, and low ones. */
#define CLI_INHERITED_MAX 1024

struct cli_tool;

struct cli_inherited {
	uint64_t bits[CLI_INHERITED_MAX / 64]; /* of each that was open */
	unsigned count; /* how many numbers were looked at */
};

/* Look, before anything is opened. */
void cli_inherited_note(struct cli_inherited *inherited);

/* An endpoint that was checked: is it one of them, where it is fd://N?
   CLI_EXIT_OK, or it was told. */
int cli_inherited_check(const struct cli_tool *tool, const char *endpoint);

#endif
