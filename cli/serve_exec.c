/* SPDX-License-Identifier: MIT */
/*
 * pier serve --exec and --shell: a program for each connection.
 */
#include "serve.h"

#include "store.h"
#include "values.h"
#include "verbs.h"

#include <string.h>
#include <sys/socket.h>

enum {
	WINDOW_MAX = 65535,
};

bool
serve_has_program(const struct serve_settings *settings)
{
	return settings->exec.words != NULL || settings->shell != NULL;
}

static const char *
option_name(const struct serve_settings *settings)
{
	return settings->exec.words != NULL ? "--exec" : "--shell";
}

/* One number of a size, up to `end`. False: it is none. */
static bool
read_number(const char *text, const char *end, uint16_t *out)
{
	char digits[8];
	size_t len = (size_t)(end - text);
	int64_t number;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (cli_parse_count(&number, digits) < 0 || number < 1 ||
		number > WINDOW_MAX)
		return false;
	*out = (uint16_t)number;
	return true;
}

/* "132x43". False: it is not so. */
static bool
read_window(const char *text, uint16_t *columns, uint16_t *rows)
{
	const char *times = strchr(text, 'x');

	return times != NULL && read_number(text, times, columns) &&
	       read_number(times + 1, strchr(times, '\0'), rows);
}

static bool
has_messages(const char *endpoint)
{
	struct pier_endpoint_check check;

	/* One that is none is told later. */
	return pier_endpoint_check(endpoint, &check) == 0 &&
	       check.type != SOCK_STREAM && check.type != 0;
}

static bool
is_udp(const char *endpoint)
{
	struct pier_endpoint_check check;

	return pier_endpoint_check(endpoint, &check) == 0 &&
	       check.type == SOCK_DGRAM && strncmp(check.scheme, "udp", 3) == 0;
}

/* Datagrams of which nobody keeps apart who sends them. */
static bool
has_datagrams(const char *endpoint)
{
	struct pier_endpoint_check check;

	return pier_endpoint_check(endpoint, &check) == 0 &&
	       (check.type == SOCK_DGRAM || check.type == SOCK_RDM) &&
	       !is_udp(endpoint);
}

/* A program over UDP has what one peer sends, the broker one member of each. */
bool
serve_has_sessions(const struct serve_settings *settings)
{
	bool wants =
		serve_has_program(settings) || settings->what == SERVE_BROKER;
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++)
		if (wants && is_udp(settings->endpoints.item[i]))
			return true;
	return false;
}

/* What goes with what. False, and why. */
static bool
fits(const struct serve_settings *settings, struct cli_complaint *why)
{
	bool both = settings->exec.words != NULL && settings->shell != NULL;
	bool program = serve_has_program(settings);
	size_t i;

	if (!program && settings->what == SERVE_NOTHING)
		(void)cli_complain(
			why, "HANDLER is missing: what to answer with");
	else if (both)
		(void)cli_complain(
			why, "either --exec or --shell, not both of them");
	else if (program && settings->what != SERVE_NOTHING)
		(void)cli_complain(why,
			"a handler and %s: only one of them can answer",
			option_name(settings));
	else if (settings->pty && settings->exec_direct)
		(void)cli_complain(why, "--exec-direct gives the socket, and "
					"--pty a terminal: leave out one");
	else if (settings->rate > 0 && settings->exec_direct)
		(void)cli_complain(why, "--exec-direct gives the socket, on "
					"which nothing holds --rate: leave out "
					"one");
	if (why->line[0] == '\0' && program && serve_has_sessions(settings) &&
		settings->processes > 0)
		(void)cli_complain(why,
			"--processes and %s over udp://: any of them would get "
			"what a peer sends",
			option_name(settings));
	for (i = 0; program && i < settings->endpoints.n; i++)
		if (why->line[0] == '\0' &&
			has_datagrams(settings->endpoints.item[i])) {
			(void)cli_complain(why,
				"%s is for connections, and %s has datagrams",
				option_name(settings),
				settings->endpoints.item[i]);
			cli_advise(why, "datagrams are for handlers: "
					"'pier serve -h' lists them");
		}
	for (i = 0; settings->exec_direct && i < settings->endpoints.n; i++)
		if (why->line[0] == '\0' &&
			has_messages(settings->endpoints.item[i])) {
			(void)cli_complain(why,
				"--exec-direct is for streams, and %s has "
				"messages",
				settings->endpoints.item[i]);
			cli_advise(why, "without it the program reads what "
					"comes, and what it writes is sent");
		}
	return why->line[0] == '\0';
}

/* Is there an endpoint that connections of bytes come to? Without one it is the
   service manager, or the server that is replaced, that knows. */
static bool
has_connections(const struct serve_settings *settings)
{
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++)
		if (!has_messages(settings->endpoints.item[i]))
			return true;
	return settings->endpoints.n == 0;
}

/* The same of Unix sockets that connections come to; fd:// may be one. */
static bool
has_unix_connections(const struct serve_settings *settings)
{
	struct pier_endpoint_check check;
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++)
		if (pier_endpoint_check(settings->endpoints.item[i], &check) ==
				0 &&
			(strcmp(check.scheme, "unix") == 0 ||
				strcmp(check.scheme, "seqpacket") == 0 ||
				strcmp(check.scheme, "fd") == 0))
			return true;
	return settings->endpoints.n == 0;
}

