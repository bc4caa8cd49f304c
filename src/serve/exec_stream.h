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

#endif
