/* SPDX-License-Identifier: MIT */
/* base/base64.c - see base64.h. */
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits that c stands for, or -1. */
static int
value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

bool
pier__base64_has(unsigned char c)
{
	return c == '=' || value(c) >= 0;
}

static void
put_four(unsigned char *out, uint32_t bits)
{
	out[0] = (unsigned char)alphabet[bits >> 18 & 63];
	out[1] = (unsigned char)alphabet[bits >> 12 & 63];
	out[2] = (unsigned char)alphabet[bits >> 6 & 63];
	out[3] = (unsigned char)alphabet[bits & 63];
}

void
pier__base64_encode(unsigned char *out, const void *data, size_t size)
{
	const unsigned char *in = data;

	for (; size >= 3; size -= 3, in += 3, out += 4)
		put_four(out,
			(uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2]);
	if (size == 0)
		return;
	put_four(out,
		(uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0));
	out[3] = '=';
	if (size == 1)
		out[2] = '=';
}

size_t
pier__base64_length(const unsigned char *text, size_t size)
{
	size_t length = size / 4 * 3;

	if (size >= 4 && text[size - 1] == '=')
		length -= text[size - 2] == '=' ? 2 : 1;
	return length;
}

/* The offset in the four of what is wrong, or 4. out gets the three bytes. */
static size_t
take_four(unsigned char out[3], const unsigned char four[4], bool last)
{
	size_t count = 4, i;
	uint32_t bits = 0;

	/* What is padded is known before anything is written over. */
	if (last && four[3] == '=')
		count = four[2] == '=' ? 2 : 3;
	for (i = 0; i < count; i++) {
		int six = value(four[i]);

		if (six < 0)
			return i;
		bits |= (uint32_t)six << (18 - 6 * i);
	}
	if ((count == 2 && (bits & 0xffff) != 0) ||
		(count == 3 && (bits & 0xff) != 0))
		return count - 1;
	out[0] = (unsigned char)(bits >> 16);
	if (count > 2)
		out[1] = (unsigned char)(bits >> 8);
	if (count > 3)
		out[2] = (unsigned char)bits;
	return 4;
}

size_t
pier__base64_decode(unsigned char *out, const unsigned char *text, size_t size)
{
	size_t at, good;

	for (at = 0; at + 4 <= size; at += 4, out += 3) {
		good = take_four(out, text + at, at + 4 == size);
		if (good < 4)
			return at + good;
	}
	if (at == size)
		return size;
	/* Up to three are left over: the first that is none, or the last. */
	for (; at + 1 < size; at++)
		if (value(text[at]) < 0)
			return at;
	return at;
}
