/* SPDX-License-Identifier: MIT */
/* proto/service_name.c - see service_name.h. */
#include "proto/service_name.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
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

bool
pier__service_instance_is_right(const char *text, size_t len)
{
	size_t at, size;
	uint32_t code;

	if (len == 0 || len > LABEL_MAX_LEN)
		return false;
	for (at = 0; at < len; at += size) {
		size = pier__utf8_get(text + at, len - at, &code);
		/* C0, DEL and C1: what a terminal would act on. */
		if (size == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
			return false;
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
