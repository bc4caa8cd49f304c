/* SPDX-License-Identifier: MIT */
/* Datagrams and unix sockets of the simulated network. */
#include "os/sim_bed.h"

#include <sys/un.h>

static int
udp_at(struct pier__sim_host *host, const char *ip, uint16_t port)
{
	int fd;

	on(host);
	fd = udp_socket(at(ip, port)->sa_family);
	assert_int_equal(CALL(bind, fd, at(ip, port), sizeof(name)), 0);
	return fd;
}

static void
datagrams_arrive_whole_or_cut(void **state)
{
	int server = udp_at(bed.there, "0.0.0.0", 53), client;
	struct sockaddr_in from;
	char buf[4], control[64];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	char hello[] = "hello";
	struct iovec out = { hello, 5 };
	struct msghdr to = { .msg_iov = &out, .msg_iovlen = 1 };

	(void)state;
	client = udp_at(bed.here, "10.0.0.1", 0);
	to.msg_name = &name;
	to.msg_namelen = sizeof(name);
	(void)at("10.0.0.2", 53);
	assert_int_equal(CALL(sendmsg, client, &to, 0), 5);
	assert_int_equal(CALL(recvmsg, server, &msg, 0), -EAGAIN);
	assert_int_equal(wait_for(server, POLLIN, -1), POLLIN);
	assert_int_equal(CALL(recvmsg, server, &msg, 0), 4);
	assert_true((msg.msg_flags & MSG_TRUNC) != 0);
	assert_int_equal(msg.msg_namelen, sizeof(from));
	assert_int_equal(ntohl(from.sin_addr.s_addr), 0x0a000001);
	pier__close(client);
	pier__close(server);
}

static void
connected_datagrams_hear_of_refusal(void **state)
{
	int fd = udp_socket(AF_INET);
	char buf[4];

	(void)state;
	assert_int_equal(
		CALL(connect, fd, at("10.0.0.2", 53), sizeof(name)), 0);
	assert_int_equal(CALL(send, fd, "x", 1, 0), 1);
	assert_true((wait_for(fd, POLLIN, -1) & POLLERR) != 0);
	assert_int_equal(CALL(recv, fd, buf, sizeof(buf), 0), -ECONNREFUSED);
	assert_int_equal(CALL(recv, fd, buf, sizeof(buf), 0), -EAGAIN);
	pier__close(fd);
}

static void
datagrams_are_lost_doubled_and_overtaken(void **state)
{
	int server = udp_at(bed.there, "10.0.0.2", 53), client;
	unsigned seen[256] = { 0 }, lost = 0, doubled = 0, overtaken = 0;
	unsigned char byte, last = 0;

	(void)state;
	pier__sim_link(bed.sim, NULL, NULL,
		&(struct pier__sim_link){ .latency_ns = MS,
			.loss = 200,
			.duplicate = 200,
			.reorder = 200 });
	on(bed.here);
	client = udp_socket(AF_INET);
	assert_int_equal(
		CALL(connect, client, at("10.0.0.2", 53), sizeof(name)), 0);
	for (unsigned i = 0; i < 256; i++) {
		byte = (unsigned char)i;
		assert_int_equal(CALL(send, client, &byte, 1, 0), 1);
	}
	while (wait_for(server, POLLIN, 100 * MS) != 0) {
		assert_int_equal(CALL(recv, server, &byte, 1, 0), 1);
		seen[byte]++;
		overtaken += byte < last;
		last = byte;
	}
	for (unsigned i = 0; i < 256; i++) {
		lost += seen[i] == 0;
		doubled += seen[i] > 1;
	}
	assert_in_range(lost, 20, 90);
	assert_in_range(doubled, 20, 90);
	assert_in_range(overtaken, 1, 90);
	pier__close(client);
	pier__close(server);
}

static socklen_t
path(struct sockaddr_un *un, const char *text)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	strncpy(un->sun_path, text, sizeof(un->sun_path) - 1);
	return sizeof(*un);
}

static void
unix_names_outlive_their_sockets(void **state)
{
	struct sockaddr_un un;
	socklen_t len = path(&un, "/run/x.sock");
	const struct sockaddr *sa = (const void *)&un;
	int fd = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	int client = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	struct stat stat;

	(void)state;
	assert_int_equal(CALL(connect, client, sa, len), -ENOENT);
	assert_int_equal(CALL(fchmod, fd, 0600), 0);
	assert_int_equal(CALL(bind, fd, sa, len), 0);
	assert_int_equal(CALL(stat, "/run/x.sock", &stat), 0);
	assert_int_equal(stat.st_mode, S_IFSOCK | 0600);
	assert_int_equal(CALL(connect, client, sa, len), -ECONNREFUSED);
	assert_int_equal(CALL(listen, fd, 0), 0);
	assert_int_equal(CALL(connect, client, sa, len), 0);
	pier__close(client);
	client = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(CALL(connect, client, sa, len), -EAGAIN);
	pier__close(fd);
	assert_int_equal(CALL(connect, client, sa, len), -ECONNREFUSED);
	fd = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(CALL(bind, fd, sa, len), -EADDRINUSE);
	assert_int_equal(CALL(unlink, "/run/x.sock"), 0);
	assert_int_equal(CALL(bind, fd, sa, len), 0);
	assert_int_equal(CALL(unlink, "/run/x.sock"), 0);
	pier__close(fd);
	pier__close(client);
}

static void
pairs_hold_back_and_end(void **state)
{
	char buf[4096];
	int fds[2];
	size_t total;
	ssize_t n;

	(void)state;
	assert_int_equal(CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, fds), 0);
	total = fill(fds[0], 4096);
	assert_int_equal(wait_for(fds[0], POLLOUT, MS), 0);
	while ((n = CALL(recv, fds[1], buf, sizeof(buf), 0)) > 0)
		total -= (size_t)n;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(total, 0);
	assert_int_equal(wait_for(fds[0], POLLOUT, MS), POLLOUT);
	assert_int_equal(CALL(shutdown, fds[0], SHUT_WR), 0);
	assert_int_equal(CALL(recv, fds[1], buf, 1, 0), 0);
	assert_int_equal(CALL(send, fds[1], "x", 1, 0), 1);
	pier__close(fds[0]);
	assert_int_equal(CALL(recv, fds[1], buf, 1, 0), -ECONNRESET);
	assert_int_equal(CALL(recv, fds[1], buf, 1, 0), 0);
	assert_int_equal(CALL(send, fds[1], "x", 1, 0), -EPIPE);
	pier__close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(datagrams_arrive_whole_or_cut),
		CASE(connected_datagrams_hear_of_refusal),
		CASE(datagrams_are_lost_doubled_and_overtaken),
		CASE(unix_names_outlive_their_sockets),
		CASE(pairs_hold_back_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
