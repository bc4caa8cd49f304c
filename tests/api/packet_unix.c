/* SPDX-License-Identifier: MIT */
/*
 * What Unix datagram sockets promise: names of servers and clients, their files,
 * queues that are full, descriptors that somebody passes.
 */
#include "packets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

static void
test_unixgram(void **state)
{
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);
	struct pier_addr own = local_of(client);
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct stat file;

	(void)state;
	/* The kernel gave the client an abstract name. */
	assert_true(pier_packet_endpoint(client, text, sizeof(text)) > 0);
	assert_int_equal(strncmp(text, "unixgram://@", 12), 0);
	assert_true(own.len > sizeof(sa_family_t));
	converse(server, client);
	cannot_open(endpoint_of("unixgram", "x"), &server_opts, -EADDRINUSE,
		PIER_STEP_BIND);
	pier_packet_close(server);
	assert_int_equal(lstat(path_of("x"), &file), -1);
	assert_int_equal(
		pier_send(client, NULL, "x", 1, PIER_FOREVER), -ECONNREFUSED);
	pier_packet_close(client);
	cannot_open(
		endpoint_of("unixgram", "x"), NULL, -ENOENT, PIER_STEP_CONNECT);
}

static void
test_names_of_unixgram_clients(void **state)
{
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet_opts opts = { .mode = 0600 };
	char path[128], abstract[64];
	struct pier_packet *client;
	struct stat file;

	(void)state;
	(void)strcpy(path, path_of("client"));
	opts.bind = path;
	client = opened(endpoint_of("unixgram", "x"), &opts);
	assert_int_equal(lstat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	converse(server, client);
	pier_packet_close(client);
	assert_int_equal(lstat(path, &file), -1);
	(void)snprintf(
		abstract, sizeof(abstract), "@pier-packet-%d", (int)getpid());
	opts.bind = abstract;
	client = opened(endpoint_of("unixgram", "x"), &opts);
	converse(server, client);
	pier_packet_close(client);
	opts.bind = "127.0.0.1:7";
	cannot_open(
		endpoint_of("unixgram", "x"), &opts, -EINVAL, PIER_STEP_PARSE);
	pier_packet_close(server);
}

static void
leave_stale(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(name.sun_path));
	(void)memcpy(name.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	(void)close(fd);
}

static void
test_a_stale_unixgram_socket(void **state)
{
	struct pier_packet *server, *client;

	(void)state;
	leave_stale(path_of("stale"));
	cannot_open(endpoint_of("unixgram", "stale"), NULL, -ECONNREFUSED,
		PIER_STEP_CONNECT);
	server = opened(endpoint_of("unixgram", "stale"), &server_opts);
	client = opened(endpoint_of("unixgram", "stale"), NULL);
	converse(server, client);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* Nobody takes what is sent: the queue fills, and sending waits for room. */
static void
fill_queue(struct pier_packet *from, struct pier_packet *to)
{
	struct pier_msg msg;
	int sent = 0;
	int rc;

	while ((rc = pier_send(from, NULL, "x", 1, PIER_NOW)) == 0)
		sent++;
	assert_int_equal(rc, -EAGAIN);
	assert_true(sent > 0);
	assert_int_equal(
		pier_send(from, NULL, "x", 1, pier_in_ms(5)), -PIER_EDEADLINE);
	for (; sent > 0; sent--)
		assert_int_equal(
			pier_recv(to, &msg, buf, sizeof(buf), PIER_NOW), 0);
	assert_int_equal(pier_send(from, NULL, "x", 1, PIER_FOREVER), 0);
	(void)heard(to, "x");
}

static void
test_a_full_queue(void **state)
{
	static const struct pier_packet_opts loose = { .unconnected = true };
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);

	(void)state;
	fill_queue(client, server);
	pier_packet_close(client);
	client = opened(endpoint_of("unixgram", "x"), &loose);
	fill_queue(client, server);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* A descriptor that somebody passes along is not taken in. */
/* Longer than UDP knows; and what is cut off is told. */
static void
test_long_messages(void **state)
{
	static char big[PIER_PACKET_MAX + 1000];
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);
	struct pier_msg msg;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(
		pier_send(client, NULL, big, sizeof(big), PIER_FOREVER), 0);
	assert_int_equal(
		pier_send(client, NULL, big, sizeof(big), PIER_FOREVER), 0);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(5000)), 0);
	assert_int_equal(msg.size, sizeof(big));
	assert_false(msg.truncated);
	assert_memory_equal(buf, big, sizeof(big));
	assert_int_equal(
		pier_recv(server, &msg, buf, 7, pier_in_ms(5000)), -EMSGSIZE);
	assert_int_equal(msg.size, 7);
	assert_int_equal(msg.full_size, sizeof(big));
	assert_true(msg.truncated);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_passed_descriptors_are_refused(void **state)
{
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec piece = { .iov_base = buf, .iov_len = 3 };
	struct msghdr header = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	int fd = 0;
	int before = open_fds();

	(void)state;
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	memcpy(buf, "fd!", 3);
	assert_int_equal(sendmsg(pier_packet_fd(client), &header, 0), 3);
	(void)heard(server, "fd!");
	assert_int_equal(open_fds(), before);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_an_unnamed_sender(void **state)
{
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pier_msg msg;

	(void)state;
	(void)snprintf(
		name.sun_path, sizeof(name.sun_path), "%.100s", path_of("x"));
	assert_int_equal(
		sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)),
		1);
	msg = heard(server, "x");
	assert_int_equal(msg.peer.len, 0);
	assert_int_equal(
		pier_reply(server, &msg, "y", 1, PIER_FOREVER), -EDESTADDRREQ);
	(void)close(fd);
	pier_packet_close(server);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_unixgram(state);
	test_a_full_queue(state);
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
		cmocka_unit_test(test_unixgram),
		cmocka_unit_test(test_names_of_unixgram_clients),
		cmocka_unit_test(test_a_stale_unixgram_socket),
		cmocka_unit_test(test_a_full_queue),
		cmocka_unit_test(test_long_messages),
		cmocka_unit_test(test_passed_descriptors_are_refused),
		cmocka_unit_test(test_an_unnamed_sender),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
