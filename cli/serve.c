/* SPDX-License-Identifier: MIT */
/*
 * pier serve: settings to options of the server, run it until a signal stops
 * it, and say how it went.
 */
#include "serve.h"

#include "signals.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Telling formats numbers and JSON, deep inside the C library. */
#define STACK_BYTES (256 * 1024)

static int
source(struct pier_stream *stream, void *ctx)
{
	const struct serve *serve = ctx;
	int64_t size = serve->settings->size;

	if (size == 0)
		return pier_handler_source(stream, NULL);
	return pier_source(stream, (uint64_t)size, PIER_DEFAULT);
}

static pier_handler *const handlers[] = {
	[SERVE_ECHO] = pier_handler_echo,
	[SERVE_UPPER] = pier_handler_upper,
	[SERVE_DISCARD] = pier_handler_discard,
	[SERVE_BROKER] = serve_broker,
	[SERVE_DAYTIME] = pier_handler_daytime,
	[SERVE_TIME] = pier_handler_time,
	[SERVE_CHARGEN] = pier_handler_chargen,
	[SERVE_SOURCE] = source,
	[SERVE_SINK] = pier_handler_discard,
	[SERVE_NTP] = NULL, /* of datagrams alone */
};

/* The same, told. */
static pier_handler *const loud_handlers[] = {
	[SERVE_ECHO] = serve_loud_stream,
	[SERVE_UPPER] = serve_loud_stream,
	[SERVE_DISCARD] = serve_loud_stream,
	[SERVE_BROKER] = serve_loud_broker,
	[SERVE_DAYTIME] = pier_handler_daytime,
	[SERVE_TIME] = pier_handler_time,
	[SERVE_CHARGEN] = pier_handler_chargen,
	[SERVE_SOURCE] = source,
	[SERVE_SINK] = serve_loud_stream,
	[SERVE_NTP] = NULL,
};

static pier_datagram_handler *const datagram_handlers[] = {
	[SERVE_ECHO] = pier_datagram_echo,
	[SERVE_UPPER] = pier_datagram_upper,
	[SERVE_DISCARD] = pier_datagram_discard,
	[SERVE_BROKER] = NULL, /* each peer has a session */
	[SERVE_DAYTIME] = pier_datagram_daytime,
	[SERVE_TIME] = pier_datagram_time,
	[SERVE_CHARGEN] = pier_datagram_chargen,
	[SERVE_SOURCE] = pier_datagram_source,
	[SERVE_SINK] = pier_datagram_discard,
	[SERVE_NTP] = serve_ntp,
};

/* NULL: this service is not for packets. */
static pier_packet_handler *const packet_handlers[] = {
	[SERVE_ECHO] = pier_packet_echo,
	[SERVE_UPPER] = pier_packet_upper,
	[SERVE_DISCARD] = pier_packet_discard,
	[SERVE_BROKER] = serve_broker_packets,
	[SERVE_SINK] = pier_packet_discard,
	[SERVE_NTP] = NULL,
};

/* Rounded up: a limit never comes early. 0 and PIER_OFF stay. */
static int64_t
to_ms(int64_t ns)
{
	return ns > 0 ? (ns + 999999) / 1000000 : ns;
}

/* Who only listens to chargen or source never has a first byte, and who reads a
   prompt may think. */
static int64_t
first_byte_ms(const struct serve_settings *settings)
{
	bool speaks_alone = settings->what == SERVE_CHARGEN ||
			    settings->what == SERVE_SOURCE || settings->pty;

	if (speaks_alone && settings->first_byte_timeout == 0)
		return PIER_OFF;
	return to_ms(settings->first_byte_timeout);
}

static pier_handler *
stream_handler(const struct serve_settings *settings, bool loud)
{
	if (serve_has_program(settings))
		return serve_exec_stream;
	if (settings->frames.wire != NULL)
		return serve_frames_handler(settings);
	return (loud ? loud_handlers : handlers)[settings->what];
}

static pier_packet_handler *
packet_handler(const struct serve_settings *settings, bool loud)
{
	if (serve_has_program(settings))
		return serve_exec_packets;
	/* The broker tells messages by itself. */
	return loud && packet_handlers[settings->what] != NULL &&
			       settings->what != SERVE_BROKER
		       ? serve_loud_packets
		       : packet_handlers[settings->what];
}

pier_datagram_handler *
serve_datagram_handler(const struct serve_settings *settings)
{
	return datagram_handlers[settings->what];
}

/* A program has none, nor has the broker. */
static pier_datagram_handler *
datagram_handler(const struct serve_settings *settings, bool loud)
{
	if (serve_has_program(settings) || settings->what == SERVE_BROKER)
		return NULL;
	return loud ? serve_loud_datagram : serve_datagram_handler(settings);
}

