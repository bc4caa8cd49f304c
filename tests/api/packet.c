/* SPDX-License-Identifier: MIT */
/*
 * What packet sockets promise: whole messages, how long they were, where from
 * and where to; replies from the address that was asked; names of Unix
 * sockets; deadlines, abort and ends.
 */
#include <pier.h>

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
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

static const struct pier_packet_opts server_opts = { .listen = true };

static char dir[64];
static char buf[70000];

static int
begin(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/pier-packet-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	/* A file that was left behind makes this fail. */
	return rmdir(dir);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static const char *
unixgram_of(const char *name)
{
	static char endpoint[160];

	(void)snprintf(
		endpoint, sizeof(endpoint), "unixgram://%s", path_of(name));
	return endpoint;
}

static struct pier_packet *
opened(const char *endpoint, const struct pier_packet_opts *opts)
{
	struct pier_packet *packet = NULL;

	if (pier_packet_open(&packet, endpoint, opts, PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
	return packet;
}

static void
cannot_open(const char *endpoint, const struct pier_packet_opts *opts, int rc,
	enum pier_step step)
{
	struct pier_packet *packet = NULL;
	int before = open_fds();

	assert_int_equal(
		pier_packet_open(&packet, endpoint, opts, PIER_FOREVER), rc);
	assert_null(packet);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_int_equal(open_fds(), before);
}

/* A client of server, by the endpoint that it says of itself. */
static struct pier_packet *
client_of(const struct pier_packet *server, const struct pier_packet_opts *opts)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX];

	assert_true(
		pier_packet_endpoint(server, endpoint, sizeof(endpoint)) > 0);
	return opened(endpoint, opts);
}

static void
say(struct pier_packet *packet, const char *text)
{
	if (pier_send(packet, NULL, text, strlen(text), PIER_FOREVER) < 0)
		fail_msg("%s", pier_error_line());
}

static struct pier_msg
heard(struct pier_packet *packet, const char *text)
{
	struct pier_msg msg;

	if (pier_recv(packet, &msg, buf, sizeof(buf), pier_in_ms(5000)) < 0)
		fail_msg("%s", pier_error_line());
	assert_ptr_equal(msg.data, buf);
	assert_int_equal(msg.size, strlen(text));
	assert_int_equal(msg.full_size, msg.size);
	assert_false(msg.truncated);
	assert_memory_equal(buf, text, msg.size);
	return msg;
}

static struct pier_addr
local_of(const struct pier_packet *packet)
{
	struct pier_addr addr;

	assert_int_equal(pier_packet_local(packet, &addr), 0);
	return addr;
}

/* The two talk to each other, and know of each other by the right address. */
static void
converse(struct pier_packet *server, struct pier_packet *client)
{
	struct pier_addr near = local_of(client);
	struct pier_addr peer;
	struct pier_msg msg;

	say(client, "question");
	msg = heard(server, "question");
	assert_true(pier_addr_equal(&msg.peer, &near));
	assert_int_equal(
		pier_reply(server, &msg, "answer", 6, PIER_FOREVER), 0);
	msg = heard(client, "answer");
	/* Whole messages, an empty one too. */
	say(client, "");
	say(client, "Hi!");
	say(client, "Hope you're well");
	(void)heard(server, "");
	(void)heard(server, "Hi!");
	msg = heard(server, "Hope you're well");
	peer = msg.peer;
	assert_int_equal(
		pier_send(server, &peer, "by address", 10, PIER_FOREVER), 0);
	(void)heard(client, "by address");
}

static void
test_udp(void **state)
{
	static const char *const endpoints[] = { "udp://127.0.0.1:0",
		"udp://[::1]:0", "udp4://127.0.0.1:0", "udp6://[::1]:0" };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pier_packet *server = opened(endpoints[i], &server_opts);
		struct pier_packet *client = client_of(server, NULL);
		struct pier_addr there = local_of(server);
		struct pier_addr peer;

		assert_true(pier_addr_port(&there) > 0);
		assert_int_equal(pier_packet_peer(client, &peer), 0);
		assert_true(pier_addr_equal(&peer, &there));
		assert_int_equal(pier_packet_peer(server, &peer), -ENOTCONN);
		converse(server, client);
		assert_true(
			fcntl(pier_packet_fd(server), F_GETFD) & FD_CLOEXEC);
		pier_packet_close(client);
		pier_packet_close(server);
	}
}

