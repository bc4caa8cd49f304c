/* SPDX-License-Identifier: MIT */
/*
 * Streams over vsock within this machine, where the kernel has the loopback
 * (vsock_loopback, Linux 5.6).
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "fds.h"

#define SOON pier_in_s(20)

static void
test_both_ways(void **state)
{
	int before = open_fds();
	struct pier_listener *listener;
	struct pier_stream *client, *server;
	struct pier_addr addr;
	char where[PIER_ENDPOINT_TEXT_MAX], text[16];

	(void)state;
	assert_int_equal(pier_listen(&listener, "vsock://:0", NULL, SOON), 0);
	(void)pier_listener_addr(listener, &addr);
	(void)snprintf(
		where, sizeof(where), "vsock://local:%u", addr.u.vm.port);
	assert_int_equal(pier_dial(&client, where, NULL, SOON), 0);
	assert_int_equal(pier_accept(&server, listener, SOON), 0);
	assert_int_equal(pier_write(client, "question\n", 9, SOON), 0);
	/* Once a half is closed, this kernel no longer tells who the peer is. */
	assert_int_equal(pier_peer(client, &addr), 0);
	assert_int_equal(addr.u.vm.cid, PIER_VSOCK_LOCAL);
	assert_int_equal(pier_shutdown(client, PIER_WRITING, SOON), 0);
	assert_int_equal(pier_read_line(server, text, 16, SOON), 9);
	assert_int_equal(pier_read(server, text, 16, SOON), 0);
	assert_int_equal(pier_write(server, "answer\n", 7, SOON), 0);
	assert_int_equal(pier_read_line(client, text, 16, SOON), 7);
	pier_close(client);
	pier_close(server);
	pier_listener_close(listener);
	assert_int_equal(pier_dial(&client, where, NULL, SOON), -ECONNRESET);
	assert_int_equal(open_fds(), before);
}

/* Does a connection to this machine's own context come about? */
static bool
find_loopback(void)
{
	struct pier_sockaddr_vm vm = { .family = AF_VSOCK,
		.port = PIER_VSOCK_ANY,
		.cid = PIER_VSOCK_ANY };
	socklen_t len = sizeof(vm);
	struct pollfd one = { .events = POLLOUT };
	int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error = 1;

	one.fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(listener, (struct sockaddr *)&vm, len) == 0 &&
		listen(listener, 1) == 0 &&
		getsockname(listener, (struct sockaddr *)&vm, &len) == 0) {
		vm.cid = PIER_VSOCK_LOCAL;
		error = connect(one.fd, (struct sockaddr *)&vm, sizeof(vm)) < 0
				? errno
				: 0;
	}
	len = sizeof(error);
	if (error == EINPROGRESS && poll(&one, 1, 3000) == 1)
		(void)getsockopt(one.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	(void)close(one.fd);
	(void)close(listener);
	return error == 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
	};

	if (!find_loopback()) {
		printf("1..0 # SKIP this kernel has no vsock_loopback\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
