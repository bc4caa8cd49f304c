/* SPDX-License-Identifier: MIT */
/*
 * The schedule of a dial, to the nanosecond: when each address is tried, who
 * wins, and when it is given up. Time is the simulation's: no test waits.
 */
#include <pier/error.h>
#include <pier/stream.h>
#include <pier/task.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/sim_engine.h"
#include "task/task.h"

#define MS       INT64_C(1000000)
#define PORT     80
#define HOSTS    6
#define NAME_MAX 16

/*
 * Hosts "a" to "f" with the addresses fd00::a to fd00::f and 10.0.0.10 to
 * 10.0.0.15. A test says how far away each is and what it is: alive, refusing
 * or a hole; and which addresses a name has, "A" being fd00::a and "a"
 * 10.0.0.10.
 */
struct world {
	struct pier__sim *sim;
	struct pier__sim_host *hosts[HOSTS];
	int listeners[HOSTS];
	const char *names;
	int64_t lookup_ns;
	pier_deadline deadline;
	int64_t delay_ms;
	int rc;
	struct pier_dial_report report;
	struct pier_error error;
	char winner[PIER_ADDR_TEXT_MAX];
};

static struct world world;

static int
begin(void **state)
{
	char text[64];
	int i;

	(void)state;
	memset(&world, 0, sizeof(world));
	world.sim = pier__sim_open(1);
	for (i = 0; i < HOSTS; i++) {
		(void)snprintf(text, sizeof(text), "fd00::%c 10.0.0.%d",
			'a' + i, 10 + i);
		world.hosts[i] = pier__sim_host(world.sim, text);
		world.listeners[i] = -1;
	}
	world.deadline = PIER_FOREVER;
	return 0;
}

static int
end(void **state)
{
	const struct pier__calls *before = pier__calls();
	unsigned left;
	int i;

	(void)state;
	for (i = 0; i < HOSTS; i++) {
		pier__sim_on(world.hosts[i]);
		pier__close(world.listeners[i]);
	}
	pier__self()->context.calls = before;
	/* Nothing of a dial may be left, whatever became of it. */
	left = pier__sim_open_count(world.sim);
	pier__sim_close(world.sim);
	return left == 0 ? 0 : -1;
}

static struct pier__sim_host *
host_of(char letter)
{
	return world.hosts[letter - 'a'];
}

/* letter is so far away, one way; nobody listens there. */
static void
is_at(char letter, int64_t latency_ms)
{
	const struct pier__sim_link link = { .latency_ns = latency_ms * MS };

	pier__sim_link(
		world.sim, pier__sim_local(world.sim), host_of(letter), &link);
}

static void
is_alive_at(char letter, int64_t latency_ms)
{
	const struct pier__calls *before = pier__calls();
	const struct pier__calls *calls = pier__sim_calls(host_of(letter));
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_port = htons(PORT) };
	int off = 0;
	int fd;

	pier__sim_on(host_of(letter));
	fd = calls->socket(AF_INET6, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(calls->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
				 sizeof(off)),
		0);
	assert_int_equal(
		calls->bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(calls->listen(fd, 16), 0);
	pier__self()->context.calls = before;
	world.listeners[letter - 'a'] = fd;
	is_at(letter, latency_ms);
}

static void
is_a_hole(char letter)
{
	pier__sim_cut(
		world.sim, pier__sim_local(world.sim), host_of(letter), true);
}

static void
addr_of(struct pier_addr *out, char letter)
{
	char text[64];

	if (letter >= 'a')
		(void)snprintf(
			text, sizeof(text), "10.0.0.%d", 10 + letter - 'a');
	else
		(void)snprintf(
			text, sizeof(text), "fd00::%c", letter - 'A' + 'a');
	assert_int_equal(pier_addr_parse(out, text), 0);
}

static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[NAME_MAX];
	size_t count = strlen(world.names);
	size_t i;

	(void)host;
	(void)service;
	(void)opts;
	(void)arg;
	if (world.lookup_ns > 0) {
		pier_deadline until = pier_in_ns(world.lookup_ns);

		if (deadline.ns < until.ns)
			until = deadline;
		assert_int_equal(pier_sleep(until), 0);
		if (until.ns == deadline.ns)
			return -PIER_EDEADLINE;
	}
	for (i = 0; i < count; i++)
		addr_of(&addrs[i], world.names[i]);
	return pier_names_make(out, addrs, count, NULL);
}

