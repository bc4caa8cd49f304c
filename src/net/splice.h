/* SPDX-License-Identifier: MIT */
/*
 * net/splice.h - bytes of one stream to another by splice(2): the kernel hands
 * them on through a pipe, and nothing is copied.
 *
 * That is for two plain sockets, TCP or Unix: a layer has to see the bytes, and
 * a rate has to count them before they move. What was read ahead goes first.
 * Whatever is out of the ordinary (the end, an urgent mark, a signal to stop)
 * is left to who copies: splice only ever brings bytes or nothing.
 *
 * When does it pay? A system call into the pipe and one out of it cost what a
 * recv and a send do; what is saved is the copying. Between two TCP
 * connections both are equal at 4 KiB a time, at 8 KiB splice needs a third
 * less of the processor, at 64 KiB little over half. So a direction begins with
 * copying, goes by the pipe once large pieces prevail, and comes back when small
 * ones do; a pipe that nothing comes through is closed.
 *
 * Invariants:
 *   1. the pipe is filled only when it is empty: no bytes then means none in
 *      the socket, not no room in the pipe;
 *   2. what it holds was read of `from` and counts as that; before anything
 *      else is read, it has gone to `to` or back to what was read ahead;
 *   3. while a pipe is open there is room to take back what it holds.
 */
#ifndef PIER_NET_SPLICE_H
#define PIER_NET_SPLICE_H

#include "net/stream.h"

/* One direction; all 0 at first. */
struct pier__splice {
	bool open;
	bool refused;    /* these two cannot, whatever comes */
	int score;       /* how far large pieces prevail: 0…SCORE_MAX */
	int pipe[2];     /* to read from, to write to */
	size_t held;     /* bytes in the pipe */
	int64_t used_ns; /* when something last came through */
	unsigned char *spare;
};

/* A piece of size bytes was copied. */
void pier__splice_note(struct pier__splice *it, size_t size);

/*
 * One attempt to have bytes in the pipe, `max` at most. How many it holds, or
 * 0: copy what there is next; or an error of `from`, not noted.
 */
ssize_t pier__splice_fill(struct pier__splice *it, struct pier_stream *from,
	const struct pier_stream *to, size_t max);

/*
 * One attempt to send what it holds. How many bytes went; 0: they are read
 * ahead in `from` now, to be copied; -EAGAIN: wait; or an error of `to`, not
 * noted.
 */
ssize_t pier__splice_drain(struct pier__splice *it, struct pier_stream *from,
	struct pier_stream *to);

/* What it holds goes back to `from`, as if it had been read ahead. 0, or an
   error, not noted: it is lost. */
int pier__splice_spill(struct pier__splice *it, struct pier_stream *from);

/* The same, and the pipe is closed. */
int pier__splice_close(struct pier__splice *it, struct pier_stream *from);

/* When an open pipe that stays empty is to be closed; PIER_FOREVER: none is
   open. And: close it, if it is time. */
pier_deadline pier__splice_rests_at(const struct pier__splice *it);
void pier__splice_rest(struct pier__splice *it);

#endif
