/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/serving.h - a server with three clients in which every call goes
 * wrong once; see each.h.
 *
 * The server has one table and the clients another, the real one: what fails
 * is the server's. It may refuse to begin; once it listens, a fault costs at
 * most the connection that it hits, and a stop ends it.
 */
#ifndef PIER_TESTS_FAULT_SERVING_H
#define PIER_TESTS_FAULT_SERVING_H

#include "each.h"

#define SERVING_TCP "tcp://127.0.0.1:0"
#define SERVING_UDP "udp4://127.0.0.1:0"

struct serving {
	const char *endpoint;
	enum pier_model model;
	int workers; /* 0: 1 */
	int processes;
	bool by_steps; /* and not by a run */
	bool sessions; /* of datagrams, and not each by itself */
	bool proxied;  /* behind a proxy, some of whose clients are kept out */
	const char *const *allow;
	const char *replace; /* of the server that it replaces; NULL: of none */
	int64_t rate;
};

void serving_play(struct fault_story *story, const struct serving *how);

#endif
