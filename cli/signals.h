/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGTERM: the first asks the verb to end, the second ends the tool
 * at once with 128 + its number. SIGPIPE is ignored: a closed standard output
 * is a result of the write, not the end of the process.
 */
#ifndef PIER_CLI_SIGNALS_H
#define PIER_CLI_SIGNALS_H

/*
 * cli_signals_start(): take over the three signals.
 *
 * Returns a descriptor that becomes readable at the first SIGINT or SIGTERM
 * and stays so, for the process's life; or a negative errno.
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
