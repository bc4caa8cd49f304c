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
#include "json.h"
#include "output.h"
#include "store.h"
#include "values.h"
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS INT64_C(1000000)

/* ---- The command line ---- */

static int
complain(const struct cli_tool *tool, const char *line, const char *hint)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why, "%s", line);
	cli_advise(&why, "%s", hint);
	return cli_usage_error(tool, "get", &why);
}

static int
check_url(const struct cli_tool *tool, const char *url)
{
	struct pier_endpoint_check check;
	char hint[160];
	int rc = pier_http_check(url, &check);

	if (rc == 0)
		return CLI_EXIT_OK;
	if (rc == -EPROTONOSUPPORT)
		snprintf(hint, sizeof(hint), "curl '%.100s'", url);
	else
		snprintf(hint, sizeof(hint),
			"a URL is http://HOST[:PORT]/PATH: 'pier get --help' "
			"has examples");
	/* A password is not repeated where errors go; nor can it be marked. */
	if (strstr(check.text, "password") != NULL)
		return complain(tool, check.text,
			"put it into a file that only you may read, such as "
			"'Authorization: Basic ...': --header @FILE");
	return cli_marked_error(tool, "get", url, &check, hint);
}

/* What would be passed over in silence is refused. */
static int
check_settings(const struct cli_tool *tool, const struct get_settings *settings)
{
	bool to_file = settings->remote_name ||
		       (settings->output != NULL &&
			       strcmp(settings->output, "-") != 0);

	if (settings->output != NULL && settings->remote_name)
		return complain(tool,
			"--output and --remote-name both name the file",
			"leave out one of them");
	if (settings->go_on && !to_file)
		return complain(tool,
			"--continue goes on with a file, and none is named",
			"name it by --output FILE or --remote-name");
	if (settings->go_on && (settings->range != NULL || settings->include ||
				       settings->head || settings->any_status))
		return complain(tool,
			"--continue asks for what is missing of a file, and "
			"nothing else",
			"leave out --range, --include, --head and "
			"--any-status");
	if (settings->include && to_file)
		return complain(tool,
			"--include would put the header into the file",
			"see it by -vv, or without a file");
	return CLI_EXIT_OK;
}

static int
check_via(const struct cli_tool *tool, const char *via)
{
	struct pier_endpoint_check check;

	if (via == NULL)
		return CLI_EXIT_OK;
	if (pier_endpoint_check(via, &check) < 0)
		return cli_endpoint_error(tool, "get", via, &check);
	return cli_inherited_check(tool, via);
}

/* ---- Opening ---- */

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
	return complain(get->tool, line, "'pier get --help' has examples");
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
		return complain(get->tool,
			"--remote-name: the URL names no file, it ends in '/'",
			"name one by --output FILE");
	snprintf(name, size, "%.*s", (int)(end - begin), url + begin);
	return CLI_EXIT_OK;
}

static int
file_failed(const struct get *get, enum pier_step step, int rc)
{
	const char *detail = "";

	if (rc == -EBUSY)
		return cli_own_failure(get->tool, PIER_STEP_CREATE,
			get->file.work, -EAGAIN,
			"another process is writing it");
	return cli_own_failure(get->tool, step, get->file.path, rc, detail);
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
	return rc < 0 ? file_failed(get, PIER_STEP_CREATE, rc) : CLI_EXIT_OK;
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

static bool
parse_date(struct tm *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	return text != NULL &&
	       strptime(text, "%a, %d %b %Y %H:%M:%S GMT", out) != NULL;
}

/*
 * By what the server knows again whether bytes are of the same file: an entity
 * tag that is not weak; or the date of the last change, if that was a second
 * before the answer at least, so that it cannot have changed again within (RFC
 * 9110 section 8.8.2.2).
 */
static const char *
validator(const struct get *get)
{
	const char *tag = pier_http_value(get->http, "ETag");
	const char *changed = pier_http_value(get->http, "Last-Modified");
	struct tm then, now;

	if (tag != NULL && strncmp(tag, "W/", 2) != 0 && tag[0] != '\0')
		return tag;
	if (!parse_date(&then, changed) ||
		!parse_date(&now, pier_http_value(get->http, "Date")) ||
		timegm(&then) >= timegm(&now))
		return "";
	return changed;
}

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
	       !get->settings->head &&
	       pier_http_answer(get->http)->status == 200;
}

