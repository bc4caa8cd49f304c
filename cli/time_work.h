/* SPDX-License-Identifier: MIT */
/*
 * pier time: what time is it, by servers of NTP. time_options.c has the tables,
 * time.c asks and judges, time_why.c tells what is wrong with a server,
 * time_tell.c says what came of it, time_json.c the same
 * as JSON, time_watch.c shows it as it goes on, time_convert.c turns one way to
 * write a moment into the others, without any server.
 */
#ifndef PIER_CLI_TIME_WORK_H
#define PIER_CLI_TIME_WORK_H

#include <pier.h>

#include "options.h"
#include "report.h"
#include "time_graph.h"
#include "time_value.h"
#include "way.h"

/* What a graph may show. */
#define TIME_POINTS_MAX TIME_GRAPH_COLUMNS_MAX

struct time_settings {
	struct cli_common common;
	struct cli_way way;
	bool own, watch;
	int64_t samples; /* 0: not given */
	int64_t tries, addresses, version;
	int64_t interval_ns; /* 0: the library's */
	int64_t wait_ns, timeout_ns;
	int64_t max_offset_ns; /* 0: none */
	struct cli_texts convert;
	struct cli_texts hosts;
};

/* A check by its name, and what failed it. Why a server is no good, in all. */
#define TIME_FAULT_TEXT 176
#define TIME_WHY_TEXT   256

struct time_why {
	char text[TIME_FAULT_TEXT]; /* the last word of the server */
	bool honest;                /* which broke no rule */
	int error;                  /* that word is of the network; or 0 */
	/* What came besides: no answer to what was asked, or too late */
	char passed_over[TIME_FAULT_TEXT];
	bool late;
};

struct time_work {
	struct cli_tool *tool;
	const struct time_settings *settings;
	struct pier_sntp_opts opts;
	const char *const *hosts;
	size_t hosts_count;
	pier_deadline until;
	struct pier_sntp *sntp; /* NULL: not open */
	struct pier_ntp_verdict verdict;
	struct time_why *why; /* of each server */
	/* --watch: the last points, oldest first */
	struct time_point points[TIME_POINTS_MAX];
	size_t points_count;
	bool on_terminal;
	int drawn;  /* lines of the picture that is there; 0: none */
	int output; /* the error that ended the output, or 0 */
};

/* What the verb runs. */
int time_run(struct cli_tool *tool, const void *given);

/* --convert: all its values, no network. The exit code. */
int time_convert(struct cli_tool *tool, const struct time_settings *settings);

/* The true time, as far as it is known, of a moment of our clock. */
struct pier_ntp_moment time_now(int64_t offset_ns);

/* "192.0.2.1:123", or the host where there is no address. */
const char *time_server_text(
	const struct pier_sntp_server *server, char text[PIER_ADDR_TEXT_MAX]);

/* Half of the way to the root and back, and how far off that is. */
int64_t time_root_distance(const struct pier_sntp_server *server);

/* Write a text to standard output; a failure is kept in work->output. */
void time_print(struct time_work *work, const char *text, size_t len);

/* What just happened may be why a server is of no use. */
void time_why_note(struct time_work *work, const struct pier_sntp_event *event);

/* Why server i gave no sample; text or what is kept. */
const char *time_why_text(
	const struct time_work *work, size_t i, char text[TIME_WHY_TEXT]);

/* No server gave a sample: why, of each. If that has one cause, it is the exit
   code. */
int time_why_tell(const struct time_work *work);

/* For -v, or --json: what just happened. */
void time_tell_event(
	struct time_work *work, const struct pier_sntp_event *event);

/* What is known in the end. */
void time_tell_result(struct time_work *work);

/* The two as JSON. */
void time_json_event(
	struct time_work *work, const struct pier_sntp_event *event);
void time_json_result(struct time_work *work);

/* One line on a server, or on the verdict over several: with its newline. Their
   length. */
size_t time_server_line(
	const struct time_work *work, size_t i, char *line, size_t size);
size_t time_verdict_line(const struct time_work *work, char *line, size_t size);

/* --watch: it begins, something happened or a second has passed (event NULL), it
   ends. On a terminal that is a picture, elsewhere lines. */
void time_watch_start(struct time_work *work);
void time_watch_event(
	struct time_work *work, const struct pier_sntp_event *event);
void time_watch_end(struct time_work *work);

#endif
