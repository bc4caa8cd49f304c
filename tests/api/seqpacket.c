/* SPDX-License-Identifier: MIT */
/*
 * Unix packets over a connection: order, boundaries, an end that no empty
 * message is taken for, between two of pier's sockets and a plain one.
 */
#include "packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

#define SOON pier_in_s(20)

static const char *
seqpacket_of(const char *name)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "seqpacket://%s", path_of(name));
	return text;
}

struct ends {
	struct pier_listener *listener;
	struct pier_packet *client, *server;
};

static struct ends
connected(void)
{
	struct ends ends;

	assert_int_equal(
		pier_listen(&ends.listener, seqpacket_of("s"), NULL, SOON), 0);
	ends.client = opened(seqpacket_of("s"), NULL);
	assert_int_equal(
		pier_packet_accept(&ends.server, ends.listener, SOON), 0);
	return ends;
}

static void
disconnect(struct ends *ends)
{
	pier_packet_close(ends->client);
	pier_packet_close(ends->server);
	pier_listener_close(ends->listener);
}

static int
receive(struct pier_packet *packet, size_t *size)
{
	struct pier_msg msg = { .size = 0 };
	int rc = pier_recv(packet, &msg, buf, sizeof(buf), SOON);

	*size = msg.size;
	return rc;
}

static void
test_messages_keep_their_bounds(void **state)
{
	int before = open_fds();
	struct ends ends = connected();
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_cred cred;
	struct pier_msg msg;

	(void)state;
	say(ends.client, "one");
	say(ends.client, "three");
	msg = heard(ends.server, "one");
	(void)heard(ends.server, "three");
	assert_int_equal(pier_reply(ends.server, &msg, "answer", 6, SOON), 0);
	(void)heard(ends.client, "answer");
	assert_int_equal(pier_packet_peer_cred(ends.server, &cred), 0);
	assert_int_equal(cred.pid, getpid());
	assert_true(
		pier_listener_endpoint(ends.listener, text, sizeof(text)) > 0);
	assert_string_equal(text, seqpacket_of("s"));
	assert_int_equal(
		pier_recv(ends.client, &msg, buf, 4, PIER_NOW), -EAGAIN);
	disconnect(&ends);
	assert_int_equal(open_fds(), before);
}

