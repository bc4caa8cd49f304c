/* SPDX-License-Identifier: MIT */
/*
 * serve_fork_processes.c - the model of forks in several processes: the process
 * of a connection is the grandchild of the one that looks after all. Whoever of
 * them dies, or stops the server, all know of it, and what a dead one held is
 * free.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "processes.h"
#include "serving.h"

#define CLIENTS     6
#define FIELD(name) offsetof(struct pier_server_stats, name)

/* A client, and the processes that serve it. */
struct client {
	int fd;
	pid_t pid;
	pid_t accepted_by;
	int pidfd; /* of pid */
};

/* Says who it is, then echoes; some bytes are orders. */
static int
obey(struct pier_stream *stream, void *ctx)
{
	const pid_t pids[2] = { getpid(), getppid() };
	char order;
	int rc = pier_write(stream, pids, sizeof(pids), PIER_DEFAULT);

	(void)ctx;
	while (rc == 0 &&
		(rc = (int)pier_read(stream, &order, 1, PIER_DEFAULT)) == 1) {
		if (order == 'Z')
			_exit(0);
		while (order == 'H')
			(void)pause();
		if (order == 'S')
			pier_server_stop(pier_conn(stream)->server);
		rc = pier_write(stream, &order, 1, PIER_DEFAULT);
	}
	return rc;
}

static struct pier_server_opts
options(void)
{
	struct pier_server_opts opts = processes_options();

	opts.handler = obey;
	opts.model = PIER_FORK;
	return opts;
}

static void
meet(struct client *client, int fd)
{
	pid_t pids[2];

	assert_int_equal(
		plain_read_all(fd, pids, sizeof(pids)), (ssize_t)sizeof(pids));
	client->fd = fd;
	client->pid = pids[0];
	client->accepted_by = pids[1];
	client->pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
	assert_true(client->pidfd >= 0);
}

static void
hang_up(struct client *client)
{
	plain_hang_up(client->fd);
	(void)close(client->pidfd);
}

static void
expect_end(const struct client *client)
{
	struct pollfd end = { .fd = client->pidfd, .events = POLLIN };

	assert_int_equal(poll(&end, 1, TIMEOUT_S * 1000), 1);
}

static void
start(struct serving *it, const struct pier_server_opts *opts,
	struct client clients[CLIENTS])
{
	int i;

	serving_start(it, opts);
	for (i = 0; i < CLIENTS; i++)
		meet(&clients[i], plain_connect(it, 0));
}

