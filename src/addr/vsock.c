/* SPDX-License-Identifier: MIT */
/* addr/vsock.c - see vsock.h. */
#include "addr/vsock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t cid;
} names[] = {
	{ "", PIER_VSOCK_ANY },
	{ "*", PIER_VSOCK_ANY },
	{ "hypervisor", PIER_VSOCK_HYPERVISOR },
	{ "local", PIER_VSOCK_LOCAL },
	{ "host", PIER_VSOCK_HOST },
};

static int
parse_cid(uint32_t *out, struct pier__span span, struct pier__why *why)
{
	int64_t number = pier__span_number(span, UINT32_MAX);
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (pier__span_is(span, names[i].name)) {
			*out = names[i].cid;
			return 0;
		}
	}
	if (number < 0 || number >= UINT32_MAX)
		return pier__why_set(why, span.begin,
			"a context is a number below 4294967295, local, host, "
			"hypervisor, or '*' for every one");
	*out = (uint32_t)number;
	return 0;
}

static int
parse_port(uint32_t *out, struct pier__span span, struct pier__why *why)
{
	int64_t number = pier__span_number(span, UINT32_MAX);

	if (pier__span_is(span, "*")) {
		*out = PIER_VSOCK_ANY;
		return 0;
	}
	if (number < 0 || number >= UINT32_MAX)
		return pier__why_set(why, span.begin,
			span.begin == span.end
				? "the port is missing after ':'"
				: "a port is a number below 4294967295");
	*out = (uint32_t)number;
	return 0;
}

int
pier__vsock_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	size_t colon = pier__span_find(span, ':');
	struct pier_addr addr;
	int rc;

	if (colon == span.end)
		return pier__why_set(why, span.end,
			"the port is missing: write vsock://CID:PORT");
	memset(&addr, 0, sizeof(addr));
	addr.len = sizeof(addr.u.vm);
	addr.u.vm.family = AF_VSOCK;
	rc = parse_cid(
		&addr.u.vm.cid, pier__span_cut(span, span.begin, colon), why);
	if (rc == 0)
		rc = parse_port(&addr.u.vm.port,
			pier__span_cut(span, colon + 1, span.end), why);
	if (rc == 0)
		*out = addr;
	return rc;
}

static size_t
put(char *out, size_t size, uint32_t number)
{
	return (size_t)(number == PIER_VSOCK_ANY
				? snprintf(out, size, "*")
				: snprintf(out, size, "%u", number));
}

size_t
pier__vsock_format(
	char *out, size_t size, const struct pier_addr *addr, bool port)
{
	size_t used = put(out, size, addr->u.vm.cid);

	if (!port)
		return used;
	out[used++] = ':';
	return used + put(out + used, size - used, addr->u.vm.port);
}
