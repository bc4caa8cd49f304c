/* SPDX-License-Identifier: MIT */
/*
 * proto/sntp_wire.h - a request of SNTP, and what an answer to it must be. Pure.
 */
#ifndef PIER_PROTO_SNTP_WIRE_H
#define PIER_PROTO_SNTP_WIRE_H

#include <pier/sntp.h>

/* The longest message that is read: a header, extension fields and a key. */
#define PIER__SNTP_MESSAGE_MAX 1024

/* Clocks drift apart by at most so much: PHI of RFC 5905, 15 us a second. */
#define PIER__SNTP_PHI_NS 15000

/* A clock that tells an earlier time was never set: timestamps are read as near
   to this moment, 2026-01-01, as it gets. */
#define PIER__SNTP_PIVOT_NS (INT64_C(1767225600) * 1000000000)

/* What a message is held against. */
struct pier__sntp_asked {
	struct pier_addr to;
	int version;
	bool waiting;      /* for the answer to: */
	uint64_t transmit; /* a random number, not 0 */
	int64_t t1_ns;     /* when that left: CLOCK_REALTIME */
	bool t1_by_kernel;
	/* Of requests before: the last that had an answer, and the last that
	   had none; 0: there was none */
	uint64_t answered;
	uint64_t lost;
};

struct pier__sntp_came {
	const void *data;
	size_t size;
	struct pier_addr from;
	int64_t t4_ns;
	bool by_kernel;
};

/* Writes a request of PIER_NTP_SIZE bytes. */
void pier__sntp_ask(unsigned char *out, const struct pier__sntp_asked *asked);

/*
 * Makes every check, and fills event, but for server and sequence. what is
 * PIER_SNTP_IGNORED where it is no answer, _LATE, _DENIED, _REJECTED or _SAMPLE.
 */
void pier__sntp_judge(struct pier_sntp_event *event,
	const struct pier__sntp_asked *asked,
	const struct pier__sntp_came *came);

/* The server will not answer any more, or is to be asked less often. */
bool pier__sntp_sends_away(const char *kiss);
bool pier__sntp_slows(const char *kiss);

#endif
