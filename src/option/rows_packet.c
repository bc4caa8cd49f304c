/* SPDX-License-Identifier: MIT */
/*
 * Options of packet and netlink sockets: see packet(7), netlink(7).
 */
#include "option/row.h"

#define GROUP "packet."
#define LEVEL 263

const struct pier_option pier__options_packet[] = {
	ROW("add_membership", "PACKET_ADD_MEMBERSHIP", 1, PACKETMREQ, SET,
		.since = "2.2",
		.meaning = "take more than this machine's own frames: a group, "
			   "all groups, or promiscuous"),
	ROW("drop_membership", "PACKET_DROP_MEMBERSHIP", 2, PACKETMREQ, SET,
		.since = "2.2", .meaning = "take them no longer"),
	ROW("rx_ring", "PACKET_RX_RING", 5, RINGREQ, SET, .since = "2.4",
		.meaning =
			"make the ring in shared memory by which frames come"),
	ROW("statistics", "PACKET_STATISTICS", 6, PACKETSTATS, GET | EFFECT,
		.since = "2.4",
		.meaning = "how many frames came, and how many were dropped; "
			   "reading it begins at 0 again"),
	ROW("copy_thresh", "PACKET_COPY_THRESH", 7, INT, SET, .since = "2.4",
		.meaning = "frames that are longer than the ring takes are "
			   "also queued"),
	ROW("auxdata", "PACKET_AUXDATA", 8, BOOL, RW, .since = "2.6.21",
		.initial = "0",
		.meaning = "receive a frame's length, VLAN tag and checksum "
			   "state with it"),
	ROW("origdev", "PACKET_ORIGDEV", 9, BOOL, RW, .since = "2.6.22",
		.initial = "0",
		.meaning = "tell of the port, not of the bond, that a frame "
			   "came through"),
	ROW("version", "PACKET_VERSION", 10, INT, RW | BIND, .since = "2.6.27",
		.initial = "0", .words = "v1=0 v2=1 v3=2",
		.meaning = "the layout of the ring"),
	ROW("hdrlen", "PACKET_HDRLEN", 11, INT, GET | ASKS, .since = "2.6.27",
		.meaning = "how long the header of a frame in a ring is, of "
			   "the version that is asked about"),
	ROW("reserve", "PACKET_RESERVE", 12, INT, RW, .since = "2.6.27",
		.initial = "0", .max = INT32_MAX,
		.meaning =
			"room before each frame in the ring, for the program"),
	ROW("tx_ring", "PACKET_TX_RING", 13, RINGREQ, SET, .since = "2.6.31",
		.meaning = "make the ring in shared memory by which frames are "
			   "sent"),
	ROW("loss", "PACKET_LOSS", 14, BOOL, RW, .since = "2.6.31",
		.initial = "0",
		.meaning = "a frame in the ring that cannot be sent is "
			   "skipped, not the end of sending"),
	ROW("vnet_hdr", "PACKET_VNET_HDR", 15, BOOL, RW | BIND,
		.since = "2.6.34", .initial = "0",
		.meaning = "each frame begins with a virtio header, for its "
			   "checksum and cutting up"),
	ROW("tx_timestamp", "PACKET_TX_TIMESTAMP", 16, INT, SET,
		.since = "2.6.35",
		.meaning =
			"nothing any more: socket.timestamping took its place"),
	ROW("timestamp", "PACKET_TIMESTAMP", 17, BITS, RW | WORD_BITS,
		.since = "2.6.36", .initial = "0", .words = TIMESTAMPING_WORDS,
		.meaning = "which clock the times in the ring are from"),
	ROW("fanout", "PACKET_FANOUT", 18, FANOUT, RW | AFTER, .since = "3.1",
		.initial = "0,0x0",
		.meaning = "share frames among the sockets that name the same "
			   "group"),
	ROW("tx_has_off", "PACKET_TX_HAS_OFF", 19, BOOL, RW, .since = "3.8",
		.initial = "0",
		.meaning = "where a frame begins in the ring is said by the "
			   "program"),
	ROW("qdisc_bypass", "PACKET_QDISC_BYPASS", 20, BOOL, RW,
		.since = "3.14", .initial = "0",
		.meaning = "send past the queueing of the interface"),
	ROW("rollover_stats", "PACKET_ROLLOVER_STATS", 21, ROLLOVER, GET,
		.since = "4.2",
		.meaning = "how often frames of a full socket went to another "
			   "of its group"),
	ROW("fanout_data", "PACKET_FANOUT_DATA", 22, PROGRAM,
		SET | POINTERS | AFTER, .since = "4.3",
		.meaning = "the program that shares frames among the sockets "
			   "of the group"),
	ROW("ignore_outgoing", "PACKET_IGNORE_OUTGOING", 23, BOOL, RW,
		.since = "4.20", .initial = "0",
		.meaning = "do not see the frames that this machine sends"),
	ROW("vnet_hdr_sz", "PACKET_VNET_HDR_SZ", 24, INT, RW | BIND,
		.since = "6.4", .initial = "0", .max = 65535,
		.meaning = "how long the virtio header before each frame is"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "netlink."
#define LEVEL 270

const struct pier_option pier__options_netlink[] = {
	ROW("add_membership", "NETLINK_ADD_MEMBERSHIP", 1, INT, SET,
		.since = "2.6.14", .min = 1, .max = INT32_MAX,
		.meaning = "join a group of messages"),
	ROW("drop_membership", "NETLINK_DROP_MEMBERSHIP", 2, INT, SET,
		.since = "2.6.14", .min = 1, .max = INT32_MAX,
		.meaning = "leave a group of messages"),
	ROW("pktinfo", "NETLINK_PKTINFO", 3, BOOL, RW, .since = "2.6.14",
		.initial = "0",
		.meaning = "receive the group that each message was for"),
	ROW("broadcast_error", "NETLINK_BROADCAST_ERROR", 4, BOOL, RW,
		.since = "2.6.30", .initial = "0",
		.meaning = "tell the sender of a broadcast that this socket "
			   "had no room for it"),
	ROW("no_enobufs", "NETLINK_NO_ENOBUFS", 5, BOOL, RW, .since = "2.6.30",
		.initial = "0",
		.meaning = "do not tell of lost messages by ENOBUFS"),
	ROW("rx_ring", "NETLINK_RX_RING", 6, PROGRAM, SET | POINTERS,
		.since = "3.10", .capability = "CAP_NET_ADMIN",
		.meaning = "nothing since Linux 4.6: a ring in shared memory "
			   "for reading"),
	ROW("tx_ring", "NETLINK_TX_RING", 7, PROGRAM, SET | POINTERS,
		.since = "3.10", .capability = "CAP_NET_ADMIN",
		.meaning = "nothing since Linux 4.6: a ring in shared memory "
			   "for sending"),
	ROW("listen_all_nsid", "NETLINK_LISTEN_ALL_NSID", 8, BOOL, RW,
		.since = "4.2", .initial = "0",
		.capability = "CAP_NET_BROADCAST",
		.meaning = "receive from all network namespaces that have a "
			   "number here"),
	ROW("list_memberships", "NETLINK_LIST_MEMBERSHIPS", 9, U32LIST, GET,
		.since = "4.2",
		.meaning = "the groups that were joined, as bits"),
	ROW("cap_ack", "NETLINK_CAP_ACK", 10, BOOL, RW, .since = "4.3",
		.initial = "0",
		.meaning = "acknowledgements do not carry the message that "
			   "they are about"),
	ROW("ext_ack", "NETLINK_EXT_ACK", 11, BOOL, RW, .since = "4.12",
		.initial = "0",
		.meaning = "acknowledgements tell in words what was wrong"),
	ROW("get_strict_chk", "NETLINK_GET_STRICT_CHK", 12, BOOL, RW,
		.since = "4.20", .initial = "0",
		.meaning = "questions are checked strictly, and their filters "
			   "are obeyed"),
	{ .name = NULL },
};
