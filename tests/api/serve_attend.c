/* SPDX-License-Identifier: MIT */
/* serve_attend.c - verify, on_idle and tick: the hooks around connections. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* What the hooks did. */
struct seen {
	int refuse; /* verify returns this */
	atomic_int verifies, setups, finishes, errors, idles, ticks;
	atomic_int inside; /* of on_idle or tick */
	atomic_bool overlapped;
	int stop_after; /* idles or ticks; 0: never */
};

static int
verify(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;
	struct pier_addr peer;

	assert_non_null(pier_conn(stream));
	assert_int_equal(pier_conn_peer(pier_conn(stream), &peer), 0);
	atomic_fetch_add(&seen->verifies, 1);
	assert_int_equal(seen->setups, 0);
	return seen->refuse;
}

static int
setup(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;

	(void)stream;
	atomic_fetch_add(&seen->setups, 1);
	return 0;
}

static void
finish(struct pier_stream *stream, void *ctx)
{
	struct seen *seen = ctx;

	(void)stream;
	atomic_fetch_add(&seen->finishes, 1);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct seen *seen = ctx;

	(void)conn;
	(void)rc;
	atomic_fetch_add(&seen->errors, 1);
}

static struct pier_server_opts
watched(enum pier_model model, struct seen *seen)
{
	return (struct pier_server_opts){ .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = model,
		.ctx = seen,
		.verify = verify,
		.setup = setup,
		.finish = finish,
		.on_error = on_error };
}

/* Turned away: the peer sees the end, and no other hook hears of it. */
static void
test_turned_away(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .refuse = -EACCES };
		struct pier_server_opts opts = watched(models[i], &seen);
		struct pier_server_stats stats;
		struct serving it;
		char byte;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		assert_int_equal(plain_read_all(fd, &byte, 1), 0);
		(void)close(fd);
		stats = serving_await(&it, FIELD(refused_verify), 1);
		assert_int_equal(stats.accepted, 1);
		assert_int_equal(stats.finished + stats.failed, 0);
		assert_int_equal(stats.refused_setup, 0);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.verifies, 1);
		assert_int_equal(seen.setups + seen.finishes + seen.errors, 0);
	}
}

static void
test_welcome(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .refuse = 0 };
		struct pier_server_opts opts = watched(models[i], &seen);
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "come in");
		(void)close(fd);
		(void)serving_await(&it, FIELD(finished), 1);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(seen.verifies, 1);
		assert_int_equal(seen.setups, 1);
		assert_int_equal(seen.finishes, 1);
	}
}

/* It may wait, and read what handlers then still find. */
static int
wait_for_a_byte(struct pier_stream *stream, void *ctx)
{
	const void *data;
	ssize_t n = pier_peek(stream, &data, 1, PIER_DEFAULT);

	(void)ctx;
	return n <= 0 || *(const char *)data != 'h' ? -EPROTO : 0;
}

static void
test_verify_waits(void **state)
{
	struct seen seen = { .refuse = 0 };
	struct pier_server_opts opts = watched(PIER_FIBER, &seen);
	struct serving it;
	char byte;
	int good, bad;

	(void)state;
	opts.verify = wait_for_a_byte;
	serving_start(&it, &opts);
	good = plain_connect(&it, 0);
	bad = plain_connect(&it, 0);
	plain_write(bad, "x", 1);
	assert_true(plain_read_all(bad, &byte, 1) <= 0);
	plain_echo(good, "hello");
	(void)close(good);
	(void)close(bad);
	(void)serving_await(&it, FIELD(refused_verify), 1);
	(void)serving_await(&it, FIELD(finished), 1);
	assert_int_equal(serving_stop(&it), 0);
}

/* Limits hold while it waits. */
static void
test_verify_has_its_limits(void **state)
{
	struct seen seen = { .refuse = 0 };
	struct pier_server_opts opts = watched(PIER_FIBER, &seen);
	struct pier_server_stats stats;
	struct serving it;
	char byte;
	int fd;

	(void)state;
	opts.verify = wait_for_a_byte;
	opts.first_byte_ms = 1;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_true(plain_read_all(fd, &byte, 1) <= 0);
	(void)close(fd);
	stats = serving_await(&it, FIELD(refused_verify), 1);
	assert_int_equal(stats.limit_first_byte, 1);
	assert_int_equal(serving_stop(&it), 0);
}

static void
note(struct seen *seen, struct pier_server *server, atomic_int *count)
{
	int rc;

	if (atomic_fetch_add(&seen->inside, 1) > 0 && count == &seen->ticks)
		atomic_store(&seen->overlapped, true);
	/* They may wait; the server may be stopped meanwhile. */
	rc = pier_sleep(pier_in_ms(1));
	assert_true(rc == 0 || rc == -ECANCELED);
	if (atomic_fetch_add(count, 1) + 1 == seen->stop_after)
		pier_server_stop(server);
	atomic_fetch_sub(&seen->inside, 1);
}

static void
on_idle(struct pier_server *server, void *ctx)
{
	struct seen *seen = ctx;

	note(seen, server, &seen->idles);
}

static void
tick(struct pier_server *server, void *ctx)
{
	struct seen *seen = ctx;

	note(seen, server, &seen->ticks);
}

/* Nobody comes: told again and again, until it stops the server itself. */
static void
test_nobody_comes(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .stop_after = 3 };
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = models[i],
			.ctx = &seen,
			.on_idle = on_idle,
			.on_idle_ms = 2 };

		assert_int_equal(pier_serve(&opts), 0);
		assert_int_equal(seen.idles, 3);
	}
}

/* While clients come, whatever the endpoint, nobody is told. */
static void
test_somebody_comes(void **state)
{
	static const char *const endpoints[] = { TCP, "udp://127.0.0.1:0",
		NULL };
	struct seen seen = { .stop_after = 0 };
	struct pier_server_opts opts = { .endpoints = endpoints,
		.handler = pier_handler_echo,
		.datagram_handler = pier_datagram_echo,
		.ctx = &seen,
		.on_idle = on_idle,
		/* Longer than the test. */
		.on_idle_ms = 3600000,
		.tick = tick,
		.tick_ms = 1 };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	while (seen.ticks < 5)
		plain_echo(fd, "again");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(seen.idles, 0);
	assert_false(seen.overlapped);
}

/* A tick at its period until the end, also where connections fill it. */
static void
test_ticks(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .stop_after = 4 };
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = models[i],
			.connections_max = 1,
			.drain_ms = PIER_OFF,
			.ctx = &seen,
			.tick = tick,
			.tick_ms = 1 };
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		(void)serving_join(&it);
		(void)close(fd);
		assert_int_equal(seen.ticks, 4);
		assert_false(seen.overlapped);
	}
}

static void
test_wrong_periods(void **state)
{
	struct pier_server_opts opts = {
		.endpoint = TCP, .handler = pier_handler_echo, .tick_ms = -1
	};
	struct pier_server *server = NULL;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	opts.tick_ms = 0;
	opts.on_idle_ms = INT64_MAX;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "on_idle_ms"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turned_away),
		cmocka_unit_test(test_welcome),
		cmocka_unit_test(test_verify_waits),
		cmocka_unit_test(test_verify_has_its_limits),
		cmocka_unit_test(test_nobody_comes),
		cmocka_unit_test(test_somebody_comes),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_wrong_periods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
