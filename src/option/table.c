/* SPDX-License-Identifier: MIT */
/*
 * option/table.c - names to rows: which rows there are, which of them a
 * socket has, and which one a name means. Pure.
 */
#include "option/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/near.h"

/* Kinds that the headers of libc may not name. */
#define FAMILY_TIPC      30
#define FAMILY_BLUETOOTH 31
#define PROTOCOL_MPTCP   262
#define PROTOCOL_UDPLITE 136
#define BT_L2CAP         0
#define BT_HCI           1
#define BT_SCO           2
#define BT_RFCOMM        3

static bool
is_any(const struct pier__option_kind *kind)
{
	(void)kind;
	return true;
}

static bool
is_internet(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET || kind->domain == AF_INET6;
}

static bool
is_protocol(const struct pier__option_kind *kind, int type, int protocol)
{
	return is_internet(kind) && kind->type == type &&
	       (kind->protocol == protocol || kind->protocol == 0);
}

static bool
is_mptcp(const struct pier__option_kind *kind)
{
	return is_internet(kind) && kind->protocol == PROTOCOL_MPTCP;
}

static bool
is_tcp(const struct pier__option_kind *kind)
{
	return is_protocol(kind, SOCK_STREAM, IPPROTO_TCP) || is_mptcp(kind);
}

/* An IPv6 socket has these too, for IPv4 peers, but a raw one. */
static bool
is_ip(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET ||
	       (kind->domain == AF_INET6 && kind->type != SOCK_RAW);
}

static bool
is_ip4(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET;
}

static bool
is_icmp(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET && kind->type == SOCK_RAW &&
	       kind->protocol == IPPROTO_ICMP;
}

static bool
is_mroute(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET && kind->type == SOCK_RAW &&
	       kind->protocol == IPPROTO_IGMP;
}

static bool
is_ip6(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET6;
}

static bool
is_icmp6(const struct pier__option_kind *kind)
{
	return kind->domain == AF_INET6 && kind->type == SOCK_RAW &&
	       kind->protocol == IPPROTO_ICMPV6;
}

static bool
is_udp(const struct pier__option_kind *kind)
{
	return is_protocol(kind, SOCK_DGRAM, IPPROTO_UDP);
}

static bool
is_udplite(const struct pier__option_kind *kind)
{
	return is_internet(kind) && kind->type == SOCK_DGRAM &&
	       kind->protocol == PROTOCOL_UDPLITE;
}

static bool
is_sctp(const struct pier__option_kind *kind)
{
	return is_internet(kind) && kind->protocol == IPPROTO_SCTP;
}

static bool
is_vsock(const struct pier__option_kind *kind)
{
	return kind->domain == AF_VSOCK;
}

static bool
is_packet(const struct pier__option_kind *kind)
{
	return kind->domain == AF_PACKET;
}

static bool
is_netlink(const struct pier__option_kind *kind)
{
	return kind->domain == AF_NETLINK;
}

static bool
is_can_raw(const struct pier__option_kind *kind)
{
	return kind->domain == AF_CAN && kind->protocol == PIER__CAN_RAW;
}

static bool
is_isotp(const struct pier__option_kind *kind)
{
	return kind->domain == AF_CAN && kind->protocol == PIER__CAN_ISOTP;
}

static bool
is_j1939(const struct pier__option_kind *kind)
{
	return kind->domain == AF_CAN && kind->protocol == PIER__CAN_J1939;
}

static bool
is_bluetooth(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_BLUETOOTH && kind->protocol != BT_HCI;
}

static bool
is_hci(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_BLUETOOTH && kind->protocol == BT_HCI;
}

static bool
is_l2cap(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_BLUETOOTH && kind->protocol == BT_L2CAP;
}

static bool
is_rfcomm(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_BLUETOOTH && kind->protocol == BT_RFCOMM;
}

static bool
is_sco(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_BLUETOOTH && kind->protocol == BT_SCO;
}

static bool
is_tipc(const struct pier__option_kind *kind)
{
	return kind->domain == FAMILY_TIPC;
}

/* ipv6 before ip: what both name in short is that of an IPv6 socket there. */
const struct pier__option_group pier__option_groups[] = {
	{ pier__options_socket, is_any },
	{ pier__options_tcp, is_tcp },
	{ pier__options_ipv6, is_ip6 },
	{ pier__options_ip, is_ip },
	{ pier__options_mcast6, is_ip6 },
	{ pier__options_mcast, is_ip4 },
	{ pier__options_udp, is_udp },
	{ pier__options_udplite, is_udplite },
	{ pier__options_icmp, is_icmp },
	{ pier__options_icmpv6, is_icmp6 },
	{ pier__options_mptcp, is_mptcp },
	{ pier__options_tls, is_tcp },
	{ pier__options_vsock, is_vsock },
	{ pier__options_packet, is_packet },
	{ pier__options_netlink, is_netlink },
	{ pier__options_can_raw, is_can_raw },
	{ pier__options_isotp, is_isotp },
	{ pier__options_j1939, is_j1939 },
	{ pier__options_bluetooth, is_bluetooth },
	{ pier__options_hci, is_hci },
	{ pier__options_l2cap, is_l2cap },
	{ pier__options_rfcomm, is_rfcomm },
	{ pier__options_sco, is_sco },
	{ pier__options_tipc, is_tipc },
	{ pier__options_sctp, is_sctp },
	{ pier__options_mroute, is_mroute },
	{ pier__options_mroute6, is_icmp6 },
	{ pier__options_iptables, is_ip4 },
	{ pier__options_ip6tables, is_ip6 },
	{ pier__options_arptables, is_ip4 },
	{ pier__options_ebtables, is_ip4 },
	{ pier__options_ipvs, is_ip4 },
	{ NULL, NULL },
};

