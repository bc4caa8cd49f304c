/* SPDX-License-Identifier: MIT */
/*
 * io/desc_test.c - when a descriptor is drained, and who may wait for it.
 *
 * Engines report edges, so a descriptor that is taken for drained with bytes
 * left in it is never heard of again: each of the first three cases would end
 * by the deadline of its reader. All of them run in fibers and in a thread.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/desc.h"

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

struct pair {
	struct pier__desc desc; /* the end under test */
	int peer;               /* a plain, blocking one */
	void (*feed)(int peer);
	const char *expected;
};

static void
tcp_pair(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(
		getsockname(listener, (struct sockaddr *)&at, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fds[0] >= 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&at, len), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(fds[1] >= 0);
	(void)close(listener);
}

static void
pair_open(struct pair *pair, bool tcp)
{
	int fds[2];

	if (tcp)
		tcp_pair(fds);
	else
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
			0);
	pair->peer = fds[0];
	assert_int_equal(pier__desc_adopt(&pair->desc, fds[1]), 0);
	assert_int_equal(
		pair->desc.kind, tcp ? PIER__DESC_TCP : PIER__DESC_SOCKET);
}

static void
pair_close(struct pair *pair)
{
	pier__desc_close(&pair->desc);
	if (pair->peer >= 0)
		(void)close(pair->peer);
}

/* Data and the end in one event. */
static void
feed_and_end(int peer)
{
	assert_int_equal(send(peer, "data", 4, 0), 4);
	assert_int_equal(shutdown(peer, SHUT_WR), 0);
}

/* A read stops where a descriptor was passed. */
static void
feed_descriptors(int peer)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { .iov_base = (char[]){ "mid" }, .iov_len = 3 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };

	memcpy(CMSG_DATA(&control.head), &peer, sizeof(peer));
	assert_int_equal(send(peer, "first,", 6, 0), 6);
	assert_int_equal(sendmsg(peer, &msg, 0), 3);
	assert_int_equal(send(peer, ",last", 5, 0), 5);
}

/* A read stops at the urgent mark. */
static void
feed_urgent(int peer)
{
	assert_int_equal(send(peer, "before", 6, 0), 6);
	assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(peer, "after", 5, 0), 5);
}

/* Waits first, so that all of it comes in one event; reads with room to
   spare, so that every read is short. */
static int
reader(void *arg)
{
	struct pair *pair = arg;
	size_t want = strlen(pair->expected);
	char got[64];
	size_t len = 0;
	int rc = 0;

	assert_int_equal(
		pier__desc_read(&pair->desc, got, sizeof(got)), -EAGAIN);
	while (len < want || pair->feed == feed_and_end) {
		ssize_t n;

		rc = pier__desc_wait(&pair->desc, PIER__IN, "read", HANGS);
		assert_int_equal(rc, 0);
		n = pier__desc_read(&pair->desc, got + len, sizeof(got) - len);
		if (n == -EAGAIN)
			continue;
		if (n == 0)
			break;
		assert_true(n > 0);
		len += (size_t)n;
	}
	assert_int_equal(len, want);
	assert_memory_equal(got, pair->expected, want);
	return 0;
}

static int
feeder(void *arg)
{
	const struct pair *pair = arg;

	pair->feed(pair->peer);
	return 0;
}

static int
feed_a_parked_reader(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reader, arg), 0);
	assert_int_equal(pier_go(group, feeder, arg), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void *
feed_from_outside(void *arg)
{
	(void)feeder(arg);
	return NULL;
}

static void
check_drained(bool tcp, void (*feed)(int), const char *expected)
{
	struct pair pair = { .feed = feed, .expected = expected };
	pthread_t other;

	pair_open(&pair, tcp);
	assert_int_equal(pier_run(feed_a_parked_reader, &pair, NULL, NULL), 0);
	pair_close(&pair);

	pair_open(&pair, tcp);
	assert_int_equal(
		pthread_create(&other, NULL, feed_from_outside, &pair), 0);
	pair.desc.readable = true;
	while (pier__desc_wait(&pair.desc, PIER__IN, "read", HANGS) == 0) {
		char byte;

		/* Until the feeder has come; then as above. */
		if (recv(pair.desc.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			break;
		pair.desc.readable = false;
	}
	assert_int_equal(pthread_join(other, NULL), 0);
	pair.desc.readable = true;
	{
		char got[64];
		size_t len = 0;

		while (len < strlen(expected)) {
			ssize_t n = pier__desc_read(
				&pair.desc, got + len, sizeof(got) - len);

			if (n == -EAGAIN)
				n = pier__desc_wait(
					&pair.desc, PIER__IN, "read", HANGS);
			assert_true(n >= 0);
			len += (size_t)n;
		}
		assert_memory_equal(got, expected, len);
	}
	pair_close(&pair);
}

static void
test_data_and_end_in_one_event(void **state)
{
	(void)state;
	check_drained(true, feed_and_end, "data");
	check_drained(false, feed_and_end, "data");
}

static void
test_descriptors_between_bytes(void **state)
{
	(void)state;
	check_drained(false, feed_descriptors, "first,mid,last");
}

static void
test_urgent_data(void **state)
{
	(void)state;
	check_drained(true, feed_urgent, "beforeafter");
}

/* What the rule is for: a short read on TCP needs no second one. */
static void
test_a_short_read_drains_tcp(void **state)
{
	struct pair pair = { .peer = -1 };
	char got[8];

	(void)state;
	pair_open(&pair, true);
	assert_int_equal(send(pair.peer, "abc", 3, 0), 3);
	assert_int_equal(
		pier__desc_wait(&pair.desc, PIER__IN, "read", HANGS), 0);
	assert_int_equal(pier__desc_read(&pair.desc, got, sizeof(got)), 3);
	assert_false(pair.desc.readable);
	assert_int_equal(
		pier__desc_wait(&pair.desc, PIER__IN, "read", PIER_NOW),
		-EAGAIN);
	assert_int_equal(send(pair.peer, "abc", 3, 0), 3);
	pair.desc.readable = true;
	assert_int_equal(pier__desc_read(&pair.desc, got, 3), 3);
	assert_true(pair.desc.readable);
	pair_close(&pair);
}

static int
waits_to_read(void *arg)
{
	struct pair *pair = arg;

	pair->desc.readable = false;
	return pier__desc_wait(&pair->desc, PIER__IN, "read", HANGS);
}

/* One reader at a time, and of one scheduler. */
static int
two_readers(void *arg)
{
	struct pair *pair = arg;
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, waits_to_read, pair), 0);
	assert_int_equal(pier_yield(), 0);
	assert_int_equal(waits_to_read(pair), -EBUSY);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), -ECANCELED);
	pier_group_close(group);
	/* The place is free again. */
	assert_int_equal(
		pier__desc_wait(&pair->desc, PIER__IN, "read", pier_in_ms(1)),
		-PIER_EDEADLINE);
	return 0;
}

