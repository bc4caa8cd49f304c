/* SPDX-License-Identifier: MIT */
/*
 * proto/http_ask.c - from a URL to the head of an answer: connect, send, read,
 * and the same again along redirects (http_redirect.c); see pier/http.h.
 */
#include "proto/http.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"
#include "task/task.h"
#include "task/timeout.h"

#define MS INT64_C(1000000)

/* A limit of its own within the deadline; 0: none. */
static pier_deadline
within(const struct pier_http *http, int64_t limit_ms)
{
	if (limit_ms == 0 || limit_ms > INT64_MAX / MS)
		return http->deadline;
	return pier_earlier(http->deadline, pier_in_ms(limit_ms));
}

/* ---- Connecting ---- */

/* The story is the dial's; which limit passed is ours to say. */
static int
dial_failed(struct pier_http *http, int rc, pier_deadline until)
{
	const struct pier_error *error = pier_last_error();
	char detail[96];

	if (http->dial.address_count > 0)
		http->answer.times.resolved_ns =
			http->answer.times.begin_ns + http->dial.resolve_ns;
	if (rc != -PIER_EDEADLINE || until.ns >= http->deadline.ns)
		return rc;
	(void)snprintf(detail, sizeof(detail),
		"the limit on connecting is %" PRId64 " ms",
		http->opts.connect_ms);
	return pier__fail(
		rc, &(struct pier__failure){ .step = error->step,
			    .endpoint = http->opts.via != NULL
						? http->opts.via
						: http->url->endpoint,
			    .detail = detail,
			    .elapsed_ns = http->dial.total_ns,
			    .attempts = http->dial.attempts,
			    .attempt_count = http->dial.attempt_count });
}

static int
connect_to(struct pier_http *http)
{
	const struct pier_http_opts *opts = &http->opts;
	const struct pier_dial_opts dial = { .bind = opts->bind,
		.attempt_delay_ms = opts->attempt_delay_ms,
		.lookup = opts->lookup,
		.lookup_arg = opts->lookup_arg,
		.report = &http->dial,
		.options = opts->options };
	struct pier_http_times *times = &http->answer.times;
	pier_deadline until = within(http, opts->connect_ms);
	int rc = pier_dial(&http->stream,
		opts->via != NULL ? opts->via : http->url->endpoint, &dial,
		until);

	if (rc < 0)
		return dial_failed(http, rc, until);
	times->resolved_ns = times->begin_ns + http->dial.resolve_ns;
	times->connected_ns = pier__http_since(http);
	/* Before the first read, which reads ahead. */
	if (opts->read_rate > 0)
		rc = pier_set_rate(http->stream, opts->read_rate, 0);
	return rc < 0 ? pier__http_fail(http, rc, PIER_STEP_CREATE, "the rate")
		      : 0;
}

/* ---- Sending ---- */

static int
send_request(struct pier_http *http)
{
	const struct pier__url *url = http->url;
	const struct pier__http_request request = {
		.method = http->is_head ? "HEAD" : "GET",
		.http10 = http->opts.http10,
		.target = url->text + url->target,
		.host = url->host,
		.headers = http->opts.headers,
		.range = http->opts.range,
		.if_range = http->opts.if_range,
		.elsewhere = strcasecmp(http->first, url->endpoint) != 0,
	};
	size_t len = pier__http_request_write(NULL, 0, &request);
	char *text = pier__alloc(len);
	char detail[64];
	int rc;

	if (text == NULL)
		return pier__http_fail(
			http, -ENOMEM, PIER_STEP_CREATE, "the request");
	(void)pier__http_request_write(text, len, &request);
	rc = pier_write(http->stream, text, len, http->deadline);
	pier__free(text);
	if (rc == 0) {
		http->answer.times.sent_ns = pier__http_since(http);
		return 0;
	}
	(void)snprintf(detail, sizeof(detail),
		"%zu of %zu bytes of the request went", pier_last_error()->done,
		len);
	return pier__http_fail(http, rc, PIER_STEP_SEND, detail);
}

/* ---- Receiving the head ---- */

/* How much of it came. */
static int
head_failed(const struct pier_http *http, int rc, size_t have, bool limited)
{
	char detail[96];

	if (limited && rc == -PIER_EDEADLINE)
		(void)snprintf(detail, sizeof(detail),
			"no byte came; the limit on the first one is %" PRId64
			" ms",
			http->opts.first_byte_ms);
	else if (have == 0)
		(void)snprintf(detail, sizeof(detail), "no byte came");
	else
		(void)snprintf(detail, sizeof(detail),
			"%zu byte%s of the header came", have,
			have == 1 ? "" : "s");
	return pier__http_fail(http, rc, PIER_STEP_HEADER, detail);
}

static int
broken(const struct pier_http *http, int rc)
{
	return pier__http_fail(http, rc, PIER_STEP_HEADER, http->why.text);
}

/* The head is there: take it apart, and off the stream. */
static int
keep_head(struct pier_http *http, const void *bytes, size_t len, size_t lines)
{
	struct pier_http_answer *answer = &http->answer;
	struct pier__http_block block;
	struct pier__http_head parsed;
	int rc = pier__http_keep(&block, &http->head, bytes, len, lines);

	if (rc < 0)
		return pier__http_fail(http, rc, PIER_STEP_HEADER, NULL);
	(void)pier_take(http->stream, len);
	answer->status = 0;
	answer->reason = "";
	answer->headers = parsed.headers = block.headers;
	answer->header_count = 0;
	answer->head = block.raw;
	answer->head_len = len;
	rc = pier__http_head_parse(&parsed, block.text, len, false, &http->why);
	if (rc == 0)
		rc = pier__http_frame(
			&http->frame, &parsed, http->is_head, &http->why);
	if (rc < 0)
		return broken(http, rc);
	answer->header_count = parsed.count;
	answer->minor = parsed.minor;
	answer->reason = parsed.reason;
	answer->status = parsed.status;
	return 0;
}

