/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/each.h - every system call and every allocation of a scenario
 * goes wrong once.
 *
 * The scenario runs cleanly first, which counts its calls. Then, for every
 * call in turn, it runs with that call failing by each errno that the call can
 * give, and with that call coming up short; then with some patterns. Each run
 * has to end by itself, leak nothing, close nothing twice, and give the error
 * that was injected or, where that is no reason to fail, success.
 *
 * Which run failed is printed as a line that names the call.
 */
#ifndef PIER_TESTS_FAULT_EACH_H
#define PIER_TESTS_FAULT_EACH_H

#include <pier.h>

/* What a scenario has met: see met(). */
struct fault_story {
	int rc;   /* the first negative result of all, or 0 */
	int code; /* pier_last_error()->code at that moment */
	enum pier_step step;
	const char *call; /* which call of the scenario */
};

struct fault_scenario {
	const char *name;
	/* Notes every result by met(), goes on or ends as a program would.
	   Runs on a thread that is new to pier. */
	void (*play)(struct fault_story *story);
	/* The results that may come in place of the injected one, ended by 0;
	   NULL: none. */
	const int *also;
};

/* Note a result of the scenario's call; returns it. From any of its tasks. */
long met(struct fault_story *story, const char *call, long rc);

/* A cmocka test; *state is a struct fault_scenario. */
void each_call_goes_wrong_once(void **state);

#endif
