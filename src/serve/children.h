/* SPDX-License-Identifier: MIT */
/*
 * serve/children.h - the processes of connections, as the one that forks them
 * knows them.
 *
 * After a fork each side copies a page before it writes there, so all this is
 * laid out by who writes. What is known of each child is memory that a fork
 * leaves out, and which its parent writes as if it had never forked. What a
 * child has to close of its parent's are some numbers beside each other. What it
 * tells is shared.
 *
 * One fiber reaps all: the pidfds are in an epoll set of their own, which says
 * who has ended.
 */
#ifndef PIER_SERVE_CHILDREN_H
#define PIER_SERVE_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

#include "os/process.h"
#include "serve/conn.h"

struct pier__closing;

/* By its parent alone. */
struct pier__child {
	uint32_t place; /* from 1 */
	uint32_t next_free;
	struct pier__list node; /* of those that run */
	int pid;
	int pidfd;
	int64_t started_ns;
	bool watched; /* the set tells of its end; else it is looked for */
	bool killed;
	bool above; /* its pidfd lies above the mark of the server */
	int rc;     /* when it has ended: what reaping gave, */
	int status; /* and how it did */
	/* A copy without a stream, as that is the child's; with its peer. */
	struct pier__conn conn;
};

/*
 * pier__children_open(worker): of a server's only worker, which has none yet:
 * what they need, and the fiber that reaps them, one of worker->handling. 0,
 * -ENOMEM, -EMFILE, …
 */
int pier__children_open(struct pier__worker *worker);

/* None come any more: the fiber ends with the last. Also after an open that
   failed. */
void pier__children_close(struct pier__worker *worker);

/* All that was made for them. */
void pier__children_free(struct pier_server *server);

/*
 * pier__children_tidy(server): on the way to another fork, now and then: reap
 * those that have ended. As long as more come than the fiber that reaps has its
 * turn, each new process would have the pidfds of all of them to close.
 */
void pier__children_tidy(struct pier_server *server);

/* Before the fork: one that is about to run, or NULL: no memory. */
struct pier__child *pier__children_take(struct pier_server *server);

/* It was not forked after all. */
void pier__children_give(struct pier_server *server, struct pier__child *child);

/* It was, and has pid and pidfd. What is needed of conn is copied. */
void pier__children_add(struct pier_server *server, struct pier__child *child,
	const struct pier__conn *conn);

/* What a child has of its parent's to do with others: noted before the fork, on
   a page that is written anyway as long as there are few. */
#define PIER__INHERITED_FEW 40

struct pier__inheritance {
	uint32_t count;
	const int *fds;
	int few[PIER__INHERITED_FEW];
};

void pier__children_note(
	struct pier_server *server, struct pier__inheritance *out);
/* In the child: closed. */
void pier__children_forked(const struct pier_server *server,
	const struct pier__inheritance *it, struct pier__closing *closing);

/* Does this process run a connection of PIER_FORK, or is it a copy of one that
   forks those? Async-signal-safe. */
static inline bool
pier__children_are_of_another(const struct pier_server *server)
{
	return atomic_load(&server->child_ledger) != NULL &&
	       atomic_load(&server->children.pid) != pier__process();
}

/* By the child in this place: all that it had to do is done. Nothing else tells
   a connection that has ended from a handler that called exit(0). */
static inline void
pier__children_tell(const struct pier_server *server, uint32_t place)
{
	atomic_store(&server->children.marks[place], true);
}

#endif
