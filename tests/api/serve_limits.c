/* SPDX-License-Identifier: MIT */
/* serve_limits.c - slow, greedy and numerous clients meet their limits, and
   others are served meanwhile. */
#include <errno.h>
#include <fcntl.h>
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
#define FEW     64
#define RESERVE 8 /* descriptors, of few */
#define LOOK    8 /* taken for a moment, to see whether they are free */

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What a test's server told its hooks; one connection is of interest. Threads
   may tell at once. */
struct told {
	pthread_mutex_t lock;
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
	(void)pthread_mutex_lock(&told->lock);
	told->reason = conn->reason;
	told->rc = conn->rc;
	(void)snprintf(told->limit, sizeof(told->limit), "%s", conn->limit);
	(void)pthread_mutex_unlock(&told->lock);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct told *told = ctx;

	assert_non_null(conn);
	assert_true(rc < 0);
	(void)pthread_mutex_lock(&told->lock);
	told->errors++;
	(void)snprintf(told->line, sizeof(told->line), "%s", pier_error_line());
	(void)pthread_mutex_unlock(&told->lock);
}

static void
expect_ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	(void)close(fd);
}

/* A well-behaved client is served. One that does not get to run for as long as a
   limit of the server meets it too, and comes again. */
static void
expect_served(const struct serving *it)
{
	bool served;

	do {
		int fd = plain_connect(it, 0);

		served = plain_try_echo(fd, "meanwhile");
		(void)close(fd);
	} while (!served);
}

/* slow() makes a connection that is to meet the limit `name`, counted at
   `field`; others are served while it waits. */
static void
meets(struct pier_server_opts opts, int (*slow)(const struct serving *),
	const char *name, size_t field)
{
	int i;

	for (i = 0; i < MODEL_COUNT; i++) {
		struct told told = { .lock = PTHREAD_MUTEX_INITIALIZER };
		struct pier_server_stats stats;
		struct serving it;
		uint64_t met;
		int fd;

		opts.model = models[i];
		opts.ctx = &told;
		opts.finish = finish;
		opts.on_error = on_error;
		serving_start(&it, &opts);
		fd = slow(&it);
		expect_served(&it);
		expect_ended(fd);
		serving_await_active(&it, 0);
		stats = serving_await(&it, field, 1);
		memcpy(&met, (const char *)&stats + field, sizeof(met));
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(told.reason, PIER_END_LIMIT);
		assert_int_equal(told.rc, -PIER_ELIMIT);
		assert_string_equal(told.limit, name);
		assert_int_equal(told.errors, met);
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

	while (!plain_try_echo(fd, "word")) {
		(void)close(fd);
		fd = plain_connect(it, 0);
	}
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

/* Speaks often enough for the idle limit, and is ended all the same. */
static int
trickle(const struct serving *it)
{
	int fd = plain_connect(it, 0);

	while (plain_try_echo(fd, "."))
		(void)usleep(5000);
	return fd;
}

static void
test_trickling(void **state)
{
	(void)state;
	meets((struct pier_server_opts){ .endpoint = TCP,
		      .handler = pier_handler_echo,
		      .idle_ms = 20000,
		      .lifetime_ms = 100 },
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
	int fd;

	serving_start(&it, &opts);
	fd = greedy(&it);
	expect_served(&it);
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
	struct told told = { .lock = PTHREAD_MUTEX_INITIALIZER };
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

/* Only looks, and waits elsewhere. */
static int
polls(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n;

	(void)ctx;
	do {
		n = pier_read(stream, &byte, 1, PIER_NOW);
		if (n > 0)
			(void)pier_write(stream, &byte, 1, PIER_DEFAULT);
		if (n == -EAGAIN)
			(void)pier_sleep(pier_in_ms(1));
	} while (n > 0 || n == -EAGAIN);
	return (int)n;
}

static void
test_one_who_polls(void **state)
{
	(void)state;
	meets((struct pier_server_opts){ .endpoint = TCP,
		      .handler = polls,
		      .first_byte_ms = 100 },
		silent, "first-byte timeout", FIELD(limit_first_byte));
}

/* Whatever the model, others wait in the queue when it is full. */
static void
full(enum pier_model model, int asked, size_t at_once)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = model,
		.connections_max = asked };
	struct pier_server_stats stats;
	struct serving it;
	int fds[10];
	int64_t used;
	size_t i;

	serving_start(&it, &opts);
	for (i = 0; i < 10; i++)
		fds[i] = plain_connect(&it, 0);
	for (i = 0; i < at_once; i++)
		plain_echo(fds[i], "in");
	used = cpu_ms();
	(void)usleep(100000);
	assert_true(cpu_ms() - used < 50);
	pier_server_stats(it.server, &stats);
	assert_int_equal(stats.accepted, at_once);
	assert_int_equal(stats.active, at_once);
	for (i = 0; i < 10; i++) {
		plain_echo(fds[i], "in turn");
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), 10);
	assert_int_equal(stats.active_peak, at_once);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_connections_max(void **state)
{
	(void)state;
	full(PIER_FIBER, 3, 3);
	full(PIER_THREAD, 3, 3);
	full(PIER_ITERATIVE, 3, 1);
	full(PIER_ITERATIVE, 0, 1);
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
		char real[64], endpoint[96];
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
			plain_expect_reset(endpoint);
			(void)serving_await(&it, FIELD(refused_address), 1);
		}
		plain_echo(first, "still");
		(void)close(first);
		serving_await_active(&it, 0);
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
			assert_true(wall_ms() - sent < TIMEOUT_S * 1000);
		}
		atomic_store(&flood.over, true);
		assert_int_equal(pthread_join(thread, NULL), 0);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* Can this process still open so many descriptors? */
static bool
are_left(int wanted)
{
	int fds[RESERVE], n = 0;
	bool left;

	while (n < wanted && (fds[n] = dup(0)) >= 0)
		n++;
	left = n == wanted;
	while (n > 0)
		(void)close(fds[--n]);
	return left;
}

/* In a process of its own with few descriptors: the clients are another. */
static void
start_with_few(struct serving *it, const struct pier_server_opts *opts)
{
	const struct rlimit few = { .rlim_cur = FEW, .rlim_max = FEW };

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	serving_start(it, opts);
}

/* Opens as much as a handler may rely on for each word that it echoes. */
static int
in_need(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		if (!are_left(RESERVE))
			return -EMFILE;
		rc = pier_write(stream, data, (size_t)n, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_take(stream, (size_t)n);
	}
	return rc < 0 ? rc : (int)n;
}

static void
tell_where(const struct serving *it, int out)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX] = "";

	assert_true(pier_server_endpoint(
			    it->server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		write(out, endpoint, sizeof(endpoint)), sizeof(endpoint));
}

