/* SPDX-License-Identifier: MIT */
/* serve_linger.c - a connection whose handler has ended: what its peer still
   sends is read off, for a while, beside those that are served. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* So many linger at least beside the one that is served. */
#define ASIDE 64

/* What finish saw of the last connection. */
struct seen {
	int handler_rc;
	uint64_t in;
};

static void
finish(struct pier_stream *stream, void *ctx)
{
	((struct seen *)ctx)->in = pier_bytes_in(stream);
}

/* Echoes five bytes, then comes back with what the test wants. */
static int
five(struct pier_stream *stream, void *ctx)
{
	const struct seen *seen = ctx;
	char buf[5];
	ssize_t n = pier_read_full(stream, buf, 5, PIER_DEFAULT);
	int rc = n == 5 ? pier_write(stream, buf, 5, PIER_DEFAULT) : (int)n;

	return rc < 0 ? rc : seen->handler_rc;
}

/* A pool's threads see their connections through to the end. */
static bool
lingers_aside(enum pier_model model)
{
	return model != PIER_POOL;
}

/* Ended, but its peer sends on: it lingers, and makes room meanwhile. */
static void
test_it_makes_room(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = 0 };
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = five,
			.model = models[i],
			.ctx = &seen,
			.connections_max = 1 };
		struct serving it;
		char back[8];
		int fd, other;

		if (!lingers_aside(models[i]))
			continue;
		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "hello");
		(void)serving_await(&it, FIELD(lingering), 1);
		other = plain_connect(&it, 0);
		plain_echo(other, "room.");
		(void)close(other);
		/* Its FIN has come. */
		assert_int_equal(plain_read_all(fd, back, sizeof(back)), 0);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* However much it sends, what is read off has an end. */
static void
test_bytes_are_bounded(void **state)
{
	static char much[65536];
	struct seen seen = { .handler_rc = 0 };
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = five,
		.ctx = &seen,
		.finish = finish,
		.linger_ms = 60000 };
	struct serving it;
	int64_t began = wall_ms();
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	while (send(fd, much, sizeof(much), MSG_NOSIGNAL) > 0)
		;
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_true(wall_ms() - began < 20000);
	/* 64 KiB, and less than what is read ahead at most. */
	assert_in_range(seen.in, 5 + 65536, 5 + 65536 + 69632);
}

static void
test_time_is_bounded(void **state)
{
	struct seen seen = { .handler_rc = 0 };
	struct pier_server_opts opts = {
		.endpoint = TCP, .handler = five, .ctx = &seen, .linger_ms = 50
	};
	struct serving it;
	int64_t began;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "hello");
	began = wall_ms();
	assert_int_equal(serving_stop(&it), 0);
	assert_true(wall_ms() - began < 2000);
	(void)close(fd);
}

/* A handler that failed owes its peer nothing more. */
static void
test_an_error_closes_at_once(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct seen seen = { .handler_rc = -EIO };
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = five,
			.model = models[i],
			.ctx = &seen,
			.linger_ms = 60000 };
		int64_t began = wall_ms();
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "hello");
		assert_int_equal(serving_stop(&it), 0);
		assert_true(wall_ms() - began < TIMEOUT_S * 1000);
		(void)close(fd);
	}
}

/* As many linger as may, and do not go: the reply to the next one arrives
   whole all the same, though it sent more than was read. */
static void
one_too_many(enum pier_model model)
{
	static char more[20000];
	struct seen seen = { .handler_rc = 0 };
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = five,
		.model = model,
		.ctx = &seen,
		.connections_max = 1,
		.linger_ms = 60000 };
	struct serving it;
	int fds[ASIDE], fd, i;
	char back[8];

	serving_start(&it, &opts);
	for (i = 0; i < ASIDE; i++) {
		fds[i] = plain_connect(&it, 0);
		plain_echo(fds[i], "hello");
	}
	(void)serving_await(&it, FIELD(lingering), ASIDE);
	fd = plain_connect(&it, 0);
	plain_write(fd, "whole", 5);
	plain_write(fd, more, sizeof(more));
	(void)serving_await(&it, FIELD(finished), ASIDE + 1);
	/* It comes from a buffer that a reset would have emptied. */
	assert_int_equal(plain_read_all(fd, back, sizeof(back)), 5);
	assert_memory_equal(back, "whole", 5);
	(void)close(fd);
	for (i = 0; i < ASIDE; i++)
		(void)close(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_beside_all_that_may_linger(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		if (lingers_aside(models[i]))
			one_too_many(models[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_makes_room),
		cmocka_unit_test(test_bytes_are_bounded),
		cmocka_unit_test(test_time_is_bounded),
		cmocka_unit_test(test_an_error_closes_at_once),
		cmocka_unit_test(test_beside_all_that_may_linger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
