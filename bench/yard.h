/* SPDX-License-Identifier: MIT */
/*
 * The part that is the same in every echo server of bench/: its two options
 * and the line that says it listens.
 */
#ifndef BENCH_YARD_H
#define BENCH_YARD_H

#include <stddef.h>

/* Queue of connections not yet accepted; the kernel cuts it to somaxconn. */
#define YARD_BACKLOG 4096

struct yard_options {
	int port;        /* --port N, on 127.0.0.1; 0 takes a free one */
	size_t buf_size; /* --buf N: bytes that one read may bring */
	int array;       /* --array: see echo_pier.c; the others refuse it */
};

/* Fill `options` from the command line, or exit 2. */
void yard_parse(
	struct yard_options *options, int argc, char **argv, int array_allowed);

/* Print "READY port" and flush it: from now on connections are taken. */
void yard_ready(int port);

#endif
