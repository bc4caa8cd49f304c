/* SPDX-License-Identifier: MIT */
/*
 * processes.h - what the hooks of a server in several processes have seen, in
 * memory that all its processes share, and a handler that tells its process.
 */
#ifndef TESTS_API_PROCESSES_H
#define TESTS_API_PROCESSES_H

#include <stdatomic.h>
#include <stdbool.h>

#include <pier.h>

#include "serving.h"

#define PROCESSES          3
#define PROCESSES_SEEN_MAX 64

struct processes_seen {
	atomic_int started;
	atomic_int ended;
	struct pier_process events[PROCESSES_SEEN_MAX]; /* of ended */
	atomic_int errors;
	char error[1024];     /* the last line, whole once errors has gone up */
	atomic_bool kill_all; /* each as soon as it has started */
};

extern struct processes_seen *seen;

/* Says so, where the thread sanitizer cannot follow a server that forks. */
bool processes_skip(void);
/* Before all tests: makes seen. */
int processes_open(void **state);
/* Before each test: nothing has been seen. */
int processes_begin(void **state);

/* PROCESSES of them. The handler says in which it runs, then echoes; after "abort",
   "exit", "stop" or "hang" it does that. */
struct pier_server_opts processes_options(void);

/* Fails the test where it does not come to be so many. */
void await(const atomic_int *what, int value);
/* The process that serves fd; 0: it has been reset or closed. */
int pid_of(int fd);
/* Waits for the end, or a byte, with which it is not. */
bool is_over(int fd);
/* A plain conversation, whoever serves it. */
void converse(const struct serving *it);

#endif