static void
test_the_endpoint(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_addr addr = local_of(server);
	char expected[64], text[64];

	(void)state;
	(void)snprintf(expected, sizeof(expected), "udp4://127.0.0.1:%d",
		pier_addr_port(&addr));
	assert_int_equal(pier_packet_endpoint(server, text, sizeof(text)),
		strlen(expected));
	assert_string_equal(text, expected);
	assert_int_equal(pier_packet_endpoint(server, text, 4), -ENOSPC);
	pier_packet_close(server);
}

/* Bound to every address, it answers from the one that was asked: else the
   client, which is connected, would not hear it. */
static void
test_an_answer_comes_from_the_address_asked(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_addr addr = local_of(server);
	char endpoint[64];
	int i;

	(void)state;
	for (i = 1; i < 5; i++) {
		struct pier_packet *client;
		struct pier_addr asked;
		struct pier_msg msg;

		(void)snprintf(endpoint, sizeof(endpoint),
			"udp://127.0.0.%d:%d", i, pier_addr_port(&addr));
		client = opened(endpoint, NULL);
		assert_int_equal(pier_packet_peer(client, &asked), 0);
		say(client, "who?");
		msg = heard(server, "who?");
		assert_true(pier_addr_equal(&msg.local, &asked));
		assert_int_equal(msg.interface, 1);
		assert_int_equal(
			pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
		(void)heard(client, "I");
		pier_packet_close(client);
	}
	pier_packet_close(server);
}

static void
test_an_answer_over_ip6(void **state)
{
	struct pier_packet *server = opened("udp6://:0", &server_opts);
	struct pier_addr addr = local_of(server);
	struct pier_packet *client;
	struct pier_msg msg;
	char endpoint[64];

	(void)state;
	(void)snprintf(endpoint, sizeof(endpoint), "udp://[::1]:%d",
		pier_addr_port(&addr));
	client = opened(endpoint, NULL);
	say(client, "who?");
	msg = heard(server, "who?");
	assert_int_equal(pier_addr_family(&msg.local), AF_INET6);
	assert_int_equal(pier_addr_port(&msg.local), pier_addr_port(&addr));
	assert_int_equal(msg.interface, 1);
	assert_int_equal(pier_reply(server, &msg, "I", 1, PIER_FOREVER), 0);
	(void)heard(client, "I");
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_every_address_is_two_sockets(void **state)
{
	struct pier_packet *server[2] = { NULL, NULL };
	struct pier_addr addr[2];
	char endpoint[64];
	int i;

	(void)state;
	assert_int_equal(pier_packet_open_all(server, 2, "udp://:0",
				 &server_opts, PIER_FOREVER),
		2);
	for (i = 0; i < 2; i++)
		addr[i] = local_of(server[i]);
	assert_int_equal(pier_addr_family(&addr[0]), AF_INET6);
	assert_int_equal(pier_addr_family(&addr[1]), AF_INET);
	assert_int_equal(pier_addr_port(&addr[0]), pier_addr_port(&addr[1]));
	for (i = 0; i < 2; i++) {
		struct pier_packet *client;

		(void)snprintf(endpoint, sizeof(endpoint),
			i == 0 ? "udp://[::1]:%d" : "udp://127.0.0.1:%d",
			pier_addr_port(&addr[0]));
		client = opened(endpoint, NULL);
		converse(server[i], client);
		pier_packet_close(client);
	}
	for (i = 0; i < 2; i++)
		pier_packet_close(server[i]);
}

static void
test_ports_in_use(void **state)
{
	static const struct pier_packet_opts shared = { .listen = true,
		.reuse_port = true };
	struct pier_packet *none[2] = { NULL, NULL };
	struct pier_packet *ip4 = opened("udp4://:0", &server_opts);
	struct pier_packet *other;
	struct pier_addr addr = local_of(ip4);
	char endpoint[64];
	int before = open_fds();

	(void)state;
	(void)snprintf(
		endpoint, sizeof(endpoint), "udp://:%d", pier_addr_port(&addr));
	/* IPv6 could be had, IPv4 cannot: neither is. */
	assert_int_equal(pier_packet_open_all(
				 none, 2, endpoint, &server_opts, PIER_FOREVER),
		-EADDRINUSE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_BIND);
	assert_null(none[0]);
	assert_int_equal(open_fds(), before);
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://:%d",
		pier_addr_port(&addr));
	cannot_open(endpoint, &server_opts, -EADDRINUSE, PIER_STEP_BIND);
	pier_packet_close(ip4);
	ip4 = opened(endpoint, &shared);
	other = opened(endpoint, &shared);
	pier_packet_close(ip4);
	pier_packet_close(other);
}

static void
test_one_socket_where_one_was_asked_for(void **state)
{
	struct pier_packet *one[2];

	(void)state;
	cannot_open("udp://:0", &server_opts, -EINVAL, PIER_STEP_BIND);
	assert_non_null(strstr(pier_error_line(), "pier_packet_open_all"));
	assert_int_equal(pier_packet_open_all(one, 2, "udp4://:0", &server_opts,
				 PIER_FOREVER),
		1);
	pier_packet_close(one[0]);
	assert_int_equal(pier_packet_open_all(one, 2, "udp://127.0.0.1:0",
				 &server_opts, PIER_FOREVER),
		1);
	pier_packet_close(one[0]);
}

static void
test_a_closed_port_is_told(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_msg msg;

	(void)state;
	pier_packet_close(server);
	say(client, "anybody?");
	assert_int_equal(
		pier_recv(client, &msg, buf, sizeof(buf), pier_in_ms(5000)),
		-ECONNREFUSED);
	assert_int_equal(pier_last_error()->step, PIER_STEP_RECEIVE);
	/* Once told, it goes on. */
	assert_int_equal(
		pier_recv(client, &msg, buf, sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	pier_packet_close(client);
}

static void
test_messages_that_are_too_long(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	static char big[PIER_PACKET_MAX + 1];
	struct pier_msg msg;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(
		pier_send(client, NULL, big, sizeof(big), PIER_FOREVER),
		-EMSGSIZE);
	assert_int_equal(pier_last_error()->step, PIER_STEP_SEND);
	assert_int_equal(
		pier_send(client, NULL, big, PIER_PACKET_MAX, PIER_FOREVER), 0);
	assert_int_equal(pier_recv(server, &msg, buf, 10, pier_in_ms(5000)), 0);
	assert_int_equal(msg.size, 10);
	assert_int_equal(msg.full_size, PIER_PACKET_MAX);
	assert_true(msg.truncated);
	/* The rest of it is gone. */
	assert_int_equal(pier_recv(server, &msg, buf, 10, PIER_NOW), -EAGAIN);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_deadlines(void **state)
{
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, NULL);
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(-1)),
		-PIER_EDEADLINE);
	assert_int_equal(pier_packet_timeout(server), PIER_NO_TIMEOUT);
	pier_set_default_timeout(5);
	assert_int_equal(pier_packet_timeout(server), 5);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_DEFAULT),
		-PIER_EDEADLINE);
	assert_int_equal(pier_packet_set_timeout(server, 0), 0);
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_DEFAULT),
		-EAGAIN);
	pier_set_default_timeout(PIER_NO_TIMEOUT);
	say(client, "now");
	assert_int_equal(
		pier_recv(server, &msg, buf, sizeof(buf), PIER_NOW), 0);
	pier_packet_close(client);
	pier_packet_close(server);
}

