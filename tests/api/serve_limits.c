/* SPDX-License-Identifier: MIT */
/* serve_limits.c - slow, greedy and numerous clients meet their limits, and
   others are served meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define CLIENTS 200

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What a test's server told its hooks; one connection is of interest. */
struct told {
	enum pier_end_reason reason;
	int rc;
	char limit[32];
	char line[256];
	int errors;
};

static void
finish(struct pier_stream *stream, void *ctx)
{
	const struct pier_conn *conn = pier_conn(stream);
	struct told *told = ctx;

	if (conn->reason == PIER_END_HANDLER)
		return;
	told->reason = conn->reason;
	told->rc = conn->rc;
	(void)snprintf(told->limit, sizeof(told->limit), "%s", conn->limit);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct told *told = ctx;

	assert_non_null(conn);
	assert_true(rc < 0);
	told->errors++;
	(void)snprintf(told->line, sizeof(told->line), "%s", pier_error_line());
}

static void
expect_ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	(void)close(fd);
}

/* slow() makes a connection that is to meet the limit `name`, counted at
   `field`; a well-behaved client is served while it waits. */
static void
meets(struct pier_server_opts opts, int (*slow)(const struct serving *),
	const char *name, size_t field)
{
	int i;

	for (i = 0; i < MODEL_COUNT; i++) {
		struct told told = { .rc = 0 };
		struct serving it;
		int fd, other;

		opts.model = models[i];
		opts.ctx = &told;
		opts.finish = finish;
		opts.on_error = on_error;
		serving_start(&it, &opts);
		fd = slow(&it);
		other = plain_connect(&it, 0);
		plain_echo(other, "meanwhile");
		(void)close(other);
		(void)serving_await(&it, field, 1);
		expect_ended(fd);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(told.reason, PIER_END_LIMIT);
		assert_int_equal(told.rc, -PIER_ELIMIT);
		assert_string_equal(told.limit, name);
		assert_int_equal(told.errors, 1);
		assert_non_null(strstr(told.line, name));
	}
}

static int
silent(const struct serving *it)
{
	return plain_connect(it, 0);
}

static void
test_silent_from_the_start(void **state)
{
	(void)state;
	meets((struct pier_server_opts){ .endpoint = TCP,
		      .handler = pier_handler_echo,
		      .first_byte_ms = 100 },
		silent, "first-byte timeout", FIELD(limit_first_byte));
}

static int
silent_after_a_word(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	plain_echo(fd, "word");
	return fd;
}

static void
test_silent_later(void **state)
{
	(void)state;
	meets((struct pier_server_opts){ .endpoint = TCP,
		      .handler = pier_handler_echo,
		      .idle_ms = 100 },
		silent_after_a_word, "idle timeout", FIELD(limit_idle));
}

/* Speaks often enough for the idle limit. */
static int
trickle(const struct serving *it)
{
	int fd = plain_connect(it, 0);
	int64_t until = wall_ms() + 100;

	while (wall_ms() < until) {
		plain_echo(fd, ".");
		(void)usleep(5000);
	}
	return fd;
}

static void
test_trickling(void **state)
{
	(void)state;
	meets((struct pier_server_opts){ .endpoint = TCP,
		      .handler = pier_handler_echo,
		      .idle_ms = 2000,
		      .lifetime_ms = 250 },
		trickle, "lifetime", FIELD(limit_lifetime));
}

/* Sends and reads nothing: the server's writes stand still. */
static int
greedy(const struct serving *it)
{
	static char much[1000000];
	int fd = plain_connect(it, 0);

	while (send(fd, much, sizeof(much), MSG_DONTWAIT) > 0)
		(void)usleep(1000);
	return fd;
}

static void
greedy_meets_idle(enum pier_model model)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.idle_ms = 100,
		.model = model };
	struct serving it;
	int fd, other;

	serving_start(&it, &opts);
	fd = greedy(&it);
	other = plain_connect(&it, 0);
	plain_echo(other, "meanwhile");
	(void)close(other);
	(void)serving_await(&it, FIELD(limit_idle), 1);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_flooding(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++)
		greedy_meets_idle(models[i]);
}

/* A limit holds whatever deadline a handler passes, and for good. */
static int
stubborn(struct pier_stream *stream, void *ctx)
{
	char byte;

	(void)ctx;
	assert_int_equal(
		pier_read(stream, &byte, 1, PIER_FOREVER), -PIER_ELIMIT);
	assert_int_equal(
		pier_read(stream, &byte, 1, pier_in_s(100)), -PIER_ELIMIT);
	assert_int_equal(
		pier_write(stream, "x", 1, PIER_DEFAULT), -PIER_ELIMIT);
	return 5;
}

static void
test_a_limit_is_for_good(void **state)
{
	struct told told = { .rc = 0 };
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = stubborn,
		.first_byte_ms = 30,
		.ctx = &told,
		.finish = finish };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	expect_ended(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(told.reason, PIER_END_LIMIT);
	assert_int_equal(told.rc, 5);
}

