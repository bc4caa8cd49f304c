/* SPDX-License-Identifier: MIT */
/* processes.c - see processes.h. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "processes.h"
#include "serving.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

struct processes_seen *seen;

bool
processes_skip(void)
{
	if (UNDER_TSAN)
		(void)printf("1..0 # SKIP the thread sanitizer gives up at a "
			     "fork of a program with threads\n");
	return UNDER_TSAN;
}

int
processes_open(void **state)
{
	(void)state;
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return seen == MAP_FAILED ? -1 : 0;
}

int
processes_begin(void **state)
{
	(void)state;
	memset(seen, 0, sizeof(*seen));
	return 0;
}

static void
on_process(const struct pier_process *process, void *ctx)
{
	int i = atomic_load(&seen->ended);

	(void)ctx;
	if (process->what == PIER_PROCESS_STARTED) {
		if (atomic_load(&seen->kill_all))
			(void)kill(process->pid, SIGKILL);
		atomic_fetch_add(&seen->started, 1);
		return;
	}
	if (i < PROCESSES_SEEN_MAX)
		seen->events[i] = *process;
	atomic_fetch_add(&seen->ended, 1);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)ctx;
	if (rc != -PIER_EDIED)
		return;
	(void)snprintf(
		seen->error, sizeof(seen->error), "%s", pier_error_line());
	atomic_fetch_add(&seen->errors, 1);
}

/* Says which process it is, then echoes; some words make it misbehave. */
static int
tell_pid(struct pier_stream *stream, void *ctx)
{
	char text[64];
	ssize_t n;
	int rc = pier_printf(stream, "%d\n", (int)getpid());

	(void)ctx;
	while (rc >= 0 && (n = pier_read(stream, text, sizeof(text),
				   PIER_DEFAULT)) != 0) {
		if (n < 0)
			return (int)n;
		if (n == 5 && memcmp(text, "abort", 5) == 0)
			abort();
		if (n == 4 && memcmp(text, "exit", 4) == 0)
			_exit(3);
		if (n == 4 && memcmp(text, "stop", 4) == 0)
			pier_server_stop(pier_conn(stream)->server);
		while (n == 4 && memcmp(text, "hang", 4) == 0)
			(void)pause();
		rc = pier_write(stream, text, (size_t)n, PIER_DEFAULT);
	}
	return rc;
}

struct pier_server_opts
processes_options(void)
{
	return (struct pier_server_opts){ .endpoint = "tcp://127.0.0.1:0",
		.handler = tell_pid,
		.processes = PROCESSES,
		.on_process = on_process,
		.on_error = on_error };
}

void
await(const atomic_int *what, int value)
{
	int64_t until = wall_ms() + TIMEOUT_S * 1000;

	while (atomic_load(what) < value && wall_ms() < until)
		(void)usleep(1000);
	assert_true(atomic_load(what) >= value);
}

int
pid_of(int fd)
{
	char text[32] = "";
	size_t len = 0;

	while (len < sizeof(text) - 1 && recv(fd, text + len, 1, 0) == 1)
		if (text[len++] == '\n')
			return atoi(text);
	return 0;
}

bool
is_over(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

void
converse(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	assert_true(pid_of(fd) > 0);
	plain_echo(fd, "hello");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(is_over(fd));
	plain_hang_up(fd);
}
