/* SPDX-License-Identifier: MIT */
/* serve_balance.c - workers of the fiber model have about as many connections
   each, however unevenly these come and go. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define WORKERS 3
#define CLIENTS 90

/* The threads that run handlers, by lock. */
static struct {
	pthread_mutex_t lock;
	pthread_t threads[WORKERS];
	unsigned char count;
} crowd = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Which of them the calling one is. */
static unsigned char
number(void)
{
	pthread_t self = pthread_self();
	unsigned char i = 0;

	(void)pthread_mutex_lock(&crowd.lock);
	while (i < crowd.count && !pthread_equal(crowd.threads[i], self))
		i++;
	assert_true(i < WORKERS);
	if (i == crowd.count)
		crowd.threads[crowd.count++] = self;
	(void)pthread_mutex_unlock(&crowd.lock);
	return i;
}

/* Says which worker it is, and stays for as long as the client. */
static int
tell(struct pier_stream *stream, void *ctx)
{
	unsigned char self = number();
	char byte;
	int rc = pier_write(stream, &self, 1, PIER_DEFAULT);

	(void)ctx;
	return rc < 0 ? rc : (int)pier_read(stream, &byte, 1, PIER_DEFAULT);
}

struct client {
	int fd; /* -1: none */
	unsigned char worker;
	int order; /* the how manieth came */
};

static void
come(const struct serving *it, struct client *client, int order)
{
	client->order = order;
	client->fd = plain_connect(it, 0);
	assert_int_equal(plain_read_all(client->fd, &client->worker, 1), 1);
}

static void
go(struct client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	client->fd = -1;
}

/* Who got somebody since `from` is not more than a tenth, and the one that came
   last, above another: when that one came the least loaded had no more than now.
   Who got nobody has what he had, however many others have gone. */
static void
expect_balance(const struct client *clients, int from)
{
	int loads[WORKERS] = { 0 };
	bool got[WORKERS] = { false };
	int i, least = CLIENTS;

	for (i = 0; i < CLIENTS; i++) {
		loads[clients[i].worker]++;
		if (clients[i].order >= from)
			got[clients[i].worker] = true;
	}
	for (i = 0; i < WORKERS; i++)
		least = loads[i] < least ? loads[i] : least;
	for (i = 0; i < WORKERS; i++)
		if (got[i])
			assert_true(10 * (loads[i] - 1) <= 11 * least);
}

/* All but those of one worker go, and others come in their place. */
static void
balance(const char *endpoint)
{
	const struct pier_server_opts opts = {
		.endpoint = endpoint, .handler = tell, .workers = WORKERS
	};
	static struct client clients[CLIENTS];
	struct serving it;
	unsigned char stays;
	uint64_t left = 0;
	int i, came = 0;

	crowd.count = 0;
	serving_start(&it, &opts);
	for (i = 0; i < CLIENTS; i++)
		come(&it, &clients[i], came++);
	expect_balance(clients, 0);
	stays = clients[0].worker;
	for (i = 0; i < CLIENTS; i++) {
		if (clients[i].worker == stays)
			left++;
		else
			go(&clients[i]);
	}
	serving_await_active(&it, left);
	for (i = 0; i < CLIENTS; i++)
		if (clients[i].fd < 0)
			come(&it, &clients[i], came++);
	expect_balance(clients, CLIENTS);
	assert_int_equal(crowd.count, WORKERS);
	for (i = 0; i < CLIENTS; i++)
		go(&clients[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_what_the_kernel_deals_out(void **state)
{
	(void)state;
	balance("tcp://127.0.0.1:0");
}

static void
test_one_queue_for_all(void **state)
{
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://@pier-balance-%d",
		(int)getpid());
	balance(endpoint);
}

/* Those that are told to stop while others are on their way. */
static void
test_stop_in_between(void **state)
{
	const struct pier_server_opts opts = { .endpoint = "tcp://127.0.0.1:0",
		.handler = pier_handler_echo,
		.workers = WORKERS };
	int round, i;

	(void)state;
	for (round = 0; round < 20; round++) {
		struct pier_server_stats stats;
		struct serving it;
		int fds[CLIENTS];

		serving_start(&it, &opts);
		for (i = 0; i < CLIENTS; i++)
			fds[i] = plain_connect(&it, 0);
		pier_server_stop(it.server);
		for (i = 0; i < CLIENTS; i++) {
			plain_echo(fds[i], "there");
			(void)close(fds[i]);
		}
		assert_int_equal(pthread_join(it.thread, NULL), 0);
		pier_server_stats(it.server, &stats);
		assert_int_equal(stats.finished, CLIENTS);
		assert_int_equal(it.rc, 0);
		pier_server_close(it.server);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_kernel_deals_out),
		cmocka_unit_test(test_one_queue_for_all),
		cmocka_unit_test(test_stop_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
