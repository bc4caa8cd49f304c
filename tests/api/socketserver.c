/* SPDX-License-Identifier: MIT */
/*
 * socketserver.c - what Python's own tests of socketserver ask of its servers,
 * asked of pier's, under each model.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

static const char hello[] = "hello, world\n";

/* A line is read and written back: StreamRequestHandler's example. */
static int
line_back(struct pier_stream *stream, void *ctx)
{
	char line[100];
	ssize_t n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	return n <= 0 ? (int)n
		      : pier_write(stream, line, (size_t)n, PIER_DEFAULT);
}

static void
expect_hello(int fd)
{
	char back[100];

	assert_int_equal(
		plain_read_all(fd, back, sizeof(hello) - 1), sizeof(hello) - 1);
	assert_memory_equal(back, hello, sizeof(hello) - 1);
	(void)close(fd);
}

static void
three_stream_clients(const struct serving *it)
{
	for (int i = 0; i < 3; i++) {
		int fd = plain_connect(it, 0);

		plain_write(fd, hello, sizeof(hello) - 1);
		expect_hello(fd);
	}
}

static void
three_datagram_clients(const struct serving *it)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;

	assert_true(pier_server_endpoint(
			    it->server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	for (int i = 0; i < 3; i++) {
		int fd = socket(
			pier_addr_family(&addr), SOCK_DGRAM | SOCK_CLOEXEC, 0);

		(void)setsockopt(
			fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		/* A Unix one needs a name to be answered: any one. */
		if (pier_addr_family(&addr) == AF_UNIX) {
			const struct sockaddr_un any = { .sun_family =
								 AF_UNIX };

			assert_int_equal(
				bind(fd,
					(const struct sockaddr *)(const void
							*)&any,
					sizeof(any.sun_family)),
				0);
		}
		assert_int_equal(sendto(fd, hello, sizeof(hello) - 1, 0,
					 &addr.u.sa, addr.len),
			sizeof(hello) - 1);
		expect_hello(fd);
	}
}

/* Every kind of server under every model: three clients, then its end. */
static void
serve_three(const char *endpoint, void (*clients)(const struct serving *))
{
	for (int i = 0; i < MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = endpoint,
			.handler = line_back,
			.datagram_handler = pier_datagram_echo,
			.model = models[i] };
		struct serving it;
		int before = open_fds();

		serving_start(&it, &opts);
		clients(&it);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(open_fds(), before);
	}
}

static void
test_tcp_server(void **state)
{
	(void)state;
	serve_three(TCP, three_stream_clients);
}

static void
test_unix_stream_server(void **state)
{
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://@pier-ss-%d",
		(int)getpid());
	serve_three(endpoint, three_stream_clients);
}

static void
test_udp_server(void **state)
{
	(void)state;
	serve_three("udp://127.0.0.1:0", three_datagram_clients);
}

static void
test_unix_datagram_server(void **state)
{
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unixgram://@pier-ssd-%d",
		(int)getpid());
	serve_three(endpoint, three_datagram_clients);
}

/* Many servers that are told to stop as soon as they run. */
static void
test_shutdown(void **state)
{
	static const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = line_back };
	struct serving all[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		serving_start(&all[i], &opts);
	for (int i = 0; i < 20; i++)
		assert_int_equal(serving_stop(&all[i]), 0);
}

static void
test_close_immediately(void **state)
{
	int before = open_fds();

	(void)state;
	for (int i = 0; i < MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = TCP,
			.handler = line_back,
			.model = models[i] };
		struct pier_server *server;

		assert_int_equal(pier_server_open(&server, &opts), 0);
		pier_server_close(server);
	}
	assert_int_equal(open_fds(), before);
}

/* An address that is taken leaves no socket behind. */
static void
test_bind_leak(void **state)
{
	struct pier_server_opts opts = { .endpoint = TCP,
		.handler = line_back };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server *first, *second = NULL;
	int before;

	(void)state;
	assert_int_equal(pier_server_open(&first, &opts), 0);
	assert_true(
		pier_server_endpoint(first, 0, endpoint, sizeof(endpoint)) > 0);
	before = open_fds();
	opts.endpoint = endpoint;
	assert_int_equal(pier_server_open(&second, &opts), -EADDRINUSE);
	assert_int_equal(open_fds(), before);
	pier_server_close(first);
}

/* A handler that fails is told to on_error, and the next client is served. */
static int
bad_first_line(struct pier_stream *stream, void *ctx)
{
	char line[100];
	ssize_t n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	if (n > 0 && line[0] == 'b')
		return -EPROTO;
	return n <= 0 ? (int)n
		      : pier_write(stream, line, (size_t)n, PIER_DEFAULT);
}

static void
test_handler_errors(void **state)
{
	(void)state;
	for (int i = 0; i < MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = TCP,
			.handler = bad_first_line,
			.model = models[i] };
		struct pier_server_stats stats;
		struct serving it;
		char byte;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		plain_write(fd, "bad\n", 4);
		assert_true(plain_read_all(fd, &byte, 1) <= 0);
		(void)close(fd);
		three_stream_clients(&it);
		stats = serving_await(&it, FIELD(finished), 3);
		assert_int_equal(stats.failed, 1);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* A write reaches the peer at once, and a signal does not cut a large one
   short. */
#define BIG (16 * 1024 * 1024)

static atomic_int signals;

static void
on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signals, 1);
}

