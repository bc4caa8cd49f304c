/* SPDX-License-Identifier: MIT */
/*
 * Descriptors passed over Unix sockets, and who is at the other end. What must
 * not happen is a leak: every test counts the descriptors that are open.
 */
#include "packets.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fds.h"

#define SOON pier_in_s(20)

/* Two ends of a pipe: what goes in at [1] comes out at [0]. */
static struct pier_fds
a_pipe(void)
{
	struct pier_fds fds = { .count = 2 };

	assert_int_equal(pipe2(fds.fd, O_CLOEXEC), 0);
	return fds;
}

static struct pier_fds
copies(size_t count)
{
	struct pier_fds fds = { .count = count };
	size_t i;

	for (i = 0; i < count && i < PIER_FDS_MAX; i++)
		fds.fd[i] = STDERR_FILENO;
	return fds;
}

/* The other end got the same pipe, with other numbers, close-on-exec. */
static void
is_the_pipe(const struct pier_fds *fds, const struct pier_fds *sent)
{
	char text[4];

	assert_int_equal(fds->count, 2);
	assert_int_not_equal(fds->fd[0], sent->fd[0]);
	assert_int_equal(fcntl(fds->fd[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fds->fd[1], "pipe", 4), 4);
	assert_int_equal(read(sent->fd[0], text, 4), 4);
	assert_memory_equal(text, "pipe", 4);
}

static void
test_a_stream_passes_descriptors(void **state)
{
	int before = open_fds();
	struct pier_stream *a, *b;
	struct pier_fds sent = a_pipe(), got;
	char text[8];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_printf(a, "first "), 6);
	assert_int_equal(pier_send_fds(a, &sent, "fds", 3, SOON), 0);
	assert_int_equal(pier_recv_fds(b, &got, text, 6, SOON), 6);
	assert_int_equal(got.count, 0);
	assert_int_equal(pier_recv_fds(b, &got, text, 8, SOON), 3);
	assert_memory_equal(text, "fds", 3);
	is_the_pipe(&got, &sent);
	pier_fds_close(&got);
	assert_int_equal(got.count, 0);
	pier_fds_close(&sent);
	pier_close(a);
	assert_int_equal(pier_recv_fds(b, &got, text, 8, SOON), 0);
	pier_close(b);
	assert_int_equal(open_fds(), before);
}

/* Once asked for, they are kept whatever reads them; before that, none is. */
static void
test_reads_ahead_keep_descriptors(void **state)
{
	int before = open_fds();
	struct pier_stream *a, *b;
	struct pier_fds sent = a_pipe(), got;
	char text[16];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_send_fds(a, &sent, "lost", 4, SOON), 0);
	assert_int_equal(pier_read(b, text, 8, SOON), 4);
	assert_int_equal(open_fds(), before + 4);
	assert_int_equal(pier_recv_fds(b, &got, NULL, 0, PIER_NOW), 0);
	assert_int_equal(got.count, 0);
	assert_int_equal(pier_send_fds(a, &sent, "a\nb\n", 4, SOON), 0);
	assert_int_equal(pier_send_fds(a, &sent, "c\n", 2, SOON), 0);
	assert_int_equal(pier_read_line(b, text, 16, SOON), 2);
	assert_int_equal(pier_recv_fds(b, &got, text, 16, SOON), 2);
	is_the_pipe(&got, &sent);
	pier_fds_close(&got);
	/* Nobody asks for the last ones: close has to. */
	assert_int_equal(pier_read_line(b, text, 16, SOON), 2);
	assert_int_equal(open_fds(), before + 6);
	assert_int_equal(pier_release(b, &got.fd[0]), -EBUSY);
	pier_close(b);
	pier_close(a);
	pier_fds_close(&sent);
	assert_int_equal(open_fds(), before);
}

static void
test_more_than_there_is_room_for(void **state)
{
	int before = open_fds();
	struct pier_stream *a, *b;
	struct pier_fds many = copies(PIER_FDS_MAX), got;
	char text[8];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_send_fds(a, &many, "x", 1, SOON), 0);
	assert_int_equal(pier_recv_fds(b, &got, text, 8, SOON), 1);
	assert_int_equal(got.count, PIER_FDS_MAX);
	assert_int_equal(open_fds(), before + 2 + PIER_FDS_MAX);
	pier_fds_close(&got);
	/* Two messages that nobody asks for. */
	assert_int_equal(pier_send_fds(a, &many, "x", 1, SOON), 0);
	assert_int_equal(pier_send_fds(a, &many, "y", 1, SOON), 0);
	assert_int_equal(pier_read(b, text, 1, SOON), 1);
	assert_int_equal(pier_read(b, text, 1, SOON), -PIER_ELIMIT);
	assert_string_equal(
		pier_last_error()->detail, "descriptors that nobody took");
	assert_int_equal(open_fds(), before + 2 + PIER_FDS_MAX);
	pier_close(a);
	pier_close(b);
	assert_int_equal(open_fds(), before);
}

