/* SPDX-License-Identifier: MIT */
/* serve_limits.c - slow and greedy clients meet their limits, and others are
   served meanwhile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

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

/* For ever, and longer: nobody lives to see a limit met. */
static void
test_longest_times(void **state)
{
	static const int64_t times[] = { INT64_MAX, INT64_MAX / 1000000,
		INT64_MAX / 2000000 };
	size_t i;
	int m;

	(void)state;
	for (i = 0; i < 3 * (size_t)MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = models[i / 3],
			.first_byte_ms = times[i % 3],
			.idle_ms = times[i % 3],
			.lifetime_ms = times[i % 3],
			.linger_ms = times[i % 3],
			.drain_ms = times[i % 3] };
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		for (m = 0; m < 3; m++) {
			(void)usleep(5000);
			plain_echo(fd, "still here");
		}
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
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
		cmocka_unit_test(test_one_who_polls),
		cmocka_unit_test(test_no_first_byte_after_the_end),
		cmocka_unit_test(test_longest_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
