/* SPDX-License-Identifier: MIT */
/*
 * os/sim.h - a simulated network, for tests: a call table whose sockets,
 * clock and chance are not the machine's.
 *
 * A simulation has hosts. A host is a set of addresses and a call table of
 * its own: the table that a task uses says on which host it runs (a task
 * started by it runs there too). Between hosts there are links with latency,
 * jitter, loss, reordering, duplicates, or nothing at all (a cut link is a
 * black hole). Within a host the loopback is as immediate as the kernel's.
 *
 * Time stands still while tasks run and jumps, when all of them wait, to the
 * next thing that happens: see io/sim_engine.h. Everything is decided by the
 * seed and the calls made: the same run gives the same trace.
 *
 * Sockets behave as Linux's do, as far as pier can tell: tests/sim runs the
 * same scenarios on both and compares every result. What is simulated: tcp,
 * udp, ICMP echo by ping sockets, unix stream, seqpacket and datagram, socket pairs, pipes, splice; the
 * options in sim_option.c. No threads, no files, no descriptors that are passed
 * on, no vsock.
 */
#ifndef PIER_OS_SIM_H
#define PIER_OS_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "os/calls.h"

struct pier__sim;
struct pier__sim_host;

/* One direction of what lies between two hosts. Chances are per mille. */
struct pier__sim_link {
	int64_t latency_ns;
	int64_t jitter_ns; /* up to this much more, order kept */
	unsigned loss;
	unsigned duplicate;
	unsigned reorder;   /* held back, so that later ones overtake */
	int64_t reorder_ns; /* by how much; 0: twice the latency */
	bool cut;           /* nothing arrives */
	bool unreachable;   /* a router answers: no route to host */
};

/* The default link between hosts: 1 ms, nothing else. */
#define PIER__SIM_LATENCY_NS 1000000

/* Where the clock begins: not near 0, which deadlines give a meaning. */
#define PIER__SIM_EPOCH_NS ((int64_t)1000 * 1000000000)

/*
 * pier__sim_open(seed): a simulation with one host, pier__sim_local(), that
 * has 10.0.0.1 and fd00::1 beside its loopback. NULL: no memory.
 * pier__sim_close(): all sockets go, also those left open.
 */
struct pier__sim *pier__sim_open(uint64_t seed);
void pier__sim_close(struct pier__sim *sim);

struct pier__sim_host *pier__sim_local(struct pier__sim *sim);

/* One more host; addresses in text, divided by spaces. NULL: no memory or an
   address that is none. Lives as long as the simulation. */
struct pier__sim_host *pier__sim_host(
	struct pier__sim *sim, const char *addresses);

/* The call table of a host, for struct pier__context. */
const struct pier__calls *pier__sim_calls(struct pier__sim_host *host);

/* The engine that goes with all tables of a simulation: io/sim_engine.h. */
void pier__sim_set_engine(struct pier__sim *sim,
	int (*engine_open)(struct pier__engine **out, int for_fibers));

/* What lies between a and b, both ways; NULL is every other host. */
void pier__sim_link(struct pier__sim *sim, struct pier__sim_host *a,
	struct pier__sim_host *b, const struct pier__sim_link *link);

/* A partition: cut (or mend) between a and b, both ways, now. */
void pier__sim_cut(struct pier__sim *sim, struct pier__sim_host *a,
	struct pier__sim_host *b, bool cut);

/* Change a host at a moment: run fn(arg) when the clock gets there. fn may
   call the functions on this page. */
void pier__sim_at(
	struct pier__sim *sim, int64_t when_ns, void (*fn)(void *), void *arg);

/* Some box on the way resets every tcp connection that has this port on one
   side: both ends receive a RST, now. Returns how many connections. */
unsigned pier__sim_reset(struct pier__sim *sim, uint16_t port);

/* Limits of the kernel that tests shorten. */
struct pier__sim_limits {
	unsigned descriptors;    /* open at once; 1024 */
	int64_t syn_timeout_ns;  /* an unanswered connect; 127 s */
	int64_t dead_timeout_ns; /* unacknowledged data; 924 s */
	int sndbuf, rcvbuf;      /* of new sockets */
	unsigned no_memory;      /* allocations that fail, per mille */
};

struct pier__sim_limits *pier__sim_limits(struct pier__sim *sim);

/* The time of day is realtime_ns since 1970 now, and goes on from there, on all
   hosts; it begins at 2026-01-01 00:16:40 UTC. */
void pier__sim_set_realtime(struct pier__sim *sim, int64_t realtime_ns);

/* The clock, and how many sockets are open. */
int64_t pier__sim_now(const struct pier__sim *sim);
unsigned pier__sim_open_count(const struct pier__sim *sim);

/* What happened on the wire, a line each; borrowed, until the next event. */
const char *pier__sim_trace(struct pier__sim *sim);

/*
 * pier__sim_step(sim, until_ns): let the next thing happen when it is due by
 * then, jumping the clock; else set the clock to then. INT64_MAX: whenever it
 * is. False: nothing happened.
 */
bool pier__sim_step(struct pier__sim *sim, int64_t until_ns);

#endif