/* The kernel cuts a longer queue without a word. */
static void
find_backlog(struct serve *serve)
{
	long wanted = (long)serve->settings->backlog, most = 0;
	FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");

	if (wanted == 0)
		wanted = 4096;
	if (file == NULL)
		return;
	if (fscanf(file, "%ld", &most) == 1)
		serve->backlog = most < wanted ? most : wanted;
	fclose(file);
	if (serve->backlog < wanted && serve->backlog > 0)
		cli_say(serve->tool, 1,
			"backlog %ld is cut to %ld by net.core.somaxconn",
			wanted, serve->backlog);
}

static int
open_server(struct serve *serve, const char *const *endpoints)
{
	const struct serve_settings *settings = serve->settings;
	bool loud = serve->tool->verbose >= 2;
	bool tell = serve->tool->verbose > 0 || serve->tool->json;
	const struct pier_listen_opts listen = {
		.backlog = (int)settings->backlog,
		.options = serve->sockopts.item,
	};
	const struct pier_server_opts opts = {
		.endpoints = endpoints,
		.handler = stream_handler(settings, loud),
		.datagram_handler = datagram_handler(settings, loud),
		.packet_handler = packet_handler(settings, loud),
		.ctx = serve,
		.model = (enum pier_model)settings->model,
		.workers = (int)settings->workers,
		.processes = (int)settings->processes,
		.listen = &listen,
		.connections_max = (int)settings->max_connections,
		.per_address_max = (int)settings->max_per_address,
		.per_address_rate = settings->rate_per_address,
		.per_address_burst = settings->burst_per_address,
		.allow = (const char *const *)serve->allow.list,
		.deny = (const char *const *)serve->deny.list,
		.proxy = settings->proxy_header       ? PIER_PROXY_REQUIRED
			 : settings->proxy_from.n > 0 ? PIER_PROXY_FROM
						      : PIER_PROXY_OFF,
		.proxy_from = (const char *const *)serve->proxy_from.list,
		.accept_rate = settings->accept_rate,
		.accept_burst = settings->accept_burst,
		.first_byte_ms = first_byte_ms(settings),
		.idle_ms = to_ms(settings->idle_timeout),
		.sessions = serve_has_sessions(settings),
		.sessions_max = (int)settings->max_connections,
		.session_idle_ms = to_ms(settings->session_idle),
		.lifetime_ms = to_ms(settings->lifetime),
		.linger_ms = to_ms(settings->linger),
		.drain_ms = to_ms(settings->drain),
		.stack_size =
			tell || serve_has_program(settings) ? STACK_BYTES : 0,
		.verify = settings->allow_user.n > 0 ? serve_verify_user : NULL,
		.setup = tell ? serve_tell_open : NULL,
		.finish = tell ? serve_tell_close : NULL,
		.on_error = serve_tell_error,
		.on_refuse = tell ? serve_tell_refusal : NULL,
		.on_listen = serve_tell_listening,
		.notify = true,
		.ask = settings->what == SERVE_NTP ? PIER_ASK_TIME : 0,
		.on_process = tell ? serve_tell_process : NULL,
		.control = settings->control != NULL ? settings->control
						     : settings->replace,
		.replace = settings->replace,
		.on_hand_over = serve_tell_hand_over,
		.read_rate = settings->rate,
		.write_rate = settings->rate,
	};

	return pier_server_open(&serve->server, &opts);
}

static void
free_networks(struct serve *serve)
{
	cli_networks_free(&serve->allow);
	cli_networks_free(&serve->deny);
	cli_networks_free(&serve->proxy_from);
}

static int
read_networks(struct serve *serve)
{
	const struct serve_settings *settings = serve->settings;
	struct cli_complaint why = { "", "" };

	if (cli_networks_read(&serve->allow, &settings->allow, "allow", &why) ==
			0 &&
		cli_networks_read(
			&serve->deny, &settings->deny, "deny", &why) == 0 &&
		cli_networks_read(&serve->proxy_from, &settings->proxy_from,
			"proxy-from", &why) == 0)
		return CLI_EXIT_OK;
	free_networks(serve);
	return cli_usage_error(serve->tool, "serve", &why);
}

/* The server could not be opened. libpier knows the text of a network that is
   none, not where it was written. */
