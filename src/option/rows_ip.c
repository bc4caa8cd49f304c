/* SPDX-License-Identifier: MIT */
/*
 * Options of IPv4, of multicast in both families, and of raw sockets for ICMP:
 * see ip(7), raw(7), icmp(7).
 */
#include "option/row.h"

#define GROUP "ip."
#define LEVEL 0

const struct pier_option pier__options_ip[] = {
	ROW("tos", "IP_TOS", 1, TOS, RW, .since = "1.0", .initial = "0x0",
		.max = 255,
		.differs = "on TCP the two bits of ECN are the kernel's own",
		.meaning = "the type of service (DSCP and ECN) of packets that "
			   "are sent"),
	ROW("ttl", "IP_TTL", 2, INT, RW, .since = "1.0", .min = -1, .max = 255,
		.sysctl = "net.ipv4.ip_default_ttl", .aliases = "hops",
		.meaning = "how many routers a packet may pass; -1 sets the "
			   "default"),
	ROW("hdrincl", "IP_HDRINCL", 3, BOOL, RW, .since = "2.0",
		.initial = "0",
		.meaning = "what a raw socket sends begins with its own IP "
			   "header"),
	ROW("options", "IP_OPTIONS", 4, OPTBYTES, RW, .since = "2.0",
		.meaning = "the IP options of packets that are sent, at most "
			   "40 bytes"),
	ROW("router_alert", "IP_ROUTER_ALERT", 5, BOOL, RW, .since = "2.2",
		.initial = "0", .capability = "CAP_NET_ADMIN",
		.meaning = "a raw socket gets the packets with Router Alert "
			   "that this machine forwards"),
	ROW("recvopts", "IP_RECVOPTS", 6, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive the IP options of each message"),
	ROW("retopts", "IP_RETOPTS", 7, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive them with route and times filled in, ready "
			   "to be sent back"),
	ROW("pktinfo", "IP_PKTINFO", 8, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive the address and interface that each "
			   "message came to"),
	ROW("pktoptions", "IP_PKTOPTIONS", 9, BYTES, GET, .since = "2.2",
		.meaning = "on TCP, the ancillary data of what came last"),
	ROW("mtu_discover", "IP_MTU_DISCOVER", 10, INT, RW, .since = "2.2",
		.sysctl = "net.ipv4.ip_no_pmtu_disc",
		.words = "dont=0 want=1 do=2 probe=3 interface=4 omit=5",
		.meaning = "how the size of packets that the path takes is "
			   "found, and whether they may be cut up"),
	ROW("recverr", "IP_RECVERR", 11, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "queue the errors of ICMP, each with the address "
			   "that it is about, for MSG_ERRQUEUE"),
	ROW("recvttl", "IP_RECVTTL", 12, BOOL, RW, .since = "2.2",
		.initial = "0", .meaning = "receive the TTL of each message"),
	ROW("recvtos", "IP_RECVTOS", 13, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive the type of service of each message"),
	ROW("mtu", "IP_MTU", 14, SIZE, GET | AFTER, .since = "2.2",
		.meaning = "how large a packet the path of a connected socket "
			   "takes, as far as is known"),
	ROW("freebind", "IP_FREEBIND", 15, BOOL, RW | BIND, .since = "2.4",
		.initial = "0",
		.meaning = "let it be bound to an address that this machine "
			   "does not have yet"),
	ROW("ipsec_policy", "IP_IPSEC_POLICY", 16, PROGRAM, RW | POINTERS,
		.since = "2.5.47", .capability = "CAP_NET_ADMIN",
		.meaning = "the IPsec policy of this socket, in the form of "
			   "PF_KEY"),
	ROW("xfrm_policy", "IP_XFRM_POLICY", 17, PROGRAM, RW | POINTERS,
		.since = "2.5.48", .capability = "CAP_NET_ADMIN",
		.meaning =
			"the IPsec policy of this socket, in the form of XFRM"),
	ROW("passsec", "IP_PASSSEC", 18, BOOL, RW, .since = "2.6.17",
		.initial = "0",
		.meaning = "receive the security context of each message"),
	ROW("transparent", "IP_TRANSPARENT", 19, BOOL, RW | BIND,
		.since = "2.6.28", .initial = "0", .capability = "CAP_NET_RAW",
		.meaning = "act as a transparent proxy: any address can be "
			   "bound; CAP_NET_ADMIN will do"),
	ROW("recvorigdstaddr", "IP_RECVORIGDSTADDR", 20, BOOL, RW,
		.since = "2.6.29", .initial = "0",
		.meaning = "receive the address that each message was sent to "
			   "before it was redirected"),
	ROW("minttl", "IP_MINTTL", 21, INT, RW, .since = "2.6.34",
		.initial = "0", .max = 255,
		.meaning = "drop packets that come with a smaller TTL"),
	ROW("nodefrag", "IP_NODEFRAG", 22, BOOL, RW, .since = "2.6.36",
		.initial = "0",
		.meaning = "a raw socket's fragments pass connection tracking "
			   "as they are"),
	ROW("checksum", "IP_CHECKSUM", 23, BOOL, RW, .since = "4.0",
		.initial = "0",
		.meaning = "receive the checksum that the kernel worked out "
			   "for each datagram"),
	ROW("bind_address_no_port", "IP_BIND_ADDRESS_NO_PORT", 24, BOOL,
		RW | BIND, .since = "4.2", .initial = "0",
		.meaning = "bind to port 0 takes no port yet: connect chooses "
			   "one that suits the peer"),
	ROW("recvfragsize", "IP_RECVFRAGSIZE", 25, BOOL, RW, .since = "4.10",
		.initial = "0",
		.meaning = "receive the size of the largest fragment of each "
			   "message"),
	ROW("recverr_rfc4884", "IP_RECVERR_RFC4884", 26, BOOL, RW,
		.since = "5.9", .initial = "0",
		.meaning = "queued errors of ICMP come with their extensions"),
	ROW("multicast_if", "IP_MULTICAST_IF", 32, MULTICASTIF, RW,
		.since = "1.2", .initial = "0.0.0.0",
		.meaning = "the address or the interface that multicast goes "
			   "out by; it reads as the address"),
	ROW("multicast_ttl", "IP_MULTICAST_TTL", 33, INT, RW, .since = "1.2",
		.initial = "1", .min = -1, .max = 255,
		.meaning = "how many routers multicast may pass; 1 stays in "
			   "the network"),
	ROW("multicast_loop", "IP_MULTICAST_LOOP", 34, BOOL, RW, .since = "1.2",
		.initial = "1",
		.meaning = "multicast that is sent also comes back to this "
			   "machine"),
	ROW("add_membership", "IP_ADD_MEMBERSHIP", 35, MREQN, SET,
		.since = "1.2", .meaning = "join a group of multicast"),
	ROW("drop_membership", "IP_DROP_MEMBERSHIP", 36, MREQN, SET,
		.since = "1.2", .meaning = "leave a group of multicast"),
	ROW("unblock_source", "IP_UNBLOCK_SOURCE", 37, MREQSRC, SET,
		.since = "2.4.22",
		.meaning = "let a source of a group through again"),
	ROW("block_source", "IP_BLOCK_SOURCE", 38, MREQSRC, SET,
		.since = "2.4.22", .meaning = "keep a source of a group out"),
	ROW("add_source_membership", "IP_ADD_SOURCE_MEMBERSHIP", 39, MREQSRC,
		SET, .since = "2.4.22",
		.meaning = "join a group, for what one source sends"),
	ROW("drop_source_membership", "IP_DROP_SOURCE_MEMBERSHIP", 40, MREQSRC,
		SET, .since = "2.4.22",
		.meaning = "leave a group, for what one source sends"),
	ROW("msfilter", "IP_MSFILTER", 41, MSFILTER, RW | ASKS,
		.since = "2.4.22",
		.meaning = "the whole list of sources that are let in or kept "
			   "out of a group"),
	ROW("multicast_all", "IP_MULTICAST_ALL", 49, BOOL, RW,
		.since = "2.6.31", .initial = "1",
		.meaning = "receive from every group that any socket of this "
			   "machine joined"),
	ROW("unicast_if", "IP_UNICAST_IF", 50, IFNET, RW, .since = "3.4",
		.initial = "0",
		.meaning = "the interface that packets go out by, in network "
			   "byte order"),
	ROW("local_port_range", "IP_LOCAL_PORT_RANGE", 51, PORTRANGE, RW | BIND,
		.since = "6.3", .initial = "0,0",
		.sysctl = "net.ipv4.ip_local_port_range",
		.meaning = "the ports that the kernel chooses from for this "
			   "socket; 0 is the sysctl's limit"),
	ROW("protocol", "IP_PROTOCOL", 52, INT, GET, .since = "6.4",
		.meaning = "the protocol of a raw socket"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "mcast."
#define LEVEL 0

const struct pier_option pier__options_mcast[] = {
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

#define GROUP "icmp."
#define LEVEL 255

const struct pier_option pier__options_icmp[] = {
	ROW("filter", "ICMP_FILTER", 1, ICMPFILTER, RW, .since = "2.2",
		.initial = "0x0",
		.meaning = "the types of ICMP that a raw socket does not get: "
			   "bit N is type N"),
	{ .name = NULL },
};
