/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON Lines, as json.h has them, but written while they are made:
 * for listings of ten thousand objects of seventy keys, of which jansson would
 * make and free a million pieces of memory. Lines gather and go out by the
 * page, as one write for each costs more than to make it.
 *
 * For one task: lines of others do not get between those of a page, but a line
 * that was ended may wait here until cli_lines_flush().
 */
#ifndef PIER_CLI_LINES_H
#define PIER_CLI_LINES_H

#include <pier.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* {0} to begin with. */
struct cli_lines {
	char *text;
	size_t len, size;
	size_t whole;  /* bytes of lines that are ended */
	bool failed;   /* no memory for the line under way */
	time_t second; /* of the stamp below, as "2026-11-20T10:00:00." */
	char stamp[32];
};

void cli_lines_free(struct cli_lines *lines);

/* Begin an event, with "type", "v" and "ts". */
void cli_lines_event(struct cli_lines *lines, const char *type);

/* Each adds a key, which is a plain word, and its value, as its like of json.h. */
void cli_lines_text(struct cli_lines *lines, const char *key, const char *text);
void cli_lines_bytes(struct cli_lines *lines, const char *key,
	const void *bytes, size_t len);
void cli_lines_number(struct cli_lines *lines, const char *key, int64_t number);
void cli_lines_flag(struct cli_lines *lines, const char *key, bool flag);
void cli_lines_seconds(struct cli_lines *lines, const char *key, int64_t ns);
/* A share of one, in millionths. */
void cli_lines_share(struct cli_lines *lines, const char *key, int64_t ppm);

/* An object or a list: '{' and '}', '[' and ']'. Within a list key is NULL. */
void cli_lines_open(struct cli_lines *lines, const char *key, char bracket);
void cli_lines_close(struct cli_lines *lines, char bracket);

/*
 * cli_lines_end(lines, deadline): end the event; write what has gathered when
 * it is a page. 0, or -ENOMEM (this line is not there), or as cli_output().
 */
int cli_lines_end(struct cli_lines *lines, pier_deadline deadline);

/* Write what has gathered. 0, or as cli_output(). */
int cli_lines_flush(struct cli_lines *lines, pier_deadline deadline);

#endif
