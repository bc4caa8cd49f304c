/* SPDX-License-Identifier: MIT */
/*
 * What pier serve tells of itself: where it listens, who takes its place, what
 * goes wrong outside of a connection, its processes, and how it all went.
 */
#include "serve.h"

#include "json.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Datagrams and descriptors that were handed down have none of ours. */
static bool
has_backlog(const char *endpoint)
{
	return strncmp(endpoint, "tcp", 3) == 0 ||
	       strncmp(endpoint, "unix://", 7) == 0;
}

static void
tell_endpoint(struct serve *serve, const char *endpoint)
{
	/* It reads as if it were IPv6 alone, which tcp6:// says. */
	bool both = strncmp(endpoint, "tcp://[::]:", 11) == 0;
	json_t *event;

	cli_say(serve->tool, 0, "listening on %s%s", endpoint,
		both ? " (IPv6 and IPv4)" : "");
	if (!serve->tool->json)
		return;
	event = cli_event("listening");
	cli_event_text(event, "endpoint", endpoint);
	if (has_backlog(endpoint) && serve->backlog > 0)
		cli_event_number(event, "backlog", serve->backlog);
	serve_print_event(serve, event);
}

void
serve_tell_listening(struct pier_server *server, void *ctx)
{
	struct serve *serve = ctx;
	size_t n = pier_server_endpoint_count(server), i;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int rc;

	for (i = 0; i < n; i++) {
		rc = pier_server_endpoint(
			server, i, endpoint, sizeof(endpoint));
		if (rc >= 0)
			tell_endpoint(serve, endpoint);
	}
	rc = serve_write_ready(serve);
	if (rc == 0)
		return;
	serve->code = cli_own_failure(serve->tool, PIER_STEP_CREATE,
		serve->settings->ready_file, rc, "--ready-file");
	pier_server_stop(server);
}

void
serve_tell_hand_over(const struct pier_hand_over *told, void *ctx)
{
	struct serve *serve = ctx;
	bool replaced = told->what == PIER_REPLACED;
	json_t *event;

	cli_say(serve->tool, 0, "%s pid %d: %zu socket%s",
		replaced ? "took the place of" : "handed over to", told->pid,
		told->sockets, told->sockets == 1 ? "" : "s");
	/* The ready file tells of the other one from now on. */
	if (!replaced) {
		serve->ready_written = false;
		serve->handed_over_ns = pier_now();
	}
	if (!serve->tool->json)
		return;
	event = cli_event(replaced ? "replaced" : "handed_over");
	cli_event_number(event, "pid", told->pid);
	cli_event_number(event, "sockets", (int64_t)told->sockets);
	serve_print_event(serve, event);
}

void
serve_tell_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct serve *serve = ctx;

	bool died = conn != NULL && rc == -PIER_EDIED;
	json_t *event;

	/* A failed handler is told at its close, and one whose process died has
	   none; what fails outside of a connection is the machine's trouble, or
	   one datagram's. A program that crashed is told here too. */
	if (conn == NULL || died)
		cli_say(serve->tool, 0, "%s", pier_error_line());
	if (!died || pier_last_error()->step != PIER_STEP_HANDLER ||
		!serve->tool->json)
		return;
	event = cli_event("close");
	cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "reason", serve_reason_names[PIER_END_ERROR]);
	cli_event_text(event, "error", pier_error_name(rc));
	cli_event_text(event, "detail", pier_last_error()->detail);
	cli_event_seconds(event, "elapsed_s", pier_now() - conn->accepted_ns);
	serve_print_event(serve, event);
}

