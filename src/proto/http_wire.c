/* SPDX-License-Identifier: MIT */
/*
 * proto/http_wire.c - the head of an answer: where it ends, and what is in it;
 * see http_wire.h.
 *
 * What is no HTTP is told by its first bytes, before a line has ended: a server
 * of another protocol may never send one.
 */
#include "proto/http_wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTED 24

char *
pier__http_quote(char out[PIER__HTTP_QUOTE_MAX], const char *bytes, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len && i < QUOTED; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= ' ' && c <= '~')
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
	}
	(void)snprintf(out + n, 4, "%s", len > QUOTED ? "..." : "");
	return out;
}

int
pier__http_broken(struct pier__why *why, const char *format, ...)
{
	va_list args;

	why->offset = 0;
	va_start(args, format);
	(void)vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return -PIER_EFRAME;
}

static int
over(struct pier__why *why, const char *what, int limit)
{
	(void)pier__http_broken(why, "%s: the limit is %d", what, limit);
	return -PIER_ELIMIT;
}

/* Which part of "HTTP/1." is there has to be right. */
static int
check_start(const char *bytes, size_t len, struct pier__why *why)
{
	static const char start[] = "HTTP/1.";
	size_t have = len < sizeof(start) - 1 ? len : sizeof(start) - 1;
	char quote[PIER__HTTP_QUOTE_MAX];

	if (memcmp(bytes, start, have) == 0)
		return 0;
	(void)pier__http_quote(quote, bytes, len);
	/* A TLS alert: what servers of https answer to anything else. */
	if (bytes[0] == 0x15 && (len < 2 || bytes[1] == 0x03))
		return pier__http_broken(why,
			"the answer is one of TLS, \"%s\": this port is for "
			"https, which comes with TLS",
			quote);
	if (have > 5 && memcmp(bytes, start, 5) == 0)
		return pier__http_broken(why,
			"the answer is \"%s\": pier speaks HTTP/1.1 and "
			"HTTP/1.0; curl speaks more",
			quote);
	return pier__http_broken(why,
		"the answer begins with \"%s\", expected \"HTTP/1.1 \"", quote);
}

static int
end_line(struct pier__http_scan *scan, size_t end, struct pier__why *why)
{
	if (end - scan->line > PIER_HTTP_LINE_MAX)
		return over(why, "bytes of a line", PIER_HTTP_LINE_MAX);
	scan->lines++;
	scan->line = end;
	if (scan->lines > PIER_HTTP_HEADERS_MAX + (size_t)!scan->trailers)
		return over(why,
			scan->trailers ? "number of trailers"
				       : "number of headers",
			PIER_HTTP_HEADERS_MAX);
	return 0;
}

/* Is there nothing but its end on this line? */
static bool
is_empty(const struct pier__http_scan *scan, const char *bytes, size_t end)
{
	size_t len = end - scan->line;

	return len == 1 || (len == 2 && bytes[scan->line] == '\r');
}

static int
too_long(struct pier__why *why)
{
	return over(why, "bytes of the header", PIER_HTTP_HEAD_MAX);
}

ptrdiff_t
pier__http_scan(struct pier__http_scan *scan, const char *bytes, size_t len,
	struct pier__why *why)
{
	if (len > 0 && !scan->trailers && scan->lines == 0 &&
		check_start(bytes, len, why) < 0)
		return -PIER_EFRAME;
	while (scan->at < len) {
		const char *found =
			memchr(bytes + scan->at, '\n', len - scan->at);
		size_t end = found == NULL ? len : (size_t)(found - bytes) + 1;
		int rc;

		scan->at = end;
		if (found == NULL)
			break;
		/* However much of it came at once. */
		if (is_empty(scan, bytes, end))
			return end > PIER_HTTP_HEAD_MAX ? too_long(why)
							: (ptrdiff_t)end;
		rc = end_line(scan, end, why);
		if (rc < 0)
			return rc;
	}
	if (len - scan->line > PIER_HTTP_LINE_MAX)
		return over(why, "bytes of a line", PIER_HTTP_LINE_MAX);
	if (len >= PIER_HTTP_HEAD_MAX)
		return too_long(why);
	return 0;
}

/* ---- Lines ---- */

