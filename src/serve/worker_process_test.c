/* SPDX-License-Identifier: MIT */
/* serve/worker_process_test.c - a process that is told to stop before it knows
   which of them it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pier.h>

#include "os/calls.h"
#include "serve/server.h"
#include "task/task.h"

#define PROCESSES 3

static struct {
	struct pier_server *server;
	struct pier__calls table;
	int started;
} it;

/* As a signal to the whole group reaches each new one at its first step. */
static int
fork_and_be_told(int *pidfd)
{
	int pid = pier__calls_real.fork(pidfd);

	if (pid == 0)
		pier_server_stop(it.server);
	return pid;
}

/* The first one has the same signal, as the last one is there. */
static void
on_process(const struct pier_process *process, void *ctx)
{
	(void)ctx;
	if (process->what == PIER_PROCESS_STARTED && ++it.started == PROCESSES)
		pier_server_stop(it.server);
}

static void
test_one_signal_to_all_is_one(void **state)
{
	const struct pier_server_opts opts = { .endpoint = "tcp://127.0.0.1:0",
		.handler = pier_handler_echo,
		.processes = PROCESSES,
		.on_process = on_process };

	(void)state;
	it.table = pier__calls_real;
	it.table.fork = fork_and_be_told;
	pier__self()->context.calls = &it.table;
	assert_int_equal(pier_server_open(&it.server, &opts), 0);
	assert_int_equal(pier_server_run(it.server), 0);
	assert_int_equal(it.started, PROCESSES);
	/* Two would have ended connections at once. */
	assert_int_equal(atomic_load(&it.server->shared->stops), 1);
	pier_server_close(it.server);
	pier__self()->context.calls = &pier__calls_real;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_signal_to_all_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
