/* SPDX-License-Identifier: MIT */
/*
 * Options of TCP, of MPTCP and of the kernel's TLS: see tcp(7).
 */
#include "option/row.h"

#define GROUP "tcp."
#define LEVEL 6

const struct pier_option pier__options_tcp[] = {
	ROW("nodelay", "TCP_NODELAY", 1, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "send small segments at once, without waiting for "
			   "the acknowledgement of earlier ones (Nagle)"),
	ROW("maxseg", "TCP_MAXSEG", 2, SIZE, RW | CONNECT, .since = "1.0",
		.max = 32767,
		.differs = "before a connection stands it reads as the "
			   "default, and never more than the route takes",
		.meaning = "the largest segment that is sent, and asked for "
			   "when connecting"),
	ROW("cork", "TCP_CORK", 3, BOOL, RW, .since = "2.2", .initial = "0",
		.meaning = "hold back partial segments, for at most 200 ms"),
	ROW("keepidle", "TCP_KEEPIDLE", 4, SECONDS, RW, .since = "2.4",
		.min = 1, .max = 32767, .sysctl = "net.ipv4.tcp_keepalive_time",
		.meaning = "how long a connection is silent before the first "
			   "probe"),
	ROW("keepintvl", "TCP_KEEPINTVL", 5, SECONDS, RW, .since = "2.4",
		.min = 1, .max = 32767,
		.sysctl = "net.ipv4.tcp_keepalive_intvl",
		.meaning = "the time between two probes"),
	ROW("keepcnt", "TCP_KEEPCNT", 6, INT, RW, .since = "2.4", .min = 1,
		.max = 127, .sysctl = "net.ipv4.tcp_keepalive_probes",
		.meaning = "how many probes without an answer give up the "
			   "connection"),
	ROW("syncnt", "TCP_SYNCNT", 7, INT, RW | CONNECT, .since = "2.4",
		.min = 1, .max = 127, .sysctl = "net.ipv4.tcp_syn_retries",
		.meaning = "how often the first packet of a connection is sent "
			   "again"),
	ROW("linger2", "TCP_LINGER2", 8, SECONDS, RW, .since = "2.4", .min = -1,
		.max = INT32_MAX, .sysctl = "net.ipv4.tcp_fin_timeout",
		.differs = "at most 120 s; a negative one stays no time at all",
		.meaning = "how long a closed socket stays in FIN-WAIT-2"),
	ROW("defer_accept", "TCP_DEFER_ACCEPT", 9, SECONDS, RW | CONNECT,
		.since = "2.4", .initial = "0s", .max = INT32_MAX,
		.differs = "the kernel counts in retransmissions",
		.meaning = "wake a listener only when data has come, or after "
			   "this long"),
	ROW("window_clamp", "TCP_WINDOW_CLAMP", 10, SIZE, RW, .since = "2.4",
		.initial = "0", .max = INT32_MAX,
		.differs = "at least half of the smallest receive buffer",
		.meaning = "the largest window that is offered to the peer"),
	ROW("info", "TCP_INFO", 11, TCPINFO, GET, .since = "2.4",
		.meaning = "what the kernel knows of the connection, see "
			   "pier_tcp_info(3)"),
	ROW("quickack", "TCP_QUICKACK", 12, BOOL, RW | AFTER, .since = "2.4.4",
		.initial = "1",
		.meaning = "acknowledge at once for now; the kernel goes back "
			   "to delaying by itself"),
	ROW("congestion", "TCP_CONGESTION", 13, NAME16, RW, .since = "2.6.13",
		.sysctl = "net.ipv4.tcp_congestion_control",
		.meaning = "the algorithm of congestion control"),
	ROW("md5sig", "TCP_MD5SIG", 14, MD5SIG, SET, .since = "2.6.20",
		.meaning = "the MD5 key for segments of one peer (RFC 2385)"),
	ROW("thin_linear_timeouts", "TCP_THIN_LINEAR_TIMEOUTS", 16, BOOL, RW,
		.since = "2.6.34", .initial = "0",
		.meaning = "a stream with little under way sends again at an "
			   "even pace, not slower each time"),
	ROW("thin_dupack", "TCP_THIN_DUPACK", 17, BOOL, RW, .since = "2.6.34",
		.initial = "0",
		.meaning = "nothing any more: it sent again after one "
			   "duplicate acknowledgement"),
	ROW("user_timeout", "TCP_USER_TIMEOUT", 18, MS, RW, .since = "2.6.37",
		.initial = "0ms", .max = INT32_MAX,
		.meaning = "how long sent data may stay unacknowledged before "
			   "the connection is dead; 0 is the system's way"),
	ROW("repair", "TCP_REPAIR", 19, INT, RW, .since = "3.5", .initial = "0",
		.min = -1, .max = 1, .capability = "CAP_NET_ADMIN",
		.meaning = "stop the connection, to save or restore its state"),
	ROW("repair_queue", "TCP_REPAIR_QUEUE", 20, INT, RW, .since = "3.5",
		.initial = "none", .words = "none=0 recv=1 send=2",
		.meaning = "the queue that repair is about"),
	ROW("queue_seq", "TCP_QUEUE_SEQ", 21, U32, RW, .since = "3.5",
		.initial = "0",
		.meaning = "in repair, the sequence number of the queue"),
	ROW("repair_options", "TCP_REPAIR_OPTIONS", 22, REPAIROPT, SET,
		.since = "3.5",
		.meaning = "in repair, the options that were agreed on"),
	ROW("fastopen", "TCP_FASTOPEN", 23, INT, RW | CONNECT, .since = "3.7",
		.initial = "0", .max = 65535, .sysctl = "net.ipv4.tcp_fastopen",
		.differs = "net.core.somaxconn caps it",
		.meaning = "a listener takes data with the first packet, of so "
			   "many connections that are not complete yet"),
	ROW("timestamp", "TCP_TIMESTAMP", 24, U32, RW, .since = "3.9",
		.meaning = "the clock of TCP timestamps; set in repair"),
	ROW("notsent_lowat", "TCP_NOTSENT_LOWAT", 25, U32SIZE, RW,
		.since = "3.12", .initial = "0", .max = UINT32_MAX,
		.sysctl = "net.ipv4.tcp_notsent_lowat",
		.meaning = "poll tells of room only while fewer bytes than "
			   "this are unsent; 0 is what the sysctl says"),
	ROW("cc_info", "TCP_CC_INFO", 26, BYTES, GET, .since = "4.1",
		.meaning = "what the algorithm of congestion control tells of "
			   "itself"),
	ROW("save_syn", "TCP_SAVE_SYN", 27, INT, RW | CONNECT, .since = "4.2",
		.initial = "0", .max = 2,
		.meaning = "a listener keeps the first packet of each "
			   "connection; 2 keeps its link header too"),
	ROW("saved_syn", "TCP_SAVED_SYN", 28, BYTES, GET | EFFECT,
		.since = "4.2",
		.meaning = "the first packet of this accepted connection; "
			   "reading it takes it away"),
	ROW("repair_window", "TCP_REPAIR_WINDOW", 29, REPAIRWIN, RW,
		.since = "4.8", .meaning = "in repair, the windows"),
	ROW("fastopen_connect", "TCP_FASTOPEN_CONNECT", 30, BOOL, RW | CONNECT,
		.since = "4.11", .initial = "0",
		.meaning = "connect returns at once, and the first write goes "
			   "with the first packet"),
	ROW("ulp", "TCP_ULP", 31, NAME16, RW | AFTER, .since = "4.13",
		.meaning = "the layer over the connection that the kernel "
			   "runs: tls, mptcp, espintcp"),
	ROW("md5sig_ext", "TCP_MD5SIG_EXT", 32, MD5SIG, SET, .since = "4.13",
		.meaning = "the MD5 key for segments of peers by prefix or "
			   "interface"),
	ROW("fastopen_key", "TCP_FASTOPEN_KEY", 33, HEXBYTES, RW,
		.since = "4.15", .sysctl = "net.ipv4.tcp_fastopen_key",
		.meaning = "the key of fast-open cookies, 16 bytes, or 32 with "
			   "the one before"),
	ROW("fastopen_no_cookie", "TCP_FASTOPEN_NO_COOKIE", 34, BOOL,
		RW | CONNECT, .since = "4.15", .initial = "0",
		.meaning = "fast open without a cookie"),
	ROW("zerocopy_receive", "TCP_ZEROCOPY_RECEIVE", 35, PROGRAM,
		GET | POINTERS | EFFECT | AFTER, .since = "4.18",
		.meaning = "receive into mapped memory without a copy"),
	ROW("inq", "TCP_INQ", 36, BOOL, RW, .since = "4.18", .initial = "0",
		.meaning = "receive, with each read, how many bytes are left"),
	ROW("tx_delay", "TCP_TX_DELAY", 37, US, RW, .since = "5.3",
		.initial = "0us",
		.meaning = "a delay for all that is sent, to try things out"),
	ROW("ao_add_key", "TCP_AO_ADD_KEY", 38, PROGRAM, SET | POINTERS,
		.since = "6.7",
		.meaning = "add a key for the TCP Authentication Option (RFC "
			   "5925)"),
	ROW("ao_del_key", "TCP_AO_DEL_KEY", 39, PROGRAM, SET | POINTERS,
		.since = "6.7",
		.meaning = "take a key of the TCP Authentication Option away"),
	ROW("ao_info", "TCP_AO_INFO", 40, PROGRAM, RW | POINTERS | ASKS,
		.since = "6.7",
		.meaning = "which keys of the TCP Authentication Option are in "
			   "use, and what they counted"),
	ROW("ao_get_keys", "TCP_AO_GET_KEYS", 41, PROGRAM,
		GET | POINTERS | ASKS, .since = "6.7",
		.meaning = "the keys of the TCP Authentication Option"),
	ROW("ao_repair", "TCP_AO_REPAIR", 42, PROGRAM, RW | POINTERS,
		.since = "6.7",
		.meaning = "in repair, the state of the TCP Authentication "
			   "Option"),
	ROW("is_mptcp", "TCP_IS_MPTCP", 43, BOOL, GET, .since = "6.9",
		.initial = "0", .meaning = "does this connection speak MPTCP"),
	ROW("rto_max_ms", "TCP_RTO_MAX_MS", 44, MS, RW, .since = "6.15",
		.min = 1000, .max = 120000, .sysctl = "net.ipv4.tcp_rto_max_ms",
		.meaning = "the longest time before data is sent again"),
	ROW("rto_min_us", "TCP_RTO_MIN_US", 45, US, RW, .since = "6.15",
		.min = 1, .max = INT32_MAX, .sysctl = "net.ipv4.tcp_rto_min_us",
		.meaning = "the shortest time before data is sent again"),
	ROW("delack_max_us", "TCP_DELACK_MAX_US", 46, US, RW, .since = "6.15",
		.min = 1, .max = INT32_MAX,
		.meaning = "the longest time that an acknowledgement is held "
			   "back"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "mptcp."
#define LEVEL 284

const struct pier_option pier__options_mptcp[] = {
	ROW("info", "MPTCP_INFO", 1, MPTCPINFO, GET | AFTER, .since = "5.16",
		.meaning =
			"what the kernel knows of the connection as a whole"),
	ROW("tcpinfo", "MPTCP_TCPINFO", 2, BYTES, GET | ASKS | AFTER,
		.since = "5.16", .meaning = "the tcp.info of each subflow"),
	ROW("subflow_addrs", "MPTCP_SUBFLOW_ADDRS", 3, BYTES,
		GET | ASKS | AFTER, .since = "5.16",
		.meaning = "the addresses of each subflow"),
	ROW("full_info", "MPTCP_FULL_INFO", 4, BYTES,
		GET | POINTERS | ASKS | AFTER, .since = "6.5",
		.meaning = "all three of them at once"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "tls."
#define LEVEL 282

const struct pier_option pier__options_tls[] = {
	ROW("tx", "TLS_TX", 1, CRYPTO, RW | AFTER, .since = "4.13",
		.meaning = "the cipher and key by which the kernel encrypts "
			   "what is sent, once tcp.ulp is tls"),
	ROW("rx", "TLS_RX", 2, CRYPTO, RW | AFTER, .since = "4.17",
		.meaning = "the cipher and key by which the kernel decrypts "
			   "what comes, once tcp.ulp is tls"),
	ROW("tx_zerocopy_ro", "TLS_TX_ZEROCOPY_RO", 3, BOOL, RW | AFTER,
		.since = "5.19", .initial = "0",
		.meaning = "let the card encrypt from a file's own pages, "
			   "which must not change"),
	ROW("rx_expect_no_pad", "TLS_RX_EXPECT_NO_PAD", 4, BOOL, RW | AFTER,
		.since = "6.0", .initial = "0",
		.meaning = "expect records of TLS 1.3 without padding, and "
			   "decrypt them in place"),
	ROW("tx_max_payload_len", "TLS_TX_MAX_PAYLOAD_LEN", 5, U16, RW | AFTER,
		.since = "6.19", .min = 64, .max = 16384,
		.meaning = "how many bytes a record may hold"),
	{ .name = NULL },
};
