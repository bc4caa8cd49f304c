/* SPDX-License-Identifier: MIT */
/*
 * Completions for shells, made of the tables of options.h, as the help is. What
 * can stand for a value follows from the option: its words, examples of a
 * duration or size, and, where it is a text, from what its metavar says it is:
 * FILE, ENDPOINT, TOPIC, CMD. `pier --completions SHELL` prints them when
 * pier is built.
 */
#ifndef PIER_CLI_COMPLETE_H
#define PIER_CLI_COMPLETE_H

#include "options.h"

#include <stdio.h>

/* What a shell offers for a value. */
enum complete_kind {
	COMPLETE_NOTHING,
	COMPLETE_WORDS, /* struct complete_value's list */
	COMPLETE_FILE,
	COMPLETE_ENDPOINT, /* complete_schemes(), or a file's path */
	COMPLETE_COMMAND,  /* a program and its words */
	COMPLETE_NAME,     /* an option of sockets: complete_names() */
	COMPLETE_SETTING,  /* the same, and "=" */
	COMPLETE_TOPIC,    /* the verbs, and the list */
};

struct complete_value {
	enum complete_kind kind;
	const struct cli_word *words; /* with their meanings, or NULL */
	const char *more;             /* others, with a space between; or "" */
};

/* The tool, as a completion sees it. */
struct complete_tool {
	const struct cli_verb *const *verbs;
	const struct cli_option *options; /* those before the verb */
};

struct complete_value complete_option_value(const struct cli_option *option);
struct complete_value complete_operand_value(const struct cli_operand *operand);

/* Are there more, before the one without name and letter? */
bool complete_is_option(const struct cli_option *option);

/* Print the schemes that this library knows, with a space between. */
void complete_schemes(FILE *out);

/* Print the names of the options of sockets, each with what goes behind it, with
   a space between. */
void complete_names(FILE *out, const char *behind);

/* How much of a word is typed for the user: what follows a colon in capitals is
   his own. */
size_t complete_word_len(const char *word);

/* Print words and more, with a space between. */
void complete_words(FILE *out, const struct complete_value *value);

/* Print a verb's options that take a value, as they are typed. */
void complete_valued(FILE *out, const struct cli_option *options);

void cli_complete_bash(FILE *out, const struct complete_tool *tool);
void cli_complete_zsh(FILE *out, const struct complete_tool *tool);
void cli_complete_fish(FILE *out, const struct complete_tool *tool);

/*
 * cli_complete(out, shell, tool): print the completions for "bash", "zsh" or
 * "fish". 0, or -1: there are none for that shell.
 */
int cli_complete(
	FILE *out, const char *shell, const struct complete_tool *tool);

#endif
