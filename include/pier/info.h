/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of a connection: TCP_INFO, see tcp(7).
 *
 * The kernel's struct tcp_info grows at its end. Here it stands whole, in a
 * struct of pier's own with the unit in each name, so that no kernel header is
 * needed and a program built today runs on an old kernel: `have` says what
 * that one gave. What it gave not is 0.
 */
#ifndef PIER_INFO_H
#define PIER_INFO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which fields this kernel gave: an older one knows fewer. */
enum {
	PIER_INFO_RTT = 1 << 0,            /* rtt_us, rttvar_us */
	PIER_INFO_RETRANSMITS = 1 << 1,    /* retransmits */
	PIER_INFO_BYTES_ACKED = 1 << 2,    /* bytes_acked (Linux 4.1) */
	PIER_INFO_BYTES_RECEIVED = 1 << 3, /* bytes_received (Linux 4.1) */
	PIER_INFO_BYTES_SENT = 1 << 4,     /* bytes_sent (Linux 4.19) */
	PIER_INFO_STATE = 1 << 5,          /* state */
	PIER_INFO_CORE = 1 << 6,           /* ca_state to reordering */
	PIER_INFO_RECEIVING = 1 << 7,      /* rcv_rtt_us, rcv_space */
	PIER_INFO_PACING = 1 << 8,         /* pacing_rate… (Linux 3.15) */
	PIER_INFO_SEGMENTS = 1 << 9,       /* segs_out, segs_in (Linux 4.2) */
	PIER_INFO_MIN_RTT = 1 << 10,       /* notsent_bytes, min_rtt_us,
					      data_segs_… (Linux 4.6) */
	PIER_INFO_DELIVERY = 1 << 11,      /* delivery_rate (Linux 4.9) */
	PIER_INFO_LIMITS = 1 << 12,        /* busy_time_us, rwnd_limited_us,
					      sndbuf_limited_us (Linux 4.10) */
	PIER_INFO_DELIVERED = 1 << 13,     /* delivered… (Linux 4.18) */
	PIER_INFO_BYTES_RETRANS = 1 << 14, /* bytes_retrans, dsack_dups,
					      reord_seen (Linux 4.19) */
	PIER_INFO_WINDOW = 1 << 15,  /* rcv_ooopack, snd_wnd (Linux 5.4) */
	PIER_INFO_RCV_WND = 1 << 16, /* rcv_wnd, rehash (Linux 6.2) */
	PIER_INFO_RTO = 1 << 17,     /* total_rto… (Linux 6.7) */
	PIER_INFO_ACCECN = 1 << 18   /* received_ce to accecn (Linux 6.18) */
};

/* .state: the states of RFC 9293, by the kernel's numbers. */
enum pier_tcp_state {
	PIER_TCP_ESTABLISHED = 1,
	PIER_TCP_SYN_SENT,
	PIER_TCP_SYN_RECV,
	PIER_TCP_FIN_WAIT1,
	PIER_TCP_FIN_WAIT2,
	PIER_TCP_TIME_WAIT,
	PIER_TCP_CLOSE,
	PIER_TCP_CLOSE_WAIT,
	PIER_TCP_LAST_ACK,
	PIER_TCP_LISTEN,
	PIER_TCP_CLOSING,
	PIER_TCP_NEW_SYN_RECV,  /* a half-open connection, not yet a socket */
	PIER_TCP_BOUND_INACTIVE /* CLOSE, and bound to a port (Linux 6.8) */
};

/* .ca_state: what congestion control is at. */
enum pier_tcp_ca_state {
	PIER_TCP_CA_OPEN,     /* nothing unusual */
	PIER_TCP_CA_DISORDER, /* duplicate or selective acknowledgements */
	PIER_TCP_CA_CWR,      /* the window shrinks: the network asked for it */
	PIER_TCP_CA_RECOVERY, /* lost segments go again, found by their gaps */
	PIER_TCP_CA_LOSS      /* and found by the timer */
};

