/* SPDX-License-Identifier: MIT */
/*
 * proto/http_body.c - the body of an answer, free of chunks, and what follows
 * it; see pier/http.h.
 *
 * Chunks are taken apart where the stream has read them ahead, so that nothing
 * behind the last one is taken, and what a read that timed out left there is
 * still there.
 */
#include "proto/http.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool
is_for_good(int rc)
{
	return rc != -PIER_EDEADLINE && rc != -EAGAIN && rc != -ECANCELED &&
	       rc != -EBUSY && rc != -EXDEV && rc != -ENOMEM;
}

/* How much came, and what is known to be missing. */
static void
say_missing(const struct pier_http *http, char *text, size_t size)
{
	uint64_t received = http->answer.received;
	int64_t length = http->frame.length;

	if (http->frame.body == PIER_HTTP_LENGTH)
		(void)snprintf(text, size,
			"%" PRIu64 " of %" PRId64 " bytes are missing",
			(uint64_t)length - received, length);
	else if (http->frame.body == PIER_HTTP_TO_END)
		(void)snprintf(text, size,
			"the end of the connection was to tell the end");
	else if (http->chunks.state == PIER__CHUNK_DATA)
		(void)snprintf(text, size,
			"%" PRIu64 " bytes of chunk %" PRIu64
			" are missing, and the last chunk",
			http->chunks.left, http->chunks.count);
	else if (http->chunks.state == PIER__CHUNK_LAST)
		(void)snprintf(text, size,
			"the empty line behind the last chunk is missing");
	else
		(void)snprintf(text, size,
			"the last chunk is missing, behind %" PRIu64,
			http->chunks.count);
}

/* text: what is wrong with the bytes; NULL: which are missing. */
static int
fail(struct pier_http *http, int rc, const char *text)
{
	char missing[128];

	if (is_for_good(rc))
		http->rc = rc;
	say_missing(http, missing, sizeof(missing));
	return pier__http_fail(
		http, rc, PIER_STEP_BODY, text != NULL ? text : missing);
}

static void
end(struct pier_http *http)
{
	http->done = true;
	http->answer.times.done_ns = pier__http_since(http);
}

static int
keep_trailers(struct pier_http *http, const void *bytes, size_t len)
{
	struct pier__http_block block;
	struct pier__http_head parsed;
	int rc = pier__http_keep(
		&block, &http->trailers, bytes, len, http->scan.lines);

	if (rc < 0) {
		http->rc = rc; /* they are taken all the same */
		return fail(http, rc, "trailers");
	}
	parsed.headers = block.headers;
	rc = pier__http_head_parse(&parsed, block.text, len, true, &http->why);
	if (rc < 0)
		return fail(http, rc, http->why.text);
	http->answer.trailers = parsed.headers;
	http->answer.trailer_count = parsed.count;
	return 0;
}

/* What is between the last chunk and the empty line. 0: it is over. */
static int
read_trailers(struct pier_http *http, pier_deadline deadline)
{
	http->scan.trailers = true;
	for (;;) {
		const void *bytes;
		size_t have = http->scan.at;
		ssize_t n = pier_peek(http->stream, &bytes, have + 1, deadline);
		ptrdiff_t len;
		int rc = 0;

		if (n < 0)
			return fail(http, (int)n, NULL);
		if ((size_t)n <= have)
			return fail(http, -PIER_EEND, NULL);
		len = pier__http_scan(
			&http->scan, bytes, (size_t)n, &http->why);
		if (len < 0)
			return fail(http, (int)len, http->why.text);
		if (len == 0)
			continue;
		if (http->scan.lines > 0)
			rc = keep_trailers(http, bytes, (size_t)len);
		/* They were peeked at. */
		(void)pier_take(http->stream, (size_t)len);
		if (rc == 0)
			end(http);
		return rc;
	}
}

static ssize_t
read_chunks(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline)
{
	while (http->chunks.state != PIER__CHUNK_LAST) {
		const void *bytes;
		ssize_t n = pier_peek(http->stream, &bytes, 1, deadline);
		ptrdiff_t taken;
		size_t made;

		if (n < 0)
			return fail(http, (int)n, NULL);
		if (n == 0)
			return fail(http, -PIER_EEND, NULL);
		taken = pier__http_chunks_read(&http->chunks, bytes, (size_t)n,
			buf, size, &made, &http->why);
		if (taken < 0)
			return fail(http, (int)taken, http->why.text);
		(void)pier_take(http->stream, (size_t)taken);
		if (made > 0)
			return (ssize_t)made;
	}
	return read_trailers(http, deadline);
}

static ssize_t
read_plain(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline)
{
	bool to_end = http->frame.body == PIER_HTTP_TO_END;
	uint64_t left = (uint64_t)http->frame.length - http->answer.received;
	ssize_t n;

	if (!to_end && size > left)
		size = (size_t)left;
	n = pier_read(http->stream, buf, size, deadline);
	if (n < 0)
		return fail(http, (int)n, NULL);
	if (n == 0 && !to_end)
		return fail(http, -PIER_EEND, NULL);
	if (n == 0 || (!to_end && (uint64_t)n == left))
		end(http);
	return n;
}

ssize_t
pier__http_body(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline)
{
	ssize_t n;

	if (http->rc < 0)
		return fail(http, http->rc, NULL);
	if (http->done || size == 0)
		return 0;
	n = http->frame.body == PIER_HTTP_CHUNKED
		    ? read_chunks(http, buf, size, deadline)
		    : read_plain(http, buf, size, deadline);
	if (n > 0)
		http->answer.received += (uint64_t)n;
	return n;
}

static int
too_much(struct pier_http *http)
{
	char text[96];

	(void)snprintf(text, sizeof(text),
		"the body has more than %" PRId64 " bytes, which is the limit",
		http->opts.body_max);
	return fail(http, -PIER_ELIMIT, text);
}

ssize_t
pier_http_read(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline)
{
	uint64_t most = (uint64_t)http->opts.body_max;
	uint64_t room;
	ssize_t n;

	if (!http->answered)
		return pier__http_fail(http, -ENOTCONN, PIER_STEP_BODY,
			"pier_http_ask() comes first");
	if (most == 0 || http->rc < 0)
		return pier__http_body(http, buf, size, deadline);
	if (http->frame.body == PIER_HTTP_LENGTH &&
		http->frame.length > http->opts.body_max)
		return too_much(http);
	/* One more than is allowed tells that there is more. */
	room = most - http->answer.received + 1;
	n = pier__http_body(
		http, buf, size < room ? size : (size_t)room, deadline);
	if (n > 0 && http->answer.received > most)
		return too_much(http);
	return n;
}
