/* SPDX-License-Identifier: MIT */
/*
 * proto/http_chunk.c - bodies in chunks (RFC 9112 section 7.1), however they are
 * cut into pieces; see http_wire.h.
 *
 * Extensions are passed over. A line may end in a bare line feed, as in a head,
 * and then the data of its chunk may too; behind a line that ends in CR LF it
 * would hide that the data has another length. What is between a size and its
 * line's end may be blanks, which some servers write.
 */
#include "proto/http_wire.h"

#include <stdio.h>
#include <string.h>

/* 16 would not fit an int64_t. */
#define DIGITS_MAX 15

static void
begin_chunk(struct pier__http_chunks *chunks)
{
	chunks->state = PIER__CHUNK_SIZE;
	chunks->digits = 0;
	chunks->line = 0;
	chunks->left = 0;
}

/* The line of the size is over. */
static void
end_size(struct pier__http_chunks *chunks, bool bare)
{
	chunks->bare = bare;
	chunks->count++;
	chunks->state = chunks->left > 0 ? PIER__CHUNK_DATA : PIER__CHUNK_LAST;
}

static int
take_size(struct pier__http_chunks *chunks, const char *in, size_t len,
	struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	int value = pier__hex_value(in[0]);

	if (value >= 0) {
		/* Zeros before it do not count. */
		if (chunks->left > 0 || value > 0)
			chunks->digits++;
		if (chunks->digits > DIGITS_MAX)
			return pier__http_broken(
				why, "a chunk of more than 2^60 bytes");
		chunks->left = chunks->left * 16 + (unsigned)value;
		return 0;
	}
	if (chunks->line == 0)
		return pier__http_broken(why,
			"\"%s\" where the size of a chunk is expected, in "
			"hexadecimal",
			pier__http_quote(quote, in, len));
	if (in[0] == '\r')
		chunks->state = PIER__CHUNK_LF;
	else if (in[0] == '\n')
		end_size(chunks, true);
	else if (in[0] == ';')
		chunks->state = PIER__CHUNK_EXTENSION;
	else if (in[0] == ' ' || in[0] == '\t')
		chunks->state = PIER__CHUNK_BLANK;
	else
		return pier__http_broken(why,
			"\"%s\" behind the size of a chunk, expected the end "
			"of "
			"the line",
			pier__http_quote(quote, in, len));
	return 0;
}

static int
take_behind(struct pier__http_chunks *chunks, const char *in, size_t len,
	struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	bool is_blank = in[0] == ' ' || in[0] == '\t';

	if (in[0] == '\n' || in[0] == '\r') {
		if (in[0] == '\n')
			end_size(chunks, true);
		else
			chunks->state = PIER__CHUNK_LF;
	} else if (chunks->state == PIER__CHUNK_BLANK && in[0] == ';') {
		chunks->state = PIER__CHUNK_EXTENSION;
	} else if ((chunks->state == PIER__CHUNK_BLANK && !is_blank) ||
		   ((unsigned char)in[0] < ' ' && in[0] != '\t') ||
		   in[0] == 0x7f) {
		return pier__http_broken(why,
			"\"%s\" behind the size of a chunk, expected the end "
			"of "
			"the line",
			pier__http_quote(quote, in, len));
	}
	return 0;
}

/* A byte of the line that has the size. */
static int
take_line(struct pier__http_chunks *chunks, const char *in, size_t len,
	struct pier__why *why)
{
	int rc = 0;

	/* Before the byte is acted on: where data came before it in this call,
	   the next one meets it again. */
	if (chunks->line == PIER_HTTP_CHUNK_LINE) {
		(void)pier__http_broken(why,
			"bytes of a chunk's size and extensions: the limit is "
			"%d",
			PIER_HTTP_CHUNK_LINE);
		return -PIER_ELIMIT;
	}
	if (chunks->state == PIER__CHUNK_SIZE)
		rc = take_size(chunks, in, len, why);
	else if (chunks->state != PIER__CHUNK_LF)
		rc = take_behind(chunks, in, len, why);
	else if (in[0] == '\n')
		end_size(chunks, false);
	else
		rc = pier__http_broken(
			why, "a carriage return in the size of a chunk");
	chunks->line += rc == 0;
	return rc;
}

/* Behind the data of a chunk there is a line's end, and nothing else. */
static int
take_data_end(struct pier__http_chunks *chunks, const char *in, size_t len,
	struct pier__why *why)
{
	char quote[PIER__HTTP_QUOTE_MAX];

	if (in[0] == '\n' &&
		(chunks->bare || chunks->state == PIER__CHUNK_DATA_LF))
		begin_chunk(chunks);
	else if (in[0] == '\r' && chunks->state == PIER__CHUNK_DATA_END)
		chunks->state = PIER__CHUNK_DATA_LF;
	else
		return pier__http_broken(why,
			"\"%s\" behind chunk %llu, whose end is expected there",
			pier__http_quote(quote, in, len),
			(unsigned long long)chunks->count);
	return 0;
}

static size_t
take_data(struct pier__http_chunks *chunks, const char *in, size_t len,
	char *out, size_t room)
{
	size_t n = len < room ? len : room;

	if (n > chunks->left)
		n = (size_t)chunks->left;
	memcpy(out, in, n);
	chunks->left -= n;
	if (chunks->left == 0)
		chunks->state = PIER__CHUNK_DATA_END;
	return n;
}

ptrdiff_t
pier__http_chunks_read(struct pier__http_chunks *chunks, const char *in,
	size_t len, char *out, size_t room, size_t *made, struct pier__why *why)
{
	size_t at = 0, n;
	int rc = 0;

	*made = 0;
	while (rc == 0 && at < len && chunks->state != PIER__CHUNK_LAST) {
		switch (chunks->state) {
		case PIER__CHUNK_DATA:
			if (*made == room)
				return (ptrdiff_t)at;
			n = take_data(chunks, in + at, len - at, out + *made,
				room - *made);
			*made += n;
			at += n;
			continue;
		case PIER__CHUNK_DATA_END:
		case PIER__CHUNK_DATA_LF:
			rc = take_data_end(chunks, in + at, len - at, why);
			break;
		default:
			rc = take_line(chunks, in + at, len - at, why);
			break;
		}
		at += rc == 0;
	}
	/* What is good before it comes first; the next call meets it again. */
	return rc < 0 && *made == 0 ? rc : (ptrdiff_t)at;
}
