/* SPDX-License-Identifier: MIT */
/*
 * inspect/tcp_info.c - TCP_INFO, in the sizes that kernels give it.
 *
 * The kernel's struct grows at its end, so its length says what is in it. The
 * offsets stand here and not in <linux/tcp.h>, whose struct is that of the
 * machine pier was built on. They are part of the kernel's ABI.
 */
#include <pier/info.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "net/failure.h"
#include "os/calls.h"

/* As much as pier looks at, and room for what later kernels add before they
   cut it: getsockopt() gives at most what is asked for. */
#define BYTES_MAX 512

/* Where a field of the kernel's struct goes. */
struct field {
	uint16_t from;
	uint16_t to;
	uint8_t size; /* 1, 4 or 8, the same on both sides */
	uint8_t have;
};

#define FIELD(offset, member, flag)                                     \
	{                                                               \
		.from = (offset),                                       \
		.to = offsetof(struct pier_tcp_info, member),           \
		.size = sizeof(((struct pier_tcp_info *)NULL)->member), \
		.have = (flag)                                          \
	}

static const struct field fields[] = {
	FIELD(0, state, PIER_INFO_STATE),
	FIELD(68, rtt_us, 0),
	FIELD(72, rttvar_us, PIER_INFO_RTT),
	FIELD(100, retransmits, PIER_INFO_RETRANSMITS),
	FIELD(120, bytes_acked, PIER_INFO_BYTES_ACKED),
	FIELD(128, bytes_received, PIER_INFO_BYTES_RECEIVED),
	FIELD(200, bytes_sent, PIER_INFO_BYTES_SENT),
};

static void
decode(struct pier_tcp_info *info, const unsigned char *bytes, size_t len)
{
	unsigned char *to = (unsigned char *)info;
	size_t i;

	memset(info, 0, sizeof(*info));
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if ((size_t)fields[i].from + fields[i].size > len)
			break;
		memcpy(to + fields[i].to, bytes + fields[i].from,
			fields[i].size);
		info->have |= fields[i].have;
	}
	/* The mean deviation goes with the time that it belongs to. */
	if ((info->have & PIER_INFO_RTT) == 0)
		info->rtt_us = 0;
}

int
pier_tcp_info_decode_sized(
	struct pier_tcp_info *info, size_t size, const void *bytes, size_t len)
{
	struct pier_tcp_info full;

	decode(&full, bytes, len);
	/* A newer program asks for more than this library knows: none of it. */
	memset(info, 0, size);
	memcpy(info, &full, size < sizeof(full) ? size : sizeof(full));
	return 0;
}

int
pier_tcp_info_sized(int fd, struct pier_tcp_info *info, size_t size)
{
	unsigned char bytes[BYTES_MAX];
	socklen_t len = sizeof(bytes);
	char where[32];
	int rc = pier__calls()->getsockopt(
		fd, IPPROTO_TCP, TCP_INFO, bytes, &len);

	if (rc == 0)
		return pier_tcp_info_decode_sized(info, size, bytes, len);
	/* So UDP says that it has no options of TCP. */
	if (rc == -ENOPROTOOPT)
		rc = -EOPNOTSUPP;
	(void)snprintf(where, sizeof(where), "fd://%d", fd);
	return pier__fail_step(rc, PIER_STEP_OPTION, where,
		rc == -EOPNOTSUPP ? "TCP_INFO: not a TCP socket" : "TCP_INFO");
}
