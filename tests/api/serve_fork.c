/* SPDX-License-Identifier: MIT */
/* serve_fork.c - a process for each connection: what it has, what it shares,
   and how it ends. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define CLIENTS 8
/* More than a process is told of by the shorter way. */
#define MANY 50

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What hooks of the accepting process were told last. */
struct told {
	int count;
	int rc;
	uint64_t id;
	char line[512];
	int touched; /* by handlers */
};

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct told *told = ctx;

	told->count++;
	told->rc = rc;
	told->id = conn != NULL ? conn->id : 0;
	(void)snprintf(told->line, sizeof(told->line), "%s", pier_error_line());
}

static struct pier_server_opts
forking(pier_handler *handler, struct told *told)
{
	return (struct pier_server_opts){ .endpoint = TCP,
		.handler = handler,
		.model = PIER_FORK,
		.on_error = on_error,
		.ctx = told };
}

/* Says its number, then does as each byte says. */
static int
obey(struct pier_stream *stream, void *ctx)
{
	const struct rlimit no_core = { 0 };
	struct told *told = ctx;
	pid_t pid = getpid();
	char order;
	int rc = pier_write(stream, &pid, sizeof(pid), PIER_DEFAULT);

	told->touched++;
	(void)setrlimit(RLIMIT_CORE, &no_core);
	while (rc == 0 &&
		(rc = (int)pier_read(stream, &order, 1, PIER_DEFAULT)) == 1) {
		if (order == 'a')
			abort();
		if (order == 'k')
			(void)raise(SIGKILL);
		if (order == 'x')
			_exit(3);
		if (order == 'z')
			_exit(0);
		if (order == 'h')
			for (;;)
				(void)pause();
		rc = pier_write(stream, &order, 1, PIER_DEFAULT);
	}
	return rc;
}

static pid_t
pid_of(int fd)
{
	pid_t pid = 0;

	assert_int_equal(
		plain_read_all(fd, &pid, sizeof(pid)), (ssize_t)sizeof(pid));
	return pid;
}

static void
test_eight_clients_eight_processes(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	struct pier_server_stats stats;
	int fds[CLIENTS], i, k;
	pid_t pids[CLIENTS];
	struct serving it;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < CLIENTS; i++)
		fds[i] = plain_connect(&it, 0);
	for (i = 0; i < CLIENTS; i++) {
		pids[i] = pid_of(fds[i]);
		assert_int_not_equal(pids[i], getpid());
		for (k = 0; k < i; k++)
			assert_int_not_equal(pids[i], pids[k]);
	}
	stats = serving_await(&it, FIELD(active), CLIENTS);
	assert_int_equal(stats.accepted, CLIENTS);
	for (i = 0; i < CLIENTS; i++) {
		plain_echo(fds[i], "e");
		plain_hang_up(fds[i]);
	}
	/* Counted by the processes, in memory that all have. */
	stats = serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(stats.active_peak, CLIENTS);
	stats = serving_await(&it, FIELD(bytes_in), CLIENTS);
	assert_int_equal(stats.bytes_in, CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(told.count, 0);
	/* What a handler changes is its own. */
	assert_int_equal(told.touched, 0);
}

/* One ends as ordered: the other one does not notice. */
static void
dies(char order, const char *how)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	struct pier_server_stats stats;
	struct serving it;
	int bad, good;
	char byte;

	serving_start(&it, &opts);
	good = plain_connect(&it, 0);
	(void)pid_of(good);
	bad = plain_connect(&it, 0);
	(void)pid_of(bad);
	plain_write(bad, &order, 1);
	assert_true(plain_read_all(bad, &byte, 1) <= 0);
	plain_hang_up(bad);
	stats = serving_await(&it, FIELD(died), 1);
	plain_echo(good, "e");
	plain_hang_up(good);
	stats = serving_await(&it, FIELD(finished), 1);
	assert_int_equal(stats.failed, 1);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.rc, -PIER_EDIED);
	assert_int_equal(told.id, 2);
	if (strstr(told.line, how) == NULL)
		fail_msg("%s", told.line);
}

static void
test_a_crash_takes_its_own_connection_only(void **state)
{
	(void)state;
	dies('a', "was killed by SIGABRT");
	dies('k', "was killed by SIGKILL");
	dies('x', "ended with exit status 3");
	/* What it did not tell was not done. */
	dies('z', "ended with exit status 0 after");
	dies('z', ", before its connection had ended");
}

