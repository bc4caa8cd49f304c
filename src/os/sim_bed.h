/* SPDX-License-Identifier: MIT */
/*
 * os/sim_bed.h - what the tests of the simulated network stand on: two hosts,
 * and a task that is on one of them at a time. The network is driven by its
 * call table alone: time moves inside poll.
 */
#ifndef PIER_OS_SIM_BED_H
#define PIER_OS_SIM_BED_H

#include "os/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS ((int64_t)1000000)

struct bed {
	struct pier__context context; /* first: it plays the current task */
	struct pier__sim *sim;
	struct pier__sim_host *here, *there;
};

static struct bed bed;

static inline void
on(struct pier__sim_host *host)
{
	bed.context.calls = pier__sim_calls(host);
}

static inline int
begin(void **state)
{
	(void)state;
	bed.sim = pier__sim_open(1);
	bed.here = pier__sim_local(bed.sim);
	bed.there = pier__sim_host(bed.sim, "10.0.0.2 fd00::2");
	on(bed.here);
	pier__current = (struct pier__task *)(void *)&bed;
	return 0;
}

static inline int
end(void **state)
{
	unsigned left = pier__sim_open_count(bed.sim);

	(void)state;
	pier__current = NULL;
	pier__sim_close(bed.sim);
	return left == 0 ? 0 : -1;
}

/* Shorthands: the table's entries, and addresses in text. */
#define CALL(entry, ...) (pier__calls()->entry(__VA_ARGS__))

static struct sockaddr_storage name;

static inline const struct sockaddr *
at(const char *ip, uint16_t port)
{
	struct sockaddr_in *in = (void *)&name;
	struct sockaddr_in6 *in6 = (void *)&name;

	memset(&name, 0, sizeof(name));
	if (inet_pton(AF_INET, ip, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
	} else {
		assert_int_equal(inet_pton(AF_INET6, ip, &in6->sin6_addr), 1);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
	}
	return (const struct sockaddr *)&name;
}

static inline int
tcp_socket(int family)
{
	int fd = CALL(socket, family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	return fd;
}

static inline int
udp_socket(int family)
{
	int fd = CALL(socket, family, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	return fd;
}

static inline int
listener_at(
	struct pier__sim_host *host, const char *ip, uint16_t port, int backlog)
{
	const struct sockaddr *sa = at(ip, port);
	int fd, one = 1;

	on(host);
	fd = tcp_socket(sa->sa_family);
	assert_int_equal(CALL(setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one,
				 sizeof(one)),
		0);
	assert_int_equal(CALL(bind, fd, at(ip, port), sizeof(name)), 0);
	assert_int_equal(CALL(listen, fd, backlog), 0);
	return fd;
}

/* Wait for events; 0 when the time has passed. */
static inline int
wait_for(int fd, short events, int64_t timeout_ns)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	(void)CALL(poll, &pollfd, 1, timeout_ns);
	return pollfd.revents;
}

static inline int
pending_error(int fd)
{
	int error = -1;
	socklen_t len = sizeof(error);

	assert_int_equal(
		CALL(getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	return error;
}

/* Send until it would block, then read all of it at the other end. */
static inline size_t
fill(int fd, size_t chunk)
{
	char *buf = calloc(1, chunk);
	size_t total = 0;
	ssize_t n;

	while ((n = CALL(send, fd, buf, chunk, 0)) > 0)
		total += (size_t)n;
	assert_int_equal(n, -EAGAIN);
	free(buf);
	return total;
}

#define CASE(case_name) cmocka_unit_test_setup_teardown(case_name, begin, end)

#endif
