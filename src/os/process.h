/* SPDX-License-Identifier: MIT */
/*
 * Which process this is, and its end: after a fork the child has all that its
 * parent had, and not all of it is the child's to end. Not in the call table: it
 * cannot fail, and a simulated network has the processes of the machine.
 */
#ifndef PIER_OS_PROCESS_H
#define PIER_OS_PROCESS_H

#include <sys/types.h>
#include <unistd.h>

static inline pid_t
pier__process(void)
{
	return getpid();
}

/* Whose files and sockets are ours. */
static inline uid_t
pier__user(void)
{
	return geteuid();
}

/* The end of a child: what the parent wanted done at its own end (atexit,
   buffers of stdio) is not done here too. */
static inline _Noreturn void
pier__process_exit(int status)
{
	_exit(status);
}

/* What was handed down to it, NULL-ended; as environ(7). */
char *const *pier__environment(void);

#endif
