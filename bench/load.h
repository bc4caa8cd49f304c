/* SPDX-License-Identifier: MIT */
/*
 * The load generator: shared between its modes.
 *
 * A mode sets its connections up, calls load_begin() when it is warm, works
 * until load_now() has passed `end_ns`, and calls load_end(). Every byte that
 * comes back is compared with what was sent.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "histogram.h"
#include "meter.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Messages in flight on one connection, in bytes: size times depth. */
#define LOAD_FLIGHT_MAX 65536

/*
 * One connection. The bytes on it are a stream of its own out of one table of
 * random bytes, begun at `origin`; all counters are positions in that stream.
 *
 *   (1) got <= sent <= due
 *   (2) due - got <= size * depth, the message of each in flight
 */
struct load_conn {
	int fd;
	uint32_t origin;
	uint64_t due; /* to be sent so far */
	uint64_t sent;
	uint64_t got;      /* come back, and found equal */
	int64_t *began_ns; /* per message in flight: when it was due */
};

struct load {
	/* from the command line */
	int port;
	int connections;
	size_t size;
	int depth;
	int framed; /* messages begin with their length */
	int64_t warm_ns, measure_ns, silent_ns;

	/* while it works */
	struct meter meter;
	struct meter_sample before, after;
	int64_t end_ns; /* of the warming up, then of the measurement */
	int measuring;
	int epoll_fd;
	struct load_conn *conns;
	uint32_t opened; /* connections so far: gives each its source */

	/* the result */
	uint64_t requests;
	int64_t resident_before, resident_after;
	struct histogram latency;
};

/* load_conn.c */

/* Make the table of random bytes; frame_size > 0: of messages of so many bytes,
   of which the first four are the length of the others. */
void load_stream_init(size_t frame_size);

/*
 * Connect from an address of its own within 127.0.0.0/8. With `wait` the
 * connection stands on return; else it may still be under way. The caller
 * owns conn->fd; conn->began_ns is left as it is.
 */
void load_open(struct load *load, struct load_conn *conn, int wait);

/* Open all connections, waiting for each, and allocate what they need. */
void load_open_all(struct load *load);

/* Make `count` more messages due at `now_ns`; load_flush() sends them. */
void load_due(
	struct load *load, struct load_conn *conn, int count, int64_t now_ns);

/* Send what is due as far as the socket takes it. */
void load_flush(struct load_conn *conn);

/*
 * One recv. The messages that it completed, or -1 if nothing was there. Exits
 * 2 if the server closed, or a byte differs or is too many.
 */
int load_take(struct load *load, struct load_conn *conn);

/* Receive, sleeping as long as it takes, until nothing is in flight. */
void load_take_all(struct load *load, struct load_conn *conn);

/* Put conn into the epoll set, edge-triggered, with its number as data. */
void load_watch(struct load *load, const struct load_conn *conn);

/* load.c */

/* To be called with each fresh time: turns from warming up to measuring and
   returns 0 when the measurement is over. */
int load_goes_on(struct load *load, int64_t now_ns);

/* Record that a request that was begun at `began_ns` is done. */
void load_count(struct load *load, int64_t began_ns, int64_t now_ns);

/* The modes. load_echo.c, load_volley.c, load_churn.c, load_idle.c,
   load_packets.c */
void load_echo(struct load *load);
void load_rtt(struct load *load);
void load_volley(struct load *load);
void load_churn(struct load *load);
void load_idle(struct load *load);
void load_packets(struct load *load);
void load_peers(struct load *load);

#endif
