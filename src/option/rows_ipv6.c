/* SPDX-License-Identifier: MIT */
/*
 * Options of IPv6, and of raw sockets for ICMPv6: see ipv6(7).
 */
#include "option/row.h"

#define GROUP "ipv6."
#define LEVEL 41

const struct pier_option pier__options_ipv6[] = {
	ROW("addrform", "IPV6_ADDRFORM", 1, INT, SET | AFTER, .since = "2.2",
		.words = "inet=2",
		.meaning = "turn an IPv6 socket that is connected to an IPv4 "
			   "address into an IPv4 socket"),
	ROW("2292pktinfo", "IPV6_2292PKTINFO", 2, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "ipv6.recvpktinfo in the form of RFC 2292"),
	ROW("2292hopopts", "IPV6_2292HOPOPTS", 3, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "ipv6.recvhopopts in the form of RFC 2292"),
	ROW("2292dstopts", "IPV6_2292DSTOPTS", 4, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "ipv6.recvdstopts in the form of RFC 2292"),
	ROW("2292rthdr", "IPV6_2292RTHDR", 5, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "ipv6.recvrthdr in the form of RFC 2292"),
	ROW("2292pktoptions", "IPV6_2292PKTOPTIONS", 6, BYTES, RW,
		.since = "2.6.14",
		.meaning = "the ancillary data that goes with every packet, in "
			   "the form of RFC 2292"),
	ROW("checksum", "IPV6_CHECKSUM", 7, INT, RW, .since = "2.2",
		.initial = "-1", .min = -1, .max = 65534,
		.meaning = "where in what a raw socket sends the kernel writes "
			   "a checksum; -1 is nowhere"),
	ROW("2292hoplimit", "IPV6_2292HOPLIMIT", 8, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "ipv6.recvhoplimit in the form of RFC 2292"),
	ROW("flowinfo", "IPV6_FLOWINFO", 11, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive the flow label and class of each message"),
	ROW("unicast_hops", "IPV6_UNICAST_HOPS", 16, INT, RW, .since = "2.2",
		.min = -1, .max = 255, .sysctl = "net.ipv6.conf.all.hop_limit",
		.aliases = "ttl hops",
		.meaning = "how many routers a packet may pass; -1 is the "
			   "default of the route"),
	ROW("multicast_if", "IPV6_MULTICAST_IF", 17, INTERFACE, RW,
		.since = "2.2", .initial = "0",
		.meaning = "the interface that multicast goes out by"),
	ROW("multicast_hops", "IPV6_MULTICAST_HOPS", 18, INT, RW,
		.since = "2.2", .initial = "1", .min = -1, .max = 255,
		.aliases = "multicast_ttl",
		.meaning = "how many routers multicast may pass; 1 stays in "
			   "the network"),
	ROW("multicast_loop", "IPV6_MULTICAST_LOOP", 19, BOOL, RW,
		.since = "2.2", .initial = "1",
		.meaning = "multicast that is sent also comes back to this "
			   "machine"),
	ROW("add_membership", "IPV6_ADD_MEMBERSHIP", 20, MREQ6, SET,
		.since = "2.2", .aliases = "join_group",
		.meaning = "join a group of multicast"),
	ROW("drop_membership", "IPV6_DROP_MEMBERSHIP", 21, MREQ6, SET,
		.since = "2.2", .aliases = "leave_group",
		.meaning = "leave a group of multicast"),
	ROW("router_alert", "IPV6_ROUTER_ALERT", 22, INT, SET, .since = "2.2",
		.initial = "-1", .capability = "CAP_NET_RAW",
		.meaning = "a raw socket gets forwarded packets with this "
			   "value of Router Alert; -1 is none"),
	ROW("mtu_discover", "IPV6_MTU_DISCOVER", 23, INT, RW, .since = "2.2",
		.initial = "want",
		.words = "dont=0 want=1 do=2 probe=3 interface=4 omit=5",
		.meaning = "how the size of packets that the path takes is "
			   "found, and whether they may be cut up"),
	ROW("mtu", "IPV6_MTU", 24, SIZE, RW | AFTER, .since = "2.2",
		.meaning = "how large a packet the path of a connected socket "
			   "takes; set, a limit for what is sent"),
	ROW("recverr", "IPV6_RECVERR", 25, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "queue the errors of ICMPv6, each with the address "
			   "that it is about, for MSG_ERRQUEUE"),
	ROW("v6only", "IPV6_V6ONLY", 26, BOOL, RW | BIND, .since = "2.4.21",
		.sysctl = "net.ipv6.bindv6only",
		.meaning = "the socket takes IPv6 alone, and not IPv4 by "
			   "mapped addresses"),
	ROW("join_anycast", "IPV6_JOIN_ANYCAST", 27, MREQ6, SET,
		.since = "2.4.21", .capability = "CAP_NET_ADMIN",
		.meaning = "take part in an anycast address"),
	ROW("leave_anycast", "IPV6_LEAVE_ANYCAST", 28, MREQ6, SET,
		.since = "2.4.21",
		.meaning = "take part in an anycast address no longer"),
	ROW("multicast_all", "IPV6_MULTICAST_ALL", 29, BOOL, RW,
		.since = "4.20", .initial = "1",
		.meaning = "receive from every group that any socket of this "
			   "machine joined"),
	ROW("router_alert_isolate", "IPV6_ROUTER_ALERT_ISOLATE", 30, BOOL, RW,
		.since = "5.1", .initial = "0",
		.meaning = "packets with Router Alert come only from the "
			   "socket's own network namespace"),
	ROW("recverr_rfc4884", "IPV6_RECVERR_RFC4884", 31, BOOL, RW,
		.since = "5.9", .initial = "0",
		.meaning =
			"queued errors of ICMPv6 come with their extensions"),
	ROW("flowlabel_mgr", "IPV6_FLOWLABEL_MGR", 32, FLOWLABEL, RW | ASKS,
		.since = "2.2.7",
		.meaning = "take, renew or give back a flow label"),
	ROW("flowinfo_send", "IPV6_FLOWINFO_SEND", 33, BOOL, RW,
		.since = "2.2.7", .initial = "0", .aliases = "flowlabel_send",
		.meaning = "use the flow label that stands in the address of "
			   "connect or sendto"),
	ROW("ipsec_policy", "IPV6_IPSEC_POLICY", 34, PROGRAM, RW | POINTERS,
		.since = "2.6", .capability = "CAP_NET_ADMIN",
		.meaning = "the IPsec policy of this socket, in the form of "
			   "PF_KEY"),
	ROW("xfrm_policy", "IPV6_XFRM_POLICY", 35, PROGRAM, RW | POINTERS,
		.since = "2.6", .capability = "CAP_NET_ADMIN",
		.meaning =
			"the IPsec policy of this socket, in the form of XFRM"),
	ROW("hdrincl", "IPV6_HDRINCL", 36, BOOL, RW, .since = "4.5",
		.initial = "0",
		.meaning = "what a raw socket sends begins with its own IPv6 "
			   "header"),
	ROW("recvpktinfo", "IPV6_RECVPKTINFO", 49, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "receive the address and interface that each "
			   "message came to"),
	ROW("pktinfo", "IPV6_PKTINFO", 50, PKTINFO6, RW, .since = "2.6.14",
		.meaning = "the source address and interface of packets that "
			   "are sent"),
	ROW("recvhoplimit", "IPV6_RECVHOPLIMIT", 51, BOOL, RW,
		.since = "2.6.14", .initial = "0",
		.meaning = "receive the hop limit of each message"),
	ROW("recvhopopts", "IPV6_RECVHOPOPTS", 53, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "receive the hop-by-hop options of each message"),
	ROW("hopopts", "IPV6_HOPOPTS", 54, OPTBYTES, RW, .since = "2.6.14",
		.capability = "CAP_NET_RAW",
		.meaning = "the hop-by-hop options of packets that are sent"),
	ROW("rthdrdstopts", "IPV6_RTHDRDSTOPTS", 55, OPTBYTES, RW,
		.since = "2.6.14", .capability = "CAP_NET_RAW",
		.meaning = "the destination options before the routing header "
			   "of packets that are sent"),
	ROW("recvrthdr", "IPV6_RECVRTHDR", 56, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "receive the routing header of each message"),
	ROW("rthdr", "IPV6_RTHDR", 57, OPTBYTES, RW, .since = "2.6.14",
		.meaning = "the routing header of packets that are sent"),
	ROW("recvdstopts", "IPV6_RECVDSTOPTS", 58, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "receive the destination options of each message"),
	ROW("dstopts", "IPV6_DSTOPTS", 59, OPTBYTES, RW, .since = "2.6.14",
		.capability = "CAP_NET_RAW",
		.meaning = "the destination options of packets that are sent"),
	ROW("recvpathmtu", "IPV6_RECVPATHMTU", 60, BOOL, RW, .since = "2.6.35",
		.initial = "0",
		.meaning = "receive a message when the path takes only smaller "
			   "packets than were sent"),
	ROW("pathmtu", "IPV6_PATHMTU", 61, MTUINFO, GET | AFTER,
		.since = "2.6.35",
		.meaning = "how large a packet the path of a connected socket "
			   "takes, and for which address"),
	ROW("dontfrag", "IPV6_DONTFRAG", 62, BOOL, RW, .since = "2.6.35",
		.initial = "0",
		.meaning = "do not cut up datagrams that are larger than the "
			   "path takes: fail"),
	ROW("recvtclass", "IPV6_RECVTCLASS", 66, BOOL, RW, .since = "2.6.14",
		.initial = "0", .aliases = "recvtos",
		.meaning = "receive the traffic class of each message"),
	ROW("tclass", "IPV6_TCLASS", 67, TOS, RW, .since = "2.6.14",
		.initial = "0x0", .min = -1, .max = 255, .aliases = "tos",
		.differs = "on TCP the two bits of ECN are the kernel's own",
		.meaning = "the traffic class (DSCP and ECN) of packets that "
			   "are sent"),
	ROW("autoflowlabel", "IPV6_AUTOFLOWLABEL", 70, BOOL, RW,
		.since = "3.17", .sysctl = "net.ipv6.auto_flowlabels",
		.meaning = "give packets a flow label that is worked out from "
			   "the connection"),
	ROW("addr_preferences", "IPV6_ADDR_PREFERENCES", 72, BITS,
		RW | WORD_BITS, .since = "2.6.26",
		.words = "tmp=0x1 public=0x2 pubtmp_default=0x100 coa=0x4 "
			 "home=0x400 cga=0x8 noncga=0x800",
		.meaning = "which source address is preferred (RFC 5014)"),
	ROW("minhopcount", "IPV6_MINHOPCOUNT", 73, INT, RW, .since = "2.6.35",
		.initial = "0", .max = 255,
		.meaning = "drop packets that come with a smaller hop limit"),
	ROW("recvorigdstaddr", "IPV6_RECVORIGDSTADDR", 74, BOOL, RW,
		.since = "2.6.37", .initial = "0",
		.meaning = "receive the address that each message was sent to "
			   "before it was redirected"),
	ROW("transparent", "IPV6_TRANSPARENT", 75, BOOL, RW | BIND,
		.since = "2.6.37", .initial = "0", .capability = "CAP_NET_RAW",
		.meaning = "act as a transparent proxy: any address can be "
			   "bound; CAP_NET_ADMIN will do"),
	ROW("unicast_if", "IPV6_UNICAST_IF", 76, IFNET, RW, .since = "3.4",
		.initial = "0",
		.meaning = "the interface that packets go out by, in network "
			   "byte order"),
	ROW("recvfragsize", "IPV6_RECVFRAGSIZE", 77, BOOL, RW, .since = "4.10",
		.initial = "0",
		.meaning = "receive the size of the largest fragment of each "
			   "message"),
	ROW("freebind", "IPV6_FREEBIND", 78, BOOL, RW | BIND, .since = "4.19",
		.initial = "0",
		.meaning = "let it be bound to an address that this machine "
			   "does not have yet"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "mcast6."
#define LEVEL 41

const struct pier_option pier__options_mcast6[] = {
	ROW("join_group", "MCAST_JOIN_GROUP", 42, GROUPREQ, SET,
		.since = "2.4.22", .meaning = "join a group of multicast"),
	ROW("block_source", "MCAST_BLOCK_SOURCE", 43, GROUPSRC, SET,
		.since = "2.4.22", .meaning = "keep a source of a group out"),
	ROW("unblock_source", "MCAST_UNBLOCK_SOURCE", 44, GROUPSRC, SET,
		.since = "2.4.22",
		.meaning = "let a source of a group through again"),
	ROW("leave_group", "MCAST_LEAVE_GROUP", 45, GROUPREQ, SET,
		.since = "2.4.22", .meaning = "leave a group"),
	ROW("join_source_group", "MCAST_JOIN_SOURCE_GROUP", 46, GROUPSRC, SET,
		.since = "2.4.22",
		.meaning = "join a group for what one source sends"),
	ROW("leave_source_group", "MCAST_LEAVE_SOURCE_GROUP", 47, GROUPSRC, SET,
		.since = "2.4.22",
		.meaning = "leave a group for what one source sends"),
	ROW("msfilter", "MCAST_MSFILTER", 48, BYTES, RW | ASKS,
		.since = "2.4.22",
		.meaning = "the whole list of sources of a group, as a struct "
			   "group_filter"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "icmpv6."
#define LEVEL 58

const struct pier_option pier__options_icmpv6[] = {
	ROW("filter", "ICMPV6_FILTER", 1, ICMP6FILTER, RW, .since = "2.2",
		.meaning = "the types of ICMPv6 that a raw socket does not "
			   "get: 256 bits, by words of 32"),
	{ .name = NULL },
};
