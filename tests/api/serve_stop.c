/* SPDX-License-Identifier: MIT */
/* serve_stop.c - a server stops: from anywhere, with and without a drain. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

static const struct pier_server_opts echo = { .endpoint = TCP,
	.handler = pier_handler_echo };

static void
test_idle(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = echo;
		int before = open_fds();
		struct serving it;

		opts.model = models[i];
		serving_start(&it, &opts);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(open_fds(), before);
	}
}

static void
test_before_it_runs(void **state)
{
	struct pier_server *server;

	(void)state;
	assert_int_equal(pier_server_open(&server, &echo), 0);
	pier_server_stop(server);
	assert_int_equal(pier_server_run(server), 0);
	assert_int_equal(pier_server_run(server), -EALREADY);
	assert_non_null(strstr(pier_error_line(), "EALREADY"));
	pier_server_close(server);
	pier_server_close(NULL);
	pier_server_stop(NULL);
}

static int
dial_and_stop(struct pier_server *server)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	int fd;

	assert_true(pier_server_endpoint(
			    server, 0, endpoint, sizeof(endpoint)) > 0);
	fd = plain_dial(endpoint);
	assert_true(fd >= 0);
	pier_server_stop(server);
	return fd;
}

static void *
run_server(void *arg)
{
	return (void *)(intptr_t)pier_server_run(arg);
}

/* Who connected before the stop has the drain time, however late that is seen. */
static void
test_who_queued_before_it_runs(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = echo;
		struct serving it;
		void *rc;
		int fd;

		opts.model = models[i];
		assert_int_equal(pier_server_open(&it.server, &opts), 0);
		fd = dial_and_stop(it.server);
		assert_int_equal(
			pthread_create(&it.thread, NULL, run_server, it.server),
			0);
		(void)serving_await(&it, FIELD(accepted), 1);
		plain_echo(fd, "late");
		(void)close(fd);
		assert_int_equal(pthread_join(it.thread, &rc), 0);
		assert_int_equal((intptr_t)rc, 0);
		pier_server_close(it.server);
	}
}

/* A conversation that goes on is let end; nobody new gets in. */
static void
test_drain(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		char endpoint[PIER_ENDPOINT_TEXT_MAX];
		struct pier_server_opts opts = echo;
		struct serving it;
		int fd, other;

		opts.model = models[i];
		serving_start(&it, &opts);
		assert_true(pier_server_endpoint(it.server, 0, endpoint,
				    sizeof(endpoint)) > 0);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "before");
		pier_server_stop(it.server);
		/* The listener closes soon, not at once: others may connect
		   until then. Where one is served at a time they queue. */
		do {
			other = models[i] == PIER_ITERATIVE
					? -ECONNREFUSED
					: plain_dial(endpoint);
			(void)close(other);
		} while (other >= 0 || other == -ECONNRESET);
		assert_int_equal(other, -ECONNREFUSED);
		plain_echo(fd, "after");
		(void)close(fd);
		assert_int_equal(serving_join(&it), 0);
	}
}

static void
test_who_queued_is_served(void **state)
{
	struct pier_server_opts opts = echo;
	struct pier_server_stats stats;
	struct serving it;
	int fds[8];
	size_t i;

	(void)state;
	opts.model = PIER_ITERATIVE;
	serving_start(&it, &opts);
	for (i = 0; i < 8; i++)
		fds[i] = plain_connect(&it, 0);
	plain_echo(fds[0], "the only one that is served");
	pier_server_stop(it.server);
	for (i = 0; i < 8; i++) {
		plain_echo(fds[i], "each in turn");
		(void)close(fds[i]);
	}
	stats = serving_await(&it, FIELD(finished), 8);
	assert_int_equal(stats.accepted, 8);
	assert_int_equal(stats.active_peak, 1);
	assert_int_equal(serving_join(&it), 0);
}

static void
expect_ended(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	(void)close(fd);
}

static void
cancelled_after(int64_t drain_ms, int stops)
{
	int i;

	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = echo;
		struct serving it;
		int64_t began = wall_ms();
		int fd, n;

		opts.model = models[i];
		opts.drain_ms = drain_ms;
		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "and then silent");
		for (n = 0; n < stops; n++)
			pier_server_stop(it.server);
		expect_ended(fd);
		assert_int_equal(serving_join(&it), 1);
		assert_true(wall_ms() - began < TIMEOUT_S * 1000);
	}
}

static void
test_the_drain_time_passes(void **state)
{
	(void)state;
	cancelled_after(50, 1);
}

static void
test_no_drain(void **state)
{
	(void)state;
	cancelled_after(PIER_OFF, 1);
}

static void
test_told_twice(void **state)
{
	(void)state;
	cancelled_after(60000, 2);
}

/* The second time comes while it drains already. */
static void
test_told_again_later(void **state)
{
	struct pier_server_opts opts = echo;
	struct serving it;
	int fd;

	(void)state;
	opts.drain_ms = 60000;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "a");
	pier_server_stop(it.server);
	plain_echo(fd, "b");
	(void)usleep(20000);
	plain_echo(fd, "c");
	pier_server_stop(it.server);
	expect_ended(fd);
	assert_int_equal(serving_join(&it), 1);
}

static int
stop_and_reply(struct pier_stream *stream, void *ctx)
{
	char line[16];
	ssize_t n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	if (n <= 0)
		return (int)n;
	pier_server_stop(pier_conn(stream)->server);
	return pier_write(stream, "bye\n", 4, PIER_DEFAULT);
}

