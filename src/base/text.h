/* SPDX-License-Identifier: MIT */
/*
 * Reading text that a person wrote: a piece of it, and what is wrong with it.
 *
 * A parser works on a span of the whole text and never on a copy, so that the
 * offset it reports always counts from the first character the user typed.
 */
#ifndef PIER_BASE_TEXT_H
#define PIER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A sentence and a quoted piece of input fit; longer pieces are cut. */
#define PIER__WHY_MAX 192

/* The bytes [begin, end) of text, which need not end in NUL. */
struct pier__span {
	const char *text;
	size_t begin;
	size_t end;
};

/* What is wrong, and where: offset is that of the first offending byte. */
struct pier__why {
	size_t offset;
	char text[PIER__WHY_MAX];
};

struct pier__span pier__span_of(const char *text);

/* The same text, another piece of it. */
struct pier__span pier__span_cut(
	struct pier__span span, size_t begin, size_t end);

size_t pier__span_len(struct pier__span span);

/* The offset of the first c in span, or span.end. */
size_t pier__span_find(struct pier__span span, char c);

bool pier__span_starts(struct pier__span span, const char *prefix);

/* Equal to word, letters of either case. */
bool pier__span_is(struct pier__span span, const char *word);

/* The length of span as printf's "%.*s" wants it, cut to what is quoted. */
int pier__span_quote(struct pier__span span);

const char *pier__span_at(struct pier__span span);

/*
 * Writes the explanation and returns -EINVAL, so that a parser can end with
 * it. Bytes that are not printable ASCII become '?': a message goes to
 * terminals, and what it quotes may come from anywhere.
 */
int pier__why_set(struct pier__why *why, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reads a decimal number of the whole span. Returns it, -1 if span is empty
 * or holds anything but digits, or max + 1 if it is above max.
 */
int64_t pier__span_number(struct pier__span span, int64_t max);

/* The value of a hexadecimal digit, or -1. */
int pier__hex_value(char c);

/*
 * Reads the byte at span.begin, "%XX" counting as the byte it stands for.
 * Returns the byte and moves span->begin past it, or -1 if a '%' is not
 * followed by two hexadecimal digits. The span must not be empty.
 */
int pier__span_byte(struct pier__span *span);

/*
 * Appends data to out[used…size), each byte that is not printable ASCII, a
 * space, or one of "?%#" written as %XX. Returns the new length, which is
 * counted on past size when it does not fit; never writes out of bounds.
 */
size_t pier__escape(
	char *out, size_t size, size_t used, const void *data, size_t len);

#endif
