/* SPDX-License-Identifier: MIT */
/*
 * serve/ends.h - which processes of connections have told their end: marks in
 * memory that a process shares with those it forks. Nothing else tells a
 * connection that has ended from a handler that called exit(0).
 */
#ifndef PIER_SERVE_ENDS_H
#define PIER_SERVE_ENDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct pier__ends {
	atomic_uchar *marks; /* NULL: not open */
	size_t room;
	size_t next; /* looked at first */
};

/* Room for so many at once, or for as many as the system has processes. Nothing
   where it is open already. 0 or -ENOMEM. */
int pier__ends_open(struct pier__ends *ends, size_t room);

/* One that is not open is fine. */
void pier__ends_close(struct pier__ends *ends);

/* By the parent, before the fork: a mark for a child, or NULL: all are taken. */
atomic_uchar *pier__ends_take(struct pier__ends *ends);

/* By the child: all that it had to do is done. */
void pier__ends_tell(atomic_uchar *mark);

/* By the parent, when the child has gone: did it tell? The mark is for
   others. */
bool pier__ends_give(atomic_uchar *mark);

#endif
