/* SPDX-License-Identifier: MIT */
/*
 * Options of Bluetooth: those that its kinds of sockets share, and their own.
 */
#include "option/row.h"

#define GROUP "bluetooth."
#define LEVEL 274

const struct pier_option pier__options_bluetooth[] = {
	ROW("security", "BT_SECURITY", 4, BTSECURITY, RW, .since = "2.6.30",
		.meaning = "how well the link must be secured: 1 low, 2 "
			   "medium, 3 high, 4 with FIPS"),
	ROW("defer_setup", "BT_DEFER_SETUP", 7, BOOL, RW | CONNECT,
		.since = "2.6.30", .initial = "0",
		.meaning = "an accepted connection stands only when it is "
			   "first read from"),
	ROW("flushable", "BT_FLUSHABLE", 8, BOOL, RW, .since = "2.6.39",
		.initial = "0",
		.meaning = "packets that are late may be dropped"),
	ROW("power", "BT_POWER", 9, BTPOWER, RW, .since = "3.1", .initial = "0",
		.meaning = "let the link wake from sniff mode when something "
			   "is sent"),
	ROW("channel_policy", "BT_CHANNEL_POLICY", 10, INT, RW, .since = "3.3",
		.initial = "0", .max = 2,
		.words = "bredr_only=0 bredr_preferred=1 amp_preferred=2",
		.meaning = "which radios a channel may use"),
	ROW("voice", "BT_VOICE", 11, U16, RW | CONNECT, .since = "3.12",
		.initial = "0x60",
		.meaning = "how voice is encoded on the air: 0x60 CVSD, 0x3 "
			   "transparent"),
	ROW("sndmtu", "BT_SNDMTU", 12, U16SIZE, RW, .since = "3.14",
		.meaning = "the largest packet that may be sent"),
	ROW("rcvmtu", "BT_RCVMTU", 13, U16SIZE, RW, .since = "3.14",
		.meaning = "the largest packet that may come"),
	ROW("phy", "BT_PHY", 14, BITS, RW | WORD_BITS, .since = "5.7",
		.words = "br_1m_1slot=1 br_1m_3slot=2 br_1m_5slot=4 "
			 "edr_2m_1slot=8 edr_2m_3slot=16 edr_2m_5slot=32 "
			 "edr_3m_1slot=64 edr_3m_3slot=128 edr_3m_5slot=256 "
			 "le_1m_tx=512 le_1m_rx=1024 le_2m_tx=2048 "
			 "le_2m_rx=4096 le_coded_tx=8192 le_coded_rx=16384",
		.meaning = "the radio modes that are in use"),
	ROW("mode", "BT_MODE", 15, U8, RW | CONNECT, .since = "5.8",
		.initial = "0",
		.words =
			"basic=0 ertm=1 streaming=2 le_flowctl=3 ext_flowctl=4",
		.meaning = "the mode of an L2CAP channel"),
	ROW("pkt_status", "BT_PKT_STATUS", 16, BOOL, RW, .since = "5.9",
		.initial = "0",
		.meaning = "receive with each packet of voice whether it came "
			   "well"),
	ROW("iso_qos", "BT_ISO_QOS", 17, HEXBYTES, RW | CONNECT, .since = "6.0",
		.meaning = "the intervals, sizes and modes of an isochronous "
			   "channel"),
	ROW("codec", "BT_CODEC", 19, HEXBYTES, RW | CONNECT, .since = "5.16",
		.meaning = "the codecs that the controller can offload, and "
			   "the one in use"),
	ROW("iso_base", "BT_ISO_BASE", 20, HEXBYTES, RW | CONNECT,
		.since = "6.0",
		.meaning = "what a broadcast tells of its streams"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "hci."
#define LEVEL 0

const struct pier_option pier__options_hci[] = {
	ROW("data_dir", "HCI_DATA_DIR", 1, BOOL, RW, .since = "2.4.6",
		.initial = "0",
		.meaning = "receive with each packet which way it went"),
	ROW("filter", "HCI_FILTER", 2, HCIFILTER, RW, .since = "2.4.6",
		.meaning = "which packets and events come"),
	ROW("time_stamp", "HCI_TIME_STAMP", 3, BOOL, RW, .since = "2.4.6",
		.initial = "0", .meaning = "receive the time of each packet"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "l2cap."
#define LEVEL 6

const struct pier_option pier__options_l2cap[] = {
	ROW("options", "L2CAP_OPTIONS", 1, L2CAPOPTS, RW | CONNECT,
		.since = "2.4.6",
		.meaning = "sizes, flushing and mode of a channel"),
	ROW("lm", "L2CAP_LM", 3, BITS, RW | WORD_BITS, .since = "2.4.6",
		.initial = "0",
		.words = "master=0x1 auth=0x2 encrypt=0x4 trusted=0x8 "
			 "reliable=0x10 secure=0x20 fips=0x40",
		.meaning = "what the link must be; bluetooth.security is the "
			   "newer way"),
	ROW("conninfo", "L2CAP_CONNINFO", 2, L2CAPCONN, GET | AFTER,
		.since = "2.4.6",
		.meaning =
			"the handle and class of the device at the other end"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "rfcomm."
#define LEVEL 18

const struct pier_option pier__options_rfcomm[] = {
	ROW("conninfo", "RFCOMM_CONNINFO", 2, L2CAPCONN, GET | AFTER,
		.since = "2.4.6",
		.meaning =
			"the handle and class of the device at the other end"),
	ROW("lm", "RFCOMM_LM", 3, BITS, RW | WORD_BITS, .since = "2.4.6",
		.initial = "0",
		.words = "master=0x1 auth=0x2 encrypt=0x4 trusted=0x8 "
			 "reliable=0x10 secure=0x20 fips=0x40",
		.meaning = "what the link must be; bluetooth.security is the "
			   "newer way"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "sco."
#define LEVEL 17

const struct pier_option pier__options_sco[] = {
	ROW("options", "SCO_OPTIONS", 1, U16SIZE, GET | AFTER, .since = "2.4.6",
		.meaning = "the largest packet of voice"),
	ROW("conninfo", "SCO_CONNINFO", 2, L2CAPCONN, GET | AFTER,
		.since = "2.4.6",
		.meaning =
			"the handle and class of the device at the other end"),
	{ .name = NULL },
};
