/* SPDX-License-Identifier: MIT */
/* serve_step.c - pier_server_step(): one request at a time, by hand. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define TCP "tcp://127.0.0.1:0"

/* Nothing here comes near it. */
#define SOON pier_in_s(TIMEOUT_S)

static void
count_idle(struct pier_server *server, void *ctx)
{
	(void)server;
	++*(int *)ctx;
}

static int
connect_to(struct pier_server *server, size_t i)
{
	const struct serving it = { .server = server };

	return plain_connect(&it, i);
}

/* A line of the client's, answered in capitals; seen when step is back. */
static int
one_line(struct pier_stream *stream, void *ctx)
{
	char line[64];
	ssize_t n = pier_read_line(stream, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	return n <= 0 ? (int)n
		      : pier_write(stream, line, (size_t)n, PIER_DEFAULT);
}

static void
send_line(int fd)
{
	plain_write(fd, "line\n", 5);
	(void)shutdown(fd, SHUT_WR);
}

static void
expect_line(int fd)
{
	char back[8];

	assert_int_equal(plain_read_all(fd, back, sizeof(back)), 5);
	assert_memory_equal(back, "line\n", 5);
	(void)close(fd);
}

static struct pier_server_stats
stats_of(const struct pier_server *server)
{
	struct pier_server_stats stats;

	pier_server_stats(server, &stats);
	return stats;
}

static void
one_by_one(enum pier_model model)
{
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = one_line, .model = model
	};
	struct pier_server *server;
	int before = open_fds();
	int fds[3];
	int k;

	assert_int_equal(pier_server_open(&server, &opts), 0);
	for (k = 0; k < 3; k++) {
		fds[k] = connect_to(server, 0);
		send_line(fds[k]);
	}
	for (k = 0; k < 3; k++) {
		assert_int_equal(pier_server_step(server, SOON), 1);
		assert_int_equal(stats_of(server).finished, (uint64_t)k + 1);
		assert_int_equal(stats_of(server).active, 0);
		expect_line(fds[k]);
	}
	assert_int_equal(pier_server_step(server, PIER_NOW), -EAGAIN);
	pier_server_close(server);
	assert_int_equal(open_fds(), before);
}

/* Each step serves one that queues, to its end, under every model. */
static void
test_one_by_one(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++)
		one_by_one(models[i]);
}

static int
step_until_somebody_came(struct pier_server *server)
{
	int64_t until = wall_ms() + TIMEOUT_S * INT64_C(1000);
	int rc;

	while ((rc = pier_server_step(server, PIER_NOW)) == -EAGAIN &&
		wall_ms() < until)
		(void)usleep(100);
	return rc;
}

/* Who has a loop of his own, and asks at each turn whether somebody is there. */
static void
polled(enum pier_model model)
{
	static const char *const endpoints[] = { TCP, "udp://127.0.0.1:0",
		NULL };
	const struct pier_server_opts opts = { .endpoints = endpoints,
		.handler = one_line,
		.datagram_handler = pier_datagram_echo,
		.model = model };
	struct pier_packet *packet;
	struct pier_server *server;
	char where[64];
	int k;

	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_true(pier_server_endpoint(server, 1, where, sizeof(where)) > 0);
	assert_int_equal(pier_packet_open(&packet, where, NULL, SOON), 0);
	for (k = 0; k < 3; k++) {
		int fd;

		assert_int_equal(pier_server_step(server, PIER_NOW), -EAGAIN);
		fd = connect_to(server, 0);
		send_line(fd);
		assert_int_equal(step_until_somebody_came(server), 1);
		expect_line(fd);
		assert_int_equal(pier_send(packet, NULL, "x", 1, SOON), 0);
		assert_int_equal(step_until_somebody_came(server), 1);
	}
	assert_int_equal(stats_of(server).finished, 3);
	assert_int_equal(stats_of(server).datagrams, 3);
	pier_packet_close(packet);
	pier_server_close(server);
}

static void
test_polled(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++)
		polled(models[i]);
}

#if !defined(__SANITIZE_THREAD__) /* which cannot follow a fork of threads */
/* The end of its process is the end of a step. */
static void
test_one_by_one_in_processes(void **state)
{
	(void)state;
	one_by_one(PIER_FORK);
}

/* A process that has been forked by the program goes on with the server: what
   was known of connections' processes there is not known to it. */
