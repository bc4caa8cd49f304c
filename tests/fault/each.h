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

#include <stdbool.h>

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
	/* Moves so much that it never comes up short at every call. */
	bool is_bulk;
	/* Waits seconds by itself for what was lost: it is spared the patterns
	   in which much is. */
	bool is_patient;
};

/* Note a result of the scenario's call; returns it. From any of its tasks. */
long met(struct fault_story *story, const char *call, long rc);

/* Play inside a run of fibers or of threads. */
void each_inside(struct fault_story *story, enum pier_task_kind kind,
	void (*play)(struct fault_story *story));

/* name_by_fibers() and name_by_threads(): the scenario `name` inside a run. */
#define EACH_INSIDE(name)                                        \
	static void name##_by_fibers(struct fault_story *story)  \
	{                                                        \
		each_inside(story, PIER_TASK_FIBER, name);       \
	}                                                        \
                                                                 \
	static void name##_by_threads(struct fault_story *story) \
	{                                                        \
		each_inside(story, PIER_TASK_THREAD, name);      \
	}

/* Every scenario, each a test. What main() returns. */
int each_run(const struct fault_scenario *scenarios, size_t count);

#endif
