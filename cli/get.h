/* SPDX-License-Identifier: MIT */
/*
 * pier get: its settings, and what its parts share. get.c holds the fetch,
 * get_check.c looks at the command line, get_body.c brings the body to where it
 * goes, get_options.c has the tables, get_headers.c the headers to send, get_tell.c what
 * is told of it, get_progress.c how far it is, get_file.c the file.
 */
#ifndef PIER_CLI_GET_H
#define PIER_CLI_GET_H

#include "get_file.h"
#include "options.h"
#include "report.h"
#include "sockopts.h"

enum {
	GET_CHUNK = 65536,
	GET_HEADERS_MAX = 256,
};

/* Durations in nanoseconds; 0 is none. */
struct get_settings {
	struct cli_common common;
	const char *url;
	const char *output; /* NULL or "-": standard output */
	bool remote_name;
	bool include;
	bool head;
	bool go_on;
	bool any_status;
	struct cli_texts headers;
	bool http10;
	const char *range;
	const char *via;
	int64_t redirects;
	int64_t max_size;
	int64_t timeout;
	int64_t connect_timeout;
	int64_t first_byte_timeout;
	int64_t idle_timeout;
	int64_t rate;
	const char *bind;
	struct cli_sockopts sockopts;
};

/* Headers of the command line, those of files too; NULL-ended. */
struct get_headers {
	const char *item[GET_HEADERS_MAX + 1];
	size_t count;
	char *files[CLI_TEXTS_MAX]; /* texts that some of them lie in */
	size_t file_count;
};

/* On the heap: two fibers look at it. */
struct get {
	struct cli_tool *tool;
	const struct get_settings *settings;
	struct cli_sockopts_list sockopts;
	struct get_headers headers;
	struct pier_http *http;
	bool to_file;
	struct get_file file;
	char range[32]; /* of what is still missing */
	pier_deadline until;
	int64_t began;
	int64_t body_began;
	uint64_t body;       /* bytes that were read */
	bool progress_over;  /* nothing more is to be shown */
	bool progress_shown; /* a line stands there */
	char buf[GET_CHUNK];
};

/*
 * get_headers_read(get): put the headers together. CLI_EXIT_OK, or it was told
 * what is wrong.
 */
int get_headers_read(struct get *get);
void get_headers_free(struct get_headers *headers);

/* Each redirect that was followed; where it connected; the answer. */
void get_tell_hops(const struct get *get);
void get_tell_answer(const struct get *get);
/* Stages, bytes, and what the kernel counted; whatever came of it. */
void get_tell_stages(const struct get *get);
/* A piece of the body as an event. As cli_event_print(). */
int get_tell_data(const struct get *get, const void *bytes, size_t len);

/*
 * get_printable(text, buf, size): text as a terminal may see it: what is not
 * printable ASCII is '?'. Returns buf.
 */
const char *get_printable(const char *text, char *buf, size_t size);

/* Show how far it is, on a terminal, from half a second on, until the end. */
void get_progress_start(struct get *get, struct pier_group *group);
void get_progress_end(struct get *get);

/* Is this command line one that can be meant? CLI_EXIT_OK, or it was told. */
int get_check(const struct cli_tool *tool, const struct get_settings *settings);

/* What is wrong with it, and what to do; CLI_EXIT_USAGE. */
int get_complain(
	const struct cli_tool *tool, const char *line, const char *hint);

/* Read the body, and the head where that is asked for, to the end. The exit
   code; what failed was told. */
int get_body(struct get *get);

/* Something with the file failed: tell it. The exit code. */
int get_file_failed(const struct get *get, enum pier_step step, int rc);

int get_run(struct cli_tool *tool, const void *settings);

#endif
