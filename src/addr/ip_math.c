/* SPDX-License-Identifier: MIT */
/* addr/ip_math.c - see ip_math.h. */
#include "addr/ip_math.h"

#include <string.h>

enum {
	WIDEST = 16
};

bool
pier__ip_add(unsigned char *bytes, size_t size, int64_t n)
{
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
	unsigned char sum[WIDEST];
	unsigned int carry = 0;
	size_t i;

	memcpy(sum, bytes, size);
	for (i = size; i-- > 0; left >>= 8) {
		unsigned int part = (unsigned int)(left & 255) + carry;
		unsigned int was = sum[i];

		sum[i] = (unsigned char)(n < 0 ? was - part : was + part);
		carry = n < 0 ? was < part : was + part > 255;
	}
	if (carry != 0 || left != 0)
		return false;
	memcpy(bytes, sum, size);
	return true;
}

bool
pier__ip_push(unsigned char *bytes, size_t size, unsigned int base,
	unsigned int digit)
{
	unsigned int carry = digit;
	size_t i;

	for (i = size; i-- > 0; carry >>= 8) {
		carry += bytes[i] * base;
		bytes[i] = (unsigned char)(carry & 255);
	}
	return carry == 0;
}

/* The bits of byte i that are before `bits`. */
static unsigned char
head_of(size_t i, unsigned int bits)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	return bits <= 8 * i ? 0 : (unsigned char)(0xff << (8 - bits % 8));
}

void
pier__ip_zero_tail(unsigned char *bytes, size_t size, unsigned int bits)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] &= head_of(i, bits);
}

void
pier__ip_fill_tail(unsigned char *bytes, size_t size, unsigned int bits)
{
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] |= (unsigned char)~head_of(i, bits);
}

unsigned int
pier__ip_trailing_zeros(const unsigned char *bytes, size_t size)
{
	unsigned int count = 0;

	while (count < 8 * size &&
		(bytes[size - 1 - count / 8] >> count % 8 & 1) == 0)
		count++;
	return count;
}

size_t
pier__ip_decimal(
	char out[PIER__IP_NUMBER_MAX], const unsigned char *bytes, size_t size)
{
	unsigned char left[WIDEST];
	size_t at = PIER__IP_NUMBER_MAX - 1, len;
	unsigned int rest, any;
	size_t i;

	memcpy(left, bytes, size);
	out[at] = '\0';
	do {
		for (i = 0, rest = 0, any = 0; i < size; i++) {
			rest = rest << 8 | left[i];
			left[i] = (unsigned char)(rest / 10);
			rest %= 10;
			any |= left[i];
		}
		out[--at] = (char)('0' + rest);
	} while (any != 0);
	len = PIER__IP_NUMBER_MAX - 1 - at;
	memmove(out, out + at, len + 1);
	return len;
}
