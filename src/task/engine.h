/* SPDX-License-Identifier: MIT */
/*
 * task/engine.h - the port between tasks, which park, and engines, which know
 * when a descriptor is ready. The engines stand in io/ (epoll for fibers,
 * ppoll for threads) and in the simulator; tasks see this page only.
 *
 * A descriptor that somebody may wait for is a struct pier__desc inside its
 * owner (a stream, a listener, a packet socket). Invariants:
 *   1. readable (writable) is true whenever the next attempt may succeed; it
 *      is cleared only by an attempt that showed the opposite, and set by
 *      every event;
 *   2. reader and writer are set only while that task is parked for it (or is
 *      about to be), so that an event wakes at most one task per direction;
 *   3. slot is 0, or the place in one engine's table that points back here;
 *   4. of what is no socket, reader and writer change, and whoever they name is
 *      woken by another thread, with abort_lock held: the task cannot have
 *      ended meanwhile.
 */
#ifndef PIER_TASK_ENGINE_H
#define PIER_TASK_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pier__closing;
struct pier__task;
struct pier__sched;
struct pier__engine;

/* Directions, as bits. */
enum {
	PIER__IN = 1,
	PIER__OUT = 2
};

/* What a descriptor is, hence how it is tried and when it counts as drained. */
enum pier__desc_kind {
	PIER__DESC_TCP,    /* a short read means drained (see io/desc.h) */
	PIER__DESC_SOCKET, /* any other socket */
	PIER__DESC_FILE    /* no socket: polled before every attempt */
};

struct pier__desc {
	int fd;
	uint32_t slot;    /* in its engine's table; 0: in none */
	uint8_t kind;     /* enum pier__desc_kind */
	uint8_t interest; /* what an edge-triggered engine watches for */
	/* Read and written by PIER__LOOK and PIER__NOTE: in threads, reader and
	   writer may be two of them, and a third may try and be refused. */
	bool readable;
	bool writable;
	bool hinted;  /* an end, error or urgent data is to be read */
	bool aborted; /* nobody waits for it any more: pier__desc_abort() */
	bool shared;  /* with other processes, each event for one of them */
	bool left;    /* of no use to the child of a fork, which leaves it so */
	/* 0: not; from 1: a thread may leave a wait to the kernel, after so
	   many less one that it does not: net/block.h. */
	uint8_t blocks;
	/* Nobody has, or was given, this descriptor or another of its file. */
	bool lone;
	struct pier__sched *owner; /* first used on; see io/desc.h */
	struct pier__task *reader;
	struct pier__task *writer;
	/* Called by the engine at a writable event when no task waits to
	   write; NULL for none. Must not wait. */
	void (*on_writable)(struct pier__desc *desc);
	void *gather; /* for on_writable: see io/gather.h */
	/* What who waits here looks at first, fetched ahead; never followed. */
	const void *near;
	pthread_mutex_t abort_lock;
};

#define PIER__LOOK(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define PIER__NOTE(field, value) \
	__atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

struct pier__engine_ops {
	/* desc is this scheduler's from now on, and is let go at the latest by
	   close(): 0 or -ENOMEM. Of engines of fibers only: no thread owns. */
	int (*note)(struct pier__engine *engine, struct pier__desc *desc);
	/* Watch desc for `what` from now on. Cheap when it already is. 0, or
	   -ENOMEM, -ENOSPC, … What the engine cannot watch because it is
	   always ready (a regular file) it marks so in desc. */
	int (*add)(struct pier__engine *engine, struct pier__desc *desc,
		unsigned what);
	/* The wait for `what` that add() was called for is over. */
	void (*rest)(struct pier__engine *engine, struct pier__desc *desc,
		unsigned what);
	/* desc leaves the set: before it is closed, released or passed on. One
	   that watches for nothing (interest) any more is not in it. */
	void (*forget)(struct pier__engine *engine, struct pier__desc *desc);
	/* Wait at most timeout_ns (< 0: for ever) and wake the tasks whose
	   descriptors became ready, by pier__wake(). 0, or -errno when the
	   kernel refuses to wait at all. */
	int (*wait)(struct pier__engine *engine, int64_t timeout_ns);
	/* A wait that is going on at `at` (the clock's), or begins later, ends,
	   once. 0, or the error; NULL, and after an error: waits need their
	   timeout. A later call takes the place of the one before. */
	int (*alarm)(struct pier__engine *engine, int64_t at);
	/* Get ready to be woken: 0, or -EMFILE… Idempotent. */
	int (*wakeable)(struct pier__engine *engine);
	/* From any thread: end a wait that is going on, or the next one. */
	void (*wake)(struct pier__engine *engine);
	void (*close)(struct pier__engine *engine);
	/* The same in the child of a fork, but for the memory: it is a copy,
	   which a page is only once somebody writes there. */
	void (*forked)(struct pier__engine *engine);
	/* In the child of a fork, which goes on with this engine: nothing is
	   watched, and nothing open until something is. What it had open is in
	   closing. Each wait calls first(arg), and does not wait, until that
	   has made it wakeable. Of engines of fibers only. */
	void (*renew)(struct pier__engine *engine,
		struct pier__closing *closing, void (*first)(void *arg),
		void *arg);
};

struct pier__engine {
	const struct pier__engine_ops *ops;
	int wake_fd;      /* by which it is woken; -1: none */
	uint32_t gathers; /* whose bytes it watches for room: io/gather.c */
};

/*
 * pier__engine_open(out, for_fibers, place, size): the engine that goes with
 * the current call table. Defined in io/engine.c. It may lie in place, cleared
 * memory of size bytes that lasts until it is closed. 0, -ENOMEM, -EMFILE,
 * -ENFILE.
 */
int pier__engine_open(
	struct pier__engine **out, bool for_fibers, void *place, size_t size);

#endif
