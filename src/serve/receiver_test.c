/* SPDX-License-Identifier: MIT */
/*
 * serve/receiver_test.c - a socket on which more has come whenever a batch is
 * done: it is looked at, not waited for, and its engine is told nothing of it
 * meanwhile. The handler sends to the server itself, so that what comes is there
 * when it is looked for.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "os/calls.h"
#include "task/task.h"

/* So many at a time: no batch is full, so that each may be the last. */
#define AT_ONCE 20
#define BATCHES 100
#define ALL     (AT_ONCE * BATCHES)

/* More than a test may last. */
#define DRAIN_MS 60000

static struct {
	struct pier__calls table;
	struct pier_server *server;
	int client;
	int chain; /* messages that a handler sends on: ALL, or none */
	int handled;
	int waits;
	int watched,
		unwatched; /* how often the socket entered the set, left it */
	int socket;        /* of the server; -1: not known yet */
	bool stopped, heard;
	int drains; /* waits of one that has heard of its stop */
} bed;

static int
count_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns)
{
	int n;

	bed.waits++;
	if (bed.heard && timeout_ns != 0) {
		bed.drains++;
		/* Told again it ends now. */
		pier_server_stop(bed.server);
	}
	n = pier__calls_real.epoll_wait(epfd, events, max, timeout_ns);
	bed.heard = bed.heard || (bed.stopped && n > 0);
	return n;
}

static int
count_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	if (fd == bed.socket) {
		bed.watched += op == EPOLL_CTL_ADD;
		bed.unwatched += op == EPOLL_CTL_DEL;
	}
	return pier__calls_real.epoll_ctl(epfd, op, fd, event);
}

static int
note_recvmmsg(int fd, struct mmsghdr *list, unsigned int count, int flags)
{
	bed.socket = fd;
	return pier__calls_real.recvmmsg(fd, list, count, flags);
}

static void
say(const char *text)
{
	ssize_t n = send(bed.client, text, strlen(text), 0);

	assert_int_equal(n, strlen(text));
}

/* So long that the engine has to be asked before the next wait stands in for
   it. */
static void
burn(void)
{
	pier_deadline until = pier_in_ms(25);

	while (pier_left_ns(until) > 0)
		;
}

/* Each of a chain sends the next; the last is answered, as are all others. */
static int
handle(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (msg->size == 4 && memcmp(msg->data, "stop", 4) == 0) {
		bed.stopped = true;
		pier_server_stop(bed.server);
	} else if (msg->size == 4 && memcmp(msg->data, "burn", 4) == 0) {
		burn();
		bed.stopped = true;
		pier_server_stop(bed.server);
	} else if (bed.chain > 0) {
		bed.handled++;
		if (bed.handled + AT_ONCE <= bed.chain)
			say("chain");
		if (bed.handled < bed.chain)
			return 0;
		bed.chain = 0;
	}
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
expect_answer(void)
{
	char back[16];

	assert_true(recv(bed.client, back, sizeof(back), 0) > 0);
}

static void *
run_client(void *arg)
{
	(void)arg;
	expect_answer(); /* of the chain's end */
	say("more");
	expect_answer();
	say("stop");
	return NULL;
}

static void
begin(int chain)
{
	const struct timeval limit = { .tv_sec = 20 };
	struct pier_server_opts opts = {
		.endpoint = "udp4://127.0.0.1:0",
		.datagram_handler = handle,
		.drain_ms = DRAIN_MS,
	};
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct pier_addr addr;
	int i;

	memset(&bed, 0, sizeof(bed));
	bed.socket = -1;
	bed.chain = chain;
	bed.table = pier__calls_real;
	bed.table.epoll_wait = count_epoll_wait;
	bed.table.epoll_ctl = count_epoll_ctl;
	bed.table.recvmmsg = note_recvmmsg;
	pier__self()->context.calls = &bed.table;
	assert_int_equal(pier_server_open(&bed.server, &opts), 0);
	assert_true(pier_server_endpoint(
			    bed.server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_addr_parse(&addr, strstr(endpoint, "://") + 3), 0);
	bed.client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(bed.client >= 0);
	assert_int_equal(connect(bed.client, &addr.u.sa, addr.len), 0);
	assert_int_equal(setsockopt(bed.client, SOL_SOCKET, SO_RCVTIMEO, &limit,
				 sizeof(limit)),
		0);
	for (i = 0; i < (chain > 0 ? AT_ONCE : 1); i++)
		say("first");
}

static void
end(void)
{
	pier_server_close(bed.server);
	(void)close(bed.client);
	pier__self()->context.calls = &pier__calls_real;
}

static void
run(void)
{
	pthread_t client;

	assert_int_equal(pthread_create(&client, NULL, run_client, NULL), 0);
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(pthread_join(client, NULL), 0);
	end();
}

/* What comes while a batch is answered is found without a wait; and when it
   ceases, the next message is waited for as ever. */
static void
test_busy(void **state)
{
	(void)state;
	begin(ALL);
	run();
	assert_int_equal(bed.handled, ALL);
	assert_true(bed.waits < BATCHES / 2);
	assert_true(bed.watched >= bed.unwatched);
}

/* Few messages with a wait between them: it stays in the set. */
static void
test_calm(void **state)
{
	(void)state;
	begin(0);
	run();
	/* Once, unless all came while it was waited for without the engine. */
	assert_in_range(bed.watched, 0, 1);
	assert_int_equal(bed.unwatched, bed.watched); /* at its end */
}

/* The stop comes while the receiver lets others run before it waits: the server
   ends by that, and not by its drain time. */
static void
test_a_stop_before_a_wait(void **state)
{
	(void)state;
	begin(0);
	say("burn");
	assert_int_equal(pier_server_run(bed.server), 0);
	assert_int_equal(bed.drains, 0);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_a_stop_before_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
