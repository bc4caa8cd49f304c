/* SPDX-License-Identifier: MIT */
/*
 * Questions in flight, between the tasks that ask them (names.c) and the
 * helpers that answer (pool.c).
 *
 * Everybody who may still look at a question holds it: each waiting task, and
 * the helper that runs it; the last one frees it. So a task that gives up takes
 * its waiter off the list and goes, whatever the helper is doing, and nothing
 * leaks.
 *
 * Invariants, all of them under the lock of the pool:
 *   1. a question is in flight until it is done, and on the queue until a
 *      helper takes it;
 *   2. holders = the length of waiters, plus 1 while it runs; it is never 0 for
 *      what is in flight;
 *   3. a task is woken only through a waiter on a list, and takes its waiter
 *      off the list before it returns: hence no task is woken after its end.
 *
 * Call tables: only questions of one table are equal, and a helper takes on
 * the table of the question that it runs, so that each table sees its own
 * memory come back.
 */
#ifndef PIER_NAMES_POOL_H
#define PIER_NAMES_POOL_H

#include "base/list.h"
#include "names/names.h"

struct pier__task;

struct pier__asker {
	struct pier__list node; /* on waiters of what it asks */
	struct pier__task *task;
};

struct pier__asked {
	struct pier__list node;          /* with all that are in flight */
	struct pier__list queue_node;    /* on the queue */
	struct pier__list waiters;       /* struct pier__asker */
	const struct pier__calls *calls; /* of the task that asked first */
	struct pier__question question;  /* its strings stand behind it */
	unsigned int holders;
	bool done;
	int rc;                   /* when done */
	struct pier_names *names; /* when done and rc is 0 */
};

/* Everything below is called with the lock held. */
void pier__pool_lock(void);
void pier__pool_unlock(void);

/* An equal question in flight, or NULL. */
struct pier__asked *pier__pool_find(
	const struct pier__question *question, const struct pier__calls *calls);

/*
 * Takes a new question, which its caller holds, and sees that it will be
 * served. Returns 0, or -PIER_ELIMIT or -ENOMEM and asked is freed.
 */
int pier__pool_add(struct pier__asked *asked);

/* One holder less; the last one frees it. */
void pier__pool_let_go(struct pier__asked *asked);

/* Sees to forks, once. Returns 0 or -ENOMEM. Without the lock. */
int pier__pool_ready(void);

#endif
