/* SPDX-License-Identifier: MIT */
/* serve_proxy.c - connections by way of a proxy that says for whom. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define FIELD(name) offsetof(struct pier_server_stats, name)

#define V1 "PROXY TCP4 192.0.2.1 198.51.100.2 51234 443\r\n"
#define V2                                                           \
	"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2" \
	"\xc8\x22\x01\xbb"

/* Who it is said to be, and what came. */
static int
says_who(struct pier_stream *stream, void *ctx)
{
	char peer[PIER_ADDR_TEXT_MAX], local[PIER_ADDR_TEXT_MAX], buf[64];
	struct pier_addr addr, real;
	ssize_t n;

	(void)ctx;
	assert_int_equal(pier_conn_peer(pier_conn(stream), &addr), 0);
	assert_true(pier_addr_format(&addr, peer, sizeof(peer)) > 0);
	assert_int_equal(pier_peer(stream, &real), 0);
	assert_int_equal(pier_addr_family(&real), AF_INET);
	assert_int_equal(pier_conn_local(pier_conn(stream), &addr), 0);
	assert_true(pier_addr_format(&addr, local, sizeof(local)) > 0);
	n = pier_read_full(stream, buf, 4, PIER_DEFAULT);
	if (n < 0)
		return (int)n;
	return pier_printf(stream, "%s %s %.4s", peer, local, buf);
}

static void
expect_answer(int fd, const char *expected)
{
	char buf[256];
	ssize_t n;

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	n = plain_read_all(fd, buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, expected);
	(void)close(fd);
}

static void
ask(const struct serving *it, const void *header, size_t size,
	const char *expected)
{
	int fd = plain_connect(it, 0);

	plain_write(fd, header, size);
	plain_write(fd, "data", 4);
	expect_answer(fd, expected);
}

/* Nothing comes back, and the end is one. */
static void
expect_refused(const struct serving *it, const void *header, size_t size)
{
	int fd = plain_connect(it, 0);
	char c;

	(void)send(fd, header, size, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	assert_true(recv(fd, &c, 1, 0) <= 0);
	(void)close(fd);
}

static void
start(struct serving *it, struct pier_server_opts opts)
{
	opts.endpoint = "tcp://127.0.0.1:0";
	opts.handler = says_who;
	serving_start(it, &opts);
}

#define TOLD "192.0.2.1:51234 198.51.100.2:443 data"

static void
test_both_versions(void **state)
{
	struct pier_server_stats stats;
	struct serving it;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		start(&it, (struct pier_server_opts){ .model = models[i],
				   .proxy = PIER_PROXY_REQUIRED });
		ask(&it, V1, sizeof(V1) - 1, TOLD);
		ask(&it, V2, sizeof(V2) - 1, TOLD);
		expect_refused(&it, "GET / HTTP/1.0\r\n\r\n", 18);
		expect_refused(&it, V1, 20);
		expect_refused(&it, V2, 20);
		expect_refused(&it, "", 0);
		stats = serving_await(&it, FIELD(refused_setup), 4);
		assert_int_equal(stats.finished, 2);
		assert_int_equal(serving_stop(&it), 0);
	}
	/* One byte at a time, the payload in the last piece. */
	start(&it, (struct pier_server_opts){ .proxy = PIER_PROXY_REQUIRED });
	fd = plain_connect(&it, 0);
	for (i = 0; i < sizeof(V2) - 2; i++)
		plain_write(fd, &V2[i], 1);
	plain_write(fd,
		"\xbb"
		"data",
		5);
	expect_answer(fd, TOLD);
	assert_int_equal(serving_stop(&it), 0);
}

/* The lists and the most of one address are of whom the header names. */
static void
test_limits_of_the_named(void **state)
{
	static const char *const deny[] = { "192.0.2.0/24", NULL };
	struct pier_server_stats stats;
	struct serving it;
	int fd;

	(void)state;
	start(&it, (struct pier_server_opts){
			   .proxy = PIER_PROXY_REQUIRED, .deny = deny });
	expect_refused(&it, V1, sizeof(V1) - 1);
	stats = serving_await(&it, FIELD(refused_policy), 1);
	assert_int_equal(stats.refused_setup, 0);
	assert_int_equal(serving_stop(&it), 0);
	start(&it, (struct pier_server_opts){ .proxy = PIER_PROXY_REQUIRED,
			   .per_address_max = 1 });
	fd = plain_connect(&it, 0);
	plain_write(fd, V1, sizeof(V1) - 1);
	(void)serving_await(&it, FIELD(active), 1);
	/* Until the first one's header was read, either may be the one. */
	do {
		expect_refused(&it, V2, sizeof(V2) - 1);
		pier_server_stats(it.server, &stats);
	} while (stats.refused_address == 0);
	plain_write(fd, "data", 4);
	expect_answer(fd, TOLD);
	assert_int_equal(serving_stop(&it), 0);
}

/* Who is no proxy comes as he is, or not at all. */
static void
test_by_the_list(void **state)
{
	static const char *const others[] = { "127.0.0.2", NULL };
	static const char *const us[] = { "127.0.0.0/8", NULL };
	char buf[64], endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server_stats stats;
	struct serving it;
	int fd;

	(void)state;
	start(&it, (struct pier_server_opts){
			   .proxy = PIER_PROXY_FROM, .proxy_from = others });
	fd = plain_connect(&it, 0);
	plain_write(fd, V1, sizeof(V1) - 1);
	assert_true(recv(fd, buf, 10, MSG_WAITALL) == 10);
	assert_memory_equal(buf, "127.0.0.1:", 10);
	(void)close(fd);
	(void)serving_stop(&it);
	start(&it, (struct pier_server_opts){
			   .proxy = PIER_PROXY_FROM, .proxy_from = us });
	ask(&it, V1, sizeof(V1) - 1, TOLD);
	assert_int_equal(serving_stop(&it), 0);
	start(&it, (struct pier_server_opts){ .proxy = PIER_PROXY_REQUIRED,
			   .proxy_from = others });
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	plain_expect_reset(endpoint);
	stats = serving_await(&it, FIELD(refused_policy), 1);
	assert_int_equal(stats.refused_policy, 1);
	assert_int_equal(serving_stop(&it), 0);
}

/* A header that does not come meets the first byte's limit, also when its first
   bytes do. */
static void
test_late(void **state)
{
	struct pier_server_stats stats;
	struct serving it;
	char c;
	int fd;

	(void)state;
	start(&it, (struct pier_server_opts){
			   .proxy = PIER_PROXY_REQUIRED, .first_byte_ms = 50 });
	fd = plain_connect(&it, 0);
	plain_write(fd, V1, 10);
	assert_true(recv(fd, &c, 1, 0) <= 0);
	(void)close(fd);
	stats = serving_await(&it, FIELD(limit_first_byte), 1);
	assert_int_equal(stats.finished, 0);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_wrong_options(void **state)
{
	static const char *const us[] = { "127.0.0.0/8", NULL };
	struct pier_server_opts opts = { .endpoint = "tcp://127.0.0.1:0",
		.handler = says_who,
		.proxy = PIER_PROXY_FROM };
	struct pier_server *server;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	opts.proxy = PIER_PROXY_OFF;
	opts.proxy_from = us;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "proxy_from"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_versions),
		cmocka_unit_test(test_limits_of_the_named),
		cmocka_unit_test(test_by_the_list),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_wrong_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
