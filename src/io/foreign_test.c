/* SPDX-License-Identifier: MIT */
/* io/foreign_test.c - descriptors that somebody else made: never changed,
   never blocked on, and no signal raised. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/desc.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

static char big[4 * PIPE_BUF];

/* Each case runs in a thread, then in a fiber. */
static void
in_both(pier_task_fn *fn)
{
	assert_int_equal(fn(NULL), 0);
	assert_int_equal(pier_run(fn, NULL, NULL, NULL), 0);
}

static void
adopt(struct pier__desc *desc, int fd, enum pier__desc_kind kind)
{
	assert_int_equal(pier__desc_adopt(desc, fd), 0);
	assert_int_equal(desc->kind, kind);
}

/* Blocking, and it stays so: the pair of descriptions is not ours. */
static void
assert_blocking(int fd)
{
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

static int
reader_waits(void *arg)
{
	char got[8];

	assert_int_equal(pier__desc_wait(arg, PIER__IN, "read", HANGS), 0);
	assert_int_equal(pier__desc_read(arg, got, sizeof(got)), 2);
	return 0;
}

static int
use_pipe(void *arg)
{
	static struct pier__desc in, out; /* the engine sees them */
	char got[8];
	int fds[2];
	ssize_t n, sent = 0;

	(void)arg;
	assert_int_equal(pipe(fds), 0);
	adopt(&in, fds[0], PIER__DESC_FILE);
	adopt(&out, fds[1], PIER__DESC_FILE);
	assert_int_equal(pier__desc_read(&in, got, sizeof(got)), -EAGAIN);
	assert_int_equal(pier__desc_wait(&in, PIER__IN, "read", pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(pier__desc_write(&out, "hi", 2), 2);
	assert_int_equal(reader_waits(&in), 0);
	/* Pieces that fit, then "not now": it never blocks. */
	while ((n = pier__desc_write(&out, big, sizeof(big))) > 0) {
		assert_true(n <= PIPE_BUF);
		sent += n;
	}
	assert_int_equal(n, -EAGAIN);
	assert_true(sent >= PIPE_BUF);
	assert_int_equal(
		pier__desc_wait(&out, PIER__OUT, "write", pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(read(fds[0], big, sizeof(big)), sizeof(big));
	assert_int_equal(pier__desc_wait(&out, PIER__OUT, "write", HANGS), 0);
	assert_int_equal(pier__desc_write(&out, "hi", 2), 2);
	assert_blocking(fds[0]);
	assert_blocking(fds[1]);
	pier__desc_close(&in);
	pier__desc_close(&out);
	return 0;
}

static void
test_pipes(void **state)
{
	(void)state;
	in_both(use_pipe);
}

static int
use_blocking_sockets(void *arg)
{
	static struct pier__desc desc; /* the engine sees it */
	char got[8];
	int fds[2];
	ssize_t n;

	(void)arg;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	adopt(&desc, fds[0], PIER__DESC_SOCKET);
	assert_int_equal(pier__desc_read(&desc, got, sizeof(got)), -EAGAIN);
	assert_int_equal(
		pier__desc_wait(&desc, PIER__IN, "read", pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(send(fds[1], "hi", 2, 0), 2);
	assert_int_equal(reader_waits(&desc), 0);
	while ((n = pier__desc_write(&desc, big, sizeof(big))) > 0)
		;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(
		pier__desc_wait(&desc, PIER__OUT, "write", pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_blocking(fds[0]);
	(void)close(fds[1]);
	assert_int_equal(pier__desc_write(&desc, "hi", 2), -EPIPE);
	pier__desc_close(&desc);
	return 0;
}

static void
test_blocking_sockets(void **state)
{
	(void)state;
	in_both(use_blocking_sockets);
}

static int
use_terminal(void *arg)
{
	static struct pier__desc desc; /* the engine sees it */
	struct termios raw;
	char got[8];
	int other = posix_openpt(O_RDWR | O_NOCTTY);
	int fd;

	(void)arg;
	assert_true(other >= 0);
	assert_int_equal(grantpt(other), 0);
	assert_int_equal(unlockpt(other), 0);
	fd = open(ptsname(other), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(tcgetattr(fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(fd, TCSANOW, &raw), 0);
	adopt(&desc, fd, PIER__DESC_FILE);
	assert_int_equal(pier__desc_read(&desc, got, sizeof(got)), -EAGAIN);
	assert_int_equal(
		pier__desc_wait(&desc, PIER__IN, "read", pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(write(other, "hi", 2), 2);
	assert_int_equal(reader_waits(&desc), 0);
	assert_int_equal(pier__desc_write(&desc, "yes", 3), 3);
	assert_int_equal(read(other, got, sizeof(got)), 3);
	assert_blocking(fd);
	pier__desc_close(&desc);
	(void)close(other);
	return 0;
}

static void
test_terminals(void **state)
{
	(void)state;
	in_both(use_terminal);
}

/* Never "not ready", whatever was noted. */
static int
use_regular_file(void *arg)
{
	char path[] = "/tmp/pier-foreign-XXXXXX";
	static struct pier__desc desc; /* the engine sees it */
	char got[8];
	int fd = mkstemp(path);

	(void)arg;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	adopt(&desc, fd, PIER__DESC_FILE);
	assert_int_equal(pier__desc_write(&desc, "hi", 2), 2);
	assert_int_equal(pier__desc_read(&desc, got, sizeof(got)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	desc.readable = false;
	desc.writable = false;
	assert_int_equal(pier__desc_wait(&desc, PIER__IN, "read", HANGS), 0);
	assert_int_equal(pier__desc_wait(&desc, PIER__OUT, "write", HANGS), 0);
	assert_int_equal(pier__desc_read(&desc, got, sizeof(got)), 2);
	pier__desc_close(&desc);
	return 0;
}

static void
test_regular_files(void **state)
{
	(void)state;
	in_both(use_regular_file);
}

static void
test_closed_descriptors(void **state)
{
	static struct pier__desc desc; /* the engine sees it */
	int fd = dup(0);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(pier__desc_adopt(&desc, fd), -EBADF);
}

static volatile sig_atomic_t signals;

static void
count_signal(int number)
{
	(void)number;
	signals++;
}

static bool
is_pending(void)
{
	sigset_t pending;

	assert_int_equal(sigpending(&pending), 0);
	return sigismember(&pending, SIGPIPE) == 1;
}

/* A pipe without a reader: EPIPE, and no signal, now or later. */
static void
write_to_nobody(void)
{
	static struct pier__desc out; /* the engine sees it */
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	adopt(&out, fds[1], PIER__DESC_FILE);
	(void)close(fds[0]);
	assert_int_equal(pier__desc_write(&out, "hi", 2), -EPIPE);
	pier__desc_close(&out);
}

static void
test_no_sigpipe(void **state)
{
	struct sigaction action = { .sa_handler = count_signal };
	struct sigaction before;
	sigset_t pipe_only, mask;

	(void)state;
	signals = 0;
	assert_int_equal(sigaction(SIGPIPE, &action, &before), 0);
	write_to_nobody();
	assert_int_equal(signals, 0);
	/* Blocked by the program: what was pending stays, nothing is added. */
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe_only, &mask), 0);
	write_to_nobody();
	assert_false(is_pending());
	assert_int_equal(raise(SIGPIPE), 0);
	write_to_nobody();
	assert_true(is_pending());
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &mask, NULL), 0);
	assert_int_equal(signals, 1);
	assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_blocking_sockets),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_regular_files),
		cmocka_unit_test(test_closed_descriptors),
		cmocka_unit_test(test_no_sigpipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
