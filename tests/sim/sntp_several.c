/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/sntp_several.c - several servers of NTP: whom to believe, and which
 * hosts and options can be asked at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "sntp_bed.h"

/* ---- Several --------------------------------------------------------------- */

static void
test_a_liar_is_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		world_add("g");
	world.one[2].offset_ns = 3600 * S;
	world_add(".");
	world.opts.tries = 1;
	world_run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 5);
	assert_int_equal(world.agreed, 3);
	assert_true(world.verdict.enough);
	assert_true(world.verdict.offset_ns == 0);
	assert_int_equal(world.server[2].vote, PIER_NTP_FALSETICKER);
	assert_int_equal(world.server[3].vote, PIER_NTP_TRUECHIMER);
	assert_int_equal(world.server[4].vote, PIER_NTP_UNUSED);
}

static void
test_two_that_disagree(void **state)
{
	(void)state;
	world_add("g");
	world_add("g")->offset_ns = 3600 * S;
	world_run();
	assert_int_equal(world.agreed, 0);
	assert_int_equal(world.verdict.usable, 2);
	assert_int_equal(world.server[0].vote, PIER_NTP_UNDECIDED);
}

/* The best of a server's samples is the one that was under way the shortest. */
static void
test_the_shortest_way_counts(void **state)
{
	(void)state;
	world_add("g");
	world.opts.samples = 8;
	world.link.jitter_ns = 30 * MS;
	world_run();
	for (size_t i = 0; i < world.count; i++) {
		assert_int_equal(world.events[i].what, PIER_SNTP_SAMPLE);
		assert_true(world.server[0].best.delay_ns <=
			    world.events[i].sample.delay_ns);
		assert_true(world.events[i].sample.offset_ns <=
				    world.events[i].sample.bound_ns &&
			    -world.events[i].sample.offset_ns <=
				    world.events[i].sample.bound_ns);
	}
	assert_true(world.server[0].jitter_ns > 0);
}

/* Loss, duplicates and another order on the way: samples in the end, or not
   enough tries, and never a wrong one. */
static void
test_a_bad_way(void **state)
{
	unsigned samples = 0;
	size_t i;

	(void)state;
	world_add("g")->offset_ns = 77 * MS;
	world.opts.samples = 8;
	world.opts.tries = 20;
	world.link.loss = 300;
	world.link.duplicate = 300;
	world.link.reorder = 300;
	world_run();
	for (i = 0; i < world.count; i++) {
		samples += world.events[i].what == PIER_SNTP_SAMPLE;
		if (world.events[i].what == PIER_SNTP_SAMPLE)
			assert_true(world.events[i].sample.offset_ns > 0);
	}
	assert_int_equal(samples, 8);
	assert_true(world.server[0].lost > 0);
	assert_true(world.server[0].ignored > 0);
}

/* ---- Opening --------------------------------------------------------------- */

static int
lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	struct pier_addr addrs[3];
	int rc;

	(void)service, (void)opts, (void)deadline, (void)arg;
	if (strcmp(host, "pool.test") != 0)
		return -PIER_ENONAME;
	rc = pier_addr_parse(&addrs[0], "10.0.0.2:123");
	if (rc == 0)
		rc = pier_addr_parse(&addrs[1], "10.0.0.77:123");
	if (rc == 0)
		rc = pier_addr_parse(&addrs[2], "10.0.0.78:123");
	return rc == 0 ? pier_names_make(out, addrs, 3, NULL) : rc;
}

static void
test_names(void **state)
{
	(void)state;
	world_add("g");
	world_add(".");
	world.hosts[0] = "nowhere.test";
	world.hosts[1] = "pool.test";
	world.opts.lookup = lookup;
	world.opts.addresses = 2;
	world.opts.tries = 1;
	world_run();
	assert_int_equal(world.opened, 0);
	world_event(0, PIER_SNTP_FAILED, 0);
	assert_int_equal(world.events[0].error, -PIER_ENONAME);
	assert_string_equal(world.server[0].host, "nowhere.test");
	assert_int_equal(world.server[0].state, PIER_SNTP_UNUSABLE);
	world_event(1, PIER_SNTP_SAMPLE, 40);
	assert_int_equal(world.events[1].server, 1);
	world_event(2, PIER_SNTP_LOST, 2000);
	assert_string_equal(world.server[2].host, "pool.test");
}

