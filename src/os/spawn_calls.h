/* SPDX-License-Identifier: MIT */
/* os/spawn_calls.h - entries of the real table that stand in spawn.c and
   thread.c; see calls.h. */
#ifndef PIER_OS_SPAWN_CALLS_H
#define PIER_OS_SPAWN_CALLS_H

#include <stdbool.h>
#include <stddef.h>

struct pier__spawn;
struct pier__exit;
struct pier__pty;

int pier__real_spawn(const struct pier__spawn *spawn, int *pidfd);
int pier__real_exited(int pidfd, struct pier__exit *out);
int pier__real_signal_group(int leader, int number);
int pier__real_set_blocking(int fd, bool blocking);
int pier__real_pty(struct pier__pty *pty);
int pier__real_thread(
	size_t stack_size, void *(*fn)(void *), void *arg, void *out);
int pier__real_pty_unread(int master);

#endif
