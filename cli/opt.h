/* SPDX-License-Identifier: MIT */
/*
 * pier opt: its settings, and the parts of one run.
 */
#ifndef PIER_CLI_OPT_H
#define PIER_CLI_OPT_H

#include "options.h"
#include "report.h"

#include <pier.h>

#include <jansson.h>

/* Sockets that are looked at side by side. */
#define OPT_SOCKETS_MAX 2

struct opt_settings {
	struct cli_common common;
	struct cli_texts words; /* sockets, names, and NAME=VALUE */
	struct cli_texts set;
	const char *search;
	int64_t pid;
	int64_t fd; /* -1: not given */
	bool dry_run;
	bool diff;
};

/* A socket, and what it is called. */
struct opt_socket {
	int fd;
	bool borrowed;
	const char *name;
};

struct opt {
	struct cli_tool *tool;
	const struct opt_settings *settings;
	struct opt_socket sockets[OPT_SOCKETS_MAX];
	size_t socket_count;
};

/* "name" or "name=value" taken apart; the name is cut to its room. */
struct opt_word {
	char name[80];
	const char *value; /* NULL: none */
};

struct opt_word opt_word(const char *text);

/* A value as text for people: "" shows as two quotes. Returns buf. */
const char *opt_text(
	const struct pier_option_value *value, char *buf, size_t size);

/* A value as JSON has it; NULL without memory. */
json_t *opt_json(const struct pier_option_value *value);

/* The level and the number of an option that has no name, else its name. */
const char *opt_name(
	const struct pier_option_value *value, char *buf, size_t size);

/* When it is set, what can be done with it, and what it is counted in (NULL:
   nothing), in words. */
const char *opt_moment(const struct pier_option *option);
const char *opt_access(const struct pier_option *option);
const char *opt_unit(const struct pier_option *option);

/*
 * Without a socket: the table, those that a word is about, or one in full. The
 * exit code.
 */
int opt_list(struct opt *opt);
int opt_search(struct opt *opt, const char *word);
int opt_explain(struct opt *opt, const char *name);

/* With one: all that can be read; one by name; set. Each the exit code. */
int opt_show_all(struct opt *opt);
int opt_show(struct opt *opt, const char *name);
int opt_set(struct opt *opt, const char *name, const char *value);

/* The whole table as a manual page, pier-options(7). 0 or a negative error. */
int opt_page(FILE *out);

/* What differs between two; or between one and a new one of its kind. */
int opt_diff(struct opt *opt);

#endif
