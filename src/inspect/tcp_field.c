/* SPDX-License-Identifier: MIT */
/*
 * inspect/tcp_field.c - every field of TCP_INFO, as one table: the decoder and
 * all that show or compare fields go through it.
 *
 * The offsets stand here and not in <linux/tcp.h>, whose struct is that of the
 * machine pier was built on. They are part of the kernel's ABI.
 */
#include "inspect/tcp_info.h"

#include <endian.h>
#include <string.h>

#define MEMBER_SIZE(member) sizeof(((struct pier_tcp_info *)NULL)->member)

#define FIELD(offset_there, member, label, what, flag, text)              \
	{                                                                 \
		.told = { .name = (label),                                \
			.offset = offsetof(struct pier_tcp_info, member), \
			.size = MEMBER_SIZE(member),                      \
			.unit = PIER_UNIT_##what,                         \
			.have = PIER_INFO_##flag,                         \
			.meaning = (text) },                              \
		.from = (offset_there)                                    \
	}

/* The first of several in a byte is in its lowest bits, on a machine whose
   lowest byte comes first; in its highest bits on the others. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define SHIFT(first, count) (first)
#else
#define SHIFT(first, count) (8 - (first) - (count))
#endif

#define BITS(offset_there, first, count, member, flag, text)              \
	{                                                                 \
		.told = { .name = #member,                                \
			.offset = offsetof(struct pier_tcp_info, member), \
			.size = 1,                                        \
			.unit = PIER_UNIT_NUMBER,                         \
			.have = PIER_INFO_##flag,                         \
			.meaning = (text) },                              \
		.from = (offset_there), .shift = SHIFT(first, count),     \
		.bits = (count)                                           \
	}

const struct pier__tcp_field pier__tcp_fields[] = {
	FIELD(0, state, "state", NUMBER, STATE, "the state of the connection"),
	FIELD(1, ca_state, "ca_state", NUMBER, CORE,
		"what congestion control is at"),
	FIELD(2, timeouts, "timeouts", NUMBER, CORE,
		"retransmission timeouts in a row"),
	FIELD(3, probes, "probes", NUMBER, CORE,
		"probes in a row without an answer"),
	FIELD(4, backoff, "backoff", NUMBER, CORE,
		"how often the timer was doubled"),
	FIELD(5, options, "options", NUMBER, CORE,
		"what both ends agreed on, as bits"),
	BITS(6, 0, 4, snd_wscale, CORE,
		"bits by which the peer's window is shifted"),
	BITS(6, 4, 4, rcv_wscale, CORE, "bits by which our window is shifted"),
	BITS(7, 0, 1, app_limited, CORE,
		"1: the rate was measured with too little to send"),
	BITS(7, 1, 2, fastopen_fail, CORE, "why Fast Open was not used"),
	FIELD(8, rto_us, "rto", US, CORE, "retransmission timeout"),
	FIELD(12, ato_us, "ato", US, CORE,
		"time an acknowledgement may be delayed"),
	FIELD(16, snd_mss, "snd_mss", BYTES, CORE,
		"payload of a full segment, sent"),
	FIELD(20, rcv_mss, "rcv_mss", BYTES, CORE,
		"payload of a full segment, received"),
	FIELD(24, unacked, "unacked", NUMBER, CORE,
		"segments under way; listening: connections waiting"),
	FIELD(28, sacked, "sacked", NUMBER, CORE,
		"selectively acknowledged; listening: the most that may wait"),
	FIELD(32, lost, "lost", NUMBER, CORE,
		"segments under way taken for lost"),
	FIELD(36, retrans_out, "retrans_out", NUMBER, CORE,
		"segments under way that were sent again"),
	FIELD(40, fackets, "fackets", NUMBER, CORE,
		"not used since Linux 4.15"),
	FIELD(44, last_data_sent_ms, "last_data_sent", MS, CORE,
		"since data was sent"),
	FIELD(48, last_ack_sent_ms, "last_ack_sent", MS, CORE,
		"not kept by the kernel"),
	FIELD(52, last_data_recv_ms, "last_data_recv", MS, CORE,
		"since data came"),
	FIELD(56, last_ack_recv_ms, "last_ack_recv", MS, CORE,
		"since an acknowledgement came"),
	FIELD(60, pmtu, "pmtu", BYTES, CORE, "the path's largest packet"),
	FIELD(64, rcv_ssthresh, "rcv_ssthresh", BYTES, CORE,
		"to which the receive window may grow"),
	FIELD(68, rtt_us, "rtt", US, RTT, "smoothed round-trip time"),
	FIELD(72, rttvar_us, "rttvar", US, RTT,
		"mean deviation of the round-trip time"),
	FIELD(76, snd_ssthresh, "snd_ssthresh", NUMBER, CORE,
		"slow start below so many segments"),
	FIELD(80, snd_cwnd, "snd_cwnd", NUMBER, CORE,
		"congestion window, in segments"),
	FIELD(84, advmss, "advmss", BYTES, CORE,
		"segment size told to the peer"),
	FIELD(88, reordering, "reordering", NUMBER, CORE,
		"segments that may overtake without a loss"),
	FIELD(92, rcv_rtt_us, "rcv_rtt", US, RECEIVING,
		"round-trip time as the receiver sees it"),
	FIELD(96, rcv_space, "rcv_space", BYTES, RECEIVING,
		"what the program reads in a round trip"),
	FIELD(100, retransmits, "retransmits", NUMBER, RETRANSMITS,
		"segments sent again"),
	FIELD(104, pacing_rate, "pacing_rate", RATE, PACING,
		"sent no faster than this"),
	FIELD(112, max_pacing_rate, "max_pacing_rate", RATE, PACING,
		"the limit that was set for it"),
	FIELD(120, bytes_acked, "bytes_acked", BYTES, BYTES_ACKED,
		"payload the peer's kernel has"),
	FIELD(128, bytes_received, "bytes_received", BYTES, BYTES_RECEIVED,
		"payload that came"),
	FIELD(136, segs_out, "segs_out", NUMBER, SEGMENTS, "segments sent"),
	FIELD(140, segs_in, "segs_in", NUMBER, SEGMENTS, "segments received"),
	FIELD(144, notsent_bytes, "notsent_bytes", BYTES, MIN_RTT,
		"in the send buffer, never sent yet"),
	FIELD(148, min_rtt_us, "min_rtt", US, MIN_RTT,
		"least round-trip time of the last minutes"),
	FIELD(152, data_segs_in, "data_segs_in", NUMBER, MIN_RTT,
		"segments received with payload"),
	FIELD(156, data_segs_out, "data_segs_out", NUMBER, MIN_RTT,
		"segments sent with payload"),
	FIELD(160, delivery_rate, "delivery_rate", RATE, DELIVERY,
		"rate at which data arrived, last measured"),
	FIELD(168, busy_time_us, "busy_time", US, LIMITS,
		"time with data under way"),
	FIELD(176, rwnd_limited_us, "rwnd_limited", US, LIMITS,
		"of that, held up by the peer's window"),
	FIELD(184, sndbuf_limited_us, "sndbuf_limited", US, LIMITS,
		"of that, held up by the send buffer"),
	FIELD(192, delivered, "delivered", NUMBER, DELIVERED,
		"data segments the peer has"),
	FIELD(196, delivered_ce, "delivered_ce", NUMBER, DELIVERED,
		"of these, marked for congestion"),
	FIELD(200, bytes_sent, "bytes_sent", BYTES, BYTES_SENT,
		"payload sent, with what went again"),
	FIELD(208, bytes_retrans, "bytes_retrans", BYTES, BYTES_RETRANS,
		"payload sent again"),
	FIELD(216, dsack_dups, "dsack_dups", NUMBER, BYTES_RETRANS,
		"segments the peer says came twice"),
	FIELD(220, reord_seen, "reord_seen", NUMBER, BYTES_RETRANS,
		"times the order was found changed"),
	FIELD(224, rcv_ooopack, "rcv_ooopack", NUMBER, WINDOW,
		"segments that came out of order"),
	FIELD(228, snd_wnd, "snd_wnd", BYTES, WINDOW, "the peer's window"),
	FIELD(232, rcv_wnd, "rcv_wnd", BYTES, RCV_WND, "our own window"),
	FIELD(236, rehash, "rehash", NUMBER, RCV_WND,
		"times another path was tried"),
	FIELD(240, total_rto, "total_rto", NUMBER, RTO,
		"retransmission timeouts"),
	FIELD(242, total_rto_recoveries, "total_rto_recoveries", NUMBER, RTO,
		"times they came in a row"),
	FIELD(244, total_rto_time_ms, "total_rto_time", MS, RTO,
		"time spent in these"),
	FIELD(248, received_ce, "received_ce", NUMBER, ACCECN,
		"segments marked for congestion"),
	FIELD(252, delivered_e1_bytes, "delivered_e1_bytes", BYTES, ACCECN,
		"sent, and arrived as ECT(1)"),
	FIELD(256, delivered_e0_bytes, "delivered_e0_bytes", BYTES, ACCECN,
		"sent, and arrived as ECT(0)"),
	FIELD(260, delivered_ce_bytes, "delivered_ce_bytes", BYTES, ACCECN,
		"sent, and arrived as CE"),
	FIELD(264, received_e1_bytes, "received_e1_bytes", BYTES, ACCECN,
		"received as ECT(1)"),
	FIELD(268, received_e0_bytes, "received_e0_bytes", BYTES, ACCECN,
		"received as ECT(0)"),
	FIELD(272, received_ce_bytes, "received_ce_bytes", BYTES, ACCECN,
		"received as CE"),
	FIELD(276, accecn, "accecn", NUMBER, ACCECN,
		"modes of accurate ECN, as they came"),
};

const size_t pier__tcp_field_count =
	sizeof(pier__tcp_fields) / sizeof(pier__tcp_fields[0]);

const struct pier_tcp_field *
pier_tcp_field_at(size_t index)
{
	return index < pier__tcp_field_count ? &pier__tcp_fields[index].told
					     : NULL;
}

uint64_t
pier_tcp_field_value_sized(const struct pier_tcp_field *field,
	const struct pier_tcp_info *info, size_t size)
{
	const unsigned char *at = (const unsigned char *)info + field->offset;
	uint64_t eight;
	uint32_t four;
	uint16_t two;

	if ((size_t)field->offset + field->size > size)
		return 0;
	switch (field->size) {
	case 8:
		memcpy(&eight, at, 8);
		return eight;
	case 4:
		memcpy(&four, at, 4);
		return four;
	case 2:
		memcpy(&two, at, 2);
		return two;
	default:
		return *at;
	}
}