/* What a killed process held of the caps comes back. */
static void
test_caps(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct serving it;
	int first, second;
	char byte;

	(void)state;
	opts.connections_max = 1;
	opts.per_address_max = 1;
	serving_start(&it, &opts);
	first = plain_connect(&it, 0);
	(void)pid_of(first);
	second = plain_connect(&it, 0);
	plain_write(first, "k", 1);
	assert_true(plain_read_all(first, &byte, 1) <= 0);
	(void)pid_of(second);
	plain_echo(second, "e");
	assert_int_equal(shutdown(second, SHUT_WR), 0);
	assert_int_equal(plain_read_all(second, &byte, 1), 0);
	(void)serving_await(&it, FIELD(finished), 1);
	assert_int_equal(serving_stop(&it), 0);
	plain_hang_up(first);
	plain_hang_up(second);

	opts.connections_max = 10;
	serving_start(&it, &opts);
	first = plain_connect(&it, 0);
	(void)pid_of(first);
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	plain_expect_reset(endpoint);
	plain_write(first, "k", 1);
	(void)serving_await(&it, FIELD(died), 1);
	plain_hang_up(first);
	serving_await_active(&it, 0);
	second = plain_connect(&it, 0);
	(void)pid_of(second);
	plain_hang_up(second);
	assert_int_equal(serving_stop(&it), 0);
}

/* Sockets that this process has, and whether one of them listens. */
static int
sockets(bool *listens)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	*listens = false;
	while ((entry = readdir(dir)) != NULL) {
		int on = 0;
		socklen_t len = sizeof(on);

		if (getsockopt(atoi(entry->d_name), SOL_SOCKET, SO_ACCEPTCONN,
			    &on, &len) < 0)
			continue;
		count++;
		*listens = *listens || on;
	}
	(void)closedir(dir);
	return count;
}

static int
tell_sockets(struct pier_stream *stream, void *ctx)
{
	bool listens;
	int count = sockets(&listens);

	(void)ctx;
	count = listens ? -1 : count;
	if (pier_write(stream, &count, sizeof(count), PIER_DEFAULT) < 0)
		return -1;
	return (int)pier_read(stream, &listens, 1, PIER_DEFAULT);
}

/* The test's own, its client's end each time, and the connection. */
static void
test_the_sockets_of_others_are_closed(void **state)
{
	static const char *const endpoints[] = { TCP, "udp4://127.0.0.1:0",
		"tcp://127.0.0.1:0", NULL };
	struct told told = { 0 };
	struct pier_server_opts opts = forking(tell_sockets, &told);
	struct serving it;
	int fds[CLIENTS], i, count;
	char control[64];
	bool listens;
	int before = sockets(&listens);

	(void)state;
	opts.endpoint = NULL;
	opts.endpoints = endpoints;
	opts.datagram_handler = pier_datagram_echo;
	(void)snprintf(
		control, sizeof(control), "@pier-serve-fork-%d", (int)getpid());
	opts.control = control;
	serving_start(&it, &opts);
	for (i = 0; i < CLIENTS; i++) {
		fds[i] = plain_connect(&it, i % 2 == 0 ? 0 : 2);
		assert_int_equal(plain_read_all(fds[i], &count, sizeof(count)),
			sizeof(count));
		assert_int_equal(count, before + i + 2);
	}
	for (i = 0; i < CLIENTS; i++)
		plain_hang_up(fds[i]);
	(void)serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
}

/* Descriptors of this process that wait for others: of its parent's engine, and
   for the ends of other processes. */
static int
waits_for_others(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char what[64];
		ssize_t len = readlinkat(
			dirfd(dir), entry->d_name, what, sizeof(what) - 1);

		what[len < 0 ? 0 : len] = '\0';
		count += strstr(what, "eventpoll") != NULL ||
			 strstr(what, "timerfd") != NULL ||
			 strstr(what, "pidfd") != NULL;
	}
	(void)closedir(dir);
	return count;
}

static int
tell_what_waits(struct pier_stream *stream, void *ctx)
{
	int count = waits_for_others();
	char byte;

	(void)ctx;
	if (pier_write(stream, &count, sizeof(count), PIER_DEFAULT) < 0)
		return -1;
	return (int)pier_read(stream, &byte, 1, PIER_DEFAULT);
}

/* Before the handler may open something in its place. */
static void
test_nothing_of_the_parents_waits_in_a_child(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(tell_what_waits, &told);
	struct serving it;
	int fds[MANY], i, count;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < MANY; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_int_equal(plain_read_all(fds[i], &count, sizeof(count)),
			sizeof(count));
		assert_int_equal(count, 0);
	}
	for (i = 0; i < MANY; i++)
		plain_hang_up(fds[i]);
	(void)serving_await(&it, FIELD(finished), MANY);
	assert_int_equal(serving_stop(&it), 0);
}

