/* SPDX-License-Identifier: MIT */
/*
 * This process holds a socket of each kind and is found by its address.
 */
#include "holder.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

/* A socket bound to a free port of an IPv4 or IPv6 loopback. */
static int
bind_inet(int family, int type, unsigned int *port)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr = { .sa.sa_family = (sa_family_t)family };
	socklen_t len = family == AF_INET ? sizeof(addr.in) : sizeof(addr.in6);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		addr.in6.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, &addr.sa, len) < 0 ||
		getsockname(fd, &addr.sa, &len) < 0) {
		print_message("# no socket of family %d\n", family);
		skip();
	}
	*port = ntohs(addr.in.sin_port);
	return fd;
}

static void
assert_held(const char *endpoint)
{
	char text[128] = "", mine[64];

	snprintf(mine, sizeof(mine), "(pid %d)", (int)getpid());
	if (cli_find_holder(endpoint, text, sizeof(text)) != 0)
		fail_msg("nobody holds %s", endpoint);
	if (strstr(text, mine) == NULL)
		fail_msg("%s is held by %s", endpoint, text);
	assert_non_null(strstr(text, "holder"));
}

static void
assert_not_held(const char *endpoint)
{
	char text[128];

	assert_int_equal(cli_find_holder(endpoint, text, sizeof(text)), -1);
}

static void
test_tcp(void **state)
{
	unsigned int port;
	int fd = bind_inet(AF_INET, SOCK_STREAM, &port);
	char endpoint[64];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", port);
	assert_not_held(endpoint); /* bound is not listening */
	assert_int_equal(listen(fd, 1), 0);
	assert_held(endpoint);
	snprintf(endpoint, sizeof(endpoint), "udp://127.0.0.1:%u", port);
	assert_not_held(endpoint);
	close(fd);
	snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", port);
	assert_not_held(endpoint);
}

static void
test_tcp6(void **state)
{
	unsigned int port;
	int fd = bind_inet(AF_INET6, SOCK_STREAM, &port);
	char endpoint[64];

	(void)state;
	assert_int_equal(listen(fd, 1), 0);
	snprintf(endpoint, sizeof(endpoint), "tcp://[::]:%u", port);
	assert_held(endpoint);
	snprintf(endpoint, sizeof(endpoint), "tcp6://[::1]:%u", port);
	assert_held(endpoint);
	snprintf(endpoint, sizeof(endpoint), "localhost:%u", port);
	assert_held(endpoint);
	close(fd);
}

static void
test_udp(void **state)
{
	unsigned int port;
	int fd = bind_inet(AF_INET, SOCK_DGRAM, &port);
	char endpoint[64];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "udp://:%u", port);
	assert_held(endpoint);
	close(fd);
}

static void
test_unix(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char dir[] = "/tmp/pier-holder-XXXXXX", endpoint[160];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/with space", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	snprintf(endpoint, sizeof(endpoint), "unix://%s/with%%20space", dir);
	assert_held(endpoint);
	snprintf(endpoint, sizeof(endpoint), "%s/with%%20space", dir);
	assert_held(endpoint);
	unlink(addr.sun_path);
	rmdir(dir);
	close(fd);
	assert_not_held(endpoint);
}

static void
test_nonsense(void **state)
{
	(void)state;
	assert_not_held("");
	assert_not_held("tcp://");
	assert_not_held("tcp://:http");
	assert_not_held("udp://:0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp6),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
