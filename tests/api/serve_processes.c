/* SPDX-License-Identifier: MIT */
/*
 * serve_processes.c - a server in several processes: one service by all of
 * them, with one set of numbers and limits, and one stop.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "fds.h"
#include "processes.h"
#include "serving.h"

#define MANY        60
#define FIELD(name) offsetof(struct pier_server_stats, name)

static void
test_every_model_serves(void **state)
{
	struct pier_server_stats stats;
	int before = open_fds();
	int i, j;

	(void)state;
	/* And that of forks, which is not among them. */
	for (i = 0; i <= MODEL_COUNT; i++) {
		struct pier_server_opts opts = processes_options();
		struct serving it;

		opts.model = i < MODEL_COUNT ? models[i] : PIER_FORK;
		serving_start(&it, &opts);
		for (j = 0; j < MANY; j++)
			converse(&it);
		stats = serving_await(&it, FIELD(finished), MANY);
		assert_int_equal(stats.finished, MANY);
		assert_int_equal(stats.accepted, MANY);
		assert_int_equal(stats.bytes_in, MANY * 5);
		assert_int_equal(stats.failed + stats.lost + stats.died, 0);
		assert_int_equal(serving_stop(&it), 0);
	}
	assert_int_equal(atomic_load(&seen->errors), 0);
	assert_int_equal(
		atomic_load(&seen->ended), (MODEL_COUNT + 1) * PROCESSES);
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

