/* SPDX-License-Identifier: MIT */
/*
 * The part that is the same in every echo server of bench/: its options, its
 * socket and the line that says it listens.
 */
#ifndef BENCH_YARD_H
#define BENCH_YARD_H

#include <stddef.h>

/* Queue of connections not yet accepted; the kernel cuts it to somaxconn. */
#define YARD_BACKLOG 4096

/* Options that only some of the servers take; the others refuse them. */
#define YARD_ARRAY     1
#define YARD_MODEL     2
#define YARD_PROCESSES 4
#define YARD_TARGET    8
#define YARD_SPLICE    16
#define YARD_BATCH     32
#define YARD_UDP       64
#define YARD_FRAME     128

#define YARD_WORKERS_MAX 256

struct yard_options {
	int port;          /* --port N, on 127.0.0.1; 0 takes a free one */
	size_t buf_size;   /* --buf N: bytes that one read may bring */
	int array;         /* --array: see echo_pier.c */
	const char *model; /* --model NAME, of the program's own; or NULL */
	int workers;       /* --workers N: threads of a pool; 0: not given */
	int processes;     /* --processes N, which all accept; 0: not given */
	int target;        /* --target N: where a relay connects to */
	int splice;        /* --splice: by a pipe, not by a buffer */
	int batch;         /* --batch: several datagrams by each call */
	int udp;           /* --udp: datagrams */
	int frame; /* --frame: messages with their length in front, u32be */
};

/* Fill `options` from the command line, or exit 2. `taken`: YARD_ARRAY and so
   on; --workers goes with --model. */
void yard_parse(
	struct yard_options *options, int argc, char **argv, unsigned taken);

/* A listening TCP socket on 127.0.0.1 with TCP_NODELAY, which those that it
   accepts inherit; `flags` as SOCK_NONBLOCK. Exits 2 if there is none. */
int yard_listen(int port, int flags);

/* The port that `fd` is bound to. */
int yard_port(int fd);

/* Print "READY port" and flush it: from now on connections are taken. */
void yard_ready(int port);

#endif
