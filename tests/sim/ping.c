/* SPDX-License-Identifier: MIT */
/*
 * A ping over the simulated network: what is told of each probe and when, to
 * the nanosecond, with loss, delay, duplicates, reordering, cut links and ports
 * that are closed. Time is the simulation's: no test waits.
 */
#include <pier/error.h>
#include <pier/packet.h>
#include <pier/ping.h>
#include <pier/stream.h>
#include <pier/task.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "io/sim_engine.h"
#include "task/task.h"

#define MS         INT64_C(1000000)
#define EVENTS_MAX 4096

/* One peer, 10.0.0.2 and fd00::2, some way off. */
struct world {
	struct pier__sim *sim;
	struct pier__sim_host *far;
	struct pier__sim_link link;
	struct pier_ping_opts opts;
	const char *endpoint;
	pier_deadline each; /* of each call of next; ns 0: for ever */
	int rc;             /* of the last call */
	struct pier_error error;
	size_t count;
	struct pier_ping_event events[EVENTS_MAX];
	int64_t at[EVENTS_MAX]; /* when, since the beginning */
	struct pier_ping_stats stats;
	char way[32];
	size_t size;
	int64_t p10;
	struct pier_addr peer;
};

static struct world world;

static int
begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.sim = pier__sim_open(1);
	world.far = pier__sim_host(world.sim, "10.0.0.2 fd00::2");
	world.link.latency_ns = 20 * MS;
	world.endpoint = "icmp://10.0.0.2";
	world.opts.count = 3;
	return 0;
}

static int
end(void **state)
{
	unsigned left = pier__sim_open_count(world.sim);

	(void)state;
	pier__sim_close(world.sim);
	return left == 0 ? 0 : -1;
}

static void
link_up(void)
{
	pier__sim_link(
		world.sim, pier__sim_local(world.sim), world.far, &world.link);
}

static int
ping_all(void *arg)
{
	struct pier_ping *ping = NULL;
	int64_t begin_ns = pier_now();

	(void)arg;
	world.rc = pier_ping_open(
		&ping, world.endpoint, &world.opts, PIER_FOREVER);
	while (world.rc >= 0) {
		assert_true(world.count < EVENTS_MAX);
		world.rc = pier_ping_next(
			ping, &world.events[world.count], PIER_FOREVER);
		if (world.rc <= 0)
			break;
		world.at[world.count++] = pier_now() - begin_ns;
	}
	world.error = *pier_last_error();
	if (ping != NULL) {
		pier_ping_stats(ping, &world.stats);
		strcpy(world.way, pier_ping_way(ping));
		world.size = pier_ping_size(ping);
		world.p10 = pier_ping_percentile(ping, 0.1);
		world.peer = *pier_ping_peer(ping);
	}
	pier_ping_close(ping);
	return 0;
}

static void
run(void)
{
	link_up();
	assert_int_equal(pier__sim_run(world.sim, ping_all, NULL), 0);
}

static void
event_is(size_t i, enum pier_ping_what what, uint64_t sequence, int64_t at_ms,
	int64_t rtt_ms)
{
	assert_true(i < world.count);
	assert_int_equal(world.events[i].what, what);
	assert_int_equal(world.events[i].sequence, sequence);
	assert_int_equal(world.at[i], at_ms * MS);
	assert_int_equal(world.events[i].rtt_ns, rtt_ms < 0 ? -1 : rtt_ms * MS);
}

