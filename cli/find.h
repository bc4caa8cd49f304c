/* SPDX-License-Identifier: MIT */
/*
 * pier find: find_options.c has the tables, find.c looks, find_item.c makes of a
 * service what is said of it, find_check.c connects.
 */
#ifndef PIER_CLI_FIND_H
#define PIER_CLI_FIND_H

#include <pier.h>

#include "json.h"
#include "lan.h"
#include "options.h"
#include "report.h"

/* Most services that are connected to at a time: each has a socket. */
#define FIND_CHECKS_MAX 32

struct find_settings {
	struct cli_common common;
	const char *type; /* NULL: which types there are */
	struct lan_way way;
	const char *domain;
	const char *name; /* NULL: any */
	bool once, first, check;
	int64_t for_ns; /* 0: not given */
};

/* What is said of a service: made once, from what is borrowed. */
struct find_item {
	struct find_item *next;
	char *key;        /* instance, type and domain */
	char *line;       /* without what is said before and behind it */
	json_t *event;    /* without its type; NULL when there is no memory */
	const char *what; /* "added"; "service" of --once; a constant string */
	const char *mark; /* "+ " before the line, or "" */
	struct pier_names *where; /* NULL: it cannot be connected to */
	bool unchecked; /* --check cannot: datagrams have no handshake */
	bool checked;   /* it was connected to, with this result */
	int rc;
	int64_t took_ns;
};

struct find_work {
	struct cli_tool *tool;
	const struct find_settings *settings;
	struct pier_find_opts opts;
	struct pier_group *group;
	struct pier_group *checkers; /* fibers that connect */
	struct pier_find *find;
	pier_deadline until;
	struct find_item *items; /* that wait to be checked */
	size_t checks;           /* of those fibers */
	size_t told;             /* services that were found */
	size_t closed;           /* of them: could not be connected to */
	int output;              /* the error that ended the output, or 0 */
};

/* What the verb runs. */
int find_run(struct cli_tool *tool, const void *given);

/*
 * find_item_new(event): of what pier_find_next() told; NULL: no memory.
 * find_item_free(item): NULL is fine.
 * find_item_print(work, item): say it on standard output; a failure is kept in
 * work->output, and ends the run.
 */
struct find_item *find_item_new(const struct pier_find_event *event);
void find_item_free(struct find_item *item);
void find_item_print(struct find_work *work, const struct find_item *item);

/* Can it be connected to at all? Datagrams have no answer that says so. */
bool find_can_check(const struct find_item *item);

/*
 * find_check(work, item): connect to it, then print it and free it, beside what
 * the caller does, after what waits for that already. 0, or a negative error: the
 * item is the caller's.
 */
int find_check(struct find_work *work, struct find_item *item);

#endif
