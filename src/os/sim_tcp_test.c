/* SPDX-License-Identifier: MIT */
/*
 * The clock, the links and tcp of the simulated network: the results of each
 * call are those that Linux gives.
 */
#include "os/sim_bed.h"

struct pair {
	int listener, client, server;
};

/* A connection from here to there. */
static struct pair
connected(void)
{
	struct pair pair;

	pair.listener = listener_at(bed.there, "10.0.0.2", 80, 5);
	on(bed.here);
	pair.client = tcp_socket(AF_INET);
	assert_int_equal(
		CALL(connect, pair.client, at("10.0.0.2", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(wait_for(pair.listener, POLLIN, -1), POLLIN);
	pair.server = CALL(accept, pair.listener, NULL, NULL, false);
	assert_true(pair.server >= 0);
	assert_int_equal(pending_error(pair.client), 0);
	return pair;
}

static void
close_all(const struct pair *pair)
{
	pier__close(pair->client);
	pier__close(pair->server);
	pier__close(pair->listener);
}

static void
handshake_takes_the_links_time(void **state)
{
	int64_t start = pier__sim_now(bed.sim);
	int listener = listener_at(bed.there, "10.0.0.2", 80, 5), fd;

	(void)state;
	on(bed.here);
	fd = tcp_socket(AF_INET);
	assert_int_equal(CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(
		CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)), -EALREADY);
	assert_int_equal(wait_for(fd, POLLOUT, -1), POLLOUT);
	assert_int_equal(pier__sim_now(bed.sim) - start, 2 * MS);
	assert_int_equal(
		CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)), 0);
	assert_int_equal(
		CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)), -EISCONN);
	pier__close(fd);
	pier__close(listener);
}

static void
loopback_is_immediate(void **state)
{
	int listener = listener_at(bed.here, "127.0.0.1", 80, 5);
	int fd = tcp_socket(AF_INET), peer;
	char buf[8];

	(void)state;
	assert_int_equal(CALL(connect, fd, at("127.0.0.1", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(wait_for(fd, POLLOUT, 0), POLLOUT);
	peer = CALL(accept, listener, NULL, NULL, false);
	assert_true(peer >= 0);
	assert_int_equal(CALL(send, fd, "abc", 3, 0), 3);
	assert_int_equal(CALL(recv, peer, buf, sizeof(buf), 0), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(pier__sim_now(bed.sim), PIER__SIM_EPOCH_NS);
	pier__close(fd);
	pier__close(peer);
	pier__close(listener);
}

static void
nobody_listens(void **state)
{
	int fd = tcp_socket(AF_INET);

	(void)state;
	assert_int_equal(CALL(connect, fd, at("10.0.0.2", 81), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(
		wait_for(fd, POLLOUT, -1), POLLOUT | POLLERR | POLLHUP);
	assert_int_equal(pending_error(fd), ECONNREFUSED);
	assert_int_equal(pending_error(fd), 0);
	pier__close(fd);
}

static void
nobody_answers(void **state)
{
	int fd = tcp_socket(AF_INET);

	(void)state;
	pier__sim_limits(bed.sim)->syn_timeout_ns = 5000 * MS;
	assert_int_equal(CALL(connect, fd, at("10.9.9.9", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(wait_for(fd, POLLOUT, 4999 * MS), 0);
	assert_true((wait_for(fd, POLLOUT, 2 * MS) & POLLERR) != 0);
	assert_int_equal(pending_error(fd), ETIMEDOUT);
	pier__close(fd);
}

static void
a_router_says_no(void **state)
{
	int fd = tcp_socket(AF_INET);

	(void)state;
	pier__sim_link(bed.sim, bed.here, bed.there,
		&(struct pier__sim_link){
			.latency_ns = MS, .unreachable = true });
	assert_int_equal(CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)),
		-EINPROGRESS);
	assert_true((wait_for(fd, POLLOUT, -1) & POLLERR) != 0);
	assert_int_equal(pending_error(fd), EHOSTUNREACH);
	pier__close(fd);
}

static void
no_address_of_the_family(void **state)
{
	int fd;

	(void)state;
	on(pier__sim_host(bed.sim, "10.0.0.3"));
	fd = tcp_socket(AF_INET6);
	assert_int_equal(CALL(connect, fd, at("fd00::2", 80), sizeof(name)),
		-ENETUNREACH);
	pier__close(fd);
	on(bed.here);
}

static void
half_close_leaves_the_other_half(void **state)
{
	struct pair pair = connected();
	char buf[8];

	(void)state;
	assert_int_equal(CALL(send, pair.client, "ask", 3, 0), 3);
	assert_int_equal(CALL(shutdown, pair.client, SHUT_WR), 0);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), -EPIPE);
	assert_true((wait_for(pair.server, POLLRDHUP, -1) & POLLRDHUP) != 0);
	assert_int_equal(CALL(recv, pair.server, buf, 8, 0), 3);
	assert_int_equal(CALL(recv, pair.server, buf, 8, 0), 0);
	assert_int_equal(CALL(send, pair.server, "answer", 6, 0), 6);
	pier__close(pair.server);
	assert_int_equal(wait_for(pair.client, POLLIN, -1), POLLIN);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), 6);
	(void)wait_for(pair.client, POLLRDHUP, -1);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), 0);
	pair.server = -1;
	close_all(&pair);
}

static void
close_with_unread_input_resets(void **state)
{
	struct pair pair = connected();
	char buf[8];

	(void)state;
	assert_int_equal(CALL(send, pair.client, "ask", 3, 0), 3);
	assert_int_equal(wait_for(pair.server, POLLIN, -1), POLLIN);
	pier__close(pair.server);
	assert_true((wait_for(pair.client, POLLIN, -1) & POLLERR) != 0);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), -ECONNRESET);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), 0);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), -EPIPE);
	pair.server = -1;
	close_all(&pair);
}