/* The process may open two more, and three come. */
static void
test_the_limit_of_the_process(void **state)
{
	struct pier_stream *a, *b;
	struct pier_fds three = copies(3), got;
	struct rlimit old, low;
	int before, top;
	char text[8];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_recv_fds(b, &got, NULL, 0, PIER_NOW), 0);
	before = open_fds();
	assert_int_equal(pier_send_fds(a, &three, "x", 1, SOON), 0);
	top = dup(STDERR_FILENO);
	assert_int_equal(close(top), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)top + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(pier_recv_fds(b, &got, text, 8, SOON), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(open_fds(), before);
	pier_close(a);
	pier_close(b);
}

static void
test_what_is_refused(void **state)
{
	int before = open_fds();
	struct pier_listener *listener;
	struct pier_stream *a, *b, *tcp;
	struct pier_fds fds = copies(PIER_FDS_MAX + 1);
	char where[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_send_fds(a, &fds, "x", 1, SOON), -EINVAL);
	fds.count = 1;
	assert_int_equal(pier_send_fds(a, &fds, "", 0, SOON), -EINVAL);
	fds.fd[0] = 9999;
	assert_int_equal(pier_send_fds(a, &fds, "x", 1, SOON), -EBADF);
	assert_int_equal(pier_last_error()->done, 0);
	assert_int_equal(
		pier_listen(&listener, "tcp://127.0.0.1:0", NULL, SOON), 0);
	assert_true(pier_listener_endpoint(listener, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&tcp, where, NULL, SOON), 0);
	assert_int_equal(pier_send_fds(tcp, &fds, "x", 1, SOON), -EOPNOTSUPP);
	assert_int_equal(pier_recv_fds(tcp, &fds, where, 1, SOON), -EOPNOTSUPP);
	pier_close(tcp);
	pier_listener_close(listener);
	pier_close(a);
	pier_close(b);
	assert_int_equal(open_fds(), before);
}

static void
test_datagrams_pass_descriptors(void **state)
{
	int before = open_fds();
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &server_opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);
	struct pier_fds sent = a_pipe(), got;
	struct pier_msg msg;

	(void)state;
	assert_int_equal(
		pier_packet_send_fds(client, NULL, &sent, "two", 3, SOON), 0);
	assert_int_equal(pier_packet_recv_fds(
				 server, &msg, &got, buf, sizeof(buf), SOON),
		0);
	assert_int_equal(msg.size, 3);
	is_the_pipe(&got, &sent);
	pier_fds_close(&got);
	/* Another way round, to the address that asked; and an empty one. */
	assert_int_equal(
		pier_packet_send_fds(server, &msg.peer, &sent, "", 0, SOON), 0);
	assert_int_equal(pier_packet_recv_fds(
				 client, &msg, &got, buf, sizeof(buf), SOON),
		0);
	assert_int_equal(msg.size, 0);
	is_the_pipe(&got, &sent);
	pier_fds_close(&got);
	/* Not asked for: not taken. */
	assert_int_equal(
		pier_packet_send_fds(client, NULL, &sent, "fd!", 3, SOON), 0);
	(void)heard(server, "fd!");
	say(client, "plain");
	assert_int_equal(pier_packet_recv_fds(
				 server, &msg, &got, buf, sizeof(buf), SOON),
		0);
	assert_int_equal(got.count, 0);
	pier_fds_close(&sent);
	pier_packet_close(client);
	pier_packet_close(server);
	assert_int_equal(open_fds(), before);
}

static void
test_datagrams_say_who_sent_them(void **state)
{
	static const struct pier_packet_opts opts = { .listen = true,
		.senders = true };
	int before = open_fds();
	struct pier_packet *server =
		opened(endpoint_of("unixgram", "x"), &opts);
	struct pier_packet *client = opened(endpoint_of("unixgram", "x"), NULL);
	struct pier_fds sent = a_pipe(), got;
	struct pier_msg msg;

	(void)state;
	say(client, "me");
	msg = heard(server, "me");
	assert_true(msg.has_sender);
	assert_int_equal(msg.sender_pid, getpid());
	assert_int_equal(msg.sender_uid, geteuid());
	assert_int_equal(msg.sender_gid, getegid());
	assert_int_equal(
		pier_packet_send_fds(client, NULL, &sent, "no", 2, SOON), 0);
	msg = heard(server, "no");
	assert_int_equal(open_fds(), before + 4);
	assert_int_equal(
		pier_packet_send_fds(client, NULL, &sent, "yes", 3, SOON), 0);
	assert_int_equal(pier_packet_recv_fds(
				 server, &msg, &got, buf, sizeof(buf), SOON),
		0);
	assert_true(msg.has_sender);
	is_the_pipe(&got, &sent);
	pier_fds_close(&got);
	pier_fds_close(&sent);
	pier_packet_close(client);
	pier_packet_close(server);
	assert_int_equal(open_fds(), before);
}