static int
dial(void *arg)
{
	struct pier_dial_opts opts = { .lookup = lookup,
		.attempt_delay_ms = world.delay_ms,
		.report = &world.report };
	struct pier_stream *stream = NULL;
	struct pier_addr peer;

	(void)arg;
	world.rc = pier_dial(
		&stream, "tcp://name.example:80", &opts, world.deadline);
	world.error = *pier_last_error();
	if (world.rc == 0) {
		assert_int_equal(pier_peer(stream, &peer), 0);
		assert_true(pier_addr_format_host(&peer, world.winner,
				    sizeof(world.winner)) > 0);
	}
	pier_close(stream);
	return 0;
}

static void
dial_name(const char *names)
{
	world.names = names;
	assert_int_equal(pier__sim_run(world.sim, dial, NULL), 0);
}

static void
attempt_is(size_t i, char letter, int64_t start_ms, int64_t elapsed_ms, int rc)
{
	const struct pier_attempt *attempt = &world.report.attempts[i];
	struct pier_addr addr;

	assert_true(i < world.report.attempt_count);
	addr_of(&addr, letter);
	assert_int_equal(pier_addr_set_port(&addr, PORT), 0);
	assert_true(pier_addr_equal(&attempt->addr, &addr));
	assert_int_equal(attempt->rc, rc);
	assert_int_equal(attempt->start_ns, start_ms * MS);
	assert_int_equal(attempt->elapsed_ns, elapsed_ms * MS);
}

static void
test_the_first_answers(void **state)
{
	(void)state;
	is_alive_at('a', 20);
	dial_name("AaBb");
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.report.address_count, 4);
	assert_int_equal(world.report.attempt_count, 1);
	attempt_is(0, 'A', 0, 40, 0);
	assert_string_equal(world.winner, "fd00::a");
}

static void
test_the_first_is_a_hole(void **state)
{
	(void)state;
	is_a_hole('a');
	is_alive_at('b', 20);
	dial_name("Ab");
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.report.attempt_count, 2);
	attempt_is(0, 'A', 0, 290, -ECANCELED);
	attempt_is(1, 'b', 250, 40, 0);
	assert_int_equal(world.report.total_ns, 290 * MS);
}

static void
test_many_holes_and_a_delay_of_ones_own(void **state)
{
	(void)state;
	is_a_hole('a');
	is_a_hole('b');
	is_alive_at('c', 5);
	world.delay_ms = 100;
	dial_name("ABabc");
	assert_int_equal(world.rc, 0);
	/* Families alternate: A a B b c. */
	attempt_is(0, 'A', 0, 410, -ECANCELED);
	attempt_is(1, 'a', 100, 310, -ECANCELED);
	attempt_is(2, 'B', 200, 210, -ECANCELED);
	attempt_is(3, 'b', 300, 110, -ECANCELED);
	attempt_is(4, 'c', 400, 10, 0);
	assert_string_equal(world.winner, "10.0.0.12");
}

static void
test_the_first_refuses(void **state)
{
	(void)state;
	is_at('a', 30);
	is_alive_at('b', 10);
	dial_name("Ab");
	assert_int_equal(world.rc, 0);
	attempt_is(0, 'A', 0, 60, -ECONNREFUSED);
	attempt_is(1, 'b', 60, 20, 0);
}

/* Slow is not lost: what was begun first may win after the next began. */
static void
test_the_first_is_slow(void **state)
{
	(void)state;
	is_alive_at('a', 150);
	is_alive_at('b', 200);
	dial_name("Ab");
	assert_int_equal(world.rc, 0);
	attempt_is(0, 'A', 0, 300, 0);
	attempt_is(1, 'b', 250, 50, -ECANCELED);
	assert_string_equal(world.winner, "fd00::a");
}

/* One fails while another goes on: the next begins at once, and its own
   successor a whole delay after that. */
static void
test_a_failure_beside_a_hole(void **state)
{
	(void)state;
	is_a_hole('a');
	is_at('b', 40);
	is_a_hole('c');
	is_alive_at('d', 5);
	dial_name("AbCd");
	assert_int_equal(world.rc, 0);
	attempt_is(0, 'A', 0, 590, -ECANCELED);
	attempt_is(1, 'b', 250, 80, -ECONNREFUSED);
	attempt_is(2, 'C', 330, 260, -ECANCELED);
	attempt_is(3, 'd', 580, 10, 0);
}

static void
test_all_refuse(void **state)
{
	(void)state;
	is_at('a', 10);
	is_at('b', 20);
	dial_name("Ab");
	assert_int_equal(world.rc, -ECONNREFUSED);
	attempt_is(0, 'A', 0, 20, -ECONNREFUSED);
	attempt_is(1, 'b', 20, 40, -ECONNREFUSED);
	assert_int_equal(world.error.step, PIER_STEP_CONNECT);
	assert_int_equal(world.error.elapsed_ns, 60 * MS);
}

