/* SPDX-License-Identifier: MIT */
/*
 * addr/tipc.c - addresses of TIPC as text, both ways. Pure.
 *
 * A service has a type and instances, numbers of 32 bits that its users agree
 * on; a socket has a number of its own, and one of its node, which the kernel's
 * tools write in hexadecimal.
 */
#include "addr/tipc.h"

#include <stdio.h>
#include <string.h>

static int
parse_number(uint32_t *out, struct pier__span span, const char *what,
	struct pier__why *why)
{
	int64_t number = pier__span_number(span, UINT32_MAX);

	if (span.begin == span.end)
		return pier__why_set(why, span.begin, "%s is missing", what);
	if (number < 0 || number > UINT32_MAX)
		return pier__why_set(why, span.begin,
			"%s is a number, 0 to 4294967295", what);
	*out = (uint32_t)number;
	return 0;
}

static struct pier_addr
address(uint8_t kind)
{
	struct pier_addr addr;

	memset(&addr, 0, sizeof(addr));
	addr.len = sizeof(addr.u.tipc);
	addr.u.tipc.family = AF_TIPC;
	addr.u.tipc.kind = kind;
	addr.u.tipc.scope = PIER_TIPC_CLUSTER;
	return addr;
}

static int
parse_instances(
	struct pier_addr *addr, struct pier__span span, struct pier__why *why)
{
	size_t dash = pier__span_find(span, '-');
	uint32_t *upper = &addr->u.tipc.upper;
	int rc = parse_number(&addr->u.tipc.lower,
		pier__span_cut(span, span.begin, dash), "the instance", why);

	if (rc < 0 || dash == span.end)
		return rc;
	addr->u.tipc.kind = PIER_TIPC_RANGE;
	rc = parse_number(upper, pier__span_cut(span, dash + 1, span.end),
		"the highest instance", why);
	if (rc == 0 && *upper < addr->u.tipc.lower)
		return pier__why_set(why, dash + 1,
			"the highest instance is below the lowest");
	return rc;
}

int
pier__tipc_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	size_t slash = pier__span_find(span, '/');
	struct pier_addr addr = address(PIER_TIPC_SERVICE);
	int rc;

	if (slash == span.end)
		return pier__why_set(why, span.end,
			"the instance is missing: write tipc://TYPE/INSTANCE");
	rc = parse_number(&addr.u.tipc.type,
		pier__span_cut(span, span.begin, slash), "the type", why);
	if (rc == 0)
		rc = parse_instances(
			&addr, pier__span_cut(span, slash + 1, span.end), why);
	if (rc == 0)
		*out = addr;
	return rc;
}

static int
parse_node(uint32_t *out, struct pier__span span, struct pier__why *why)
{
	uint32_t node = 0;
	size_t i;

	for (i = span.begin; i < span.end; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0)
			break;
		node = node << 4 | (uint32_t)digit;
	}
	if (i < span.end || i == span.begin || i - span.begin > 8)
		return pier__why_set(why, span.begin,
			"a node is one to eight hexadecimal digits");
	*out = node;
	return 0;
}

int
pier__tipc_parse_any(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	size_t at = pier__span_find(span, '@');
	struct pier_addr addr = address(PIER_TIPC_SOCKET);
	int rc;

	if (at == span.end)
		return pier__tipc_parse(out, span, why);
	rc = parse_number(&addr.u.tipc.type,
		pier__span_cut(span, span.begin, at), "the socket", why);
	if (rc == 0)
		rc = parse_node(&addr.u.tipc.lower,
			pier__span_cut(span, at + 1, span.end), why);
	if (rc == 0)
		*out = addr;
	return rc;
}

size_t
pier__tipc_format(char *out, size_t size, const struct pier_addr *addr)
{
	const struct pier_sockaddr_tipc *it = &addr->u.tipc;

	if (it->kind == PIER_TIPC_SOCKET)
		return (size_t)snprintf(
			out, size, "%u@%x", it->type, it->lower);
	if (it->kind == PIER_TIPC_RANGE)
		return (size_t)snprintf(
			out, size, "%u/%u-%u", it->type, it->lower, it->upper);
	return (size_t)snprintf(out, size, "%u/%u", it->type, it->lower);
}

bool
pier__tipc_is_service(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_TIPC &&
	       addr->len >= sizeof(addr->u.tipc) &&
	       addr->u.tipc.kind != PIER_TIPC_SOCKET;
}
