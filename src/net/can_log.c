/* SPDX-License-Identifier: MIT */
/*
 * net/can_log.c - lines of logs, as candump writes and canplayer reads them:
 * "(1436509052.249713) vcan0 123#DEADBEEF".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/can_wire.h"
#include "task/failure.h"

#define SECOND      INT64_C(1000000000)
#define SECONDS_MAX (INT64_MAX / SECOND - 1)
#define DIGITS_MAX  9 /* behind the point */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
skip_blanks(struct pier__span *span)
{
	while (span->begin < span->end && is_blank(span->text[span->begin]))
		span->begin++;
}

/* What stands before the next blank; the span goes on behind it. */
static struct pier__span
take_word(struct pier__span *span)
{
	struct pier__span word;
	size_t end;

	skip_blanks(span);
	for (end = span->begin; end < span->end && !is_blank(span->text[end]);
		end++)
		;
	word = pier__span_cut(*span, span->begin, end);
	span->begin = end;
	return word;
}

/* Digits behind a point as nanoseconds; -1: there are none, or too many. */
static int64_t
fraction(struct pier__span span)
{
	int64_t value = pier__span_number(span, SECOND - 1);
	size_t n = pier__span_len(span);

	if (value < 0 || n > DIGITS_MAX)
		return -1;
	for (; n < DIGITS_MAX; n++)
		value *= 10;
	return value;
}

static int
fail_time(struct pier__span span, struct pier__why *why)
{
	return pier__why_set(why, span.begin,
		"a time is seconds since 1970, (1436509052.249713), or UTC, "
		"(2015-07-10T06:17:32.249713Z)");
}

static int
seconds_time(int64_t *out, struct pier__span span, struct pier__why *why)
{
	size_t point = pier__span_find(span, '.');
	int64_t seconds = pier__span_number(
		pier__span_cut(span, span.begin, point), SECONDS_MAX);
	int64_t part =
		point == span.end
			? 0
			: fraction(pier__span_cut(span, point + 1, span.end));

	if (seconds < 0 || seconds > SECONDS_MAX || part < 0)
		return fail_time(span, why);
	*out = seconds * SECOND + part;
	return 0;
}

/* Days from 1970-01-01, by counting years from March on: the day that leap years
   add is then a year's last. */
static int64_t
days_since_1970(int64_t year, int64_t month, int64_t day)
{
	int64_t months = (month + 9) % 12;

	year -= month <= 2;
	return year * 365 + year / 4 - year / 100 + year / 400 +
	       (153 * months + 2) / 5 + day - 719469;
}

static int64_t
days_in(int64_t year, int64_t month)
{
	return month == 12 ? 31
			   : days_since_1970(year, month + 1, 1) -
				     days_since_1970(year, month, 1);
}

/* Where the numbers of "2015-07-10T06:17:32" stand, and what they may be. */
static const struct {
	uint8_t at, digits;
	char behind;
	int16_t min, max;
} pieces[] = {
	{ 0, 4, '-', 1970, 2200 },
	{ 5, 2, '-', 1, 12 },
	{ 8, 2, 'T', 1, 31 },
	{ 11, 2, ':', 0, 23 },
	{ 14, 2, ':', 0, 59 },
	{ 17, 2, '\0', 0, 59 },
};

#define PIECES    (sizeof(pieces) / sizeof(pieces[0]))
#define UTC_LEN   19
#define DAY_HOURS 24

static int
utc_time(int64_t *out, struct pier__span span, struct pier__why *why)
{
	int64_t v[PIECES], part = 0, seconds;
	size_t i;

	if (pier__span_len(span) < UTC_LEN + 1 ||
		span.text[span.end - 1] != 'Z')
		return fail_time(span, why);
	for (i = 0; i < PIECES; i++) {
		size_t at = span.begin + pieces[i].at,
		       end = at + pieces[i].digits;

		v[i] = pier__span_number(
			pier__span_cut(span, at, end), pieces[i].max);
		if (v[i] < pieces[i].min || v[i] > pieces[i].max ||
			(pieces[i].behind != '\0' &&
				span.text[end] != pieces[i].behind))
			return fail_time(span, why);
	}
	if (span.text[span.begin + UTC_LEN] == '.')
		part = fraction(pier__span_cut(
			span, span.begin + UTC_LEN + 1, span.end - 1));
	else if (span.begin + UTC_LEN + 1 != span.end)
		part = -1;
	if (part < 0 || v[2] > days_in(v[0], v[1]))
		return fail_time(span, why);
	seconds =
		(days_since_1970(v[0], v[1], v[2]) * DAY_HOURS + v[3]) * 3600 +
		v[4] * 60 + v[5];
	*out = seconds * SECOND + part;
	return 0;
}

