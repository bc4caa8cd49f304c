/* SPDX-License-Identifier: MIT */
/*
 * frame/wire_end.c - messages that end at bytes which are not in them: a line,
 * a terminator that all share, or one that is announced before the data.
 *
 * A terminator ends a message at its first occurrence, also where it begins
 * with the last bytes of the data; so that is what a sender has to look for.
 */
#include <errno.h>
#include <string.h>

#include "base/siphash.h"
#include "frame/wire.h"

const unsigned char *
pier__find(const unsigned char *hay, size_t size, const unsigned char *needle,
	size_t needle_size)
{
	if (size < needle_size)
		return NULL;
	return needle_size == 1 ? memchr(hay, needle[0], size)
				: memmem(hay, size, needle, needle_size);
}

/* The offset of the first needle in data followed by needle, at most size. */
static size_t
first_in(const unsigned char *data, size_t size, const unsigned char *needle,
	size_t needle_size)
{
	unsigned char joint[4 * PIER__ANNOUNCED_MAX];
	const unsigned char *at = pier__find(data, size, needle, needle_size);
	size_t before = needle_size - 1;

	if (at != NULL)
		return (size_t)(at - data);
	if (before == 0)
		return size;
	if (before > size)
		before = size;
	/* No data may have no place either. */
	if (before > 0)
		memcpy(joint, data + size - before, before);
	memcpy(joint + before, needle, needle_size);
	at = pier__find(joint, before + needle_size, needle, needle_size);
	return at == NULL ? size : size - before + (size_t)(at - joint);
}

enum pier__found
pier__scan_for(struct pier__scan *scan, const unsigned char *at, size_t have,
	const unsigned char *end, size_t end_size, size_t most)
{
	const unsigned char *found = pier__find(
		at + scan->looked, have - scan->looked, end, end_size);

	if (found == NULL) {
		if (have - scan->looked >= end_size)
			scan->looked = have - (end_size - 1);
		scan->length = scan->looked - scan->head;
		return scan->length > most && !scan->dropping
			       ? PIER__FOUND_LONG
			       : PIER__FOUND_PART;
	}
	scan->looked = (size_t)(found - at);
	scan->body = scan->looked - scan->head;
	scan->length = scan->body;
	scan->size = scan->looked + end_size;
	/* As it would have been had the end not come yet. */
	return scan->length > most && !scan->dropping ? PIER__FOUND_LONG
						      : PIER__FOUND_WHOLE;
}

/* Whole, but too long? */
static enum pier__found
judge(const struct pier__wire *wire, const struct pier__scan *scan,
	enum pier__found found)
{
	return found == PIER__FOUND_WHOLE && scan->length > wire->max &&
			       !scan->dropping
		       ? PIER__FOUND_LONG
		       : found;
}

static enum pier__found
scan_line(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	static const unsigned char newline = '\n';
	/* The last byte may be the \\r of the end. */
	enum pier__found found =
		pier__scan_for(scan, at, have, &newline, 1, wire->max + 1);

	if (found == PIER__FOUND_WHOLE && scan->body > 0 &&
		at[scan->body - 1] == '\r') {
		scan->body--;
		scan->length--;
	}
	return judge(wire, scan, found);
}

static int
check_line(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__why *why)
{
	const unsigned char *newline =
		size > 0 ? memchr(data, '\n', size) : NULL;

	if (newline != NULL)
		return pier__why_set(why, (size_t)(newline - data),
			"a line with a newline in it, at byte %zu",
			(size_t)(newline - data));
	/* Behind "\r\n" it would be another one's. */
	if (size > 0 && data[size - 1] == '\r' && wire->terminator_size == 1)
		return pier__why_set(why, size - 1,
			"a line that ends in \\r, which would be lost: "
			"\"line:crlf\" keeps it");
	return 0;
}

static enum pier__found
scan_delim(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	return judge(wire, scan,
		pier__scan_for(scan, at, have, wire->terminator,
			wire->terminator_size, wire->max));
}

static int
check_delim(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__why *why)
{
	size_t at =
		first_in(data, size, wire->terminator, wire->terminator_size);

	if (at == size)
		return 0;
	return pier__why_set(why, at,
		"a message with the terminator in it, at byte %zu", at);
}

void
pier__ends_terminator(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	(void)data;
	(void)size;
	memcpy(out->tail, wire->terminator, wire->terminator_size);
	out->tail_size = wire->terminator_size;
}

/* What comes first: the announced terminator, then the one that ends it. */
static enum pier__found
scan_announced(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	size_t most = PIER__ANNOUNCED_MAX + wire->terminator_size;
	const unsigned char *end = pier__find(at, have < most ? have : most,
		wire->terminator, wire->terminator_size);
	size_t size;

	if (end == NULL && have < most)
		return PIER__FOUND_PART;
	size = end == NULL ? 0 : (size_t)(end - at);
	if (size == 0) {
		scan->looked = end == NULL ? most - 1 : 0;
		scan->wrong = "an announced terminator of 1 to 64 bytes";
		return PIER__FOUND_BAD;
	}
	memcpy(scan->announced, at, size);
	scan->announced_size = (uint8_t)size;
	scan->head = size + wire->terminator_size;
	scan->looked = scan->head;
	scan->headed = true;
	return PIER__FOUND_WHOLE;
}

static enum pier__found
scan_announce(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	if (!scan->headed) {
		enum pier__found found = scan_announced(wire, scan, at, have);

		if (found != PIER__FOUND_WHOLE)
			return found;
	}
	return judge(wire, scan,
		pier__scan_for(scan, at, have, scan->announced,
			scan->announced_size, wire->max));
}

/* The first sixteen letters and digits that are not in the terminator. */
static void
choose_letters(const struct pier__wire *wire, char letters[16])
{
	static const char all[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t i, count = 0;

	for (i = 0; count < 16; i++)
		if (memchr(wire->terminator, all[i], wire->terminator_size) ==
			NULL)
			letters[count++] = all[i];
}

/*
 * A terminator that is not in the data: the hash of the data, spelled out. To
 * have the hash of itself in it, data would have to be searched for as long as
 * for a collision of 64 bits; then the next number is taken.
 */
static void
ends_announce(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	uint64_t key[2] = { 0, 0 };
	char letters[16];
	uint64_t hash;
	size_t i;

	choose_letters(wire, letters);
	do {
		hash = pier__siphash(key, data, size);
		for (i = 0; i < PIER__ANNOUNCED; i++)
			out->tail[i] = (unsigned char)
				letters[hash >> (60 - 4 * i) & 15];
		key[0]++;
	} while (first_in(data, size, out->tail, PIER__ANNOUNCED) != size);
	out->tail_size = PIER__ANNOUNCED;
	memcpy(out->head, out->tail, PIER__ANNOUNCED);
	memcpy(out->head + PIER__ANNOUNCED, wire->terminator,
		wire->terminator_size);
	out->head_size = PIER__ANNOUNCED + wire->terminator_size;
}

const struct pier__wire_ops pier__wire_line = {
	.scan = scan_line,
	.check = check_line,
	.ends = pier__ends_terminator,
};

const struct pier__wire_ops pier__wire_delim = {
	.scan = scan_delim,
	.check = check_delim,
	.ends = pier__ends_terminator,
};

const struct pier__wire_ops pier__wire_announce = {
	.scan = scan_announce,
	.ends = ends_announce,
};