/* How one died that was not told to end is an error, and told as such. */
void
serve_tell_process(const struct pier_process *process, void *ctx)
{
	struct serve *serve = ctx;
	bool started = process->what == PIER_PROCESS_STARTED;
	json_t *event;

	if (started || process->status == 0)
		cli_say(serve->tool, 1, "process %d (pid %d) %s",
			process->number, process->pid,
			started ? "started" : "ended");
	if (!serve->tool->json)
		return;
	event = cli_event(started ? "process_started" : "process_ended");
	cli_event_number(event, "number", process->number);
	cli_event_number(event, "pid", process->pid);
	if (!started) {
		if (process->signal != 0)
			cli_event_number(event, "signal", process->signal);
		else if (process->status >= 0)
			cli_event_number(event, "status", process->status);
		cli_event_number(event, "lost", (int64_t)process->lost);
		cli_event_seconds(event, "elapsed_s", process->lived_ns);
		if (process->pause_ms > 0)
			cli_event_seconds(event, "pause_s",
				process->pause_ms * INT64_C(1000000));
	}
	serve_print_event(serve, event);
}

static void
say_summary(struct serve *serve, const struct pier_server_stats *stats)
{
	char in[CLI_VALUE_TEXT], out[CLI_VALUE_TEXT], took[CLI_VALUE_TEXT];
	uint64_t limited = stats->limit_first_byte + stats->limit_idle +
			   stats->limit_lifetime;
	uint64_t refused = stats->refused_address + stats->refused_setup +
			   stats->refused_policy + stats->refused_verify;
	uint64_t failed = stats->failed + stats->datagrams_failed;

	cli_format_bytes(stats->bytes_in, in, sizeof(in));
	cli_format_bytes(stats->bytes_out, out, sizeof(out));
	cli_format_duration(pier_now() - serve->start_ns, took, sizeof(took));
	cli_say(serve->tool, 0,
		"served %" PRIu64 " connection%s and %" PRIu64
		" datagram%s in %s; received %s, sent %s",
		stats->accepted, stats->accepted == 1 ? "" : "s",
		stats->datagrams, stats->datagrams == 1 ? "" : "s", took, in,
		out);
	if (stats->died > 0)
		cli_say(serve->tool, 0,
			"%" PRIu64 " process%s died, and %" PRIu64
			" connection%s with them",
			stats->died, stats->died == 1 ? "" : "es", stats->lost,
			stats->lost == 1 ? "" : "s");
	if (failed + stats->cancelled + limited + refused +
			stats->datagrams_dropped + stats->accept_pauses >
		0)
		cli_say(serve->tool, 0,
			"%" PRIu64 " failed, %" PRIu64
			" met a time limit, %" PRIu64 " refused, %" PRIu64
			" cancelled, %" PRIu64 " datagrams dropped, %" PRIu64
			" pauses for want of descriptors",
			failed, limited, refused, stats->cancelled,
			stats->datagrams_dropped, stats->accept_pauses);
}

void
serve_tell_summary(struct serve *serve)
{
	struct pier_server_stats stats;
	json_t *event;

	pier_server_stats(serve->server, &stats);
	say_summary(serve, &stats);
	if (!serve->tool->json)
		return;
	/* A reader that is behind must not hold up the end. */
	serve->tool->until = PIER_NOW;
	event = cli_event("summary");
	cli_event_seconds(event, "elapsed_s", pier_now() - serve->start_ns);
#define NUMBER(name) cli_event_number(event, #name, (int64_t)stats.name)
	NUMBER(accepted);
	NUMBER(active_peak);
	NUMBER(finished);
	NUMBER(failed);
	NUMBER(cancelled);
	NUMBER(refused_address);
	NUMBER(refused_policy);
	NUMBER(limit_first_byte);
	NUMBER(limit_idle);
	NUMBER(limit_lifetime);
	NUMBER(accept_pauses);
	NUMBER(datagrams);
	NUMBER(datagrams_dropped);
	NUMBER(datagrams_failed);
	NUMBER(lost);
	NUMBER(died);
#undef NUMBER
	cli_event_number(event, "received", (int64_t)stats.bytes_in);
	cli_event_number(event, "sent", (int64_t)stats.bytes_out);
	serve_print_event(serve, event);
}
