/* SPDX-License-Identifier: MIT */
/*
 * pier connect --probe: who listens, at any number of endpoints and ports.
 *
 * A fixed number of fibers take the next target each until there is none.
 * Results are printed in the order of the command line, each as soon as all
 * before it are there.
 */
#include "connect.h"

#include "conduct.h"
#include "json.h"
#include "lan.h"
#include "output.h"
#include "ports.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PROBES_MAX = 64, /* dials at a time: below most descriptor limits */
	TARGETS_MAX = 1000000,
};

#define TIMEOUT_NS INT64_C(3000000000)
/* Between two looks whether a descriptor has come free. */
#define RETRY_NS INT64_C(5000000)

struct result {
	bool done;
	int rc;
	int64_t elapsed_ns;
	char *endpoint;
};

struct probe {
	struct cli_tool *tool;
	const struct connect_settings *settings;
	struct cli_sockopts_list sockopts;
	struct cli_ports ports; /* of the current endpoint */
	size_t endpoint;        /* index of the one behind it */
	pier_deadline until;
	size_t count, next, printed, open;
	size_t dialling; /* fibers that have descriptors now */
	size_t dials;    /* begun until now */
	bool printing;   /* a fiber is at it */
	int output;      /* the first error of standard output */
	int code;        /* of the last failure */
	struct result *results;
};

/* The next target's text; false when there are no more. */
static bool
next_target(struct probe *probe, char *text, size_t size)
{
	const struct cli_texts *endpoints = &probe->settings->endpoints;
	char why[128];

	while (probe->endpoint == 0 ||
		!cli_ports_next(&probe->ports, text, size)) {
		if (probe->endpoint == endpoints->n)
			return false;
		/* They were checked before. */
		(void)cli_ports_start(&probe->ports,
			endpoints->item[probe->endpoint++], why, sizeof(why));
	}
	return true;
}

static int
print_event(const struct probe *probe, const struct result *result)
{
	json_t *event = cli_event("probe");

	cli_event_text(event, "endpoint", result->endpoint);
	cli_event_flag(event, "open", result->rc == 0);
	cli_event_text(event, "result",
		result->rc == 0 ? "ok" : pier_error_name(result->rc));
	cli_event_seconds(event, "elapsed_s", result->elapsed_ns);
	return cli_event_print(event, probe->until);
}

static int
print_line(const struct probe *probe, const struct result *result)
{
	char line[PIER_ENDPOINT_TEXT_MAX + 128], took[CLI_VALUE_TEXT];
	int len;

	cli_format_duration(result->elapsed_ns, took, sizeof(took));
	if (result->rc == 0)
		len = snprintf(line, sizeof(line), "%s open (%s)\n",
			result->endpoint, took);
	else
		len = snprintf(line, sizeof(line),
			"%s closed: %s (%s) after %s\n", result->endpoint,
			pier_strerror(result->rc), pier_error_name(result->rc),
			took);
	return cli_output(line, (size_t)len, probe->until);
}

/* Print what can be printed in order: by one fiber at a time, which finds what
   is done meanwhile when its line is out. */
static void
print_ready(struct probe *probe)
{
	if (probe->printing)
		return;
	probe->printing = true;
	while (probe->printed < probe->count &&
		probe->results[probe->printed].done) {
		struct result *result = &probe->results[probe->printed++];
		int rc = probe->tool->json ? print_event(probe, result)
					   : print_line(probe, result);

		/* Nobody reads any more: the exit code still counts. */
		if (rc != -EPIPE && !cli_output_no_room(rc) &&
			probe->output == 0)
			probe->output = rc;
		free(result->endpoint);
		result->endpoint = NULL;
	}
	probe->printing = false;
}

/* Dials. True: it lacked descriptors, and others had some meanwhile. */
static bool
lacks(struct probe *probe, struct result *result, const char *endpoint,
	pier_deadline deadline, struct pier_stream **out)
{
	const struct connect_settings *settings = probe->settings;
	const struct pier_dial_opts opts = { .bind = settings->bind,
		.lookup = lan_lookup(endpoint),
		.options = probe->sockopts.item };
	bool alone = probe->dialling == 0;
	size_t number = ++probe->dials;

	probe->dialling++;
	result->rc = pier_dial(
		out, endpoint, &opts, pier_earlier(probe->until, deadline));
	probe->dialling--;
	return result->rc == -EMFILE && (!alone || probe->dials != number);
}

