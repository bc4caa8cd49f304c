/* SPDX-License-Identifier: MIT */
/* serve_datagrams.c - datagram endpoints: every message is handled by itself,
   and one that takes long holds up nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define UDP "udp4://127.0.0.1:0"

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* A plain UDP socket connected to the i-th endpoint. */
static int
udp_connect(const struct serving *it, size_t i)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;
	int fd;

	assert_true(pier_server_endpoint(
			    it->server, i, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	fd = socket(pier_addr_family(&addr), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, &addr.u.sa, addr.len), 0);
	return fd;
}

static void
udp_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void
udp_expect(int fd, const char *text)
{
	char back[2000];

	assert_int_equal(recv(fd, back, sizeof(back), 0), strlen(text));
	assert_memory_equal(back, text, strlen(text));
}

static void
test_echo_under_every_model(void **state)
{
	int i, n;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoint = UDP,
			.datagram_handler = pier_datagram_echo,
			.model = models[i] };
		int before = open_fds();
		struct pier_server_stats stats;
		struct serving it;
		int fd;

		serving_start(&it, &opts);
		fd = udp_connect(&it, 0);
		for (n = 0; n < 100; n++) {
			udp_send(fd, "message");
			udp_expect(fd, "message");
		}
		/* An empty message is one. */
		udp_send(fd, "");
		udp_expect(fd, "");
		(void)close(fd);
		stats = serving_await(&it, FIELD(bytes_out), 700);
		assert_int_equal(stats.datagrams, 101);
		assert_int_equal(stats.bytes_in, 700);
		assert_int_equal(stats.bytes_out, 700);
		assert_int_equal(stats.datagrams_dropped, 0);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(open_fds(), before);
	}
}

static void
test_upper_and_discard(void **state)
{
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = pier_datagram_upper };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "abc, é");
	udp_expect(fd, "ABC, é");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	opts.datagram_handler = pier_datagram_discard;
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "abc");
	(void)serving_await(&it, FIELD(datagrams), 1);
	assert_int_equal(recv(fd, &opts, 1, MSG_DONTWAIT), -1);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

/* What is longer than asked for is cut, and counted as it came. */
static void
test_the_size_is_bounded(void **state)
{
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = pier_datagram_echo,
		.datagram_size = 4 };
	struct pier_server_stats stats;
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "0123456789");
	udp_expect(fd, "0123");
	udp_send(fd, "abcd");
	udp_expect(fd, "abcd");
	(void)close(fd);
	stats = serving_await(&it, FIELD(bytes_out), 8);
	assert_int_equal(stats.bytes_in, 14);
	assert_int_equal(serving_stop(&it), 0);
}

/* "slow…" is answered when the test says so. */
struct slow {
	struct pier_channel *go;
	int errors;
	int rc;
};

static int
answer(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	const struct slow *slow = ctx;
	char token;
	int rc = 0;

	if (msg->size >= 4 && memcmp(msg->data, "slow", 4) == 0)
		rc = pier_channel_recv(slow->go, &token, PIER_FOREVER);
	if (msg->size >= 4 && memcmp(msg->data, "fail", 4) == 0)
		return -EIO;
	return rc < 0 ? rc
		      : pier_reply(packet, msg, msg->data, msg->size,
				PIER_DEFAULT);
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	struct slow *slow = ctx;

	assert_null(conn);
	slow->errors++;
	slow->rc = rc;
}

static void
let_go(const struct slow *slow, int count)
{
	while (count-- > 0)
		assert_int_equal(
			pier_channel_send(slow->go, "", PIER_FOREVER), 0);
}

static void
test_a_slow_answer_holds_up_nobody(void **state)
{
	int i, round;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct slow slow = { .errors = 0 };
		struct pier_server_opts opts = { .endpoint = UDP,
			.datagram_handler = answer,
			.model = models[i],
			.ctx = &slow };
		struct serving it;
		int fd[4];
		size_t n;

		assert_int_equal(pier_channel_open(&slow.go, 1, 8), 0);
		serving_start(&it, &opts);
		for (n = 0; n < 4; n++)
			fd[n] = udp_connect(&it, 0);
		/* More than once: receivers are used again. */
		for (round = 0; round < 3; round++) {
			for (n = 0; n < 3; n++)
				udp_send(fd[n], "slow");
			udp_send(fd[3], "quick");
			udp_expect(fd[3], "quick");
			let_go(&slow, 3);
			for (n = 0; n < 3; n++)
				udp_expect(fd[n], "slow");
		}
		for (n = 0; n < 4; n++)
			(void)close(fd[n]);
		assert_int_equal(serving_stop(&it), 0);
		pier_channel_close(slow.go);
	}
}

