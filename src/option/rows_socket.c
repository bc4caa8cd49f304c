/* SPDX-License-Identifier: MIT */
/*
 * Options of every socket: SOL_SOCKET, see socket(7).
 */
#include "option/row.h"

#define GROUP "socket."
#define LEVEL 1

const struct pier_option pier__options_socket[] = {
	ROW("debug", "SO_DEBUG", 1, BOOL, RW, .since = "1.0", .initial = "0",
		.capability = "CAP_NET_ADMIN",
		.meaning =
			"keep debugging notes about this socket in the kernel"),
	ROW("reuseaddr", "SO_REUSEADDR", 2, BOOL, RW | BIND, .since = "1.0",
		.initial = "0",
		.meaning = "let it be bound to a TCP port that is only in "
			   "TIME-WAIT; on UDP, share the port with others that "
			   "say the same"),
	ROW("type", "SO_TYPE", 3, INT, GET, .since = "1.0",
		.words = "stream=1 dgram=2 raw=3 rdm=4 seqpacket=5 dccp=6 "
			 "packet=10",
		.meaning = "the type that the socket was made with"),
	ROW("error", "SO_ERROR", 4, INT, GET | EFFECT, .since = "1.0",
		.initial = "0",
		.meaning = "the error that waits, as a number of errno; "
			   "reading it takes it away"),
	ROW("dontroute", "SO_DONTROUTE", 5, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "send only to hosts of the directly connected "
			   "networks, through no gateway"),
	ROW("broadcast", "SO_BROADCAST", 6, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "let datagrams go to a broadcast address"),
	ROW("sndbuf", "SO_SNDBUF", 7, SIZE, RW, .since = "1.0",
		.max = INT32_MAX, .sysctl = "net.core.wmem_max",
		.differs = DOUBLED,
		.meaning =
			"room for what was sent and is not acknowledged yet"),
	ROW("rcvbuf", "SO_RCVBUF", 8, SIZE, RW | CONNECT, .since = "1.0",
		.max = INT32_MAX, .sysctl = "net.core.rmem_max",
		.differs = DOUBLED,
		.meaning = "room for what came and was not read yet; on TCP it "
			   "ends the automatic sizing"),
	ROW("keepalive", "SO_KEEPALIVE", 9, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "probe a connection that has been silent, and give "
			   "it up when nobody answers"),
	ROW("oobinline", "SO_OOBINLINE", 10, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "leave urgent data of TCP among the other bytes"),
	ROW("no_check", "SO_NO_CHECK", 11, BOOL, RW, .since = "1.0",
		.initial = "0",
		.meaning = "send UDP over IPv4 without a checksum"),
	ROW("priority", "SO_PRIORITY", 12, INT, RW, .since = "1.3",
		.initial = "0", .capability = "CAP_NET_ADMIN",
		.meaning = "the queueing priority of what is sent; on IPv4 the "
			   "kernel also derives it from ip.tos; without the "
			   "capability 0 to 6"),
	ROW("linger", "SO_LINGER", 13, LINGER, RW, .since = "1.0",
		.initial = "off",
		.meaning = "on close, wait so long for unsent data; off leaves "
			   "it to the background, 0s resets the connection"),
	ROW("bsdcompat", "SO_BSDCOMPAT", 14, BOOL, RW, .since = "2.0",
		.initial = "0",
		.meaning = "nothing any more: it was for BSD's handling of "
			   "ICMP errors"),
	ROW("reuseport", "SO_REUSEPORT", 15, BOOL, RW | BIND, .since = "3.9",
		.initial = "0",
		.meaning = "let several sockets of one user bind the same port "
			   "and share what comes"),
	ROW("passcred", "SO_PASSCRED", 16, BOOL, RW, .since = "2.2",
		.initial = "0",
		.meaning = "receive the sender's process, user and group with "
			   "each message of a Unix or netlink socket"),
	ROW("peercred", "SO_PEERCRED", 17, UCRED, GET, .since = "2.2",
		.meaning = "process, user and group at the other end of a Unix "
			   "connection, as they were when it was made"),
	ROW("rcvlowat", "SO_RCVLOWAT", 18, SIZE, RW, .since = "2.4",
		.initial = "1", .max = INT32_MAX,
		.differs = "0 counts as 1, and half of the receive buffer is "
			   "the most",
		.meaning =
			"how many bytes must wait before a read or poll wakes"),
	ROW("sndlowat", "SO_SNDLOWAT", 19, SIZE, GET, .since = "2.4",
		.initial = "1",
		.meaning = "how much room a write needs; Linux keeps it at 1"),
	ROW("rcvtimeo", "SO_RCVTIMEO", 20, TIME, RW, .since = "2.3.41",
		.initial = "0s", .differs = TICKS,
		.meaning = "how long a blocking read may wait; 0 is for ever"),
	ROW("sndtimeo", "SO_SNDTIMEO", 21, TIME, RW, .since = "2.3.41",
		.initial = "0s", .differs = TICKS,
		.meaning = "how long a blocking write or connect may wait; 0 "
			   "is for ever"),
	ROW("bindtodevice", "SO_BINDTODEVICE", 25, NAME16, RW | BIND,
		.since = "2.0.30", .capability = "CAP_NET_RAW",
		.aliases = "device",
		.meaning = "use only this interface; without the capability "
			   "only while none is set (Linux 5.7)"),
	ROW("attach_filter", "SO_ATTACH_FILTER", 26, PROGRAM, RW | POINTERS,
		.since = "2.2",
		.meaning = "keep only packets that this classic BPF program "
			   "lets through"),
	ROW("detach_filter", "SO_DETACH_FILTER", 27, BOOL, SET | NO_VALUE,
		.since = "2.2", .meaning = "take the filter away"),
	ROW("peername", "SO_PEERNAME", 28, SOCKADDR, GET, .since = "2.4",
		.meaning =
			"the address of the peer, as getpeername(2) tells it"),
	ROW("timestamp", "SO_TIMESTAMP", 29, BOOL, RW, .since = "2.4",
		.initial = "0",
		.meaning = "receive the time of arrival with each message, in "
			   "microseconds"),
	ROW("acceptconn", "SO_ACCEPTCONN", 30, BOOL, GET, .since = "2.4",
		.initial = "0", .meaning = "does the socket listen"),
	ROW("peersec", "SO_PEERSEC", 31, NAME, GET, .since = "2.6.2",
		.meaning = "the security context at the other end of a Unix or "
			   "labelled connection"),
	ROW("sndbufforce", "SO_SNDBUFFORCE", 32, SIZE, SET | CONNECT,
		.since = "2.6.14", .max = INT32_MAX,
		.capability = "CAP_NET_ADMIN", .differs = DOUBLED,
		.meaning =
			"the send buffer, past the limit of net.core.wmem_max"),
	ROW("rcvbufforce", "SO_RCVBUFFORCE", 33, SIZE, SET | CONNECT,
		.since = "2.6.14", .max = INT32_MAX,
		.capability = "CAP_NET_ADMIN", .differs = DOUBLED,
		.meaning = "the receive buffer, past the limit of "
			   "net.core.rmem_max"),
	ROW("passsec", "SO_PASSSEC", 34, BOOL, RW, .since = "2.6.18",
		.initial = "0",
		.meaning = "receive the sender's security context with each "
			   "message of a Unix socket"),
	ROW("timestampns", "SO_TIMESTAMPNS", 35, BOOL, RW, .since = "2.6.22",
		.initial = "0",
		.meaning = "receive the time of arrival with each message, in "
			   "nanoseconds"),
	ROW("mark", "SO_MARK", 36, U32, RW, .since = "2.6.25", .initial = "0",
		.capability = "CAP_NET_ADMIN",
		.meaning = "the mark of what is sent, for routing and firewall "
			   "rules; CAP_NET_RAW will do since Linux 5.17"),
	ROW("timestamping", "SO_TIMESTAMPING", 37, BITS, RW | WORD_BITS,
		.since = "2.6.30", .initial = "0", .words = TIMESTAMPING_WORDS,
		.meaning = "which times of sending and arrival the kernel or "
			   "the card takes, and how it hands them over"),
	ROW("protocol", "SO_PROTOCOL", 38, INT, GET, .since = "2.6.32",
		.words = "ip=0 icmp=1 tcp=6 udp=17 ipv6=41 icmpv6=58 sctp=132 "
			 "udplite=136 raw=255 mptcp=262",
		.meaning = "the protocol that the socket was made with"),
	ROW("domain", "SO_DOMAIN", 39, INT, GET, .since = "2.6.32",
		.words = "unix=1 inet=2 inet6=10 netlink=16 packet=17 can=29 "
			 "tipc=30 bluetooth=31 vsock=40 xdp=44",
		.meaning = "the family that the socket was made with"),
	ROW("rxq_ovfl", "SO_RXQ_OVFL", 40, BOOL, RW, .since = "2.6.33",
		.initial = "0",
		.meaning = "receive, with each message, how many were dropped "
			   "for lack of room so far"),
	ROW("wifi_status", "SO_WIFI_STATUS", 41, BOOL, RW, .since = "3.3",
		.initial = "0",
		.meaning = "tell through the error queue whether a frame of "
			   "raw wireless was acknowledged"),
	ROW("peek_off", "SO_PEEK_OFF", 42, INT, RW, .since = "3.4",
		.initial = "-1", .min = -1, .max = INT32_MAX,
		.meaning = "where in a Unix, UDP or TCP queue MSG_PEEK looks "
			   "next; -1 is always the front"),
	ROW("nofcs", "SO_NOFCS", 43, BOOL, RW, .since = "3.4", .initial = "0",
		.meaning = "what a packet socket sends ends in its own frame "
			   "check sequence"),
	ROW("lock_filter", "SO_LOCK_FILTER", 44, BOOL, RW, .since = "3.9",
		.initial = "0",
		.meaning = "let nobody change the filter of this socket again"),
	ROW("select_err_queue", "SO_SELECT_ERR_QUEUE", 45, BOOL, RW,
		.since = "3.10", .initial = "0",
		.meaning = "let select(2) tell of the error queue as an "
			   "exception"),
	ROW("busy_poll", "SO_BUSY_POLL", 46, US, RW, .since = "3.11",
		.max = INT32_MAX, .capability = "CAP_NET_ADMIN",
		.sysctl = "net.core.busy_read",
		.meaning = "how long a blocking read may poll the card before "
			   "it sleeps; only older kernels ask for the "
			   "capability, to raise it"),
	ROW("max_pacing_rate", "SO_MAX_PACING_RATE", 47, RATE, RW,
		.since = "3.13", .words = "unlimited=-1",
		.meaning = "the most bytes a second that TCP, or a fair queue, "
			   "sends"),
	ROW("bpf_extensions", "SO_BPF_EXTENSIONS", 48, INT, GET,
		.since = "3.14",
		.meaning =
			"how many extensions of classic BPF this kernel has"),
	ROW("incoming_cpu", "SO_INCOMING_CPU", 49, INT, RW, .since = "3.19",
		.initial = "-1",
		.meaning = "the processor that handled the last packet; set on "
			   "a listener of a reuseport group: the one whose "
			   "connections it gets"),
	ROW("attach_bpf", "SO_ATTACH_BPF", 50, INT, SET, .since = "3.19",
		.meaning = "keep only packets that this loaded BPF program, a "
			   "descriptor, lets through"),
	ROW("attach_reuseport_cbpf", "SO_ATTACH_REUSEPORT_CBPF", 51, PROGRAM,
		SET | POINTERS, .since = "4.5",
		.meaning = "the classic BPF program that chooses the socket of "
			   "a reuseport group"),
	ROW("attach_reuseport_ebpf", "SO_ATTACH_REUSEPORT_EBPF", 52, INT, SET,
		.since = "4.5",
		.meaning = "the loaded BPF program, a descriptor, that chooses "
			   "the socket of a reuseport group"),
	ROW("cnx_advice", "SO_CNX_ADVICE", 53, INT, SET | AFTER, .since = "4.6",
		.min = -1, .max = 1,
		.meaning = "1 tells the kernel that the connection makes "
			   "progress; -1 that it does not, and that another "
			   "route may be better"),
	ROW("meminfo", "SO_MEMINFO", 55, MEMINFO, GET, .since = "4.12",
		.meaning = "the memory that the socket uses, and may use"),
	ROW("incoming_napi_id", "SO_INCOMING_NAPI_ID", 56, U32, GET,
		.since = "4.12", .initial = "0",
		.meaning =
			"the card's queue that the last packet came through"),
	ROW("cookie", "SO_COOKIE", 57, HEX64, GET, .since = "4.12",
		.meaning = "a number for this socket that no other has until "
			   "the next boot"),
	ROW("peergroups", "SO_PEERGROUPS", 59, GROUPS, GET, .since = "4.13",
		.meaning = "the further groups of the process at the other end "
			   "of a Unix connection"),
	ROW("zerocopy", "SO_ZEROCOPY", 60, BOOL, RW, .since = "4.14",
		.initial = "0",
		.meaning =
			"let MSG_ZEROCOPY send from the program's own memory"),
	ROW("txtime", "SO_TXTIME", 61, TXTIME, RW, .since = "4.19",
		.initial = "0,0x0", .capability = "CAP_NET_ADMIN",
		.meaning = "send each packet at a time that comes with it"),
	ROW("bindtoifindex", "SO_BINDTOIFINDEX", 62, INTERFACE, RW | BIND,
		.since = "5.1", .initial = "0", .capability = "CAP_NET_RAW",
		.meaning = "use only the interface of this number; 0 is any"),
	ROW("timestamp_new", "SO_TIMESTAMP_NEW", 63, BOOL, RW, .since = "5.1",
		.initial = "0",
		.meaning = "as socket.timestamp, with a time that 32-bit "
			   "programs can use after 2038"),
	ROW("timestampns_new", "SO_TIMESTAMPNS_NEW", 64, BOOL, RW,
		.since = "5.1", .initial = "0",
		.meaning = "as socket.timestampns, with a time that 32-bit "
			   "programs can use after 2038"),
	ROW("timestamping_new", "SO_TIMESTAMPING_NEW", 65, BITS, RW | WORD_BITS,
		.since = "5.1", .initial = "0", .words = TIMESTAMPING_WORDS,
		.meaning = "as socket.timestamping, with times that 32-bit "
			   "programs can use after 2038"),
	ROW("rcvtimeo_new", "SO_RCVTIMEO_NEW", 66, TIME, RW, .since = "5.1",
		.initial = "0s", .differs = TICKS,
		.meaning = "as socket.rcvtimeo, with a time that 32-bit "
			   "programs can use after 2038"),
	ROW("sndtimeo_new", "SO_SNDTIMEO_NEW", 67, TIME, RW, .since = "5.1",
		.initial = "0s", .differs = TICKS,
		.meaning = "as socket.sndtimeo, with a time that 32-bit "
			   "programs can use after 2038"),
	ROW("detach_reuseport_bpf", "SO_DETACH_REUSEPORT_BPF", 68, BOOL,
		SET | NO_VALUE, .since = "5.3",
		.meaning = "take away the program that chooses the socket of a "
			   "reuseport group"),
	ROW("prefer_busy_poll", "SO_PREFER_BUSY_POLL", 69, BOOL, RW,
		.since = "5.11", .initial = "0", .capability = "CAP_NET_ADMIN",
		.meaning = "prefer polling the card over its interrupts"),
	ROW("busy_poll_budget", "SO_BUSY_POLL_BUDGET", 70, INT, RW,
		.since = "5.11", .initial = "8", .max = 65535,
		.capability = "CAP_NET_ADMIN",
		.meaning = "how many packets one round of polling takes; "
			   "lowering it needs no capability"),
	ROW("netns_cookie", "SO_NETNS_COOKIE", 71, HEX64, GET, .since = "5.14",
		.meaning = "a number for the network namespace of this socket "
			   "that no other has"),
	ROW("buf_lock", "SO_BUF_LOCK", 72, BITS, RW | WORD_BITS,
		.since = "5.15", .initial = "0", .max = 3,
		.words = "sndbuf=1 rcvbuf=2",
		.meaning = "which buffers keep their size: the kernel adjusts "
			   "the others by itself"),
	ROW("reserve_mem", "SO_RESERVE_MEM", 73, SIZE, RW, .since = "5.16",
		.initial = "0", .max = INT32_MAX,
		.meaning = "memory that is set aside for this socket, so that "
			   "sending does not fail under pressure"),
	ROW("txrehash", "SO_TXREHASH", 74, INT, RW, .since = "5.18",
		.initial = "-1", .min = -1, .max = 1,
		.sysctl = "net.core.txrehash",
		.meaning = "choose another path after a retransmission "
			   "timeout; -1 is what the sysctl says"),
	ROW("rcvmark", "SO_RCVMARK", 75, BOOL, RW, .since = "5.19",
		.initial = "0", .meaning = "receive the mark of each message"),
	ROW("passpidfd", "SO_PASSPIDFD", 76, BOOL, RW, .since = "6.5",
		.initial = "0",
		.meaning = "receive a pidfd of the sender with each message of "
			   "a Unix socket"),
	ROW("peerpidfd", "SO_PEERPIDFD", 77, INT, GET | EFFECT, .since = "6.5",
		.meaning = "a new pidfd of the process at the other end of a "
			   "Unix connection"),
	ROW("devmem_dontneed", "SO_DEVMEM_DONTNEED", 80, PROGRAM,
		SET | POINTERS, .since = "6.12",
		.meaning = "give memory of a device, which TCP received into, "
			   "back to the kernel"),
	ROW("rcvpriority", "SO_RCVPRIORITY", 82, BOOL, RW, .since = "6.14",
		.initial = "0",
		.meaning = "receive the queueing priority of each message"),
	ROW("passrights", "SO_PASSRIGHTS", 83, BOOL, RW, .since = "6.16",
		.initial = "1",
		.meaning =
			"let descriptors come with messages of a Unix socket"),
	ROW("inq", "SO_INQ", 84, BOOL, RW, .since = "6.17", .initial = "0",
		.meaning = "receive, with each read of a Unix stream, how many "
			   "bytes are left"),
	{ .name = NULL },
};