static void
test_each_is_answered(void **state)
{
	struct pier_addr peer;

	(void)state;
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_REPLY, 1, 40, 40);
	event_is(1, PIER_PING_REPLY, 2, 1040, 40);
	event_is(2, PIER_PING_REPLY, 3, 2040, 40);
	assert_int_equal(world.events[0].size, PIER_PING_SIZE);
	assert_false(world.events[0].corrupt);
	assert_int_equal(pier_addr_parse(&peer, "10.0.0.2"), 0);
	assert_true(pier_addr_equal(&world.events[0].from, &peer));
	assert_int_equal(world.stats.sent, 3);
	assert_int_equal(world.stats.answered, 3);
	assert_int_equal(world.stats.min_ns, 40 * MS);
	assert_int_equal(world.stats.mdev_ns, 0);
	assert_int_equal(world.stats.elapsed_ns, 2040 * MS);
	assert_string_equal(world.way, "ping socket");
	assert_int_equal(world.size, PIER_PING_SIZE);
	assert_int_equal(world.p10, 40 * MS);
	assert_true(pier_addr_equal(&world.peer, &peer));
}

static void
test_ipv6_and_sizes(void **state)
{
	static const int sizes[] = { PIER_OFF, 1, 7, 8, 15, 16, 17, 65499 };
	size_t i;

	(void)state;
	world.endpoint = "icmp6://[fd00::2]";
	world.opts.count = 1;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		world.opts.size = sizes[i];
		world.count = 0;
		run();
		assert_int_equal(world.rc, 0);
		event_is(0, PIER_PING_REPLY, 1, 40, 40);
		assert_int_equal(world.events[0].size,
			sizes[i] == PIER_OFF ? 0 : sizes[i]);
		assert_false(world.events[0].corrupt);
	}
}

/* Nobody has the address: each is lost, a second after it was sent. */
static void
test_nobody_answers(void **state)
{
	(void)state;
	world.endpoint = "icmp://10.0.0.99";
	world.opts.wait_ns = 300 * MS;
	run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_LOST, 1, 300, -1);
	event_is(1, PIER_PING_LOST, 2, 1300, -1);
	event_is(2, PIER_PING_LOST, 3, 2300, -1);
	assert_int_equal(world.stats.lost, 3);
	assert_int_equal(world.stats.bursts, 1);
	assert_int_equal(world.stats.burst_max, 3);
	assert_int_equal(world.stats.median_ns, 0);
}

static void
test_a_router_says_why(void **state)
{
	(void)state;
	world.link.unreachable = true;
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_ERROR, 1, 40, -1);
	assert_int_equal(world.events[0].error, -EHOSTUNREACH);
	assert_string_equal(world.events[0].text, pier_strerror(-EHOSTUNREACH));
	assert_int_equal(world.stats.errors, 3);
	assert_int_equal(world.stats.lost, 3);
}

static void
cut(void *arg)
{
	pier__sim_cut(
		world.sim, pier__sim_local(world.sim), world.far, arg != NULL);
}

/* Ten probes, 100 ms apart; no link from 150 ms to 450 ms: the answers of 2 to
   5 do not come. */
static void
test_an_outage_is_one_burst(void **state)
{
	int64_t now = pier__sim_now(world.sim);

	(void)state;
	world.opts.count = 10;
	world.opts.interval_ns = 100 * MS;
	world.opts.wait_ns = 1000 * MS;
	pier__sim_at(world.sim, now + 150 * MS, cut, &world);
	pier__sim_at(world.sim, now + 450 * MS, cut, NULL);
	run();
	assert_int_equal(world.stats.sent, 10);
	assert_int_equal(world.stats.lost, 3);
	assert_int_equal(world.stats.bursts, 1);
	assert_int_equal(world.stats.burst_max, 3);
	/* Those after it are told before those that are still waited for. */
	event_is(0, PIER_PING_REPLY, 1, 40, 40);
	event_is(1, PIER_PING_REPLY, 2, 140, 40);
	event_is(2, PIER_PING_REPLY, 6, 540, 40);
	event_is(7, PIER_PING_LOST, 3, 1200, -1);
	event_is(8, PIER_PING_LOST, 4, 1300, -1);
	event_is(9, PIER_PING_LOST, 5, 1400, -1);
}

