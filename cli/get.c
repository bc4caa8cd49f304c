/* SPDX-License-Identifier: MIT */
/*
 * pier get: what a URL names, to standard output or to a file that is there
 * whole or not at all.
 *
 * A status of 400 and more is a negative answer: what came with it still goes to
 * standard output, but never into a file, where it would pass for what was
 * asked for.
 */
#include "get.h"

#include "attempts.h"
#include "conduct.h"
#include "values.h"
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

static int
open_fetch(struct get *get)
{
	const struct get_settings *settings = get->settings;
	const struct pier_http_opts opts = {
		.method = settings->head ? "HEAD" : "GET",
		.http10 = settings->http10,
		.via = settings->via,
		.headers = get->headers.item,
		.range = get->range[0] != '\0' ? get->range : settings->range,
		.if_range = get->range[0] != '\0' ? get->file.tag : NULL,
		.redirects = settings->redirects == 0
				     ? PIER_OFF
				     : (int)settings->redirects,
		.body_max = settings->max_size,
		.connect_ms = (settings->connect_timeout + MS - 1) / MS,
		.first_byte_ms = (settings->first_byte_timeout + MS - 1) / MS,
		.read_rate = settings->rate,
		.bind = settings->bind,
		.options = get->sockopts.item,
	};
	const struct pier_error *error;
	char line[512];

	if (pier_http_open(&get->http, settings->url, &opts) == 0)
		return CLI_EXIT_OK;
	error = pier_last_error();
	if (error->step != PIER_STEP_PARSE)
		return cli_failure(get->tool, error);
	/* The URL was checked before: it is a header or the range. */
	snprintf(line, sizeof(line), "%s", error->detail);
	return get_complain(get->tool, line, "'pier get --help' has examples");
}

/* The last part of the path; it has no '/' and no byte that a terminal minds. */
static int
remote_name(struct get *get, char *name, size_t size)
{
	const char *url = pier_http_answer(get->http)->url;
	size_t end = strcspn(url, "?"), begin = end;

	while (url[begin - 1] != '/')
		begin--;
	if (begin == end)
		return get_complain(get->tool,
			"--remote-name: the URL names no file, it ends in '/'",
			"name one by --output FILE");
	snprintf(name, size, "%.*s", (int)(end - begin), url + begin);
	return CLI_EXIT_OK;
}

static int
open_file(struct get *get)
{
	const struct get_settings *settings = get->settings;
	char name[PATH_MAX];
	int rc;

	if (settings->remote_name) {
		rc = remote_name(get, name, sizeof(name));
		if (rc != CLI_EXIT_OK)
			return rc;
	} else if (settings->output == NULL ||
		   strcmp(settings->output, "-") == 0) {
		return CLI_EXIT_OK;
	} else {
		snprintf(name, sizeof(name), "%s", settings->output);
	}
	get->to_file = true;
	rc = get_file_open(&get->file, name, settings->go_on,
		pier_http_answer(get->http)->url);
	return rc < 0 ? get_file_failed(get, PIER_STEP_CREATE, rc)
		      : CLI_EXIT_OK;
}

/* With a part of the file there, ask for the rest: by a fetch of its own, since
   which file it is, is known of the first. */
static int
open_all(struct get *get)
{
	int code = open_fetch(get);

	if (code == CLI_EXIT_OK)
		code = open_file(get);
	if (code != CLI_EXIT_OK || !get->to_file || get->file.have == 0)
		return code;
	snprintf(
		get->range, sizeof(get->range), "%" PRId64 "-", get->file.have);
	pier_http_close(get->http);
	get->http = NULL;
	return open_fetch(get);
}

/* ---- The answer ---- */

/* What was written is kept or gone; say so. */
static void
drop_file(struct get *get)
{
	int64_t kept;
	char size[CLI_VALUE_TEXT];

	if (!get->to_file)
		return;
	kept = get_file_drop(&get->file);
	cli_format_bytes((uint64_t)kept, size, sizeof(size));
	if (kept > 0)
		cli_say(get->tool, 0,
			"%s are kept in %s; the same command goes on from "
			"there",
			size, get->file.work);
}

static int
negative(const struct get *get, const char *hint)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	char line[512], reason[80];

	snprintf(line, sizeof(line), "receive header: %.300s: status %d%s%s",
		answer->url, answer->status,
		answer->reason[0] != '\0' ? " " : "",
		get_printable(answer->reason, reason, sizeof(reason)));
	return cli_negative(get->tool, line, hint);
}

/* Everything asked for has come before. */
static bool
is_complete_part(const struct get *get)
{
	return get->range[0] != '\0' &&
	       pier_http_answer(get->http)->status == 416 &&
	       pier_http_answer(get->http)->range_total == get->file.have;
}

static bool
is_wanted(const struct get *get)
{
	int status = pier_http_answer(get->http)->status;

	return get->settings->any_status || status < 400;
}

/* A server may send all of it whatever was asked for (RFC 9110 section 14.2);
   who asked for a part has no use for that. */
static bool
is_whole_for_part(const struct get *get)
{
	return get->settings->range != NULL && !get->settings->any_status &&
	       pier_http_answer(get->http)->status == 200;
}

