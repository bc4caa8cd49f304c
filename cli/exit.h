/* SPDX-License-Identifier: MIT */
/*
 * The exit codes, the same on all verbs; pier-exit(7) is their page.
 */
#ifndef PIER_CLI_EXIT_H
#define PIER_CLI_EXIT_H

#include <pier.h>

#include <stdio.h>

enum cli_exit {
	CLI_EXIT_OK = 0,
	CLI_EXIT_NO = 1,
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_RESOLVE = 3,
	CLI_EXIT_REFUSED = 4,
	CLI_EXIT_UNREACHABLE = 5,
	CLI_EXIT_DEADLINE = 6,
	CLI_EXIT_RESET = 7,
	CLI_EXIT_PROTOCOL = 8,
	CLI_EXIT_PERMISSION = 9,
	CLI_EXIT_RESOURCE = 10,
	CLI_EXIT_SIGNAL = 128, /* and the signal's number */
};

/* The code for a failure of libpier. */
enum cli_exit cli_exit_for(const struct pier_error *error);

/* The table, for pier help exit-codes. */
void cli_exit_print(FILE *out);

#endif