/* On a socket that was there before, too; elsewhere it is an error. */
static void
test_senders_of_others(void **state)
{
	static const struct pier_packet_opts opts = { .senders = true };
	struct pier_packet *packet;
	struct pier_msg msg;
	char text[32];
	int fds[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	(void)snprintf(text, sizeof(text), "fd://%d", fds[0]);
	packet = opened(text, &opts);
	assert_int_equal(send(fds[1], "me", 2, 0), 2);
	msg = heard(packet, "me");
	assert_true(msg.has_sender);
	assert_int_equal(msg.sender_pid, getpid());
	pier_packet_close(packet);
	(void)close(fds[1]);
	assert_int_equal(
		pier_packet_open(&packet, "udp://127.0.0.1:9", &opts, SOON),
		-EINVAL);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	(void)snprintf(text, sizeof(text), "fd://%d", fds[0]);
	assert_int_equal(pier_packet_open(&packet, text, &opts, SOON), -EINVAL);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
test_who_is_at_the_other_end(void **state)
{
	struct pier_stream *a, *b;
	struct pier_packet *server;
	struct pier_cred cred;
	gid_t groups[PIER_CRED_GROUPS_MAX];
	int count = getgroups(PIER_CRED_GROUPS_MAX, groups);
	int pidfd;

	(void)state;
	assert_int_equal(pier_pair(&a, &b), 0);
	assert_int_equal(pier_peer_cred(a, &cred), 0);
	assert_int_equal(cred.pid, getpid());
	assert_int_equal(cred.uid, geteuid());
	assert_int_equal(cred.gid, getegid());
	assert_true(count >= 0);
	assert_int_equal(cred.group_count, count);
	assert_memory_equal(cred.groups, groups, sizeof(gid_t) * (size_t)count);
	pidfd = pier_peer_pidfd(pier_fd(a));
	assert_true(pidfd >= 0 || pidfd == -ENOPROTOOPT);
	if (pidfd >= 0) {
		assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
		(void)close(pidfd);
	}
	pier_close(a);
	pier_close(b);
	server = opened(endpoint_of("unixgram", "x"), &server_opts);
	assert_int_equal(pier_packet_peer_cred(server, &cred), -ENOTCONN);
	pier_packet_close(server);
	server = opened("udp4://127.0.0.1:0", &server_opts);
	assert_int_equal(pier_packet_peer_cred(server, &cred), -EOPNOTSUPP);
	pier_packet_close(server);
}

/* A fiber that has to wait for them, and for room to send them. */
static int
send_late(void *arg)
{
	struct pier_stream *stream = arg;
	static char big[1000000];
	struct pier_fds fds = copies(1);
	int rc = pier_sleep(pier_in_ms(1));

	if (rc == 0 || rc == -PIER_EDEADLINE)
		rc = pier_send_fds(stream, &fds, big, sizeof(big), SOON);
	pier_close(stream);
	return rc;
}

static int
receive_all(void *arg)
{
	struct pier_group *group = NULL;
	struct pier_stream *a, *b;
	struct pier_fds got;
	static char text[4096];
	size_t bytes = 0, fds = 0;
	ssize_t n;
	int rc = pier_pair(&a, &b);

	(void)arg;
	if (rc == 0)
		rc = pier_group_open(&group);
	if (rc == 0)
		rc = pier_go(group, send_late, a);
	while (rc == 0 &&
		(n = pier_recv_fds(b, &got, text, sizeof(text), SOON)) > 0) {
		bytes += (size_t)n;
		fds += got.count;
		pier_fds_close(&got);
	}
	pier_close(b);
	if (rc == 0)
		rc = pier_group_wait(group, SOON);
	pier_group_close(group);
	return rc == 0 && bytes == 1000000 && fds == 1 ? 0 : -EBADMSG;
}

static void
test_in_fibers(void **state)
{
	int before = open_fds();

	assert_int_equal(pier_run(receive_all, state, NULL, NULL), 0);
	assert_int_equal(open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream_passes_descriptors),
		cmocka_unit_test(test_reads_ahead_keep_descriptors),
		cmocka_unit_test(test_more_than_there_is_room_for),
		cmocka_unit_test(test_the_limit_of_the_process),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_datagrams_pass_descriptors),
		cmocka_unit_test(test_datagrams_say_who_sent_them),
		cmocka_unit_test(test_senders_of_others),
		cmocka_unit_test(test_who_is_at_the_other_end),
		cmocka_unit_test(test_in_fibers),
	};

	return cmocka_run_group_tests(tests, folder_begin, folder_end);
}
