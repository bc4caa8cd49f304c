/* SPDX-License-Identifier: MIT */
/*
 * Lines on standard output, and room on standard error: whoever reads them may
 * be slow, or not read at all, and must not hold up an interrupt, a time
 * limit, or the other fibers of the thread.
 */
#ifndef PIER_CLI_OUTPUT_H
#define PIER_CLI_OUTPUT_H

#include <pier.h>

#include <stdbool.h>
#include <stddef.h>

/* Once, before the first line and before any thread. 0 or -ENOMEM. */
int cli_output_start(void);

/*
 * cli_output(line, len, deadline): write a line whole; lines of several tasks
 * do not mix. Parks the calling fiber, or blocks the thread, until the reader
 * has made room or the deadline passes. In a task that is cancelled, and past
 * the deadline, it waits no longer than until the last moment, see below.
 *
 * Returns 0, or a negative error; after a line that was cut off, every later
 * one fails like it, since what it would begin with is the end of that line:
 *   -EPIPE            the reader is gone
 *   -PIER_EDEADLINE   no room by the deadline
 *   -EAGAIN           no room, and the deadline is PIER_NOW
 *   -ECANCELED        no room, and the task is cancelled
 *   -ENOSPC, -EIO, …  as write(2)
 */
int cli_output(const char *line, size_t len, pier_deadline deadline);

/* Is it one of the three that say no room? */
bool cli_output_no_room(int rc);

/*
 * cli_output_last_moment(): until when what is still to be said may wait once
 * the tool is to end: set by the first call, 50 ms ahead, and the same for
 * all, so that many lines take no longer than one.
 */
pier_deadline cli_output_last_moment(void);

/*
 * cli_output_stderr_has_room(signal_fd): wait until standard error takes a
 * line; false when it does not, and a signal (see cli_signals_start()) came.
 */
bool cli_output_stderr_has_room(int signal_fd);

#endif
