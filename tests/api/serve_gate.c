/* SPDX-License-Identifier: MIT */
/* serve_gate.c - whom a server lets in, by networks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* From this address of the loopback network to the i-th endpoint. */
static int
connect_from(const struct serving *it, size_t i, const char *from)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	struct pier_addr own, addr;
	int fd;

	assert_true(pier_server_endpoint(
			    it->server, i, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	assert_int_equal(pier_addr_parse(&own, from), 0);
	fd = socket(AF_INET,
		strncmp(endpoint, "udp", 3) == 0 ? SOCK_DGRAM : SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &own.u.sa, own.len), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	/* Reset as soon as it is there, it may fail already. */
	if (connect(fd, &addr.u.sa, addr.len) < 0)
		assert_int_equal(errno, ECONNRESET);
	return fd;
}

static void
expect_reset(const struct serving *it, const char *from)
{
	int fd = connect_from(it, 0, from);
	char c;

	assert_true(recv(fd, &c, 1, 0) <= 0);
	(void)close(fd);
}

static void
expect_echo(const struct serving *it, const char *from)
{
	int fd = connect_from(it, 0, from);

	plain_echo(fd, "let in");
	(void)close(fd);
}

/* How often each was told, by any thread of the server. */
struct refusals {
	atomic_int networks;
	atomic_int addresses;
	atomic_int datagrams;
};

static void
count_refusal(const struct pier_refusal *refusal, void *ctx)
{
	struct refusals *told = ctx;
	char text[PIER_ADDR_TEXT_MAX];

	assert_true(pier_addr_format(refusal->peer, text, sizeof(text)) > 0);
	assert_int_equal(strncmp(text, "127.0.2.", 8), 0);
	if (strncmp(refusal->endpoint, "udp", 3) == 0)
		told->datagrams++;
	else if (refusal->rc == -EACCES)
		told->networks++;
	else if (refusal->rc == -PIER_ELIMIT)
		told->addresses++;
}

/* Who is kept out is told by his address, under every model. */
static void
test_refusals_are_told(void **state)
{
	static const char *const endpoints[] = { "tcp://127.0.0.1:0",
		"udp://127.0.0.1:0", NULL };
	static const char *const deny[] = { "127.0.2.1", NULL };
	struct serving it;
	size_t i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		/* It accepts no second one, to turn him away. */
		bool one = models[i] == PIER_ITERATIVE;
		struct refusals told = { 0 };
		int first, datagram;

		serving_start(
			&it, &(struct pier_server_opts){ .endpoints = endpoints,
				     .handler = pier_handler_echo,
				     .datagram_handler = pier_datagram_echo,
				     .model = models[i],
				     .deny = deny,
				     .per_address_max = 1,
				     .on_refuse = count_refusal,
				     .ctx = &told });
		first = connect_from(&it, 0, "127.0.2.2:0");
		plain_echo(first, "let in");
		if (one)
			(void)close(first);
		else
			expect_reset(&it, "127.0.2.2:0");
		expect_reset(&it, "127.0.2.1:0");
		datagram = connect_from(&it, 1, "127.0.2.1:0");
		assert_int_equal(send(datagram, "out", 3, 0), 3);
		(void)serving_await(&it, FIELD(refused_policy), 2);
		(void)close(datagram);
		if (!one)
			(void)close(first);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(told.networks, 1);
		assert_int_equal(told.datagrams, 1);
		assert_int_equal(told.addresses, !one);
	}
}

static void
test_networks(void **state)
{
	static const char *const allow[] = { "127.0.0.0/8", NULL };
	static const char *const deny[] = { "127.0.2.0/24", NULL };
	struct pier_server_stats stats;
	struct serving it;
	size_t i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		serving_start(&it, &(struct pier_server_opts){
					   .endpoint = "tcp://127.0.0.1:0",
					   .handler = pier_handler_echo,
					   .model = models[i],
					   .allow = allow,
					   .deny = deny });
		expect_reset(&it, "127.0.2.1:0");
		expect_echo(&it, "127.0.3.1:0");
		expect_reset(&it, "127.0.2.255:0");
		expect_echo(&it, "127.0.0.1:0");
		stats = serving_await(&it, FIELD(refused_policy), 2);
		assert_int_equal(stats.accepted, 4);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* A socket of both families sees IPv4 v4-mapped; the lists do not. */
static void
test_both_families(void **state)
{
	static const char *const allow[] = { "::1", "127.0.0.1", NULL };
	char endpoint[PIER_ENDPOINT_TEXT_MAX], own[64];
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &(struct pier_server_opts){ .endpoint = "tcp://:0",
				   .handler = pier_handler_echo,
				   .allow = allow });
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	(void)snprintf(
		own, sizeof(own), "tcp://127.0.0.1%s", strrchr(endpoint, ':'));
	fd = plain_dial(own);
	assert_true(fd >= 0);
	plain_echo(fd, "mapped");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

/* Datagrams are dropped, those of others answered; who has no IP address is
   let in. */
static void
test_datagrams_and_unix(void **state)
{
	char unix_endpoint[64];
	const char *const endpoints[] = { "udp://127.0.0.1:0", unix_endpoint,
		NULL };
	static const char *const allow[] = { "127.0.0.1", NULL };
	struct serving it;
	char buf[8];
	int in, out, local;

	(void)state;
	(void)snprintf(unix_endpoint, sizeof(unix_endpoint),
		"unix://@pier-gate-%d", (int)getpid());
	serving_start(&it, &(struct pier_server_opts){ .endpoints = endpoints,
				   .handler = pier_handler_echo,
				   .datagram_handler = pier_datagram_echo,
				   .allow = allow });
	out = connect_from(&it, 0, "127.0.0.2:0");
	in = connect_from(&it, 0, "127.0.0.1:0");
	assert_int_equal(send(out, "out", 3, 0), 3);
	(void)serving_await(&it, FIELD(refused_policy), 1);
	assert_int_equal(send(in, "in", 2, 0), 2);
	assert_int_equal(recv(in, buf, sizeof(buf), 0), 2);
	assert_int_equal(recv(out, buf, sizeof(buf), MSG_DONTWAIT), -1);
	local = plain_connect(&it, 1);
	plain_echo(local, "unix");
	(void)close(local);
	(void)close(in);
	(void)close(out);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_wrong_texts(void **state)
{
	static const char *const bad[] = { "127.0.0.1", "10.0.0.1/8", NULL };
	struct pier_server_opts opts = { .endpoint = "tcp://127.0.0.1:0",
		.handler = pier_handler_echo };
	struct pier_server *server = NULL;

	(void)state;
	opts.deny = bad;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
	assert_string_equal(pier_last_error()->endpoint, "10.0.0.1/8");
	assert_non_null(strstr(pier_error_line(), "10.0.0.0/8"));
	opts.deny = NULL;
	opts.accept_rate = -1;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "accept_rate"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_refusals_are_told),
		cmocka_unit_test(test_both_families),
		cmocka_unit_test(test_datagrams_and_unix),
		cmocka_unit_test(test_wrong_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