static void
test_nobody_to_send_to(void **state)
{
	static const struct pier_packet_opts loose = { .unconnected = true };
	struct pier_packet *server = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *other = opened("udp://127.0.0.1:0", &server_opts);
	struct pier_packet *client = client_of(server, &loose);
	struct pier_addr addr = { .len = 0 };
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_send(server, NULL, "x", 1, PIER_FOREVER), -EDESTADDRREQ);
	assert_int_equal(
		pier_send(server, &addr, "x", 1, PIER_FOREVER), -EDESTADDRREQ);
	/* A client that is not connected knows where it was opened for, and
	   hears from others too. */
	assert_int_equal(pier_packet_peer(client, &addr), -ENOTCONN);
	say(client, "hello");
	msg = heard(server, "hello");
	assert_int_equal(
		pier_send(other, &msg.peer, "from another", 12, PIER_FOREVER),
		0);
	(void)heard(client, "from another");
	pier_packet_close(client);
	pier_packet_close(other);
	pier_packet_close(server);
}

static void
test_a_broadcast_needs_its_option(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);
	struct pier_addr all;

	(void)state;
	assert_int_equal(pier_addr_parse(&all, "255.255.255.255:9"), 0);
	assert_int_equal(
		pier_send(server, &all, "x", 1, PIER_FOREVER), -EACCES);
	assert_non_null(strstr(pier_error_line(), "SO_BROADCAST"));
	pier_packet_close(server);
}

