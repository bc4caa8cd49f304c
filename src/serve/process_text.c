/* SPDX-License-Identifier: MIT */
/* serve/process_text.c - see processes.h. */
#include "serve/processes.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

/* The C library's words differ by its language and do not name the signal. */
static const char *const signals[] = {
#define NAME(signal) [signal] = #signal
	NAME(SIGHUP),
	NAME(SIGINT),
	NAME(SIGQUIT),
	NAME(SIGILL),
	NAME(SIGTRAP),
	NAME(SIGABRT),
	NAME(SIGBUS),
	NAME(SIGFPE),
	NAME(SIGKILL),
	NAME(SIGUSR1),
	NAME(SIGSEGV),
	NAME(SIGUSR2),
	NAME(SIGPIPE),
	NAME(SIGALRM),
	NAME(SIGTERM),
	NAME(SIGXCPU),
	NAME(SIGXFSZ),
	NAME(SIGVTALRM),
	NAME(SIGPROF),
	NAME(SIGSYS),
#undef NAME
};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

void
pier__process_set_end(struct pier_process *process, int rc, int wait_status)
{
	process->signal = 0;
	process->status = -1;
	if (rc > 0 && WIFSIGNALED(wait_status))
		process->signal = WTERMSIG(wait_status);
	else if (rc > 0)
		process->status = WEXITSTATUS(wait_status);
}

void
pier__process_describe_end(char text[static PIER__PROCESS_END],
	const struct pier_process *process, const char *last_words)
{
	const size_t size = PIER__PROCESS_END;
	unsigned number = (unsigned)process->signal;

	if (number > 0 && number < SIGNALS && signals[number] != NULL)
		(void)snprintf(text, size, "was killed by %s", signals[number]);
	else if (number > 0)
		(void)snprintf(text, size, "was killed by signal %u", number);
	else if (last_words[0] != '\0')
		(void)snprintf(text, size, "gave up (%s)", last_words);
	else if (process->status >= 0)
		(void)snprintf(text, size, "ended with exit status %d",
			process->status);
	else
		(void)snprintf(text, size, "ended, nobody knows how,");
}

void
pier__process_describe(char text[static PIER__PROCESS_TEXT],
	const struct pier_process *process, const char *last_words)
{
	char end[PIER__PROCESS_END], lost[48] = "", pause[48] = "";

	pier__process_describe_end(end, process, last_words);
	if (process->lost > 0)
		(void)snprintf(lost, sizeof(lost),
			", with %" PRIu64 " connection%s", process->lost,
			process->lost == 1 ? "" : "s");
	if (process->pause_ms > 0)
		(void)snprintf(pause, sizeof(pause),
			"; another starts in %" PRId64 " ms",
			process->pause_ms);
	(void)snprintf(text, PIER__PROCESS_TEXT,
		"process %d (pid %d) %s after %.1f s%s%s", process->number,
		process->pid, end, (double)process->lived_ns / 1e9, lost,
		pause);
}