static void
test_a_process_for_each(void **state)
{
	struct pier_server_opts opts = options();
	struct client clients[CLIENTS];
	struct pier_server_stats stats;
	int before = open_fds();
	struct serving it;
	int i, j;

	(void)state;
	start(&it, &opts, clients);
	serving_await_active(&it, CLIENTS);
	for (i = 0; i < CLIENTS; i++) {
		assert_int_not_equal(clients[i].accepted_by, getpid());
		for (j = 0; j < i; j++)
			assert_int_not_equal(clients[i].pid, clients[j].pid);
		plain_echo(clients[i].fd, "hello");
	}
	for (i = 0; i < CLIENTS; i++)
		hang_up(&clients[i]);
	stats = serving_await(&it, FIELD(finished), CLIENTS);
	serving_await_active(&it, 0);
	assert_int_equal(stats.accepted, CLIENTS);
	assert_int_equal(stats.active_peak, CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(atomic_load(&seen->errors), 0);
	assert_int_equal(atomic_load(&seen->ended), PROCESSES);
	assert_int_equal(open_fds(), before);
}

/* One process of a connection dies: the one that accepted it tells, and goes on;
   to the first one nothing has happened. */
static void
test_one_connection_dies(void **state)
{
	struct pier_server_opts opts = options();
	struct client clients[CLIENTS];
	struct pier_server_stats stats;
	struct serving it;
	int i;

	(void)state;
	start(&it, &opts, clients);
	assert_int_equal(kill(clients[0].pid, SIGKILL), 0);
	await(&seen->errors, 1);
	assert_non_null(strstr(seen->error, "was killed by SIGKILL after"));
	plain_write(clients[1].fd, "Z", 1);
	await(&seen->errors, 2);
	assert_non_null(strstr(seen->error, "ended with exit status 0 after"));
	for (i = 2; i < CLIENTS; i++)
		plain_echo(clients[i].fd, "x");
	serving_await_active(&it, CLIENTS - 2);
	for (i = 0; i < CLIENTS; i++)
		hang_up(&clients[i]);
	stats = serving_await(&it, FIELD(finished), CLIENTS - 2);
	assert_int_equal(stats.died, 2);
	assert_int_equal(stats.lost, 2);
	assert_int_equal(stats.failed, 2);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(atomic_load(&seen->started), PROCESSES);
}

/* One that accepts dies, and its children with it, even one that would not end
   by itself: as many connections come in again as went, and no more. */
static void
test_one_that_accepts_dies(void **state)
{
	struct pier_server_opts opts = options();
	struct client clients[CLIENTS];
	struct pier_server_stats stats;
	struct serving it;
	pid_t victim;
	int lost = 0;
	int i;

	(void)state;
	opts.connections_max = CLIENTS;
	opts.per_address_max = CLIENTS;
	start(&it, &opts, clients);
	victim = clients[0].accepted_by;
	plain_write(clients[0].fd, "H", 1);
	assert_int_equal(kill(victim, SIGKILL), 0);
	for (i = 0; i < CLIENTS; i++) {
		if (clients[i].accepted_by == victim)
			expect_end(&clients[i]);
		else
			plain_echo(clients[i].fd, "still here");
		lost += clients[i].accepted_by == victim;
	}
	await(&seen->ended, 1);
	assert_int_equal(seen->events[0].signal, SIGKILL);
	assert_int_equal(seen->events[0].lost, lost);
	serving_await_active(&it, (uint64_t)(CLIENTS - lost));
	for (i = 0; i < CLIENTS; i++) {
		if (clients[i].accepted_by != victim)
			continue;
		hang_up(&clients[i]);
		meet(&clients[i], plain_connect(&it, 0));
	}
	serving_await_active(&it, CLIENTS);
	await(&seen->started, PROCESSES + 1);
	for (i = 0; i < CLIENTS; i++)
		hang_up(&clients[i]);
	serving_await_active(&it, 0);
	pier_server_stats(it.server, &stats);
	assert_int_equal(stats.lost, lost);
	assert_int_equal(stats.died, 1);
	assert_int_equal(stats.finished, CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
}

/* A handler's stop is everybody's. */
static void
test_a_child_stops_all(void **state)
{
	struct pier_server_opts opts = options();
	struct client clients[CLIENTS];
	struct serving it;
	int i;

	(void)state;
	start(&it, &opts, clients);
	plain_echo(clients[0].fd, "S");
	for (i = 0; i < CLIENTS; i++) {
		plain_echo(clients[i].fd, "hello");
		hang_up(&clients[i]);
	}
	assert_int_equal(serving_join(&it), 0);
	assert_int_equal(atomic_load(&seen->errors), 0);
	assert_int_equal(atomic_load(&seen->ended), PROCESSES);
	assert_int_equal(seen->events[0].status, 0);
}

static void
test_a_second_stop_cancels_all(void **state)
{
	struct pier_server_opts opts = options();
	struct client clients[CLIENTS];
	struct serving it;
	int i;

	(void)state;
	opts.drain_ms = 600000;
	start(&it, &opts, clients);
	pier_server_stop(it.server);
	assert_int_equal(serving_stop(&it), CLIENTS);
	for (i = 0; i < CLIENTS; i++) {
		expect_end(&clients[i]);
		hang_up(&clients[i]);
	}
	assert_int_equal(atomic_load(&seen->errors), 0);
}

static _Noreturn void
serve_apart(int out)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";
	struct pier_server_opts opts = options();
	struct pier_server *server = NULL;

	if (pier_server_open(&server, &opts) < 0)
		_exit(1);
	(void)pier_server_endpoint(server, 0, endpoint, sizeof(endpoint));
	(void)!write(out, endpoint, sizeof(endpoint));
	(void)pier_server_run(server);
	_exit(2);
}

/* When the first process is killed connections have the drain time, and those
   that accepted them end after them. */
static void
test_orphans_drain_and_end(void **state)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct client clients[CLIENTS];
	int parents[CLIENTS];
	int ends[2], i;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		serve_apart(ends[1]);
	assert_int_equal(
		read(ends[0], endpoint, sizeof(endpoint)), sizeof(endpoint));
	for (i = 0; i < CLIENTS; i++) {
		meet(&clients[i], plain_dial(endpoint));
		parents[i] =
			(int)syscall(SYS_pidfd_open, clients[i].accepted_by, 0);
		assert_true(parents[i] >= 0);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (i = 0; i < CLIENTS; i++)
		plain_echo(clients[i].fd, "hello");
	for (i = 0; i < CLIENTS; i++) {
		(void)shutdown(clients[i].fd, SHUT_RDWR);
		expect_end(&clients[i]);
		hang_up(&clients[i]);
	}
	for (i = 0; i < CLIENTS; i++) {
		struct pollfd end = { .fd = parents[i], .events = POLLIN };

		assert_int_equal(poll(&end, 1, TIMEOUT_S * 1000), 1);
		(void)close(parents[i]);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, processes_begin)
	const struct CMUnitTest tests[] = {
		TEST(test_a_process_for_each),
		TEST(test_one_connection_dies),
		TEST(test_one_that_accepts_dies),
		TEST(test_a_child_stops_all),
		TEST(test_a_second_stop_cancels_all),
		TEST(test_orphans_drain_and_end),
	};

	if (processes_skip())
		return 0;
	return cmocka_run_group_tests(tests, processes_open, NULL);
}
