/* SPDX-License-Identifier: MIT */
/* serve_handlers.c - what a handler may count on: whom it runs beside, which
   tasks it may start, and how deep its stack is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#define TCP     "tcp://127.0.0.1:0"
#define CLIENTS 30

#define FIELD(name) offsetof(struct pier_server_stats, name)

/* Clients that all come, then end their side, then wait for the server's. */
static void
come_and_go(const struct serving *it, int count)
{
	int fds[CLIENTS], i;
	char back[64];

	for (i = 0; i < count; i++) {
		fds[i] = plain_connect(it, 0);
		plain_write(fds[i], "abc", 3);
		assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
	}
	for (i = 0; i < count; i++) {
		assert_int_equal(plain_read_all(fds[i], back, sizeof(back)), 0);
		(void)close(fds[i]);
	}
}

/* Not guarded: no other handler or hook looks, or the test fails. */
struct shared {
	int inside;
	int most;
	long steps;
};

static void
step(struct shared *shared)
{
	volatile int spin;

	shared->inside++;
	if (shared->inside > shared->most)
		shared->most = shared->inside;
	for (spin = 0; spin < 1000; spin++)
		;
	shared->steps++;
	shared->inside--;
}

static int
steps(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n;

	do {
		step(ctx);
		n = pier_read(stream, &byte, 1, PIER_DEFAULT);
		step(ctx);
		(void)pier_yield();
	} while (n > 0);
	return (int)n;
}

static int
step_in_setup(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	step(ctx);
	return 0;
}

static void
step_in_finish(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	step(ctx);
}

static void
test_one_at_a_time_between_waits(void **state)
{
	static const enum pier_model both[] = { PIER_FIBER, PIER_ITERATIVE };
	int m;

	(void)state;
	for (m = 0; m < 2; m++) {
		struct shared shared = { 0 };
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = steps,
			.model = both[m],
			.ctx = &shared,
			.setup = step_in_setup,
			.finish = step_in_finish };
		struct serving it;

		serving_start(&it, &opts);
		come_and_go(&it, CLIENTS);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(shared.most, 1);
		assert_int_equal(shared.inside, 0);
		/* Setup, finish, and around each of four reads. */
		assert_int_equal(shared.steps, CLIENTS * (2 + 2 * 4));
	}
}

/* Handlers that block outside of pier until there are two of them. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int inside;
} meeting = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static int
meet(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	(void)pthread_mutex_lock(&meeting.lock);
	meeting.inside++;
	(void)pthread_cond_broadcast(&meeting.changed);
	while (meeting.inside < 2)
		(void)pthread_cond_wait(&meeting.changed, &meeting.lock);
	(void)pthread_mutex_unlock(&meeting.lock);
	return 0;
}

static void
test_in_parallel(void **state)
{
	static const struct {
		enum pier_model model;
		int workers, clients;
	} parallel[] = {
		{ PIER_THREAD, 1, 2 },
		{ PIER_POOL, 2, 2 },
		/* The kernel deals them out; that all fall on one side has a
		   chance of 1 in 2^29. */
		{ PIER_FIBER, 2, CLIENTS },
	};
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = meet,
			.model = parallel[i].model,
			.workers = parallel[i].workers };
		struct serving it;

		meeting.inside = 0;
		serving_start(&it, &opts);
		come_and_go(&it, parallel[i].clients);
		assert_int_equal(serving_stop(&it), 0);
		assert_int_equal(meeting.inside, parallel[i].clients);
	}
}

static int
nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int
greet(void *arg)
{
	return pier_write(arg, "hello", 5, PIER_DEFAULT);
}

/* One task writes while the handler reads; the group of the whole run is for
   fibers. */
static int
with_a_task(struct pier_stream *stream, void *ctx)
{
	const struct pier_server_opts *opts = ctx;
	struct pier_group *group;
	char byte;
	ssize_t n;
	int rc = pier_group_open(&group);

	assert_int_equal(rc, 0);
	assert_int_equal(pier_go(NULL, nothing, NULL),
		opts->model == PIER_THREAD || opts->model == PIER_POOL ? -EINVAL
								       : 0);
	assert_int_equal(pier_go(group, greet, stream), 0);
	/* The client speaks when it was greeted. */
	n = pier_read(stream, &byte, 1, PIER_DEFAULT);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	rc = pier_group_result(group);
	pier_group_close(group);
	return n < 0 ? (int)n : rc;
}

static void
test_tasks_of_its_own(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoint = TCP,
			.handler = with_a_task,
			.model = models[i],
			.ctx = &opts };
		struct serving it;
		char back[8];
		int fd;

		serving_start(&it, &opts);
		fd = plain_connect(&it, 0);
		assert_int_equal(plain_read_all(fd, back, 5), 5);
		assert_memory_equal(back, "hello", 5);
		plain_write(fd, "x", 1);
		assert_int_equal(plain_read_all(fd, back, sizeof(back)), 0);
		(void)close(fd);
		(void)serving_await(&it, FIELD(finished), 1);
		assert_int_equal(serving_stop(&it), 0);
	}
}

/* Needs much more stack than there is unasked, and less than a MiB, of which a
   sanitizer takes its share of a thread. */
static int
deep(void)
{
	volatile char much[150 * 1024];
	size_t i;

	for (i = 0; i < sizeof(much); i += 1024)
		much[i] = 1;
	return much[0];
}

static int
deep_stream(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	return deep();
}

static int
deep_datagram(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	return pier_reply(packet, msg, msg->data, (size_t)deep(), PIER_DEFAULT);
}

static void
expect_reply(const struct serving *it)
{
	char where[PIER_ENDPOINT_TEXT_MAX], buf[8];
	struct pier_packet *packet;
	struct pier_msg msg;

	assert_true(
		pier_server_endpoint(it->server, 1, where, sizeof(where)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, where, NULL, pier_in_s(TIMEOUT_S)),
		0);
	assert_int_equal(pier_send(packet, NULL, "x", 1, PIER_FOREVER), 0);
	assert_int_equal(
		pier_recv(packet, &msg, buf, sizeof(buf), pier_in_s(TIMEOUT_S)),
		0);
	assert_int_equal(msg.size, 1);
	pier_packet_close(packet);
}

static void
test_the_stack_is_as_deep_as_asked_for(void **state)
{
	static const char *const endpoints[] = { TCP, "udp4://127.0.0.1:0",
		NULL };
	int i;

	(void)state;
	for (i = 0; i < MODEL_COUNT; i++) {
		struct pier_server_opts opts = { .endpoints = endpoints,
			.handler = deep_stream,
			.datagram_handler = deep_datagram,
			.model = models[i] };
		struct serving it;

		/* With one at a time there is room enough unasked. */
		if (models[i] != PIER_ITERATIVE)
			opts.stack_size = (size_t)1024 * 1024;
		serving_start(&it, &opts);
		come_and_go(&it, 1);
		expect_reply(&it);
		(void)serving_await(&it, FIELD(finished), 1);
		assert_int_equal(serving_stop(&it), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time_between_waits),
		cmocka_unit_test(test_in_parallel),
		cmocka_unit_test(test_tasks_of_its_own),
		cmocka_unit_test(test_the_stack_is_as_deep_as_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
