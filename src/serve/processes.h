/* SPDX-License-Identifier: MIT */
/* serve/processes.h - how a process of a server ended, in words. Pure. */
#ifndef PIER_SERVE_PROCESSES_H
#define PIER_SERVE_PROCESSES_H

#include "serve/server.h"

/* Room for any of them. */
#define PIER__PROCESS_TEXT 512

/* "process 2 (pid 4242) was killed by SIGSEGV after 3.2 s, ..." of one that
   ended; last_words is what it left, or "". */
void pier__process_describe(char text[static PIER__PROCESS_TEXT],
	const struct pier_process *process, const char *last_words);

#endif
