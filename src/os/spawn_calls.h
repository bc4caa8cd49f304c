/* SPDX-License-Identifier: MIT */
/* os/spawn_calls.h - entries of the real table that stand in spawn.c and
   thread.c, see calls.h; and of threads what no table stands for. */
#ifndef PIER_OS_SPAWN_CALLS_H
#define PIER_OS_SPAWN_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pier__spawn;
struct pier__exit;
struct pier__pty;

int pier__real_spawn(const struct pier__spawn *spawn, int *pidfd);
int pier__real_exited(int pidfd, struct pier__exit *out);
int pier__real_signal_group(int leader, int number);
int pier__real_set_blocking(int fd, bool blocking);
int pier__real_pty(struct pier__pty *pty);
int pier__real_thread(void *stack, size_t stack_size, void *(*fn)(void *),
	void *arg, void *out);
/* What a thread has where so much is asked for: its stack, and the guard below
   it. */
void pier__thread_sizes(size_t asked, size_t *stack, size_t *guard);
/* May the program, or a library of it, run code that lies on a stack, as gcc makes
   it for a nested function? Those of libc's threads allow it then. */
bool pier__stacks_hold_code(void);
/* Has a thread that is not detached gone, or will it have by that moment of
   clock_ns() (0: now; INT64_MAX: whenever that is)? Then its number is of no use
   any more. */
bool pier__thread_is_gone(pthread_t id, int64_t until_ns);
int pier__real_pty_unread(int master);

#endif
