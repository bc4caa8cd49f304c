/* SPDX-License-Identifier: MIT */
/* task/overflow.h - the report of stacks that ran over, from inside. */
#ifndef PIER_TASK_OVERFLOW_H
#define PIER_TASK_OVERFLOW_H

#include "task/task.h"

/* The stack of this fiber ran over: say so, where the program opted in. Safe
   in a signal handler. */
void pier__overflow_tell(const struct pier__task *task);

/* A thread begins to run fibers: an alternate stack for it, where the program
   opted in. Without the memory for one it does without. */
void pier__overflow_thread(struct pier__task *host);

/* The thread ends, or gives its alternate stack back for another reason. */
void pier__overflow_thread_end(struct pier__task *thread);

#endif