static void
data_before_a_reset_is_read_first(void **state)
{
	struct pair pair = connected();
	struct linger linger = { 1, 0 };
	char buf[8];

	(void)state;
	assert_int_equal(CALL(send, pair.server, "bye", 3, 0), 3);
	assert_int_equal(CALL(setsockopt, pair.server, SOL_SOCKET, SO_LINGER,
				 &linger, sizeof(linger)),
		0);
	pier__close(pair.server);
	assert_true((wait_for(pair.client, POLLHUP, 10 * MS) & POLLHUP) != 0);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), 3);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), -ECONNRESET);
	pair.server = -1;
	close_all(&pair);
}

static void
writing_to_one_who_left_resets(void **state)
{
	struct pair pair = connected();

	(void)state;
	pier__close(pair.server);
	assert_true((wait_for(pair.client, POLLIN, -1) & POLLIN) != 0);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), 1);
	assert_true((wait_for(pair.client, 0, -1) & POLLERR) != 0);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), -EPIPE);
	pair.server = -1;
	close_all(&pair);
}

static void
full_buffers_hold_back(void **state)
{
	struct pair pair = connected();
	size_t total = 0, read = 0;
	char buf[4096];
	ssize_t n;
	int queued;

	(void)state;
	while (wait_for(pair.client, POLLOUT, 1000 * MS) != 0)
		total += fill(pair.client, 10000);
	/* One buffer here, one there. */
	assert_int_equal(total, 2 * 212992);
	assert_int_equal(CALL(queued, pair.client, &queued), 0);
	assert_int_equal(queued, 212992);
	while (read < total) {
		if (wait_for(pair.server, POLLIN, 2000 * MS) == 0)
			break;
		n = CALL(recv, pair.server, buf, sizeof(buf), 0);
		assert_true(n > 0);
		read += (size_t)n;
	}
	assert_int_equal(read, total);
	assert_int_equal(wait_for(pair.client, POLLOUT, MS), POLLOUT);
	(void)wait_for(pair.client, POLLIN, 10 * MS);
	assert_int_equal(CALL(queued, pair.client, &queued), 0);
	assert_int_equal(queued, 0);
	close_all(&pair);
}

