/* SPDX-License-Identifier: MIT */
/*
 * option/row.h - how a row of the table of options is written, for the
 * files rows_*.c. Each of them names its GROUP, "tcp.", and its LEVEL.
 *
 * Numbers are the kernel's and not those of the machine that builds: they are
 * the same on x86-64 and aarch64 (asm-generic/socket.h), and its headers may
 * be older. A test holds them against the headers.
 */
#ifndef PIER_OPTION_ROW_H
#define PIER_OPTION_ROW_H

#include <pier/option.h>

#include <stdint.h>

#include "option/table.h"

#define ROW(short_name, symbol, code, kind, what, ...)                   \
	{                                                                \
		.name = GROUP short_name, .constant = (symbol),          \
		.level = LEVEL, .number = (code), kind, .flags = (what), \
		__VA_ARGS__                                              \
	}

#define GET       PIER_OPTION_GET
#define SET       PIER_OPTION_SET
#define RW        (GET | SET)
#define BIND      PIER_OPTION_BEFORE_BIND
#define CONNECT   PIER_OPTION_BEFORE_CONNECT
#define AFTER     PIER_OPTION_CONNECTED
#define EFFECT    PIER_OPTION_EFFECT
#define POINTERS  PIER_OPTION_POINTERS
#define WORD_BITS PIER_OPTION_BITS
#define NO_VALUE  PIER_OPTION_NO_VALUE
#define ASKS      PIER_OPTION_ASKS

#define DOUBLED pier__option_doubled
#define TICKS   "the kernel counts in ticks of its timer"

#define TIMESTAMPING_WORDS                                                 \
	"tx_hardware=0x1 tx_software=0x2 rx_hardware=0x4 rx_software=0x8 " \
	"software=0x10 sys_hardware=0x20 raw_hardware=0x40 opt_id=0x80 "   \
	"tx_sched=0x100 tx_ack=0x200 opt_cmsg=0x400 opt_tsonly=0x800 "     \
	"opt_stats=0x1000 opt_pktinfo=0x2000 opt_tx_swhw=0x4000 "          \
	"bind_phc=0x8000 opt_id_tcp=0x10000 opt_rx_filter=0x20000 "        \
	"tx_completion=0x40000"

/* What type a value has in C, and how pier reads it: see struct pier_option. */
#define TYPED(name, fields) .type = (name), .layout = (fields)

#define BOOL      TYPED("int", "b4")
#define INT       TYPED("int", "i4")
#define I32       TYPED("sctp_assoc_t", "i4")
#define U8        TYPED("unsigned char", "u1")
#define U16       TYPED("unsigned short", "u2")
#define U16SIZE   TYPED("unsigned short", "u2/B")
#define U32       TYPED("unsigned int", "u4")
#define HEX32     TYPED("unsigned int", "x4")
#define HEX64     TYPED("unsigned long long", "x8")
#define U32SIZE   TYPED("unsigned int", "u4/B")
#define SIZE      TYPED("int", "i4/B")
#define U64SIZE   TYPED("unsigned long long", "u8/B")
#define RATE      TYPED("unsigned long", "u8/Bps")
#define SECONDS   TYPED("int", "i4/s")
#define MS        TYPED("unsigned int", "u4/ms")
#define US        TYPED("unsigned int", "u4/us")
#define NSTIME    TYPED("unsigned int", "u4/ns")
#define TIME      TYPED("struct timeval", "tv")
#define LINGER    TYPED("struct linger", "lg")
#define TOS       TYPED("int", "x4")
#define BITS      TYPED("int", "x4")
#define NAME16    TYPED("char[16]", "t16")
#define NAME      TYPED("char[]", "t")
#define INTERFACE TYPED("int", "if4")
#define IFNET     TYPED("int", "ifn4")
#define BYTES     TYPED("void", "h")
#define HEXBYTES  TYPED("void", "h")
#define OPTBYTES  TYPED("void", "h")
#define PROGRAM   TYPED("void", "h")
#define SOCKADDR  TYPED("struct sockaddr_storage", "sa128")
#define SOCKADDR4 TYPED("struct sockaddr_in", "sa16")
#define SOCKADDR6 TYPED("struct sockaddr_in6", "sa28")
#define TABLE     TYPED("void", "h")
#define NOTHING   TYPED("void", "h") /* of NO_VALUE: the kernel wants no bytes */
#define SOCKADDRS TYPED("struct sockaddr[]", "h")
#define UCRED     TYPED("struct ucred", "i4 pid,u4 uid,u4 gid")
#define GROUPS    TYPED("gid_t[]", "*u4 gid")
#define U32LIST   TYPED("unsigned int[]", "*x4 groups")
#define MEMINFO                                                             \
	TYPED("unsigned int[9]",                                            \
		"u4/B rmem_alloc,u4/B rcvbuf,u4/B wmem_alloc,u4/B sndbuf,"  \
		"u4/B fwd_alloc,u4/B wmem_queued,u4/B optmem,u4/B backlog," \
		"u4 drops")