static void
test_an_empty_message_is_no_end(void **state)
{
	struct ends ends = connected();
	size_t size = 7;

	(void)state;
	say(ends.client, "");
	say(ends.client, "x");
	say(ends.client, "");
	assert_int_equal(pier_packet_shutdown(ends.client, PIER_WRITING), 0);
	assert_int_equal(receive(ends.server, &size), 0);
	assert_int_equal(size, 0);
	(void)heard(ends.server, "x");
	assert_int_equal(receive(ends.server, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(receive(ends.server, &size), -PIER_EEND);
	assert_int_equal(receive(ends.server, &size), -PIER_EEND);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RECEIVE);
	/* The other half is open. */
	say(ends.server, "bye");
	(void)heard(ends.client, "bye");
	assert_int_equal(pier_send(ends.client, NULL, "x", 1, SOON), -EPIPE);
	pier_packet_close(ends.server);
	ends.server = NULL;
	assert_int_equal(receive(ends.client, &size), -PIER_EEND);
	disconnect(&ends);
}

/* A plain socket ends with a message of ours unread. */
static void
test_a_peer_that_resets(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct pier_listener *listener;
	struct pier_packet *server;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	size_t size;

	(void)state;
	assert_int_equal(
		pier_listen(&listener, seqpacket_of("s"), NULL, SOON), 0);
	(void)snprintf(
		name.sun_path, sizeof(name.sun_path), "%.100s", path_of("s"));
	assert_int_equal(
		connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(send(fd, "early", 5, 0), 5);
	assert_int_equal(send(fd, "", 0, 0), 0);
	assert_int_equal(pier_packet_accept(&server, listener, SOON), 0);
	(void)heard(server, "early");
	assert_int_equal(receive(server, &size), 0);
	assert_int_equal(size, 0);
	say(server, "unread");
	(void)close(fd);
	assert_int_equal(receive(server, &size), -ECONNRESET);
	assert_int_equal(receive(server, &size), -PIER_EEND);
	pier_packet_close(server);
	pier_listener_close(listener);
}

static void
test_kinds_do_not_mix(void **state)
{
	static const struct pier_packet_opts loose = { .unconnected = true };
	struct pier_listener *packets, *streams;
	struct pier_packet *packet;
	struct pier_stream *stream;
	char where[256];

	(void)state;
	assert_int_equal(
		pier_listen(&packets, seqpacket_of("s"), NULL, SOON), 0);
	(void)snprintf(where, sizeof(where), "unix://%s", path_of("s"));
	assert_int_equal(pier_dial(&stream, where, NULL, SOON), -EPROTOTYPE);
	assert_int_equal(pier_accept(&stream, packets, PIER_NOW), -EINVAL);
	pier_listener_close(packets);
	assert_int_equal(pier_listen(&streams, where, NULL, SOON), 0);
	cannot_open(seqpacket_of("s"), NULL, -EPROTOTYPE, PIER_STEP_CONNECT);
	assert_int_equal(
		pier_packet_accept(&packet, streams, PIER_NOW), -EINVAL);
	pier_listener_close(streams);
	cannot_open(seqpacket_of("s"), &server_opts, -EINVAL, PIER_STEP_CREATE);
	cannot_open(seqpacket_of("s"), &loose, -EINVAL, PIER_STEP_CREATE);
	cannot_open(seqpacket_of("s"), NULL, -ENOENT, PIER_STEP_CONNECT);
}

/* Of a socket that somebody else made, an empty message is the end: its options
   are left alone. */
static void
test_handed_down(void **state)
{
	struct pier_packet *packet;
	char where[32];
	size_t size;
	int fds[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	(void)snprintf(where, sizeof(where), "fd://%d", fds[0]);
	packet = opened(where, NULL);
	assert_int_equal(send(fds[1], "hello", 5, 0), 5);
	(void)heard(packet, "hello");
	assert_int_equal(send(fds[1], "", 0, 0), 0);
	assert_int_equal(receive(packet, &size), -PIER_EEND);
	(void)close(fds[1]);
	assert_int_equal(receive(packet, &size), -PIER_EEND);
	pier_packet_close(packet);
}

static void
test_descriptors_in_packets(void **state)
{
	int before = open_fds();
	struct ends ends = connected();
	struct pier_fds fds = { .count = 2, .fd = { 2, 2 } }, got;
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_packet_send_fds(ends.client, NULL, &fds, "", 0, SOON), 0);
	say(ends.client, "plain");
	assert_int_equal(pier_packet_recv_fds(ends.server, &msg, &got, buf,
				 sizeof(buf), SOON),
		0);
	assert_int_equal(msg.size, 0);
	assert_int_equal(got.count, 2);
	pier_fds_close(&got);
	(void)heard(ends.server, "plain");
	disconnect(&ends);
	assert_int_equal(open_fds(), before);
}

/* Nobody takes what is sent: sending waits for room, and then goes on. */
static void
test_a_full_queue(void **state)
{
	struct ends ends = connected();
	int sent = 0;

	(void)state;
	while (pier_send(ends.client, NULL, buf, 10000, PIER_NOW) == 0)
		sent++;
	assert_true(sent > 1);
	assert_int_equal(pier_send(ends.client, NULL, "x", 1, pier_in_ms(5)),
		-PIER_EDEADLINE);
	for (; sent > 0; sent--) {
		size_t size;

		assert_int_equal(receive(ends.server, &size), 0);
		assert_int_equal(size, 10000);
	}
	say(ends.client, "x");
	(void)heard(ends.server, "x");
	disconnect(&ends);
}

static int
in_a_fiber(void *arg)
{
	test_messages_keep_their_bounds(arg);
	test_an_empty_message_is_no_end(arg);
	test_a_full_queue(arg);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };

	assert_int_equal(pier_run(in_a_fiber, state, &opts, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_keep_their_bounds),
		cmocka_unit_test(test_an_empty_message_is_no_end),
		cmocka_unit_test(test_a_peer_that_resets),
		cmocka_unit_test(test_kinds_do_not_mix),
		cmocka_unit_test(test_handed_down),
		cmocka_unit_test(test_descriptors_in_packets),
		cmocka_unit_test(test_a_full_queue),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
