/* SPDX-License-Identifier: MIT */
/*
 * What the tool says to people, all of it on standard error, and how it ends.
 *
 * An error is one line that names the step, the address, the cause with its
 * errno name and the time spent, then a "hint:" line with what to do next.
 * Under --json the same is also an event of type "error" on standard output.
 */
#ifndef PIER_CLI_REPORT_H
#define PIER_CLI_REPORT_H

#include "exit.h"
#include "inherited.h"
#include "page.h"
#include "options.h"

#include <stdbool.h>

/* One run of the tool; constant once the verb's work begins. */
struct cli_tool {
	const struct cli_verb *const *verbs; /* all, for help; NULL-ended */
	bool json, quiet;
	int verbose;
	int signal_fd;        /* see cli_signals_start() */
	pier_deadline until;  /* of the verb: standard output waits no longer */
	struct cli_paint out; /* for text on standard output */
	struct cli_paint error; /* for the word "pier:" before an error */
	struct cli_paint hint;
	struct cli_inherited inherited;
};

/* Take the common options and decide on colour. */
void cli_tool_setup(struct cli_tool *tool, const struct cli_common *common);

/* Say what is wrong with a command line; CLI_EXIT_USAGE. */
int cli_usage_error(const struct cli_tool *tool, const char *verb,
	const struct cli_complaint *why);

/* Report the failure of a call of libpier; its exit code. */
int cli_failure(const struct cli_tool *tool, const struct pier_error *error);

/* The same where a filter was given: what it says wrong is the command line's, and
   the page explains filters. */
int cli_filter_failure(
	const struct cli_tool *tool, const char *verb, const char *page);

/* The same with another exit code: what is no failure to one verb. */
int cli_failure_as(
	const struct cli_tool *tool, const struct pier_error *error, int code);

/* The same of a failure at another place than the endpoint, such as the local
   address to connect from. */
int cli_failure_at(const struct cli_tool *tool, const struct pier_error *error,
	const char *where);

/* The same with another exit code: the peer is not to blame, say. */
int cli_failure_here(const struct cli_tool *tool,
	const struct pier_error *error, const char *where, int code);

/* The same with a hint of its own, which depends on more than the failure. */
int cli_failure_advised(const struct cli_tool *tool,
	const struct pier_error *error, const char *where, const char *hint);

/* Report that endpoint could not be opened: where it was the local address of
   --bind (NULL: none was given) that could not be had, that is what is named. */
int cli_open_failure(const struct cli_tool *tool,
	const struct pier_error *error, const char *endpoint, const char *bind);

/* Report that standard output takes no more, by a negative error. */
int cli_output_failed(const struct cli_tool *tool, int code);

/*
 * cli_own_failure(tool, step, where, code, detail): a failure that is the
 * tool's own, in the form of libpier's: code is a negative error, detail may
 * be empty. Its exit code.
 */
int cli_own_failure(const struct cli_tool *tool, enum pier_step step,
	const char *where, int code, const char *detail);

/* An endpoint that does not follow the grammar, with a mark below the place
   where it goes wrong; CLI_EXIT_USAGE. */
int cli_endpoint_error(const struct cli_tool *tool, const char *verb,
	const char *endpoint, const struct pier_endpoint_check *check);

/* The same of another text than an endpoint, with a hint of its own. */
int cli_marked_error(const struct cli_tool *tool, const char *verb,
	const char *text, const struct pier_endpoint_check *check,
	const char *hint);

/* An answer that is no failure, and is no: the line, a hint or "".
   CLI_EXIT_NO. */
int cli_negative(
	const struct cli_tool *tool, const char *line, const char *hint);

/*
 * cli_say(tool, level, format…): a line for people, when -v was given at least
 * level times; level 0 is shown unless -q was given.
 */
void cli_say(const struct cli_tool *tool, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What to run or change next, on a line of its own; no text, no line. */
void cli_say_hint(const struct cli_tool *tool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