/* "(…)"; the span goes on behind it. */
static int
take_time(int64_t *out, struct pier__span *span, struct pier__why *why)
{
	size_t close = pier__span_find(*span, ')');
	struct pier__span inner;

	if (span->begin == span->end || span->text[span->begin] != '(' ||
		close == span->end)
		return pier__why_set(why, span->begin,
			"a line of a log begins with its time: "
			"(1436509052.249713) vcan0 123#DEADBEEF");
	inner = pier__span_cut(*span, span->begin + 1, close);
	span->begin = close + 1;
	return pier__span_find(inner, 'T') < inner.end
		       ? utc_time(out, inner, why)
		       : seconds_time(out, inner, why);
}

static int
take_interface(struct pier_can_message *out, struct pier__span *span,
	struct pier__why *why)
{
	struct pier__span word = take_word(span);
	size_t len = pier__span_len(word), i;

	if (len == 0)
		return pier__why_set(
			why, word.begin, "the interface is missing");
	if (len >= sizeof(out->interface))
		return pier__why_set(why, word.begin,
			"the name of an interface has at most %zu bytes",
			sizeof(out->interface) - 1);
	for (i = word.begin; i < word.end; i++)
		if (word.text[i] <= ' ' || word.text[i] >= 0x7f ||
			word.text[i] == '/' || word.text[i] == '#')
			return pier__why_set(why, i,
				"this cannot stand in the name of an "
				"interface");
	memcpy(out->interface, pier__span_at(word), len);
	return 0;
}

/* R or T, or nothing. */
static int
take_direction(struct pier_can_message *out, struct pier__span *span,
	struct pier__why *why)
{
	struct pier__span word = take_word(span);
	bool is_sent = pier__span_is(word, "T");

	skip_blanks(span);
	if ((pier__span_len(word) > 0 && !is_sent &&
		    !pier__span_is(word, "R")) ||
		span->begin < span->end)
		return pier__why_set(why, word.begin,
			"behind a frame stands nothing, R (received) or T "
			"(sent)");
	out->local = is_sent;
	return 0;
}

int
pier__can_log_parse(struct pier_can_message *out, struct pier__span line,
	struct pier__why *why)
{
	struct pier_can_message message = { .time_ns = 0 };
	struct pier__span frame;
	int rc;

	while (line.begin < line.end &&
		(line.text[line.end - 1] == '\n' ||
			line.text[line.end - 1] == '\r'))
		line.end--;
	skip_blanks(&line);
	if (line.begin == line.end ||
		strchr("#;%", line.text[line.begin]) != NULL)
		return 1;
	rc = take_time(&message.time_ns, &line, why);
	if (rc == 0)
		rc = take_interface(&message, &line, why);
	if (rc < 0)
		return rc;
	frame = take_word(&line);
	rc = pier__can_frame_parse(&message.frame, frame, why);
	if (rc == 0)
		rc = take_direction(&message, &line, why);
	if (rc == 0)
		*out = message;
	return rc;
}

int
pier_can_log_parse(struct pier_can_message *out, const char *line)
{
	struct pier__why why = { .offset = 0 };
	int rc = pier__can_log_parse(out, pier__span_of(line), &why);

	return rc < 0 ? pier__fail_parse(rc, line, &why) : rc;
}

/* The longest is 32 bytes. */
static void
put_time(char *buf, size_t size, int64_t ns, enum pier_can_time style)
{
	time_t seconds;
	struct tm utc = { .tm_sec = 0 };

	if (ns < 0)
		ns = 0;
	seconds = (time_t)(ns / SECOND);
	if (style == PIER_CAN_TIME_UTC) {
		size_t len;

		(void)gmtime_r(&seconds, &utc);
		len = strftime(buf, size, "(%Y-%m-%dT%H:%M:%S", &utc);
		(void)snprintf(
			buf + len, size - len, ".%09" PRId64 "Z)", ns % SECOND);
	} else if (style == PIER_CAN_TIME_NANO) {
		(void)snprintf(buf, size, "(%010" PRId64 ".%09" PRId64 ")",
			ns / SECOND, ns % SECOND);
	} else {
		(void)snprintf(buf, size, "(%010" PRId64 ".%06" PRId64 ")",
			ns / SECOND, ns % SECOND / 1000);
	}
}

int
pier_can_log_format(const struct pier_can_message *message,
	enum pier_can_time time, char *buf, size_t size)
{
	char frame[PIER_CAN_TEXT_MAX], when[64];
	int n;

	if (message->interface[0] == '\0')
		return pier__fail_step(-EINVAL, PIER_STEP_CREATE, "log",
			"the message has no interface");
	n = pier_can_frame_format(&message->frame, frame, sizeof(frame));
	if (n < 0)
		return n;
	put_time(when, sizeof(when), message->time_ns, time);
	n = snprintf(buf, size, "%s %s %s", when, message->interface, frame);
	return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}
