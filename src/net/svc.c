/* SPDX-License-Identifier: MIT */
/* net/svc.c - see svc.h. */
#include "net/svc.h"

#include <stdio.h>

#define NAME_MAX_LEN     15 /* of a service, RFC 6335 section 5.1 */
#define INSTANCE_MAX_LEN 63 /* RFC 6763 section 4.1.1 */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
pier__svc_is_name(struct pier__span name)
{
	bool letter = false;
	char before = '-';
	size_t i;

	if (pier__span_len(name) > NAME_MAX_LEN)
		return false;
	for (i = name.begin; i < name.end; i++) {
		char c = name.text[i];

		if (c == '-' ? before == '-'
			     : !is_letter(c) && (c < '0' || c > '9'))
			return false;
		letter = letter || is_letter(c);
		before = c;
	}
	return letter && before != '-';
}

static int
parse_type(struct pier__endpoint *out, struct pier__span type,
	struct pier__why *why)
{
	size_t dot = pier__span_find(type, '.');
	struct pier__span name = pier__span_cut(type, type.begin, dot);
	struct pier__span protocol = pier__span_cut(type, dot, type.end);
	bool udp = pier__span_is(protocol, "._udp");
	bool full = pier__span_starts(name, "_");

	if (type.begin == type.end)
		return pier__why_set(why, type.begin,
			"the type is missing: write svc://http or "
			"svc://_http._tcp");
	name.begin += full;
	if (!pier__svc_is_name(name) ||
		(full ? !udp && !pier__span_is(protocol, "._tcp")
		      : dot < type.end))
		return pier__why_set(why, type.begin,
			"\"%.*s\" is no type of services: expected one such as "
			"_http._tcp, _ntp._udp, or http for the first; the "
			"name has at most %d letters, digits and hyphens",
			pier__span_quote(type), pier__span_at(type),
			NAME_MAX_LEN);
	out->kind = udp ? PIER__ENDPOINT_UDP : PIER__ENDPOINT_TCP;
	out->scheme = udp ? "udp" : "tcp";
	(void)snprintf(out->service, sizeof(out->service), "_%.*s.%s",
		(int)pier__span_len(name), pier__span_at(name),
		udp ? "_udp" : "_tcp");
	return 0;
}

static int
parse_instance(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	size_t len = 0;

	if (rest.begin == rest.end)
		return pier__why_set(why, rest.begin,
			"the name is missing after '/'; without '/' it is any "
			"service of that type");
	while (rest.begin < rest.end) {
		size_t at = rest.begin;
		int byte = pier__span_byte(&rest);

		if (byte < 0)
			return pier__why_set(why, at,
				"after '%%' come two hexadecimal digits");
		if (byte < ' ' || byte == 0x7f)
			return pier__why_set(why, at,
				"no name of a service has control characters");
		if (len == INSTANCE_MAX_LEN)
			return pier__why_set(why, at,
				"the name of a service has at most %d bytes",
				INSTANCE_MAX_LEN);
		out->host[len++] = (char)byte;
	}
	out->host[len] = '\0';
	return 0;
}

int
pier__svc_parse(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why)
{
	size_t slash = pier__span_find(rest, '/');
	int rc = 0;

	if (slash < rest.end)
		rc = parse_instance(
			out, pier__span_cut(rest, slash + 1, rest.end), why);
	/* Last: what it becomes is said of what is right in all. */
	if (rc == 0)
		rc = parse_type(
			out, pier__span_cut(rest, rest.begin, slash), why);
	out->svc = rc == 0;
	return rc;
}
