/* SPDX-License-Identifier: MIT */
/*
 * serve_process_deaths.c - when a process of a server dies, the others serve on,
 * it is told of, another takes its place, and what it held is free.
 *
 * Handlers tell in which process they run, so that a test can kill that one.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "processes.h"
#include "serving.h"

#define MANY 60

/* Kills who serves the first of count connections; how many had it. */
static int
kill_first(const int *fds, int *pids, int count)
{
	int victim = pids[0];
	int lost = 0, i;

	assert_int_equal(kill(victim, SIGKILL), 0);
	for (i = 0; i < count; i++) {
		if (pids[i] != victim) {
			plain_echo(fds[i], "still here");
			continue;
		}
		assert_true(is_over(fds[i]));
		pids[i] = 0;
		lost++;
	}
	return lost;
}

/* So many connections, and does more than one process serve them? On a busy machine
   one may have all before the next begins. */
static bool
connect_to_several(const struct serving *it, int *fds, int *pids, int count)
{
	bool several = false;
	int i;

	for (i = 0; i < count; i++) {
		fds[i] = plain_connect(it, 0);
		pids[i] = pid_of(fds[i]);
		assert_true(pids[i] > 0);
		several |= pids[i] != pids[0];
	}
	for (i = 0; i < count && !several; i++)
		plain_hang_up(fds[i]);
	if (!several)
		serving_await_active(it, 0);
	return several;
}

static void
test_a_killed_process_takes_only_its_own(void **state)
{
	struct pier_server_opts opts = processes_options();
	int64_t began = wall_ms();
	int fds[MANY], pids[MANY];
	struct pier_server_stats stats;
	struct serving it;
	uint64_t accepted;
	int i, lost;

	(void)state;
	opts.connections_max = MANY;
	opts.per_address_max = MANY;
	serving_start(&it, &opts);
	while (!connect_to_several(&it, fds, pids, MANY))
		assert_true(wall_ms() - began < TIMEOUT_S * 1000);
	pier_server_stats(it.server, &stats);
	accepted = stats.accepted;
	lost = kill_first(fds, pids, MANY);
	assert_in_range(lost, 1, MANY - 1);
	await(&seen->errors, 1);
	assert_non_null(strstr(seen->error, "was killed by SIGKILL after"));
	assert_non_null(strstr(seen->error, "PIER_EDIED"));
	assert_int_equal(seen->events[0].signal, SIGKILL);
	assert_int_equal(seen->events[0].status, -1);
	assert_int_equal(seen->events[0].lost, lost);
	serving_await_active(&it, (uint64_t)(MANY - lost));
	/* What it held is free: as many come in as went, and no more. */
	for (i = 0; i < MANY; i++) {
		if (pids[i] != 0)
			continue;
		plain_hang_up(fds[i]);
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	await(&seen->started, PROCESSES + 1);
	for (i = 0; i < MANY; i++)
		plain_hang_up(fds[i]);
	serving_await_active(&it, 0);
	pier_server_stats(it.server, &stats);
	assert_int_equal(stats.lost, lost);
	assert_int_equal(stats.died, 1);
	assert_int_equal(stats.accepted, accepted + (uint64_t)lost);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_a_handler_that_ends_its_process(void **state)
{
	struct pier_server_opts opts = processes_options();
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_true(pid_of(fd) > 0);
	plain_write(fd, "abort", 5);
	assert_true(is_over(fd));
	plain_hang_up(fd);
	await(&seen->errors, 1);
	assert_non_null(strstr(seen->error, "was killed by SIGABRT after"));
	assert_non_null(strstr(seen->error, ", with 1 connection"));
	fd = plain_connect(&it, 0);
	assert_true(pid_of(fd) > 0);
	plain_write(fd, "exit", 4);
	assert_true(is_over(fd));
	plain_hang_up(fd);
	await(&seen->errors, 2);
	assert_non_null(strstr(seen->error, "ended with exit status 3 after"));
	assert_int_equal(seen->events[1].status, 3);
	converse(&it);
	assert_int_equal(serving_stop(&it), 0);
}

/* Of all that die at once the second comes later than the first, and so on. */
static void
test_they_come_back_ever_later(void **state)
{
	struct pier_server_opts opts = processes_options();
	struct serving it;
	int i;

	(void)state;
	opts.processes = 1;
	atomic_store(&seen->kill_all, true);
	serving_start(&it, &opts);
	await(&seen->ended, 4);
	atomic_store(&seen->kill_all, false);
	for (i = 0; i < 4; i++)
		assert_int_equal(seen->events[i].pause_ms, 100 << i);
	/* Nobody who came meanwhile was lost. */
	converse(&it);
	assert_int_equal(serving_stop(&it), 0);
}

/* Outside of pier: nothing but the end of its process ends it. */
static void
test_one_that_hangs_is_killed(void **state)
{
	struct pier_server_opts opts = processes_options();
	struct serving it;
	int fd;

	(void)state;
	opts.drain_ms = PIER_OFF;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_true(pid_of(fd) > 0);
	plain_write(fd, "hang", 4);
	assert_int_equal(serving_stop(&it), 1);
	assert_true(is_over(fd));
	plain_hang_up(fd);
	assert_non_null(strstr(seen->error, "was killed by SIGKILL after"));
}

/* When the first process is killed the others finish what they serve. */
static void
test_orphans_drain_and_end(void **state)
{
	int ends[2], i, pid, status;
	int fds[PROCESSES], pidfds[PROCESSES];
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct pier_server_opts opts = processes_options();
		struct pier_server *server = NULL;

		opts.model = PIER_ITERATIVE;
		if (pier_server_open(&server, &opts) < 0)
			_exit(1);
		(void)pier_server_endpoint(
			server, 0, endpoint, sizeof(endpoint));
		(void)!write(ends[1], endpoint, sizeof(endpoint));
		(void)pier_server_run(server);
		_exit(2);
	}
	assert_int_equal(
		read(ends[0], endpoint, sizeof(endpoint)), sizeof(endpoint));
	for (i = 0; i < PROCESSES; i++) {
		fds[i] = plain_dial(endpoint);
		assert_true(fds[i] >= 0);
		pidfds[i] = (int)syscall(SYS_pidfd_open, pid_of(fds[i]), 0);
		assert_true(pidfds[i] >= 0);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (i = 0; i < PROCESSES; i++) {
		struct pollfd end = { .fd = pidfds[i], .events = POLLIN };

		plain_echo(fds[i], "hello");
		plain_hang_up(fds[i]);
		assert_int_equal(poll(&end, 1, TIMEOUT_S * 1000), 1);
		(void)close(pidfds[i]);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, processes_begin)
	const struct CMUnitTest tests[] = {
		TEST(test_a_killed_process_takes_only_its_own),
		TEST(test_a_handler_that_ends_its_process),
		TEST(test_they_come_back_ever_later),
		TEST(test_one_that_hangs_is_killed),
		TEST(test_orphans_drain_and_end),
	};

	if (processes_skip())
		return 0;
	return cmocka_run_group_tests(tests, processes_open, NULL);
}