static void
test_a_local_address(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_packet_opts opts = { .bind = "127.0.0.2" };
	struct pier_packet *client = client_of(server, &opts);
	struct pier_addr addr = local_of(client);
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_true(pier_addr_format_host(&addr, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.2");
	converse(server, client);
	pier_packet_close(client);
	opts.bind = "::1";
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRNOTAVAIL, PIER_STEP_BIND);
	opts.bind = "192.0.2.1";
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRNOTAVAIL, PIER_STEP_BIND);
	opts.bind = "nonsense";
	cannot_open("udp://127.0.0.1:9", &opts, -EINVAL, PIER_STEP_PARSE);
	pier_packet_close(server);
}

/* A port that a client has is its alone, and it has one before it speaks. */
static void
test_a_local_port(void **state)
{
	struct pier_packet *server = opened("udp4://127.0.0.1:0", &server_opts);
	struct pier_packet_opts opts = { .bind = "127.0.0.2",
		.unconnected = true };
	struct pier_packet *client = client_of(server, &opts);
	struct pier_addr addr = local_of(client);
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_true(pier_addr_port(&addr) > 0);
	assert_int_equal(pier_send(server, &addr, "first", 5, PIER_FOREVER), 0);
	(void)heard(client, "first");
	assert_true(pier_addr_format(&addr, text, sizeof(text)) > 0);
	opts.bind = text;
	cannot_open("udp://127.0.0.1:9", &opts, -EADDRINUSE, PIER_STEP_BIND);
	pier_packet_close(client);
	pier_packet_close(server);
}

static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[2];

	(void)service;
	(void)deadline;
	assert_string_equal(host, "many.example");
	assert_int_equal(opts->type, SOCK_DGRAM);
	assert_int_equal(pier_addr_parse(&addrs[0], arg), 0);
	assert_int_equal(pier_addr_parse(&addrs[1], "127.0.0.1"), 0);
	return pier_names_make(out, addrs, 2, NULL);
}

/* The kernel has no way to the first: the second is it. */
static void
test_the_first_address_that_works(void **state)
{
	static char nowhere[] = "255.255.255.255";
	struct pier_packet_opts opts = { .lookup = lookup,
		.lookup_arg = nowhere };
	struct pier_packet *client = opened("udp://many.example:9", &opts);
	struct pier_addr peer;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_packet_peer(client, &peer), 0);
	assert_true(pier_addr_format(&peer, text, sizeof(text)) > 0);
	assert_string_equal(text, "127.0.0.1:9");
	pier_packet_close(client);
}