static void
serve_with_few(const struct pier_server_opts *opts, int out)
{
	struct pier_server_stats stats;
	struct serving it;
	int64_t used;

	start_with_few(&it, opts);
	tell_where(&it, out);
	(void)serving_await(&it, FIELD(accepted), 15);
	(void)serving_await(
		&it, FIELD(accept_pauses), opts->workers > 1 ? 2 : 1);
	/* Handlers can still open what they need… */
	assert_true(are_left(RESERVE));
	/* … and with all clients silent no processor is used. */
	used = cpu_ms();
	(void)usleep(500000);
	assert_true(cpu_ms() - used < 50);
	/* Nor is any more taken, however often it is tried. */
	assert_true(are_left(RESERVE));
	assert_int_equal(write(out, "", 1), 1);
	stats = serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(stats.failed, 0);
	/* One want by each that accepts, though most got in one by one. */
	assert_true(stats.accept_pauses <=
		    (uint64_t)(opts->workers > 1 ? opts->workers : 1));
	assert_int_equal(serving_stop(&it), 0);
}

/* Open descriptors with this number or a higher one. */
static int
open_from(int first)
{
	int fd, count = 0;

	for (fd = first; fd < FEW; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* What a connection takes of these, in the process that accepts. */
static int
each_takes(enum pier_model model)
{
	return model == PIER_THREAD || model == PIER_FORK ? 2 : 1;
}

/* Beyond the mark lies one connection, whichever of its descriptors was the
   first to. By ctx the program has one more of its own, so that the mark comes
   to lie between the two that a connection takes. */
static void
serve_up_to_the_mark(const struct pier_server_opts *opts, int out)
{
	int each = each_takes(opts->model);
	int mark = FEW - RESERVE - LOOK - each;
	struct serving it;

	if (opts->ctx != NULL)
		assert_true(dup(0) >= 0);
	start_with_few(&it, opts);
	tell_where(&it, out);
	(void)serving_await(&it, FIELD(accept_pauses), 1);
	assert_true(open_from(mark) <= each);
	assert_int_equal(write(out, "", 1), 1);
	(void)serving_await(&it, FIELD(finished), CLIENTS);
	assert_true(open_from(mark) <= each);
	assert_int_equal(serving_stop(&it), 0);
}

/* The rest of the program leaves it nothing but the reserve. */
static void
serve_with_none(const struct pier_server_opts *opts, int out)
{
	struct serving it;
	int fd;

	start_with_few(&it, opts);
	/* By now it has what it needs for itself. */
	fd = plain_connect(&it, 0);
	plain_echo(fd, "first");
	(void)close(fd);
	(void)serving_await(&it, FIELD(bytes_out), 5);
	do
		fd = dup(0);
	while (fd >= 0 && fd < 57);
	tell_where(&it, out);
	assert_int_equal(write(out, "", 1), 1);
	(void)serving_await(&it, FIELD(finished), CLIENTS + 1);
	assert_int_equal(serving_stop(&it), 0);
}

static void
nobody_is_lost(struct pier_server_opts opts,
	void (*serve)(const struct pier_server_opts *opts, int out))
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int pipes[2], fds[CLIENTS], status;
	size_t i;
	char byte;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(pipes[0]);
		serve(&opts, pipes[1]);
		_exit(0);
	}
	(void)close(pipes[1]);
	assert_int_equal(
		read(pipes[0], endpoint, sizeof(endpoint)), sizeof(endpoint));
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

static void
test_few_descriptors(void **state)
{
	struct pier_server_opts opts = {
		.endpoint = TCP, .handler = in_need, .connections_max = 1000
	};

	(void)state;
	nobody_is_lost(opts, serve_with_few);
	opts.model = PIER_THREAD;
	nobody_is_lost(opts, serve_with_few);
	opts.model = PIER_FIBER;
	opts.workers = 4;
	nobody_is_lost(opts, serve_with_few);
}

static void
test_up_to_the_mark(void **state)
{
	static const enum pier_model those[] = {
		PIER_FIBER,
		PIER_THREAD,
#if !defined(__SANITIZE_THREAD__) /* which cannot follow a fork of threads */
		PIER_FORK
#endif
	};
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.connections_max = 1000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(those) / sizeof(those[0]); i++) {
		opts.model = those[i];
		opts.ctx = NULL;
		nobody_is_lost(opts, serve_up_to_the_mark);
		opts.ctx = &opts;
		nobody_is_lost(opts, serve_up_to_the_mark);
	}
}

