/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of a connection: TCP_INFO, see tcp(7).
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
	PIER_INFO_STATE = 1 << 5           /* state */
};

struct pier_tcp_info {
	uint32_t have;           /* PIER_INFO_… of what is filled */
	uint8_t state;           /* 1 ESTABLISHED … 11 CLOSING */
	uint32_t rtt_us;         /* smoothed round-trip time */
	uint32_t rttvar_us;      /* its mean deviation */
	uint32_t retransmits;    /* segments sent again, in all */
	uint64_t bytes_sent;     /* payload, with what was sent again */
	uint64_t bytes_acked;    /* payload that the peer's kernel has */
	uint64_t bytes_received; /* payload that came */
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
 * TCP_INFO, len bytes of it, which may be fewer or more than this library
 * knows. Pure. Always 0.
 */
int pier_tcp_info_decode_sized(
	struct pier_tcp_info *info, size_t size, const void *bytes, size_t len);

static inline int
pier_tcp_info_decode(struct pier_tcp_info *info, const void *bytes, size_t len)
{
	return pier_tcp_info_decode_sized(info, sizeof(*info), bytes, len);
}

#ifdef __cplusplus
}
#endif

#endif
