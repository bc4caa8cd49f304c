/* SPDX-License-Identifier: MIT */
/*
 * What the environment says of descriptors that were handed down, read by a
 * pure function; how a process that has some finds them, and what it hears of
 * those it cannot use; telling a manager, which is a socket of this test.
 */
#include "net/listen_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <pier.h>

#define SOON pier_in_s(20)

static int
count(const char *pid, const char *fds, const char *names)
{
	struct pier__listen_fds got;
	struct pier__why why;
	int rc = pier__listen_fds_read(&got, pid, fds, names, 77, &why);

	return rc < 0 ? rc : got.count;
}

static void
reads_the_environment(void **state)
{
	(void)state;
	assert_int_equal(count(NULL, NULL, NULL), 0);
	assert_int_equal(count(NULL, "2", NULL), 0);
	assert_int_equal(count("77", NULL, NULL), 0);
	assert_int_equal(count("77", "2", NULL), 2);
	assert_int_equal(count("77", "2", "a:b"), 2);
	assert_int_equal(count("77", "2", ":"), 2);
	assert_int_equal(count("77", "0", ""), 0);
	assert_int_equal(count("78", "2", "a:b"), 0);
	/* What is not for this process is not looked at. */
	assert_int_equal(count("78", "many", NULL), 0);
	assert_int_equal(count("77", "2", "a"), -EINVAL);
	assert_int_equal(count("77", "2", "a:b:c"), -EINVAL);
	assert_int_equal(count("77", "many", NULL), -EINVAL);
	assert_int_equal(count("77", "", NULL), -EINVAL);
	assert_int_equal(count("77", "-1", NULL), -EINVAL);
	assert_int_equal(count("77", "1025", NULL), -EINVAL);
	assert_int_equal(count("77", "99999999999999999999", NULL), -EINVAL);
	assert_int_equal(count("", "1", NULL), -EINVAL);
	assert_int_equal(count("77x", "1", NULL), -EINVAL);
}

static void
says_what_is_wrong(void **state)
{
	struct pier__listen_fds got;
	struct pier__why why;

	(void)state;
	(void)pier__listen_fds_read(&got, "77", "2", "a", 77, &why);
	assert_string_equal(
		why.text, "LISTEN_FDS is 2 and LISTEN_FDNAMES has 1 names");
	(void)pier__listen_fds_read(&got, "77", "two", NULL, 77, &why);
	assert_non_null(strstr(why.text, "LISTEN_FDS is \"two\""));
}

static void
assert_name(const struct pier__listen_fds *fds, int i, const char *expected)
{
	size_t len;
	const char *name = pier__listen_fds_name(fds, i, &len);

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(name, expected, len);
}

static void
knows_names(void **state)
{
	struct pier__listen_fds fds = { .count = 3, .names = "web::admin" };

	(void)state;
	assert_name(&fds, 0, "web");
	assert_name(&fds, 1, "");
	assert_name(&fds, 2, "admin");
	fds.names = NULL;
	assert_name(&fds, 2, "unknown");
}

/* In a child, whose descriptors from 3 on are as the test says: a TCP socket
   that listens, a UDP socket, a pipe. 0, or the line that failed. */
