/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/sntp.c - one server of NTP that follows a script: what each answer is
 * taken for, and when, to the nanosecond.
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

static void
test_one_sample(void **state)
{
	const struct pier_sntp_server *server = &world.server[0];

	(void)state;
	world_add("g")->offset_ns = 250 * MS;
	world_run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_SAMPLE, 40);
	assert_int_equal(world.events[0].sequence, 1);
	assert_true(world.events[0].sample.offset_ns == 250 * MS);
	assert_true(world.events[0].sample.delay_ns == 40 * MS);
	assert_true(world.events[0].sample.t4_by_kernel);
	assert_int_equal(server->state, PIER_SNTP_COMPLETE);
	assert_string_equal(server->host, "10.0.0.2");
	assert_int_equal(pier_addr_port(&server->addr), 123);
	assert_int_equal(server->sent, 1);
	assert_int_equal(server->samples, 1);
	assert_int_equal(server->vote, PIER_NTP_TRUECHIMER);
	assert_false(server->own);
	assert_int_equal(world.agreed, 1);
	assert_true(world.verdict.offset_ns == 250 * MS);
	assert_true(world.verdict.bound_ns >= 20 * MS);
}

static void
test_over_ipv6(void **state)
{
	static const char *const forms[] = { "fd00::2", "[fd00::2]",
		"[fd00::2]:123", "udp6://[fd00::2]:123" };
	size_t i;

	(void)state;
	world.servers = 1;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		world.hosts[0] = forms[i];
		world.one[0].script = ".";
		world.opts.tries = 1;
		world.count = 0;
		world_run();
		assert_int_equal(world.opened, 0);
		assert_int_equal(pier_addr_port(&world.server[0].addr), 123);
		assert_int_equal(
			pier_addr_family(&world.server[0].addr), AF_INET6);
	}
}

/* Each that is no answer is told, and the answer after it still counts. */
static void
test_what_is_no_answer_is_passed_over(void **state)
{
	static const struct {
		const char *script;
		enum pier_sntp_check check;
	} all[] = {
		{ "o", PIER_SNTP_ORIGINATE },
		{ "F", PIER_SNTP_ORIGINATE },
		{ "s", PIER_SNTP_LENGTH },
		{ "L", PIER_SNTP_LENGTH },
		{ "m", PIER_SNTP_MODE },
		{ "v", PIER_SNTP_VERSION },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		world_add(all[i].script);
		world_run();
		assert_int_equal(world.count, 2);
		world_event(0, PIER_SNTP_IGNORED, 40);
		world_check(0, all[i].check);
		world_event(1, PIER_SNTP_SAMPLE, 140);
		assert_int_equal(world.server[0].ignored, 1);
		assert_int_equal(world.server[0].state, PIER_SNTP_COMPLETE);
	}
}

/* The kernel does not even show what comes from elsewhere: the socket is
   connected. */
static void
test_another_source_is_not_heard(void **state)
{
	(void)state;
	world_add("e");
	world_run();
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_SAMPLE, 140);
	assert_int_equal(world.server[0].ignored, 0);
}

static void
test_twice(void **state)
{
	(void)state;
	world_add("2g");
	world.opts.samples = 2;
	world_run();
	assert_int_equal(world.count, 3);
	world_event(0, PIER_SNTP_SAMPLE, 40);
	world_event(1, PIER_SNTP_IGNORED, 40);
	world_check(1, PIER_SNTP_FRESH);
	world_event(2, PIER_SNTP_SAMPLE, 2040);
	/* Another random number each time. */
	assert_true(world.one[0].seen[0] != world.one[0].seen[1]);
}

static void
test_an_answer_that_is_no_good(void **state)
{
	static const struct {
		const char *script;
		enum pier_sntp_check check;
		const char *text;
	} all[] = {
		{ "u", PIER_SNTP_SYNCED,
			"leap 3: the server's clock is not synchronised" },
		{ "6", PIER_SNTP_STRATUM,
			"stratum 16: the server's clock is not synchronised" },
		{ "z", PIER_SNTP_TRANSMIT,
			"transmit 0: the server does not say when the answer "
			"left" },
	};
	size_t i;

	(void)state;
	world.opts.samples = 4;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		world_add(all[i].script);
		world_run();
		assert_int_equal(world.count, 1);
		world_event(0, PIER_SNTP_REJECTED, 40);
		world_check(0, all[i].check);
		assert_string_equal(world.events[0].text, all[i].text);
		assert_int_equal(world.server[0].state, PIER_SNTP_REFUSED);
		assert_int_equal(world.server[0].failed, all[i].check);
		assert_int_equal(world.agreed, 0);
		assert_int_equal(world.verdict.usable, 0);
	}
}

/* It leaves in the last era, is answered in this one: 2036-02-07 06:28:16. */
static void
test_the_wrap_of_2036(void **state)
{
	const int64_t wrap = (PIER_NTP_ERA - PIER_NTP_UNIX) * S;

	(void)state;
	world_add("g")->offset_ns = -3 * MS;
	world.opts.samples = 2;
	pier__sim_set_realtime(world.sim, wrap - 15 * MS);
	world_run();
	assert_int_equal(world.count, 2);
	world_event(0, PIER_SNTP_SAMPLE, 40);
	world_event(1, PIER_SNTP_SAMPLE, 2040);
	assert_true(world.events[0].sample.t1_ns == wrap - 15 * MS);
	assert_true(world.events[0].sample.t3_ns == wrap + 2 * MS);
	assert_true(world.events[0].sample.offset_ns == -3 * MS);
	assert_true(world.events[1].sample.offset_ns == -3 * MS);
	assert_true(world.events[0].message.transmit < UINT64_C(1) << 32);
}

static void
set_back(void *arg)
{
	(void)arg;
	pier__sim_set_realtime(world.sim, INT64_C(1767225600) * S);
}

/* This machine's clock is set back an hour while the answer is on its way. */
static void
test_a_clock_that_is_set_meanwhile(void **state)
{
	(void)state;
	world_add("g");
	world.opts.samples = 2;
	world.opts.poll_ns = 64 * S;
	world.until_ns = 3 * S;
	pier__sim_set_realtime(world.sim, INT64_C(1767229200) * S);
	pier__sim_at(
		world.sim, pier__sim_now(world.sim) + 30 * MS, set_back, NULL);
	world_run();
	world_event(0, PIER_SNTP_REJECTED, 40);
	world_check(0, PIER_SNTP_ROUND_TRIP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_sample),
		TEST(test_over_ipv6),
		TEST(test_what_is_no_answer_is_passed_over),
		TEST(test_another_source_is_not_heard),
		TEST(test_twice),
		TEST(test_an_answer_that_is_no_good),
		TEST(test_the_wrap_of_2036),
		TEST(test_a_clock_that_is_set_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
