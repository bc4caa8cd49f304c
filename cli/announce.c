/* SPDX-License-Identifier: MIT */
/*
 * pier announce: one fiber, in which the announcement is alive; when a signal
 * cancels it, goodbye is said.
 */
#include "announce.h"

#include "conduct.h"
#include "output.h"
#include "store.h"
#include "values.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

struct work {
	struct cli_tool *tool;
	const struct announce_settings *settings;
	struct pier_announce_opts opts;
	int output; /* the error that ended the output, or 0 */
};

static void
tell_begin(const struct work *work)
{
	const struct announce_settings *settings = work->settings;
	char name[LAN_TEXT];
	json_t *event;

	cli_say(work->tool, 0, "announcing \"%s\", %s at port %d, by %s",
		pier_bytes_show(name, sizeof(name), settings->instance,
			strlen(settings->instance)),
		settings->type, work->opts.port,
		lan_by_text((unsigned int)settings->way.by));
	if (!work->tool->json)
		return;
	event = cli_event("announcing");
	cli_event_text(event, "instance", settings->instance);
	cli_event_text(event, "service", settings->type);
	cli_event_number(event, "port", work->opts.port);
	(void)cli_event_print(event, work->tool->until);
}

static void
tell_end(const struct work *work, struct pier_announce *announce)
{
	char name[LAN_TEXT];
	const char *instance = pier_announce_name(announce);
	json_t *event;

	cli_say(work->tool, 1, "saying goodbye for \"%s\"",
		pier_bytes_show(
			name, sizeof(name), instance, strlen(instance)));
	if (!work->tool->json)
		return;
	event = cli_event("goodbye");
	cli_event_text(event, "instance", instance);
	cli_event_text(event, "service", work->settings->type);
	/* Nobody reads any more: it is said on the network all the same. */
	(void)cli_event_print(event, cli_output_last_moment());
}

static int
live(struct work *work, struct pier_announce *announce)
{
	pier_deadline end = work->settings->for_ns > 0
				    ? pier_in_ns(work->settings->for_ns)
				    : PIER_FOREVER;
	struct pier_announce_event event;
	int rc;

	do {
		rc = pier_announce_next(announce, &event, end);
		if (rc == 1)
			work->output =
				announce_tell(work->tool, work->settings->type,
					&event, work->tool->until);
	} while (rc == 1 && work->output == 0);
	return rc == 1 || rc == -PIER_EDEADLINE || rc == -ECANCELED
		       ? CLI_EXIT_OK
		       : cli_failure(work->tool, pier_last_error());
}

static int
start(struct pier_group *group, void *arg)
{
	struct work *work = arg;
	struct pier_announce *announce;
	int code;

	(void)group;
	if (pier_announce_open(&announce, &work->opts) < 0)
		return announce_refused(work->tool, "announce");
	tell_begin(work);
	code = live(work, announce);
	tell_end(work, announce);
	pier_announce_close(announce);
	return code;
}

static int
read_port(struct work *work, struct cli_complaint *why)
{
	int64_t port;

	if (cli_parse_count(&port, work->settings->port) == 0 && port >= 1 &&
		port <= UINT16_MAX) {
		work->opts.port = (uint16_t)port;
		return 0;
	}
	cli_advise(why, "it stands behind the type: pier announce \"My web "
			"server\" http 8080");
	return cli_complain(why, "PORT: '%s' is none: expected 1 to 65535",
		work->settings->port);
}

int
announce_run(struct cli_tool *tool, const void *given)
{
	const struct announce_settings *settings = given;
	const char *texts[CLI_TEXTS_MAX + 1], *subtypes[CLI_TEXTS_MAX + 1];
	const char *aliases[CLI_TEXTS_MAX + 1];
	const char *interfaces[CLI_TEXTS_MAX + 1];
	struct work work = { .tool = tool, .settings = settings };
	struct cli_complaint why = { "", "" };
	int code;

	if (read_port(&work, &why) < 0)
		return cli_usage_error(tool, "announce", &why);
	work.opts.instance = settings->instance;
	work.opts.type = settings->type;
	work.opts.texts = lan_list(texts, &settings->texts);
	work.opts.subtypes = lan_list(subtypes, &settings->subtypes);
	work.opts.aliases = lan_list(aliases, &settings->aliases);
	work.opts.host = settings->host;
	work.opts.priority = (uint16_t)settings->priority;
	work.opts.weight = (uint16_t)settings->weight;
	work.opts.by = (unsigned int)settings->way.by;
	work.opts.family = lan_family(settings->way.four, settings->way.six);
	work.opts.interfaces = lan_list(interfaces, &settings->way.interfaces);
	code = cli_conduct(tool, start, &work);
	/* It ends so: that is no failure. */
	if (code == CLI_EXIT_SIGNAL + SIGINT ||
		code == CLI_EXIT_SIGNAL + SIGTERM)
		return CLI_EXIT_OK;
	if (code != CLI_EXIT_OK || work.output == 0 || work.output == -EPIPE)
		return code;
	return cli_own_failure(
		tool, PIER_STEP_SEND, "standard output", work.output, "");
}