static void
test_the_reserve_alone(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo };

	(void)state;
	nobody_is_lost(opts, serve_with_none);
	opts.model = PIER_THREAD;
	nobody_is_lost(opts, serve_with_none);
}

/* Who has ended without a byte owes none: a long answer is not cut short. */
static int
answer_after_the_end(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n = pier_read(stream, &byte, 1, PIER_DEFAULT);

	(void)ctx;
	if (n == 0)
		n = pier_sleep(pier_in_ms(150));
	/* Waits for room, by which the limit would have been met. */
	for (int i = 0; n == 0 && i < 64; i++) {
		static const char much[65536];

		n = pier_write(stream, much, sizeof(much), PIER_DEFAULT);
	}
	return (int)n;
}

static void
test_no_first_byte_after_the_end(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = answer_after_the_end,
		.first_byte_ms = 100 };
	static char back[65536];
	struct serving it;
	size_t sum = 0;
	ssize_t n;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	/* Nobody reads until the limit would be met. */
	(void)usleep(300000);
	while ((n = recv(fd, back, sizeof(back), 0)) > 0)
		sum += (size_t)n;
	assert_int_equal(n, 0);
	assert_int_equal(sum, 64 * 65536);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
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
		cmocka_unit_test(test_one_who_polls),
		cmocka_unit_test(test_connections_max),
		cmocka_unit_test(test_per_address_max),
		cmocka_unit_test(test_a_flood_of_connections),
		cmocka_unit_test(test_few_descriptors),
		cmocka_unit_test(test_up_to_the_mark),
		cmocka_unit_test(test_the_reserve_alone),
		cmocka_unit_test(test_no_first_byte_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