static int
write_much(struct pier_stream *stream, void *ctx)
{
	char *big = calloc(1, BIG);
	char line[100];
	int rc = pier_write(stream, "write data\n", 11, PIER_DEFAULT);

	(void)ctx;
	if (rc == 0 &&
		pier_read_line(stream, line, sizeof(line), PIER_DEFAULT) <= 0)
		rc = -EPROTO;
	if (rc == 0 && big != NULL)
		rc = pier_write(stream, big, BIG, PIER_DEFAULT);
	free(big);
	return rc;
}

static size_t
read_to_the_end(int fd)
{
	static char buf[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		sum += (size_t)n;
	assert_int_equal(n, 0);
	return sum;
}

static void
test_write(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction before;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	for (int i = 0; i < MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = TCP,
			.handler = write_much,
			.model = models[i] };
		struct serving it;
		char first[100];
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		assert_int_equal(plain_read_all(fd, first, 11), 11);
		assert_memory_equal(first, "write data\n", 11);
		plain_write(fd, "client response\n", 16);
		assert_int_equal(plain_read_all(fd, first, 100), 100);
		/* A thread of a handler has all signals blocked: there it
		   waits until the end. */
		atomic_store(&signals, 0);
		assert_int_equal(pthread_kill(it.thread, SIGUSR1), 0);
		while (atomic_load(&signals) == 0)
			(void)usleep(1000);
		assert_int_equal(read_to_the_end(fd), BIG - 100);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
	(void)sigaction(SIGUSR1, &before, NULL);
}

/* request.fileno() and client_address. */
static int
tell_itself(struct pier_stream *stream, void *ctx)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr peer;
	int kind = 0;
	socklen_t len = sizeof(kind);
	int rc = pier_conn_peer(pier_conn(stream), &peer);

	(void)ctx;
	if (rc < 0 || getsockopt(pier_fd(stream), SOL_SOCKET, SO_TYPE, &kind,
			      &len) < 0)
		return rc < 0 ? rc : -errno;
	rc = pier_addr_format(&peer, text, sizeof(text));
	return rc < 0 ? rc
		      : pier_printf(
				stream, "%s %d\n", text, kind == SOCK_STREAM);
}

static void
test_request_and_client_address(void **state)
{
	(void)state;
	for (int i = 0; i < MODEL_COUNT; i++) {
		const struct pier_server_opts opts = { .endpoint = TCP,
			.handler = tell_itself,
			.model = models[i] };
		struct pier_addr mine = { .len = sizeof(mine.u) };
		char said[400], expected[400], text[PIER_ADDR_TEXT_MAX];
		struct serving it;
		ssize_t n;
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		assert_int_equal(getsockname(fd, &mine.u.sa, &mine.len), 0);
		n = plain_read_all(fd, said, sizeof(said) - 1);
		assert_true(n > 0);
		said[n] = '\0';
		assert_true(pier_addr_format(&mine, text, sizeof(text)) > 0);
		(void)snprintf(expected, sizeof(expected), "%s 1\n", text);
		assert_string_equal(said, expected);
		(void)close(fd);
		assert_int_equal(serving_stop(&it), 0);
	}
}

static int
turn_away(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	return -EACCES;
}

/* Who is not verified is closed all the same. */
static void
test_closed_if_not_verified(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = line_back, .verify = turn_away
	};
	struct serving it;
	char byte;
	int fd;

	(void)state;
	assert_int_equal(pier_server_open(&it.server, &opts), 0);
	fd = plain_connect(&it, 0);
	assert_int_equal(pier_server_step(it.server, pier_in_s(TIMEOUT_S)), 1);
	assert_int_equal(plain_read_all(fd, &byte, 1), 0);
	(void)close(fd);
	pier_server_close(it.server);
}

static int
tasks_of_this_process(void)
{
	DIR *list = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(list);
	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

/* The threads of requests that are over are gone. */
static void
test_threads_are_reaped(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = line_back, .model = PIER_THREAD
	};
	struct serving it;
	int before = tasks_of_this_process();

	(void)state;
	assert_int_equal(pier_server_open(&it.server, &opts), 0);
	for (int i = 0; i < 10; i++) {
		int fd = plain_connect(&it, 0);

		(void)close(fd);
		assert_int_equal(
			pier_server_step(it.server, pier_in_s(TIMEOUT_S)), 1);
	}
	pier_server_close(it.server);
	/* The last may be on its way out. */
	while (tasks_of_this_process() > before)
		(void)usleep(1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_server),
		cmocka_unit_test(test_unix_stream_server),
		cmocka_unit_test(test_udp_server),
		cmocka_unit_test(test_unix_datagram_server),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_close_immediately),
		cmocka_unit_test(test_bind_leak),
		cmocka_unit_test(test_handler_errors),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_request_and_client_address),
		cmocka_unit_test(test_closed_if_not_verified),
		cmocka_unit_test(test_threads_are_reaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