static void
test_from_a_handler(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = stop_and_reply,
			.model = models[i] };
		struct serving it;
		char back[5];
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_write(fd, "end\n", 4);
		assert_int_equal(plain_read_all(fd, back, sizeof(back)), 4);
		(void)close(fd);
		assert_int_equal(serving_join(&it), 0);
	}
}

static struct pier_server *signalled;

static void
on_signal(int number)
{
	(void)number;
	pier_server_stop(signalled);
}

static void
test_from_a_signal_handler(void **state)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct sigaction old;
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &echo);
	fd = plain_connect(&it, 0);
	plain_echo(fd, "a");
	signalled = it.server;
	assert_int_equal(sigaction(SIGUSR1, &act, &old), 0);
	errno = 77;
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(errno, 77);
	assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
	(void)close(fd);
	assert_int_equal(serving_join(&it), 0);
}

/* A thread that hangs outside of pier is left behind, counted, and may end
   after the server. */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t done = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_done = PTHREAD_COND_INITIALIZER;
static int done_count;

static int
hang(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	(void)pier_write(stream, "x", 1, PIER_DEFAULT);
	(void)pthread_mutex_lock(&held);
	(void)pthread_mutex_unlock(&held);
	return 0;
}

static void
end_hang(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	(void)pthread_mutex_lock(&done);
	done_count++;
	(void)pthread_cond_signal(&is_done);
	(void)pthread_mutex_unlock(&done);
}

static void
test_a_thread_that_hangs(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = hang,
		.model = PIER_THREAD,
		.drain_ms = 10,
		.finish = end_hang };
	struct serving it;
	char byte;
	int fd;

	(void)state;
	(void)pthread_mutex_lock(&held);
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	assert_int_equal(serving_stop(&it), 1);
	(void)pthread_mutex_unlock(&held);
	(void)pthread_mutex_lock(&done);
	while (done_count == 0)
		(void)pthread_cond_wait(&is_done, &done);
	(void)pthread_mutex_unlock(&done);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	(void)close(fd);
}

/* Whoever waits for a peer that reads nothing is cancelled too. */
static void
test_a_full_writer_is_cancelled(void **state)
{
	static char much[1000000];
	struct pier_server_opts opts = echo;
	struct serving it;
	int fd;

	(void)state;
	opts.drain_ms = 20;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	while (send(fd, much, sizeof(much), MSG_DONTWAIT) > 0)
		(void)usleep(1000);
	assert_int_equal(serving_stop(&it), 1);
	(void)close(fd);
}

static void
stop_now(struct pier_server *server, void *ctx)
{
	*(int *)ctx += 1;
	/* It listens. */
	(void)close(dial_and_stop(server));
}

static void
test_in_one_call(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		int before = open_fds();
		int told = 0;
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = pier_handler_echo,
			.model = models[i],
			.ctx = &told,
			.on_listen = stop_now };

		assert_int_equal(pier_serve(&opts), 0);
		assert_int_equal(told, 1);
		assert_int_equal(open_fds(), before);
	}
}

/* A server as one task among others of a program's own run. */
static int
serve_in_a_fiber(void *arg)
{
	int rc = pier_server_run(arg);

	pier_server_close(arg);
	return rc;
}

static int
client_and_server(void *arg)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_stream *stream;
	struct pier_server *server;
	struct pier_group *group;
	char back[4];

	(void)arg;
	assert_int_equal(pier_server_open(&server, &echo), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_true(pier_server_endpoint(
			    server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(pier_go(group, serve_in_a_fiber, server), 0);
	assert_int_equal(
		pier_dial(&stream, endpoint, NULL, pier_in_s(TIMEOUT_S)), 0);
	assert_int_equal(pier_write(stream, "ping", 4, PIER_FOREVER), 0);
	assert_int_equal(
		pier_read_full(stream, back, 4, pier_in_s(TIMEOUT_S)), 4);
	pier_close(stream);
	pier_server_stop(server);
	assert_int_equal(pier_group_wait(group, pier_in_s(TIMEOUT_S)), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	return 0;
}

static void
test_beside_other_fibers(void **state)
{
	int before = open_fds();

	(void)state;
	assert_int_equal(pier_run(client_and_server, NULL, NULL, NULL), 0);
	assert_int_equal(open_fds(), before);
}

/* The run that it is part of is cancelled: it ends at once. */
static int
leave_a_server(void *arg)
{
	struct pier_server *server;

	(void)arg;
	assert_int_equal(pier_server_open(&server, &echo), 0);
	assert_int_equal(pier_go(NULL, serve_in_a_fiber, server), 0);
	return pier_yield();
}

static void
test_cancelled_with_its_run(void **state)
{
	int before = open_fds();

	(void)state;
	assert_int_equal(pier_run(leave_a_server, NULL, NULL, NULL), 0);
	assert_int_equal(open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_before_it_runs),
		cmocka_unit_test(test_who_queued_before_it_runs),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_who_queued_is_served),
		cmocka_unit_test(test_the_drain_time_passes),
		cmocka_unit_test(test_no_drain),
		cmocka_unit_test(test_told_twice),
		cmocka_unit_test(test_told_again_later),
		cmocka_unit_test(test_from_a_handler),
		cmocka_unit_test(test_from_a_signal_handler),
		cmocka_unit_test(test_a_thread_that_hangs),
		cmocka_unit_test(test_a_full_writer_is_cancelled),
		cmocka_unit_test(test_in_one_call),
		cmocka_unit_test(test_beside_other_fibers),
		cmocka_unit_test(test_cancelled_with_its_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
