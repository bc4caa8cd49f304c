/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/sntp_pace.c - how often a server of NTP is asked: one that is silent,
 * one that answers, and one that says how often it wants to be asked.
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

/* ---- Loss ------------------------------------------------------------------ */

/* Three requests, 2 s apart or as long as each is waited for, and it is given
   up. */
static void
test_silence_ends(void **state)
{
	(void)state;
	world_add(".");
	world_run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	world_event(0, PIER_SNTP_LOST, 2000);
	world_event(1, PIER_SNTP_LOST, 4000);
	world_event(2, PIER_SNTP_LOST, 6000);
	assert_int_equal(world.server[0].state, PIER_SNTP_SILENT);
	assert_int_equal(world.server[0].lost, 3);
	assert_int_equal(world.one[0].at[1], 2000 * MS + 20 * MS);
}

static void
test_silence_with_little_patience(void **state)
{
	(void)state;
	world_add(".");
	world.opts.wait_ns = 200 * MS;
	world_run();
	assert_int_equal(world.count, 3);
	world_event(0, PIER_SNTP_LOST, 200);
	world_event(1, PIER_SNTP_LOST, 2200);
	world_event(2, PIER_SNTP_LOST, 4200);
}

/* Once the burst is over the time between two doubles. */
static void
test_many_tries_are_polite(void **state)
{
	const int64_t *at = world.one[0].at;
	size_t i;

	(void)state;
	world_add(".");
	world.opts.tries = 10;
	world_run();
	assert_int_equal(world.count, 10);
	for (i = 1; i < PIER_SNTP_BURST; i++)
		assert_int_equal(at[i] - at[i - 1], 2 * S);
	assert_true(at[8] - at[7] >= PIER_SNTP_POLL_NS);
	assert_true(at[9] - at[8] >= 2 * (at[8] - at[7]));
}

static void
test_a_late_answer(void **state)
{
	(void)state;
	world_add("lg");
	world_run();
	assert_int_equal(world.count, 3);
	world_event(0, PIER_SNTP_LOST, 2000);
	world_event(1, PIER_SNTP_LATE, 3040);
	world_event(2, PIER_SNTP_SAMPLE, 3040);
	assert_int_equal(world.server[0].lost, 1);
}

/* One that comes in the last moment counts. */
static void
test_the_last_moment(void **state)
{
	(void)state;
	world_add("g");
	world.opts.wait_ns = 40 * MS;
	world_run();
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_SAMPLE, 40);
}

static void
test_nobody_listens(void **state)
{
	(void)state;
	world_add("g");
	world.hosts[0] = "10.0.0.2:7";
	world_run();
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_ERROR, 40);
	assert_int_equal(world.events[0].error, -ECONNREFUSED);
	assert_int_equal(world.server[0].state, PIER_SNTP_UNUSABLE);
	assert_int_equal(world.server[0].error, -ECONNREFUSED);
}

/* ---- How often ------------------------------------------------------------- */

/* Whatever is wished: 8 requests, 2 s apart. */
static void
test_a_burst_is_polite(void **state)
{
	size_t i;

	(void)state;
	world_add("g");
	world.opts.samples = 8;
	world.opts.interval_ns = 1 * MS;
	world_run();
	assert_int_equal(world.count, 8);
	for (i = 0; i < 8; i++)
		world_event(i, PIER_SNTP_SAMPLE, 40 + 2000 * (int64_t)i);
	assert_int_equal(world.one[0].asked, 8);
}

static void
test_own_servers_go_faster(void **state)
{
	(void)state;
	world_add("g");
	world.opts.samples = 8;
	world.opts.interval_ns = 50 * MS;
	world.opts.own = true;
	world_run();
	world_event(7, PIER_SNTP_SAMPLE, 40 + 7 * 50);
	assert_true(world.server[0].own);
}

/* After the samples every 15 s at most, for ever. */
static void
test_polls_are_polite(void **state)
{
	size_t i;

	(void)state;
	world_add("g");
	world.opts.samples = 2;
	world.opts.poll_ns = 1 * S;
	world.until_ns = 3600 * S;
	world_run();
	assert_int_equal(world.count, EVENTS_MAX);
	world_event(1, PIER_SNTP_SAMPLE, 2040);
	for (i = 2; i < EVENTS_MAX; i++)
		world_event(
			i, PIER_SNTP_SAMPLE, 2040 + 15000 * ((int64_t)i - 1));
}

/* So many requests, and the last answer is waited for; or the last silence. */
static void
test_polls_have_an_end(void **state)
{
	static const struct {
		const char *script;
		enum pier_sntp_state state;
	} all[] = {
		{ "g", PIER_SNTP_COMPLETE },
		{ "g.", PIER_SNTP_COMPLETE },
		{ ".", PIER_SNTP_SILENT },
		{ "z", PIER_SNTP_REFUSED },
	};
	size_t i;

	(void)state;
	world.opts.poll_ns = 16 * S;
	world.opts.polls = 3;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		world_add(all[i].script);
		world_run();
		assert_int_equal(world.rc, 0);
		assert_int_equal(world.count, 3);
		assert_int_equal(world.one[0].asked, 3);
		assert_int_equal(world.server[0].state, all[i].state);
	}
}

