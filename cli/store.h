/* SPDX-License-Identifier: MIT */
/*
 * One value of one option: from its text to the verb's settings, and in words
 * when the text will not do.
 */
#ifndef PIER_CLI_STORE_H
#define PIER_CLI_STORE_H

#include "options.h"

/* Room for an option as it was written: "-w", "--first-byte-timeout". */
#define CLI_NAME_TEXT 48

/* Write why's line and return -1; write its hint. */
int cli_complain(struct cli_complaint *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cli_advise(struct cli_complaint *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool cli_takes_value(const struct cli_option *option);

/*
 * cli_describe_value(option, text, size): what the option takes, as it
 * follows the word "expected".
 */
void cli_describe_value(
	const struct cli_option *option, char *text, size_t size);

/*
 * cli_store(option, name, value, settings, why): put value (borrowed; NULL
 * when the option takes none) where the option says. name is the option as
 * the user wrote it. CLI_HELP is the parser's own and not taken here.
 *
 * Returns 0, or -1 and why.
 */
int cli_store(const struct cli_option *option, const char *name,
	const char *value, void *settings, struct cli_complaint *why);

#endif
