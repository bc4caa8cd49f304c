/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON Lines. A line is made whole in memory and handed to stdio by
 * one call, whose lock keeps lines of different threads apart.
 */
#include "json.h"

#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
cli_json_start(void)
{
	/* Jansson seeds its hash tables on first use, which is not safe when
	   two threads are first; 0 takes the seed from the system. */
	json_object_seed(0);
}

static void
format_now(char *text, size_t size)
{
	struct timespec now;
	struct tm utc;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	len = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, size - len, ".%06ldZ", now.tv_nsec / 1000);
}

json_t *
cli_event(const char *type)
{
	json_t *event = json_object();
	char now[64];

	format_now(now, sizeof(now));
	cli_event_text(event, "type", type);
	cli_event_number(event, "v", CLI_JSON_VERSION);
	cli_event_text(event, "ts", now);
	return event;
}

void
cli_event_text(json_t *event, const char *key, const char *text)
{
	if (text != NULL)
		cli_event_bytes(event, key, text, strlen(text));
}

void
cli_event_time(json_t *event, const char *key, int64_t ns)
{
	time_t seconds = (time_t)(ns / SECOND);
	struct tm utc = { .tm_sec = 0 };
	char text[64];
	size_t len;

	(void)gmtime_r(&seconds, &utc);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + len, sizeof(text) - len, ".%09lldZ",
		(long long)(ns % SECOND));
	cli_event_text(event, key, text);
}

void
cli_event_number(json_t *event, const char *key, int64_t number)
{
	(void)json_object_set_new(event, key, json_integer(number));
}

void
cli_event_flag(json_t *event, const char *key, bool flag)
{
	(void)json_object_set_new(event, key, json_boolean(flag));
}

void
cli_event_seconds(json_t *event, const char *key, int64_t ns)
{
	(void)json_object_set_new(event, key, json_real((double)ns / 1e9));
}

/* NULL when there is no memory. */
static char *
to_base64(const unsigned char *bytes, size_t len)
{
	char *text = malloc((len + 2) / 3 * 4 + 1), *out = text;

	if (text == NULL)
		return NULL;
	for (; len > 0; bytes += 3) {
		unsigned int group = (unsigned int)bytes[0] << 16;

		if (len > 1)
			group |= (unsigned int)bytes[1] << 8;
		if (len > 2)
			group |= bytes[2];
		*out++ = base64_digits[group >> 18];
		*out++ = base64_digits[group >> 12 & 63];
		*out++ = len > 1 ? base64_digits[group >> 6 & 63] : '=';
		*out++ = len > 2 ? base64_digits[group & 63] : '=';
		len -= len > 3 ? 3 : len;
	}
	*out = '\0';
	return text;
}

void
cli_event_bytes(json_t *event, const char *key, const void *bytes, size_t len)
{
	json_t *text = json_stringn(bytes, len);
	char base64_key[64];
	char *base64;

	/* Jansson refuses what is not UTF-8. */
	if (text != NULL) {
		(void)json_object_set_new(event, key, text);
		return;
	}
	base64 = to_base64(bytes, len);
	snprintf(base64_key, sizeof(base64_key), "%s_base64", key);
	(void)json_object_set_new(
		event, base64_key, base64 != NULL ? json_string(base64) : NULL);
	free(base64);
}

int
cli_event_print(json_t *event, pier_deadline deadline)
{
	char *line = NULL;
	size_t len;
	int rc;

	if (event != NULL)
		line = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(event);
	if (line == NULL)
		return -ENOMEM;
	/* The newline takes the place of the ending zero. */
	len = strlen(line);
	line[len] = '\n';
	rc = cli_output(line, len + 1, deadline);
	free(line);
	return rc;
}