static void
test_too_many_wait(void **state)
{
	struct slow slow = { .errors = 0 };
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = answer,
		.ctx = &slow,
		.datagrams_max = 2 };
	struct pier_server_stats stats;
	struct serving it;
	int fd;

	(void)state;
	assert_int_equal(pier_channel_open(&slow.go, 1, 8), 0);
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "slow");
	udp_send(fd, "slow");
	udp_send(fd, "lost");
	stats = serving_await(&it, FIELD(datagrams_dropped), 1);
	assert_int_equal(stats.datagrams, 3);
	let_go(&slow, 2);
	udp_expect(fd, "slow");
	udp_expect(fd, "slow");
	udp_send(fd, "again");
	udp_expect(fd, "again");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	pier_channel_close(slow.go);
}

static void
test_stop_lets_handlers_end(void **state)
{
	struct slow slow = { .errors = 0 };
	struct pier_server_opts opts = {
		.endpoint = UDP, .datagram_handler = answer, .ctx = &slow
	};
	struct serving it;
	int fd;

	(void)state;
	assert_int_equal(pier_channel_open(&slow.go, 1, 8), 0);
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "slow");
	(void)serving_await(&it, FIELD(datagrams), 1);
	pier_server_stop(it.server);
	let_go(&slow, 1);
	udp_expect(fd, "slow");
	assert_int_equal(serving_join(&it), 0);

	opts.drain_ms = PIER_OFF;
	serving_start(&it, &opts);
	(void)close(fd);
	fd = udp_connect(&it, 0);
	udp_send(fd, "slow");
	(void)serving_await(&it, FIELD(datagrams), 1);
	assert_int_equal(serving_stop(&it), 1);
	(void)close(fd);
	pier_channel_close(slow.go);
}

static void
test_a_handler_fails(void **state)
{
	struct slow slow = { .errors = 0 };
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = answer,
		.ctx = &slow,
		.on_error = on_error };
	struct pier_server_stats stats;
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = udp_connect(&it, 0);
	udp_send(fd, "fail");
	udp_send(fd, "next");
	udp_expect(fd, "next");
	(void)close(fd);
	stats = serving_await(&it, FIELD(datagrams_failed), 1);
	assert_int_equal(stats.datagrams_failed, 1);
	assert_int_equal(stats.failed, 0);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(slow.errors, 1);
	assert_int_equal(slow.rc, -EIO);
}

static int
stop_and_reply(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	pier_server_stop(*(struct pier_server **)ctx);
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
test_stop_from_a_handler(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct serving it;
		struct pier_server_opts opts = { .endpoint = UDP,
			.datagram_handler = stop_and_reply,
			.model = models[i],
			.ctx = &it.server };
		int fd;

		serving_start(&it, &opts);
		fd = udp_connect(&it, 0);
		udp_send(fd, "bye");
		udp_expect(fd, "bye");
		(void)close(fd);
		assert_int_equal(serving_join(&it), 0);
	}
}

/* With a thread for each endpoint a handler that blocks outside of pier holds
   up its own endpoint and no other. */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static int
block_or_answer(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (msg->size == 5) {
		(void)pthread_mutex_lock(&held);
		(void)pthread_mutex_unlock(&held);
	}
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
test_one_that_blocks_its_thread(void **state)
{
	static const char *const endpoints[] = { UDP, "tcp4://127.0.0.1:0", UDP,
		NULL };
	struct pier_server_opts opts = { .endpoints = endpoints,
		.handler = pier_handler_echo,
		.datagram_handler = block_or_answer,
		.model = PIER_THREAD };
	struct serving it;
	int fd[3];

	(void)state;
	(void)pthread_mutex_lock(&held);
	serving_start(&it, &opts);
	fd[0] = udp_connect(&it, 0);
	fd[1] = plain_connect(&it, 1);
	fd[2] = udp_connect(&it, 2);
	udp_send(fd[0], "block");
	(void)serving_await(&it, FIELD(datagrams), 1);
	plain_echo(fd[1], "stream");
	udp_send(fd[2], "one");
	udp_expect(fd[2], "one");
	(void)pthread_mutex_unlock(&held);
	udp_expect(fd[0], "block");
	(void)close(fd[0]);
	(void)close(fd[1]);
	(void)close(fd[2]);
	assert_int_equal(serving_stop(&it), 0);
}

/* A client that is gone before the answer: the next one is served. */
static void
test_a_client_that_has_gone(void **state)
{
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = pier_datagram_echo };
	struct serving it;
	int i, fd;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < 20; i++) {
		fd = udp_connect(&it, 0);
		udp_send(fd, "bye");
		(void)close(fd);
	}
	fd = udp_connect(&it, 0);
	udp_send(fd, "here");
	udp_expect(fd, "here");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