static void
loss_delays_and_loses_nothing(void **state)
{
	struct pair pair = connected();
	unsigned char out[20000], in[20000];
	size_t got = 0;
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + i / 256);
	pier__sim_link(bed.sim, bed.here, bed.there,
		&(struct pier__sim_link){ .latency_ns = 5 * MS,
			.jitter_ns = 3 * MS,
			.loss = 200,
			.duplicate = 50,
			.reorder = 50 });
	assert_int_equal(
		CALL(send, pair.client, out, sizeof(out), 0), sizeof(out));
	assert_int_equal(CALL(shutdown, pair.client, SHUT_WR), 0);
	for (;;) {
		assert_true(wait_for(pair.server, POLLIN, -1) != 0);
		n = CALL(recv, pair.server, in + got, sizeof(in) - got + 1, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(got, sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_true(pier__sim_now(bed.sim) > PIER__SIM_EPOCH_NS + 200 * MS);
	close_all(&pair);
}

static void
a_dead_peer_is_noticed(void **state)
{
	struct pair pair = connected();
	char buf[8];

	(void)state;
	pier__sim_limits(bed.sim)->dead_timeout_ns = 10000 * MS;
	pier__sim_cut(bed.sim, bed.here, bed.there, true);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), 1);
	assert_int_equal(wait_for(pair.client, POLLIN, 9990 * MS), 0);
	assert_true((wait_for(pair.client, POLLIN, 20 * MS) & POLLERR) != 0);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), -ETIMEDOUT);
	close_all(&pair);
}

static void
a_mended_link_goes_on(void **state)
{
	struct pair pair = connected();

	(void)state;
	pier__sim_cut(bed.sim, bed.here, NULL, true);
	assert_int_equal(CALL(send, pair.client, "x", 1, 0), 1);
	assert_int_equal(wait_for(pair.server, POLLIN, 1000 * MS), 0);
	pier__sim_cut(bed.sim, bed.here, NULL, false);
	assert_int_equal(wait_for(pair.server, POLLIN, 5000 * MS), POLLIN);
	close_all(&pair);
}

static void
a_box_on_the_way_resets(void **state)
{
	struct pair pair = connected();
	char buf[8];

	(void)state;
	assert_int_equal(pier__sim_reset(bed.sim, 80), 1);
	assert_int_equal(CALL(recv, pair.client, buf, 8, 0), -ECONNRESET);
	assert_int_equal(CALL(recv, pair.server, buf, 8, 0), -ECONNRESET);
	close_all(&pair);
}

static void
a_full_backlog_makes_them_wait(void **state)
{
	int listener = listener_at(bed.there, "10.0.0.2", 80, 0);
	int fds[2], server;

	(void)state;
	on(bed.here);
	for (int i = 0; i < 2; i++) {
		fds[i] = tcp_socket(AF_INET);
		(void)CALL(connect, fds[i], at("10.0.0.2", 80), sizeof(name));
	}
	assert_int_equal(wait_for(fds[0], POLLOUT, 10 * MS), POLLOUT);
	assert_int_equal(wait_for(fds[1], POLLOUT, 500 * MS), 0);
	server = CALL(accept, listener, NULL, NULL, false);
	assert_true(server >= 0);
	/* The second SYN after one second. */
	assert_int_equal(wait_for(fds[1], POLLOUT, 600 * MS), POLLOUT);
	pier__close(server);
	pier__close(fds[0]);
	pier__close(fds[1]);
	pier__close(listener);
}

static void
ports_in_use(void **state)
{
	int first = listener_at(bed.here, "127.0.0.1", 80, 5);
	int one = 1, fd = tcp_socket(AF_INET);

	(void)state;
	assert_int_equal(CALL(bind, fd, at("10.9.9.9", 80), sizeof(name)),
		-EADDRNOTAVAIL);
	assert_int_equal(CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one,
				 sizeof(one)),
		0);
	assert_int_equal(
		CALL(bind, fd, at("127.0.0.1", 80), sizeof(name)), -EADDRINUSE);
	assert_int_equal(
		CALL(bind, fd, at("0.0.0.0", 80), sizeof(name)), -EADDRINUSE);
	assert_int_equal(CALL(bind, fd, at("10.0.0.1", 80), sizeof(name)), 0);
	assert_int_equal(
		CALL(bind, fd, at("10.0.0.1", 81), sizeof(name)), -EINVAL);
	pier__close(fd);
	pier__close(first);
}

