/* SPDX-License-Identifier: MIT */
/*
 * What pier serve tells of its clients: the same events as lines for people on
 * standard error and as JSON on standard output. Hooks run in any of the
 * server's threads and processes; each event goes out by one write. What it
 * tells of itself stands in serve_tell_server.c.
 */
#include "serve.h"

#include "json.h"
#include "output.h"
#include "tcp_event.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How much of a message is shown to people. */
enum {
	SHOWN_BYTES = 256,
};

const char *const serve_reason_names[] = {
	[PIER_END_HANDLER] = "done",
	[PIER_END_ERROR] = "error",
	[PIER_END_LIMIT] = "limit",
	[PIER_END_CANCELLED] = "cancelled",
	[PIER_END_SETUP] = "refused",
};

/* Whoever reads the events has gone: then nobody needs the server. */
void
serve_print_event(struct serve *serve, json_t *event)
{
	int rc = cli_event_print(event, serve->tool->until);

	/* No room shows at the end alone: what the reader then misses cannot
	   be told to it. */
	if (rc == 0 || cli_output_no_room(rc))
		return;
	if (rc != -EPIPE && serve->code == CLI_EXIT_OK)
		serve->code = cli_output_failed(serve->tool, rc);
	pier_server_stop(serve->server);
}

/* A client's Unix socket rarely has a name. */
static void
format_addr(const struct pier_addr *addr, char *text, size_t size)
{
	if (addr->len == 0)
		snprintf(text, size, "(unnamed)");
	else
		(void)pier_addr_format(addr, text, size);
}

int
serve_tell_open(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_conn *conn = pier_conn(stream);
	char peer[PIER_ADDR_TEXT_MAX], local[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr = { .len = 0 };
	json_t *event;

	/* Without an address len stays 0. */
	(void)pier_conn_peer(conn, &addr);
	format_addr(&addr, peer, sizeof(peer));
	addr.len = 0;
	(void)pier_conn_local(conn, &addr);
	format_addr(&addr, local, sizeof(local));
	cli_say(serve->tool, 1, "#%" PRIu64 " connected by %s on %s", conn->id,
		peer, conn->endpoint);
	if (!serve->tool->json)
		return 0;
	event = cli_event("open");
	cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "endpoint", conn->endpoint);
	cli_event_text(event, "peer", peer);
	cli_event_text(event, "local", local);
	serve_print_event(serve, event);
	return 0;
}

/* Bytes a second either way, for those that are there to be measured; else 0.
   What went in one turn of the scheduler has the moment of the accept. */
static int64_t
rate_of(const struct serve *serve, const struct pier_conn *conn,
	const struct pier_stream *stream)
{
	int64_t took_ns = conn->last_byte_ns - conn->accepted_ns;
	uint64_t bytes;

	if (serve->settings->what != SERVE_SINK &&
		serve->settings->what != SERVE_SOURCE)
		return 0;
	bytes = pier_bytes_in(stream) + pier_bytes_out(stream);
	if (took_ns <= 0)
		took_ns = pier_now() - conn->accepted_ns;
	return took_ns > 0 ? (int64_t)((double)bytes * 1e9 / (double)took_ns)
			   : 0;
}

/* "by SIGTERM"; one without a name by its number. */
static void
name_signal(int number, char *text, size_t size)
{
	const char *name = NULL;

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
	name = sigabbrev_np(number);
#endif
	if (name != NULL)
		snprintf(text, size, "by SIG%s", name);
	else
		snprintf(text, size, "by signal %d", number);
}

