/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON Lines: one object per line on standard output.
 *
 * Each begins with "type", "v" (the version of the format, CLI_JSON_VERSION;
 * within it keys are only ever added) and "ts" (UTC, RFC 3339, microseconds).
 * Bytes that are not UTF-8 stand in base64 under the key with "_base64" added,
 * so that a reader always knows which of the two it has. The schemas in
 * docs/schema describe every line.
 *
 * Events may be made and printed by several threads at once: each line goes
 * out whole.
 */
#ifndef PIER_CLI_JSON_H
#define PIER_CLI_JSON_H

#include <pier.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_JSON_VERSION 1

/* Once, before the first event and before any thread. */
void cli_json_start(void);

/* A new event, owned by the caller; NULL when there is no memory. */
json_t *cli_event(const char *type);

/* Each adds one key; an event that is NULL is left so. */
void cli_event_text(json_t *event, const char *key, const char *text);
void cli_event_number(json_t *event, const char *key, int64_t number);
void cli_event_flag(json_t *event, const char *key, bool flag);
/* A duration, in seconds with a fraction: the unit that every reader has. */
void cli_event_seconds(json_t *event, const char *key, int64_t ns);
/* A moment of CLOCK_REALTIME, with its nanoseconds, UTC. */
void cli_event_time(json_t *event, const char *key, int64_t ns);
void cli_event_bytes(
	json_t *event, const char *key, const void *bytes, size_t len);

/*
 * cli_event_print(event, deadline): write the line, as cli_output() does, and
 * free event. 0, or -ENOMEM (no memory for the event), or as cli_output().
 */
int cli_event_print(json_t *event, pier_deadline deadline);

#endif
