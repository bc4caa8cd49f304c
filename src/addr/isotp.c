/* SPDX-License-Identifier: MIT */
/*
 * addr/isotp.c - see isotp.h. An identifier is as can-utils read and write it: up to
 * three hexadecimal digits are 11 bits, eight are 29.
 */
#include "addr/isotp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/interface.h"

#define EXTENDED     0x80000000u
#define EXTENDED_MAX 0x1fffffffu
#define STANDARD_MAX 0x7ffu

static int
parse_id(uint32_t *out, struct pier__span span, const char *what,
	struct pier__why *why)
{
	size_t len = pier__span_len(span);
	uint32_t id = 0;
	size_t i;

	if (len == 0)
		return pier__why_set(why, span.begin,
			"the identifier that %s is missing", what);
	for (i = span.begin; i < span.end && len <= 8; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0)
			break;
		id = id << 4 | (uint32_t)digit;
	}
	if (i < span.end || (len > 3 && len < 8) ||
		id > (len == 8 ? EXTENDED_MAX : STANDARD_MAX))
		return pier__why_set(why, span.begin,
			"an identifier is up to three hexadecimal digits, at "
			"most 7FF, or eight, at most 1FFFFFFF");
	*out = id | (len == 8 ? EXTENDED : 0);
	return 0;
}

int
pier__isotp_split(struct pier__span *link, struct pier_addr *out,
	struct pier__span span, struct pier__why *why)
{
	size_t first = pier__span_find(span, '/');
	struct pier__span rest = span;
	struct pier_addr addr;
	size_t second;
	int rc;

	memset(&addr, 0, sizeof(addr));
	addr.len = sizeof(addr.u.can);
	addr.u.can.family = AF_CAN;
	*link = pier__span_cut(span, span.begin, first);
	if (first == span.begin)
		return pier__why_set(
			why, span.begin, "the name of the link is missing");
	if (pier__span_len(*link) >= PIER__INTERFACE_NAME_MAX)
		return pier__why_set(why, span.begin,
			"the name of a link has at most %d bytes",
			PIER__INTERFACE_NAME_MAX - 1);
	rest.begin = first < span.end ? first + 1 : first;
	second = pier__span_find(rest, '/');
	if (second == rest.end)
		return pier__why_set(why, rest.end,
			"two identifiers belong behind the link, the one that "
			"is sent and the one that is heard: can0/7e0/7e8");
	rc = parse_id(&addr.u.can.tx_id,
		pier__span_cut(rest, rest.begin, second), "is sent", why);
	if (rc == 0)
		rc = parse_id(&addr.u.can.rx_id,
			pier__span_cut(rest, second + 1, rest.end), "is heard",
			why);
	if (rc == 0 && !pier__isotp_is(&addr))
		rc = pier__why_set(
			why, second + 1, "the other identifier is 0 already");
	if (rc == 0)
		*out = addr;
	return rc;
}

static int
find_link(struct pier__span link, struct pier__why *why)
{
	char name[PIER__INTERFACE_NAME_MAX] = "";
	int64_t number = pier__span_number(link, INT32_MAX);
	int index;

	if (number > 0 && number <= INT32_MAX)
		return (int)number;
	memcpy(name, pier__span_at(link), pier__span_len(link));
	index = pier__interface_index(name);
	if (index < 0)
		(void)pier__why_set(
			why, link.begin, "there is no such interface");
	return index;
}

int
pier__isotp_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier__span link;
	struct pier_addr addr;
	int rc = pier__isotp_split(&link, &addr, span, why);

	if (rc < 0)
		return rc;
	rc = find_link(link, why);
	if (rc < 0)
		return rc;
	addr.u.can.interface = rc;
	*out = addr;
	return 0;
}

static size_t
put_id(char *out, size_t size, size_t used, uint32_t id)
{
	bool extended = (id & EXTENDED) != 0;

	return used + (size_t)snprintf(out + used, size - used, "/%0*x",
			      extended ? 8 : 3,
			      id & (extended ? EXTENDED_MAX : STANDARD_MAX));
}

size_t
pier__isotp_format(char *out, size_t size, const struct pier_addr *addr)
{
	uint32_t index = (uint32_t)addr->u.can.interface;
	char name[PIER__INTERFACE_NAME_MAX];
	size_t used;

	/* A name that would be read as a number, or has %XX in an endpoint, is
	   of no use. */
	if (pier__interface_name(name, index) == 0 &&
		strspn(name, "0123456789") < strlen(name) &&
		pier__escape(out, size, 0, name, strlen(name)) == strlen(name))
		used = (size_t)snprintf(out, size, "%s", name);
	else
		used = (size_t)snprintf(out, size, "%u", index);
	used = put_id(out, size, used, addr->u.can.tx_id);
	return put_id(out, size, used, addr->u.can.rx_id);
}

/* That of a raw socket of CAN has none. */
bool
pier__isotp_is(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_CAN &&
	       addr->len >= sizeof(addr->u.can) &&
	       (addr->u.can.rx_id | addr->u.can.tx_id) != 0;
}
