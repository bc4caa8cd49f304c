/* SPDX-License-Identifier: MIT */
/* proto/http.c - a fetch: opened, looked at, closed; see pier/http.h. */
#include "proto/http.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"
#include "task/failure.h"
#include "task/task.h"

int64_t
pier__http_since(const struct pier_http *http)
{
	return pier_now() - http->began;
}

int
pier__http_fail(const struct pier_http *http, int rc, enum pier_step step,
	const char *detail)
{
	bool is_body = step == PIER_STEP_BODY;

	return pier__fail(
		rc, &(struct pier__failure){ .step = step,
			    .endpoint = http->url->text,
			    .detail = detail,
			    .done = is_body ? (size_t)http->answer.received : 0,
			    .elapsed_ns = pier__http_since(http) });
}

void
pier__http_disconnect(struct pier_http *http)
{
	pier_close(http->stream);
	http->stream = NULL;
}

int
pier__http_keep(struct pier__http_block *out, void **block, const void *bytes,
	size_t len, size_t lines)
{
	size_t headers = lines * sizeof(*out->headers);
	char *made = pier__alloc(headers + 2 * len + 1);

	if (made == NULL)
		return -ENOMEM;
	pier__free(*block);
	*block = made;
	out->headers = (struct pier_http_header *)(void *)made;
	out->raw = made + headers;
	out->text = out->raw + len;
	memcpy(out->raw, bytes, len);
	memcpy(out->text, bytes, len);
	return 0;
}

int
pier_http_check_sized(
	const char *url, struct pier_endpoint_check *out, size_t size)
{
	struct pier__url *parsed = pier__alloc(sizeof(*parsed));
	struct pier_endpoint_check check = { .scheme = "http" };
	struct pier__why why = { .offset = 0 };
	int rc = -ENOMEM;

	if (parsed != NULL)
		rc = pier__url_parse(parsed, url, &why);
	pier__free(parsed);
	if (rc < 0 && strncasecmp(url, "http://", 7) != 0)
		check.scheme = "";
	check.offset = why.offset;
	memcpy(check.text, why.text, sizeof(check.text));
	if (out == NULL)
		return rc;
	memset(out, 0, size);
	memcpy(out, &check, size < sizeof(check) ? size : sizeof(check));
	return rc;
}

/* An option that is a number below 0, or a method that is none. */
static int
check_plain(struct pier_http *http)
{
	const struct pier_http_opts *opts = &http->opts;
	const char *method = opts->method != NULL ? opts->method : "GET";

	http->is_head = strcmp(method, "HEAD") == 0;
	if (!http->is_head && strcmp(method, "GET") != 0)
		return pier__fail_parse(-EINVAL, method,
			&(struct pier__why){ 0, "the method is GET or HEAD" });
	http->redirects =
		opts->redirects == 0 ? PIER_HTTP_REDIRECTS : opts->redirects;
	if (http->redirects == PIER_OFF)
		http->redirects = 0;
	if (http->redirects < 0 || http->redirects > PIER_HTTP_REDIRECTS_MAX ||
		opts->body_max < 0 || opts->connect_ms < 0 ||
		opts->first_byte_ms < 0 || opts->read_rate < 0)
		return pier__fail_step(-EINVAL, PIER_STEP_NONE, NULL,
			"redirects, body_max, connect_ms, first_byte_ms or "
			"read_rate is out of range");
	return 0;
}

static int
check_headers(struct pier_http *http)
{
	const char *const *headers = http->opts.headers;
	struct pier__why why;
	size_t i;

	for (i = 0; headers != NULL && headers[i] != NULL; i++)
		if (pier__http_header_check(headers[i], &why) < 0)
			return pier__fail_parse(-EINVAL, headers[i], &why);
	return 0;
}

