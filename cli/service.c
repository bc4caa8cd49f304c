/* SPDX-License-Identifier: MIT */
/*
 * pier service [WHAT...]: ports to the names of their services and back, by
 * what this machine's /etc/services says, and where that differs from the name
 * that IANA has given.
 */
#include <pier.h>

#include "base/near.h"
#include "json.h"
#include "report.h"
#include "store.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
	struct cli_common common;
	const char *protocol;
	bool conflicts;
	struct cli_texts what;
};

/* What one word asks for: ports, or a name. */
struct wish {
	const char *name; /* NULL: ports */
	size_t name_len;
	const char *protocol; /* NULL: any */
	unsigned int first, last;
};

struct work {
	struct cli_tool *tool;
	const struct settings *settings;
	struct pier_services *here, *iana;
	size_t shown; /* for the word at hand */
};

/* The name that IANA has for its port, when it is none of its own; NULL. */
static const struct pier_service *
conflict(const struct work *work, const struct pier_service *service)
{
	const struct pier_service *iana = pier_services_by_port(
		work->iana, service->port, service->protocol);
	size_t i, k;

	if (iana == NULL)
		return NULL;
	for (i = 0; i <= iana->alias_count; i++) {
		const char *name = i == 0 ? iana->name : iana->aliases[i - 1];

		if (strcasecmp(name, service->name) == 0)
			return NULL;
		for (k = 0; k < service->alias_count; k++)
			if (strcasecmp(name, service->aliases[k]) == 0)
				return NULL;
	}
	return iana;
}

static int
tell_json(const struct work *work, const struct pier_service *service,
	const struct pier_service *iana)
{
	bool file = work->here->source == PIER_SERVICES_FILE;
	json_t *event = cli_event("service"), *aliases = json_array();
	size_t i;

	cli_event_text(event, "name", service->name);
	cli_event_number(event, "port", service->port);
	cli_event_text(event, "protocol", service->protocol);
	for (i = 0; i < service->alias_count; i++)
		(void)json_array_append_new(
			aliases, json_string(service->aliases[i]));
	(void)json_object_set_new(event, "aliases", aliases);
	cli_event_text(event, "source", file ? "file" : "built-in");
	if (iana != NULL)
		cli_event_text(event, "iana", iana->name);
	return cli_event_print(event, PIER_FOREVER);
}

static int
tell(struct work *work, const struct pier_service *service)
{
	const struct pier_service *iana = conflict(work, service);
	char port[32];
	size_t i;

	if (work->settings->conflicts && iana == NULL)
		return 0;
	work->shown++;
	if (work->tool->json)
		return tell_json(work, service, iana);
	(void)snprintf(
		port, sizeof(port), "%u/%s", service->port, service->protocol);
	printf("%-11s %s", port, service->name);
	for (i = 0; i < service->alias_count; i++)
		printf(" %s", service->aliases[i]);
	if (iana != NULL)
		printf("  (IANA: %s)", iana->name);
	putchar('\n');
	return 0;
}

static bool
is_named(const struct pier_service *service, const struct wish *wish)
{
	size_t i;

	for (i = 0; i <= service->alias_count; i++) {
		const char *name =
			i == 0 ? service->name : service->aliases[i - 1];

		if (strlen(name) == wish->name_len &&
			memcmp(name, wish->name, wish->name_len) == 0)
			return true;
	}
	return false;
}

static bool
fits(const struct pier_service *service, const struct wish *wish)
{
	if (wish->protocol != NULL &&
		strcmp(wish->protocol, service->protocol) != 0)
		return false;
	if (wish->name != NULL)
		return is_named(service, wish);
	return service->port >= wish->first && service->port <= wish->last;
}

static int
tell_all(struct work *work, const struct wish *wish)
{
	size_t i;
	int rc = 0;

	work->shown = 0;
	for (i = 0; rc == 0 && i < work->here->count; i++)
		if (fits(&work->here->list[i], wish))
			rc = tell(work, &work->here->list[i]);
	return rc;
}

static int
read_port(const char **text, unsigned int *port)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long number = strtoul(*text, NULL, 10);

	*text += digits;
	*port = (unsigned int)number;
	return digits > 0 && digits < 8 && number <= 65535 ? 0 : -1;
}

/* "80", "20-25", "http", and each with "/tcp" behind it. */
static int
read_wish(struct wish *wish, const struct settings *settings, const char *text,
	struct cli_complaint *why)
{
	const char *slash = strchr(text, '/'), *at = text;
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

