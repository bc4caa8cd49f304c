/* SPDX-License-Identifier: MIT */
/*
 * os/spawn.h - what it takes to start a program, and how it ended.
 */
#ifndef PIER_OS_SPAWN_H
#define PIER_OS_SPAWN_H

#include <stdbool.h>
#include <stdint.h>

/* A program to be started in a session of its own, all signals at their
   default and none blocked, nothing open but 0, 1 and 2. */
struct pier__spawn {
	const char *path; /* looked for in PATH when it has no slash */
	char *const *argv;
	char *const *envp;
	int fd;           /* becomes 0 and 1 */
	bool with_stderr; /* and 2 */
	/* In place of fd: a terminal by its path, 0, 1, 2 and controlling */
	const char *tty;
};

struct pier__exit {
	int status; /* -1: it was a signal */
	int signal;
};

struct pier__pty {
	char name[64]; /* of the program's side */
	uint16_t rows, columns;
	bool echo;
};

#endif
