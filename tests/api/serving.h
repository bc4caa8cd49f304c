/* SPDX-License-Identifier: MIT */
/*
 * serving.h - a server on a thread of its own, and clients that know nothing
 * of pier: plain blocking sockets that give up after TIMEOUT_S.
 */
#ifndef TESTS_API_SERVING_H
#define TESTS_API_SERVING_H

#include <pthread.h>
#include <stdbool.h>

#include <pier.h>

#define TIMEOUT_S 20

struct serving {
	struct pier_server *server;
	pthread_t thread;
	int rc; /* of pier_server_run() */
};

/* Opens opts and runs it; fails the test when that cannot be. */
void serving_start(struct serving *it, const struct pier_server_opts *opts);
/* Waits for the end, closes: the result of pier_server_run(). */
int serving_join(struct serving *it);
/* The same, told to stop before. */
int serving_stop(struct serving *it);
/* The numbers, once `field` (an offset) is at least `value`: they may lag
   behind what a client saw. */
struct pier_server_stats serving_await(
	const struct serving *it, size_t field, uint64_t value);

/* Until so many are active and none lingers any more: what the others held, as
   a place or of the count of their address, is free then. */
void serving_await_active(const struct serving *it, uint64_t active);

/* A blocking socket connected to the i-th endpoint. */
int plain_connect(const struct serving *it, size_t i);
/* The same by its endpoint: "tcp://127.0.0.1:1", "unix:///x". */
int plain_dial(const char *endpoint);
/* A connection that the server resets: connect() may fail by that already. */
void plain_expect_reset(const char *endpoint);
/* Not only closed: a process that was forked meanwhile may have it too. */
void plain_hang_up(int fd);
void plain_write(int fd, const void *buf, size_t size);
/* Reads up to size bytes until the end: how many, or -errno. */
ssize_t plain_read_all(int fd, void *buf, size_t size);
/* Writes text, expects it back, keeps the connection. */
void plain_echo(int fd, const char *text);
/* The same where the server may end it: false when it did. */
bool plain_try_echo(int fd, const char *text);

/* Milliseconds of the processor this process has used. */
int64_t cpu_ms(void);
int64_t wall_ms(void);

/* The models, for tests that run under each. */
#define MODEL_COUNT 4
extern const enum pier_model models[MODEL_COUNT];

#endif