/* .options: what both ends agreed on. */
enum {
	PIER_TCP_OPTION_TIMESTAMPS = 1 << 0,
	PIER_TCP_OPTION_SACK = 1 << 1,
	PIER_TCP_OPTION_WSCALE = 1 << 2,
	PIER_TCP_OPTION_ECN = 1 << 3,
	PIER_TCP_OPTION_ECN_SEEN = 1 << 4, /* a segment came marked capable */
	PIER_TCP_OPTION_SYN_DATA = 1 << 5, /* data in the SYN was acked */
	PIER_TCP_OPTION_USEC_TS = 1 << 6,  /* timestamps in microseconds */
	PIER_TCP_OPTION_FASTOPEN_CHILD = 1 << 7
};

/*
 * Rates are in bytes a second. Windows, thresholds and spaces of the receiver
 * are in bytes, those of the sender in segments of snd_mss. Of a listening
 * socket, unacked is the number of connections that wait to be accepted, and
 * sacked the most that may.
 */
struct pier_tcp_info {
	uint32_t have;           /* PIER_INFO_… of what is filled */
	uint8_t state;           /* enum pier_tcp_state */
	uint32_t rtt_us;         /* smoothed round-trip time */
	uint32_t rttvar_us;      /* its mean deviation */
	uint32_t retransmits;    /* segments sent again, in all */
	uint64_t bytes_sent;     /* payload, with what was sent again */
	uint64_t bytes_acked;    /* payload that the peer's kernel has */
	uint64_t bytes_received; /* payload that came */

	uint8_t ca_state;    /* enum pier_tcp_ca_state */
	uint8_t timeouts;    /* retransmission timeouts in a row */
	uint8_t probes;      /* of a closed window, or keep-alive, in a row */
	uint8_t backoff;     /* how often the timer was doubled */
	uint8_t options;     /* PIER_TCP_OPTION_… */
	uint8_t snd_wscale;  /* bits by which the peer's window is shifted */
	uint8_t rcv_wscale;  /* and our own */
	uint8_t app_limited; /* delivery_rate: 1, the program sent too little */
	uint8_t fastopen_fail; /* why Fast Open was not: 0 none, 1 no cookie,
				    2 data not acked, 3 SYN sent again */
	uint32_t rto_us;       /* the retransmission timeout */
	uint32_t ato_us;       /* the time an acknowledgement may be delayed */
	uint32_t snd_mss;      /* payload of a full segment, sent */
	uint32_t rcv_mss;      /* and as received */
	uint32_t unacked;      /* segments under way */
	uint32_t sacked;       /* of these, selectively acknowledged */
	uint32_t lost;         /* of these, taken for lost */
	uint32_t retrans_out;  /* of these, sent again */
	uint32_t fackets;      /* not used since Linux 4.15 */
	uint32_t last_data_sent_ms; /* ago */
	uint32_t last_ack_sent_ms;  /* not kept by the kernel: 0 */
	uint32_t last_data_recv_ms; /* ago */
	uint32_t last_ack_recv_ms;  /* ago */
	uint32_t pmtu;              /* the path's largest packet, in bytes */
	uint32_t rcv_ssthresh;      /* to which the receive window may grow */
	uint32_t snd_ssthresh; /* below it slow start; 2^31-1 before a loss */
	uint32_t snd_cwnd;     /* congestion window */
	uint32_t advmss;       /* the segment size told to the peer */
	uint32_t reordering;   /* segments that may overtake without a loss */
	uint32_t rcv_rtt_us;   /* round-trip time, as the receiver sees it */
	uint32_t rcv_space;    /* what the program reads in that time */
	uint64_t pacing_rate;  /* sent no faster; all ones: no limit */
	uint64_t max_pacing_rate; /* SO_MAX_PACING_RATE; all ones: none */
	uint32_t segs_out;        /* sent, with those sent again */
	uint32_t segs_in;         /* received */
	uint32_t notsent_bytes;   /* in the send buffer, never sent yet */
	uint32_t min_rtt_us;    /* the least of the last minutes; 2^32-1 none */
	uint32_t data_segs_in;  /* of segs_in, with payload */
	uint32_t data_segs_out; /* of segs_out, with payload */
	uint64_t delivery_rate; /* as last measured, see app_limited */
	uint64_t busy_time_us;  /* with data that is not acknowledged */
	uint64_t rwnd_limited_us;   /* of that, held up by the peer's window */
	uint64_t sndbuf_limited_us; /* of that, held up by the send buffer */
	uint32_t delivered;         /* data segments the peer has */
	uint32_t delivered_ce;      /* of these, marked for congestion */
	uint64_t bytes_retrans;     /* of bytes_sent, sent again */
	uint32_t dsack_dups;        /* segments the peer says came twice */
	uint32_t reord_seen;        /* times the order was found changed */
	uint32_t rcv_ooopack;       /* segments that came out of order */
	uint32_t snd_wnd;           /* the peer's window */
	uint32_t rcv_wnd;           /* our own, as told to the peer */
	uint32_t rehash;            /* times another path was tried */
	uint16_t total_rto;         /* retransmission timeouts, in all */
	uint16_t total_rto_recoveries; /* times they came in a row */
	uint32_t total_rto_time_ms;    /* spent in these */
	uint32_t received_ce;          /* segments marked for congestion */
	uint32_t delivered_e1_bytes;   /* sent, and arrived as ECT(1) */
	uint32_t delivered_e0_bytes;   /* as ECT(0) */
	uint32_t delivered_ce_bytes;   /* as CE */
	uint32_t received_e1_bytes;    /* received the same ways */
	uint32_t received_e0_bytes;
	uint32_t received_ce_bytes;
	/* The last 32 bits as they came. Two layouts were released: fail mode
	   and option seen, 16 bits each (Linux 6.18); ECN mode, option seen,
	   fail mode and more options in 2, 2, 4, 24 (Linux 7.0) */
	uint32_t accecn;
};

