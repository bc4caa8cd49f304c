/* SPDX-License-Identifier: MIT */
/*
 * pier/ntp.h - the Network Time Protocol as bytes and numbers: its timestamps
 * and eras, its messages, and which of several clocks to believe (RFC 5905,
 * RFC 4330). Nothing here waits, or looks at a clock; asking a server is
 * pier/sntp.h.
 *
 * A timestamp of NTP counts 2^-32 s since 1900-01-01 UTC, without leap seconds,
 * in 64 bits: it begins again every 136 years. Era 0 ends at 2036-02-07
 * 06:28:16. So a timestamp means a moment only together with another one that
 * it is near to, the pivot.
 */
#ifndef PIER_NTP_H
#define PIER_NTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds from 1900, where era 0 of NTP begins, to 1970, where Unix does. */
#define PIER_NTP_UNIX INT64_C(2208988800)
/* Seconds of an era. */
#define PIER_NTP_ERA INT64_C(4294967296)

/* ---- Timestamps --------------------------------------------------------- */

/* A moment of UTC, as struct timespec has it, whatever the size of time_t. */
struct pier_ntp_moment {
	int64_t seconds;      /* since 1970, before it negative */
	uint32_t nanoseconds; /* 0 to 999999999, always forward */
};

/*
 * pier_ntp_era(seconds, in_era): the era in which a second since 1970 lies, and
 * the seconds of NTP that it is in there: what a timestamp has in its upper
 * half.
 *
 *   seconds  since 1970
 *   in_era   NULL: not wanted
 *
 * Returns the era: 0 from 1900 to 2036, -1 before.
 */
int64_t pier_ntp_era(int64_t seconds, uint32_t *in_era);

/*
 * pier_ntp_seconds(in_era, era): seconds since 1970 of 32 bits of seconds of NTP
 * (those of RFC 868, too) in that era, -2^31 to 2^31 - 1: others are taken modulo
 * 2^32.
 */
int64_t pier_ntp_seconds(uint32_t in_era, int64_t era);

/*
 * pier_ntp_near(in_era, pivot): the same in the era in which it comes nearest to
 * pivot: from 68 years before it to 68 years after.
 *
 *   pivot  seconds since 1970
 */
int64_t pier_ntp_near(uint32_t in_era, int64_t pivot);

/*
 * pier_ntp_to_unix(timestamp, pivot): the moment of a timestamp, nearest to
 * pivot, rounded to a nanosecond.
 */
struct pier_ntp_moment pier_ntp_to_unix(uint64_t timestamp, int64_t pivot);

/*
 * pier_ntp_from_unix(moment): the timestamp of a moment, whatever its era,
 * rounded so that pier_ntp_to_unix() gives the same moment back.
 */
uint64_t pier_ntp_from_unix(struct pier_ntp_moment moment);

/*
 * pier_ntp_from_ns(ns), pier_ntp_to_ns(timestamp, pivot_ns): the same with
 * nanoseconds since 1970, 1678 to 2262, as clocks give them.
 */
uint64_t pier_ntp_from_ns(int64_t ns);
int64_t pier_ntp_to_ns(uint64_t timestamp, int64_t pivot_ns);

/*
 * pier_ntp_short_ns(value): nanoseconds of the short format, 16 bits of seconds
 * and 16 of their fraction, in which delays and dispersions are sent.
 * pier_ntp_short(ns): the other way, rounded up; less than 0 is 0, and more than
 * 65535 s the most there is.
 */
int64_t pier_ntp_short_ns(uint32_t value);
uint32_t pier_ntp_short(int64_t ns);

/* ---- Messages ----------------------------------------------------------- */

/* Bytes of a message without extension fields and keys (RFC 5905 section 7.3). */
#define PIER_NTP_SIZE 48

enum pier_ntp_mode {
	PIER_NTP_ACTIVE = 1, /* symmetric active and passive */
	PIER_NTP_PASSIVE = 2,
	PIER_NTP_CLIENT = 3,
	PIER_NTP_SERVER = 4,
	PIER_NTP_BROADCAST = 5
};

/* The leap indicator that says: this clock is not synchronised. */
#define PIER_NTP_ALARM 3

struct pier_ntp_message {
	int leap;      /* 0; 1, 2: the last minute of the day has 61 or 59
			  seconds; PIER_NTP_ALARM */
	int version;   /* 0 to 7; 4 is today's */
	int mode;      /* 0 to 7, enum pier_ntp_mode */
	int stratum;   /* 1: has a clock of its own, 2 to 15: asks one of the
			  stratum before; 0: a kiss code, 16: unsynchronised */
	int poll;      /* log2 of seconds between messages, -128 to 127 */
	int precision; /* log2 of seconds, -128 to 127 */
	uint32_t root_delay;      /* short format: to the stratum 1, and back */
	uint32_t root_dispersion; /* short format: how far off it may be */
	unsigned char reference_id[4]; /* as it is on the wire */
	uint64_t reference; /* timestamps: when the clock was set last; */
	uint64_t originate; /* what the request had in transmit; */
	uint64_t receive;   /* when the request came; */
	uint64_t transmit;  /* when this message left. 0: unknown */
};