/* ---- The body ---- */

/* 0, or a negative error; -EPIPE: nobody reads standard output any more. */
static int
hand_on(struct get *get, const void *bytes, size_t len)
{
	if (get->to_file)
		return get_file_write(&get->file, bytes, len);
	if (get->tool->json)
		return get_tell_data(get, bytes, len);
	return cli_output(bytes, len, get->until);
}

static int
output_failed(const struct get *get, int rc)
{
	if (get->to_file)
		return file_failed(get, PIER_STEP_WRITE, rc);
	/* Its reader has seen enough. */
	if (rc == -EPIPE || rc == -ECANCELED)
		return CLI_EXIT_OK;
	return cli_own_failure(
		get->tool, PIER_STEP_WRITE, "standard output", rc, "");
}

/* The idle limit is the tool's own. */
static int
read_failed(const struct get *get, bool idle)
{
	const struct pier_error *error = pier_last_error();
	char detail[512], limit[CLI_VALUE_TEXT], url[320];

	if (!idle || !pier_is_deadline(error->code))
		return cli_failure(get->tool, error);
	cli_format_limit(get->settings->idle_timeout, limit, sizeof(limit));
	snprintf(detail, sizeof(detail), "--idle-timeout %s: %s", limit,
		error->detail);
	snprintf(url, sizeof(url), "%s", error->endpoint);
	return cli_own_failure(
		get->tool, PIER_STEP_BODY, url, -PIER_EDEADLINE, detail);
}

static int
read_body(struct get *get)
{
	int64_t idle = get->settings->idle_timeout;
	pier_deadline until = get->until;
	ssize_t n;
	int rc;

	for (;;) {
		if (idle > 0)
			until = pier_earlier(get->until, pier_in_ns(idle));
		n = pier_http_read(
			get->http, get->buf, sizeof(get->buf), until);
		if (n <= 0)
			break;
		get->body += (uint64_t)n;
		rc = hand_on(get, get->buf, (size_t)n);
		if (rc < 0)
			return output_failed(get, rc);
	}
	if (n == 0)
		return CLI_EXIT_OK;
	get_progress_end(get);
	return n == -ECANCELED ? CLI_EXIT_NO
			       : read_failed(get, until.ns < get->until.ns);
}

/* The head as it came, on standard output, where it is asked for. */
static int
put_head(struct get *get)
{
	const struct pier_http_answer *answer = pier_http_answer(get->http);
	int rc;

	if (get->tool->json ||
		(!get->settings->include && !get->settings->head))
		return 0;
	rc = hand_on(get, answer->head, answer->head_len);
	return rc;
}

static int
put_body(struct get *get)
{
	bool is_rest = pier_http_answer(get->http)->status == 206;
	int rc = 0;

	if (get->to_file)
		rc = get_file_begin(&get->file, is_rest,
			pier_http_answer(get->http)->url, validator(get));
	if (rc == 0)
		rc = put_head(get);
	return rc < 0 ? output_failed(get, rc) : read_body(get);
}

static int
commit(struct get *get)
{
	int rc = get_file_commit(&get->file);
	char size[CLI_VALUE_TEXT];

	if (rc < 0)
		return file_failed(get, PIER_STEP_WRITE, rc);
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
	code = put_body(get);
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
fetch(struct get *get, struct pier_group *group)
{
	int rc, code;

	get->began = pier_now();
	rc = pier_http_ask(get->http, get->until);
	cli_attempts_say(
		get->tool, pier_http_answer(get->http)->dial, dialled(get));
	if (rc < 0) {
		code = rc == -ECANCELED
			       ? CLI_EXIT_NO
			       : cli_failure(get->tool, pier_last_error());
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
	int code = check_settings(tool, settings);

	if (code == CLI_EXIT_OK)
		code = check_url(tool, settings->url);
	if (code == CLI_EXIT_OK)
		code = check_via(tool, settings->via);
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
