/* SPDX-License-Identifier: MIT */
/*
 * Options of the kernel's table of multicast routes. The raw socket of IGMP, or
 * of ICMPv6, that sets init holds the table of its network namespace, and hears
 * of groups that have no route; mrouted and pimd are such programs. One socket
 * for each table: a second gets EADDRINUSE.
 */
#include "option/row.h"

#define GROUP "mroute."
#define LEVEL 0

const struct pier_option pier__options_mroute[] = {
	ROW("init", "MRT_INIT", 200, INT, SET, .since = "2.0", .min = 1,
		.max = 1, .meaning = "hold the table of routes: 1"),
	ROW("done", "MRT_DONE", 201, BOOL, SET | NO_VALUE, .since = "2.0",
		.meaning = "give the table back, which becomes empty"),
	ROW("add_vif", "MRT_ADD_VIF", 202, VIFCTL, SET, .since = "2.0",
		.capability = "CAP_NET_ADMIN",
		.meaning = "make an interface one that routes go through: by "
			   "its address, or with flags 0x8 its number"),
	ROW("del_vif", "MRT_DEL_VIF", 203, VIFCTL, SET, .since = "2.0",
		.capability = "CAP_NET_ADMIN",
		.meaning = "take an interface out again, by its vif"),
	ROW("add_mfc", "MRT_ADD_MFC", 204, MFCCTL, SET, .since = "2.0",
		.capability = "CAP_NET_ADMIN",
		.meaning = "route a group from a source: for each vif the "
			   "least TTL that passes, 0 and 255 none"),
	ROW("del_mfc", "MRT_DEL_MFC", 205, MFCCTL, SET, .since = "2.0",
		.capability = "CAP_NET_ADMIN",
		.meaning = "route that group from that source no longer"),
	ROW("version", "MRT_VERSION", 206, TOS, GET, .since = "2.0",
		.meaning = "the version of mrouted's interface that this "
			   "kernel has"),
	ROW("assert", "MRT_ASSERT", 207, INT, RW, .since = "2.0",
		.capability = "CAP_NET_ADMIN", .initial = "0",
		.meaning = "hear of packets that came through another "
			   "interface than their route says"),
	ROW("pim", "MRT_PIM", 208, INT, RW, .since = "2.2",
		.capability = "CAP_NET_ADMIN", .initial = "0",
		.meaning = "take part in Protocol Independent Multicast"),
	ROW("table", "MRT_TABLE", 209, U32, SET, .since = "2.6.35",
		.capability = "CAP_NET_ADMIN",
		.meaning = "which of several tables, before init"),
	ROW("add_mfc_proxy", "MRT_ADD_MFC_PROXY", 210, MFCCTL, SET,
		.since = "3.9", .capability = "CAP_NET_ADMIN",
		.meaning = "route a group, or with 0.0.0.0 all, from any "
			   "source"),
	ROW("del_mfc_proxy", "MRT_DEL_MFC_PROXY", 211, MFCCTL, SET,
		.since = "3.9", .capability = "CAP_NET_ADMIN",
		.meaning = "route it from any source no longer"),
	ROW("flush", "MRT_FLUSH", 212, BITS, SET | WORD_BITS, .since = "5.1",
		.capability = "CAP_NET_ADMIN",
		.words = "mfc=1 mfc_static=2 vifs=4 vifs_static=8",
		.meaning = "empty the table of routes, of interfaces, or both"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "mroute6."
#define LEVEL 41

const struct pier_option pier__options_mroute6[] = {
	ROW("init", "MRT6_INIT", 200, INT, SET, .since = "2.6.26", .min = 1,
		.max = 1, .meaning = "hold the table of routes: 1"),
	ROW("done", "MRT6_DONE", 201, BOOL, SET | NO_VALUE, .since = "2.6.26",
		.meaning = "give the table back, which becomes empty"),
	ROW("add_mif", "MRT6_ADD_MIF", 202, MIF6CTL, SET, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN",
		.meaning = "make an interface one that routes go through, by "
			   "its number"),
	ROW("del_mif", "MRT6_DEL_MIF", 203, U16, SET, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN",
		.meaning = "take an interface out again, by its mif"),
	ROW("add_mfc", "MRT6_ADD_MFC", 204, MF6CCTL, SET, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN",
		.meaning = "route a group from a source, through the mifs "
			   "whose bits are set"),
	ROW("del_mfc", "MRT6_DEL_MFC", 205, MF6CCTL, SET, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN",
		.meaning = "route that group from that source no longer"),
	ROW("version", "MRT6_VERSION", 206, TOS, GET, .since = "2.6.26",
		.meaning = "the version of the interface that this kernel has"),
	ROW("assert", "MRT6_ASSERT", 207, INT, RW, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN", .initial = "0",
		.meaning = "hear of packets that came through another "
			   "interface than their route says"),
	ROW("pim", "MRT6_PIM", 208, INT, RW, .since = "2.6.26",
		.capability = "CAP_NET_ADMIN", .initial = "0",
		.meaning = "take part in Protocol Independent Multicast"),
	ROW("table", "MRT6_TABLE", 209, U32, SET, .since = "2.6.35",
		.capability = "CAP_NET_ADMIN",
		.meaning = "which of several tables, before init"),
	ROW("add_mfc_proxy", "MRT6_ADD_MFC_PROXY", 210, MF6CCTL, SET,
		.since = "3.9", .capability = "CAP_NET_ADMIN",
		.meaning = "route a group, or with :: all, from any source"),
	ROW("del_mfc_proxy", "MRT6_DEL_MFC_PROXY", 211, MF6CCTL, SET,
		.since = "3.9", .capability = "CAP_NET_ADMIN",
		.meaning = "route it from any source no longer"),
	ROW("flush", "MRT6_FLUSH", 212, BITS, SET | WORD_BITS, .since = "5.1",
		.capability = "CAP_NET_ADMIN",
		.words = "mfc=1 mfc_static=2 mifs=4 mifs_static=8",
		.meaning = "empty the table of routes, of interfaces, or both"),
	{ .name = NULL },
};
