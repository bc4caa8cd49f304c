/* SPDX-License-Identifier: MIT */
/*
 * vsock as far as it goes without a peer: listening, and what is refused.
 */
#include <errno.h>
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

static struct pier_listener *
listening(char *where, size_t size)
{
	struct pier_listener *listener;

	assert_int_equal(pier_listen(&listener, "vsock://:0", NULL, SOON), 0);
	assert_true(pier_listener_endpoint(listener, where, size) > 0);
	assert_int_equal(strncmp(where, "vsock://*:", 10), 0);
	return listener;
}

static void
test_a_listener_names_its_port(void **state)
{
	int before = open_fds();
	char where[PIER_ENDPOINT_TEXT_MAX];
	struct pier_listener *listener = listening(where, sizeof(where));
	struct pier_listener *second;
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_listener_addr(listener, &addr), 0);
	assert_int_equal(pier_addr_family(&addr), AF_VSOCK);
	assert_true(addr.u.vm.port > 0 && addr.u.vm.port != PIER_VSOCK_ANY);
	assert_int_equal(pier_listen(&second, where, NULL, SOON), -EADDRINUSE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_BIND);
	pier_listener_close(listener);
	/* A context that is not this machine's. */
	assert_int_equal(pier_listen(&second, "vsock://77777:5", NULL, SOON),
		-EADDRNOTAVAIL);
	assert_int_equal(open_fds(), before);
}

static void
test_what_is_refused(void **state)
{
	static const struct pier_dial_opts opts = { .bind = "127.0.0.1" };
	struct pier_stream *stream;
	struct pier_packet *packet;

	(void)state;
	assert_int_equal(
		pier_dial(&stream, "vsock://1:1", &opts, SOON), -EINVAL);
	assert_int_equal(
		pier_packet_open(&packet, "vsock://1:1", NULL, SOON), -EINVAL);
	assert_int_equal(
		pier_dial(&stream, "vsock://x:1", NULL, SOON), -EINVAL);
	assert_int_equal(pier_last_error()->offset, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_listener_names_its_port),
		cmocka_unit_test(test_what_is_refused),
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		printf("1..0 # SKIP this kernel has no vsock\n");
		return 0;
	}
	(void)close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
