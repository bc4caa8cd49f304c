/* SPDX-License-Identifier: MIT */
/*
 * serve_sessions.c - conversations over UDP, a handler for each peer, to plain
 * sockets. When silence ends one is in tests/sim/server.c.
 */
#include <errno.h>
#include <semaphore.h>
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

/* A plain UDP socket connected to the server's port at host. */
static int
dial(const struct serving *it, const char *host)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	char endpoint[PIER_ENDPOINT_TEXT_MAX], text[64];
	struct pier_addr addr, there;
	int fd;

	assert_true(pier_server_endpoint(
			    it->server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	(void)snprintf(
		text, sizeof(text), "%s:%d", host, pier_addr_port(&addr));
	assert_int_equal(pier_addr_parse(&there, text), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, &there.u.sa, there.len), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

static void
expect(int fd, const char *text)
{
	char back[100] = "";

	assert_int_equal(recv(fd, back, sizeof(back) - 1, 0), strlen(text));
	assert_string_equal(back, text);
}

static void
ask(int fd, const char *text, const char *answer)
{
	say(fd, text);
	expect(fd, answer);
}

/* Answers each message with how manieth of the conversation it is; "bye" is the
   last. */
static int
count_aloud(struct pier_packet *packet, void *ctx)
{
	char text[40], answer[60];
	struct pier_msg msg;
	int rc = 0;
	int i;

	(void)ctx;
	for (i = 1; rc == 0; i++) {
		rc = pier_recv(packet, &msg, text, sizeof(text), PIER_DEFAULT);
		if (rc < 0)
			break;
		(void)snprintf(answer, sizeof(answer), "%d %.*s", i,
			(int)msg.size, text);
		rc = pier_send(
			packet, NULL, answer, strlen(answer), PIER_DEFAULT);
		if (msg.size == 3 && memcmp(text, "bye", 3) == 0)
			break;
	}
	return rc;
}

static void
test_each_peer_has_its_own(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoint = UDP,
			.packet_handler = count_aloud,
			.sessions = true,
			.model = models[i] };
		int before = open_fds();
		struct pier_server_stats stats;
		struct serving it;
		int a, b;

		serving_start(&it, &opts);
		a = dial(&it, "127.0.0.1");
		b = dial(&it, "127.0.0.1");
		ask(a, "one", "1 one");
		ask(b, "one", "1 one");
		ask(a, "two", "2 two");
		ask(a, "", "3 ");
		ask(b, "two", "2 two");
		stats = serving_await(&it, FIELD(sessions), 2);
		assert_int_equal(stats.sessions_active, 2);
		ask(a, "bye", "4 bye");
		/* The next begins another. */
		ask(a, "again", "1 again");
		ask(b, "three", "3 three");
		(void)close(a);
		(void)close(b);
		(void)serving_await(&it, FIELD(sessions), 3);
		stats = serving_await(&it, FIELD(datagrams), 8);
		assert_int_equal(stats.datagrams, 8);
		assert_int_equal(stats.datagrams_failed, 0);
		/* Those that wait hear the end. */
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(open_fds(), before);
	}
}