/* In the process that accepts, beside the others. */
static void
test_datagrams(void **state)
{
	static const char *const endpoints[] = { TCP, "udp4://127.0.0.1:0",
		NULL };
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	char where[PIER_ENDPOINT_TEXT_MAX], buf[8];
	struct pier_packet *packet;
	struct pier_msg msg;
	struct serving it;
	int fd, i;

	(void)state;
	opts.endpoint = NULL;
	opts.endpoints = endpoints;
	opts.datagram_handler = pier_datagram_echo;
	serving_start(&it, &opts);
	assert_true(
		pier_server_endpoint(it.server, 1, where, sizeof(where)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, where, NULL, pier_in_s(TIMEOUT_S)),
		0);
	for (i = 0; i < CLIENTS; i++) {
		fd = plain_connect(&it, 0);
		(void)pid_of(fd);
		assert_int_equal(
			pier_send(packet, NULL, "ping", 4, PIER_FOREVER), 0);
		assert_int_equal(pier_recv(packet, &msg, buf, sizeof(buf),
					 pier_in_s(TIMEOUT_S)),
			0);
		assert_int_equal(msg.size, 4);
		plain_hang_up(fd);
	}
	pier_packet_close(packet);
	(void)serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
}

/* What is told of one that died, on a fiber that has to wait for a word. */
static struct {
	int in, out; /* pipes */
	int told;
	int has_local;
} slow;

static void
tell_slowly(const struct pier_conn *conn, int rc, void *ctx)
{
	struct pier_addr peer, local;
	struct pier_stream *word;
	char byte;

	(void)ctx;
	assert_int_equal(rc, -PIER_EDIED);
	assert_int_equal(pier_conn_peer(conn, &peer), 0);
	assert_int_equal(peer.u.sa.sa_family, AF_INET);
	/* The socket is its process's, and gone. */
	slow.has_local = pier_conn_local(conn, &local);
	assert_int_equal(pier_adopt(&word, dup(slow.in)), 0);
	assert_int_equal(write(slow.out, "t", 1), 1);
	assert_int_equal(pier_read(word, &byte, 1, pier_in_s(TIMEOUT_S)), 1);
	pier_close(word);
	slow.told++;
}

/* Others come and end meanwhile. */
static void
test_on_error_may_wait(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	int fd, other, there[2], back[2];
	struct serving it;
	char byte;

	(void)state;
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	slow.in = there[0];
	slow.out = back[1];
	opts.on_error = tell_slowly;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	(void)pid_of(fd);
	plain_write(fd, "k", 1);
	assert_int_equal(read(back[0], &byte, 1), 1);
	other = plain_connect(&it, 0);
	(void)pid_of(other);
	serving_await_active(&it, 2);
	plain_hang_up(other);
	serving_await_active(&it, 1);
	assert_int_equal(slow.told, 0);
	assert_int_equal(write(there[1], "g", 1), 1);
	serving_await_active(&it, 0);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(slow.told, 1);
	assert_int_equal(slow.has_local, -EBADF);
	plain_hang_up(fd);
	(void)close(there[0]);
	(void)close(there[1]);
	(void)close(back[0]);
	(void)close(back[1]);
}

/* Sends more than its peer takes, by a socket that lingers. */
static int
lingers(struct pier_stream *stream, void *ctx)
{
	static const struct linger second = { .l_onoff = 1, .l_linger = 1 };
	static char block[65536];
	ssize_t n = setsockopt(pier_fd(stream), SOL_SOCKET, SO_LINGER, &second,
		sizeof(second));

	(void)ctx;
	while (n >= 0)
		n = pier_write_some(stream, block, sizeof(block), PIER_NOW);
	return n == -EAGAIN ? 0 : (int)n;
}

/* The connection is there as long as its close is not done, as in other
   models, where a thread of the server does it. */
static void
test_a_socket_that_lingers(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(lingers, &told);
	struct serving it;
	int64_t began;
	int fd;

	(void)state;
	opts.linger_ms = PIER_OFF;
	serving_start(&it, &opts);
	began = wall_ms();
	fd = plain_connect(&it, 0);
	(void)serving_await(&it, FIELD(finished), 1);
	serving_await_active(&it, 0);
	/* A second, by ticks of the kernel, which begins later. */
	assert_true(wall_ms() - began > 900);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(told.count, 0);
	plain_hang_up(fd);
}