/*
 * pier_tcp_info(fd, info): ask the kernel about any TCP socket, also one that
 * pier did not make. Never waits.
 *
 * 0, or
 *   -EBADF, -ENOTSOCK  fd is no socket
 *   -EOPNOTSUPP        fd is not a TCP socket
 */
int pier_tcp_info_sized(int fd, struct pier_tcp_info *info, size_t size);

static inline int
pier_tcp_info(int fd, struct pier_tcp_info *info)
{
	return pier_tcp_info_sized(fd, info, sizeof(*info));
}

/*
 * pier_tcp_info_decode(info, bytes, len): what getsockopt(2) gave for
 * TCP_INFO, or sock_diag(7) for INET_DIAG_INFO, len bytes of it, which may be
 * fewer or more than this library knows. Pure. Always 0.
 */
int pier_tcp_info_decode_sized(
	struct pier_tcp_info *info, size_t size, const void *bytes, size_t len);

static inline int
pier_tcp_info_decode(struct pier_tcp_info *info, const void *bytes, size_t len)
{
	return pier_tcp_info_decode_sized(info, sizeof(*info), bytes, len);
}

/* What a field counts. */
enum pier_unit {
	PIER_UNIT_NUMBER, /* a number, or one of an enumeration */
	PIER_UNIT_BYTES,
	PIER_UNIT_RATE, /* bytes a second */
	PIER_UNIT_MS,
	PIER_UNIT_US
};

/* One field of struct pier_tcp_info, for programs that show or compare all. */
struct pier_tcp_field {
	const char *name;    /* "rtt": the member without its unit */
	uint16_t offset;     /* in struct pier_tcp_info */
	uint8_t size;        /* 1, 2, 4 or 8 bytes, unsigned */
	uint8_t unit;        /* enum pier_unit */
	uint32_t have;       /* the PIER_INFO_… that says it is filled */
	const char *meaning; /* in a few words */
};

/*
 * pier_tcp_field_at(index): the fields, from 0 on, in the order of the
 * kernel's struct; NULL behind the last. Constant.
 */
const struct pier_tcp_field *pier_tcp_field_at(size_t index);

