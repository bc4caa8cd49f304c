/* SPDX-License-Identifier: MIT */
/*
 * pier info: what its files share. info_cells.c knows what a cell says of a
 * socket, info_column.c what can stand in a column, info_table.c collects and prints
 * rows, info_json.c makes events, info_closed.c watches connections close,
 * info_group.c adds up, info_dial.c makes one.
 */
#ifndef PIER_CLI_INFO_H
#define PIER_CLI_INFO_H

#include "lines.h"
#include "report.h"

#define INFO_COLUMNS_MAX 40
#define INFO_CELL_MAX    512 /* the longest text of a cell, with its NUL */

struct info_settings {
	struct cli_common common;
	struct cli_texts filter; /* its words */
	const char *columns;     /* names with commas between; NULL: usual */
	const char *sort;     /* a column, with a '-' before: largest first */
	const char *dial;     /* an endpoint, or NULL */
	const char *group_by; /* a column, or NULL */
	bool processes;
	bool all;
	bool details;
	bool closed;
	int64_t count;   /* closed connections to wait for; 0: no limit */
	int64_t timeout; /* ns; 0: none */
};

/* What can stand in a column: one of a table, or a field of TCP_INFO. */
struct info_column {
	const char *name;
	bool right; /* numbers are set to the right */
	void (*text)(const struct pier_socket *socket, char *text, size_t size);
	/* To sort by; NULL: by the text. */
	uint64_t (*number)(const struct pier_socket *socket);
	const struct pier_tcp_field *field;
	bool adds;    /* numbers of several sockets make a sum */
	bool watched; /* known of sockets that were watched: --closed */
};

/* For how long a socket was seen; ns -1: never. */
struct info_seen {
	int64_t ns;
	bool older; /* it was there when the watch began */
};

/*
 * info_column_find(out, name, len): the column of that name. 0, or -1: there
 * is none; then *near is the nearest name, or NULL.
 */
int info_column_find(struct info_column *out, const char *name, size_t len,
	const char **near);

/* -1 and why: what is given to option `what` is no column; near may be NULL. */
int info_column_unknown(struct cli_complaint *why, const char *what,
	const char *name, size_t len, const char *near);

/* 0, or -1 and why: it is known of watched sockets, and these are not. */
int info_column_unwatched(const struct info_column *column, const char *what,
	struct cli_complaint *why);

/* The text of a cell, and the number to sort it by; false: by the text. */
void info_column_text(const struct info_column *column,
	const struct pier_socket *socket, char *text, size_t size);
bool info_column_number(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number);

/* The number of a socket, where it has one; a number as a cell has it; and as
   event[name], times in seconds. */
bool info_column_given(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number);
void info_column_value(const struct info_column *column, uint64_t number,
	char *text, size_t size);
void info_column_event(struct cli_lines *event,
	const struct info_column *column, uint64_t number);

/* Names of all columns, with a space between, into an endless list: the i-th,
   or NULL. */
const char *info_column_name(size_t i);

/* For --details: every field of TCP_INFO that is not 0; of a listener, how full its
   queue is. */
void info_details(const struct pier_socket *socket, char *text, size_t size);

/* Is that column among those that are asked for? */
bool info_shows(const struct info_settings *settings, const char *column);

/* What a state is called; of what has none, "-". */
const char *info_state(const struct pier_socket *socket);

/* Rows under construction. */
struct info_table;

/* columns and sort from the settings; NULL and why: they name no columns. */
struct info_table *info_table_new(
	const struct info_settings *settings, struct cli_complaint *why);
void info_table_free(struct info_table *table);
/* For how long the next one was seen. */
void info_table_seen(struct info_table *table, const struct info_seen *seen);
/* 0 or -ENOMEM. */
int info_table_add(struct info_table *table, const struct pier_socket *socket);
/* Sort and print all. How many rows there were, or as cli_output(). */
int info_table_print(struct info_table *table, const struct cli_tool *tool);
/* Print what was added, without heads, and forget it: for --closed. */
int info_table_flush(struct info_table *table, const struct cli_tool *tool);
/* Listening sockets whose queue is full. */
size_t info_table_full(const struct info_table *table);

/* --group-by: the same of groups of rows; in events too. */
struct info_groups;
struct info_groups *info_groups_new(
	const struct info_settings *settings, struct cli_complaint *why);
void info_groups_free(struct info_groups *groups);
int info_groups_add(
	struct info_groups *groups, const struct pier_socket *socket);
int info_groups_print(struct info_groups *groups, const struct cli_tool *tool);

/* One socket as an event of that type, not ended yet. */
void info_event(struct cli_lines *event, const char *type,
	const struct pier_socket *socket);

/* --closed and --dial; exit codes. */
int info_closed(struct cli_tool *tool, const struct info_settings *settings,
	const char *filter);
int info_dial(struct cli_tool *tool, const struct info_settings *settings);

/* List what passes the filter; an exit code. */
int info_list(struct cli_tool *tool, const struct info_settings *settings,
	const char *filter);

/* A failure of a listing: of the filter, a usage error. */
int info_failure(struct cli_tool *tool);

#endif
