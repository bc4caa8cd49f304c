/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP: the first asks the verb to end, the second ends
 * the tool at once with 128 + its number, unless it is SIGHUP, which comes more
 * than once when a terminal goes away. SIGPIPE is ignored: a closed standard
 * output is a result of the write, not the end of the process.
 */
#ifndef PIER_CLI_SIGNALS_H
#define PIER_CLI_SIGNALS_H

/*
 * cli_signals_start(): take over these signals, except those of the first
 * three that are ignored already.
 *
 * Returns a descriptor that becomes readable at the first of them and
 * stays so, for the process's life; or a negative errno.
 */
int cli_signals_start(void);

/*
 * cli_signals_call(fn, arg): have the first signal also call fn(arg), inside
 * the signal handler: fn is async-signal-safe. At once when the signal has
 * come already. fn NULL: no more calls after this one returned.
 */
void cli_signals_call(void (*fn)(void *), void *arg);

/* The first signal that came, or 0. */
int cli_signals_caught(void);

#endif