/* A port is not closed because the others that are tried have all descriptors:
   this one's turn comes when they are through. As long as it may take at all that
   is waited for: where there are too few for any, none is ever alone. */
static struct pier_stream *
dial(struct probe *probe, struct result *result, const char *endpoint)
{
	int64_t timeout = probe->settings->connect_timeout;
	struct pier_stream *stream = NULL;
	pier_deadline patience;
	int64_t start_ns;

	if (timeout == 0)
		timeout = TIMEOUT_NS;
	patience = pier_in_ns(timeout);
	do
		start_ns = pier_now();
	while (lacks(probe, result, endpoint, pier_in_ns(timeout), &stream) &&
		pier_now() < patience.ns &&
		pier_sleep(pier_in_ns(RETRY_NS)) == 0);
	result->elapsed_ns = pier_now() - start_ns;
	return stream;
}

static void
probe_one(struct probe *probe, struct result *result, const char *endpoint)
{
	struct pier_stream *stream = dial(probe, result, endpoint);

	if (result->rc == -ECANCELED)
		return;
	if (result->rc == 0)
		probe->open++;
	else
		probe->code = cli_exit_for(pier_last_error());
	if (result->rc < 0)
		cli_say(probe->tool, 1, "%s", pier_error_line());
	result->done = true;
	pier_close(stream);
}

static int
work(void *arg)
{
	struct probe *probe = arg;
	char text[PIER_ENDPOINT_TEXT_MAX];

	while (!pier_cancelled() && next_target(probe, text, sizeof(text))) {
		struct result *result = &probe->results[probe->next++];

		result->endpoint = strdup(text);
		if (result->endpoint == NULL) {
			probe->code = CLI_EXIT_RESOURCE;
			return 0;
		}
		probe_one(probe, result, text);
		print_ready(probe);
	}
	return 0;
}

static int
run(struct pier_group *group, void *arg)
{
	struct probe *probe = arg;
	size_t workers = probe->count, i;

	if (probe->settings->timeout > 0)
		probe->until = pier_in_ns(probe->settings->timeout);
	else
		probe->until = PIER_FOREVER;
	if (workers > PROBES_MAX)
		workers = PROBES_MAX;
	/* This fiber is one of them, so fewer is only slower. */
	for (i = 1; i < workers; i++)
		if (pier_go(group, work, probe) < 0)
			break;
	return work(probe);
}

/* The number of targets, 0 when there are too many. */
static size_t
count_targets(struct probe *probe)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	size_t n = 0;

	while (n <= TARGETS_MAX && next_target(probe, text, sizeof(text)))
		n++;
	probe->endpoint = 0;
	return n <= TARGETS_MAX ? n : 0;
}

int
connect_probe(struct cli_tool *tool, const struct connect_settings *settings)
{
	struct probe probe = { .tool = tool, .settings = settings };
	size_t i;
	int code;

	code = cli_sockopts_list(
		tool, "connect", &settings->sockopts, &probe.sockopts);
	if (code != CLI_EXIT_OK)
		return code;
	probe.count = count_targets(&probe);
	if (probe.count > 0)
		probe.results = calloc(probe.count, sizeof(*probe.results));
	if (probe.results == NULL)
		return cli_own_failure(tool, PIER_STEP_CREATE, "probes",
			-ENOMEM, "at most a million");
	code = cli_conduct(tool, run, &probe);
	for (i = 0; i < probe.count; i++)
		free(probe.results[i].endpoint);
	free(probe.results);
	if (code != CLI_EXIT_OK)
		return code;
	if (probe.output < 0)
		return cli_output_failed(tool, probe.output);
	if (probe.open == probe.count)
		return CLI_EXIT_OK;
	/* One port: why it is closed. Several: that not all are open. */
	return probe.count == 1 ? probe.code : CLI_EXIT_NO;
}
