/* SPDX-License-Identifier: MIT */
/*
 * base/base64.h - the base64 of RFC 4648, section 4: padded, without line
 * breaks, and one text for each run of bytes.
 */
#ifndef PIER_BASE_BASE64_H
#define PIER_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* The length of size bytes in base64. */
static inline size_t
pier__base64_size(size_t size)
{
	return (size + 2) / 3 * 4;
}

/* Is c one of the 64, or '='? */
bool pier__base64_has(unsigned char c);

/* Writes pier__base64_size(size) bytes. */
void pier__base64_encode(unsigned char *out, const void *data, size_t size);

/* How many bytes a text of `size`, which is correct, stands for. */
size_t pier__base64_length(const unsigned char *text, size_t size);

/*
 * pier__base64_decode(out, text, size): out may be where text is. size, or the
 * offset of the first byte that cannot be: a text that ends too early is wrong
 * at its last byte; so is one whose spare bits are not zero, as another text
 * stands for the same bytes (RFC 4648, section 3.5).
 */
size_t pier__base64_decode(
	unsigned char *out, const unsigned char *text, size_t size);

#endif