static unsigned
use_of(const struct serve_settings *settings)
{
	return (settings->what == SERVE_BROKER ? SERVE_NEEDS_HUB : 0) |
	       (settings->what == SERVE_SOURCE ? SERVE_NEEDS_SOURCE : 0) |
	       (settings->what == SERVE_NTP ? SERVE_NEEDS_NTP : 0) |
	       (serve_has_program(settings) ? SERVE_NEEDS_PROGRAM : 0) |
	       (settings->pty ? SERVE_NEEDS_PTY : 0) |
	       (settings->accept_rate > 0 ? SERVE_NEEDS_RATE : 0) |
	       (settings->rate_per_address > 0 ? SERVE_NEEDS_ADDRESS_RATE : 0) |
	       (has_connections(settings) ? SERVE_NEEDS_CONNECTIONS : 0) |
	       (has_unix_connections(settings) ? SERVE_NEEDS_UNIX : 0) |
	       (settings->frames.wire != NULL ? SERVE_NEEDS_FRAME : 0) |
	       (serve_has_sessions(settings) ? SERVE_NEEDS_SESSIONS : 0);
}

static const char *
what_needs(unsigned needs)
{
	switch (needs) {
	case SERVE_NEEDS_SOURCE:
		return "the handler source";
	case SERVE_NEEDS_NTP:
		return "the handler ntp";
	case SERVE_NEEDS_HUB:
		return "the handler broker";
	case SERVE_NEEDS_PTY:
		return "--pty";
	case SERVE_NEEDS_RATE:
		return "--accept-rate";
	case SERVE_NEEDS_ADDRESS_RATE:
		return "--rate-per-address";
	case SERVE_NEEDS_UNIX:
		return "an endpoint of unix:// or seqpacket://";
	case SERVE_NEEDS_FRAME:
		return "--frame";
	case SERVE_NEEDS_SESSIONS:
		return "a program, or the broker, over udp://";
	case SERVE_NEEDS_CONNECTIONS:
		return "an endpoint of streams, such as tcp://";
	default:
		return "--exec or --shell";
	}
}

int
serve_check_program(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	const struct cli_option *vain = cli_given_in_vain(
		cli_verb_serve.options, &settings->common, use_of(settings));
	struct cli_complaint why = { "", "" };
	uint16_t columns, rows;

	cli_advise(&why, "'pier serve -h' shows the usage");
	if (!fits(settings, &why))
		return cli_usage_error(tool, "serve", &why);
	if (vain != NULL) {
		(void)cli_complain(&why, "--%s has no effect without %s",
			vain->name, what_needs(vain->needs));
		cli_advise(&why, "leave it out");
		return cli_usage_error(tool, "serve", &why);
	}
	if (settings->window == NULL ||
		read_window(settings->window, &columns, &rows))
		return serve_has_program(settings)
			       ? serve_find_program(tool, settings)
			       : CLI_EXIT_OK;
	(void)cli_complain(&why,
		"--window: cannot use '%s'; expected columns and rows, such "
		"as 80x24",
		settings->window);
	return cli_usage_error(tool, "serve", &why);
}

static struct pier_exec_opts
exec_opts(const struct serve_settings *settings)
{
	struct pier_exec_opts opts = {
		.argv = settings->exec.words,
		.shell = settings->shell,
		.direct = settings->exec_direct,
		.pty = settings->pty,
		.no_echo = settings->no_echo,
		.error_to_peer = settings->error_to_peer,
		.grace_ms = settings->grace > 0
				    ? (settings->grace + 999999) / 1000000
				    : settings->grace,
	};

	/* It was read once before, and is good. */
	if (settings->window != NULL)
		(void)read_window(settings->window, &opts.columns, &opts.rows);
	return opts;
}

static int
tell(struct serve *serve, const struct pier_conn *conn, const char *peer,
	const struct pier_exec_result *result, int rc)
{
	if (result->pid > 0)
		serve_tell_exit(serve, conn, peer, result);
	else if (rc < 0)
		/* The next connection will fare no better: not for -v alone. */
		cli_say(serve->tool, 0, "%s", pier_error_line());
	return rc;
}

int
serve_exec_stream(struct pier_stream *stream, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_exec_opts opts = exec_opts(serve->settings);
	struct pier_exec_result result;
	int rc = pier_exec(stream, &opts, &result, PIER_DEFAULT);

	return tell(serve, pier_conn(stream), "", &result, rc);
}

int
serve_exec_packets(struct pier_packet *packet, void *ctx)
{
	struct serve *serve = ctx;
	const struct pier_exec_opts opts = exec_opts(serve->settings);
	struct pier_exec_result result;
	char peer[PIER_ADDR_TEXT_MAX] = "";
	struct pier_addr addr;
	int rc;

	/* A session has no number. */
	if (pier_packet_conn(packet) == NULL &&
		pier_packet_peer(packet, &addr) == 0)
		(void)pier_addr_format(&addr, peer, sizeof(peer));
	rc = pier_exec_packets(packet, &opts, &result, PIER_DEFAULT);
	return tell(serve, pier_packet_conn(packet), peer, &result, rc);
}