/* However it is written: asked once, and one vote against the liar's. */
static void
test_one_server_counts_once(void **state)
{
	size_t i;

	(void)state;
	world_add("g")->offset_ns = 3600 * S;
	world_add(".");
	world_add(".");
	world_add("g");
	world.hosts[1] = "10.0.0.2:123";
	world.hosts[2] = "pool.test";
	world.opts.lookup = lookup;
	world_run();
	assert_int_equal(world.rc, 0);
	for (i = 1; i <= 2; i++) {
		world_event(i - 1, PIER_SNTP_FAILED, 0);
		assert_int_equal(world.events[i - 1].server, i);
		assert_int_equal(world.events[i - 1].error, -EEXIST);
		assert_string_equal(world.events[i - 1].text,
			"the same address as 10.0.0.2, which is asked: it "
			"counts once");
		assert_int_equal(world.server[i].state, PIER_SNTP_SAME);
		assert_int_equal(world.server[i].same, 0);
		assert_int_equal(world.server[i].sent, 0);
		assert_int_equal(world.server[i].vote, PIER_NTP_UNUSED);
	}
	assert_int_equal(world.one[0].asked, 1);
	assert_int_equal(world.verdict.usable, 2);
	assert_int_equal(world.agreed, 0);
}

/* Refused with what was expected. */
static void
test_what_cannot_be_opened(void **state)
{
	static const char *const hosts[] = { "tcp://10.0.0.2:123", "udp://:123",
		"udp://239.1.2.3:123", "", "a b", "10.0.0.2:notaport!",
		"nowhere.test" };
	size_t i;

	(void)state;
	world.opts.lookup = lookup;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		world.servers = 0;
		world_add("g");
		world.hosts[0] = hosts[i];
		world_run();
		assert_int_equal(
			world.opened, i + 1 < sizeof(hosts) / sizeof(hosts[0])
					      ? -EINVAL
					      : -PIER_ENONAME);
		assert_int_equal(world.error.code, world.opened);
	}
}

/* The error is about what is wrong, and not about the host. */
static void
test_what_else_cannot_be_read(void **state)
{
	static const char *const wrong[] = { "nodelay=1", NULL };

	(void)state;
	world_add("g");
	world.opts.bind = "foo";
	world_run();
	assert_int_equal(world.opened, -EINVAL);
	assert_int_equal(world.error.step, PIER_STEP_PARSE);
	assert_string_equal(world.endpoint, "foo");
	world.opts.bind = NULL;
	world.opts.options = wrong;
	world.servers = 0;
	world_add("g");
	world_run();
	assert_int_equal(world.opened, -EINVAL);
	assert_int_equal(world.error.step, PIER_STEP_PARSE);
	assert_string_equal(world.endpoint, wrong[0]);
}

static void
test_options_out_of_range(void **state)
{
	static const struct pier_sntp_opts all[] = {
		{ .samples = 9 },
		{ .interval_ns = 999999 },
		{ .interval_ns = PIER_SNTP_MAX_NS + 1 },
		{ .poll_ns = -1 },
		{ .poll_ns = 999999 },
		{ .polls = 3 },
		{ .wait_ns = -1 },
		{ .wait_ns = 3601 * S },
		{ .tries = 101 },
		{ .addresses = 65 },
		{ .version = 2 },
		{ .version = 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = 0;
		world_add("g");
		world.opts = all[i];
		world_run();
		assert_int_equal(world.opened, -EINVAL);
	}
	world.servers = 0;
	world_run();
	assert_int_equal(world.opened, -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_liar_is_found),
		TEST(test_two_that_disagree),
		TEST(test_the_shortest_way_counts),
		TEST(test_a_bad_way),
		TEST(test_names),
		TEST(test_one_server_counts_once),
		TEST(test_what_cannot_be_opened),
		TEST(test_what_else_cannot_be_read),
		TEST(test_options_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