static void
test_a_copy_goes_on(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = one_line, .model = PIER_FORK
	};
	struct pier_server *server;
	int status = -1;
	int fd, k;
	pid_t copy;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	for (k = 0; k < 3; k++) {
		fd = connect_to(server, 0);
		send_line(fd);
		copy = k == 1 ? fork() : 0;
		if (copy == 0 && pier_server_step(server, SOON) != 1)
			_exit(2);
		if (copy == 0 && k == 1) {
			pier_server_close(server);
			_exit(0);
		}
		if (copy > 0)
			assert_int_equal(waitpid(copy, &status, 0), copy);
		expect_line(fd);
	}
	assert_int_equal(status, 0);
	assert_int_equal(stats_of(server).finished, 3);
	pier_server_close(server);
}

static int
exit_well(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	_exit(0);
}

static void
test_a_process_that_dies(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = exit_well, .model = PIER_FORK
	};
	struct pier_server *server;
	int fd, k;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	for (k = 1; k <= 2; k++) {
		fd = connect_to(server, 0);
		assert_int_equal(pier_server_step(server, SOON), 1);
		assert_int_equal(stats_of(server).died, k);
		assert_int_equal(stats_of(server).failed, k);
		assert_int_equal(stats_of(server).active, 0);
		(void)close(fd);
	}
	pier_server_close(server);
}

/* A handler's stop is heard by the process that steps, and ends the others. */
static int
stop_and_linger(struct pier_stream *stream, void *ctx)
{
	char byte;

	(void)ctx;
	pier_server_stop(pier_conn(stream)->server);
	return (int)pier_read(stream, &byte, 1, PIER_DEFAULT);
}

static void
test_a_process_that_stops(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = stop_and_linger,
		.model = PIER_FORK,
		.drain_ms = 1 };
	struct pier_server *server;
	int fd;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	fd = connect_to(server, 0);
	assert_int_equal(pier_server_step(server, SOON), 1);
	assert_int_equal(stats_of(server).cancelled, 1);
	assert_int_equal(pier_server_step(server, SOON), 0);
	(void)close(fd);
	pier_server_close(server);
}
#endif

