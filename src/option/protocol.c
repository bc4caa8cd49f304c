/* SPDX-License-Identifier: MIT */
/* option/protocol.c - see protocol.h. */
#include "option/protocol.h"

/* What has a name everywhere (IANA's registry). */
static const struct {
	const char *name;
	int number;
} protocols[] = {
	{ "icmp", 1 },
	{ "igmp", 2 },
	{ "ipip", 4 },
	{ "tcp", 6 },
	{ "udp", 17 },
	{ "gre", 47 },
	{ "esp", 50 },
	{ "ah", 51 },
	{ "icmp6", 58 },
	{ "ipv6-icmp", 58 },
	{ "ospf", 89 },
	{ "pim", 103 },
	{ "vrrp", 112 },
	{ "sctp", 132 },
	{ "udplite", 136 },
	{ "raw", 255 },
};

int
pier__protocol_number(struct pier__span text)
{
	int64_t number = pier__span_number(text, 255);
	size_t i;

	if (number >= 1 && number <= 255)
		return (int)number;
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (pier__span_is(text, protocols[i].name))
			return protocols[i].number;
	return -1;
}