static int
another_run(void *arg)
{
	return waits_to_read(arg);
}

static void *
in_another_thread(void *arg)
{
	assert_int_equal(pier_run(another_run, arg, NULL, NULL), -EXDEV);
	assert_int_equal(waits_to_read(arg), -EXDEV);
	return NULL;
}

static int
owned_here(void *arg)
{
	struct pair *pair = arg;
	pthread_t other;

	assert_int_equal(two_readers(pair), 0);
	assert_int_equal(
		pthread_create(&other, NULL, in_another_thread, pair), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	return 0;
}

static int
reads_again(void *arg)
{
	struct pair *pair = arg;
	char got[8];

	/* As the run before did, on another engine. */
	pair->desc.readable = false;
	assert_int_equal(send(pair->peer, "more", 4, 0), 4);
	assert_int_equal(
		pier__desc_wait(&pair->desc, PIER__IN, "read", HANGS), 0);
	assert_int_equal(pier__desc_read(&pair->desc, got, sizeof(got)), 4);
	return 0;
}

static void
test_ownership(void **state)
{
	struct pair pair = { .peer = -1 };

	(void)state;
	pair_open(&pair, false);
	assert_int_equal(pier_run(owned_here, &pair, NULL, NULL), 0);
	/* It outlives the run that watched it, and belongs to nobody. */
	assert_int_equal(pair.desc.slot, 0);
	assert_null(pair.desc.owner);
	assert_int_equal(pier_run(reads_again, &pair, NULL, NULL), 0);
	assert_int_equal(reads_again(&pair), 0);
	pair_close(&pair);
}

/* Both directions of one descriptor at once, each by its own fiber. */
static int
fills_it(void *arg)
{
	struct pair *pair = arg;
	static char zeros[65536];
	size_t left = 1 << 20;

	while (left > 0) {
		ssize_t n = pier__desc_write(&pair->desc, zeros,
			left < sizeof(zeros) ? left : sizeof(zeros));

		if (n == -EAGAIN)
			n = pier__desc_wait(
				&pair->desc, PIER__OUT, "write", HANGS);
		assert_true(n >= 0);
		left -= (size_t)n;
	}
	return 0;
}

static void *
empties_it(void *arg)
{
	const struct pair *pair = arg;
	static char room[65536];
	size_t left = 1 << 20;

	while (left > 0) {
		ssize_t n = recv(pair->peer, room, sizeof(room), 0);

		assert_true(n > 0);
		left -= (size_t)n;
	}
	assert_int_equal(send(pair->peer, "done", 4, 0), 4);
	return NULL;
}

static int
both_ways(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, reader, arg), 0);
	assert_int_equal(pier_go(group, fills_it, arg), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_both_directions(void **state)
{
	(void)state;
	for (int tcp = 0; tcp < 2; tcp++) {
		struct pair pair = { .expected = "done" };
		pthread_t other;

		pair_open(&pair, tcp);
		assert_int_equal(
			pthread_create(&other, NULL, empties_it, &pair), 0);
		assert_int_equal(pier_run(both_ways, &pair, NULL, NULL), 0);
		assert_int_equal(pthread_join(other, NULL), 0);
		pair_close(&pair);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_and_end_in_one_event),
		cmocka_unit_test(test_descriptors_between_bytes),
		cmocka_unit_test(test_urgent_data),
		cmocka_unit_test(test_a_short_read_drains_tcp),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_ownership),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
