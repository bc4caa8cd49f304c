/* SPDX-License-Identifier: MIT */
/* See lines.h. */
#include "lines.h"

#include "json.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE 65536

/* The longest number, with what is around it. */
#define NUMBER_MAX 32

#define SECOND INT64_C(1000000000)
#define WHOLE  1000000

void
cli_lines_free(struct cli_lines *lines)
{
	free(lines->text);
	*lines = (struct cli_lines){ .text = NULL };
}

/* Where so many bytes more can stand; NULL: there is, or was, no memory. */
static char *
room(struct cli_lines *lines, size_t need)
{
	size_t size = lines->size * 2 + need + PAGE_SIZE;
	char *more;

	if (lines->failed)
		return NULL;
	if (lines->size - lines->len >= need)
		return lines->text + lines->len;
	more = realloc(lines->text, size);
	if (more == NULL) {
		lines->failed = true;
		return NULL;
	}
	lines->text = more;
	lines->size = size;
	return more + lines->len;
}

static char *
put(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	return to + len;
}

/* A comma, unless it is the first one, and the key; then need bytes have room
   at the place that comes back, or NULL. */
static char *
begin(struct cli_lines *lines, const char *key, size_t need)
{
	size_t len = key == NULL ? 0 : strlen(key);
	char *at = room(lines, len + need + 4);

	if (at == NULL)
		return NULL;
	if (at[-1] != '{' && at[-1] != '[')
		*at++ = ',';
	if (key == NULL)
		return at;
	*at++ = '"';
	at = put(at, key, len);
	*at++ = '"';
	*at++ = ':';
	return at;
}

static void
ended_at(struct cli_lines *lines, const char *at)
{
	lines->len = (size_t)(at - lines->text);
}

static char *
put_digits(char *to, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return put(to, digits + at, sizeof(digits) - at);
}

static char *
put_signed(char *to, int64_t number)
{
	if (number >= 0)
		return put_digits(to, (uint64_t)number);
	*to++ = '-';
	return put_digits(to, 0 - (uint64_t)number);
}

/* Of number parts, so many of which are a whole, a real: with a point, and
   without zeros behind it but for the first. */
static char *
put_real(char *to, int64_t number, uint64_t parts)
{
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	if (number < 0)
		*to++ = '-';
	to = put_digits(to, left / parts);
	*to++ = '.';
	do {
		left = left % parts * 10;
		*to++ = (char)('0' + left / parts);
	} while (left % parts != 0);
	return to;
}

static const char *
stamp(struct cli_lines *lines, time_t second)
{
	struct tm utc;

	if (lines->second == second && lines->stamp[0] != '\0')
		return lines->stamp;
	gmtime_r(&second, &utc);
	strftime(
		lines->stamp, sizeof(lines->stamp), "%Y-%m-%dT%H:%M:%S.", &utc);
	lines->second = second;
	return lines->stamp;
}

void
cli_lines_event(struct cli_lines *lines, const char *type)
{
	struct timespec now;
	char *at = room(lines, 1);
	int n;

	if (at == NULL)
		return;
	*at = '{';
	lines->len++;
	cli_lines_text(lines, "type", type);
	cli_lines_number(lines, "v", CLI_JSON_VERSION);
	clock_gettime(CLOCK_REALTIME, &now);
	at = begin(lines, "ts", 2 * sizeof(lines->stamp));
	if (at == NULL)
		return;
	n = sprintf(at, "\"%s%06ldZ\"", stamp(lines, now.tv_sec),
		now.tv_nsec / 1000);
	lines->len = (size_t)(at - lines->text) + (size_t)n;
}

static bool
is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"' ||
			text[i] == '\\')
			return false;
	return true;
}

/* By jansson, which knows what UTF-8 is, and how the rest is written. */
static void
put_odd(struct cli_lines *lines, const char *key, const void *bytes, size_t len)
{
	json_t *object = json_object();
	char *text = NULL, *at;
	size_t text_len;

	cli_event_bytes(object, key, bytes, len);
	if (json_object_size(object) == 1)
		text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL) {
		lines->failed = true;
		return;
	}
	text_len = strlen(text) - 2; /* what is in the brackets */
	at = begin(lines, NULL, text_len);
	if (at != NULL)
		ended_at(lines, put(at, text + 1, text_len));
	free(text);
}

void
cli_lines_bytes(
	struct cli_lines *lines, const char *key, const void *bytes, size_t len)
{
	char *at;

	if (!is_plain(bytes, len)) {
		put_odd(lines, key, bytes, len);
		return;
	}
	at = begin(lines, key, len + 2);
	if (at == NULL)
		return;
	*at++ = '"';
	at = put(at, bytes, len);
	*at++ = '"';
	ended_at(lines, at);
}

void
cli_lines_text(struct cli_lines *lines, const char *key, const char *text)
{
	if (text != NULL)
		cli_lines_bytes(lines, key, text, strlen(text));
}

void
cli_lines_number(struct cli_lines *lines, const char *key, int64_t number)
{
	char *at = begin(lines, key, NUMBER_MAX);

	if (at != NULL)
		ended_at(lines, put_signed(at, number));
}

void
cli_lines_flag(struct cli_lines *lines, const char *key, bool flag)
{
	char *at = begin(lines, key, NUMBER_MAX);

	if (at != NULL)
		ended_at(
			lines, flag ? put(at, "true", 4) : put(at, "false", 5));
}

void
cli_lines_seconds(struct cli_lines *lines, const char *key, int64_t ns)
{
	char *at = begin(lines, key, NUMBER_MAX);

	if (at != NULL)
		ended_at(lines, put_real(at, ns, SECOND));
}

void
cli_lines_share(struct cli_lines *lines, const char *key, int64_t ppm)
{
	char *at = begin(lines, key, NUMBER_MAX);

	if (at != NULL)
		ended_at(lines, put_real(at, ppm, WHOLE));
}

void
cli_lines_open(struct cli_lines *lines, const char *key, char bracket)
{
	char *at = begin(lines, key, 1);

	if (at == NULL)
		return;
	*at++ = bracket;
	ended_at(lines, at);
}

void
cli_lines_close(struct cli_lines *lines, char bracket)
{
	char *at = room(lines, 1);

	if (at == NULL)
		return;
	*at++ = bracket;
	ended_at(lines, at);
}

int
cli_lines_end(struct cli_lines *lines, pier_deadline deadline)
{
	cli_lines_close(lines, '}');
	cli_lines_close(lines, '\n');
	if (lines->failed) {
		lines->len = lines->whole;
		lines->failed = false;
		return -ENOMEM;
	}
	lines->whole = lines->len;
	return lines->len < PAGE_SIZE ? 0 : cli_lines_flush(lines, deadline);
}

int
cli_lines_flush(struct cli_lines *lines, pier_deadline deadline)
{
	int rc = lines->whole == 0
			 ? 0
			 : cli_output(lines->text, lines->whole, deadline);

	lines->len = lines->whole = 0;
	return rc;
}