static void
test_unixgram(void **state)
{
	struct pier_packet *server = opened(unixgram_of("x"), &server_opts);
	struct pier_packet *client = opened(unixgram_of("x"), NULL);
	struct pier_addr own = local_of(client);
	char text[PIER_ENDPOINT_TEXT_MAX];
	struct stat file;

	(void)state;
	/* The kernel gave the client an abstract name. */
	assert_true(pier_packet_endpoint(client, text, sizeof(text)) > 0);
	assert_int_equal(strncmp(text, "unixgram://@", 12), 0);
	assert_true(own.len > sizeof(sa_family_t));
	converse(server, client);
	cannot_open(
		unixgram_of("x"), &server_opts, -EADDRINUSE, PIER_STEP_BIND);
	pier_packet_close(server);
	assert_int_equal(lstat(path_of("x"), &file), -1);
	assert_int_equal(
		pier_send(client, NULL, "x", 1, PIER_FOREVER), -ECONNREFUSED);
	pier_packet_close(client);
	cannot_open(unixgram_of("x"), NULL, -ENOENT, PIER_STEP_CONNECT);
}

static void
test_names_of_unixgram_clients(void **state)
{
	struct pier_packet *server = opened(unixgram_of("x"), &server_opts);
	struct pier_packet_opts opts = { .mode = 0600 };
	char path[128], abstract[64];
	struct pier_packet *client;
	struct stat file;

	(void)state;
	(void)strcpy(path, path_of("client"));
	opts.bind = path;
	client = opened(unixgram_of("x"), &opts);
	assert_int_equal(lstat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	converse(server, client);
	pier_packet_close(client);
	assert_int_equal(lstat(path, &file), -1);
	(void)snprintf(
		abstract, sizeof(abstract), "@pier-packet-%d", (int)getpid());
	opts.bind = abstract;
	client = opened(unixgram_of("x"), &opts);
	converse(server, client);
	pier_packet_close(client);
	opts.bind = "127.0.0.1:7";
	cannot_open(unixgram_of("x"), &opts, -EINVAL, PIER_STEP_PARSE);
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
	cannot_open(
		unixgram_of("stale"), NULL, -ECONNREFUSED, PIER_STEP_CONNECT);
	server = opened(unixgram_of("stale"), &server_opts);
	client = opened(unixgram_of("stale"), NULL);
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
	struct pier_packet *server = opened(unixgram_of("x"), &server_opts);
	struct pier_packet *client = opened(unixgram_of("x"), NULL);

	(void)state;
	fill_queue(client, server);
	pier_packet_close(client);
	client = opened(unixgram_of("x"), &loose);
	fill_queue(client, server);
	pier_packet_close(client);
	pier_packet_close(server);
}

/* A descriptor that somebody passes along is not taken in. */
static void
test_passed_descriptors_are_refused(void **state)
{
	struct pier_packet *server = opened(unixgram_of("x"), &server_opts);
	struct pier_packet *client = opened(unixgram_of("x"), NULL);
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
	struct pier_packet *server = opened(unixgram_of("x"), &server_opts);
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

static void
test_a_descriptor_that_is_open(void **state)
{
	struct pier_packet *one;
	char endpoint[32], text[32];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	one = opened(endpoint, NULL);
	/* It blocks, and is left so; yet the deadline holds. */
	assert_int_equal(pier_recv(one, &(struct pier_msg){ .size = 0 }, buf,
				 sizeof(buf), pier_in_ms(5)),
		-PIER_EDEADLINE);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(pier_packet_endpoint(one, text, sizeof(text)),
		strlen(endpoint));
	assert_string_equal(text, endpoint);
	say(one, "hello");
	assert_int_equal(read(fds[1], buf, sizeof(buf)), 5);
	pier_packet_close(one);
	(void)close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	(void)snprintf(endpoint, sizeof(endpoint), "fd://%d", fds[0]);
	cannot_open(endpoint, NULL, -EINVAL, PIER_STEP_CREATE);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_what_cannot_be_opened(void **state)
{
	(void)state;
	cannot_open("tcp://127.0.0.1:7", NULL, -EINVAL, PIER_STEP_PARSE);
	cannot_open("udp://127.0.0.1", NULL, -EINVAL, PIER_STEP_PARSE);
	cannot_open("udp://192.0.2.1:0", &server_opts, -EADDRNOTAVAIL,
		PIER_STEP_BIND);
	cannot_open("fd://9999", NULL, -EBADF, PIER_STEP_CREATE);
	pier_packet_close(NULL);
}

struct aborted {
	struct pier_packet *packet;
	struct pier_addr to;
	int rc;
};

static int
receive_for_ever(void *arg)
{
	struct aborted *it = arg;
	struct pier_msg msg;
	char byte;

	it->rc = pier_recv(it->packet, &msg, &byte, 1, PIER_FOREVER);
	/* And so does every later call. */
	assert_int_equal(pier_recv(it->packet, &msg, &byte, 1, PIER_FOREVER),
		-ECONNABORTED);
	assert_int_equal(pier_send(it->packet, &it->to, "x", 1, PIER_FOREVER),
		-ECONNABORTED);
	return 0;
}

static int
abort_it(void *arg)
{
	struct aborted *it = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, receive_for_ever, it), 0);
	assert_int_equal(pier_sleep(pier_in_ms(5)), 0);
	pier_packet_abort(it->packet);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	assert_int_equal(it->rc, -ECONNABORTED);
	return 0;
}

static void
test_abort(void **state)
{
	static const struct pier_run_opts kinds[] = {
		{ .kind = PIER_TASK_FIBER, .stack_size = 262144 },
		{ .kind = PIER_TASK_THREAD },
	};
	struct aborted it;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		it.packet = i < 2 ? opened("udp4://:0", &server_opts)
				  : opened(unixgram_of("x"), &server_opts);
		it.to = local_of(it.packet);
		assert_int_equal(
			pier_run(abort_it, &it, &kinds[i % 2], NULL), 0);
		pier_packet_close(it.packet);
	}
}

