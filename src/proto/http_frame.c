/* SPDX-License-Identifier: MIT */
/*
 * proto/http_frame.c - how the end of a body is known (RFC 9112 section 6.3),
 * and ranges (RFC 9110 section 14); see http_wire.h.
 *
 * Where a proxy on the way could understand another end than we do, we do not
 * choose: both lengths and chunks, two lengths, codings that nobody asked for are
 * errors. Two lengths that are the same may be taken for one (RFC 9110 section
 * 8.6), or refused: a server that means one length says it once.
 */
#include "proto/http_wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t
number(const char *text, size_t len)
{
	struct pier__span span = { text, 0, len };
	int64_t value;

	/* 18 digits fit in any case; zeros before them change nothing. */
	while (span.begin + 1 < span.end && span.text[span.begin] == '0')
		span.begin++;
	if (span.end - span.begin > 18)
		return -1;
	value = pier__span_number(span, INT64_MAX - 1);
	return value;
}

static const char *
skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* There is one already. */
static int
second_length(
	int64_t first, int64_t second, const char *text, struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];

	(void)pier__http_quote(quote, text, strlen(text));
	if (first != second)
		return pier__http_broken(why,
			"two Content-Lengths that differ: %" PRId64
			" and \"%s\"",
			first, quote);
	return pier__http_broken(why,
		"two Content-Lengths: %" PRId64 " and \"%s\"", first, quote);
}

/* One number. Several with commas between are several headers. */
static int
read_length(int64_t *out, const char *text, struct pier__why *why)
{
	const char *whole = text;
	char quote[PIER__HTTP_QUOTE_MAX];

	do {
		size_t len;
		int64_t value;

		text = skip_blanks(text);
		len = strspn(text, "0123456789");
		value = number(text, len);
		text = skip_blanks(text + len);
		if (value < 0 || (*text != '\0' && *text != ','))
			return pier__http_broken(why,
				"Content-Length is \"%s\", expected a number "
				"of "
				"bytes",
				pier__http_quote(quote, whole, strlen(whole)));
		if (*out >= 0)
			return second_length(*out, value, whole, why);
		*out = value;
	} while (*text++ == ',');
	return 0;
}

static int
read_lengths(
	int64_t *out, const struct pier__http_head *head, struct pier__why *why)
{
	const char *value;
	size_t index = 0;
	int rc = 0;

	*out = -1;
	while (rc == 0 && (value = pier__http_find(
				   head, "Content-Length", &index)) != NULL)
		rc = read_length(out, value, why);
	return rc;
}

/* The only coding that we know; what else could come was not asked for. */
static int
check_coding(const struct pier__http_head *head, const char *coding,
	size_t index, struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];

	if (!pier__span_is(pier__span_of(coding), "chunked") ||
		pier__http_find(head, "Transfer-Encoding", &index) != NULL)
		return pier__http_broken(why,
			"Transfer-Encoding is \"%s\", expected \"chunked\" and "
			"no more",
			pier__http_quote(quote, coding, strlen(coding)));
	if (head->minor == 0)
		return pier__http_broken(why,
			"Transfer-Encoding in an answer of HTTP/1.0, which has "
			"none");
	index = 0;
	if (pier__http_find(head, "Content-Length", &index) != NULL)
		return pier__http_broken(why,
			"Content-Length beside Transfer-Encoding: which of "
			"them "
			"tells the end?");
	return 0;
}

/* Is the word on one of the lists of that name? */
static bool
has_word(const struct pier__http_head *head, const char *name, const char *word)
{
	const char *value;
	size_t index = 0;

	while ((value = pier__http_find(head, name, &index)) != NULL)
		while (*value != '\0') {
			size_t len;
			struct pier__span item;

			value += strspn(value, ", \t");
			len = strcspn(value, ", \t");
			item = (struct pier__span){ value, 0, len };
			if (pier__span_is(item, word))
				return true;
			value += len;
		}
	return false;
}

/* "bytes 0-99/1000", "bytes 0-99/<star>", and of 416 "bytes <star>/1000". */
static int
read_range(struct pier__http_frame *out, const char *text, bool is_partial,
	struct pier__why *why)
{
	struct pier__span all = pier__span_of(text);
	char quote[PIER__HTTP_QUOTE_MAX];
	size_t dash, slash = pier__span_find(all, '/');
	bool wrong = !pier__span_is(
			     pier__span_cut(all, 0, all.end < 6 ? all.end : 6),
			     "bytes ") ||
		     slash == all.end;

