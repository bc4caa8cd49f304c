/* SPDX-License-Identifier: MIT */
/*
 * serve/exec_stream.h - this side of a program: an end of a pair, or the master
 * of a terminal, as a stream whose ends are those of pipes: a program that has
 * gone is an end to a reader, and EPIPE to a writer.
 */
#ifndef PIER_SERVE_EXEC_STREAM_H
#define PIER_SERVE_EXEC_STREAM_H

#include "net/stream.h"

/* fd is taken on success. The end of writing is ^D on a terminal. 0 or
   -ENOMEM. */
int pier__exec_stream(struct pier_stream **out, int fd, bool is_terminal);

/*
 * The end was typed, and the program goes on: it may be another that read it, or
 * it came between two settings of the terminal and got lost. So it is typed
 * again, now and then, when all that was typed has been read.
 *
 * When to call this again, in nanoseconds; 0: not at all, its writing has not
 * been shut down or it is no terminal. *in_vain: it has read the end so often
 * that it takes it for a byte.
 */
int64_t pier__exec_stream_insist(struct pier_stream *program, bool *in_vain);

#endif