#define TXTIME      TYPED("struct sock_txtime", "i4 clock,x4 flags")
#define MREQN       TYPED("struct ip_mreqn", "ip4 group,ip4 local,if4 interface")
#define MULTICASTIF TYPED("struct ip_mreqn", "mi")
#define MREQSRC     TYPED("struct ip_mreq_source", "ip4 group,ip4 local,ip4 source")
#define MSFILTER                    \
	TYPED("struct ip_msfilter", \
		"ip4 group,ip4 local,u4 mode,u4 count,*ip4 source")
#define GROUPREQ TYPED("struct group_req", "if4 interface,-4,sa128 group")
#define GROUPSRC                         \
	TYPED("struct group_source_req", \
		"if4 interface,-4,sa128 group,sa128 source")
#define PORTRANGE TYPED("unsigned int", "u2 low,u2 high")
#define MREQ6     TYPED("struct ipv6_mreq", "ip6 group,if4 interface")
#define PKTINFO6  TYPED("struct in6_pktinfo", "ip6 address,if4 interface")
#define MTUINFO   TYPED("struct ip6_mtuinfo", "sa28 address,u4/B mtu")
#define FLOWLABEL                                                             \
	TYPED("struct in6_flowlabel_req",                                     \
		"ip6 peer,x4 label,u1 action,u1 share,x2 flags,u2/s expires," \
		"u2/s linger,-4")
#define ICMPFILTER  TYPED("struct icmp_filter", "x4")
#define ICMP6FILTER TYPED("struct icmp6_filter", "*x4 types")
#define TCPINFO                                                                \
	TYPED("struct tcp_info",                                               \
		"u1 state,u1 ca_state,u1 retransmits,u1 probes,u1 backoff,"    \
		"x1 options,x1 wscale,x1 app_limited,u4/us rto,u4/us ato,"     \
		"u4/B snd_mss,u4/B rcv_mss,u4 unacked,u4 sacked,u4 lost,"      \
		"u4 retrans,u4 fackets,u4/ms last_data_sent,"                  \
		"u4/ms last_ack_sent,u4/ms last_data_recv,"                    \
		"u4/ms last_ack_recv,u4/B pmtu,u4/B rcv_ssthresh,u4/us rtt,"   \
		"u4/us rttvar,u4 snd_ssthresh,u4 snd_cwnd,u4/B advmss,"        \
		"u4 reordering,u4/us rcv_rtt,u4/B rcv_space,u4 total_retrans," \
		"u8/Bps pacing_rate,u8/Bps max_pacing_rate,u8/B bytes_acked,"  \
		"u8/B bytes_received,u4 segs_out,u4 segs_in,"                  \
		"u4/B notsent_bytes,u4/us min_rtt,u4 data_segs_in,"            \
		"u4 data_segs_out,u8/Bps delivery_rate,u8/us busy_time,"       \
		"u8/us rwnd_limited,u8/us sndbuf_limited,u4 delivered,"        \
		"u4 delivered_ce,u8/B bytes_sent,u8/B bytes_retrans,"          \
		"u4 dsack_dups,u4 reord_seen,u4 rcv_ooopack,u4/B snd_wnd,"     \
		"u4/B rcv_wnd,u4 rehash,u2 total_rto,u2 total_rto_recoveries," \
		"u4/ms total_rto_time,u4 received_ce,"                         \
		"u4/B delivered_e1_bytes,u4/B delivered_e0_bytes,"             \
		"u4/B delivered_ce_bytes,u4/B received_e1_bytes,"              \
		"u4/B received_e0_bytes,u4/B received_ce_bytes,x4 accecn")
