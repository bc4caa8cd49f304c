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

/* Of that, "was killed by SIGSEGV" or "ended with exit status 3". */
#define PIER__PROCESS_END (PIER__LAST_WORDS + 32)

void pier__process_describe_end(char text[static PIER__PROCESS_END],
	const struct pier_process *process, const char *last_words);

/* signal and status, by what reap gave: rc, and where it is above 0 this. */
void pier__process_set_end(
	struct pier_process *process, int rc, int wait_status);

#endif
