/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/server_rates.c - how many a server accepts in a second, and how
 * many bytes a connection may move, to the nanosecond.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "server_bed.h"

/* Two a second, two at once after a pause: when each of six was answered. */
static int64_t answered_at[6];

static int
asks_at_once(void *arg)
{
	int64_t *at = arg;
	int64_t start = pier_now();
	struct pier_stream *stream = bed_dial();
	int rc = stream == NULL ? -1 : bed_echo_once(stream);

	*at = pier_now() - start;
	pier_close(stream);
	return rc;
}

static int
six_at_once(void *arg)
{
	struct pier_group *group = NULL;
	int rc = pier_group_open(&group);
	int i;

	(void)arg;
	for (i = 0; rc == 0 && i < 6; i++)
		rc = pier_go(group, asks_at_once, &answered_at[i]);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

static void
they_are_accepted_by_the_rate(void **state)
{
	int i;

	(void)state;
	bed.opts.accept_rate = 2;
	bed.opts.accept_burst = 2;
	bed_play(six_at_once);
	assert_int_equal(bed.client_rc, 0);
	for (i = 0; i < 6; i++) {
		int64_t due = i < 2 ? 0 : (i - 1) * S / 2;

		assert_in_range(answered_at[i], due, due + 10 * MS);
	}
	assert_int_equal(bed.stats.accepted, 6);
	/* And once more, for who might come next. */
	assert_int_equal(bed.stats.accept_rate_waits, 5);
}

/* Two a second of each address: of six at once four are reset, and half a second
   later one more is let in. */
static int
comes_too_fast(void *arg)
{
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < 6 && rc == 0; i++) {
		struct pier_stream *stream = bed_dial();
		int one = stream == NULL ? -ECONNRESET : bed_echo_once(stream);

		/* Reset before or after the word was sent. */
		if ((one == 0) != (i < 2))
			rc = -EBADMSG;
		pier_close(stream);
	}
	if (rc == 0)
		rc = pier_sleep(pier_in_ms(500));
	if (rc == 0) {
		struct pier_stream *stream = bed_dial();

		rc = stream == NULL ? -ECONNRESET : bed_echo_once(stream);
		pier_close(stream);
	}
	return rc;
}

static void
who_comes_too_fast_is_reset(void **state)
{
	(void)state;
	bed.opts.per_address_rate = 2;
	bed_play(comes_too_fast);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.stats.refused_address, 4);
}

/* 5000 bytes there and back; bed.ended_at is when the last one came. */
static int
echoes_much(void *arg)
{
	static unsigned char sent[5000], got[5000];
	struct pier_stream *stream = bed_dial();
	ssize_t n = -1;
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i * 3);
	if (stream != NULL &&
		pier_write(stream, sent, sizeof(sent), PIER_FOREVER) == 0)
		n = pier_read_full(stream, got, sizeof(got), PIER_FOREVER);
	bed.ended_at = pier_now();
	pier_close(stream);
	if (n < 0)
		return (int)n;
	return memcmp(sent, got, sizeof(got)) == 0 ? 0 : -EBADMSG;
}

/* From accept on, but for the way. */
static void
expect_rate(void)
{
	bed_play(echoes_much);
	assert_int_equal(bed.client_rc, 0);
	assert_in_range(bed.ended_at - bed.accepted_ns, 5 * S, 5 * S + 50 * MS);
	assert_int_equal(bed.stats.bytes_in, 5000);
	assert_int_equal(bed.stats.bytes_out, 5000);
}

static void
a_connection_has_its_rate(void **state)
{
	(void)state;
	bed.opts.write_rate = 1000;
	/* Bytes that come one by one are activity. */
	bed.opts.idle_ms = 100;
	expect_rate();
}

static void
and_one_to_read(void **state)
{
	(void)state;
	bed.opts.read_rate = 1000;
	bed.opts.idle_ms = 100;
	expect_rate();
}

/* The wait for tokens is one like others. */
static void
limits_hold_while_it_waits(void **state)
{
	(void)state;
	bed.opts.write_rate = 1;
	bed.opts.read_rate = PIER_OFF;
	bed.opts.lifetime_ms = 2500;
	bed_play(echoes_much);
	assert_int_equal(bed.reason, PIER_END_LIMIT);
	assert_string_equal(bed.limit, "lifetime");
	assert_int_equal(bed.ended_ns, 2500 * MS);
	assert_int_equal(bed.stats.bytes_out, 2);
}

static void
a_rate_below_zero_is_refused(void **state)
{
	(void)state;
	bed.opts.write_rate = -2;
	assert_int_equal(pier_server_open(&bed.server, &bed.opts), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "write_rate"));
}

/* Those that queue at a stop do not wait for it. */
static int
waits_for_a_stop(void *arg)
{
	struct pier_stream *streams[4];
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < 4; i++)
		streams[i] = bed_dial();
	/* They queue, but for the first. */
	rc = pier_sleep(pier_in_ms(100));
	pier_server_stop(bed.server);
	for (i = 0; rc == 0 && i < 4; i++)
		rc = bed_echo_once(streams[i]);
	for (i = 0; i < 4; i++)
		pier_close(streams[i]);
	return rc;
}

static void
a_stop_does_not_wait_for_the_rate(void **state)
{
	(void)state;
	bed.opts.accept_rate = 1;
	bed_play(waits_for_a_stop);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.stats.accepted, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(they_are_accepted_by_the_rate),
		CASE(a_stop_does_not_wait_for_the_rate),
		CASE(who_comes_too_fast_is_reset),
		CASE(a_connection_has_its_rate),
		CASE(and_one_to_read),
		CASE(limits_hold_while_it_waits),
		CASE(a_rate_below_zero_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
