/* SPDX-License-Identifier: MIT */
/* base/utf8.c - see utf8.h and pier/bytes.h. */
#include "base/utf8.h"

#include <pier/bytes.h>

#include <stdbool.h>
#include <string.h>

size_t
pier__utf8_get(const void *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = text;
	size_t size, i;

	if (len == 0)
		return 0;
	size = at[0] < 0x80                     ? 1
	       : at[0] >= 0xc2 && at[0] <= 0xdf ? 2
	       : at[0] >= 0xe0 && at[0] <= 0xef ? 3
	       : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
						: 0;
	if (size == 0 || size > len)
		return 0;
	*code = at[0] & (size == 1 ? 0x7fU : 0xffU >> (size + 1));
	for (i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3fU);
	}
	if (*code < least[size] || *code > 0x10ffff ||
		(*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return size;
}

/* C0, DEL and C1 a terminal acts on; what turns the direction of a line, or ends
   it, would hide what stands there. '\' begins what is written for others. */
static bool
is_harmless(uint32_t code)
{
	return code >= 0x20 && code != '\\' && !(code >= 0x7f && code < 0xa0) &&
	       !(code >= 0x2028 && code <= 0x202e) &&
	       !(code >= 0x2066 && code <= 0x2069);
}

char *
pier_bytes_show(char *out, size_t size, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;
	size_t used = 0;
	uint32_t code;

	while (len > 0) {
		size_t n = pier__utf8_get(at, len, &code);
		const char escape[] = { '\\', 'x', digits[at[0] >> 4],
			digits[at[0] & 15] };
		const char *piece = (const char *)at;
		size_t piece_len = n;

		if (n == 0 || !is_harmless(code)) {
			n = 1;
			piece = at[0] == '\\' ? "\\\\" : escape;
			piece_len = at[0] == '\\' ? 2 : sizeof(escape);
		}
		if (used + piece_len >= size)
			break;
		memcpy(out + used, piece, piece_len);
		used += piece_len;
		at += n;
		len -= n;
	}
	if (size > 0)
		out[used] = '\0';
	return out;
}