/* An answer that is on its way for longer than the wait comes all the same. */
static void
test_late_answers(void **state)
{
	(void)state;
	world.link.latency_ns = 300 * MS;
	world.opts.wait_ns = 500 * MS;
	run();
	event_is(0, PIER_PING_LOST, 1, 500, -1);
	event_is(1, PIER_PING_LATE, 1, 600, 600);
	event_is(2, PIER_PING_LOST, 2, 1500, -1);
	event_is(3, PIER_PING_LATE, 2, 1600, 600);
	event_is(4, PIER_PING_LOST, 3, 2500, -1);
	/* Then all were sent, and each had its end. */
	assert_int_equal(world.count, 5);
	assert_int_equal(world.stats.late, 2);
	assert_int_equal(world.stats.lost, 3);
	assert_int_equal(world.stats.answered, 0);
}

static void
test_duplicates(void **state)
{
	(void)state;
	world.link.duplicate = 1000;
	world.opts.count = 2;
	run();
	/* Two requests, each with two answers. */
	event_is(0, PIER_PING_REPLY, 1, 40, 40);
	event_is(1, PIER_PING_DUPLICATE, 1, 40, 40);
	event_is(2, PIER_PING_DUPLICATE, 1, 40, 40);
	event_is(3, PIER_PING_DUPLICATE, 1, 40, 40);
	event_is(4, PIER_PING_REPLY, 2, 1040, 40);
	assert_int_equal(world.stats.answered, 2);
	assert_int_equal(world.stats.duplicates, 6);
}

/* Whatever the network does, the books agree with what was told, and what is
   lost with what the chance of the links says. */
static void
test_the_books_agree_with_the_events(void **state)
{
	uint64_t told[6] = { 0 };
	size_t i;

	(void)state;
	world.opts.count = 1000;
	world.opts.interval_ns = 10 * MS;
	world.link = (struct pier__sim_link){ .latency_ns = 20 * MS,
		.jitter_ns = 15 * MS,
		.loss = 100,
		.duplicate = 50,
		.reorder = 100 };
	run();
	assert_int_equal(world.rc, 0);
	for (i = 0; i < world.count; i++)
		told[world.events[i].what]++;
	assert_int_equal(world.stats.sent, 1000);
	assert_int_equal(world.stats.pending, 0);
	assert_int_equal(world.stats.answered, told[PIER_PING_REPLY]);
	assert_int_equal(world.stats.lost, told[PIER_PING_LOST]);
	assert_int_equal(world.stats.duplicates, told[PIER_PING_DUPLICATE]);
	assert_int_equal(world.stats.answered + world.stats.lost, 1000);
	/* One way and the other: 19 of 100, in most runs of chance. */
	assert_true(world.stats.lost > 120 && world.stats.lost < 260);
	assert_true(world.stats.bursts > 90 &&
		    world.stats.bursts < world.stats.lost);
	assert_true(world.stats.burst_max >= 2);
	assert_true(world.stats.reordered > 20);
	assert_true(world.stats.duplicates > 40);
	assert_true(world.stats.min_ns >= 40 * MS);
	assert_true(world.stats.jitter_ns > MS);
	assert_true(world.stats.min_ns <= world.stats.median_ns &&
		    world.stats.median_ns <= world.stats.p90_ns &&
		    world.stats.p90_ns <= world.stats.p99_ns &&
		    world.stats.p99_ns <= world.stats.max_ns);
}

/* ---- TCP and UDP --------------------------------------------------------- */

/* Somebody at far: listens, or answers each message with "yes". */
static int
serve_tcp(void *arg)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	int i;

	(void)arg;
	pier__sim_on(world.far);
	assert_int_equal(
		pier_listen(&listener, "tcp4://:80", NULL, PIER_FOREVER), 0);
	for (i = 0; i < 3; i++)
		if (pier_accept(&stream, listener, pier_in_s(20)) == 0)
			pier_close(stream);
	pier_listener_close(listener);
	return 0;
}

