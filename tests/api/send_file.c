/* SPDX-License-Identifier: MIT */
/* tests/api/send_file.c - files over TCP and Unix streams, by sendfile(2) and
   by hand. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "scale.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(60)

#define FILE_SIZE 3000001

/* On no fiber's stack: the tasks share them. */
static struct pier_stream *near, *far;
static unsigned char content[FILE_SIZE], came[FILE_SIZE];
static size_t came_size;

static int
open_file(size_t size)
{
	char path[] = "/tmp/pier-send-XXXXXX";
	int fd = mkstemp(path);
	size_t i;

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	for (i = 0; i < size; i++)
		content[i] = (unsigned char)(i * 31 + i / 509);
	assert_int_equal(write(fd, content, size), size);
	return fd;
}

static void
open_tcp(void)
{
	struct pier_listener *listener;
	char where[64];

	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0", NULL, HANGS), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&near, where, NULL, HANGS), 0);
	assert_int_equal(pier_accept(&far, listener, HANGS), 0);
	pier_listener_close(listener);
}

static void
open_pair(void)
{
	assert_int_equal(pier_pair(&near, &far), 0);
}

/* Sockets that somebody else made, and that block. */
static void
open_blocking(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pier_adopt(&near, fds[0]), 0);
	assert_int_equal(pier_adopt(&far, fds[1]), 0);
}

static void
close_both(void)
{
	pier_close(near);
	pier_close(far);
}

static int
takes_all(void *arg)
{
	ssize_t n;

	(void)arg;
	came_size = 0;
	while ((n = pier_read(far, came + came_size, FILE_SIZE - came_size,
			HANGS)) > 0)
		came_size += (size_t)n;
	return (int)n;
}

static void
expect_whole(void (*open_both)(void))
{
	struct pier_group *group;
	int fd = open_file(FILE_SIZE);

	open_both();
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, takes_all, NULL), 0);
	/* After what is gathered; a part, then from there to the end. */
	assert_int_equal(pier_printf(near, "%c", content[0]), 1);
	assert_int_equal(pier_send_file(near, fd, 1, 1000, HANGS), 1000);
	assert_int_equal(
		pier_send_file(near, fd, 1001, -1, HANGS), FILE_SIZE - 1001);
	assert_int_equal(pier_send_file(near, fd, FILE_SIZE, 5, HANGS), 0);
	assert_int_equal(pier_send_file(near, fd, 0, 0, HANGS), 0);
	assert_int_equal(pier_bytes_out(near), FILE_SIZE);
	/* Nobody moved where the file stands. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), FILE_SIZE);
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	assert_int_equal(came_size, FILE_SIZE);
	assert_memory_equal(came, content, FILE_SIZE);
	close_both();
	close(fd);
}

/* A deadline in the middle says how far it got, and it goes on from there. */
static void
goes_on(void (*open_both)(void))
{
	int fd = open_file(FILE_SIZE);
	size_t done = 0;
	ssize_t rc;
	int i;

	open_both();
	came_size = 0;
	do {
		ssize_t n;

		rc = pier_send_file(near, fd, (int64_t)done, -1, PIER_NOW);
		if (rc < 0) {
			assert_int_equal(rc, -EAGAIN);
			assert_int_equal(pier_last_error()->code, -EAGAIN);
			done += pier_last_error()->done;
		} else {
			done += (size_t)rc;
		}
		n = pier_read(far, came + came_size, FILE_SIZE - came_size,
			done > came_size ? HANGS : PIER_NOW);
		assert_true(n > 0);
		came_size += (size_t)n;
	} while (rc < 0);
	assert_int_equal(done, FILE_SIZE);
	assert_int_equal(
		pier_read_full(far, came + came_size, done - came_size, HANGS),
		done - came_size);
	assert_memory_equal(came, content, FILE_SIZE);
	/* Nobody reads: once the queues are full, of which TCP's have grown, the
	   deadline ends it. */
	rc = FILE_SIZE;
	for (i = 0; i < 10 && rc == FILE_SIZE; i++)
		rc = pier_send_file(near, fd, 0, -1, pier_in_ms(5));
	assert_int_equal(rc, -PIER_EDEADLINE);
	assert_true(pier_last_error()->done < FILE_SIZE);
	close_both();
	close(fd);
}

/* A file that ends early, as one that was cut meanwhile. */
static int
cuts_when_some_came(void *arg)
{
	int fd = *(int *)arg;

	assert_true(pier_read(far, came, 1, HANGS) == 1);
	assert_int_equal(ftruncate(fd, FILE_SIZE / 2), 0);
	while (pier_read(far, came, FILE_SIZE, HANGS) > 0)
		;
	return 0;
}