#define MD5SIG                                                             \
	TYPED("struct tcp_md5sig",                                         \
		"sa128 peer,x1 flags,u1 prefix,u2 key_size,if4 interface," \
		"h80 key")
/* <linux/mroute.h>, <linux/mroute6.h> */
#define VIFCTL                                                    \
	TYPED("struct vifctl", "u2 vif,x1 flags,u1 threshold,u4 " \
			       "rate_limit,ip4 local,ip4 remote")
#define MFCCTL                                                           \
	TYPED("struct mfcctl",                                           \
		"ip4 origin,ip4 group,u2 parent,h32 ttls,-2,u4 packets," \
		"u4/B bytes,u4 wrong_vif,i4/s expire")
#define MIF6CTL                 \
	TYPED("struct mif6ctl", \
		"u2 mif,x1 flags,u1 threshold,u2 interface,-2,u4 rate_limit")
#define MF6CCTL                                                            \
	TYPED("struct mf6cctl", "sa28 origin,sa28 group,u2 parent,-2,h32 " \
				"mifs")
/* <linux/ip_vs.h> */
#define IPVSINFO TYPED("struct ip_vs_getinfo", "x4 version,u4 size,u4 services")
#define IPVSTIME \
	TYPED("struct ip_vs_timeout_user", "u4/s tcp,u4/s tcp_fin,u4/s udp")
#define REPAIROPT TYPED("struct tcp_repair_opt[]", "*u4 code,u4 value")
#define REPAIRWIN                         \
	TYPED("struct tcp_repair_window", \
		"u4 snd_wl1,u4 snd_wnd,u4 max_window,u4 rcv_wnd,u4 rcv_wup")
#define MPTCPINFO                                                             \
	TYPED("struct mptcp_info",                                            \
		"u1 subflows,u1 add_addr_signal,u1 add_addr_accepted,"        \
		"u1 subflows_max,u1 add_addr_signal_max,"                     \
		"u1 add_addr_accepted_max,-2,x4 flags,x4 token,u8 write_seq," \
		"u8 snd_una,u8 rcv_nxt,u1 local_addr_used,u1 local_addr_max," \
		"b1 csum_enabled,-1,u4 retransmits,u8/B bytes_retrans,"       \
		"u8/B bytes_sent,u8/B bytes_received,u8/B bytes_acked,"       \
		"u1 subflows_total")
#define CRYPTO TYPED("struct tls_crypto_info", "x2 version,u2 cipher,h key")
#define PACKETMREQ                                                      \
	TYPED("struct packet_mreq", "if4 interface,u2 type,u2 size,h8 " \
				    "address")
#define RINGREQ                     \
	TYPED("struct tpacket_req", \
		"u4/B block_size,u4 block_nr,u4/B frame_size,u4 frame_nr")
#define PACKETSTATS \
	TYPED("struct tpacket_stats", "u4 packets,u4 drops,u4 freezes")
#define FANOUT TYPED("int", "u2 group,x2 mode")
#define ROLLOVER \
	TYPED("struct tpacket_rollover_stats", "u8 all,u8 huge,u8 failed")
#define CANFILTER TYPED("struct can_filter[]", "*x4 id,x4 mask")
#define CANVCID                              \
	TYPED("struct can_raw_vcid_options", \
		"x1 flags,u1 tx_vcid,u1 rx_vcid,x1 rx_vcid_mask")
#define ISOTPOPTS                                                      \
	TYPED("struct can_isotp_options",                              \
		"x4 flags,u4/ns frame_txtime,x1 ext_address,x1 txpad," \
		"x1 rxpad,x1 rx_ext_address")
#define ISOTPFC                              \
	TYPED("struct can_isotp_fc_options", \
		"u1 block_size,x1 stmin,u1 wait_max")
#define ISOTPLL                                                        \
	TYPED("struct can_isotp_ll_options", "u1/B mtu,u1/B tx_dl,x1 " \
					     "tx_flags")
#define J1939FILTER                                                 \
	TYPED("struct j1939_filter[]",                              \
		"*x8 name,x8 name_mask,x4 pgn,x4 pgn_mask,x1 addr," \
		"x1 addr_mask,-6")
#define BTSECURITY TYPED("struct bt_security", "u1 level,u1 key_size")
#define BTPOWER    TYPED("struct bt_power", "b1")
#define HCIFILTER                  \
	TYPED("struct hci_filter", \
		"x4 types,x4 events_low,x4 events_high,x2 opcode,-2")
