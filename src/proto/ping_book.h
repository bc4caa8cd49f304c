/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_book.h - the books of a ping: which probes are on their way, what
 * became of each, and the sums. Pure but for memory.
 *
 * A ring holds the last probes. Invariants:
 *   1. the place of a probe is its number modulo the ring's size, and a probe
 *      keeps it until the one that many numbers later is sent;
 *   2. all probes up to `judged` are answered or lost, and the runs of lost
 *      ones among them are counted; the next one waits, or was not sent yet;
 *   3. a probe that waits is in the ring: sending asks first that its place is
 *      not taken by one.
 * Durations go to a histogram of PIER__PING_STEPS to each doubling.
 */
#ifndef PIER_PROTO_PING_BOOK_H
#define PIER_PROTO_PING_BOOK_H

#include <pier/ping.h>

#include <stddef.h>
#include <stdint.h>

/* Past probes that are remembered at least, for answers that come late. */
#define PIER__PING_RING_MIN 64

/* The middle of a step is meant: half of one is PIER_PING_RESOLUTION. */
#define PIER__PING_STEP_BITS 6
#define PIER__PING_STEPS     (1 << PIER__PING_STEP_BITS)
/* Up to 2^41 ns, over half an hour; what is longer counts as that. */
#define PIER__PING_DOUBLINGS 36

struct pier__ping_probe {
	int64_t sent_ns;
	uint64_t sequence; /* 0: none was here yet */
	uint8_t state;     /* enum pier__ping_state */
};

enum pier__ping_state {
	PIER__PING_WAITS,
	PIER__PING_ANSWERED,
	PIER__PING_GONE, /* lost, or an error came */
	PIER__PING_CAME_LATE
};

struct pier__ping_book {
	uint64_t count; /* probes to send; 0: no end */
	uint64_t last;  /* the highest number that was sent */
	uint64_t judged;
	uint64_t burst;       /* lost ones in a row, up to judged */
	uint64_t highest;     /* the highest number that was answered */
	uint64_t waiting;     /* how many are */
	int64_t first_ns;     /* when the first was sent */
	int64_t end_ns;       /* of the last event */
	int64_t previous_ns;  /* the round trip before, -1: none */
	double mean, squares; /* of round trips, by Welford's method */
	double jitter_sum;
	uint64_t jitters;
	struct pier_ping_stats sums; /* counters, min, max; the rest is made */
	size_t mask;                 /* of the ring */
	struct pier__ping_probe *ring;
	uint64_t steps_total;
	uint32_t steps[PIER__PING_DOUBLINGS * PIER__PING_STEPS];
};

/* A book with room for so many probes that wait. 0 or -ENOMEM. */
int pier__ping_book_open(
	struct pier__ping_book **out, uint64_t count, size_t window);
void pier__ping_book_close(struct pier__ping_book *book);

/* May one more be sent: has the count not been reached, and is its place free? */
bool pier__ping_book_has_more(const struct pier__ping_book *book);
bool pier__ping_book_has_room(const struct pier__ping_book *book);

/* A probe is sent at this moment; it. */
struct pier__ping_probe *pier__ping_book_send(
	struct pier__ping_book *book, int64_t now_ns);

/* The probe whose number ends in these 16 bits, or NULL: none that is
   remembered. */
struct pier__ping_probe *pier__ping_book_find(
	const struct pier__ping_book *book, uint16_t sequence);

/* The oldest that waits, or NULL. */
struct pier__ping_probe *pier__ping_book_oldest(
	const struct pier__ping_book *book);

/* An answer came for probe, which took so long. */
enum pier_ping_what pier__ping_book_answer(struct pier__ping_book *book,
	struct pier__ping_probe *probe, int64_t rtt_ns, bool closed);

/* It is lost: by an error, or its time is over. Its state is PIER__PING_WAITS. */
void pier__ping_book_lose(struct pier__ping_book *book,
	struct pier__ping_probe *probe, int64_t now_ns, bool by_error);

/* What pier_ping_stats() and pier_ping_percentile() give. */
void pier__ping_book_stats(
	const struct pier__ping_book *book, struct pier_ping_stats *out);
int64_t pier__ping_book_percentile(
	const struct pier__ping_book *book, double share);

#endif
