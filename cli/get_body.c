/* SPDX-License-Identifier: MIT */
/*
 * The body of what pier get fetches, on its way to where it goes.
 */
#include "get.h"

#include "output.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int
get_file_failed(const struct get *get, enum pier_step step, int rc)
{
	if (rc == -EBUSY)
		return cli_own_failure(get->tool, PIER_STEP_CREATE,
			get->file.work, -EAGAIN,
			"another process is writing it");
	return cli_own_failure(get->tool, step, get->file.path, rc, "");
}

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
		return get_file_failed(get, PIER_STEP_WRITE, rc);
	/* Its reader has seen enough. */
	if (rc == -EPIPE || rc == -ECANCELED)
		return CLI_EXIT_OK;
	return cli_output_failed(get->tool, rc);
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

int
get_body(struct get *get)
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