/* One head, of the answer or of a 1xx before it. */
static int
read_head(struct pier_http *http, pier_deadline first)
{
	struct pier__http_scan scan = { .trailers = false };
	size_t have = 0;

	for (;;) {
		bool limited = have == 0 && first.ns < http->deadline.ns;
		const void *bytes;
		ptrdiff_t len;
		ssize_t n = pier_peek(http->stream, &bytes, have + 1,
			have == 0 ? first : http->deadline);

		if (n < 0)
			return head_failed(http, (int)n, have, limited);
		if ((size_t)n <= have)
			return head_failed(http, -PIER_EEND, have, false);
		have = (size_t)n;
		if (http->answer.times.first_byte_ns < 0)
			http->answer.times.first_byte_ns =
				pier__http_since(http);
		len = pier__http_scan(&scan, bytes, have, &http->why);
		if (len < 0)
			return broken(http, (int)len);
		if (len > 0)
			return keep_head(http, bytes, (size_t)len, scan.lines);
	}
}

/* Past those that only say that it goes on (RFC 9110 section 15.2). */
static int
read_answer(struct pier_http *http)
{
	pier_deadline first = within(http, http->opts.first_byte_ms);
	int rc;

	for (;;) {
		rc = read_head(http, first);
		if (rc < 0 || http->answer.status >= 200)
			return rc;
		if (http->answer.status == 101)
			return pier__http_fail(http, -PIER_EFRAME,
				PIER_STEP_HEADER,
				"101, another protocol from here on, and none "
				"was asked for");
		if (++http->answer.interim > PIER_HTTP_INTERIM_MAX)
			return pier__http_fail(http, -PIER_ELIMIT,
				PIER_STEP_HEADER,
				"more than 16 answers of 1xx, and none that "
				"ends it");
		/* It answers: what follows has all the time there is. */
		first = http->deadline;
	}
}

/* ---- All of it ---- */

/* A body is about to be read, of a redirect too. */
static void
begin_body(struct pier_http *http)
{
	struct pier_http_answer *answer = &http->answer;
	const struct pier__http_frame *frame = &http->frame;

	http->chunks = (struct pier__http_chunks){ .state = PIER__CHUNK_SIZE };
	http->scan = (struct pier__http_scan){ .trailers = true };
	answer->body = frame->body;
	answer->length = frame->length;
	answer->range_first = frame->range_first;
	answer->range_last = frame->range_last;
	answer->range_total = frame->range_total;
	answer->times.head_ns = pier__http_since(http);
	http->done = frame->body == PIER_HTTP_NO_BODY ||
		     (frame->body == PIER_HTTP_LENGTH && frame->length == 0);
	if (http->done)
		answer->times.done_ns = answer->times.head_ns;
}

static int
check_partial(struct pier_http *http)
{
	if (http->answer.status != 206)
		return 0;
	if (!http->has_range)
		return pier__http_fail(http, -PIER_EFRAME, PIER_STEP_HEADER,
			"206, a part, and all was asked for");
	if (pier__http_range_check(&http->range, &http->frame, &http->why) < 0)
		return broken(http, -PIER_EFRAME);
	return 0;
}

/* Send and receive over the connection that stands. */
static int
exchange(struct pier_http *http)
{
	int rc = send_request(http);

	return rc < 0 ? rc : read_answer(http);
}

static void
begin_hop(struct pier_http *http)
{
	struct pier_http_times *times = &http->answer.times;

	times->begin_ns = pier__http_since(http);
	times->resolved_ns = times->connected_ns = times->sent_ns = -1;
	times->first_byte_ns = times->head_ns = times->done_ns = -1;
	http->answer.interim = 0;
	http->answer.reused = http->stream != NULL;
	if (http->stream != NULL)
		times->resolved_ns = times->connected_ns = times->begin_ns;
}

/* The server may have closed a connection that was kept just as we used it (RFC
   9112 section 9.3.1): a request that it did not see is asked again. */
static bool
was_closed(const struct pier_http *http, int rc)
{
	return http->answer.reused && http->answer.times.first_byte_ns < 0 &&
	       (pier_is_reset(rc) || rc == -PIER_EEND);
}

static int
ask_once(struct pier_http *http)
{
	int rc = 0;

	begin_hop(http);
	if (http->stream == NULL)
		rc = connect_to(http);
	if (rc == 0)
		rc = exchange(http);
	if (rc < 0 && was_closed(http, rc)) {
		pier__http_disconnect(http);
		begin_hop(http);
		rc = connect_to(http);
		if (rc == 0)
			rc = exchange(http);
	}
	if (rc < 0)
		return rc;
	begin_body(http);
	rc = check_partial(http);
	return rc < 0 ? rc : pier__http_follow(http);
}

int
pier_http_ask(struct pier_http *http, pier_deadline deadline)
{
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (deadline.ns == 0)
		return -EAGAIN;
	if (http->asked)
		return pier__http_fail(
			http, -EALREADY, PIER_STEP_NONE, "a fetch asks once");
	http->asked = true;
	http->deadline = deadline;
	http->began = pier_now();
	do {
		rc = ask_once(http);
	} while (rc > 0);
	http->answered = rc == 0;
	return rc;
}
