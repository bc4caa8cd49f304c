/* SPDX-License-Identifier: MIT */
/*
 * os/fault.h - being told of SIGSEGV and SIGBUS, for programs that opted in.
 *
 * Not in the call table: signal handlers belong to the process and not to a
 * task, and a simulated network has no say in them.
 */
#ifndef PIER_OS_FAULT_H
#define PIER_OS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Called in the signal handler, with the address that could not be had. */
typedef void pier__fault_fn(const void *address);

/* Install the handlers, once in a process; what was there before is called
   after fn. 0 or -errno. */
int pier__fault_watch(pier__fault_fn *fn);
bool pier__fault_watched(void);

/* Write text to standard error. Safe in a signal handler. */
void pier__fault_say(const char *text, size_t len);

/* Give the calling thread an alternate stack for its signal handlers, which
   run on `stack` from now on; -EEXIST when it has one already. */
#define PIER__SIGNAL_STACK ((size_t)64 * 1024)
int pier__signal_stack_set(void *stack);
void pier__signal_stack_unset(const void *stack);

#endif
