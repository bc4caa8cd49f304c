/* SPDX-License-Identifier: MIT */
/*
 * Spans, explanations and percent escapes. Pure; the character classes are
 * spelled out because those of <ctype.h> change with the locale of the
 * program that uses the library.
 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More of a wrong piece of input than this helps nobody. */
#define QUOTE_MAX 48

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct pier__span
pier__span_of(const char *text)
{
	struct pier__span span = { text, 0, strlen(text) };

	return span;
}

struct pier__span
pier__span_cut(struct pier__span span, size_t begin, size_t end)
{
	span.begin = begin;
	span.end = end;
	return span;
}

size_t
pier__span_len(struct pier__span span)
{
	return span.end - span.begin;
}

const char *
pier__span_at(struct pier__span span)
{
	return span.text + span.begin;
}

size_t
pier__span_find(struct pier__span span, char c)
{
	size_t i;

	for (i = span.begin; i < span.end; i++)
		if (span.text[i] == c)
			break;
	return i;
}

bool
pier__span_starts(struct pier__span span, const char *prefix)
{
	size_t len = strlen(prefix);

	return pier__span_len(span) >= len &&
	       memcmp(pier__span_at(span), prefix, len) == 0;
}

bool
pier__span_is(struct pier__span span, const char *word)
{
	size_t len = strlen(word);
	size_t i;

	if (pier__span_len(span) != len)
		return false;
	for (i = 0; i < len; i++)
		if (lower(span.text[span.begin + i]) != lower(word[i]))
			return false;
	return true;
}

int
pier__span_quote(struct pier__span span)
{
	size_t len = pier__span_len(span);

	return (int)(len < QUOTE_MAX ? len : QUOTE_MAX);
}

int
pier__why_set(struct pier__why *why, size_t offset, const char *fmt, ...)
{
	va_list args;
	char *c;

	why->offset = offset;
	va_start(args, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	for (c = why->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return -EINVAL;
}

int64_t
pier__span_number(struct pier__span span, int64_t max)
{
	int64_t value = 0;
	size_t i;

	if (span.begin == span.end)
		return -1;
	for (i = span.begin; i < span.end; i++) {
		char c = span.text[i];

		if (c < '0' || c > '9')
			return -1;
		if (value <= max)
			value = value * 10 + (c - '0');
	}
	return value <= max ? value : max + 1;
}

int
pier__hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
pier__span_byte(struct pier__span *span)
{
	const char *at = pier__span_at(*span);
	int high, low;

	if (*at != '%') {
		span->begin++;
		return (unsigned char)*at;
	}
	if (pier__span_len(*span) < 3)
		return -1;
	high = pier__hex_value(at[1]);
	low = pier__hex_value(at[2]);
	if (high < 0 || low < 0)
		return -1;
	span->begin += 3;
	return high * 16 + low;
}

static size_t
put(char *out, size_t size, size_t used, char c)
{
	if (used < size)
		out[used] = c;
	return used + 1;
}

size_t
pier__escape(char *out, size_t size, size_t used, const void *data, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char b = bytes[i];

		if (b > ' ' && b <= '~' && b != '%' && b != '?' && b != '#') {
			used = put(out, size, used, (char)b);
			continue;
		}
		used = put(out, size, used, '%');
		used = put(out, size, used, digits[b >> 4]);
		used = put(out, size, used, digits[b & 15]);
	}
	return used;
}