static int
use_once(void *arg)
{
	struct pier_packet *server = arg;
	struct pier_msg msg;

	return pier_recv(server, &msg, buf, sizeof(buf), pier_in_ms(2));
}

static int
use_and_move(void *arg)
{
	assert_int_equal(use_once(arg), -PIER_EDEADLINE);
	assert_int_equal(pier_packet_move(arg), 0);
	return 0;
}

static void
test_moved_to_another_scheduler(void **state)
{
	struct pier_packet *server = opened("udp4://:0", &server_opts);

	(void)state;
	assert_int_equal(pier_run(use_and_move, server, NULL, NULL), 0);
	assert_int_equal(
		pier_run(use_once, server, NULL, NULL), -PIER_EDEADLINE);
	pier_packet_close(server);
}

/* All of it again inside a fiber, on the other engine. */
static int
in_a_fiber(void *arg)
{
	void **state = arg;

	test_udp(state);
	test_every_address_is_two_sockets(state);
	test_a_closed_port_is_told(state);
	test_deadlines(state);
	test_unixgram(state);
	test_a_full_queue(state);
	test_a_descriptor_that_is_open(state);
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
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_the_endpoint),
		cmocka_unit_test(test_an_answer_comes_from_the_address_asked),
		cmocka_unit_test(test_an_answer_over_ip6),
		cmocka_unit_test(test_every_address_is_two_sockets),
		cmocka_unit_test(test_ports_in_use),
		cmocka_unit_test(test_one_socket_where_one_was_asked_for),
		cmocka_unit_test(test_a_closed_port_is_told),
		cmocka_unit_test(test_messages_that_are_too_long),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_nobody_to_send_to),
		cmocka_unit_test(test_a_broadcast_needs_its_option),
		cmocka_unit_test(test_a_local_address),
		cmocka_unit_test(test_a_local_port),
		cmocka_unit_test(test_the_first_address_that_works),
		cmocka_unit_test(test_unixgram),
		cmocka_unit_test(test_names_of_unixgram_clients),
		cmocka_unit_test(test_a_stale_unixgram_socket),
		cmocka_unit_test(test_a_full_queue),
		cmocka_unit_test(test_passed_descriptors_are_refused),
		cmocka_unit_test(test_an_unnamed_sender),
		cmocka_unit_test(test_a_descriptor_that_is_open),
		cmocka_unit_test(test_what_cannot_be_opened),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_moved_to_another_scheduler),
		cmocka_unit_test(test_in_a_fiber),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