static int
serve_udp(void *arg)
{
	const struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *packet = NULL;
	struct pier_msg msg;
	char buf[100];
	int i;

	(void)arg;
	pier__sim_on(world.far);
	assert_int_equal(pier_packet_open(&packet, "udp4://10.0.0.2:53", &opts,
				 PIER_FOREVER),
		0);
	for (i = 0; i < 3; i++)
		if (pier_recv(packet, &msg, buf, sizeof(buf), pier_in_s(20)) ==
			0)
			(void)pier_reply(packet, &msg, "yes", 3, PIER_FOREVER);
	pier_packet_close(packet);
	return 0;
}

static int
serve_and_ping(void *arg)
{
	struct pier_group *group = NULL;
	pier_task_fn *const *server = arg;

	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, *server, NULL), 0);
	assert_int_equal(pier_yield(), 0);
	(void)ping_all(NULL);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
run_beside(pier_task_fn *server)
{
	link_up();
	assert_int_equal(pier__sim_run(world.sim, serve_and_ping, &server), 0);
}

static void
test_tcp(void **state)
{
	(void)state;
	world.endpoint = "tcp://10.0.0.2:80";
	run_beside(serve_tcp);
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_REPLY, 1, 40, 40);
	event_is(2, PIER_PING_REPLY, 3, 2040, 40);
	assert_int_equal(world.stats.closed, 0);
	assert_string_equal(world.way, "tcp");
}

static void
test_tcp_refused_is_alive(void **state)
{
	(void)state;
	world.endpoint = "tcp://10.0.0.2:81";
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_CLOSED, 1, 40, 40);
	assert_int_equal(world.stats.answered, 3);
	assert_int_equal(world.stats.closed, 3);
	assert_int_equal(world.stats.lost, 0);
}

/* One at a time: the next begins when the wait for the one before is over. */
static void
test_tcp_without_answer(void **state)
{
	(void)state;
	world.endpoint = "tcp://10.0.0.2:80";
	world.link.cut = true;
	world.opts.interval_ns = 100 * MS;
	world.opts.wait_ns = 700 * MS;
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_LOST, 1, 700, -1);
	event_is(1, PIER_PING_LOST, 2, 1400, -1);
	event_is(2, PIER_PING_LOST, 3, 2100, -1);
}

static void
test_tcp_unreachable(void **state)
{
	(void)state;
	world.endpoint = "tcp://10.0.0.2:80";
	world.link.unreachable = true;
	world.opts.count = 1;
	run();
	event_is(0, PIER_PING_ERROR, 1, 40, -1);
	assert_int_equal(world.events[0].error, -EHOSTUNREACH);
}

static void
test_udp(void **state)
{
	(void)state;
	world.endpoint = "udp://10.0.0.2:53";
	run_beside(serve_udp);
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_REPLY, 1, 40, 40);
	event_is(2, PIER_PING_REPLY, 3, 2040, 40);
	assert_int_equal(world.events[0].size, 3);
	assert_false(world.events[0].corrupt);
}

static void
test_udp_closed_is_alive(void **state)
{
	(void)state;
	world.endpoint = "udp://10.0.0.2:54";
	run();
	assert_int_equal(world.count, 3);
	event_is(0, PIER_PING_CLOSED, 1, 40, 40);
	assert_int_equal(world.stats.closed, 3);
}

/* ---- Giving up, and going on --------------------------------------------- */