static int
commit(struct get *get)
{
	int rc = get_file_commit(&get->file);
	char size[CLI_VALUE_TEXT];

	if (rc < 0)
		return get_file_failed(get, PIER_STEP_WRITE, rc);
	cli_format_bytes(
		(uint64_t)get->file.have + get->body, size, sizeof(size));
	cli_say(get->tool, 1, "%s: %s", get->file.path, size);
	return CLI_EXIT_OK;
}

/* What came is not for the file. */
static int
unwanted(const struct get *get)
{
	char hint[PATH_MAX + 64];

	snprintf(hint, sizeof(hint),
		"nothing was written; --any-status takes any answer");
	if (get->settings->go_on)
		snprintf(hint, sizeof(hint), "nothing was written");
	if (get->range[0] != '\0' && pier_http_answer(get->http)->status == 416)
		snprintf(hint, sizeof(hint),
			"the file is shorter than its part now: rm '%s'",
			get->file.work);
	return negative(get, hint);
}

static int
deliver(struct get *get, struct pier_group *group)
{
	int code;

	if (get->to_file && is_complete_part(get))
		return commit(get);
	if (get->to_file && !is_wanted(get))
		return unwanted(get);
	if (get->to_file && pier_http_answer(get->http)->status == 304) {
		cli_say(get->tool, 1, "not modified: nothing was written");
		return CLI_EXIT_OK;
	}
	if (is_whole_for_part(get))
		return negative(get,
			"the server sends all of it or nothing: leave out "
			"--range");
	get_progress_start(get, group);
	code = get_body(get);
	get_progress_end(get);
	if (code != CLI_EXIT_OK)
		return code;
	if (get->to_file)
		return commit(get);
	return is_wanted(get) ? CLI_EXIT_OK : negative(get, "");
}

/* ---- All of it ---- */

static const char *
dialled(const struct get *get)
{
	return get->settings->via != NULL ? get->settings->via
					  : pier_http_answer(get->http)->url;
}

static int
ask(struct get *get)
{
	int rc = pier_http_ask(get->http, get->until);

	cli_attempts_say(
		get->tool, pier_http_answer(get->http)->dial, dialled(get));
	return rc;
}

/* Redirects led to another place than when the part came: what is told there is
   of another file, though it may have the same tag. */
static bool
leads_elsewhere(const struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);

	return get->range[0] != '\0' &&
	       (answer->status == 206 || answer->status == 416) &&
	       !get_file_is_from(&get->file, answer->url);
}

/* Ask for all of it: as pier_http_ask(). *code is not CLI_EXIT_OK when that
   could not be: it was told why. */
static int
ask_anew(struct get *get, int *code)
{
	cli_say(get->tool, 1,
		"%s: not where the part is from: all is asked for",
		pier_http_answer(get->http)->url);
	get->range[0] = '\0';
	get->file.have = 0;
	pier_http_close(get->http);
	get->http = NULL;
	*code = open_fetch(get);
	return *code == CLI_EXIT_OK ? ask(get) : 0;
}

static int
fetch(struct get *get, struct pier_group *group)
{
	int rc, code = CLI_EXIT_OK;

	get->began = pier_now();
	rc = ask(get);
	if (rc == 0 && leads_elsewhere(get))
		rc = ask_anew(get, &code);
	if (code != CLI_EXIT_OK)
		return code;
	if (rc < 0) {
		code = rc == -ECANCELED
			       ? CLI_EXIT_NO
			       : cli_open_failure(get->tool, pier_last_error(),
					 dialled(get), get->settings->bind);
		get_tell_hops(get);
	} else {
		get_tell_hops(get);
		get_tell_answer(get);
		code = deliver(get, group);
	}
	get_tell_stages(get);
	return code;
}

static int
run(struct pier_group *group, void *arg)
{
	struct get *get = arg;
	int code;

	if (get->settings->timeout > 0)
		get->until = pier_in_ns(get->settings->timeout);
	else
		get->until = PIER_FOREVER;
	get->tool->until = get->until;
	code = open_all(get);
	if (code == CLI_EXIT_OK)
		code = fetch(get, group);
	/* After a commit there is nothing left to drop. */
	drop_file(get);
	pier_http_close(get->http);
	/* Ends the fiber that shows how far it is. */
	pier_group_cancel(group);
	return code;
}

int
get_run(struct cli_tool *tool, const void *given)
{
	const struct get_settings *settings = given;
	struct get *get;
	int code = get_check(tool, settings);

	if (code != CLI_EXIT_OK)
		return code;
	get = calloc(1, sizeof(*get));
	if (get == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "buffers", -ENOMEM, "");
	get->tool = tool;
	get->settings = settings;
	get->file.fd = -1;
	code = cli_sockopts_list(
		tool, "get", &settings->sockopts, &get->sockopts);
	if (code == CLI_EXIT_OK)
		code = get_headers_read(get);
	if (code == CLI_EXIT_OK)
		code = cli_conduct(tool, run, get);
	get_headers_free(&get->headers);
	free(get);
	return code;
}
