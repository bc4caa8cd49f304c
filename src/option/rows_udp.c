/* SPDX-License-Identifier: MIT */
/*
 * Options of UDP, UDP-Lite and vsock: see udp(7), udplite(7), vsock(7).
 */
#include "option/row.h"

#define GROUP "udp."
#define LEVEL 17

const struct pier_option pier__options_udp[] = {
	ROW("cork", "UDP_CORK", 1, BOOL, RW, .since = "2.5.44", .initial = "0",
		.meaning = "gather all that is sent into one datagram, until "
			   "it is switched off"),
	ROW("encap", "UDP_ENCAP", 100, INT, RW, .since = "2.5.67",
		.initial = "0",
		.words = "none=0 espinudp_non_ike=1 espinudp=2 l2tpinudp=3 "
			 "gtp0=4 gtp1u=5 rxrpc=6 espintcp=7",
		.meaning =
			"what the kernel unwraps from the datagrams that come"),
	ROW("no_check6_tx", "UDP_NO_CHECK6_TX", 101, BOOL, RW, .since = "3.16",
		.initial = "0", .meaning = "send over IPv6 without a checksum"),
	ROW("no_check6_rx", "UDP_NO_CHECK6_RX", 102, BOOL, RW, .since = "3.16",
		.initial = "0",
		.meaning = "take datagrams over IPv6 that have no checksum"),
	ROW("segment", "UDP_SEGMENT", 103, SIZE, RW, .since = "4.18",
		.initial = "0", .max = 65535,
		.meaning = "cut each message into datagrams of this size, the "
			   "kernel or the card does it; 0 is off"),
	ROW("gro", "UDP_GRO", 104, BOOL, RW, .since = "5.0", .initial = "0",
		.meaning = "receive datagrams of one flow and size joined as "
			   "one message, with the size beside it"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "udplite."
#define LEVEL 136

const struct pier_option pier__options_udplite[] = {
	ROW("send_cscov", "UDPLITE_SEND_CSCOV", 10, INT, RW, .since = "2.6.20",
		.initial = "0", .max = 65535,
		.meaning = "how many bytes from the header's start the "
			   "checksum of a sent datagram covers; 0 is all"),
	ROW("recv_cscov", "UDPLITE_RECV_CSCOV", 11, INT, RW, .since = "2.6.20",
		.initial = "0", .max = 65535,
		.meaning = "the least coverage that a received datagram must "
			   "have; 0 is any"),
	{ .name = NULL },
};

#undef GROUP
#undef LEVEL

#define GROUP "vsock."
#define LEVEL 40

const struct pier_option pier__options_vsock[] = {
	ROW("buffer_size", "SO_VM_SOCKETS_BUFFER_SIZE", 0, U64SIZE, RW,
		.since = "3.9", .initial = "262144",
		.differs = "kept between vsock.buffer_min_size and "
			   "vsock.buffer_max_size",
		.meaning = "the room for what came and was not read yet"),
	ROW("buffer_min_size", "SO_VM_SOCKETS_BUFFER_MIN_SIZE", 1, U64SIZE, RW,
		.since = "3.9", .initial = "128",
		.meaning = "the least that vsock.buffer_size may be"),
	ROW("buffer_max_size", "SO_VM_SOCKETS_BUFFER_MAX_SIZE", 2, U64SIZE, RW,
		.since = "3.9", .initial = "262144",
		.meaning = "the most that vsock.buffer_size may be"),
	ROW("peer_host_vm_id", "SO_VM_SOCKETS_PEER_HOST_VM_ID", 3, INT,
		GET | AFTER, .since = "3.9",
		.meaning = "VMware's number of the peer's machine"),
	ROW("trusted", "SO_VM_SOCKETS_TRUSTED", 5, BOOL, GET | AFTER,
		.since = "3.9",
		.meaning = "is the peer trusted, which only VMware tells"),
	ROW("connect_timeout", "SO_VM_SOCKETS_CONNECT_TIMEOUT", 6, TIME,
		RW | CONNECT, .since = "3.9", .initial = "2s",
		.meaning = "how long connect waits for the peer"),
	ROW("nonblock_txrx", "SO_VM_SOCKETS_NONBLOCK_TXRX", 7, BOOL, RW,
		.since = "3.9",
		.meaning = "sending does not wait for a copy, which only "
			   "VMware knows"),
	ROW("connect_timeout_new", "SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW", 8, TIME,
		RW | CONNECT, .since = "5.16", .initial = "2s",
		.meaning = "as vsock.connect_timeout, with a time that 32-bit "
			   "programs can use after 2038"),
	{ .name = NULL },
};
