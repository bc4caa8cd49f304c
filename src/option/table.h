/* SPDX-License-Identifier: MIT */
/*
 * option/table.h - the table of options from inside: its groups, and which
 * of them a socket has.
 */
#ifndef PIER_OPTION_TABLE_H
#define PIER_OPTION_TABLE_H

#include <pier/option.h>

#include "base/text.h"

/* Protocols of CAN that have options. */
#define PIER__CAN_RAW   1
#define PIER__CAN_ISOTP 6
#define PIER__CAN_J1939 7

/* What decides which options a socket has. */
struct pier__option_kind {
	int domain, type, protocol;
};

/* Rows of one level, ended by one without a name. */
struct pier__option_group {
	const struct pier_option *rows;
	bool (*has)(const struct pier__option_kind *kind);
};

/* Ended by one without rows; in the order that short names are looked up. */
extern const struct pier__option_group pier__option_groups[];

/* The row of numbers that the table does not have. */
extern const struct pier_option pier__option_unknown;

/* What is said of buffers: the kernel's own overhead. */
#define pier__option_doubled \
	"the kernel doubles it, to have room for its own overhead"

/* What a name stands for. */
struct pier__option_name {
	const struct pier_option *option;
	int level, number;
};

/*
 * pier__option_resolve(out, name, kind): a name in any form; a short one among
 * the options that kind has, NULL: all. 0, or -ENOENT.
 */
int pier__option_resolve(struct pier__option_name *out, struct pier__span name,
	const struct pier__option_kind *kind);

/* Can a socket of this kind have it? Of a number, always. */
bool pier__option_fits(const struct pier__option_name *name,
	const struct pier__option_kind *kind);

/* The name in short: "nodelay". */
const char *pier__option_short(const struct pier_option *option);

/* Writes what no option's name is: "unknown option…, did you mean". */
void pier__option_explain_name(char *out, size_t size, struct pier__span name);

extern const struct pier_option pier__options_socket[], pier__options_tcp[],
	pier__options_mptcp[], pier__options_tls[], pier__options_ip[],
	pier__options_mcast[], pier__options_icmp[], pier__options_ipv6[],
	pier__options_mcast6[], pier__options_icmpv6[], pier__options_udp[],
	pier__options_udplite[], pier__options_vsock[], pier__options_packet[],
	pier__options_netlink[], pier__options_can_raw[], pier__options_isotp[],
	pier__options_j1939[], pier__options_bluetooth[], pier__options_hci[],
	pier__options_l2cap[], pier__options_rfcomm[], pier__options_sco[],
	pier__options_tipc[], pier__options_sctp[], pier__options_mroute[],
	pier__options_mroute6[], pier__options_iptables[],
	pier__options_ip6tables[], pier__options_arptables[],
	pier__options_ebtables[], pier__options_ipvs[];

#endif