static void
tells_of_a_shorter_file(void (*open_both)(void))
{
	static int fd;
	struct pier_group *group;
	ssize_t n;

	fd = open_file(1000);
	open_both();
	assert_int_equal(pier_send_file(near, fd, 0, 5000, HANGS), 1000);
	assert_int_equal(pier_read_full(far, came, 1000, HANGS), 1000);
	close(fd);
	fd = open_file(FILE_SIZE);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, cuts_when_some_came, &fd), 0);
	n = pier_send_file(near, fd, 0, FILE_SIZE, HANGS);
	/* It is over before, or had gone already. */
	assert_true(n >= FILE_SIZE / 2 || n >= 200000);
	assert_true(n <= FILE_SIZE);
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	close_both();
	close(fd);
}

static void
tells_causes(void)
{
	sigset_t pending;
	int fds[2];
	int fd = open_file(1000);
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int directory = open("/", O_RDONLY | O_CLOEXEC);
	int to = open("/dev/null", O_WRONLY | O_CLOEXEC);

	open_tcp();
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pier_send_file(near, fd, -1, 5, HANGS), -EINVAL);
	assert_int_equal(pier_send_file(near, fds[0], 0, 5, HANGS), -ESPIPE);
	assert_int_equal(pier_send_file(near, -1, 0, 5, HANGS), -EBADF);
	assert_int_equal(pier_send_file(near, to, 0, 5, HANGS), -EBADF);
	assert_int_equal(pier_send_file(near, directory, 0, 5, HANGS), -EISDIR);
	assert_int_equal(pier_last_error()->done, 0);
	/* No file that can be mapped, and has no end. */
	memset(came, 1, 5);
	assert_int_equal(pier_send_file(near, zero, 7, 5, HANGS), 5);
	assert_int_equal(pier_read_full(far, came, 5, HANGS), 5);
	assert_memory_equal(came, "\0\0\0\0\0", 5);
	close_both();

	/* A peer that has gone is an error, and no signal. */
	open_pair();
	pier_close(far);
	far = NULL;
	assert_int_equal(pier_send_file(near, fd, 0, -1, HANGS), -EPIPE);
	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGPIPE));
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_send_file(near, fd, 0, -1, HANGS), -PIER_EDONE);
	close_both();
	close(fd);
	close(fds[0]);
	close(fds[1]);
	close(zero);
	close(directory);
	close(to);
}

static int
all(void *arg)
{
	(void)arg;
	expect_whole(open_tcp);
	expect_whole(open_pair);
	expect_whole(open_blocking);
	goes_on(open_tcp);
	goes_on(open_pair);
	goes_on(open_blocking);
	tells_of_a_shorter_file(open_tcp);
	tells_of_a_shorter_file(open_pair);
	tells_of_a_shorter_file(open_blocking);
	tells_causes();
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(all, NULL, NULL, NULL), 0);
}

static void
test_in_a_thread(void **state)
{
	static const struct pier_run_opts opts = { .kind = PIER_TASK_THREAD };

	(void)state;
	assert_int_equal(pier_run(all, NULL, &opts, NULL), 0);
}

/* Past 2 GiB and 4 GiB: a hole with marks at its ends. */
static int
far_into_a_file(void *arg)
{
	const int64_t at = ((int64_t)5 << 30) - 3;
	int fd = open_file(0);

	(void)arg;
	open_tcp();
	if (pwrite(fd, "marks", 5, at) != 5) {
		close_both();
		close(fd);
		return 1;
	}
	assert_int_equal(pier_send_file(near, fd, at - 2, -1, HANGS), 7);
	assert_int_equal(pier_read_full(far, came, 7, HANGS), 7);
	assert_memory_equal(came, "\0\0marks", 7);
	close_both();
	close(fd);
	return 0;
}

static int
counts_all(void *arg)
{
	int64_t *sum = arg;
	const void *data;
	ssize_t n;

	while ((n = pier_peek(far, &data, 1, HANGS)) > 0) {
		*sum += n;
		(void)pier_take(far, (size_t)n);
	}
	return (int)n;
}

static int
more_than_one_call_takes(void *arg)
{
	static int64_t sum;
	const int64_t size = ((int64_t)1 << 31) + 4097;
	struct pier_group *group;
	int fd = open_file(0);

	(void)arg;
	sum = 0;
	open_pair();
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, counts_all, &sum), 0);
	assert_int_equal(pier_send_file(near, fd, 0, -1, HANGS), size);
	assert_int_equal(pier_shutdown(near, PIER_WRITING, HANGS), 0);
	assert_int_equal(pier_group_wait(group, HANGS), 0);
	pier_group_close(group);
	assert_true(sum == size);
	close_both();
	close(fd);
	return 0;
}

static void
test_far_into_a_file(void **state)
{
	(void)state;
	if (pier_run(far_into_a_file, NULL, NULL, NULL) == 1) {
		print_message("# a file system with smaller files\n");
		skip();
	}
}

static void
test_more_than_2_gib(void **state)
{
	(void)state;
	if (test_scale(false, true)) {
		print_message("# 2 GiB take minutes on an emulated machine\n");
		skip();
	}
	assert_int_equal(
		pier_run(more_than_one_call_takes, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_in_a_thread),
		cmocka_unit_test(test_far_into_a_file),
		cmocka_unit_test(test_more_than_2_gib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
