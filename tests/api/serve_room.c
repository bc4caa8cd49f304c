/* SPDX-License-Identifier: MIT */
/* serve_room.c - how many are served at once, in all and of one address, and
   those who are there when many more come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

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

/* Each takes a port for a minute: there are some 28,000. */
#define FLOOD_MAX 12000

struct flood {
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	atomic_bool over;
	int rc; /* of the last connection */
};

static void *
flood_main(void *arg)
{
	struct flood *flood = arg;
	int n;

	for (n = 0; n < FLOOD_MAX && !atomic_load(&flood->over); n++) {
		int fd = plain_dial(flood->endpoint);

		flood->rc = fd < 0 ? fd : 0;
		if (fd < 0)
			break;
		(void)close(fd);
	}
	atomic_store(&flood->over, true);
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
		assert_true(pier_server_endpoint(it.server, 0, flood.endpoint,
				    sizeof(flood.endpoint)) > 0);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "there");
		assert_int_equal(
			pthread_create(&thread, NULL, flood_main, &flood), 0);
		until = wall_ms() + 200;
		while (wall_ms() < until && !atomic_load(&flood.over)) {
			int64_t sent = wall_ms();

			plain_echo(fd, "still");
			assert_true(wall_ms() - sent < TIMEOUT_S * 1000);
		}
		atomic_store(&flood.over, true);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(flood.rc, 0);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections_max),
		cmocka_unit_test(test_per_address_max),
		cmocka_unit_test(test_a_flood_of_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