static void
test_connections_max(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.connections_max = 3 };
	struct pier_server_stats stats;
	struct serving it;
	int fds[10];
	int64_t used;
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 10; i++)
		fds[i] = plain_connect(&it, 0);
	for (i = 0; i < 3; i++)
		plain_echo(fds[i], "in");
	used = cpu_ms();
	(void)usleep(200000);
	assert_true(cpu_ms() - used < 50);
	pier_server_stats(it.server, &stats);
	assert_int_equal(stats.accepted, 3);
	assert_int_equal(stats.active, 3);
	for (i = 0; i < 10; i++) {
		plain_echo(fds[i], "in turn");
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), 10);
	assert_int_equal(stats.active_peak, 3);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_per_address_max(void **state)
{
	int m;

	(void)state;
	for (m = 0; m < MODEL_COUNT; m++) {
		struct pier_server_opts opts = { .endpoint = "tcp://:0",
			.handler = pier_handler_echo,
			.model = models[m],
			.per_address_max = 1 };
		char byte, real[64], endpoint[96];
		struct serving it;
		int first, fd;

		serving_start(&it, &opts);
		assert_true(pier_server_endpoint(
				    it.server, 0, real, sizeof(real)) > 0);
		(void)snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1%s",
			strrchr(real, ':'));
		first = plain_dial(endpoint);
		plain_echo(first, "one");
		if (models[m] != PIER_ITERATIVE) {
			fd = plain_dial(endpoint);
			assert_int_equal(recv(fd, &byte, 1, 0), -1);
			assert_int_equal(errno, ECONNRESET);
			(void)close(fd);
			(void)serving_await(&it, FIELD(refused_address), 1);
		}
		plain_echo(first, "still");
		(void)close(first);
		(void)serving_await(&it, FIELD(finished), 1);
		/* Counted back once it has gone. */
		fd = plain_dial(endpoint);
		plain_echo(fd, "again");
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

struct flood {
	const struct serving *it;
	atomic_bool over;
};

static void *
flood_main(void *arg)
{
	struct flood *flood = arg;

	while (!atomic_load(&flood->over))
		(void)close(plain_connect(flood->it, 0));
	return NULL;
}

/* Clients that come and go without a pause leave those alone that are there. */
static void
test_a_flood_of_connections(void **state)
{
	/* Where one is served at a time all others only queue. */
	static const enum pier_model both[] = { PIER_FIBER, PIER_THREAD };
	int m;

	(void)state;
	for (m = 0; m < 2; m++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = both[m] };
		struct flood flood = { .over = false };
		struct serving it;
		pthread_t thread;
		int64_t until;
		int fd;

		serving_start(&it, &opts);
		flood.it = &it;
		fd = plain_connect(&it, 0);
		plain_echo(fd, "there");
		assert_int_equal(
			pthread_create(&thread, NULL, flood_main, &flood), 0);
		until = wall_ms() + 200;
		while (wall_ms() < until) {
			int64_t sent = wall_ms();

			plain_echo(fd, "still");
			assert_true(wall_ms() - sent < 5000);
		}
		atomic_store(&flood.over, true);
		assert_int_equal(pthread_join(thread, NULL), 0);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* In a process of its own with few descriptors: the clients are another. */
static void
serve_with_few(enum pier_model model, int out)
{
	const struct rlimit few = { .rlim_cur = 64, .rlim_max = 64 };
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = model,
		.connections_max = 1000 };
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";
	struct serving it;
	int64_t used[2];

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	serving_start(&it, &opts);
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		write(out, endpoint, sizeof(endpoint)), sizeof(endpoint));
	(void)serving_await(&it, FIELD(accepted), 20);
	(void)serving_await(&it, FIELD(accept_pauses), 1);
	/* Full and paused, all clients silent: it uses no processor. */
	used[0] = cpu_ms();
	(void)usleep(500000);
	used[1] = cpu_ms();
	assert_true(used[1] - used[0] < 50);
	assert_int_equal(write(out, "", 1), 1);
	(void)serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
	_exit(0);
}

static void
test_few_descriptors(void **state)
{
	static const enum pier_model both[] = { PIER_FIBER, PIER_THREAD };
	int fds[CLIENTS];
	size_t m, i;

	(void)state;
	for (m = 0; m < 2; m++) {
		char endpoint[PIER_ENDPOINT_TEXT_MAX];
		int pipes[2], status;
		char byte;
		pid_t child;

		assert_int_equal(pipe(pipes), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			(void)close(pipes[0]);
			serve_with_few(both[m], pipes[1]);
			_exit(1);
		}
		(void)close(pipes[1]);
		assert_int_equal(read(pipes[0], endpoint, sizeof(endpoint)),
			sizeof(endpoint));
		for (i = 0; i < CLIENTS; i++)
			fds[i] = plain_dial(endpoint);
		assert_int_equal(read(pipes[0], &byte, 1), 1);
		for (i = 0; i < CLIENTS; i++) {
			assert_true(fds[i] >= 0);
			plain_echo(fds[i], "not lost");
			(void)close(fds[i]);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		(void)close(pipes[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_from_the_start),
		cmocka_unit_test(test_silent_later),
		cmocka_unit_test(test_trickling),
		cmocka_unit_test(test_flooding),
		cmocka_unit_test(test_a_limit_is_for_good),
		cmocka_unit_test(test_connections_max),
		cmocka_unit_test(test_per_address_max),
		cmocka_unit_test(test_a_flood_of_connections),
		cmocka_unit_test(test_few_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
