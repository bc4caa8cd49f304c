/* SPDX-License-Identifier: MIT */
/*
 * Options by which netfilter is told and asked, on sockets of IPv4 and IPv6 of
 * any type. What iptables(8), ip6tables(8), arptables(8), ebtables(8) and
 * ipvsadm(8) send are whole tables, whose form differs from kernel to kernel:
 * here they have their names and numbers, and no text stands for their values.
 *
 * One number is one option when it is set and another when it is read; those
 * that are read come first, as a number is read more often.
 */
#include "option/row.h"

#define GROUP "iptables."
#define LEVEL 0

#define ADMIN .capability = "CAP_NET_ADMIN"

const struct pier_option pier__options_iptables[] = {
	ROW("original_dst", "SO_ORIGINAL_DST", 80, SOCKADDR4, GET | AFTER,
		.since = "2.4",
		.meaning = "where a connection went before a rule of the "
			   "firewall sent it here: for transparent proxies"),
	ROW("get_info", "IPT_SO_GET_INFO", 64, TABLE, GET | POINTERS | ASKS,
		.since = "2.4", ADMIN,
		.meaning = "how large a table of IPv4 is, and where its chains "
			   "begin"),
	ROW("get_entries", "IPT_SO_GET_ENTRIES", 65, TABLE,
		GET | POINTERS | ASKS, .since = "2.4", ADMIN,
		.meaning = "the rules of a table"),
	ROW("get_revision_match", "IPT_SO_GET_REVISION_MATCH", 66, TABLE,
		GET | POINTERS | ASKS, .since = "2.6.11", ADMIN,
		.meaning = "which version of a match this kernel has"),
	ROW("get_revision_target", "IPT_SO_GET_REVISION_TARGET", 67, TABLE,
		GET | POINTERS | ASKS, .since = "2.6.11", ADMIN,
		.meaning = "which version of a target this kernel has"),
	ROW("set_replace", "IPT_SO_SET_REPLACE", 64, TABLE, SET | POINTERS,
		.since = "2.4", ADMIN,
		.meaning = "put another table of rules in the place of one"),
	ROW("set_add_counters", "IPT_SO_SET_ADD_COUNTERS", 65, TABLE,
		SET | POINTERS, .since = "2.4", ADMIN,
		.meaning = "add to what the rules of a table counted"),
	{ .name = NULL },
};

#undef GROUP

#define GROUP "arptables."

const struct pier_option pier__options_arptables[] = {
	ROW("get_info", "ARPT_SO_GET_INFO", 96, TABLE, GET | POINTERS | ASKS,
		.since = "2.6", ADMIN,
		.meaning = "how large the table of ARP is, and where its "
			   "chains begin"),
	ROW("get_entries", "ARPT_SO_GET_ENTRIES", 97, TABLE,
		GET | POINTERS | ASKS, .since = "2.6", ADMIN,
		.meaning = "the rules of a table"),
	ROW("get_revision_target", "ARPT_SO_GET_REVISION_TARGET", 99, TABLE,
		GET | POINTERS | ASKS, .since = "2.6.21", ADMIN,
		.meaning = "which version of a target this kernel has"),
	ROW("set_replace", "ARPT_SO_SET_REPLACE", 96, TABLE, SET | POINTERS,
		.since = "2.6", ADMIN,
		.meaning = "put another table of rules in the place of one"),
	ROW("set_add_counters", "ARPT_SO_SET_ADD_COUNTERS", 97, TABLE,
		SET | POINTERS, .since = "2.6", ADMIN,
		.meaning = "add to what the rules of a table counted"),
	{ .name = NULL },
};

#undef GROUP

#define GROUP "ebtables."

