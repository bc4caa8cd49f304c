/* SPDX-License-Identifier: MIT */
/*
 * Fibers inside a simulation: time jumps when all of them wait, deadlines
 * pass to the nanosecond, and edges come as epoll gives them.
 */
#include "io/sim_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <cmocka.h>

#include "io/desc.h"

#define MS ((int64_t)1000000)

static struct pier__sim *sim;
static struct pier__sim_host *there;

static int
begin(void **state)
{
	(void)state;
	sim = pier__sim_open(1);
	there = pier__sim_host(sim, "10.0.0.2");
	return 0;
}

static int
end(void **state)
{
	unsigned left = pier__sim_open_count(sim);

	(void)state;
	pier__sim_close(sim);
	return left == 0 ? 0 : -1;
}

static int
sleeper(void *arg)
{
	int64_t start = pier_now();

	(void)arg;
	assert_int_equal(pier_sleep(pier_in_s(3600)), 0);
	assert_int_equal(pier_now() - start, 3600 * 1000 * MS);
	return 7;
}

static void
sleeps_take_no_time(void **state)
{
	(void)state;
	assert_int_equal(pier__sim_run(sim, sleeper, NULL), 7);
	assert_int_equal(
		pier__sim_now(sim), PIER__SIM_EPOCH_NS + 3600 * 1000 * MS);
}

static int order[3], order_count;

static int
napper(void *arg)
{
	int ms = *(int *)arg;

	assert_int_equal(pier_sleep(pier_in_ms(ms)), 0);
	order[order_count++] = ms;
	return 0;
}

static int
three_nappers(void *arg)
{
	static int naps[] = { 30, 10, 20 };
	struct pier_group *group;

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pier_go(group, napper, &naps[i]), 0);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
deadlines_come_in_order(void **state)
{
	(void)state;
	order_count = 0;
	assert_int_equal(pier__sim_run(sim, three_nappers, NULL), 0);
	assert_int_equal(order[0], 10);
	assert_int_equal(order[1], 20);
	assert_int_equal(order[2], 30);
	assert_int_equal(pier__sim_now(sim), PIER__SIM_EPOCH_NS + 30 * MS);
}

static const struct sockaddr *
address(struct sockaddr_in *in)
{
	*in = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(80) };
	in->sin_addr.s_addr = htonl(0x0a000002);
	return (const struct sockaddr *)(const void *)in;
}

static ssize_t
read_some(
	struct pier__desc *desc, void *buf, size_t size, pier_deadline deadline)
{
	ssize_t n;
	int rc;

	while ((n = pier__desc_read(desc, buf, size)) == -EAGAIN) {
		rc = pier__desc_wait(desc, PIER__IN, "read", deadline);
		if (rc < 0)
			return rc;
	}
	return n;
}

/* Answers everything with itself, on the other host. */
static int
echo(void *arg)
{
	const struct pier__calls *calls = pier__calls();
	/* The engine sees them: not on the stack of a fiber. */
	static struct pier__desc listener, client;
	struct sockaddr_in in;
	char buf[16];
	ssize_t n;
	int fd;

	(void)arg;
	pier__sim_on(there);
	calls = pier__calls();
	pier__desc_init(&listener, calls->socket(AF_INET, SOCK_STREAM, 0),
		PIER__DESC_TCP);
	assert_int_equal(calls->bind(listener.fd, address(&in), sizeof(in)), 0);
	assert_int_equal(calls->listen(listener.fd, 1), 0);
	while ((fd = calls->accept(listener.fd, NULL, NULL, false)) ==
		-EAGAIN) {
		listener.readable = false;
		assert_int_equal(pier__desc_wait(&listener, PIER__IN, "accept",
					 PIER_FOREVER),
			0);
	}
	pier__desc_init(&client, fd, PIER__DESC_TCP);
	while ((n = read_some(&client, buf, sizeof(buf), PIER_FOREVER)) > 0)
		assert_int_equal(pier__desc_write(&client, buf, (size_t)n), n);
	pier__desc_close(&client);
	pier__desc_close(&listener);
	return (int)n;
}

static int
talk(void *arg)
{
	const struct pier__calls *calls = pier__calls();
	struct sockaddr_in in;
	static struct pier__desc desc; /* the engine sees it */
	struct pier_group *group;
	char buf[16];

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, echo, NULL), 0);
	pier_yield();
	pier__desc_init(
		&desc, calls->socket(AF_INET, SOCK_STREAM, 0), PIER__DESC_TCP);
	assert_int_equal(calls->connect(desc.fd, address(&in), sizeof(in)),
		-EINPROGRESS);
	desc.writable = false;
	assert_int_equal(
		pier__desc_wait(&desc, PIER__OUT, "connect", PIER_FOREVER), 0);
	assert_int_equal(pier__sim_now(sim), PIER__SIM_EPOCH_NS + 2 * MS);
	assert_int_equal(pier__desc_write(&desc, "hello", 5), 5);
	assert_int_equal(read_some(&desc, buf, sizeof(buf), pier_in_ns(1)),
		-PIER_EDEADLINE);
	assert_int_equal(read_some(&desc, buf, sizeof(buf), pier_in_ms(2)), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(pier__sim_now(sim), PIER__SIM_EPOCH_NS + 4 * MS);
	assert_int_equal(read_some(&desc, buf, sizeof(buf), pier_in_s(60)),
		-PIER_EDEADLINE);
	assert_int_equal(pier__sim_now(sim), PIER__SIM_EPOCH_NS + 60004 * MS);
	pier__desc_close(&desc);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	assert_int_equal(pier_group_result(group), 0);
	pier_group_close(group);
	return 0;
}

static void
fibers_talk_between_hosts(void **state)
{
	(void)state;
	assert_int_equal(pier__sim_run(sim, talk, NULL), 0);
}

static int
outlive(void *arg)
{
	struct pier__desc *desc = arg;
	char byte;

	return (int)read_some(desc, &byte, 1, pier_in_ms(1));
}

static void
descriptors_outlive_their_run(void **state)
{
	struct pier__desc desc;
	int fds[2];

	(void)state;
	assert_int_equal(pier__sim_calls(pier__sim_local(sim)) != NULL, 1);
	pier__sim_on(pier__sim_local(sim));
	assert_int_equal(
		pier__calls()->socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	pier__desc_init(&desc, fds[0], PIER__DESC_SOCKET);
	assert_int_equal(pier__sim_run(sim, outlive, &desc), -PIER_EDEADLINE);
	assert_int_equal(desc.slot, 0);
	assert_null(desc.owner);
	assert_int_equal(pier__calls()->send(fds[1], "x", 1, 0), 1);
	assert_int_equal(pier__sim_run(sim, outlive, &desc), 1);
	pier__close(fds[0]);
	pier__close(fds[1]);
	pier__self()->context.calls = &pier__calls_real;
}

#define CASE(case_name) cmocka_unit_test_setup_teardown(case_name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(sleeps_take_no_time),
		CASE(deadlines_come_in_order),
		CASE(fibers_talk_between_hosts),
		CASE(descriptors_outlive_their_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