static int
fail_to_open(const struct serve *serve)
{
	const struct pier_error *error = pier_last_error();
	struct cli_complaint why = { "", "" };

	if (error->step == PIER_STEP_PARSE &&
		(cli_networks_blame(
			 &serve->allow, error->endpoint, error->detail, &why) ||
			cli_networks_blame(&serve->deny, error->endpoint,
				error->detail, &why) ||
			cli_networks_blame(&serve->proxy_from, error->endpoint,
				error->detail, &why)))
		return cli_usage_error(serve->tool, "serve", &why);
	return cli_failure(serve->tool, error);
}

static void
stop(void *server)
{
	pier_server_stop(server);
}

static int
run_server(struct serve *serve)
{
	int rc;

	serve->start_ns = pier_now();
	cli_signals_call(stop, serve->server);
	rc = pier_server_run(serve->server);
	cli_signals_call(NULL, NULL);
	if (rc < 0)
		return cli_failure(serve->tool, pier_last_error());
	serve_tell_summary(serve);
	if (serve->code != CLI_EXIT_OK)
		return serve->code;
	return rc > 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
}

static int
cannot_serve_raw(const struct cli_tool *tool, const char *endpoint)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why,
		"%s: raw messages have no ports that tell an answer from a "
		"question: none is served",
		endpoint);
	cli_advise(&why, "to send and to hear them: pier connect %s", endpoint);
	return cli_usage_error(tool, "serve", &why);
}

/* Each endpoint is one, and of a kind that the service is for. */
static int
check_endpoints(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	struct pier_endpoint_check check;
	struct cli_complaint why = { "", "" };
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++) {
		const char *endpoint = settings->endpoints.item[i];
		int code;

		if (pier_endpoint_check(endpoint, &check) < 0)
			return cli_endpoint_error(
				tool, "serve", endpoint, &check);
		code = cli_inherited_check(tool, endpoint);
		if (code != CLI_EXIT_OK)
			return code;
		if (check.type == SOCK_RAW)
			return cannot_serve_raw(tool, endpoint);
		if (packet_handlers[settings->what] != NULL ||
			serve_has_program(settings) ||
			check.type != SOCK_SEQPACKET)
			continue;
		(void)cli_complain(&why,
			"%s: of the services only echo, upper, discard, sink "
			"and broker are for messages over a connection",
			endpoint);
		cli_advise(&why, "unix:// at the same path");
		return cli_usage_error(tool, "serve", &why);
	}
	return serve_broker_check(tool, settings);
}

/* Before what is missing: whoever writes can:// has no use for a handler. */
static int
check_grammar(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	struct pier_endpoint_check check;
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++)
		if (pier_endpoint_check(settings->endpoints.item[i], &check) <
			0)
			return cli_endpoint_error(tool, "serve",
				settings->endpoints.item[i], &check);
	return CLI_EXIT_OK;
}

int
serve_run(struct cli_tool *tool, const void *given)
{
	struct serve_settings own = *(const struct serve_settings *)given;
	const struct serve_settings *settings = &own;
	char handed[CLI_TEXTS_MAX][SERVE_HANDED_TEXT];
	const char *endpoints[CLI_TEXTS_MAX + 1] = { NULL };
	struct serve serve = { .tool = tool, .settings = settings };
	size_t i;
	int code = check_grammar(tool, settings);

	if (code == CLI_EXIT_OK)
		code = serve_check_program(tool, settings);
	if (code == CLI_EXIT_OK)
		code = cli_sockopts_list(
			tool, "serve", &own.sockopts, &serve.sockopts);
	if (code == CLI_EXIT_OK)
		code = serve_handed(tool, &own, handed);
	if (code != CLI_EXIT_OK)
		return code;
	for (i = 0; i < settings->endpoints.n; i++)
		endpoints[i] = settings->endpoints.item[i];
	code = check_endpoints(tool, settings);
	if (code == CLI_EXIT_OK)
		code = serve_ntp_check(tool, settings);
	if (code == CLI_EXIT_OK)
		code = serve_frames_check(&serve);
	if (code == CLI_EXIT_OK)
		code = serve_announce_check(tool, settings);
	if (code == CLI_EXIT_OK)
		code = serve_check_ready(tool, settings);
	if (code == CLI_EXIT_OK)
		code = serve_find_users(&serve);
	if (code == CLI_EXIT_OK)
		code = read_networks(&serve);
	if (code != CLI_EXIT_OK)
		return code;
	find_backlog(&serve);
	if (serve_broker_open(&serve) == 0 &&
		open_server(&serve, endpoints) == 0)
		code = serve_announce_begin(&serve);
	else
		code = fail_to_open(&serve);
	if (code == CLI_EXIT_OK)
		code = run_server(&serve);
	serve_announce_end(&serve);
	serve_remove_ready(&serve);
	pier_server_close(serve.server);
	pier_hub_close(serve.hub);
	free_networks(&serve);
	return code;
}