	if (!wrong && strcmp(text + slash + 1, "*") != 0) {
		out->range_total =
			number(text + slash + 1, all.end - slash - 1);
		wrong = out->range_total < 0;
	}
	if (!wrong && is_partial) {
		dash = pier__span_find(all, '-');
		if (dash > 6 && dash < slash) {
			out->range_first = number(text + 6, dash - 6);
			out->range_last =
				number(text + dash + 1, slash - dash - 1);
		}
		wrong = out->range_first < 0 ||
			out->range_last < out->range_first ||
			(out->range_total >= 0 &&
				out->range_last >= out->range_total);
	}
	if (!wrong)
		return 0;
	return pier__http_broken(why,
		"Content-Range is \"%s\", expected such as \"bytes "
		"0-99/1000\"",
		pier__http_quote(quote, text, all.end));
}

static int
read_ranges(struct pier__http_frame *out, const struct pier__http_head *head,
	struct pier__why *why)
{
	const char *text;
	size_t index = 0;
	int rc;

	out->range_first = out->range_last = out->range_total = -1;
	if (head->status != 206 && head->status != 416)
		return 0;
	text = pier__http_find(head, "Content-Range", &index);
	if (text == NULL)
		return head->status == 416
			       ? 0
			       : pier__http_broken(
					 why, "206 without a Content-Range");
	rc = read_range(out, text, head->status == 206, why);
	if (rc == 0 && head->status == 206 && out->length >= 0 &&
		out->length != out->range_last - out->range_first + 1)
		return pier__http_broken(why,
			"Content-Length is %" PRId64
			", and the range has %" PRId64 " bytes",
			out->length, out->range_last - out->range_first + 1);
	return rc;
}

static bool
has_no_body(const struct pier__http_head *head, bool is_head_request)
{
	return is_head_request || head->status < 200 || head->status == 204 ||
	       head->status == 304;
}

int
pier__http_frame(struct pier__http_frame *out,
	const struct pier__http_head *head, bool is_head_request,
	struct pier__why *why)
{
	size_t index = 0;
	const char *coding = pier__http_find(head, "Transfer-Encoding", &index);
	int rc;

	out->persists = head->minor > 0
				? !has_word(head, "Connection", "close")
				: has_word(head, "Connection", "keep-alive");
	if (coding != NULL && check_coding(head, coding, index, why) < 0)
		return -PIER_EFRAME;
	rc = read_lengths(&out->length, head, why);
	if (rc == 0)
		rc = read_ranges(out, head, why);
	if (has_no_body(head, is_head_request))
		out->body = PIER_HTTP_NO_BODY;
	else if (coding != NULL)
		out->body = PIER_HTTP_CHUNKED;
	else if (out->length >= 0)
		out->body = PIER_HTTP_LENGTH;
	else
		out->body = PIER_HTTP_TO_END;
	return rc;
}

/* ---- Ranges ---- */

int
pier__http_range_parse(
	struct pier__http_range *out, const char *text, struct pier__why *why)
{
	struct pier__span all = pier__span_of(text);
	size_t dash = pier__span_find(all, '-');
	bool has_first = dash > 0, has_last = dash + 1 < all.end;

	out->first = has_first ? number(text, dash) : -1;
	out->last = has_last ? number(text + dash + 1, all.end - dash - 1) : -1;
	if (dash == all.end || (!has_first && !has_last) ||
		(has_first && out->first < 0) || (has_last && out->last < 0))
		return pier__why_set(why, 0,
			"'%.*s' is no range of bytes: expected such as 0-99, "
			"100- or -100",
			pier__span_quote(all), text);
	if (has_first && has_last && out->last < out->first)
		return pier__why_set(why, dash + 1,
			"'%.*s' is no range of bytes: it ends before it begins",
			pier__span_quote(all), text);
	if (!has_first && out->last == 0)
		return pier__why_set(
			why, dash + 1, "the last 0 bytes are none");
	return 0;
}

int
pier__http_range_check(const struct pier__http_range *asked,
	const struct pier__http_frame *frame, struct pier__why *why)
{
	int64_t first = asked->first, last = asked->last;
	int64_t total = frame->range_total;
	bool right;

	if (first < 0)
		/* The last so many bytes, or all if there are fewer. */
		right = total < 0 ||
			(frame->range_last == total - 1 &&
				frame->range_first ==
					(total > last ? total - last : 0));
	else
		right = frame->range_first == first &&
			(last < 0 || frame->range_last <= last);
	if (right)
		return 0;
	return pier__http_broken(why,
		"it sends bytes %" PRId64 " to %" PRId64
		", which were not asked for",
		frame->range_first, frame->range_last);
}