static int
check_range(struct pier_http *http)
{
	const char *range = http->opts.range, *tag = http->opts.if_range;
	struct pier__why why;

	http->has_range = range != NULL;
	if (range != NULL &&
		pier__http_range_parse(&http->range, range, &why) < 0)
		return pier__fail_parse(-EINVAL, range, &why);
	if (tag == NULL)
		return 0;
	if (range == NULL)
		return pier__fail_step(-EINVAL, PIER_STEP_NONE, NULL,
			"if_range is of use with a range");
	if (pier__http_if_range_check(tag, &why) < 0)
		return pier__fail_parse(-EINVAL, tag, &why);
	return 0;
}

/* A password is not repeated where errors go. */
static int
url_failed(int rc, const char *url, const struct pier__why *why)
{
	size_t user = why->offset, len = strlen(url);
	char *hidden;

	if (rc == -ENOMEM)
		return pier__fail_step(rc, PIER_STEP_CREATE, url, NULL);
	if (strstr(why->text, "password") == NULL)
		return pier__fail_parse(rc, url, why);
	hidden = pier__alloc(len + 1);
	if (hidden == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, "http://", NULL);
	memcpy(hidden, url, len + 1);
	user += strcspn(hidden + user, ":@/?#");
	for (; hidden[user] != '\0' && hidden[user] != '@'; user++)
		hidden[user] = hidden[user] == ':' ? ':' : '*';
	(void)pier__fail_parse(rc, hidden, why);
	pier__free(hidden);
	return rc;
}

static int
prepare(struct pier_http *http, const char *url)
{
	struct pier__why why = { .offset = 0 };
	int rc;

	http->url = pier__alloc(sizeof(*http->url));
	if (http->url == NULL)
		return url_failed(-ENOMEM, url, &why);
	rc = pier__url_parse(http->url, url, &why);
	if (rc < 0)
		return url_failed(rc, url, &why);
	memcpy(http->first, http->url->endpoint, sizeof(http->first));
	http->answer.url = http->url->text;
	rc = check_plain(http);
	if (rc == 0)
		rc = check_headers(http);
	return rc < 0 ? rc : check_range(http);
}

int
pier_http_open_sized(struct pier_http **out, const char *url,
	const struct pier_http_opts *opts, size_t opts_size)
{
	struct pier_http *http = pier__alloc(sizeof(*http));
	int rc;

	if (http == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, url, NULL);
	if (opts != NULL)
		memcpy(&http->opts, opts,
			opts_size < sizeof(*opts) ? opts_size : sizeof(*opts));
	http->answer.reason = "";
	http->answer.length = -1;
	http->answer.range_first = -1;
	http->answer.range_last = -1;
	http->answer.range_total = -1;
	http->answer.dial = &http->dial;
	http->answer.times =
		(struct pier_http_times){ 0, -1, -1, -1, -1, -1, -1 };
	rc = prepare(http, url);
	if (rc < 0) {
		pier_http_close(http);
		return rc;
	}
	*out = http;
	return 0;
}

const struct pier_http_answer *
pier_http_answer(const struct pier_http *http)
{
	return &http->answer;
}

const char *
pier_http_value(const struct pier_http *http, const char *name)
{
	size_t i;

	for (i = 0; i < http->answer.header_count; i++)
		if (strcasecmp(http->answer.headers[i].name, name) == 0)
			return http->answer.headers[i].value;
	return NULL;
}

struct pier_stream *
pier_http_stream(const struct pier_http *http)
{
	return http->stream;
}

void
pier_http_close(struct pier_http *http)
{
	size_t i;

	if (http == NULL)
		return;
	pier_close(http->stream);
	for (i = 0; i < http->answer.hop_count; i++) {
		/* Each a block of its own: see keep_hop() in http_redirect.c. */
		pier__free((void *)(uintptr_t)http->hops[i].url);
	}
	pier__free(http->hops);
	pier__free(http->head);
	pier__free(http->trailers);
	pier__free(http->url);
	pier__free(http->next);
	pier__free(http);
}
