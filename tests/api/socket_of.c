/* SPDX-License-Identifier: MIT */
/*
 * tests/api/socket_of.c - a program asks the kernel about one socket of its own,
 * of every kind there is, and prints it as a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <pier.h>

struct told {
	int times;
	uint32_t kind;
	uint64_t inode;
	uint8_t state;
	bool has_info;
	char line[PIER_SOCKET_LINE_MAX];
};

static int
tell(const struct pier_socket *socket, void *ctx)
{
	struct told *told = ctx;

	told->times++;
	told->kind = socket->kind;
	told->inode = socket->inode;
	told->state = socket->state;
	told->has_info = socket->info != NULL;
	assert_true(
		pier_socket_line(socket, told->line, sizeof(told->line)) > 0);
	/* Room for the end and for nothing else, and less than that. */
	assert_int_equal(
		pier_socket_line(socket, told->line, strlen(told->line) + 1),
		(int)strlen(told->line));
	assert_int_equal(
		pier_socket_line(socket, told->line, strlen(told->line)),
		-ENOSPC);
	assert_true(
		pier_socket_line(socket, told->line, sizeof(told->line)) > 0);
	return 0;
}

/* It is the one, and no other. */
static struct told
ask(int fd)
{
	struct told told = { .times = 0 };
	struct stat about;

	assert_int_equal(fstat(fd, &about), 0);
	if (pier_socket_of(fd, tell, &told, pier_in_s(10)) < 0)
		fail_msg("%s", pier_error_line());
	assert_int_equal(told.times, 1);
	assert_true(told.inode == about.st_ino);
	return told;
}

static int
open_bound(int family, int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		family == AF_INET
			? bind(fd, (struct sockaddr *)&in, sizeof(in))
			: bind(fd, (struct sockaddr *)&in6, sizeof(in6)),
		0);
	return fd;
}

static void
test_a_connection_and_its_listener(void **state)
{
	struct pier_listener *listener;
	struct pier_stream *near, *far;
	char text[PIER_ADDR_TEXT_MAX], expected[PIER_SOCKET_LINE_MAX];
	struct pier_addr local, peer;
	struct told told;

	(void)state;
	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, PIER_NOW),
		0);
	assert_true(pier_listener_endpoint(
			    listener, expected, sizeof(expected)) > 0);
	assert_int_equal(pier_dial(&near, expected, NULL, pier_in_s(10)), 0);
	assert_int_equal(pier_accept(&far, listener, pier_in_s(10)), 0);
	told = ask(pier_fd(near));
	assert_int_equal(told.kind, PIER_SOCKET_TCP);
	assert_int_equal(told.state, PIER_TCP_ESTABLISHED);
	assert_true(told.has_info);
	assert_int_equal(pier_local(near, &local), 0);
	assert_int_equal(pier_peer(near, &peer), 0);
	assert_true(pier_addr_format(&local, text, sizeof(text)) > 0);
	(void)snprintf(expected, sizeof(expected),
		"tcp  ESTABLISHED  0  0  %s  ", text);
	assert_memory_equal(told.line, expected, strlen(expected));
	assert_true(pier_addr_format(&peer, text, sizeof(text)) > 0);
	assert_non_null(strstr(told.line, text));
	assert_non_null(strstr(told.line, "us  0  "));
	told = ask(pier_listener_fd(listener));
	assert_int_equal(told.state, PIER_TCP_LISTEN);
	assert_non_null(strstr(told.line, "  -  -  -  -"));
	pier_close(near);
	pier_close(far);
	pier_listener_close(listener);
}

static void
test_every_other_kind(void **state)
{
	int ends[2], fd;

	(void)state;
	fd = open_bound(AF_INET, SOCK_DGRAM);
	assert_int_equal(ask(fd).kind, PIER_SOCKET_UDP);
	close(fd);
	fd = open_bound(AF_INET6, SOCK_DGRAM);
	assert_int_equal(ask(fd).kind, PIER_SOCKET_UDP);
	close(fd);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(ask(ends[0]).kind, PIER_SOCKET_UNIX);
	assert_non_null(strstr(ask(ends[1]).line, "inode:"));
	close(ends[0]);
	close(ends[1]);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd,
				 (struct sockaddr *)&(struct sockaddr_storage){
					 .ss_family = AF_NETLINK },
				 12),
		0);
	assert_int_equal(ask(fd).kind, PIER_SOCKET_NETLINK);
	close(fd);
}

static int
count(const struct pier_socket *socket, void *ctx)
{
	(void)socket;
	++*(int *)ctx;
	return 0;
}

/* Is it listed at all? Linux 6.8 is the first that does. */
static bool
is_listed(int fd)
{
	struct sockaddr_in name = { .sin_port = 0 };
	socklen_t len = sizeof(name);
	struct pier_sockets_opts opts = { .kinds = PIER_SOCKET_TCP };
	char filter[32];
	int seen = 0;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	(void)snprintf(
		filter, sizeof(filter), "bound sport:%u", ntohs(name.sin_port));
	opts.filter = filter;
	assert_int_equal(pier_sockets(&opts, count, &seen, pier_in_s(10)), 0);
	return seen > 0;
}

static void
test_one_that_is_bound_and_nothing_else(void **state)
{
	int fd = open_bound(AF_INET, SOCK_STREAM);
	struct told told;

	(void)state;
	if (!is_listed(fd)) {
		close(fd);
		skip();
	}
	told = ask(fd);
	close(fd);
	assert_int_equal(told.state, PIER_TCP_BOUND_INACTIVE);
	assert_non_null(strstr(told.line, "tcp  BOUND  "));
}

static int
stop(const struct pier_socket *socket, void *ctx)
{
	(void)socket;
	(void)ctx;
	return 7;
}

static void
test_what_is_none(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct told told = { .times = 0 };

	(void)state;
	assert_int_equal(
		pier_socket_of(fd, tell, &told, pier_in_s(10)), -ENOENT);
	assert_int_equal(told.times, 0);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pier_socket_of(fd, tell, &told, PIER_NOW), -ENOTSOCK);
	close(fd);
	assert_int_equal(pier_socket_of(-1, tell, &told, PIER_NOW), -EBADF);
	fd = open_bound(AF_INET, SOCK_DGRAM);
	assert_int_equal(pier_socket_of(fd, stop, NULL, pier_in_s(10)), 7);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_connection_and_its_listener),
		cmocka_unit_test(test_every_other_kind),
		cmocka_unit_test(test_one_that_is_bound_and_nothing_else),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
