/* SPDX-License-Identifier: MIT */
/*
 * frame/wire_length.c - messages whose length comes first, and those that have
 * none because all are of one size.
 *
 * A length is judged as soon as it is there, before a byte of memory is taken
 * for what it promises.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "frame/wire.h"

/* 64 bits in groups of seven. */
#define VARINT_MAX 10
/* Digits of UINT64_MAX. */
#define DIGITS_MAX 20

/* The head is known: what is the message? */
static enum pier__found
judge(const struct pier__wire *wire, struct pier__scan *scan, size_t tail,
	size_t have)
{
	scan->headed = true;
	scan->looked = scan->head;
	if (scan->length > wire->max)
		return PIER__FOUND_LONG;
	scan->body = (size_t)scan->length;
	scan->size = scan->head + scan->body + tail;
	return have < scan->size ? PIER__FOUND_PART : PIER__FOUND_WHOLE;
}

static enum pier__found
bad(struct pier__scan *scan, size_t at, const char *expected)
{
	scan->looked = at;
	scan->wrong = expected;
	return PIER__FOUND_BAD;
}

static enum pier__found
scan_binary(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	if (have < wire->width)
		return PIER__FOUND_PART;
	scan->head = wire->width;
	scan->length = pier__length_load(at, wire->width, wire->little);
	return judge(wire, scan, 0, have);
}

static void
ends_binary(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	(void)data;
	out->head_size = wire->width;
	pier__length_store(out->head, wire->width, wire->little, size);
}

static enum pier__found
scan_varint(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	uint64_t length = 0;
	size_t i;

	for (i = 0; i < have; i++) {
		uint64_t group = at[i] & 0x7f;

		/* The tenth has room for one bit. */
		if (i == VARINT_MAX - 1 && at[i] > 1)
			return bad(scan, i, "a length of at most 64 bits");
		length |= group << (7 * i);
		if ((at[i] & 0x80) != 0)
			continue;
		if (i > 0 && at[i] == 0)
			return bad(scan, i, "the shortest form of the length");
		scan->head = i + 1;
		scan->length = length;
		return judge(wire, scan, 0, have);
	}
	return PIER__FOUND_PART;
}

static void
ends_varint(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	uint64_t left = size;

	(void)wire;
	(void)data;
	for (; left > 0x7f; left >>= 7)
		out->head[out->head_size++] = (unsigned char)(left | 0x80);
	out->head[out->head_size++] = (unsigned char)left;
}

/* One more digit; false: the number has no place. */
static bool
add_digit(uint64_t *number, unsigned char c)
{
	uint64_t digit = (uint64_t)(c - '0');

	return !__builtin_mul_overflow(*number, 10, number) &&
	       !__builtin_add_overflow(*number, digit, number);
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, or digits with spaces on one side: then no zero leads them. */
static enum pier__found
scan_decimal(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	size_t width = wire->width, i = 0, first;
	uint64_t length = 0;

	if (have < width)
		return PIER__FOUND_PART;
	while (i < width && at[i] == ' ')
		i++;
	first = i;
	for (; i < width && is_digit(at[i]); i++)
		if (!add_digit(&length, at[i]))
			return bad(scan, i, "a length of at most 64 bits");
	if (i == first)
		return bad(scan, i < width ? i : width - 1,
			"a digit of the length");
	if ((first > 0 || i < width) && at[first] == '0' && i > first + 1)
		return bad(scan, first,
			"a length without zeros beside its spaces");
	for (; i < width; i++)
		if (at[i] != ' ' || first > 0)
			return bad(scan, i, "a digit of the length");
	scan->head = width;
	scan->length = length;
	return judge(wire, scan, 0, have);
}

static void
ends_decimal(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	char digits[DIGITS_MAX + 1];
	size_t count = (size_t)snprintf(digits, sizeof(digits), "%zu", size);
	size_t pad = wire->width - count;

	(void)data;
	out->head_size = wire->width;
	memset(out->head, wire->padding == PIER_FRAME_ZERO ? '0' : ' ',
		wire->width);
	memcpy(out->head + (wire->padding == PIER_FRAME_LEFT ? 0 : pad), digits,
		count);
}

static enum pier__found
scan_netstring(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	enum pier__found found;
	uint64_t length = 0;
	size_t i = 0;

	for (; i < have && is_digit(at[i]); i++) {
		if (i > 0 && at[0] == '0')
			return bad(scan, i, "':' after a first 0");
		if (!add_digit(&length, at[i]))
			return bad(scan, i, "a length of at most 64 bits");
	}
	if (i == have)
		return PIER__FOUND_PART;
	if (i == 0)
		return bad(scan, i, "a digit");
	if (at[i] != ':')
		return bad(scan, i, "a digit or ':'");
	scan->head = i + 1;
	scan->length = length;
	found = judge(wire, scan, 1, have);
	if (found == PIER__FOUND_WHOLE && at[scan->size - 1] != ',')
		return bad(scan, scan->size - 1, "',' after the data");
	return found;
}

static void
ends_netstring(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__ends *out)
{
	(void)wire;
	(void)data;
	out->head_size = (size_t)snprintf(
		(char *)out->head, sizeof(out->head), "%zu:", size);
	out->tail[0] = ',';
	out->tail_size = 1;
}

static enum pier__found
scan_fixed(const struct pier__wire *wire, struct pier__scan *scan,
	const unsigned char *at, size_t have)
{
	(void)at;
	scan->length = wire->size;
	return judge(wire, scan, 0, have);
}

static int
check_fixed(const struct pier__wire *wire, const unsigned char *data,
	size_t size, struct pier__why *why)
{
	(void)data;
	if (size == wire->size)
		return 0;
	return pier__why_set(why, 0,
		"a message of %zu bytes: each has to have %zu", size,
		wire->size);
}

static void
ends_none(const struct pier__wire *wire, const unsigned char *data, size_t size,
	struct pier__ends *out)
{
	(void)wire;
	(void)data;
	(void)size;
	(void)out;
}

const struct pier__wire_ops pier__wire_binary = {
	.scan = scan_binary,
	.ends = ends_binary,
};

const struct pier__wire_ops pier__wire_varint = {
	.scan = scan_varint,
	.ends = ends_varint,
};

const struct pier__wire_ops pier__wire_decimal = {
	.scan = scan_decimal,
	.ends = ends_decimal,
};

const struct pier__wire_ops pier__wire_netstring = {
	.scan = scan_netstring,
	.ends = ends_netstring,
};

const struct pier__wire_ops pier__wire_fixed = {
	.scan = scan_fixed,
	.check = check_fixed,
	.ends = ends_none,
};
