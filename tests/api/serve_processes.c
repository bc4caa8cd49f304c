/* SPDX-License-Identifier: MIT */
/*
 * serve_processes.c - a server in several processes: one service by all of
 * them, one set of numbers and limits, and what happens when some die.
 *
 * Handlers tell in which process they run, so that a test can kill that one.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#else
#define UNDER_TSAN false
#endif

#define TCP         "tcp://127.0.0.1:0"
#define MANY        60
#define EVENTS      64
#define PROCESSES   3
#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What hooks of the first process have seen; the tests read it meanwhile. */
static struct {
	atomic_int started;
	atomic_int ended;
	struct pier_process events[EVENTS]; /* of ended */
	atomic_int errors;
	char error[1024];     /* the last line, whole once errors has gone up */
	atomic_bool kill_all; /* each as soon as it has started */
} seen;

static int
begin(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void
on_process(const struct pier_process *process, void *ctx)
{
	int i = atomic_load(&seen.ended);

	(void)ctx;
	if (process->what == PIER_PROCESS_STARTED) {
		if (atomic_load(&seen.kill_all))
			(void)kill(process->pid, SIGKILL);
		atomic_fetch_add(&seen.started, 1);
		return;
	}
	if (i < EVENTS)
		seen.events[i] = *process;
	atomic_fetch_add(&seen.ended, 1);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)ctx;
	if (conn != NULL || rc != -PIER_EDIED)
		return;
	(void)snprintf(seen.error, sizeof(seen.error), "%s", pier_error_line());
	atomic_fetch_add(&seen.errors, 1);
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

static struct pier_server_opts
options(void)
{
	return (struct pier_server_opts){ .endpoint = TCP,
		.handler = tell_pid,
		.processes = PROCESSES,
		.on_process = on_process,
		.on_error = on_error };
}

static void
await(const atomic_int *what, int value)
{
	int64_t until = wall_ms() + TIMEOUT_S * 1000;

	while (atomic_load(what) < value && wall_ms() < until)
		(void)usleep(1000);
	assert_true(atomic_load(what) >= value);
}

/* The process that serves fd; 0: it has been reset or closed. */
static int
pid_of(int fd)
{
	char text[32] = "";
	size_t len = 0;

	while (len < sizeof(text) - 1 && recv(fd, text + len, 1, 0) == 1)
		if (text[len++] == '\n')
			return atoi(text);
	return 0;
}

static bool
is_over(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

/* Not only closed: a process that was started meanwhile has it too. */
static void
hang_up(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
	(void)close(fd);
}

/* A plain conversation, whoever serves it. */
static void
converse(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	assert_true(pid_of(fd) > 0);
	plain_echo(fd, "hello");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(is_over(fd));
	hang_up(fd);
}

static void
test_every_model_serves(void **state)
{
	struct pier_server_stats stats;
	int before = open_fds();
	int i, j;

	(void)state;
	/* And that of forks, which is not among them. */
	for (i = 0; i <= MODEL_COUNT; i++) {
		struct pier_server_opts opts = options();
		struct serving it;

		opts.model = i < MODEL_COUNT ? models[i] : PIER_FORK;
		serving_start(&it, &opts);
		for (j = 0; j < MANY; j++)
			converse(&it);
		stats = serving_await(&it, FIELD(finished), MANY);
		assert_int_equal(stats.finished, MANY);
		assert_int_equal(stats.accepted, MANY);
		assert_int_equal(stats.bytes_in, MANY * 5);
		assert_int_equal(stats.failed + stats.lost + stats.died, 0);
		assert_int_equal(serving_stop(&it), 0);
	}
	assert_int_equal(atomic_load(&seen.errors), 0);
	assert_int_equal(
		atomic_load(&seen.ended), (MODEL_COUNT + 1) * PROCESSES);
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static void
test_iterative_serves_one_in_each(void **state)
{
	struct pier_server_opts opts = options();
	int fds[PROCESSES + 1], pids[PROCESSES];
	struct pollfd more;
	struct serving it;
	int i, j;

	(void)state;
	opts.model = PIER_ITERATIVE;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES; i++) {
		fds[i] = plain_connect(&it, 0);
		pids[i] = pid_of(fds[i]);
		for (j = 0; j < i; j++)
			assert_int_not_equal(pids[i], pids[j]);
	}
	/* One more queues, until any of them has ended. */
	fds[i] = plain_connect(&it, 0);
	more = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	assert_int_equal(poll(&more, 1, 100), 0);
	hang_up(fds[1]);
	assert_int_equal(pid_of(fds[i]), pids[1]);
	hang_up(fds[0]);
	hang_up(fds[2]);
	hang_up(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_limits_are_of_all_together(void **state)
{
	struct pier_server_opts opts = options();
	struct pollfd more;
	struct serving it;
	int fds[5];
	int i;

	(void)state;
	opts.connections_max = 4;
	opts.per_address_max = 4;
	serving_start(&it, &opts);
	for (i = 0; i < 4; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	fds[4] = plain_connect(&it, 0);
	more = (struct pollfd){ .fd = fds[4], .events = POLLIN };
	assert_int_equal(poll(&more, 1, 100), 0);
	/* Whichever process had it, and whichever takes the next. */
	for (i = 0; i < 4; i++) {
		hang_up(fds[i]);
		assert_true(pid_of(fds[4]) > 0);
		fds[i] = fds[4];
		fds[4] = plain_connect(&it, 0);
	}
	for (i = 0; i < 5; i++)
		hang_up(fds[i]);
	serving_await_active(&it, 0);
	assert_int_equal(
		serving_await(&it, FIELD(active_peak), 4).active_peak, 4);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_addresses_are_counted_together(void **state)
{
	struct pier_server_opts opts = options();
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct serving it;
	int fds[3];
	int i;

	(void)state;
	opts.per_address_max = 3;
	serving_start(&it, &opts);
	for (i = 0; i < 3; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	plain_expect_reset(endpoint);
	(void)serving_await(&it, FIELD(refused_address), 1);
	for (i = 0; i < 3; i++)
		hang_up(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

/* Connections, and who serves each; pid 0: it has gone. */
struct crowd {
	int fds[6 * MANY], pids[6 * MANY];
	int count;
};

static void
one_more(struct crowd *crowd, const struct serving *it)
{
	int fd = plain_connect(it, 0);

	crowd->fds[crowd->count] = fd;
	crowd->pids[crowd->count] = pid_of(fd);
	assert_true(crowd->pids[crowd->count] > 0);
	crowd->count++;
}

/* How many of them go. */
static int
all_of_one_go(struct crowd *crowd, int pid)
{
	int went = 0, i;

	for (i = 0; i < crowd->count; i++) {
		if (crowd->pids[i] != pid)
			continue;
		hang_up(crowd->fds[i]);
		crowd->pids[i] = 0;
		went++;
	}
	return went;
}

/* Has no process over a tenth, and over two, more than another? */
static bool
is_even(const struct crowd *crowd)
{
	int counts[PROCESSES] = { 0 }, known[PROCESSES] = { 0 };
	int min = crowd->count, max = 0;
	int i, j;

	for (i = 0; i < crowd->count; i++) {
		for (j = 0; crowd->pids[i] != 0; j++) {
			assert_true(j < PROCESSES);
			if (known[j] == 0)
				known[j] = crowd->pids[i];
			if (known[j] == crowd->pids[i])
				break;
		}
		if (crowd->pids[i] != 0)
			counts[j]++;
	}
	for (j = 0; j < PROCESSES; j++) {
		min = counts[j] < min ? counts[j] : min;
		max = counts[j] > max ? counts[j] : max;
	}
	return max - min <= 2 + min / 10;
}

/* While MANY are there from the beginning, others come. A process that does not
   get to run for a while leaves its own to others, who owe it the next ones: so
   they may be even a little later. */
static void
test_load_stays_even(void **state)
{
	static struct crowd crowd;
	struct pier_server_opts opts = options();
	struct serving it;
	int i, went;

	(void)state;
	serving_start(&it, &opts);
	await(&seen.started, PROCESSES);
	for (i = 0; i < 2 * MANY; i++)
		one_more(&crowd, &it);
	went = all_of_one_go(&crowd, crowd.pids[0]);
	serving_await_active(&it, (uint64_t)(2 * MANY - went));
	for (i = 0; i < 2 * MANY; i++)
		one_more(&crowd, &it);
	for (i = 0; i < 2 * MANY && !is_even(&crowd); i++)
		one_more(&crowd, &it);
	assert_true(is_even(&crowd));
	for (i = 0; i < crowd.count; i++)
		if (crowd.pids[i] != 0)
			hang_up(crowd.fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

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
		hang_up(fds[i]);
	if (!several)
		serving_await_active(it, 0);
	return several;
}

static void
test_a_killed_process_takes_only_its_own(void **state)
{
	struct pier_server_opts opts = options();
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
	await(&seen.errors, 1);
	assert_non_null(strstr(seen.error, "was killed by SIGKILL after"));
	assert_non_null(strstr(seen.error, "PIER_EDIED"));
	assert_int_equal(seen.events[0].signal, SIGKILL);
	assert_int_equal(seen.events[0].status, -1);
	assert_int_equal(seen.events[0].lost, lost);
	serving_await_active(&it, (uint64_t)(MANY - lost));
	/* What it held is free: as many come in as went, and no more. */
	for (i = 0; i < MANY; i++) {
		if (pids[i] != 0)
			continue;
		hang_up(fds[i]);
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	await(&seen.started, PROCESSES + 1);
	for (i = 0; i < MANY; i++)
		hang_up(fds[i]);
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
	struct pier_server_opts opts = options();
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_true(pid_of(fd) > 0);
	plain_write(fd, "abort", 5);
	assert_true(is_over(fd));
	hang_up(fd);
	await(&seen.errors, 1);
	assert_non_null(strstr(seen.error, "was killed by SIGABRT after"));
	assert_non_null(strstr(seen.error, ", with 1 connection"));
	fd = plain_connect(&it, 0);
	assert_true(pid_of(fd) > 0);
	plain_write(fd, "exit", 4);
	assert_true(is_over(fd));
	hang_up(fd);
	await(&seen.errors, 2);
	assert_non_null(strstr(seen.error, "ended with exit status 3 after"));
	assert_int_equal(seen.events[1].status, 3);
	converse(&it);
	assert_int_equal(serving_stop(&it), 0);
}

/* Of all that die at once the second comes later than the first, and so on. */
static void
test_they_come_back_ever_later(void **state)
{
	struct pier_server_opts opts = options();
	struct serving it;
	int i;

	(void)state;
	opts.processes = 1;
	atomic_store(&seen.kill_all, true);
	serving_start(&it, &opts);
	await(&seen.ended, 4);
	atomic_store(&seen.kill_all, false);
	for (i = 0; i < 4; i++)
		assert_int_equal(seen.events[i].pause_ms, 100 << i);
	/* Nobody who came meanwhile was lost. */
	converse(&it);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_a_stop_drains_all(void **state)
{
	struct pier_server_opts opts = options();
	int fds[PROCESSES * 2];
	struct serving it;
	int i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES * 2; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	/* By a handler, in one of the processes. */
	plain_echo(fds[0], "stop");
	for (i = 0; i < PROCESSES * 2; i++) {
		plain_echo(fds[i], "hello");
		assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
		assert_true(is_over(fds[i]));
		hang_up(fds[i]);
	}
	assert_int_equal(serving_join(&it), 0);
	assert_int_equal(atomic_load(&seen.errors), 0);
	assert_int_equal(atomic_load(&seen.ended), PROCESSES);
	assert_int_equal(seen.events[0].status, 0);
}

static void
test_a_second_stop_cancels_all(void **state)
{
	struct pier_server_opts opts = options();
	int fds[PROCESSES * 2];
	struct serving it;
	int i;

	(void)state;
	opts.drain_ms = 100000;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES * 2; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	pier_server_stop(it.server);
	assert_int_equal(serving_stop(&it), PROCESSES * 2);
	for (i = 0; i < PROCESSES * 2; i++) {
		assert_true(is_over(fds[i]));
		hang_up(fds[i]);
	}
}

/* Outside of pier: nothing but the end of its process ends it. */
static void
test_one_that_hangs_is_killed(void **state)
{
	struct pier_server_opts opts = options();
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
	hang_up(fd);
	assert_non_null(strstr(seen.error, "was killed by SIGKILL after"));
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
		struct pier_server_opts opts = options();
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
		hang_up(fds[i]);
		assert_int_equal(poll(&end, 1, TIMEOUT_S * 1000), 1);
		(void)close(pidfds[i]);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static int
run_in_fiber(void *arg)
{
	struct pier_server_opts opts = options();

	(void)arg;
	return pier_serve(&opts);
}

static void
test_not_from_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(run_in_fiber, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(atomic_load(&seen.started), 0);
}

static void
test_datagrams(void **state)
{
	struct pier_server_opts opts = options();
	char endpoint[PIER_ENDPOINT_TEXT_MAX], back[8];
	struct pier_packet *packet;
	struct pier_msg msg;
	struct serving it;
	int i;

	(void)state;
	opts.endpoint = "udp4://127.0.0.1:0";
	opts.datagram_handler = pier_datagram_echo;
	serving_start(&it, &opts);
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, endpoint, NULL, pier_in_ms(1000)), 0);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(
			pier_send(packet, NULL, "ping", 4, pier_in_ms(1000)),
			0);
		assert_int_equal(pier_recv(packet, &msg, back, sizeof(back),
					 pier_in_ms(TIMEOUT_S * 1000)),
			0);
		assert_int_equal(msg.size, 4);
	}
	pier_packet_close(packet);
	assert_int_equal(
		serving_await(&it, FIELD(datagrams), MANY).datagrams, MANY);
	assert_int_equal(serving_stop(&it), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
		TEST(test_every_model_serves),
		TEST(test_iterative_serves_one_in_each),
		TEST(test_limits_are_of_all_together),
		TEST(test_addresses_are_counted_together),
		TEST(test_load_stays_even),
		TEST(test_a_killed_process_takes_only_its_own),
		TEST(test_a_handler_that_ends_its_process),
		TEST(test_they_come_back_ever_later),
		TEST(test_a_stop_drains_all),
		TEST(test_a_second_stop_cancels_all),
		TEST(test_one_that_hangs_is_killed),
		TEST(test_orphans_drain_and_end),
		TEST(test_not_from_a_fiber),
		TEST(test_datagrams),
	};

	if (UNDER_TSAN) {
		(void)printf("1..0 # SKIP the thread sanitizer gives up at a "
			     "fork of a program with threads\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