const struct pier_option pier__options_ebtables[] = {
	ROW("get_info", "EBT_SO_GET_INFO", 128, TABLE, GET | POINTERS | ASKS,
		.since = "2.6", ADMIN,
		.meaning = "how large a table of a bridge is"),
	ROW("get_entries", "EBT_SO_GET_ENTRIES", 129, TABLE,
		GET | POINTERS | ASKS, .since = "2.6", ADMIN,
		.meaning = "the rules of a table"),
	ROW("get_init_info", "EBT_SO_GET_INIT_INFO", 130, TABLE,
		GET | POINTERS | ASKS, .since = "2.6", ADMIN,
		.meaning = "how large the table is that the kernel begins "
			   "with"),
	ROW("get_init_entries", "EBT_SO_GET_INIT_ENTRIES", 131, TABLE,
		GET | POINTERS | ASKS, .since = "2.6", ADMIN,
		.meaning = "the rules that the kernel begins with"),
	ROW("set_entries", "EBT_SO_SET_ENTRIES", 128, TABLE, SET | POINTERS,
		.since = "2.6", ADMIN,
		.meaning = "put another table of rules in the place of one"),
	ROW("set_counters", "EBT_SO_SET_COUNTERS", 129, TABLE, SET | POINTERS,
		.since = "2.6", ADMIN,
		.meaning = "say what the rules of a table counted"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "ip6tables."
#define LEVEL 41

const struct pier_option pier__options_ip6tables[] = {
	ROW("original_dst", "IP6T_SO_ORIGINAL_DST", 80, SOCKADDR6, GET | AFTER,
		.since = "3.8",
		.meaning = "where a connection went before a rule of the "
			   "firewall sent it here: for transparent proxies"),
	ROW("get_info", "IP6T_SO_GET_INFO", 64, TABLE, GET | POINTERS | ASKS,
		.since = "2.4", ADMIN,
		.meaning = "how large a table of IPv6 is, and where its chains "
			   "begin"),
	ROW("get_entries", "IP6T_SO_GET_ENTRIES", 65, TABLE,
		GET | POINTERS | ASKS, .since = "2.4", ADMIN,
		.meaning = "the rules of a table"),
	ROW("get_revision_match", "IP6T_SO_GET_REVISION_MATCH", 68, TABLE,
		GET | POINTERS | ASKS, .since = "2.6.16", ADMIN,
		.meaning = "which version of a match this kernel has"),
	ROW("get_revision_target", "IP6T_SO_GET_REVISION_TARGET", 69, TABLE,
		GET | POINTERS | ASKS, .since = "2.6.16", ADMIN,
		.meaning = "which version of a target this kernel has"),
	ROW("set_replace", "IP6T_SO_SET_REPLACE", 64, TABLE, SET | POINTERS,
		.since = "2.4", ADMIN,
		.meaning = "put another table of rules in the place of one"),
	ROW("set_add_counters", "IP6T_SO_SET_ADD_COUNTERS", 65, TABLE,
		SET | POINTERS, .since = "2.4", ADMIN,
		.meaning = "add to what the rules of a table counted"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "ipvs."
#define LEVEL 0

const struct pier_option pier__options_ipvs[] = {
	ROW("get_version", "IP_VS_SO_GET_VERSION", 1152, NAME, GET,
		.since = "2.4.23", ADMIN,
		.meaning = "the version of the balancer of IP Virtual Server, "
			   "and the size of its table"),
	ROW("get_info", "IP_VS_SO_GET_INFO", 1153, IPVSINFO, GET,
		.since = "2.4.23", ADMIN,
		.meaning = "its version, the size of its table, and how many "
			   "services it has"),
	ROW("get_services", "IP_VS_SO_GET_SERVICES", 1154, TABLE,
		GET | POINTERS | ASKS, .since = "2.4.23", ADMIN,
		.meaning = "all services"),
	ROW("get_service", "IP_VS_SO_GET_SERVICE", 1155, TABLE,
		GET | POINTERS | ASKS, .since = "2.4.23", ADMIN,
		.meaning = "one service"),
	ROW("get_dests", "IP_VS_SO_GET_DESTS", 1156, TABLE,
		GET | POINTERS | ASKS, .since = "2.4.23", ADMIN,
		.meaning = "the servers of a service"),
	ROW("get_timeout", "IP_VS_SO_GET_TIMEOUT", 1158, IPVSTIME, GET,
		.since = "2.4.23", ADMIN,
		.meaning = "how long idle connections are remembered"),
	ROW("get_daemon", "IP_VS_SO_GET_DAEMON", 1159, TABLE,
		GET | POINTERS | ASKS, .since = "2.4.23", ADMIN,
		.meaning = "what keeps several balancers the same"),
	ROW("set_add", "IP_VS_SO_SET_ADD", 1154, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN, .meaning = "add a service"),
	ROW("set_edit", "IP_VS_SO_SET_EDIT", 1155, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN, .meaning = "change a service"),
	ROW("set_del", "IP_VS_SO_SET_DEL", 1156, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN, .meaning = "take a service away"),
	ROW("set_flush", "IP_VS_SO_SET_FLUSH", 1157, NOTHING, SET | NO_VALUE,
		.since = "2.4.23", ADMIN, .meaning = "take all services away"),
	ROW("set_adddest", "IP_VS_SO_SET_ADDDEST", 1159, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN,
		.meaning = "add a server to a service"),
	ROW("set_deldest", "IP_VS_SO_SET_DELDEST", 1160, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN,
		.meaning = "take a server from a service"),
	ROW("set_editdest", "IP_VS_SO_SET_EDITDEST", 1161, TABLE,
		SET | POINTERS, .since = "2.4.23", ADMIN,
		.meaning = "change a server of a service"),
	ROW("set_timeout", "IP_VS_SO_SET_TIMEOUT", 1162, IPVSTIME, SET,
		.since = "2.4.23", ADMIN,
		.meaning = "how long idle connections are remembered"),
	ROW("set_startdaemon", "IP_VS_SO_SET_STARTDAEMON", 1163, TABLE,
		SET | POINTERS, .since = "2.4.23", ADMIN,
		.meaning = "begin to keep several balancers the same"),
	ROW("set_stopdaemon", "IP_VS_SO_SET_STOPDAEMON", 1164, TABLE,
		SET | POINTERS, .since = "2.4.23", ADMIN,
		.meaning = "keep them the same no longer"),
	ROW("set_zero", "IP_VS_SO_SET_ZERO", 1167, TABLE, SET | POINTERS,
		.since = "2.4.23", ADMIN,
		.meaning = "count anew, of one service or of all"),
	{ .name = NULL },
};