const struct pier_option pier__option_unknown = {
	.name = "",
	.constant = "",
	.type = "void",
	.layout = "h",
	.flags = PIER_OPTION_GET | PIER_OPTION_SET,
	.since = "",
	.meaning = "not in the table of this version of pier",
};

const char *
pier__option_short(const struct pier_option *option)
{
	const char *dot = strchr(option->name, '.');

	return dot == NULL ? option->name : dot + 1;
}

/* Is the span one of the words of list? */
static bool
is_listed(const char *list, struct pier__span name)
{
	struct pier__span rest = pier__span_of(list == NULL ? "" : list);
	size_t len = pier__span_len(name);

	while (rest.begin < rest.end) {
		size_t space = pier__span_find(rest, ' ');

		if (space - rest.begin == len &&
			strncasecmp(pier__span_at(rest), pier__span_at(name),
				len) == 0)
			return true;
		rest.begin = space < rest.end ? space + 1 : space;
	}
	return false;
}

static bool
is_called(const struct pier_option *option, struct pier__span name)
{
	return pier__span_is(name, option->name) ||
	       pier__span_is(name, pier__option_short(option)) ||
	       pier__span_is(name, option->constant) ||
	       is_listed(option->aliases, name);
}

static const struct pier_option *
named(struct pier__span name, const struct pier__option_kind *kind)
{
	const struct pier__option_group *group;
	const struct pier_option *option;

	for (group = pier__option_groups; group->rows != NULL; group++) {
		if (kind != NULL && !group->has(kind))
			continue;
		for (option = group->rows; option->name != NULL; option++)
			if (is_called(option, name))
				return option;
	}
	return NULL;
}

/* Numbers mean different things by family: 6 is TCP and L2CAP. */
static const struct pier_option *
numbered(int level, int number, const struct pier__option_kind *kind)
{
	const struct pier__option_group *group;
	const struct pier_option *option;

	for (group = pier__option_groups; group->rows != NULL; group++) {
		if (kind != NULL && !group->has(kind))
			continue;
		for (option = group->rows; option->name != NULL; option++)
			if (option->level == level && option->number == number)
				return option;
	}
	return NULL;
}

static bool
read_number(struct pier__option_name *out, struct pier__span name,
	const struct pier__option_kind *kind)
{
	size_t colon = pier__span_find(name, ':');
	int64_t level, number;

	if (colon == name.end)
		return false;
	level = pier__span_number(
		pier__span_cut(name, name.begin, colon), INT_MAX);
	number = pier__span_number(
		pier__span_cut(name, colon + 1, name.end), INT_MAX);
	if (level < 0 || level > INT_MAX || number < 0 || number > INT_MAX)
		return false;
	out->level = (int)level;
	out->number = (int)number;
	out->option = numbered(out->level, out->number, kind);
	if (out->option == NULL)
		out->option = &pier__option_unknown;
	return true;
}

int
pier__option_resolve(struct pier__option_name *out, struct pier__span name,
	const struct pier__option_kind *kind)
{
	if (read_number(out, name, kind))
		return 0;
	out->option = named(name, kind);
	/* In full, or by its constant, it may be another kind's: the kernel
	   says what it thinks of that. */
	if (out->option == NULL && kind != NULL)
		out->option = named(name, NULL);
	if (out->option == NULL)
		return -ENOENT;
	out->level = out->option->level;
	out->number = out->option->number;
	return 0;
}

bool
pier__option_fits(const struct pier__option_name *name,
	const struct pier__option_kind *kind)
{
	const struct pier__option_group *group;
	const struct pier_option *option;

	if (*name->option->name == '\0')
		return true;
	for (group = pier__option_groups; group->rows != NULL; group++) {
		if (!group->has(kind))
			continue;
		for (option = group->rows; option->name != NULL; option++)
			if (option == name->option)
				return true;
	}
	return false;
}

const char *
pier_option_nearest(const char *name)
{
	const struct pier__option_group *group;
	const struct pier_option *option;
	struct pier__near near;

	pier__near_start(&near, name);
	for (group = pier__option_groups; group->rows != NULL; group++) {
		for (option = group->rows; option->name != NULL; option++) {
			pier__near_try(&near, pier__option_short(option));
			pier__near_try(&near, option->name);
		}
	}
	return near.best;
}

void
pier__option_explain_name(char *out, size_t size, struct pier__span name)
{
	char text[PIER__NEAR_MAX + 1];
	size_t len = pier__span_len(name);
	const char *best = NULL;

	if (len < sizeof(text)) {
		memcpy(text, pier__span_at(name), len);
		text[len] = '\0';
		best = pier_option_nearest(text);
	}
	(void)snprintf(out, size, "unknown option \"%.*s\"%s%s%s",
		pier__span_quote(name), pier__span_at(name),
		best == NULL ? ": a name such as tcp.nodelay, or LEVEL:NUMBER"
			     : ": did you mean ",
		best == NULL ? "" : best, best == NULL ? "" : "?");
}

const struct pier_option *
pier_option_find(const char *name)
{
	struct pier__option_name found;

	if (pier__option_resolve(&found, pier__span_of(name), NULL) < 0 ||
		*found.option->name == '\0')
		return NULL;
	return found.option;
}