/*
 * pier_tcp_field_value(field, info): its value; 0 when it was not given, or
 * when the program was compiled before the field was known.
 */
uint64_t pier_tcp_field_value_sized(const struct pier_tcp_field *field,
	const struct pier_tcp_info *info, size_t size);

static inline uint64_t
pier_tcp_field_value(
	const struct pier_tcp_field *field, const struct pier_tcp_info *info)
{
	return pier_tcp_field_value_sized(field, info, sizeof(*info));
}

/*
 * pier_tcp_state_name(state): the name of a state, as RFC 9293 writes it:
 * "ESTABLISHED", "SYN-SENT"; or "BOUND". NULL for a number that is none.
 */
const char *pier_tcp_state_name(unsigned int state);

/*
 * pier_tcp_ca_state_name(state): the name of a state of congestion control:
 * "open", "disorder", "cwr", "recovery" or "loss". NULL for any other number.
 */
const char *pier_tcp_ca_state_name(unsigned int state);

/* What holds a connection back. */
enum pier_tcp_limit {
	PIER_LIMIT_IDLE,        /* nothing: nothing is to be sent */
	PIER_LIMIT_APP,         /* the program gives too little to send */
	PIER_LIMIT_RECEIVER,    /* the peer's window */
	PIER_LIMIT_SEND_BUFFER, /* SO_SNDBUF */
	PIER_LIMIT_CONGESTION,  /* the congestion window, or pacing */
	PIER_LIMIT_LOSS,        /* repairing losses */
	PIER_LIMIT_COUNT
};

/* What follows from two samples of one connection. */
struct pier_tcp_flow {
	int64_t interval_ns; /* between the samples */
	uint32_t queue_us;   /* rtt_us over min_rtt_us: queueing delay */
	uint32_t
		loss_ppm; /* of the bytes sent, those sent again; per million */
	uint64_t sent_bytes;  /* in the interval, with those sent again */
	uint64_t acked_bytes; /* in the interval */
	uint64_t received_bytes;
	uint64_t send_rate;        /* acked_bytes a second */
	uint64_t receive_rate;     /* received_bytes a second */
	enum pier_tcp_limit limit; /* the one with the largest share */
	uint32_t share_ppm[PIER_LIMIT_COUNT]; /* of the interval; in all 10^6 */
};

/*
 * pier_tcp_flow(flow, before, after, interval_ns): what happened to the
 * sending side of a connection, and what held it back. Pure.
 *
 *   before       an earlier sample, or NULL: since the connection began
 *   after        the later one
 *   interval_ns  the time between; without before, the connection's age, or 0
 *                when it is not known: then the shares are those of the time
 *                in which something was under way
 *
 * The kernel keeps the times in which data was under way, and in which of
 * these the peer's window or the send buffer held it up (Linux 4.10). The rest
 * of the interval is APP when something was sent in it, else IDLE. Of the time
 * with data under way, what neither held up is LOSS when segments were sent
 * again or are being repaired; APP when the program left the congestion window
 * unfilled; else CONGESTION.
 *
 * 0, or
 *   -EINVAL   interval_ns is negative, or before counts more than after: they
 *             are not two samples of one connection in this order
 *   -ENODATA  this kernel does not keep those times
 */
int pier_tcp_flow_sized(struct pier_tcp_flow *flow, size_t size,
	const struct pier_tcp_info *before, const struct pier_tcp_info *after,
	int64_t interval_ns);

static inline int
pier_tcp_flow(struct pier_tcp_flow *flow, const struct pier_tcp_info *before,
	const struct pier_tcp_info *after, int64_t interval_ns)
{
	return pier_tcp_flow_sized(
		flow, sizeof(*flow), before, after, interval_ns);
}

/*
 * pier_tcp_limit_name(limit): the name of a limit: "idle", "app", "receiver",
 * "send-buffer", "congestion" or "loss". NULL for any other number.
 */
const char *pier_tcp_limit_name(unsigned int limit);

#ifdef __cplusplus
}
#endif

#endif
