/* SPDX-License-Identifier: MIT */
/*
 * Answers of web servers: whatever the bytes, nothing is read beyond them, what
 * comes out holds together, and it is the same however the bytes are cut. The
 * first byte says how.
 */
#include "proto/http_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read of an input. */
struct seen {
	ptrdiff_t head; /* its length, or how it failed */
	int rc;
	struct pier__http_head parsed;
	struct pier__http_frame frame;
	ptrdiff_t taken; /* of the chunks, or how they failed */
	size_t made;
	enum pier__http_chunk_state state;
	struct pier_http_header headers[PIER_HTTP_HEADERS_MAX + 1];
	char *text;
	char *body;
};

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_text(const char *text, const struct seen *seen)
{
	check(text >= seen->text && text < seen->text + seen->head);
	check(text + strlen(text) < seen->text + seen->head);
}

static void
check_words(const struct pier__why *why)
{
	const char *c;

	check(strlen(why->text) < sizeof(why->text));
	for (c = why->text; *c != '\0'; c++)
		check(*c >= ' ' && *c <= '~');
}

static void
check_head(const struct seen *seen)
{
	const struct pier__http_frame *frame = &seen->frame;
	size_t i;

	check(seen->parsed.status >= 100 && seen->parsed.status <= 999);
	check(seen->parsed.minor >= 0 && seen->parsed.minor <= 9);
	check_text(seen->parsed.reason, seen);
	for (i = 0; i < seen->parsed.count; i++) {
		check_text(seen->parsed.headers[i].name, seen);
		check_text(seen->parsed.headers[i].value, seen);
		check(seen->parsed.headers[i].name[0] != '\0');
	}
	if (seen->rc < 0)
		return;
	check(frame->length >= -1);
	check((frame->body == PIER_HTTP_LENGTH) <= (frame->length >= 0));
	check(frame->range_first <= frame->range_last);
}

static void
read_head(struct seen *seen, const uint8_t *data, size_t size, size_t step)
{
	struct pier__http_scan scan = { .trailers = false };
	struct pier__why why = { .text = "" };
	size_t have = 0;

	seen->head = 0;
	while (seen->head == 0 && have < size) {
		have = size - have < step ? size : have + step;
		seen->head =
			pier__http_scan(&scan, (const char *)data, have, &why);
	}
	check_words(&why);
	if (seen->head <= 0)
		return;
	check(scan.lines <= PIER_HTTP_HEADERS_MAX + 1);
	seen->text = malloc((size_t)seen->head);
	check(seen->text != NULL);
	memcpy(seen->text, data, (size_t)seen->head);
	seen->parsed.headers = seen->headers;
	seen->rc = pier__http_head_parse(
		&seen->parsed, seen->text, (size_t)seen->head, false, &why);
	check_words(&why);
	if (seen->rc == 0) {
		seen->rc = pier__http_frame(
			&seen->frame, &seen->parsed, false, &why);
		check_words(&why);
		check_head(seen);
	}
}

static void
read_body(struct seen *seen, const uint8_t *data, size_t size, size_t step,
	size_t room)
{
	struct pier__http_chunks chunks = { .state = PIER__CHUNK_SIZE };
	struct pier__why why = { .text = "" };
	size_t at = 0, shown = 0;

	seen->body = malloc(size + room);
	check(seen->body != NULL);
	while (seen->taken >= 0 && shown < size &&
		chunks.state != PIER__CHUNK_LAST) {
		shown = size - shown < step ? size : shown + step;
		while (at < shown && chunks.state != PIER__CHUNK_LAST) {
			size_t made;

			seen->taken = pier__http_chunks_read(&chunks,
				(const char *)data + at, shown - at,
				seen->body + seen->made, room, &made, &why);
			check_words(&why);
			if (seen->taken < 0)
				break;
			check(seen->taken > 0 && made <= room);
			at += (size_t)seen->taken;
			seen->made += made;
		}
	}
	if (seen->taken >= 0)
		seen->taken = (ptrdiff_t)at;
	seen->state = chunks.state;
}

/* Trailers, from where the chunks end. */
static void
read_trailers(const uint8_t *data, size_t size)
{
	struct pier__http_scan scan = { .trailers = true };
	struct pier_http_header headers[PIER_HTTP_HEADERS_MAX];
	struct pier__http_head parsed = { .headers = headers };
	struct pier__why why = { .text = "" };
	ptrdiff_t len = pier__http_scan(&scan, (const char *)data, size, &why);
	char *text;

	check_words(&why);
	if (len <= 0)
		return;
	text = malloc((size_t)len);
	check(text != NULL);
	memcpy(text, data, (size_t)len);
	if (pier__http_head_parse(&parsed, text, (size_t)len, true, &why) == 0)
		check(parsed.count == scan.lines);
	check_words(&why);
	free(text);
}

static void
read_all(struct seen *seen, const uint8_t *data, size_t size, size_t step,
	size_t room)
{
	memset(seen, 0, sizeof(*seen));
	read_head(seen, data, size, step);
	if (seen->head > 0) {
		data += seen->head;
		size -= (size_t)seen->head;
	}
	read_body(seen, data, size, step, room);
	if (seen->state == PIER__CHUNK_LAST)
		read_trailers(data + seen->taken, size - (size_t)seen->taken);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen whole, cut;
	size_t step;

	if (size == 0)
		return 0;
	step = 1 + data[0] % 16;
	read_all(&whole, data + 1, size - 1, size, size);
	read_all(&cut, data + 1, size - 1, step, 1 + data[0] / 16);
	check((whole.head < 0) == (cut.head < 0));
	if (whole.head > 0)
		check(whole.head == cut.head && whole.rc == cut.rc &&
			whole.parsed.count == cut.parsed.count);
	check((whole.taken < 0) == (cut.taken < 0));
	if (whole.taken >= 0)
		check(whole.taken == cut.taken && whole.made == cut.made &&
			whole.state == cut.state &&
			memcmp(whole.body, cut.body, whole.made) == 0);
	free(whole.text);
	free(whole.body);
	free(cut.text);
	free(cut.body);
	return 0;
}