static void
test_iterative_serves_one_in_each(void **state)
{
	struct pier_server_opts opts = processes_options();
	int fds[PROCESSES + 1], pids[PROCESSES];
	struct pollfd more;
	struct serving it;
	int i, j;

	(void)state;
	opts.model = PIER_ITERATIVE;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES; i++) {
		fds[i] = plain_connect(&it, 0);
		pids[i] = pid_of(fds[i]);
		for (j = 0; j < i; j++)
			assert_int_not_equal(pids[i], pids[j]);
	}
	/* One more queues, until any of them has ended. */
	fds[i] = plain_connect(&it, 0);
	more = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	assert_int_equal(poll(&more, 1, 100), 0);
	plain_hang_up(fds[1]);
	assert_int_equal(pid_of(fds[i]), pids[1]);
	plain_hang_up(fds[0]);
	plain_hang_up(fds[2]);
	plain_hang_up(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_limits_are_of_all_together(void **state)
{
	struct pier_server_opts opts = processes_options();
	struct pollfd more;
	struct serving it;
	int fds[5];
	int i;

	(void)state;
	opts.connections_max = 4;
	opts.per_address_max = 4;
	serving_start(&it, &opts);
	for (i = 0; i < 4; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	fds[4] = plain_connect(&it, 0);
	more = (struct pollfd){ .fd = fds[4], .events = POLLIN };
	assert_int_equal(poll(&more, 1, 100), 0);
	/* Whichever process had it, and whichever takes the next. */
	for (i = 0; i < 4; i++) {
		plain_hang_up(fds[i]);
		assert_true(pid_of(fds[4]) > 0);
		fds[i] = fds[4];
		fds[4] = plain_connect(&it, 0);
	}
	for (i = 0; i < 5; i++)
		plain_hang_up(fds[i]);
	serving_await_active(&it, 0);
	assert_int_equal(
		serving_await(&it, FIELD(active_peak), 4).active_peak, 4);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_addresses_are_counted_together(void **state)
{
	struct pier_server_opts opts = processes_options();
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct serving it;
	int fds[3];
	int i;

	(void)state;
	opts.per_address_max = 3;
	serving_start(&it, &opts);
	for (i = 0; i < 3; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	plain_expect_reset(endpoint);
	(void)serving_await(&it, FIELD(refused_address), 1);
	for (i = 0; i < 3; i++)
		plain_hang_up(fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

/* Connections, and who serves each; pid 0: it has gone. */
struct crowd {
	int fds[6 * MANY], pids[6 * MANY];
	int count;
};

static void
one_more(struct crowd *crowd, const struct serving *it)
{
	int fd = plain_connect(it, 0);

	crowd->fds[crowd->count] = fd;
	crowd->pids[crowd->count] = pid_of(fd);
	assert_true(crowd->pids[crowd->count] > 0);
	crowd->count++;
}

/* How many of them go. */
static int
all_of_one_go(struct crowd *crowd, int pid)
{
	int went = 0, i;

	for (i = 0; i < crowd->count; i++) {
		if (crowd->pids[i] != pid)
			continue;
		plain_hang_up(crowd->fds[i]);
		crowd->pids[i] = 0;
		went++;
	}
	return went;
}

/* Has no process over a tenth, and over two, more than another? */
static bool
is_even(const struct crowd *crowd)
{
	int counts[PROCESSES] = { 0 }, known[PROCESSES] = { 0 };
	int min = crowd->count, max = 0;
	int i, j;

	for (i = 0; i < crowd->count; i++) {
		for (j = 0; crowd->pids[i] != 0; j++) {
			assert_true(j < PROCESSES);
			if (known[j] == 0)
				known[j] = crowd->pids[i];
			if (known[j] == crowd->pids[i])
				break;
		}
		if (crowd->pids[i] != 0)
			counts[j]++;
	}
	for (j = 0; j < PROCESSES; j++) {
		min = counts[j] < min ? counts[j] : min;
		max = counts[j] > max ? counts[j] : max;
	}
	return max - min <= 2 + min / 10;
}

/* While MANY are there from the beginning, others come. A process that does not
   get to run for a while leaves its own to others, who owe it the next ones: so
   they may be even a little later. */
static void
test_load_stays_even(void **state)
{
	static struct crowd crowd;
	struct pier_server_opts opts = processes_options();
	struct serving it;
	int i, went;

	(void)state;
	serving_start(&it, &opts);
	await(&seen->started, PROCESSES);
	for (i = 0; i < 2 * MANY; i++)
		one_more(&crowd, &it);
	went = all_of_one_go(&crowd, crowd.pids[0]);
	serving_await_active(&it, (uint64_t)(2 * MANY - went));
	for (i = 0; i < 2 * MANY; i++)
		one_more(&crowd, &it);
	for (i = 0; i < 2 * MANY && !is_even(&crowd); i++)
		one_more(&crowd, &it);
	assert_true(is_even(&crowd));
	for (i = 0; i < crowd.count; i++)
		if (crowd.pids[i] != 0)
			plain_hang_up(crowd.fds[i]);
	assert_int_equal(serving_stop(&it), 0);
}

static void
test_a_stop_drains_all(void **state)
{
	struct pier_server_opts opts = processes_options();
	int fds[PROCESSES * 2];
	struct serving it;
	int i;

	(void)state;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES * 2; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	/* By a handler, in one of the processes. */
	plain_echo(fds[0], "stop");
	for (i = 0; i < PROCESSES * 2; i++) {
		plain_echo(fds[i], "hello");
		assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
		assert_true(is_over(fds[i]));
		plain_hang_up(fds[i]);
	}
	assert_int_equal(serving_join(&it), 0);
	assert_int_equal(atomic_load(&seen->errors), 0);
	assert_int_equal(atomic_load(&seen->ended), PROCESSES);
	assert_int_equal(seen->events[0].status, 0);
}

static void
test_a_second_stop_cancels_all(void **state)
{
	struct pier_server_opts opts = processes_options();
	int fds[PROCESSES * 2];
	struct serving it;
	int i;

	(void)state;
	opts.drain_ms = 100000;
	serving_start(&it, &opts);
	for (i = 0; i < PROCESSES * 2; i++) {
		fds[i] = plain_connect(&it, 0);
		assert_true(pid_of(fds[i]) > 0);
	}
	pier_server_stop(it.server);
	assert_int_equal(serving_stop(&it), PROCESSES * 2);
	for (i = 0; i < PROCESSES * 2; i++) {
		assert_true(is_over(fds[i]));
		plain_hang_up(fds[i]);
	}
}

static int
run_in_fiber(void *arg)
{
	struct pier_server_opts opts = processes_options();

	(void)arg;
	return pier_serve(&opts);
}

static void
test_not_from_a_fiber(void **state)
{
	(void)state;
	assert_int_equal(pier_run(run_in_fiber, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(atomic_load(&seen->started), 0);
}

static void
test_datagrams(void **state)
{
	struct pier_server_opts opts = processes_options();
	char endpoint[PIER_ENDPOINT_TEXT_MAX], back[8];
	struct pier_packet *packet;
	struct pier_msg msg;
	struct serving it;
	int i;

	(void)state;
	opts.endpoint = "udp4://127.0.0.1:0";
	opts.datagram_handler = pier_datagram_echo;
	serving_start(&it, &opts);
	assert_true(pier_server_endpoint(
			    it.server, 0, endpoint, sizeof(endpoint)) > 0);
	assert_int_equal(
		pier_packet_open(&packet, endpoint, NULL, pier_in_ms(1000)), 0);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(
			pier_send(packet, NULL, "ping", 4, pier_in_ms(1000)),
			0);
		assert_int_equal(pier_recv(packet, &msg, back, sizeof(back),
					 pier_in_ms(TIMEOUT_S * 1000)),
			0);
		assert_int_equal(msg.size, 4);
	}
	pier_packet_close(packet);
	assert_int_equal(
		serving_await(&it, FIELD(datagrams), MANY).datagrams, MANY);
	assert_int_equal(serving_stop(&it), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, processes_begin)
	const struct CMUnitTest tests[] = {
		TEST(test_every_model_serves),
		TEST(test_iterative_serves_one_in_each),
		TEST(test_limits_are_of_all_together),
		TEST(test_addresses_are_counted_together),
		TEST(test_load_stays_even),
		TEST(test_a_stop_drains_all),
		TEST(test_a_second_stop_cancels_all),
		TEST(test_not_from_a_fiber),
		TEST(test_datagrams),
	};

	if (processes_skip())
		return 0;
	return cmocka_run_group_tests(tests, processes_open, NULL);
}