/* What comes while a handler ends is not lost. */
static void
test_one_after_the_other(void **state)
{
	struct pier_server_opts opts = {
		.endpoint = UDP, .packet_handler = count_aloud, .sessions = true
	};
	struct serving it;
	int fd, i;

	(void)state;
	serving_start(&it, &opts);
	fd = dial(&it, "127.0.0.1");
	for (i = 0; i < 20; i++)
		say(fd, "bye");
	for (i = 0; i < 20; i++)
		expect(fd, "1 bye");
	(void)serving_await(&it, FIELD(sessions), 20);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

/* Bound to every address, it answers from the one that was asked: else the
   client, which is connected, would not hear it. */
static void
test_the_address_asked(void **state)
{
	struct pier_server_opts opts = { .endpoint = "udp4://:0",
		.packet_handler = count_aloud,
		.sessions = true };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = dial(&it, "127.0.0.7");
	ask(fd, "one", "1 one");
	ask(fd, "two", "2 two");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

static sem_t gate;

/* Holds on to its first message until it is let go. */
static int
hold(struct pier_packet *packet, void *ctx)
{
	char text[40];
	struct pier_msg msg;
	int rc = pier_recv(packet, &msg, text, sizeof(text), PIER_DEFAULT);

	(void)ctx;
	if (rc < 0)
		return rc;
	while (sem_wait(&gate) < 0)
		;
	while (rc == 0) {
		rc = pier_send(packet, NULL, text, msg.size, PIER_DEFAULT);
		if (rc == 0)
			rc = pier_recv(
				packet, &msg, text, sizeof(text), PIER_DEFAULT);
	}
	return rc;
}

static void
test_bounds(void **state)
{
	struct pier_server_opts opts = { .endpoint = UDP,
		.packet_handler = hold,
		.sessions = true,
		.sessions_max = 1,
		.session_queue_max = 2,
		.model = PIER_THREAD };
	struct pier_server_stats stats;
	struct serving it;
	int a, b;

	(void)state;
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	serving_start(&it, &opts);
	a = dial(&it, "127.0.0.1");
	b = dial(&it, "127.0.0.1");
	say(a, "held");
	(void)serving_await(&it, FIELD(sessions), 1);
	say(a, "first");
	say(a, "second");
	say(a, "third");
	say(b, "of another");
	stats = serving_await(&it, FIELD(sessions_refused), 1);
	assert_int_equal(stats.sessions, 1);
	assert_int_equal(stats.sessions_active, 1);
	/* Whether the first has been taken yet is up to its thread. */
	assert_in_range(stats.session_dropped, 1, 2);
	assert_int_equal(sem_post(&gate), 0);
	expect(a, "held");
	expect(a, "first");
	if (stats.session_dropped == 1)
		expect(a, "second");
	(void)close(a);
	(void)close(b);
	assert_int_equal(serving_stop(&it), 0);
	(void)sem_destroy(&gate);
}

/* What a handler can find out, and cannot do. */
static int
look_around(struct pier_packet *packet, void *ctx)
{
	struct pier_waitable one = { .packet = packet, .want = PIER_READING };
	struct pier_incoming in[4];
	char text[4][8];
	struct pier_addr peer, local;
	struct pier_msg msg;
	int i;

	for (i = 0; i < 4; i++)
		in[i] = (struct pier_incoming){ .buf = text[i], .size = 8 };
	if (pier_recv(packet, &msg, text[0], 2, PIER_DEFAULT) != -EMSGSIZE ||
		!msg.truncated || msg.full_size != 4)
		return -EBADMSG;
	if (pier_packet_peer(packet, &peer) < 0 ||
		!pier_addr_equal(&peer, &msg.peer) ||
		pier_packet_local(packet, &local) < 0 ||
		!pier_addr_equal(&local, &msg.local) ||
		pier_packet_conn(packet) != NULL)
		return -EBADMSG;
	if (pier_wait_any(&one, 1, PIER_NOW) != -EINVAL)
		return -EBADMSG;
	if (pier_recv(packet, &msg, text[0], 8, PIER_NOW) != -EAGAIN ||
		pier_recv(packet, &msg, text[0], 8, pier_in_ms(1)) !=
			-PIER_EDEADLINE)
		return -EBADMSG;
	if (pier_reply(packet, &msg, "go on", 5, PIER_DEFAULT) < 0)
		return -EBADMSG;
	/* The rest as it comes, by one call or several. */
	for (i = 0; i < 3;) {
		int n = pier_recv_many(packet, in, 4, PIER_DEFAULT);

		if (n < 0)
			return n;
		i += n;
	}
	*(bool *)ctx = true;
	return pier_send_many(packet,
		&(struct pier_outgoing){ .data = "all", .size = 3 }, 1,
		PIER_DEFAULT);
}

static void
test_what_a_handler_sees(void **state)
{
	bool saw = false;
	struct pier_server_opts opts = { .endpoint = UDP,
		.packet_handler = look_around,
		.ctx = &saw,
		.sessions = true };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = dial(&it, "127.0.0.1");
	ask(fd, "long", "go on");
	say(fd, "1");
	say(fd, "2");
	ask(fd, "3", "all");
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_true(saw);
}

static int
fail_at_once(struct pier_packet *packet, void *ctx)
{
	(void)packet;
	(void)ctx;
	return -EBADMSG;
}

static void
note_error(const struct pier_conn *conn, int rc, void *ctx)
{
	assert_null(conn);
	*(int *)ctx = rc;
}

static void
test_a_failure_is_told(void **state)
{
	int told = 0;
	struct pier_server_opts opts = { .endpoint = UDP,
		.packet_handler = fail_at_once,
		.on_error = note_error,
		.ctx = &told,
		.sessions = true };
	struct serving it;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = dial(&it, "127.0.0.1");
	say(fd, "x");
	(void)serving_await(&it, FIELD(datagrams_failed), 1);
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
	assert_int_equal(told, -EBADMSG);
}

static void
cannot_open(const struct pier_server_opts *opts, const char *detail)
{
	struct pier_server *server = NULL;

	assert_int_equal(pier_server_open(&server, opts), -EINVAL);
	assert_null(server);
	assert_non_null(strstr(pier_last_error()->detail, detail));
}

static void
test_what_does_not_go_together(void **state)
{
	struct pier_server_opts opts = { .endpoint = UDP,
		.datagram_handler = pier_datagram_echo,
		.sessions = true };
	struct pier_server *server;

	(void)state;
	cannot_open(&opts, "packet_handler is missing");
	opts.packet_handler = pier_packet_echo;
	opts.processes = 2;
	cannot_open(&opts, "not with processes");
	opts.processes = 0;
	opts.session_queue_max = 65537;
	cannot_open(&opts, "session_queue_max");
	opts.session_queue_max = 0;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_int_equal(pier_server_step(server, PIER_NOW), -EINVAL);
	pier_server_close(server);
	opts.datagram_handler = NULL;
	opts.endpoint = "unixgram://@pier-sessions";
	cannot_open(&opts, "no handler for datagrams");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_peer_has_its_own),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_the_address_asked),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_what_a_handler_sees),
		cmocka_unit_test(test_a_failure_is_told),
		cmocka_unit_test(test_what_does_not_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
