/* SPDX-License-Identifier: MIT */
/*
 * The options of a verb, as one table.
 *
 * A verb says what it takes in constant tables: options, operands, examples.
 * The parser (options.c), the help pages and the option section of the manual
 * pages (help.c) all read these tables and nothing else, so they cannot
 * disagree. A value lands in the verb's own settings struct, at the offset
 * that the table names; each settings struct begins with struct cli_common,
 * which is why the same flag means the same thing on every verb.
 */
#ifndef PIER_CLI_OPTIONS_H
#define PIER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most values that one repeatable option or operand takes. */
#define CLI_TEXTS_MAX 64

/* The type at the option's offset stands behind each kind. */
enum cli_kind {
	CLI_FLAG,     /* bool: true once given */
	CLI_MORE,     /* int: how often it was given */
	CLI_TEXT,     /* const char *: borrowed from argv */
	CLI_TEXTS,    /* struct cli_texts: may be given again */
	CLI_CHOICE,   /* int64_t: the value of one of .words */
	CLI_COUNT,    /* int64_t: from .min to .max, or one of .words */
	CLI_SIZE,     /* int64_t: bytes, the same */
	CLI_DURATION, /* int64_t: nanoseconds, the same */
	CLI_RATE,     /* int64_t: so many a second, the same */
	CLI_COMMAND,  /* struct cli_command: all words that are left */
	CLI_HELP,     /* enum cli_help_wish: parsing ends here */
};

enum cli_help_wish {
	CLI_HELP_NONE,
	CLI_HELP_SHORT, /* -h */
	CLI_HELP_FULL,  /* --help */
};

struct cli_texts {
	size_t n;
	const char *item[CLI_TEXTS_MAX];
};

/* A program and its arguments, borrowed from argv; NULL-ended, or NULL. */
struct cli_command {
	const char *const *words;
};

/* A word that stands for a value; a list of them ends with a NULL word. */
struct cli_word {
	const char *word;
	int64_t value;
	const char *meaning; /* for the help; NULL when the word says it */
};

/* A list of options ends with one that has neither name nor letter. */
struct cli_option {
	const char *name; /* long, without the dashes; NULL for none */
	char letter;      /* short; 0 for none */
	enum cli_kind kind;
	const char *metavar;   /* what stands for the value in the help */
	const char *group;     /* heading it is listed under */
	const char *help;      /* one sentence, no capital, no full stop */
	const char *otherwise; /* what holds without it; NULL: obvious */
	const struct cli_word *words;
	int64_t min, max; /* of a count, size or duration, both included */
	size_t offset;    /* into the verb's settings */
	unsigned needs;   /* what it is of use for, in the verb's own bits */
};

/* Most options of one verb: one bit of struct cli_common's given for each. */
#define CLI_OPTIONS_MAX 64

/*
 * What stands without a flag, in order. Only CLI_TEXT, CLI_TEXTS and
 * CLI_CHOICE; CLI_TEXTS takes all that is left. A choice that need not be given
 * leaves a word that is none of its own, and holds one of ":/@", to the next
 * one. A list ends with a NULL metavar.
 */
struct cli_operand {
	const char *metavar;
	enum cli_kind kind;
	const char *help;
	const struct cli_word *words;
	size_t min; /* how many must be given: 0 makes it optional */
	size_t offset;
};

struct cli_example {
	const char *command;
	const char *meaning;
};

struct cli_tool;

struct cli_verb {
	const char *name;
	const char *summary; /* one line for the list of verbs */
	const char *about;   /* paragraphs for --help, wrapped when shown */
	const struct cli_example *examples; /* ends with a NULL command */
	const struct cli_option *options;
	const struct cli_operand *operands;
	const void *defaults; /* settings before parsing; NULL: zeros */
	size_t settings_size;
	/* What stands behind the first operand is another program's, also
	   what begins with a dash */
	bool foreign;
	/* What the verb's exit code shall be; settings is of its own type. */
	int (*run)(struct cli_tool *tool, const void *settings);
};

/* What every verb takes; first in every settings struct. */
struct cli_common {
	enum cli_help_wish help;
	bool json;
	bool quiet;
	int verbose;
	int64_t color;  /* enum cli_color_wish */
	uint64_t given; /* bit i: the verb's option i was */
};

enum cli_color_wish {
	CLI_COLOR_AUTO,
	CLI_COLOR_ALWAYS,
	CLI_COLOR_NEVER,
};

extern const struct cli_option cli_common_options[];

/*
 * cli_given_in_vain(options, common, kind): the first of the verb's options
 * that was given, needs something, and none of what it needs is in kind; or
 * NULL.
 */
const struct cli_option *cli_given_in_vain(const struct cli_option *options,
	const struct cli_common *common, unsigned kind);

/* What is wrong with a command line: a line, and what to do about it. */
struct cli_complaint {
	char line[512];
	char hint[256];
};

/*
 * cli_parse(verb, argc, argv, settings, why): fill settings from argv, which
 * starts behind the verb. Flags may stand anywhere; "--" ends them; a value
 * follows its long option after "=" or as the next word, its short option at
 * once or as the next word; a command is that word and all behind it. Options
 * are never abbreviated.
 *
 * Returns 0 (also when settings ask for help, where parsing ends), or -1 and
 * why.
 */
int cli_parse(const struct cli_verb *verb, int argc, char **argv,
	void *settings, struct cli_complaint *why);

/*
 * cli_parse_head(options, argc, argv, settings, why): parse the flags before
 * the verb: those of options and the common ones.
 *
 * Returns how many words of argv they take, or -1 and why.
 */
int cli_parse_head(const struct cli_option *options, int argc, char **argv,
	void *settings, struct cli_complaint *why);

/* The verb of that name in a list that ends with NULL; NULL if none has. */
const struct cli_verb *cli_verb_named(
	const struct cli_verb *const *verbs, const char *name);

/* Say in why that no verb has that name, with the nearest one as hint. */
void cli_verb_unknown(const struct cli_verb *const *verbs, const char *name,
	struct cli_complaint *why);

#endif
