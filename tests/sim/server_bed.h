/* SPDX-License-Identifier: MIT */
/* server_bed.h - a server on a simulated host, and a client that plays a scene
   against it in virtual time. */
#ifndef TESTS_SIM_SERVER_BED_H
#define TESTS_SIM_SERVER_BED_H

#include <pier.h>

#include "io/sim_engine.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

/* The server stands on a host of its own; clients on the local one. */
struct bed {
	struct pier__sim *sim;
	struct pier__sim_host *far;
	struct pier_server *server;
	struct pier_server_opts opts;
	struct pier_server_stats stats;
	enum pier_end_reason reason;
	char limit[32];
	int64_t accepted_ns;
	int64_t ended_ns; /* since the connection was accepted */
	int64_t paused_ns;
	unsigned pauses; /* that on_error told of */
	int run_rc;
	pier_task_fn *client;
	int client_rc;
	/* When what the client waited for came; the scene's own. */
	int64_t ended_at;
};

extern struct bed bed;

/* The finish hook: how a connection ended. */
void bed_note_end(struct pier_stream *stream, void *ctx);

/* For each case; a descriptor that is left fails it. */
int bed_begin(void **state);
int bed_end(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, bed_begin, bed_end)

/* Plays a client against the server, then stops the server. */
void bed_play(pier_task_fn *client);
/* A connection to it, or NULL. */
struct pier_stream *bed_dial(void);
/* 0 when "ping" came back, or an error. */
int bed_echo_once(struct pier_stream *stream);

#endif
