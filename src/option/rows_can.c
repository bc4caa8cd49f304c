/* SPDX-License-Identifier: MIT */
/*
 * Options of CAN: raw, ISO-TP and J1939. The broadcast manager has none.
 */
#include "option/row.h"

#define GROUP "can_raw."
#define LEVEL 101

const struct pier_option pier__options_can_raw[] = {
	ROW("filter", "CAN_RAW_FILTER", 1, CANFILTER, RW, .since = "2.6.25",
		.initial = "0x0,0x0",
		.meaning = "which frames come: those whose number under the "
			   "mask is the same"),
	ROW("err_filter", "CAN_RAW_ERR_FILTER", 2, HEX32, RW, .since = "2.6.25",
		.initial = "0x0",
		.meaning = "which kinds of error frames come"),
	ROW("loopback", "CAN_RAW_LOOPBACK", 3, BOOL, RW, .since = "2.6.25",
		.initial = "1",
		.meaning = "frames that are sent also come to the other "
			   "sockets of this machine"),
	ROW("recv_own_msgs", "CAN_RAW_RECV_OWN_MSGS", 4, BOOL, RW,
		.since = "2.6.25", .initial = "0",
		.meaning = "and to this socket too"),
	ROW("fd_frames", "CAN_RAW_FD_FRAMES", 5, BOOL, RW, .since = "3.6",
		.initial = "0",
		.meaning = "send and receive frames of CAN FD as well"),
	ROW("join_filters", "CAN_RAW_JOIN_FILTERS", 6, BOOL, RW, .since = "4.1",
		.initial = "0",
		.meaning = "a frame must pass all filters, not one of them"),
	ROW("xl_frames", "CAN_RAW_XL_FRAMES", 7, BOOL, RW, .since = "6.1",
		.initial = "0",
		.meaning = "send and receive frames of CAN XL as well"),
	ROW("xl_vcid_opts", "CAN_RAW_XL_VCID_OPTS", 8, CANVCID, RW,
		.since = "6.9", .initial = "0x0,0,0,0x0",
		.meaning = "the virtual network of CAN XL that is sent to, and "
			   "those that come"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "isotp."
#define LEVEL 106

const struct pier_option pier__options_isotp[] = {
	ROW("opts", "CAN_ISOTP_OPTS", 1, ISOTPOPTS, RW | BIND, .since = "5.10",
		.initial = "0x0,50000ns,0x0,0xcc,0xcc,0x0",
		.meaning = "flags, addressing, padding and the time that a "
			   "frame takes"),
	ROW("recv_fc", "CAN_ISOTP_RECV_FC", 2, ISOTPFC, RW | BIND,
		.since = "5.10", .initial = "0,0x0,0",
		.meaning = "what the receiver asks of the sender: block size, "
			   "distance, waits"),
	ROW("tx_stmin", "CAN_ISOTP_TX_STMIN", 3, NSTIME, RW | BIND,
		.since = "5.10", .initial = "0ns",
		.meaning = "the least time between frames that are sent, in "
			   "place of the peer's wish"),
	ROW("rx_stmin", "CAN_ISOTP_RX_STMIN", 4, NSTIME, RW | BIND,
		.since = "5.10", .initial = "0ns",
		.meaning = "frames that come faster than this are ignored"),
	ROW("ll_opts", "CAN_ISOTP_LL_OPTS", 5, ISOTPLL, RW | BIND,
		.since = "5.10", .initial = "16,8,0x0",
		.meaning = "the kind and the length of frames on the bus"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "j1939."
#define LEVEL 107

const struct pier_option pier__options_j1939[] = {
	ROW("filter", "SO_J1939_FILTER", 1, J1939FILTER, SET, .since = "5.4",
		.meaning = "which messages come: by source, group and name, "
			   "each under a mask"),
	ROW("promisc", "SO_J1939_PROMISC", 2, BOOL, RW, .since = "5.4",
		.initial = "0",
		.meaning = "receive messages that are for others too"),
	ROW("send_prio", "SO_J1939_SEND_PRIO", 3, INT, RW, .since = "5.4",
		.initial = "6", .max = 7,
		.meaning = "the priority of messages that are sent; 0 and 1 "
			   "need CAP_NET_ADMIN"),
	ROW("errqueue", "SO_J1939_ERRQUEUE", 4, BOOL, RW, .since = "5.4",
		.initial = "0",
		.meaning = "tell of the progress of long messages through the "
			   "error queue"),
	{ .name = NULL },
};
