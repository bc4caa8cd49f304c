/* SPDX-License-Identifier: MIT */
/* serve_many.c - several workers, several endpoints, several servers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define CLIENTS 100

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* The threads that handlers ran on. */
struct threads {
	pthread_mutex_t lock;
	pthread_t ids[CLIENTS + 8];
	size_t count;
};

static void
note_thread(struct threads *threads)
{
	pthread_t self = pthread_self();
	size_t i;

	(void)pthread_mutex_lock(&threads->lock);
	for (i = 0; i < threads->count; i++) {
		if (pthread_equal(threads->ids[i], self))
			break;
	}
	if (i == threads->count)
		threads->ids[threads->count++] = self;
	(void)pthread_mutex_unlock(&threads->lock);
}

static int
where(struct pier_stream *stream, void *ctx)
{
	note_thread(ctx);
	return pier_handler_echo(stream, NULL);
}

static void
talk(const struct serving *it, size_t endpoint)
{
	int fds[CLIENTS];
	size_t i;

	for (i = 0; i < CLIENTS; i++)
		fds[i] = plain_connect(it, endpoint);
	for (i = 0; i < CLIENTS; i++)
		plain_echo(fds[i], "hello");
	for (i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
}

/* Looks at the numbers all the while. */
struct watch {
	const struct serving *it;
	atomic_bool over;
	int back; /* how often one went back */
};

static void *
watch_main(void *arg)
{
	struct pier_server_stats now, last = { 0 };
	struct watch *watch = arg;

	while (!atomic_load(&watch->over)) {
		pier_server_stats(watch->it->server, &now);
		watch->back += now.accepted < last.accepted ||
			       now.finished < last.finished ||
			       now.active_peak < last.active_peak ||
			       now.bytes_in < last.bytes_in ||
			       now.active > CLIENTS || now.lingering > CLIENTS;
		last = now;
	}
	return NULL;
}

static void
test_numbers_at_any_time(void **state)
{
	static const struct {
		enum pier_model model;
		int workers;
	} parallel[] = { { PIER_FIBER, 4 }, { PIER_THREAD, 1 } };
	int i, round;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = parallel[i].model,
			.workers = parallel[i].workers };
		struct watch watch = { .back = 0 };
		struct pier_server_stats stats;
		struct serving it;
		pthread_t thread;

		serving_start(&it, &opts);
		watch.it = &it;
		assert_int_equal(
			pthread_create(&thread, NULL, watch_main, &watch), 0);
		for (round = 0; round < 3; round++) {
			talk(&it, 0);
			(void)serving_await(&it, FIELD(bytes_out),
				(round + 1) * CLIENTS * 5);
			serving_await_active(&it, 0);
		}
		atomic_store(&watch.over, true);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(watch.back, 0);
		stats = serving_await(&it, FIELD(finished), 3 * CLIENTS);
		assert_int_equal(stats.accepted, 3 * CLIENTS);
		assert_int_equal(stats.bytes_in, 3 * CLIENTS * 5);
		assert_int_equal(serving_stop(&it), 0);
	}
}

static void
test_workers_share_the_load(void **state)
{
	struct threads threads = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct pier_server_opts opts = {
		.endpoint = TCP, .handler = where, .ctx = &threads, .workers = 2
	};
	int before = open_fds();
	struct pier_server_stats stats;
	struct serving it;

	(void)state;
	serving_start(&it, &opts);
	assert_int_equal(pier_server_endpoint_count(it.server), 1);
	talk(&it, 0);
	stats = serving_await(&it, FIELD(finished), CLIENTS);
	assert_int_equal(stats.accepted, CLIENTS);
	/* The kernel deals them out by a hash of the ports: that all of a
	   hundred fall on one side has a chance of 1 in 2^99. */
	assert_int_equal(threads.count, 2);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(open_fds(), before);
}

static void
test_workers_share_a_unix_socket(void **state)
{
	struct threads threads = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char endpoint[64];
	struct pier_listen_opts listen = { .mode = 0620 };
	struct pier_server_opts opts = { .endpoint = endpoint,
		.handler = where,
		.ctx = &threads,
		.workers = 3,
		.listen = &listen };
	int before = open_fds();
	struct serving it;
	struct stat st;

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix:///tmp/pier-%d.sock",
		(int)getpid());
	serving_start(&it, &opts);
	listen.mode = 0; /* was borrowed by open */
	assert_int_equal(stat(endpoint + 7, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0620);
	talk(&it, 0);
	talk(&it, 0);
	(void)serving_await(&it, FIELD(finished), 2 * CLIENTS);
	assert_true(threads.count >= 1 && threads.count <= 3);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(stat(endpoint + 7, &st), -1);
	assert_int_equal(open_fds(), before);
}

