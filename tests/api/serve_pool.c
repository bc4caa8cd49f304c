/* SPDX-License-Identifier: MIT */
/* serve_pool.c - what the model of a pool promises beside what all do: the same
   threads all along, others in the queue, nothing left from one to the next. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define WORKERS 3
#define CLIENTS 60

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* Who ran handlers: by lock. */
static struct {
	pthread_mutex_t lock;
	pthread_t threads[CLIENTS];
	size_t count;
} crowd = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
note_thread(struct pier_stream *stream, void *ctx)
{
	pthread_t self = pthread_self();
	size_t i = 0;

	(void)stream;
	(void)ctx;
	(void)pthread_mutex_lock(&crowd.lock);
	while (i < crowd.count && !pthread_equal(crowd.threads[i], self))
		i++;
	if (i == crowd.count)
		crowd.threads[crowd.count++] = self;
	(void)pthread_mutex_unlock(&crowd.lock);
	return 0;
}

static void
expect_end(int fd)
{
	char byte;

	assert_int_equal(plain_read_all(fd, &byte, 1), 0);
	(void)close(fd);
}

static void
test_the_same_threads(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = note_thread,
		.model = PIER_POOL,
		.workers = WORKERS };
	struct serving it;
	int i;

	(void)state;
	crowd.count = 0;
	serving_start(&it, &opts);
	for (i = 0; i < CLIENTS; i++)
		expect_end(plain_connect(&it, 0));
	(void)serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(serving_stop(&it), 0);
	assert_in_range(crowd.count, 1, WORKERS);
}

/* All threads have one: whoever comes then is not even accepted. */
static void
test_others_queue(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = PIER_POOL,
		.workers = WORKERS,
		.connections_max = CLIENTS };
	struct pier_server_stats stats;
	struct serving it;
	int fds[CLIENTS], i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < CLIENTS; i++)
		fds[i] = plain_connect(&it, 0);
	for (i = 0; i < WORKERS; i++)
		plain_echo(fds[i], "in");
	stats = serving_await(&it, FIELD(accepted), WORKERS);
	assert_int_equal(stats.accepted, WORKERS);
	assert_int_equal(stats.active, WORKERS);
	for (i = 0; i < CLIENTS; i++) {
		plain_echo(fds[i], "in turn");
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(stats.active_peak, WORKERS);
	assert_int_equal(serving_stop(&it), 0);
}

/* Threads wait for the next connection themselves, and are not active so long. */
static void
test_who_waits_is_not_active(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = PIER_POOL,
		.workers = WORKERS };
	struct pier_server_stats stats;
	struct serving it;
	int i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 1; i <= 20; i++) {
		int fd = plain_connect(&it, 0);

		plain_echo(fd, "alone");
		serving_await_active(&it, 1);
		(void)close(fd);
		stats = serving_await(&it, FIELD(finished), (uint64_t)i);
		serving_await_active(&it, 0);
	}
	assert_int_equal(stats.active_peak, 1);
	assert_int_equal(serving_stop(&it), 0);
}

/* Outside of pier, where nothing can end it; the byte says that it is there. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int
hang_or_echo(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n = pier_read(stream, &byte, 1, PIER_DEFAULT);
	int rc = n == 1 ? pier_write(stream, &byte, 1, PIER_DEFAULT) : (int)n;

	(void)ctx;
	if (rc < 0 || n == 0 || byte != 'h')
		return rc;
	(void)pthread_mutex_lock(&gate);
	(void)pthread_mutex_unlock(&gate);
	return 0;
}

static void
test_the_others_go_on(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = hang_or_echo,
		.model = PIER_POOL,
		.workers = 2 };
	struct serving it;
	int hung, fd, i;

	(void)state;
	(void)pthread_mutex_lock(&gate);
	serving_start(&it, &opts);
	hung = plain_connect(&it, 0);
	plain_echo(hung, "h");
	for (i = 0; i < CLIENTS; i++) {
		fd = plain_connect(&it, 0);
		plain_echo(fd, "x");
		expect_end(fd);
	}
	(void)pthread_mutex_unlock(&gate);
	expect_end(hung);
	assert_int_equal(serving_stop(&it), 0);
}

/* The second failure is one that no call of pier has noted. */
struct failures {
	int count;
	enum pier_step steps[2];
};

static int
fail_twice(struct pier_stream *stream, void *ctx)
{
	const struct failures *failures = ctx;
	char byte;

	if (failures->count > 0)
		return -PIER_EDEADLINE;
	(void)pier_shield(PIER_FOREVER);
	(void)pier_printf(stream, "gathered");
	return (int)pier_read(stream, &byte, 1, pier_in_ms(1));
}

static void
note_failure(const struct pier_conn *conn, int rc, void *ctx)
{
	struct failures *failures = ctx;

	assert_non_null(conn);
	assert_int_equal(rc, -PIER_EDEADLINE);
	if (failures->count < 2)
		failures->steps[failures->count++] = pier_last_error()->step;
}

static void
test_nothing_is_left_for_the_next(void **state)
{
	struct failures failures = { 0 };
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = fail_twice,
		.model = PIER_POOL,
		.workers = 1,
		.ctx = &failures,
		.on_error = note_failure };
	struct serving it;
	char back[16];
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(plain_read_all(fd, back, sizeof(back)), 8);
	(void)close(fd);
	expect_end(plain_connect(&it, 0));
	(void)serving_await(&it, FIELD(failed), 2);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(failures.count, 2);
	assert_int_equal(failures.steps[0], PIER_STEP_RECEIVE);
	assert_int_equal(failures.steps[1], PIER_STEP_HANDLER);
}

/* Idle threads end at once; the one that is busy and who queues are served. */
static void
test_stop_with_a_queue(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = PIER_POOL,
		.workers = 1 };
	struct pier_server_stats stats;
	struct serving it;
	int fds[3], i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 3; i++)
		fds[i] = plain_connect(&it, 0);
	plain_echo(fds[0], "busy");
	pier_server_stop(it.server);
	for (i = 0; i < 3; i++) {
		plain_echo(fds[i], "in turn");
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), 3);
	assert_int_equal(stats.accepted, 3);
	assert_int_equal(serving_join(&it), 0);
}

static void
test_stop_of_an_idle_pool(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.model = PIER_POOL,
		.drain_ms = 600000 };
	struct serving it;
	int64_t began = wall_ms();
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect_end(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_true(wall_ms() - began < TIMEOUT_S * 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_threads),
		cmocka_unit_test(test_others_queue),
		cmocka_unit_test(test_who_waits_is_not_active),
		cmocka_unit_test(test_the_others_go_on),
		cmocka_unit_test(test_nothing_is_left_for_the_next),
		cmocka_unit_test(test_stop_with_a_queue),
		cmocka_unit_test(test_stop_of_an_idle_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