static int
with_three(const char *names, int (*check)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		char text[16];
		int pipes[2];
		int one = socket(AF_INET, SOCK_STREAM, 0);
		int two = socket(AF_INET, SOCK_DGRAM, 0);

		if (listen(one, 1) < 0 || pipe(pipes) < 0)
			_exit(255);
		one = fcntl(one, F_DUPFD, 100);
		two = fcntl(two, F_DUPFD, 100);
		pipes[0] = fcntl(pipes[0], F_DUPFD, 100);
		(void)dup2(one, 3);
		(void)dup2(two, 4);
		(void)dup2(pipes[0], 5);
		(void)snprintf(text, sizeof(text), "%d", (int)getpid());
		(void)setenv("LISTEN_PID", text, 1);
		(void)setenv("LISTEN_FDS", "3", 1);
		if (names != NULL)
			(void)setenv("LISTEN_FDNAMES", names, 1);
		_exit(check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define MUST(x)                                \
	do {                                   \
		if (!(x))                      \
			return __LINE__ % 255; \
	} while (0)

static bool
detail_has(const char *part)
{
	return strstr(pier_last_error()->detail, part) != NULL;
}

static int
finds_them(void)
{
	struct pier_listener *listener = NULL;
	struct pier_packet *packet = NULL;
	char name[8];

	MUST(fcntl(3, F_GETFD) == 0 && fcntl(5, F_GETFD) == 0);
	MUST(pier_listen_fds() == 3);
	MUST(fcntl(3, F_GETFD) == FD_CLOEXEC &&
		fcntl(5, F_GETFD) == FD_CLOEXEC);
	MUST((fcntl(3, F_GETFL) & O_NONBLOCK) == 0);
	MUST(getenv("LISTEN_FDS") != NULL && getenv("LISTEN_PID") != NULL);
	MUST(pier_listen_fd("clock") == 4);
	MUST(pier_listen_fd("web") == 3);
	MUST(pier_listen_fd_name(4, name, sizeof(name)) == 5);
	MUST(strcmp(name, "clock") == 0);
	MUST(pier_listen_fd_name(4, name, 5) == -ENOSPC);
	MUST(pier_listen_fd_name(6, name, sizeof(name)) == -ENOENT);
	MUST(pier_listen_fd_name(2, name, sizeof(name)) == -ENOENT);
	MUST(pier_listen(&listener, "fd://web", NULL, SOON) == 0);
	MUST(pier_listener_fd(listener) == 3);
	MUST(pier_packet_open(&packet, "fd://clock", NULL, SOON) == 0);
	MUST(pier_packet_fd(packet) == 4);
	return 0;
}

static int
says_what_they_are(void)
{
	struct pier_listener *listener = NULL;
	struct pier_packet *packet = NULL;
	struct pier_stream *stream = NULL;

	MUST(pier_listen(&listener, "fd://mail", NULL, SOON) == -ENOENT);
	MUST(detail_has("no descriptor is named \"mail\""));
	MUST(detail_has("there are web:clock:web"));
	MUST(pier_dial(&stream, "fd://mail", NULL, SOON) == -ENOENT);
	MUST(pier_listen(&listener, "fd://clock", NULL, SOON) == -EINVAL);
	MUST(detail_has("it is a datagram socket"));
	MUST(pier_listen(&listener, "fd://5", NULL, SOON) == -ENOTSOCK);
	MUST(detail_has("it is a pipe"));
	MUST(pier_packet_open(&packet, "fd://web", NULL, SOON) == -EINVAL);
	MUST(detail_has("it is a stream socket that listens"));
	MUST(listener == NULL && packet == NULL && stream == NULL);
	return 0;
}

static int
misses_one(void)
{
	(void)close(5);
	MUST(pier_listen_fds() == -EBADF);
	MUST(detail_has("descriptor 5 is not open"));
	return 0;
}

static int
has_no_names(void)
{
	char name[16];

	MUST(pier_listen_fd("unknown") == 3);
	MUST(pier_listen_fd_name(5, name, sizeof(name)) == 7);
	MUST(pier_listen_fd("web") == -ENOENT);
	MUST(detail_has("there are 3 without names"));
	return 0;
}

static void
finds_descriptors(void **state)
{
	(void)state;
	assert_int_equal(with_three("web:clock:web", finds_them), 0);
	assert_int_equal(with_three("web:clock:web", says_what_they_are), 0);
	assert_int_equal(with_three("web:clock:web", misses_one), 0);
	assert_int_equal(with_three(NULL, has_no_names), 0);
}

/* A manager at NOTIFY_SOCKET=where. */
static int
manager(const char *where)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(where);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(un.sun_path, where, len);
	if (where[0] == '@')
		un.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&un,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    len)),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", where, 1), 0);
	return fd;
}

static void
hears(const char *where)
{
	char got[64] = "";
	int fd = manager(where);

	assert_int_equal(pier_notify("READY=1\nSTATUS=up", SOON), 1);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 17);
	assert_string_equal(got, "READY=1\nSTATUS=up");
	(void)close(fd);
	assert_int_equal(pier_notify("READY=1", SOON), -ECONNREFUSED);
}

static void
tells_a_manager(void **state)
{
	char where[64];

	(void)state;
	(void)unsetenv("NOTIFY_SOCKET");
	assert_int_equal(pier_notify("READY=1", SOON), 0);
	(void)snprintf(where, sizeof(where), "@pier-test-%d", (int)getpid());
	hears(where);
	(void)snprintf(
		where, sizeof(where), "/tmp/pier-notify-%d", (int)getpid());
	hears(where);
	(void)unlink(where);
	assert_int_equal(pier_notify("READY=1", SOON), -ENOENT);
	assert_int_equal(pier_notify("", SOON), -EINVAL);
	(void)setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(pier_notify("READY=1", SOON), -EINVAL);
	(void)setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(pier_notify("READY=1", SOON), -EAFNOSUPPORT);
	(void)unsetenv("NOTIFY_SOCKET");
}

/* A manager that does not read holds us until the deadline only. */
static void
does_not_wait_for_ever(void **state)
{
	char where[64];
	int fd, rc = 1, told = 0;

	(void)state;
	(void)snprintf(where, sizeof(where), "@pier-full-%d", (int)getpid());
	fd = manager(where);
	while ((rc = pier_notify("WATCHDOG=1", PIER_NOW)) == 1)
		told++;
	assert_int_equal(rc, -EAGAIN);
	assert_true(told > 0);
	assert_int_equal(
		pier_notify("WATCHDOG=1", pier_in_ms(20)), -PIER_EDEADLINE);
	(void)close(fd);
	(void)unsetenv("NOTIFY_SOCKET");
}

static void
knows_the_watchdog(void **state)
{
	char own[16];

	(void)state;
	(void)unsetenv("WATCHDOG_USEC");
	assert_int_equal(pier_watchdog_us(), 0);
	(void)setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(pier_watchdog_us(), 30000000);
	(void)setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(pier_watchdog_us(), 0);
	(void)snprintf(own, sizeof(own), "%d", (int)getpid());
	(void)setenv("WATCHDOG_PID", own, 1);
	assert_int_equal(pier_watchdog_us(), 30000000);
	(void)setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(pier_watchdog_us(), -EINVAL);
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_environment),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(finds_descriptors),
		cmocka_unit_test(tells_a_manager),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(knows_the_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