/* The wait between two doubles, and is short again after an answer. */
static void
test_polls_back_off(void **state)
{
	static const int64_t sent_s[] = { 0, 64, 192, 448, 960, 1024 };
	size_t i;

	(void)state;
	world_add("g...gg");
	world.opts.poll_ns = 64 * S;
	world.until_ns = 1030 * S;
	world_run();
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	for (i = 0; i < 6; i++)
		assert_int_equal(world.one[0].at[i], sent_s[i] * S + 20 * MS);
	assert_int_equal(world.one[0].asked, 6);
	assert_int_equal(world.server[0].state, PIER_SNTP_ASKING);
}

/* A day of silence: 36 h is the longest pause. */
static void
test_a_long_silence(void **state)
{
	size_t i;

	(void)state;
	world_add(".");
	world.opts.poll_ns = 1024 * S;
	world.until_ns = 30 * 24 * 3600 * S;
	world_run();
	assert_int_equal(world.rc, -PIER_EDEADLINE);
	for (i = 9; i + 1 < world.one[0].asked; i++)
		assert_int_equal(world.one[0].at[i + 1] - world.one[0].at[i],
			PIER_SNTP_MAX_NS);
	assert_in_range(world.one[0].asked, 20, 30);
}

/* ---- Kiss codes ------------------------------------------------------------ */

static void
test_sent_away(void **state)
{
	static const char *const scripts[] = { "D", "T" };
	static const char *const codes[] = { "DENY", "RSTR" };
	size_t i;

	(void)state;
	world.opts.poll_ns = 64 * S;
	world.until_ns = 24 * 3600 * S;
	for (i = 0; i < 2; i++) {
		world.servers = world.count = 0;
		memset(&world.one, 0, sizeof(world.one));
		world_add(scripts[i]);
		world_run();
		/* For ever: it is over. */
		assert_int_equal(world.rc, 0);
		assert_int_equal(world.count, 1);
		world_event(0, PIER_SNTP_DENIED, 40);
		assert_string_equal(world.events[0].kiss, codes[i]);
		assert_int_equal(world.one[0].asked, 1);
		assert_int_equal(world.server[0].state, PIER_SNTP_SENT_AWAY);
		assert_string_equal(world.server[0].kiss, codes[i]);
	}
}

/* RATE ends the burst; the pause doubles, and stays so. */
static void
test_rate_slows(void **state)
{
	const struct one *one = &world.one[0];

	(void)state;
	world_add("gRg");
	world.opts.samples = 8;
	world.opts.poll_ns = 32 * S;
	world.until_ns = 400 * S;
	world_run();
	world_event(0, PIER_SNTP_SAMPLE, 40);
	world_event(1, PIER_SNTP_DENIED, 2040);
	assert_string_equal(world.events[1].kiss, "RATE");
	assert_true(one->at[2] - one->at[1] >= 30 * S);
	assert_true(one->at[3] - one->at[2] >= 32 * S);
	assert_true(one->at[4] - one->at[3] >= 32 * S);
	assert_int_equal(world.server[0].kisses, 1);
}

/* Who asks only a few times is done with it: no later request will be a better
   one before somebody asks anew. */
static void
test_rate_at_once(void **state)
{
	(void)state;
	world_add("R");
	world.opts.samples = 4;
	world_run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_DENIED, 40);
	assert_int_equal(world.server[0].state, PIER_SNTP_SENT_AWAY);
	assert_string_equal(world.server[0].kiss, "RATE");
	assert_int_equal(world.agreed, 0);
}

static void
test_rate_after_samples(void **state)
{
	(void)state;
	world_add("ggR");
	world.opts.samples = 4;
	world_run();
	assert_int_equal(world.rc, 0);
	assert_int_equal(world.count, 3);
	world_event(2, PIER_SNTP_DENIED, 4040);
	assert_int_equal(world.server[0].state, PIER_SNTP_COMPLETE);
	assert_int_equal(world.server[0].samples, 2);
	assert_int_equal(world.agreed, 1);
}

static void
test_other_codes(void **state)
{
	(void)state;
	world_add("I");
	world_run();
	assert_int_equal(world.count, 1);
	world_event(0, PIER_SNTP_DENIED, 40);
	assert_string_equal(world.events[0].kiss, "INIT");
	assert_int_equal(world.server[0].state, PIER_SNTP_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_silence_ends),
		TEST(test_silence_with_little_patience),
		TEST(test_many_tries_are_polite),
		TEST(test_a_late_answer),
		TEST(test_the_last_moment),
		TEST(test_nobody_listens),
		TEST(test_a_burst_is_polite),
		TEST(test_own_servers_go_faster),
		TEST(test_polls_are_polite),
		TEST(test_polls_have_an_end),
		TEST(test_polls_back_off),
		TEST(test_a_long_silence),
		TEST(test_sent_away),
		TEST(test_rate_slows),
		TEST(test_rate_at_once),
		TEST(test_rate_after_samples),
		TEST(test_other_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