void
serve_tell_exit(struct serve *serve, const struct pier_conn *conn,
	const char *peer, const struct pier_exec_result *result)
{
	char took[CLI_VALUE_TEXT], how[64], number[24];
	json_t *event;

	snprintf(number, sizeof(number), "#%" PRIu64,
		conn != NULL ? conn->id : 0);

	cli_format_duration(result->elapsed_ns, took, sizeof(took));
	if (result->signal > 0)
		name_signal(result->signal, how, sizeof(how));
	else if (result->status >= 0)
		snprintf(how, sizeof(how), "with status %d", result->status);
	else
		snprintf(how, sizeof(how), "unseen");
	cli_say(serve->tool, 1, "%s process %d ended %s%s after %s",
		conn != NULL ? number : peer, result->pid, how,
		result->killed    ? ", killed,"
		: result->stopped ? ", told to,"
				  : "",
		took);
	if (!serve->tool->json)
		return;
	event = cli_event("exit");
	if (conn != NULL)
		cli_event_number(event, "id", (int64_t)conn->id);
	else
		cli_event_text(event, "peer", peer);
	cli_event_number(event, "pid", result->pid);
	if (result->signal > 0)
		cli_event_number(event, "signal", result->signal);
	else if (result->status >= 0)
		cli_event_number(event, "status", result->status);
	cli_event_flag(event, "stopped", result->stopped);
	cli_event_flag(event, "killed", result->killed);
	cli_event_seconds(event, "elapsed_s", result->elapsed_ns);
	serve_print_event(serve, event);
}

static const char *
why_refused(const struct serve *serve, int rc)
{
	bool max = serve->settings->max_per_address > 0;

	if (rc != -PIER_ELIMIT)
		return "not allowed";
	if (serve->settings->rate_per_address == 0)
		return "--max-per-address";
	return max ? "--max-per-address or --rate-per-address"
		   : "--rate-per-address";
}

/* Whom allow and deny keep out, or that he is one too many. */
void
serve_tell_refusal(const struct pier_refusal *refusal, void *ctx)
{
	struct serve *serve = ctx;
	char peer[PIER_ADDR_TEXT_MAX];
	json_t *event;

	format_addr(refusal->peer, peer, sizeof(peer));
	cli_say(serve->tool, 1, "refused %s on %s: %s", peer, refusal->endpoint,
		why_refused(serve, refusal->rc));
	if (!serve->tool->json)
		return;
	event = cli_event("refused");
	cli_event_text(event, "endpoint", refusal->endpoint);
	cli_event_text(event, "peer", peer);
	cli_event_text(event, "error", pier_error_name(refusal->rc));
	serve_print_event(serve, event);
}

/* One that was not told as open: its header was none, or the one that it names
   is kept out. */
static void
tell_refused(struct serve *serve, const struct pier_conn *conn)
{
	const struct pier_error *error = pier_last_error();
	const char *detail = error->code == conn->rc ? error->detail : "";
	struct pier_addr addr = { .len = 0 };
	char peer[PIER_ADDR_TEXT_MAX];
	json_t *event;

	(void)pier_conn_peer(conn, &addr);
	format_addr(&addr, peer, sizeof(peer));
	cli_say(serve->tool, 1, "#%" PRIu64 " refused %s on %s: %s%s%s",
		conn->id, peer, conn->endpoint, pier_strerror(conn->rc),
		detail[0] != '\0' ? ": " : "", detail);
	if (!serve->tool->json)
		return;
	event = cli_event("refused");
	cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "endpoint", conn->endpoint);
	cli_event_text(event, "peer", peer);
	cli_event_text(event, "error", pier_error_name(conn->rc));
	cli_event_text(event, "detail", detail);
	serve_print_event(serve, event);
}