static void
test_every_worker_drains(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.workers = PIER_CORES };
	struct serving it;
	int fds[20];
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 20; i++)
		fds[i] = plain_connect(&it, 0);
	pier_server_stop(it.server);
	for (i = 0; i < 20; i++) {
		plain_echo(fds[i], "served all the same");
		(void)close(fds[i]);
	}
	assert_int_equal(serving_join(&it), 0);
}

static void
test_every_worker_cancels(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.workers = 4,
		.drain_ms = PIER_OFF };
	struct serving it;
	int fds[20];
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 20; i++) {
		fds[i] = plain_connect(&it, 0);
		plain_echo(fds[i], "in");
	}
	assert_int_equal(serving_stop(&it), 20);
	for (i = 0; i < 20; i++)
		(void)close(fds[i]);
}

/* connections_max is of the server, whoever accepts. */
static void
test_workers_share_the_room(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = pier_handler_echo,
		.workers = 2,
		.connections_max = 3 };
	struct pier_server_stats stats;
	struct serving it;
	int fds[30];
	size_t i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 30; i++) {
		fds[i] = plain_connect(&it, 0);
		plain_write(fds[i], "x", 1);
	}
	/* Those that are in cannot be told apart: all are answered in turn,
	   as each ends with its input. */
	for (i = 0; i < 30; i++)
		assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
	for (i = 0; i < 30; i++) {
		char back[4];

		assert_int_equal(plain_read_all(fds[i], back, sizeof(back)), 1);
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), 30);
	assert_true(stats.active_peak <= 3);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_a_second_server_finds_it_in_use(void **state)
{
	int workers;

	(void)state;
	for (workers = 1; workers <= 2; workers++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.workers = workers };
		char real[PIER_ENDPOINT_TEXT_MAX];
		struct pier_server *other = NULL;
		struct serving it;

		serving_start(&it, &opts);
		assert_true(pier_server_endpoint(
				    it.server, 0, real, sizeof(real)) > 0);
		opts.endpoint = real;
		assert_int_equal(pier_server_open(&other, &opts), -EADDRINUSE);
		assert_null(other);
		assert_int_equal(serving_stop(&it), 0);
		/* And at once free again. */
		assert_int_equal(pier_server_open(&other, &opts), 0);
		pier_server_close(other);
	}
}

static void
test_several_endpoints(void **state)
{
	char local[64];
	const char *const endpoints[] = { "tcp4://127.0.0.1:0", local,
		"tcp4://127.0.0.1:0", NULL };
	int i;

	(void)state;
	(void)snprintf(
		local, sizeof(local), "unix://@pier-several-%d", (int)getpid());
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoints = endpoints,
			.handler = pier_handler_echo,
			.model = models[i] };
		char text[PIER_ENDPOINT_TEXT_MAX];
		struct serving it;
		int fd[3];
		size_t n;

		serving_start(&it, &opts);
		assert_int_equal(pier_server_endpoint_count(it.server), 3);
		assert_int_equal(
			pier_server_endpoint(it.server, 3, text, sizeof(text)),
			-ENOENT);
		text[0] = '?';
		assert_int_equal(
			pier_server_endpoint(it.server, 0, text, 3), -ENOSPC);
		assert_int_equal(text[0], '?');
		assert_true(pier_server_endpoint(
				    it.server, 1, text, sizeof(text)) > 0);
		assert_string_equal(text, local);
		for (n = 0; n < 3; n++)
			fd[n] = plain_connect(&it, n);
		for (n = 0; n < 3; n++) {
			plain_echo(fd[n], "on each");
			(void)close(fd[n]);
		}
		assert_int_equal(serving_stop(&it), 0);
	}
}

static void
test_a_listener_that_was_handed_down(void **state)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	char endpoint[32], real[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server_opts opts = {
		.endpoint = endpoint, .handler = pier_handler_echo, .workers = 2
	};
	struct serving it;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 1000), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fd);
	serving_start(&it, &opts);
	assert_true(pier_server_endpoint(it.server, 0, real, sizeof(real)) > 0);
	assert_non_null(strstr(real, "tcp://0.0.0.0:"));
	talk(&it, 0);
	assert_int_equal(serving_stop(&it), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers_share_the_load),
		cmocka_unit_test(test_numbers_at_any_time),
		cmocka_unit_test(test_workers_share_a_unix_socket),
		cmocka_unit_test(test_every_worker_drains),
		cmocka_unit_test(test_every_worker_cancels),
		cmocka_unit_test(test_workers_share_the_room),
		cmocka_unit_test(test_a_second_server_finds_it_in_use),
		cmocka_unit_test(test_several_endpoints),
		cmocka_unit_test(test_a_listener_that_was_handed_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