/*
 * pier_ntp_read(out, data, size): read the header of a message. Anything in it
 * is taken as it is; what follows it is not looked at.
 *
 * 0, or
 *   -EBADMSG  size is less than PIER_NTP_SIZE
 */
int pier_ntp_read_sized(struct pier_ntp_message *out, size_t out_size,
	const void *data, size_t size);

static inline int
pier_ntp_read(struct pier_ntp_message *out, const void *data, size_t size)
{
	return pier_ntp_read_sized(out, sizeof(*out), data, size);
}

/*
 * pier_ntp_write(out, message): write a message; of numbers that are too large
 * for their place the lower bits.
 *
 *   out  PIER_NTP_SIZE bytes
 */
void pier_ntp_write_sized(unsigned char *out,
	const struct pier_ntp_message *message, size_t message_size);

static inline void
pier_ntp_write(unsigned char *out, const struct pier_ntp_message *message)
{
	pier_ntp_write_sized(out, message, sizeof(*message));
}

/* Room for the longest text of a reference, with its end. */
#define PIER_NTP_REFERENCE_TEXT 48

/*
 * pier_ntp_reference(message, out, size): what reference_id says, as text: at
 * stratum 0 the kiss code, at 1 the kind of clock ("GPS"), above the IPv4
 * address of the server that was asked, or of an IPv6 one a part of its MD5,
 * which looks the same (RFC 5905 section 7.3). Bytes that are no letters come as
 * \xHH.
 *
 * Its length, cut off where size is too small.
 */
size_t pier_ntp_reference_sized(const struct pier_ntp_message *message,
	size_t message_size, char *out, size_t size);

static inline size_t
pier_ntp_reference(
	const struct pier_ntp_message *message, char *out, size_t size)
{
	return pier_ntp_reference_sized(message, sizeof(*message), out, size);
}

/* ---- Which clocks to believe -------------------------------------------- */

/* Most clocks that pier_ntp_select() compares. */
#define PIER_NTP_CLOCKS_MAX 64

enum pier_ntp_vote {
	PIER_NTP_UNUSED,      /* nothing is known of it */
	PIER_NTP_TRUECHIMER,  /* its interval holds what the most agree on */
	PIER_NTP_FALSETICKER, /* it does not: that clock is wrong */
	PIER_NTP_UNDECIDED    /* no majority agrees: nobody can say */
};

/* One clock: the true time is offset_ns from ours, give or take bound_ns. */
struct pier_ntp_clock {
	bool usable; /* the two below are known */
	int64_t offset_ns;
	int64_t bound_ns;        /* 0 or more */
	enum pier_ntp_vote vote; /* set by pier_ntp_select() */
};

struct pier_ntp_verdict {
	size_t usable;      /* clocks that were compared */
	size_t truechimers; /* those that agree; 0: no majority does */
	size_t falsetickers;
	/* More than two were compared: only then can one be called wrong
	   (RFC 8633 section 3.2). With one, there is nobody to disagree */
	bool enough;
	/* What all that agree hold for possible */
	int64_t low_ns, high_ns;
	/* The mean of those that agree, each with the weight 1 / bound_ns,
	   brought into that interval; and how far off it may be */
	int64_t offset_ns, bound_ns;
	size_t best; /* the one of them with the smallest bound: its index */
};

/*
 * pier_ntp_select(clocks, count, out): find the largest number of clocks whose
 * intervals have a moment in common, more than half of all that are usable
 * (Marzullo's algorithm, as in RFC 5905 section 11.2.1, where falsetickers may
 * also not have their middle in it); and combine those.
 *
 *   clocks  each gets its vote
 *   out     all 0 but usable where there is no majority
 *
 * How many agree, 0: no majority does, or none is usable; or
 *   -EINVAL  more than PIER_NTP_CLOCKS_MAX
 */
int pier_ntp_select_sized(struct pier_ntp_clock *clocks, size_t clock_size,
	size_t count, struct pier_ntp_verdict *out, size_t out_size);

static inline int
pier_ntp_select(struct pier_ntp_clock *clocks, size_t count,
	struct pier_ntp_verdict *out)
{
	return pier_ntp_select_sized(
		clocks, sizeof(*clocks), count, out, sizeof(*out));
}

#ifdef __cplusplus
}
#endif

#endif