static void
one_listener_serves_both_families(void **state)
{
	int listener = listener_at(bed.there, "::", 80, 5), fd, peer;
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	char text[INET6_ADDRSTRLEN];

	(void)state;
	on(bed.here);
	fd = tcp_socket(AF_INET);
	assert_int_equal(CALL(connect, fd, at("10.0.0.2", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(wait_for(listener, POLLIN, -1), POLLIN);
	peer = CALL(accept, listener, (struct sockaddr *)&from, &len, false);
	assert_true(peer >= 0);
	assert_int_equal(len, sizeof(from));
	assert_non_null(
		inet_ntop(AF_INET6, &from.sin6_addr, text, sizeof(text)));
	assert_string_equal(text, "::ffff:10.0.0.1");
	pier__close(peer);
	pier__close(fd);
	fd = tcp_socket(AF_INET6);
	assert_int_equal(CALL(connect, fd, at("fd00::2", 80), sizeof(name)),
		-EINPROGRESS);
	assert_int_equal(wait_for(fd, POLLOUT, -1), POLLOUT);
	pier__close(fd);
	pier__close(listener);
}

static void
descriptors_run_out(void **state)
{
	int fd, fds[2];

	(void)state;
	pier__sim_limits(bed.sim)->descriptors = 2;
	fd = udp_socket(AF_INET);
	assert_int_equal(
		CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, fds), -EMFILE);
	pier__close(fd);
	assert_int_equal(CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(CALL(socket, AF_INET, SOCK_DGRAM, 0), -EMFILE);
	assert_int_equal(CALL(close, fds[0]), 0);
	assert_int_equal(CALL(close, fds[0]), -EBADF);
	pier__close(fds[1]);
}

static void
bump(void *arg)
{
	++*(int *)arg;
}

static void
moments_come_in_order(void **state)
{
	int count = 0;

	(void)state;
	pier__sim_at(bed.sim, PIER__SIM_EPOCH_NS + 20 * MS, bump, &count);
	pier__sim_at(bed.sim, PIER__SIM_EPOCH_NS + 10 * MS, bump, &count);
	pier__sim_at(bed.sim, PIER__SIM_EPOCH_NS + 900 * MS, bump, &count);
	assert_true(pier__sim_step(bed.sim, INT64_MAX));
	assert_int_equal(CALL(clock_ns), PIER__SIM_EPOCH_NS + 10 * MS);
	assert_true(pier__sim_step(bed.sim, PIER__SIM_EPOCH_NS + 20 * MS));
	assert_false(pier__sim_step(bed.sim, PIER__SIM_EPOCH_NS + 30 * MS));
	assert_int_equal(CALL(clock_ns), PIER__SIM_EPOCH_NS + 30 * MS);
	assert_int_equal(count, 2);
}

/* The trace of one lossy transfer. */
static char *
traced(uint64_t seed)
{
	struct pair pair;
	char *trace, buf[4096] = { 0 };

	pier__sim_close(bed.sim);
	bed.sim = pier__sim_open(seed);
	bed.here = pier__sim_local(bed.sim);
	bed.there = pier__sim_host(bed.sim, "10.0.0.2");
	pair = connected();
	pier__sim_link(bed.sim, NULL, NULL,
		&(struct pier__sim_link){
			.latency_ns = MS, .jitter_ns = MS, .loss = 300 });
	for (int i = 0; i < 10; i++)
		(void)CALL(send, pair.client, buf, sizeof(buf), 0);
	(void)wait_for(pair.client, POLLIN, 60000 * MS);
	trace = strdup(pier__sim_trace(bed.sim));
	close_all(&pair);
	return trace;
}

static void
the_seed_decides(void **state)
{
	char *first = traced(7), *again = traced(7), *other = traced(8);

	(void)state;
	assert_true(strlen(first) > 1000);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	free(first);
	free(again);
	free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(handshake_takes_the_links_time),
		CASE(loopback_is_immediate),
		CASE(nobody_listens),
		CASE(nobody_answers),
		CASE(a_router_says_no),
		CASE(no_address_of_the_family),
		CASE(half_close_leaves_the_other_half),
		CASE(close_with_unread_input_resets),
		CASE(data_before_a_reset_is_read_first),
		CASE(writing_to_one_who_left_resets),
		CASE(full_buffers_hold_back),
		CASE(loss_delays_and_loses_nothing),
		CASE(a_dead_peer_is_noticed),
		CASE(a_mended_link_goes_on),
		CASE(a_box_on_the_way_resets),
		CASE(a_full_backlog_makes_them_wait),
		CASE(ports_in_use),
		CASE(one_listener_serves_both_families),
		CASE(descriptors_run_out),
		CASE(moments_come_in_order),
		CASE(the_seed_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
