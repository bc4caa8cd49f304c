/* SPDX-License-Identifier: MIT */
/*
 * What pier_listen() promises of Unix sockets: their files, which have the mode
 * that was asked for, replace what is stale and nothing else, and are removed
 * by who made them; and names without a file.
 */
#include "listening.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

static int
connect_unix(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(name.sun_path));
	(void)memcpy(name.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
		int rc = -errno;

		(void)close(fd);
		return rc;
	}
	return fd;
}

static void
test_a_unix_socket(void **state)
{
	struct pier_listener *listener =
		listening(endpoint_of("unix", "x"), NULL);
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_stream *stream;
	struct stat file;
	int fd;

	(void)state;
	assert_true(pier_listener_endpoint(listener, text, sizeof(text)) > 0);
	assert_string_equal(text, endpoint_of("unix", "x"));
	assert_int_equal(lstat(path_of("x"), &file), 0);
	assert_true(S_ISSOCK(file.st_mode));
	fd = connect_unix(path_of("x"));
	assert_true(fd >= 0);
	assert_int_equal(pier_accept(&stream, listener, PIER_FOREVER), 0);
	pier_close(stream);
	(void)close(fd);
	/* Somebody listens: it is not taken away. */
	cannot_listen(endpoint_of("unix", "x"), -EADDRINUSE, PIER_STEP_BIND);
	pier_listener_close(listener);
	assert_int_equal(lstat(path_of("x"), &file), -1);
}

static void
test_a_path_that_cannot_be(void **state)
{
	(void)state;
	cannot_listen("unix:///nowhere/at/all", -ENOENT, PIER_STEP_BIND);
	cannot_listen("unix:///dev/null/x", -ENOTDIR, PIER_STEP_BIND);
	cannot_listen("unix:///dev/null", -EADDRINUSE, PIER_STEP_BIND);
}

static void
test_the_mode_of_a_unix_socket(void **state)
{
	static const unsigned int modes[] = { 0600, 0660, 0666, 0777 };
	static const struct pier_listen_opts beyond = { .mode = 010600 };
	struct pier_listener *none = NULL;
	mode_t before = umask(027);
	struct stat file;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const struct pier_listen_opts opts = { .mode = modes[i] };
		struct pier_listener *listener =
			listening(endpoint_of("unix", "mode"), &opts);

		assert_int_equal(lstat(path_of("mode"), &file), 0);
		assert_int_equal(file.st_mode & 07777, modes[i]);
		pier_listener_close(listener);
	}
	assert_int_equal(pier_listen(&none, endpoint_of("unix", "mode"),
				 &beyond, PIER_NOW),
		-EINVAL);
	assert_int_equal(lstat(path_of("mode"), &file), -1);
	pier_listener_close(listening(endpoint_of("unix", "mode"), NULL));
	/* The umask is the process's, and still what it was. */
	assert_int_equal(umask(before), 027);
}

/* A socket whose owner died: the file is there and nobody answers. */
static void
leave_stale(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(name.sun_path));
	(void)memcpy(name.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	(void)close(fd);
}

static void
test_a_stale_unix_socket_is_replaced(void **state)
{
	struct pier_listener *listener;
	int fd;

	(void)state;
	leave_stale(path_of("stale"));
	assert_int_equal(connect_unix(path_of("stale")), -ECONNREFUSED);
	listener = listening(endpoint_of("unix", "stale"), NULL);
	fd = connect_unix(path_of("stale"));
	assert_true(fd >= 0);
	(void)close(fd);
	pier_listener_close(listener);
}

static void
test_what_is_no_socket_stays(void **state)
{
	char text[8] = "";
	int fd = open(path_of("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, "mine", 4), 4);
	cannot_listen(endpoint_of("unix", "file"), -EADDRINUSE, PIER_STEP_BIND);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 4);
	(void)close(fd);
	assert_int_equal(unlink(path_of("file")), 0);
	/* A link to a stale socket is no socket either. */
	leave_stale(path_of("stale"));
	assert_int_equal(symlink("stale", path_of("link")), 0);
	cannot_listen(endpoint_of("unix", "link"), -EADDRINUSE, PIER_STEP_BIND);
	assert_int_equal(unlink(path_of("link")), 0);
	assert_int_equal(unlink(path_of("stale")), 0);
}

static void
test_only_its_own_file_is_removed(void **state)
{
	struct pier_listener *first =
		listening(endpoint_of("unix", "own"), NULL);
	struct pier_listener *second;
	struct stat file;

	(void)state;
	/* Somebody took the file away, and another server came. */
	assert_int_equal(unlink(path_of("own")), 0);
	second = listening(endpoint_of("unix", "own"), NULL);
	pier_listener_close(first);
	assert_int_equal(lstat(path_of("own"), &file), 0);
	pier_listener_close(second);
	assert_int_equal(lstat(path_of("own"), &file), -1);
}

/* A child that ends what it was born with leaves the name to its parent. */
static void
test_a_child_removes_nothing(void **state)
{
	struct pier_listener *listener =
		listening(endpoint_of("unix", "own"), NULL);
	int status = -1;
	struct stat file;
	pid_t child;
	int fd;

	(void)state;
	child = fork();
	if (child == 0) {
		pier_listener_close(listener);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(lstat(path_of("own"), &file), 0);
	fd = connect_unix(path_of("own"));
	assert_true(fd >= 0);
	(void)close(fd);
	pier_listener_close(listener);
	assert_int_equal(lstat(path_of("own"), &file), -1);
}

static void
test_an_abstract_name(void **state)
{
	char endpoint[64], text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_listener *listener;
	struct pier_stream *client, *server;

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "unix://@pier-listen-%d",
		(int)getpid());
	listener = listening(endpoint, NULL);
	assert_true(pier_listener_endpoint(listener, text, sizeof(text)) > 0);
	assert_string_equal(text, endpoint);
	cannot_listen(endpoint, -EADDRINUSE, PIER_STEP_BIND);
	assert_int_equal(pier_dial(&client, endpoint, NULL, PIER_FOREVER), 0);
	assert_int_equal(pier_accept(&server, listener, PIER_FOREVER), 0);
	pier_close(client);
	pier_close(server);
	pier_listener_close(listener);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_a_unix_socket(state);
	return 0;
}

static void
test_in_a_fiber(void **state)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };

	assert_int_equal(pier_run(in_a_fiber, state, &opts, NULL), 0);
}

static void
test_no_descriptor_is_left(void **state)
{
	int before = open_fds();

	test_a_path_that_cannot_be(state);
	test_what_is_no_socket_stays(state);
	test_a_stale_unix_socket_is_replaced(state);
	assert_int_equal(open_fds(), before);
	pier_listener_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_unix_socket),
		cmocka_unit_test(test_a_path_that_cannot_be),
		cmocka_unit_test(test_the_mode_of_a_unix_socket),
		cmocka_unit_test(test_a_stale_unix_socket_is_replaced),
		cmocka_unit_test(test_what_is_no_socket_stays),
		cmocka_unit_test(test_only_its_own_file_is_removed),
		cmocka_unit_test(test_a_child_removes_nothing),
		cmocka_unit_test(test_an_abstract_name),
		cmocka_unit_test(test_in_a_fiber),
		cmocka_unit_test(test_no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