static void
test_no_way_there(void **state)
{
	static const struct pier__sim_link none = { .latency_ns = 10 * MS,
		.unreachable = true };

	(void)state;
	pier__sim_link(
		world.sim, pier__sim_local(world.sim), host_of('a'), &none);
	is_at('b', 20);
	dial_name("Ab");
	/* What the first one met, not the last. */
	assert_int_equal(world.rc, -EHOSTUNREACH);
	assert_int_equal(world.report.attempts[0].rc, -EHOSTUNREACH);
	assert_int_equal(world.report.attempts[1].rc, -ECONNREFUSED);
}

/* The deadline is the whole dial's, to the nanosecond. */
static void
test_the_deadline(void **state)
{
	(void)state;
	is_a_hole('a');
	is_a_hole('b');
	world.deadline = pier_deadline_at(PIER__SIM_EPOCH_NS + 1000 * MS + 1);
	dial_name("Ab");
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	assert_int_equal(world.report.total_ns, 1000 * MS + 1);
	assert_int_equal(world.report.attempts[0].rc, -PIER_EDEADLINE);
	assert_int_equal(world.report.attempts[1].rc, -PIER_EDEADLINE);
	assert_int_equal(world.report.attempts[1].start_ns, 250 * MS);
	assert_int_equal(world.error.step, PIER_STEP_CONNECT);
	assert_int_equal(world.error.attempt_count, 2);
}

/* The kernel's own end of patience is another answer than the deadline. */
static void
test_the_kernel_gives_up(void **state)
{
	(void)state;
	is_a_hole('a');
	dial_name("A");
	assert_int_equal(world.rc, -ETIMEDOUT);
	assert_int_equal(world.report.total_ns,
		pier__sim_limits(world.sim)->syn_timeout_ns);
}

static void
test_time_for_names_counts(void **state)
{
	(void)state;
	is_alive_at('a', 20);
	world.lookup_ns = 3000 * MS;
	dial_name("A");
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.report.resolve_ns, 3000 * MS);
	attempt_is(0, 'A', 3000, 40, 0);
	world.deadline = pier_deadline_at(pier__sim_now(world.sim) + 2000 * MS);
	dial_name("A");
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	assert_int_equal(world.error.step, PIER_STEP_RESOLVE);
	assert_int_equal(world.report.total_ns, 2000 * MS);
	assert_int_equal(world.report.attempt_count, 0);
}

/* The way comes back: the kernel sends again, and the dial is none the wiser. */
static void
mend(void *arg)
{
	(void)arg;
	pier__sim_cut(
		world.sim, pier__sim_local(world.sim), host_of('a'), false);
}

static void
test_a_way_that_comes_back(void **state)
{
	(void)state;
	is_alive_at('a', 20);
	is_a_hole('a');
	pier__sim_at(world.sim, PIER__SIM_EPOCH_NS + 2000 * MS, mend, NULL);
	dial_name("A");
	assert_int_equal(world.rc, 0);
	/* Sent at 0, 1 and 3 s. */
	attempt_is(0, 'A', 0, 3040, 0);
}

static int
cancel_at_300_ms(void *arg)
{
	struct pier_group *group;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, dial, arg), 0);
	assert_int_equal(pier_sleep(pier_in_ms(300)), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_cancelled_in_the_middle(void **state)
{
	(void)state;
	is_a_hole('a');
	is_a_hole('b');
	world.names = "AbC";
	assert_int_equal(pier__sim_run(world.sim, cancel_at_300_ms, NULL), 0);
	assert_int_equal(world.rc, -ECANCELED);
	assert_int_equal(world.report.attempt_count, 2);
	attempt_is(0, 'A', 0, 300, -ECANCELED);
	attempt_is(1, 'b', 250, 50, -ECANCELED);
}

/* A lossy way is only a slow one. */
static void
test_loss(void **state)
{
	static const struct pier__sim_link lossy = { .latency_ns = 10 * MS,
		.loss = 200 };
	int i;

	(void)state;
	is_alive_at('a', 10);
	pier__sim_link(
		world.sim, pier__sim_local(world.sim), host_of('a'), &lossy);
	for (i = 0; i < 15; i++) {
		dial_name("A");
		assert_int_equal(world.rc, 0);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_first_answers),
		CASE(test_the_first_is_a_hole),
		CASE(test_many_holes_and_a_delay_of_ones_own),
		CASE(test_the_first_refuses),
		CASE(test_the_first_is_slow),
		CASE(test_a_failure_beside_a_hole),
		CASE(test_all_refuse),
		CASE(test_no_way_there),
		CASE(test_the_deadline),
		CASE(test_the_kernel_gives_up),
		CASE(test_time_for_names_counts),
		CASE(test_a_way_that_comes_back),
		CASE(test_cancelled_in_the_middle),
		CASE(test_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