bool
pier__http_is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* The bytes that no line may have, CR among them: it is not before LF. */
static const char *
find_control(const char *line, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return line + i;
	}
	return NULL;
}

static int
check_controls(
	const char *line, size_t len, const char *what, struct pier__why *why)
{
	const char *at = find_control(line, len);
	char quote[PIER__HTTP_QUOTE_MAX];
	size_t from;

	if (at == NULL)
		return 0;
	/* What is before it tells where it is. */
	from = at - line > 12 ? (size_t)(at - line) - 12 : 0;
	return pier__http_broken(why, "%s has %s in \"%s\"", what,
		*at == '\0'   ? "a NUL"
		: *at == '\r' ? "a carriage return"
			      : "a control character",
		pier__http_quote(quote, line + from, len - from));
}

static int
parse_status(struct pier__http_head *out, char *line, size_t len,
	struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	int i;

	if (check_controls(line, len, "the status line", why) < 0)
		return -PIER_EFRAME;
	/* "HTTP/1.1 200" is what the scanner has left to look at. */
	if (len < 12 || line[7] < '0' || line[7] > '9' || line[8] != ' ')
		return pier__http_broken(why,
			"the status line is \"%s\", expected such as "
			"\"HTTP/1.1 "
			"200 OK\"",
			pier__http_quote(quote, line, len));
	out->minor = line[7] - '0';
	out->status = 0;
	for (i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			break;
		out->status = out->status * 10 + (line[i] - '0');
	}
	if (i < 12 || out->status < 100 || (len > 12 && line[12] != ' '))
		return pier__http_broken(why,
			"the status in \"%s\" is no number from 100 to 999",
			pier__http_quote(quote, line, len));
	out->reason = len > 12 ? line + 13 : line + 12;
	return 0;
}

/* Without blanks around it, and with a NUL behind it. */
static char *
trim(char *text, char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return text;
}

static int
parse_field(struct pier_http_header *out, char *line, size_t len,
	const char *what, struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	size_t i = 0;

	(void)pier__http_quote(quote, line, len);
	if (line[0] == ' ' || line[0] == '\t')
		return pier__http_broken(why,
			"%s \"%s\" begins with a blank: folded lines are no "
			"longer allowed",
			what, quote);
	while (i < len && pier__http_is_token(line[i]))
		i++;
	if (i < len && (line[i] == ' ' || line[i] == '\t') &&
		memchr(line, ':', len) != NULL)
		return pier__http_broken(why,
			"%s \"%s\" has a blank before its colon", what, quote);
	if (i == len || line[i] != ':')
		return pier__http_broken(
			why, "%s \"%s\" is no \"Name: value\"", what, quote);
	if (i == 0)
		return pier__http_broken(
			why, "%s \"%s\" has no name", what, quote);
	if (check_controls(line, len, what, why) < 0)
		return -PIER_EFRAME;
	line[i] = '\0';
	out->name = line;
	out->value = trim(line + i + 1, line + len);
	return 0;
}

int
pier__http_head_parse(struct pier__http_head *out, char *text, size_t len,
	bool trailers, struct pier__why *why)
{
	char *line = text, *end = text + len;
	char what[32];
	size_t number = trailers ? 1 : 0;

	out->count = 0;
	for (; line < end; number++) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t size;
		int rc;

		if (newline == NULL)
			newline = end - 1; /* the scanner ends at one */
		size = (size_t)(newline - line);
		if (size > 0 && line[size - 1] == '\r')
			size--;
		if (size == 0 && number > 0)
			break;
		(void)snprintf(what, sizeof(what), "%s %zu",
			trailers ? "trailer" : "header", number);
		if (number == 0)
			rc = parse_status(out, line, size, why);
		else
			rc = parse_field(&out->headers[out->count], line, size,
				what, why);
		if (rc < 0)
			return rc;
		if (number == 0)
			line[size] = '\0';
		else
			out->count++;
		line = newline + 1;
	}
	return 0;
}

const char *
pier__http_find(
	const struct pier__http_head *head, const char *name, size_t *index)
{
	size_t i;

	for (i = *index; i < head->count; i++) {
		struct pier__span has = pier__span_of(head->headers[i].name);

		if (pier__span_is(has, name)) {
			*index = i + 1;
			return head->headers[i].value;
		}
	}
	*index = head->count;
	return NULL;
}
