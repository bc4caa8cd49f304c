/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets whose path is longer than the 107 bytes that a socket address
 * holds: as those of short ones, and no descriptor is left.
 */
#include "packets.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

#define SOON pier_in_s(20)

static char folder[600];

static int
begin(void **state)
{
	int i, rc = folder_begin(state);

	(void)snprintf(folder, sizeof(folder), "%s", path_of("a"));
	for (i = 0; rc == 0 && i < 4; i++) {
		size_t len = strlen(folder);

		if (i > 0)
			(void)snprintf(folder + len, sizeof(folder) - len,
				"/%0100d", i);
		rc = mkdir(folder, 0700);
	}
	return rc;
}

static int
end(void **state)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (rmdir(folder) < 0)
			return -1;
		*strrchr(folder, '/') = '\0';
	}
	return folder_end(state);
}

/* "SCHEME://" and the name in the long folder. */
static const char *
at(char *text, const char *scheme, const char *name)
{
	(void)snprintf(text, 1000, "%s://%s/%s", scheme, folder, name);
	return text;
}

static void
is_there(const char *name, mode_t mode)
{
	char path[700];
	struct stat file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (mode == 0) {
		assert_int_equal(lstat(path, &file), -1);
		return;
	}
	assert_int_equal(lstat(path, &file), 0);
	assert_true(S_ISSOCK(file.st_mode));
	assert_int_equal(file.st_mode & 07777, mode);
}

static void
test_streams(void **state)
{
	static const struct pier_listen_opts opts = { .mode = 0640 };
	int before = open_fds();
	struct pier_listener *listener, *second;
	struct pier_stream *client, *server;
	char where[1000], text[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	(void)at(where, "unix", "stream");
	assert_true(strlen(where) > 300);
	assert_int_equal(pier_dial(&client, where, NULL, SOON), -ENOENT);
	assert_int_equal(pier_listen(&listener, where, &opts, SOON), 0);
	is_there("stream", 0640);
	assert_true(pier_listener_endpoint(listener, text, sizeof(text)) > 0);
	assert_string_equal(text, where);
	assert_int_equal(pier_dial(&client, where, NULL, SOON), 0);
	assert_int_equal(pier_accept(&server, listener, SOON), 0);
	assert_int_equal(pier_write(client, "hi\n", 3, SOON), 0);
	assert_int_equal(pier_read_line(server, text, 10, SOON), 3);
	assert_int_equal(pier_listen(&second, where, NULL, SOON), -EADDRINUSE);
	pier_close(client);
	pier_close(server);
	pier_listener_close(listener);
	is_there("stream", 0);
	assert_int_equal(open_fds(), before);
}

static void
leave_stale(const char *name, int type)
{
	struct pier_addr addr;
	char text[120];
	int dir = open(folder, O_PATH | O_CLOEXEC);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	(void)snprintf(text, sizeof(text), "/proc/self/fd/%d/%s", dir, name);
	assert_int_equal(pier_addr_parse(&addr, text), 0);
	assert_int_equal(bind(fd, &addr.u.sa, addr.len), 0);
	(void)close(fd);
	(void)close(dir);
}

/* What somebody left is replaced; what somebody has replaced is not ours. */
static void
test_stale_and_replaced(void **state)
{
	int before = open_fds();
	struct pier_listener *first, *second;
	char where[1000], path[700];

	(void)state;
	leave_stale("stale", SOCK_STREAM);
	(void)at(where, "unix", "stale");
	assert_int_equal(pier_listen(&first, where, NULL, SOON), 0);
	(void)snprintf(path, sizeof(path), "%s/stale", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(pier_listen(&second, where, NULL, SOON), 0);
	pier_listener_close(first);
	assert_int_equal(access(path, F_OK), 0);
	pier_listener_close(second);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(open_fds(), before);
}

static void
test_packets(void **state)
{
	int before = open_fds();
	struct pier_packet_opts opts = { .mode = 0600 };
	struct pier_listener *listener;
	struct pier_packet *server, *client;
	struct pier_msg msg;
	char where[1000], mine[700], text[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	(void)at(where, "unixgram", "gram");
	cannot_open(where, NULL, -ENOENT, PIER_STEP_CONNECT);
	server = opened(where, &server_opts);
	assert_true(pier_packet_endpoint(server, text, sizeof(text)) > 0);
	assert_string_equal(text, where);
	(void)snprintf(mine, sizeof(mine), "%s/mine", folder);
	opts.bind = mine;
	client = opened(where, &opts);
	is_there("mine", 0600);
	say(client, "question");
	msg = heard(server, "question");
	assert_int_equal(pier_reply(server, &msg, "answer", 6, SOON), 0);
	(void)heard(client, "answer");
	pier_packet_close(client);
	is_there("mine", 0);
	opts = (struct pier_packet_opts){ .unconnected = true };
	client = opened(where, &opts);
	say(client, "loose");
	(void)heard(server, "loose");
	pier_packet_close(client);
	pier_packet_close(server);
	is_there("gram", 0);
	(void)at(where, "seqpacket", "seq");
	assert_int_equal(pier_listen(&listener, where, NULL, SOON), 0);
	client = opened(where, NULL);
	assert_int_equal(pier_packet_accept(&server, listener, SOON), 0);
	say(client, "x");
	(void)heard(server, "x");
	pier_packet_close(client);
	pier_packet_close(server);
	pier_listener_close(listener);
	is_there("seq", 0);
	assert_int_equal(open_fds(), before);
}

static void
test_limits_are_named(void **state)
{
	struct pier_endpoint_check check;
	char name[87], where[1000];

	(void)state;
	memset(name, 'n', 86);
	name[86] = '\0';
	assert_int_equal(pier_endpoint_check(at(where, "unix", name), &check),
		-ENAMETOOLONG);
	assert_string_equal(check.text, "86 bytes where the last name of a "
					"path of more than 107 bytes has at "
					"most 85");
	assert_int_equal(check.offset, strlen(where) - 86);
	name[85] = '\0';
	assert_int_equal(
		pier_endpoint_check(at(where, "unix", name), &check), 0);
	assert_int_equal(
		pier_endpoint_check(at(where, "unix", ""), &check), -EINVAL);
}

/* A server reports it, and removes the file at its end. */
static int
stop_at_once(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	pier_server_stop(pier_conn(stream)->server);
	return 0;
}

static void
test_a_server(void **state)
{
	int before = open_fds();
	char where[1000], text[PIER_ENDPOINT_TEXT_MAX];
	struct pier_server_opts opts = { .endpoint = at(where, "unix", "srv"),
		.handler = stop_at_once };
	struct pier_server *server;
	struct pier_stream *client;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_true(pier_server_endpoint(server, 0, text, sizeof(text)) > 0);
	assert_string_equal(text, where);
	assert_int_equal(pier_dial(&client, where, NULL, SOON), 0);
	pier_close(client);
	assert_int_equal(pier_server_run(server), 0);
	pier_server_close(server);
	is_there("srv", 0);
	assert_int_equal(open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_stale_and_replaced),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_limits_are_named),
		cmocka_unit_test(test_a_server),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