	*wish = (struct wish){ .protocol = settings->protocol };
	cli_advise(why, "'pier service --help' has examples");
	if (slash != NULL)
		wish->protocol = slash + 1;
	if (slash != NULL && (slash[1] == '\0' || len == 0))
		return cli_complain(why,
			"'%s' lacks a port or a protocol; expected such as "
			"80/tcp",
			text);
	if (strspn(text, "0123456789-") < len || *text == '-' ||
		(len == 0 && slash == NULL)) {
		wish->name = text;
		wish->name_len = len;
		return 0;
	}
	if (read_port(&at, &wish->first) < 0)
		return cli_complain(why,
			"the port in '%s' is out of range; expected 0 to 65535",
			text);
	wish->last = wish->first;
	if (*at == '-') {
		at++;
		if (read_port(&at, &wish->last) < 0 || wish->last < wish->first)
			return cli_complain(why,
				"'%s' is no range of ports from 0 to 65535, "
				"the lower one first",
				text);
	}
	if (at == text + len)
		return 0;
	return cli_complain(why,
		"'%s' is no port; expected such as 80, 20-25 or http", text);
}

/* The word has no service: 1, with what may have been meant. */
static void
say_none(const struct work *work, const char *text)
{
	struct pier__near near;
	size_t i, k;

	cli_say(work->tool, 0, "service: no service '%s'%s%s", text,
		work->settings->protocol != NULL ? " of protocol " : "",
		work->settings->protocol != NULL ? work->settings->protocol
						 : "");
	pier__near_start(&near, text);
	for (i = 0; i < work->here->count; i++) {
		const struct pier_service *service = &work->here->list[i];

		pier__near_try(&near, service->name);
		for (k = 0; k < service->alias_count; k++)
			pier__near_try(&near, service->aliases[k]);
	}
	if (near.best != NULL)
		cli_say_hint(work->tool, "did you mean '%s'?", near.best);
}

static int
tell_words(struct work *work)
{
	const struct settings *settings = work->settings;
	struct cli_complaint why;
	struct wish wish = { .last = 65535, .protocol = settings->protocol };
	int code = CLI_EXIT_OK, rc = 0;
	size_t i;

	for (i = 0; i < settings->what.n; i++)
		if (read_wish(&wish, settings, settings->what.item[i], &why) <
			0)
			return cli_usage_error(work->tool, "service", &why);
	if (settings->what.n == 0)
		rc = tell_all(work, &wish);
	for (i = 0; rc == 0 && i < settings->what.n; i++) {
		(void)read_wish(&wish, settings, settings->what.item[i], &why);
		rc = tell_all(work, &wish);
		if (rc == 0 && work->shown == 0) {
			say_none(work, settings->what.item[i]);
			code = CLI_EXIT_NO;
		}
	}
	if (rc < 0)
		return cli_output_failed(work->tool, rc);
	return settings->what.n == 0 && work->shown == 0 ? CLI_EXIT_NO : code;
}

static int
run(struct cli_tool *tool, const void *given)
{
	struct work work = { .tool = tool, .settings = given };
	int code;

	if (pier_services_open(&work.here) < 0)
		return cli_failure(tool, pier_last_error());
	if (pier_services_built_in(&work.iana) < 0) {
		pier_services_close(work.here);
		return cli_failure(tool, pier_last_error());
	}
	if (work.here->source == PIER_SERVICES_BUILT_IN)
		cli_say(tool, 0,
			"service: this machine has no /etc/services: the list "
			"is pier's own, of common names");
	code = tell_words(&work);
	pier_services_close(work.iana);
	pier_services_close(work.here);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "protocol",
		.letter = 'p',
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "Choice",
		.help = "services of this protocol: tcp, udp, sctp",
		.otherwise = "all",
		.offset = offsetof(struct settings, protocol) },
	{ .name = "conflicts",
		.kind = CLI_FLAG,
		.group = "Choice",
		.help = "only those for whose port IANA has another name; of "
			"the common ones, which pier knows",
		.offset = offsetof(struct settings, conflicts) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "SERVICE",
		.kind = CLI_TEXTS,
		.help = "a port (80), a range (20-25) or a name (http), each "
			"perhaps with its protocol (80/tcp)",
		.min = 0,
		.offset = offsetof(struct settings, what) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier service http", "which port that is" },
	{ "pier service 20-25/tcp", "what is known to be at these" },
	{ "pier service --conflicts",
		"where this machine's names are not those of IANA" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_service = {
	.name = "service",
	.summary = "ports and the names of their services",
	.about = "Looks up services in /etc/services, by port or by name, and "
		 "lists all without an argument. Where the file has a name "
		 "for a port that is not the one that IANA has given, that "
		 "one stands behind it. Without the file a list of common "
		 "names answers, and a line says so.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct settings),
	.run = run,
};
