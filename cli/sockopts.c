/* SPDX-License-Identifier: MIT */
/* See sockopts.h. */
#include "sockopts.h"

#include "store.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

#define SECOND     INT64_C(1000000000)
#define IDLE_MAX   32767 /* TCP_KEEPIDLE, in seconds */
#define PROBES_MAX 127   /* TCP_KEEPCNT */

static void
add(struct cli_sockopts_list *out, const char *text)
{
	out->item[out->count++] = text;
	out->item[out->count] = NULL;
}

static void
add_own(struct cli_sockopts_list *out, const char *name, int64_t number,
	const char *unit)
{
	char *text = out->own[out->count];

	snprintf(text, CLI_SOCKOPTS_TEXT, "%s=%lld%s", name, (long long)number,
		unit);
	add(out, text);
}

/* Whole seconds of a part; -1: it is none. */
static int64_t
seconds_of(const char *text)
{
	int64_t ns;

	if (cli_parse_duration(&ns, text) < 0 || ns % SECOND != 0 ||
		ns < SECOND || ns > IDLE_MAX * SECOND)
		return -1;
	return ns / SECOND;
}

static int
refuse(const struct cli_tool *tool, const char *verb, const char *text)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why,
		"--keepalive: cannot use '%s'; expected IDLE,INTERVAL,COUNT: "
		"two durations of 1s to %ds, and 1 to %d probes",
		text, IDLE_MAX, PROBES_MAX);
	cli_advise(&why, "--keepalive 60s,10s,3; INTERVAL and COUNT may be "
			 "left out");
	return cli_usage_error(tool, verb, &why);
}

static int
add_keepalive(const struct cli_tool *tool, const char *verb, const char *text,
	struct cli_sockopts_list *out)
{
	static const char *const names[] = { "tcp.keepidle", "tcp.keepintvl" };
	char copy[64], *part = copy, *rest;
	int64_t number;
	size_t i;

	if (strlen(text) >= sizeof(copy))
		return refuse(tool, verb, text);
	memcpy(copy, text, strlen(text) + 1);
	add_own(out, "socket.keepalive", 1, "");
	for (i = 0; i < 3 && part != NULL; i++, part = rest) {
		rest = strchr(part, ',');
		if (rest != NULL)
			*rest++ = '\0';
		if (i < 2) {
			number = seconds_of(part);
		} else if (cli_parse_count(&number, part) < 0 ||
			   number > PROBES_MAX) {
			number = -1;
		}
		if (number < 1)
			return refuse(tool, verb, text);
		add_own(out, i < 2 ? names[i] : "tcp.keepcnt", number,
			i < 2 ? "s" : "");
	}
	return part == NULL ? CLI_EXIT_OK : refuse(tool, verb, text);
}

int
cli_sockopts_list(const struct cli_tool *tool, const char *verb,
	const struct cli_sockopts *given, struct cli_sockopts_list *out)
{
	int code = CLI_EXIT_OK;
	size_t i;

	out->count = 0;
	out->item[0] = NULL;
	if (given->keepalive != NULL)
		code = add_keepalive(tool, verb, given->keepalive, out);
	if (code != CLI_EXIT_OK)
		return code;
	/* A part of a millisecond is a whole one: 0 would be no limit. */
	if (given->user_timeout > 0)
		add_own(out, "tcp.user_timeout",
			(given->user_timeout + 999999) / 1000000, "ms");
	for (i = 0; i < given->given.n; i++)
		add(out, given->given.item[i]);
	return CLI_EXIT_OK;
}