/* TCP, Unix, UDP and Unix datagrams by one server. */
static void
test_all_kinds_at_once(void **state)
{
	char local[64], grams[64];
	const char *const endpoints[] = { "tcp4://127.0.0.1:0", UDP, local,
		grams, NULL };
	int m;

	(void)state;
	(void)snprintf(
		local, sizeof(local), "unix://@pier-all-%d", (int)getpid());
	(void)snprintf(grams, sizeof(grams), "unixgram://@pier-all-grams-%d",
		(int)getpid());
	for (m = 0; m < MODEL_COUNT + 1; m++) {
		struct pier_server_opts opts = { .endpoints = endpoints,
			.handler = pier_handler_echo,
			.datagram_handler = pier_datagram_echo,
			.model = m < MODEL_COUNT ? models[m] : PIER_FIBER,
			.workers = m < MODEL_COUNT ? 0 : 2 };
		struct pier_packet *gram;
		struct serving it;
		struct pier_msg msg;
		char back[16];
		int fd;

		serving_start(&it, &opts);
		assert_int_equal(pier_server_endpoint_count(it.server), 4);
		fd = plain_connect(&it, 0);
		plain_echo(fd, "tcp");
		(void)close(fd);
		fd = udp_connect(&it, 1);
		udp_send(fd, "udp");
		udp_expect(fd, "udp");
		(void)close(fd);
		fd = plain_connect(&it, 2);
		plain_echo(fd, "unix");
		(void)close(fd);
		assert_int_equal(pier_packet_open(&gram, endpoints[3], NULL,
					 PIER_FOREVER),
			0);
		assert_int_equal(
			pier_send(gram, NULL, "gram", 4, PIER_FOREVER), 0);
		assert_int_equal(pier_recv(gram, &msg, back, sizeof(back),
					 pier_in_s(TIMEOUT_S)),
			0);
		assert_int_equal(msg.size, 4);
		pier_packet_close(gram);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* Every address of this machine: a socket per family, one port. */
static void
test_both_families(void **state)
{
	struct pier_server_opts opts = { .endpoint = "udp://:0",
		.datagram_handler = pier_datagram_echo };
	char first[PIER_ENDPOINT_TEXT_MAX], second[PIER_ENDPOINT_TEXT_MAX];
	struct serving it;

	(void)state;
	serving_start(&it, &opts);
	if (pier_server_endpoint_count(it.server) == 2) {
		assert_true(pier_server_endpoint(
				    it.server, 0, first, sizeof(first)) > 0);
		assert_true(pier_server_endpoint(
				    it.server, 1, second, sizeof(second)) > 0);
		assert_string_equal(strrchr(first, ':'), strrchr(second, ':'));
	} else {
		assert_int_equal(pier_server_endpoint_count(it.server), 1);
	}
	assert_int_equal(serving_stop(&it), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_under_every_model),
		cmocka_unit_test(test_upper_and_discard),
		cmocka_unit_test(test_the_size_is_bounded),
		cmocka_unit_test(test_a_slow_answer_holds_up_nobody),
		cmocka_unit_test(test_too_many_wait),
		cmocka_unit_test(test_stop_lets_handlers_end),
		cmocka_unit_test(test_a_handler_fails),
		cmocka_unit_test(test_stop_from_a_handler),
		cmocka_unit_test(test_one_that_blocks_its_thread),
		cmocka_unit_test(test_a_client_that_has_gone),
		cmocka_unit_test(test_all_kinds_at_once),
		cmocka_unit_test(test_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