static void
say_close(struct serve *serve, const struct pier_conn *conn,
	const struct pier_stream *stream, const struct pier_tcp_info *info)
{
	char in[CLI_VALUE_TEXT], out[CLI_VALUE_TEXT], took[CLI_VALUE_TEXT];
	char rtt[CLI_VALUE_TEXT], kernel[96] = "", why[128] = "";
	char rate[CLI_VALUE_TEXT + 8] = "";
	int64_t bytes_per_s = rate_of(serve, conn, stream);

	cli_format_bytes(pier_bytes_in(stream), in, sizeof(in));
	cli_format_bytes(pier_bytes_out(stream), out, sizeof(out));
	cli_format_duration(pier_now() - conn->accepted_ns, took, sizeof(took));
	if (conn->reason == PIER_END_LIMIT)
		snprintf(why, sizeof(why), " (%s)", conn->limit);
	else if (conn->reason == PIER_END_ERROR)
		snprintf(why, sizeof(why), " (%s)", pier_strerror(conn->rc));
	if (info->have & PIER_INFO_RTT) {
		cli_format_duration(
			info->rtt_us * INT64_C(1000), rtt, sizeof(rtt));
		snprintf(kernel, sizeof(kernel),
			"; rtt %s, %u retransmission%s", rtt, info->retransmits,
			info->retransmits == 1 ? "" : "s");
	}
	if (bytes_per_s > 0) {
		char text[CLI_VALUE_TEXT];

		cli_format_bytes((uint64_t)bytes_per_s, text, sizeof(text));
		snprintf(rate, sizeof(rate), ", %s/s", text);
	}
	cli_say(serve->tool, 1,
		"#%" PRIu64 " closed: %s%s; received %s, sent %s in %s%s%s",
		conn->id, serve_reason_names[conn->reason], why, in, out, took,
		rate, kernel);
}

void
serve_tell_close(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_conn *conn = pier_conn(stream);
	struct pier_tcp_info info = { .have = 0 };
	json_t *event;

	/* Other families have none: then have stays 0. */
	(void)pier_tcp_info(pier_fd(stream), &info);
	if (conn->reason == PIER_END_SETUP)
		tell_refused(serve, conn);
	else
		say_close(serve, conn, stream, &info);
	if (!serve->tool->json)
		return;
	event = cli_event("close");
	cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "reason", serve_reason_names[conn->reason]);
	if (conn->reason == PIER_END_LIMIT)
		cli_event_text(event, "limit", conn->limit);
	if (conn->rc < 0)
		cli_event_text(event, "error", pier_error_name(conn->rc));
	cli_event_number(event, "received", (int64_t)pier_bytes_in(stream));
	cli_event_number(event, "sent", (int64_t)pier_bytes_out(stream));
	cli_event_seconds(event, "elapsed_s", pier_now() - conn->accepted_ns);
	if (rate_of(serve, conn, stream) > 0)
		cli_event_number(
			event, "bytes_per_s", rate_of(serve, conn, stream));
	cli_event_tcp(event, &info);
	serve_print_event(serve, event);
}

/* One byte of a message, so that no control character reaches a terminal. */
static int
show_byte(unsigned char c, bool utf8, char *text, size_t room)
{
	if (c == '\n' || c == '\r' || c == '\t')
		return snprintf(text, room, "\\%c",
			c == '\n'   ? 'n'
			: c == '\r' ? 'r'
				    : 't');
	if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
		return snprintf(text, room, "\\x%02x", c);
	return snprintf(text, room, "%c", c);
}

/* A message as text, cut off where text is full. */
static void
show(const char *data, size_t size, char *text, size_t room)
{
	json_t *utf8 = json_stringn(data, size);
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < size && len + sizeof("\\xff...") < room; i++)
		len += (size_t)show_byte((unsigned char)data[i], utf8 != NULL,
			text + len, room - len);
	/* Not in the middle of a character. */
	while (utf8 != NULL && i < size && i > 0 && (data[i] & 0xc0) == 0x80) {
		i--;
		len--;
	}
	if (i < size)
		snprintf(text + len, room - len, "...");
	json_decref(utf8);
}

void
serve_tell_message(struct serve *serve, const struct pier_conn *conn,
	const struct pier_addr *peer, const void *data, size_t size)
{
	char from[PIER_ADDR_TEXT_MAX], text[SHOWN_BYTES + 1];
	json_t *event;

	format_addr(peer, from, sizeof(from));
	show(data, size, text, sizeof(text));
	cli_say(serve->tool, 2, "%s: %zu bytes: %s", from, size, text);
	if (!serve->tool->json)
		return;
	event = cli_event("message");
	if (conn != NULL)
		cli_event_number(event, "id", (int64_t)conn->id);
	cli_event_text(event, "peer", from);
	cli_event_number(event, "bytes", (int64_t)size);
	cli_event_bytes(event, "data", data, size);
	serve_print_event(serve, event);
}
