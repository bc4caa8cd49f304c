/* SPDX-License-Identifier: MIT */
/*
 * serve/shared.h - what the processes of a server share: one mapping, made
 * before the first fork.
 *
 * Every process has a block there, the ledger of what it holds, and only it
 * adds to that. The sums over all blocks are the truth, and there is no second
 * one that could differ: what a process held that was killed, at whatever
 * instruction, comes back when who reaps it clears its block. A server that
 * forks nothing has one block.
 */
#ifndef PIER_SERVE_SHARED_H
#define PIER_SERVE_SHARED_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bucket.h"
#include "serve/stats.h"

#define PIER__LAST_WORDS 256

/* Ports that can be handed over: a bit of each. */
#define PIER__PORTS_HANDED_MAX 256

/* Cache lines of its own. */
struct pier__ledger {
	alignas(64) atomic_int active; /* as invariant 1 of server.h has it */
	atomic_int lingering;
	atomic_int datagrams; /* handlers that wait */
	atomic_int waiting;   /* acceptors that wait for a release */
	atomic_int hoping;    /* of them, for one by any process */
	atomic_int stops;     /* how often it told the server to stop */
	atomic_int accepting; /* workers that accept, or would */
	atomic_int standing;  /* in accept(2), for a moment */
	/* Why it cannot go on, where it knew; or "". */
	char last_words[PIER__LAST_WORDS];
};

struct pier__shared {
	size_t size;
	size_t processes; /* blocks, at least 1 */
	size_t workers;   /* of each process */
	atomic_int stops; /* the most that any process told it to */
	atomic_int active_peak;
	atomic_uint_fast64_t next_id;
	atomic_uint_fast64_t releases;
	/* Ports whose queue another server takes: bits by their number. */
	atomic_uint_fast64_t handed[PIER__PORTS_HANDED_MAX / 64];
	pier__bucket accepting;          /* see gate.h */
	struct pier__counters *counters; /* of each worker of each process */
	atomic_bool *marks;              /* so many of each process: */
	size_t marks_each;
	struct pier__ledger ledgers[];
};

/* All is 0, and there are so many marks for each process. 0 or -ENOMEM. */
int pier__shared_open(struct pier__shared **out, size_t processes,
	size_t workers, size_t marks);

/* NULL is fine. */
void pier__shared_close(struct pier__shared *shared);

/* The counters of a worker; they outlive the process. */
struct pier__counters *pier__shared_counters(
	const struct pier__shared *shared, size_t process, size_t worker);

/* The marks of a process. */
atomic_bool *pier__shared_marks(
	const struct pier__shared *shared, size_t process);

/* Over all processes. */
int pier__shared_active(const struct pier__shared *shared);
int pier__shared_lingering(const struct pier__shared *shared);
int pier__shared_standing(const struct pier__shared *shared);
int pier__shared_datagrams(const struct pier__shared *shared);

/* Does another process, of those that accept, have so many fewer active
   connections that a new one is rather for it: over 10 % and over one? */
bool pier__shared_is_above(const struct pier__shared *shared, size_t process);

/* Does another process have acceptors that wait for a release by any? */
bool pier__shared_others_wait(
	const struct pier__shared *shared, size_t process);

/*
 * pier__shared_add(shared, process, of, max): one more in a ledger, `of` being
 * the offset of active or lingering there, unless all have max together.
 *
 * The sum then, or 0: it is full. *again is set when it was full only because
 * another process came at the same moment, and may have been turned away too.
 */
int pier__shared_add(struct pier__shared *shared, size_t process, size_t of,
	int max, bool *again);

/* The process has gone and holds nothing any more. How many connections it
   had: active ones, and those that lingered. */
int pier__shared_forget(struct pier__shared *shared, size_t process);

/* The process with this ledger tells the server to stop, once more.
   Async-signal-safe. */
void pier__shared_stop(
	struct pier__shared *shared, struct pier__ledger *ledger);

#endif
