/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/scenario.h - the conformance set: scenarios over the public API
 * that say what every call returned. Each runs on the kernel (by fibers and
 * by plain threads) and on the simulator, and has to say the same there, word
 * for word, as is written down beside it: so the simulator is held to the
 * kernel, and both to the contracts.
 */
#ifndef PIER_TESTS_SIM_SCENARIO_H
#define PIER_TESTS_SIM_SCENARIO_H

#include <stdio.h>

#include <pier.h>

struct stage {
	FILE *said;   /* one word per result */
	char dir[64]; /* a place for unix sockets */
};

/* What a scenario says is a line: words that name a call, each followed by its
   result; "ok" for 0 of calls that give 0 or an error. */
struct scenario {
	const char *name;
	void (*play)(struct stage *stage);
	const char *says;
};

extern const struct scenario tcp_scenarios[];
extern const struct scenario unix_scenarios[];
extern const struct scenario datagram_scenarios[];

/* A result: a number, or the symbol of an error. Returns it. */
long say(struct stage *stage, const char *call, long rc);
/* The same for calls whose success is 0. */
int say_ok(struct stage *stage, const char *call, int rc);
void say_text(struct stage *stage, const char *text, size_t len);

/* Long enough for what happens at once, if a machine is busy. */
#define SOON pier_in_s(20)
/* For what does not happen. */
#define BRIEFLY pier_in_ms(20)

/* A listener and both ends of a connection to it. */
struct ends {
	struct pier_listener *listener;
	struct pier_stream *client, *server;
};

struct ends ends_open(struct stage *stage, const char *endpoint);
void ends_close(struct ends *ends);

#endif