static int
in_pieces(void *arg)
{
	struct pier_ping *ping = NULL;
	struct pier_ping_event event;

	(void)arg;
	assert_int_equal(pier_ping_open(&ping, world.endpoint, &world.opts,
				 PIER_FOREVER),
		0);
	/* The first try sends. */
	assert_int_equal(pier_ping_next(ping, &event, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_ping_next(ping, &event, pier_in_ms(10)), -PIER_EDEADLINE);
	assert_int_equal(pier_last_error()->code, -PIER_EDEADLINE);
	assert_string_equal(pier_last_error()->endpoint, world.endpoint);
	assert_int_equal(pier_ping_next(ping, &event, pier_in_ms(100)), 1);
	assert_int_equal(event.sequence, 1);
	assert_int_equal(event.rtt_ns, 40 * MS);
	assert_int_equal(
		pier_ping_next(ping, &event, pier_in_ms(100)), -PIER_EDEADLINE);
	assert_int_equal(pier_ping_next(ping, &event, PIER_FOREVER), 1);
	assert_int_equal(event.sequence, 2);
	pier_ping_close(ping);
	return 0;
}

static void
test_a_deadline_is_no_end(void **state)
{
	(void)state;
	link_up();
	assert_int_equal(pier__sim_run(world.sim, in_pieces, NULL), 0);
	world.endpoint = "tcp://10.0.0.2:81";
	assert_int_equal(pier__sim_run(world.sim, in_pieces, NULL), 0);
}

/* An endless ping, stopped from outside. */
static int
stopped(void *arg)
{
	struct pier_group *group = NULL;

	(void)arg;
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, ping_all, NULL), 0);
	assert_int_equal(pier_sleep(pier_in_ms(2500)), 0);
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	return 0;
}

static void
test_cancelled(void **state)
{
	(void)state;
	world.opts.count = 0;
	link_up();
	assert_int_equal(pier__sim_run(world.sim, stopped, NULL), 0);
	assert_int_equal(world.rc, -ECANCELED);
	assert_int_equal(world.stats.sent, 3);
	assert_int_equal(world.stats.answered, 3);
}

static void
refused(const char *endpoint, const struct pier_ping_opts *opts,
	const char *words)
{
	struct pier_ping *ping = NULL;

	assert_int_equal(
		pier_ping_open(&ping, endpoint, opts, PIER_FOREVER), -EINVAL);
	assert_null(ping);
	assert_non_null(strstr(pier_error_line(), words));
}

static void
test_what_is_out_of_range_is_refused(void **state)
{
	(void)state;
	refused("icmp://h", &(struct pier_ping_opts){ .interval_ns = 999999 },
		"at least 1 ms");
	refused("icmp://h", &(struct pier_ping_opts){ .wait_ns = -1 },
		"above 0");
	refused("icmp://h",
		&(struct pier_ping_opts){
			.interval_ns = MS, .wait_ns = 16385 * MS },
		"16384");
	refused("icmp://h", &(struct pier_ping_opts){ .size = 65508 }, "65507");
	refused("icmp://h", &(struct pier_ping_opts){ .size = -2 }, "65507");
	refused("icmp://h", &(struct pier_ping_opts){ .ttl = 256 }, "TTL");
	refused("icmp://h", &(struct pier_ping_opts){ .tos = -1 }, "service");
	refused("icmp://h",
		&(struct pier_ping_opts){ .interface = "sixteen-letters-" },
		"interface");
	refused("icmp4://h", &(struct pier_ping_opts){ .family = AF_INET6 },
		"family");
	refused("unix:///x", &(struct pier_ping_opts){ .ttl = 0 }, "pinged");
	refused("icmp://h:7", &(struct pier_ping_opts){ .ttl = 0 }, "no ports");
	refused("icmp://::1", &(struct pier_ping_opts){ .ttl = 0 }, "brackets");
	refused("icmp://", &(struct pier_ping_opts){ .ttl = 0 }, "missing");
	refused("icmp://h", &(struct pier_ping_opts){ .bind = "x" }, "x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_each_is_answered),
		TEST(test_ipv6_and_sizes),
		TEST(test_nobody_answers),
		TEST(test_a_router_says_why),
		TEST(test_an_outage_is_one_burst),
		TEST(test_late_answers),
		TEST(test_duplicates),
		TEST(test_the_books_agree_with_the_events),
		TEST(test_tcp),
		TEST(test_tcp_refused_is_alive),
		TEST(test_tcp_without_answer),
		TEST(test_tcp_unreachable),
		TEST(test_udp),
		TEST(test_udp_closed_is_alive),
		TEST(test_a_deadline_is_no_end),
		TEST(test_cancelled),
		TEST(test_what_is_out_of_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