static void
test_nobody(void **state)
{
	int idles = 0;
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = one_line,
		.ctx = &idles,
		.on_idle = count_idle };
	struct pier_server *server;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_int_equal(pier_server_step(server, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_server_step(server, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->code, -PIER_EDEADLINE);
	assert_int_equal(idles, 2);
	pier_server_close(server);
}

/* Streams, datagrams and the sockets of other workers are all looked at. */
static void
test_every_socket(void **state)
{
	static const char *const endpoints[] = { TCP, "udp://127.0.0.1:0",
		"tcp6://[::1]:0", NULL };
	const struct pier_server_opts opts = { .endpoints = endpoints,
		.handler = one_line,
		.datagram_handler = pier_datagram_upper,
		.workers = 3 };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	char back[8];
	struct pier_server *server;
	struct pier_addr addr;
	int k, udp;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	/* Enough that the kernel deals some to each worker's socket. */
	for (k = 0; k < 12; k++) {
		int fd = connect_to(server, k % 2 == 0 ? 0 : 2);

		send_line(fd);
		assert_int_equal(pier_server_step(server, SOON), 1);
		expect_line(fd);
	}
	assert_true(pier_server_endpoint(
			    server, 1, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(udp, "abc", 3, 0, &addr.u.sa, addr.len), 3);
	assert_int_equal(pier_server_step(server, SOON), 1);
	assert_int_equal(recv(udp, back, sizeof(back), 0), 3);
	assert_memory_equal(back, "ABC", 3);
	(void)close(udp);
	assert_int_equal(stats_of(server).datagrams, 1);
	assert_int_equal(stats_of(server).finished, 12);
	pier_server_close(server);
}

/* A datagram handler that waits is waited for, and takes no second one. */
static int
slow_datagram(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	int rc = pier_sleep(pier_in_ms(2));

	++*(int *)ctx;
	return rc < 0 ? rc
		      : pier_reply(packet, msg, msg->data, msg->size,
				PIER_DEFAULT);
}

static void
test_a_slow_datagram(void **state)
{
	int calls = 0;
	const struct pier_server_opts opts = { .endpoint = "udp://127.0.0.1:0",
		.datagram_handler = slow_datagram,
		.ctx = &calls };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server *server;
	struct pier_addr addr;
	char back[8];
	int fd, k;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_true(pier_server_endpoint(
			    server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (k = 0; k < 2; k++)
		assert_int_equal(
			sendto(fd, "d", 1, 0, &addr.u.sa, addr.len), 1);
	for (k = 1; k <= 2; k++) {
		assert_int_equal(pier_server_step(server, SOON), 1);
		assert_int_equal(calls, k);
		assert_int_equal(recv(fd, back, sizeof(back), 0), 1);
	}
	(void)close(fd);
	pier_server_close(server);
}

/* Who is kept out is not served, and does not end the wait. */
static void
test_who_is_kept_out(void **state)
{
	static const char *const deny[] = { "127.0.0.0/8", NULL };
	const struct pier_server_opts opts = { .endpoint = "udp://127.0.0.1:0",
		.datagram_handler = pier_datagram_echo,
		.deny = deny };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server *server;
	struct pier_addr addr;
	int fd;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_true(pier_server_endpoint(
			    server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(fd, "d", 1, 0, &addr.u.sa, addr.len), 1);
	assert_int_equal(
		pier_server_step(server, pier_in_ms(5)), -PIER_EDEADLINE);
	assert_int_equal(stats_of(server).refused_policy, 1);
	assert_int_equal(stats_of(server).datagrams, 0);
	(void)close(fd);
	pier_server_close(server);
}

/* Within a fiber others run meanwhile. */
struct both {
	struct pier_server *server;
	int fd;
};

static int
client_fiber(void *arg)
{
	struct both *both = arg;

	both->fd = connect_to(both->server, 0);
	send_line(both->fd);
	return 0;
}

static int
step_fiber(void *arg)
{
	struct both *both = arg;

	assert_int_equal(pier_go(NULL, client_fiber, both), 0);
	assert_int_equal(pier_server_step(both->server, SOON), 1);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = one_line };
	struct both both;

	(void)state;
	assert_int_equal(pier_server_open(&both.server, &opts), 0);
	assert_int_equal(pier_run(step_fiber, &both, NULL, NULL), 0);
	expect_line(both.fd);
	/* Steps outside of that run go on, and so does a run. */
	both.fd = connect_to(both.server, 0);
	send_line(both.fd);
	assert_int_equal(pier_server_step(both.server, SOON), 1);
	expect_line(both.fd);
	pier_server_stop(both.server);
	assert_int_equal(pier_server_run(both.server), 0);
	assert_int_equal(pier_server_step(both.server, PIER_NOW), -EBUSY);
	pier_server_close(both.server);
}

static void *
stop_it(void *arg)
{
	pier_server_stop(arg);
	return NULL;
}

/* Told to stop, a step that waits is back; one that serves drains. */
static void
test_stop(void **state)
{
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = one_line };
	struct pier_server *server;
	pthread_t other;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_int_equal(pthread_create(&other, NULL, stop_it, server), 0);
	assert_int_equal(pier_server_step(server, SOON), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(pier_server_step(server, SOON), 0);
	pier_server_close(server);
}

static int
stop_and_wait(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n;

	pier_server_stop(pier_conn(stream)->server);
	n = pier_read(stream, &byte, 1, PIER_DEFAULT);
	*(int *)ctx = (int)n;
	return (int)n;
}

static void
test_stop_cancels_after_the_drain(void **state)
{
	int rc = 0;
	const struct pier_server_opts opts = { .endpoint = TCP,
		.handler = stop_and_wait,
		.ctx = &rc,
		.drain_ms = 1 };
	struct pier_server *server;
	int fd;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	fd = connect_to(server, 0);
	assert_int_equal(pier_server_step(server, SOON), 1);
	assert_int_equal(rc, -ECANCELED);
	assert_int_equal(stats_of(server).cancelled, 1);
	(void)close(fd);
	pier_server_close(server);
}

static int
step_again(struct pier_stream *stream, void *ctx)
{
	struct pier_server *server = pier_conn(stream)->server;

	*(int *)ctx = pier_server_step(server, PIER_NOW);
	return 0;
}

static void
test_no_step_within_a_step(void **state)
{
	int rc = 0;
	const struct pier_server_opts opts = {
		.endpoint = TCP, .handler = step_again, .ctx = &rc
	};
	struct pier_server *server;
	int fd;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	fd = connect_to(server, 0);
	(void)shutdown(fd, SHUT_WR);
	assert_int_equal(pier_server_step(server, SOON), 1);
	assert_int_equal(rc, -EBUSY);
	(void)close(fd);
	pier_server_close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_by_one),
		cmocka_unit_test(test_polled),
#if !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(test_one_by_one_in_processes),
		cmocka_unit_test(test_a_copy_goes_on),
		cmocka_unit_test(test_a_process_that_dies),
		cmocka_unit_test(test_a_process_that_stops),
#endif
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_every_socket),
		cmocka_unit_test(test_a_slow_datagram),
		cmocka_unit_test(test_who_is_kept_out),
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_cancels_after_the_drain),
		cmocka_unit_test(test_no_step_within_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