#define L2CAPOPTS                                                              \
	TYPED("struct l2cap_options",                                          \
		"u2/B omtu,u2/B imtu,u2 flush_to,u1 mode,u1 fcs,u1 max_tx,-1," \
		"u2 txwin_size")
#define L2CAPCONN TYPED("struct l2cap_conninfo", "u2 handle,h3 class,-1")
#define TIPCGROUP                                                         \
	TYPED("struct tipc_group_req", "u4 type,u4 instance,u4 scope,x4 " \
				       "flags")
#define SCTPRTO                      \
	TYPED("struct sctp_rtoinfo", \
		"i4 assoc,u4/ms initial,u4/ms max,u4/ms min")
#define SCTPASSOC                                                             \
	TYPED("struct sctp_assocparams",                                      \
		"i4 assoc,u2 retransmits,u2 peer_addresses,u4/B peer_window," \
		"u4/B local_window,u4/ms cookie_life")
#define SCTPINIT                     \
	TYPED("struct sctp_initmsg", \
		"u2 out_streams,u2 in_streams,u2 attempts,u2/ms timeout")
#define SCTPADDR TYPED("struct sctp_prim", "i4 assoc,sa128 address")
#define SCTPPADDR                                                        \
	TYPED("struct sctp_paddrparams",                                 \
		"i4 assoc,sa128 address,u4/ms heartbeat,u2 retransmits," \
		"u4/B mtu,u4/ms sack_delay,x4 flags,x4 flow_label,x1 dscp,-1")
#define SCTPSNDRCV                                                 \
	TYPED("struct sctp_sndrcvinfo",                            \
		"u2 stream,u2 ssn,x2 flags,-2,x4 ppid,u4 context," \
		"u4/ms lifetime,u4 tsn,u4 cumtsn,i4 assoc")
#define SCTPVALUE TYPED("struct sctp_assoc_value", "i4 assoc,u4 value")
#define SCTPSTATUS                                                             \
	TYPED("struct sctp_status",                                            \
		"i4 assoc,i4 state,u4/B peer_window,u2 unacked,u2 pending,"    \
		"u2 in_streams,u2 out_streams,u4/B fragment,i4 primary_assoc," \
		"sa128 primary,i4 primary_state,u4/B cwnd,u4/ms srtt,"         \
		"u4/ms rto,u4/B mtu")
#define SCTPPINFO                                                       \
	TYPED("struct sctp_paddrinfo",                                  \
		"i4 assoc,sa128 address,i4 state,u4/B cwnd,u4/ms srtt," \
		"u4/ms rto,u4/B mtu")
#define SCTPSACK \
	TYPED("struct sctp_sack_info", "i4 assoc,u4/ms delay,u4 packets")
#define SCTPKEY TYPED("struct sctp_authkeyid", "i4 assoc,u2 key,-2")
#define SCTPTHLDS                                           \
	TYPED("struct sctp_paddrthlds",                     \
		"i4 assoc,-4,sa128 address,u2 retransmits," \
		"u2 potentially_failed,-4")
#define SCTPTHLDS2                                          \
	TYPED("struct sctp_paddrthlds_v2",                  \
		"i4 assoc,-4,sa128 address,u2 retransmits," \
		"u2 potentially_failed,u2 primary,-2")
#define SCTPSNDINFO                  \
	TYPED("struct sctp_sndinfo", \
		"u2 stream,x2 flags,x4 ppid,u4 context,i4 assoc")
#define SCTPPRINFO \
	TYPED("struct sctp_default_prinfo", "i4 assoc,u4 value,x2 policy,-2")
#define SCTPADDSTREAMS TYPED("struct sctp_add_streams", "i4 assoc,u2 in,u2 out")
#define SCTPSTREAM \
	TYPED("struct sctp_stream_value", "i4 assoc,u2 stream,u2 value")
#define SCTPEVENT TYPED("struct sctp_event", "i4 assoc,u2 kind,u1 on,-1")
#define SCTPENCAP \
	TYPED("struct sctp_udpencaps", "i4 assoc,-4,sa128 address,u2 port,-6")
#define SCTPPROBE                          \
	TYPED("struct sctp_probeinterval", \
		"i4 assoc,-4,sa128 address,u4/ms interval,-4")

#endif
