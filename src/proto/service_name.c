/* SPDX-License-Identifier: MIT */
/* proto/service_name.c - see service_name.h. */
#include "proto/service_name.h"

#include <stdint.h>
#include <string.h>

#include "net/svc.h"

#define LABEL_MAX_LEN 63

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool
pier__service_type_is_plain(const char *text, size_t len)
{
	const size_t end = sizeof("._tcp") - 1;
	struct pier__span name;

	if (len < 1 + 1 + end || text[0] != '_' ||
		(memcmp(text + len - end, "._tcp", end) != 0 &&
			memcmp(text + len - end, "._udp", end) != 0))
		return false;
	name = (struct pier__span){
		.text = text, .begin = 1, .end = len - end
	};
	return pier__svc_is_name(name);
}

/* Bytes of the character at text; 0: it is none, or not the shortest form. */
static size_t
utf8_size(const unsigned char *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = text[0] < 0x80                       ? 1
		      : text[0] >= 0xc2 && text[0] <= 0xdf ? 2
		      : text[0] >= 0xe0 && text[0] <= 0xef ? 3
		      : text[0] >= 0xf0 && text[0] <= 0xf4 ? 4
							   : 0;
	uint32_t code = text[0] & (size == 1 ? 0x7fU : 0xffU >> (size + 1));
	size_t i;

	if (size == 0 || size > len)
		return 0;
	for (i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fU);
	}
	if (code < least[size] || code > 0x10ffff ||
		(code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* C0, DEL and C1: what a terminal would act on. */
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : size;
}

bool
pier__service_instance_is_right(const char *text, size_t len)
{
	size_t at = 0;

	if (len == 0 || len > LABEL_MAX_LEN)
		return false;
	while (at < len) {
		size_t size =
			utf8_size((const unsigned char *)text + at, len - at);

		if (size == 0)
			return false;
		at += size;
	}
	return true;
}

bool
pier__service_label_is_right(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || len > LABEL_MAX_LEN || text[0] == '-' ||
		text[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-')
			return false;
	return true;
}

bool
pier__service_host_is_right(const char *text, size_t len)
{
	size_t i;

	if (len == 0 || len > LABEL_MAX_LEN)
		return false;
	for (i = 0; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '-' && text[i] != '.')
			return false;
	return true;
}
