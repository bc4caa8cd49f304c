/* SPDX-License-Identifier: MIT */
/* serve_packets.c - connected packet sockets (seqpacket) served under every
   model, to plain sockets. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"
#include "serving.h"

#define FIELD(name) offsetof(struct pier_server_stats, name)

static const char *
endpoint(void)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "seqpacket://@pier-packets-%d",
		(int)getpid());
	return text;
}

static int
plain_packets(void)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	struct pier_addr addr;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint(), "://") + 3), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, &addr.u.sa, addr.len), 0);
	return fd;
}

static void
converse(int fd, const char *text, const char *answer)
{
	char back[64];

	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	assert_int_equal(recv(fd, back, sizeof(back), 0), strlen(answer));
	assert_memory_equal(back, answer, strlen(answer));
}

static void
test_echo_under_every_model(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoint = endpoint(),
			.packet_handler = pier_packet_echo,
			.model = models[i] };
		int before = open_fds();
		struct pier_server_stats stats;
		struct serving it;
		char end;
		int fd;

		serving_start(&it, &opts);
		fd = plain_packets();
		converse(fd, "one", "one");
		converse(fd, "two", "two");
		/* An empty one comes back, and is no end. */
		converse(fd, "", "");
		converse(fd, "three", "three");
		(void)shutdown(fd, SHUT_WR);
		assert_int_equal(recv(fd, &end, 1, 0), 0);
		(void)close(fd);
		stats = serving_await(&it, FIELD(finished), 1);
		stats = serving_await(&it, FIELD(bytes_out), 11);
		assert_int_equal(stats.bytes_in, 11);
		assert_int_equal(stats.failed, 0);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(open_fds(), before);
	}
}

/* A handler of its own: it sees its connection, and may end by itself. */
static int
one_question(struct pier_packet *packet, void *ctx)
{
	struct pier_conn *conn = pier_packet_conn(packet);
	char text[64];
	struct pier_msg msg;
	int rc = pier_recv(packet, &msg, text, sizeof(text), PIER_DEFAULT);

	(void)ctx;
	if (rc < 0)
		return rc;
	if (conn == NULL || conn->id == 0 || conn->first_byte_ns == 0)
		return -EBADMSG;
	return pier_send(packet, NULL, "answer", 6, PIER_DEFAULT);
}

static void
test_a_handler_of_its_own(void **state)
{
	struct pier_server_opts opts = { .endpoint = endpoint(),
		.packet_handler = one_question };
	struct serving it;
	char end;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_packets();
	converse(fd, "question", "answer");
	assert_int_equal(recv(fd, &end, 1, 0), 0);
	(void)close(fd);
	(void)serving_await(&it, FIELD(finished), 1);
	assert_int_equal(serving_stop(&it), 0);
}

static char told[64];

static void
tell_detail(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)rc;
	(void)ctx;
	(void)snprintf(told, sizeof(told), "%s", pier_last_error()->detail);
}

static void
test_limits_hold(void **state)
{
	struct pier_server_opts opts = { .endpoint = endpoint(),
		.packet_handler = pier_packet_discard,
		.on_error = tell_detail,
		.first_byte_ms = 20 };
	struct pier_server_stats stats;
	struct serving it;
	char end;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_packets();
	assert_int_equal(recv(fd, &end, 1, 0), 0);
	(void)close(fd);
	stats = serving_await(&it, FIELD(failed), 1);
	assert_int_equal(stats.limit_first_byte, 1);
	/* A client that stays does not keep the server from its end. */
	opts.first_byte_ms = 0;
	assert_int_equal(serving_stop(&it), 0);
	assert_string_equal(told, "first-byte timeout");
	opts.drain_ms = PIER_OFF;
	serving_start(&it, &opts);
	fd = plain_packets();
	(void)serving_await(&it, FIELD(active), 1);
	assert_int_equal(serving_stop(&it), 1);
	assert_int_equal(recv(fd, &end, 1, 0), 0);
	(void)close(fd);
}

/* An idle connection costs nothing: it does not spin. */
static void
test_idle_is_idle(void **state)
{
	struct pier_server_opts opts = { .endpoint = endpoint(),
		.packet_handler = pier_packet_upper };
	struct serving it;
	int64_t before;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_packets();
	converse(fd, "abc", "ABC");
	before = cpu_ms();
	(void)poll(NULL, 0, 200);
	assert_true(cpu_ms() - before < 100);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_no_handler(void **state)
{
	struct pier_server_opts opts = { .endpoint = endpoint(),
		.handler = pier_handler_echo };
	struct pier_server *server;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_string_equal(
		pier_last_error()->detail, "no handler for packets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo_under_every_model),
		cmocka_unit_test(test_a_handler_of_its_own),
		cmocka_unit_test(test_limits_hold),
		cmocka_unit_test(test_idle_is_idle),
		cmocka_unit_test(test_no_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