/* Handlers go on until they end, or the drain time is over. */
static void
test_stop(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	struct serving it;
	char byte;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	(void)pid_of(fd);
	pier_server_stop(it.server);
	plain_echo(fd, "still");
	plain_hang_up(fd);
	assert_int_equal(serving_join(&it), 0);

	opts.drain_ms = 20;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	(void)pid_of(fd);
	assert_int_equal(serving_stop(&it), 1);
	assert_int_equal(plain_read_all(fd, &byte, 1), 0);
	plain_hang_up(fd);

	/* The second time at once. */
	opts.drain_ms = 600000;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	(void)pid_of(fd);
	pier_server_stop(it.server);
	assert_int_equal(serving_stop(&it), 1);
	plain_hang_up(fd);
	assert_int_equal(told.count, 0);
}

static void
test_one_that_hangs_is_killed(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(obey, &told);
	struct serving it;
	pid_t pid;
	int fd;

	(void)state;
	opts.drain_ms = 10;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	pid = pid_of(fd);
	plain_write(fd, "h", 1);
	assert_int_equal(serving_stop(&it), 1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	plain_hang_up(fd);
	assert_int_equal(told.count, 0);
}

/* The handler's own stop is everybody's. */
static int
stop_it(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	pier_server_stop(pier_conn(stream)->server);
	return pier_write(stream, "x", 1, PIER_DEFAULT);
}

static void
test_a_child_stops_the_server(void **state)
{
	struct told told = { 0 };
	struct pier_server_opts opts = forking(stop_it, &told);
	struct serving it;
	char byte;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(plain_read_all(fd, &byte, 1), 1);
	plain_hang_up(fd);
	assert_int_equal(serving_join(&it), 0);
}

/* Puts in order what it has, once it is cancelled. */
static int
left_over(void *arg)
{
	const int *out = arg;
	int rc = pier_sleep(PIER_FOREVER);

	return rc == -ECANCELED && write(*out, "c", 1) == 1 ? 0 : rc;
}

static int
leaves_a_task(struct pier_stream *stream, void *ctx)
{
	int rc = pier_go(NULL, left_over, ctx);

	return rc < 0 ? rc : pier_handler_echo(stream, NULL);
}

/* The process does not end before what its handler started. */
static void
test_tasks_that_are_left(void **state)
{
	struct pier_server_opts opts = forking(leaves_a_task, NULL);
	struct serving it;
	int fd, fds[2];
	char said;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	opts.ctx = &fds[1];
	opts.on_error = NULL;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "x");
	plain_hang_up(fd);
	(void)serving_await(&it, FIELD(finished), 1);
	assert_int_equal(serving_stop(&it), 0);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &said, 1), 1);
	(void)close(fds[0]);
}

/* A word on another connection, which is left to the end of the process, when
   nothing is to be waited for any more. */
static int
says_elsewhere(struct pier_stream *stream, void *ctx)
{
	struct pier_stream *other;
	const int *fd = ctx;
	char byte;
	int rc = pier_adopt(&other, dup(*fd));

	if (rc == 0)
		rc = (int)pier_read(stream, &byte, 1, PIER_DEFAULT);
	return rc == 0 ? (int)pier_printf(other, "word") : rc;
}

static void
test_what_is_gathered_for_others_leaves(void **state)
{
	struct pier_server_opts opts = forking(says_elsewhere, NULL);
	struct serving it;
	char said[8];
	int fd, fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	opts.ctx = &fds[1];
	opts.on_error = NULL;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)serving_await(&it, FIELD(finished), 1);
	assert_int_equal(serving_stop(&it), 0);
	(void)close(fds[1]);
	assert_int_equal(plain_read_all(fds[0], said, sizeof(said)), 4);
	assert_memory_equal(said, "word", 4);
	(void)close(fds[0]);
	plain_hang_up(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eight_clients_eight_processes),
		cmocka_unit_test(test_a_crash_takes_its_own_connection_only),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_the_sockets_of_others_are_closed),
		cmocka_unit_test(test_nothing_of_the_parents_waits_in_a_child),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_on_error_may_wait),
		cmocka_unit_test(test_a_socket_that_lingers),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_one_that_hangs_is_killed),
		cmocka_unit_test(test_a_child_stops_the_server),
		cmocka_unit_test(test_tasks_that_are_left),
		cmocka_unit_test(test_what_is_gathered_for_others_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
