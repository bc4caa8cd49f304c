/* SPDX-License-Identifier: MIT */
/*
 * pier dump: what its files share. dump.c has the options and the loops,
 * dump_tell.c shows a packet to people, dump_json.c makes events, dump_file.c
 * reads and writes pcap files, dump_code.c shows a filter's program.
 */
#ifndef PIER_CLI_DUMP_H
#define PIER_CLI_DUMP_H

#include "json.h"
#include "report.h"

#include <stdio.h>

#define DUMP_FILTER_MAX 4096

struct dump_settings {
	struct cli_common common;
	struct cli_texts filter; /* its words */
	const char *interface;   /* NULL: all */
	const char *read;        /* a pcap file, "-" for standard input */
	const char *write;       /* the same, for standard output */
	bool promiscuous;
	bool hex;
	bool code;
	int64_t snap;   /* bytes; 0: all */
	int64_t buffer; /* bytes; 0: the library's */
	int64_t count;  /* packets; 0: no limit */
	int64_t limit;  /* ns; 0: none */
};

/* A packet to be shown. */
struct dump_packet {
	uint64_t number; /* from 1 on */
	const struct pier_captured *captured;
	const struct pier_layers *layers;
	const char *interface; /* its name; "": unknown */
};

/* Write it to out: one line, or with settings->common.verbose its layers one in
   the other; with settings->hex its bytes. */
void dump_tell(FILE *out, const struct dump_settings *settings,
	const struct dump_packet *packet);

/* The same as an event. */
json_t *dump_event(
	const struct dump_settings *settings, const struct dump_packet *packet);

/* Show the filter's program; an exit code. */
int dump_code(struct cli_tool *tool, const struct dump_settings *settings,
	const char *filter);

/* A pcap file that is read. */
struct dump_source;

/* 0, or an exit code: what is wrong was said. */
int dump_source_open(struct dump_source **out, const struct cli_tool *tool,
	const char *path);
/*
 * The next packet, borrowed until the next call. 1; 0: there is no more; or a
 * negative error: of the file, which was said and whose exit code is in *code, or
 * -ECANCELED.
 */
int dump_source_next(struct dump_source *source,
	const struct pier_captured **packet, int *code);
const struct pier_pcap *dump_source_head(const struct dump_source *source);
void dump_source_close(struct dump_source *source);

/* A pcap file that is written. */
struct dump_sink;

/* Are they one file, which cannot be read and written at a time? NULL is none. */
bool dump_is_same_file(const char *a, const char *b);

/* 0, or an exit code: what is wrong was said. */
int dump_sink_open(struct dump_sink **out, const struct cli_tool *tool,
	const char *path, const struct pier_pcap *head);
/* Keep a packet; and what is kept, write down. 0, or a negative error. */
int dump_sink_put(struct dump_sink *sink, const struct pier_captured *packet);
int dump_sink_flush(struct dump_sink *sink);
/* Is there something to write down? */
bool dump_sink_holds(const struct dump_sink *sink);
/* NULL is fine; what was not written down is lost. */
void dump_sink_close(struct dump_sink *sink);

#endif
