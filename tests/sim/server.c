/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/server.c - the limits of a server in virtual time, and a server
 * behind bad links: minutes of silence, partitions and loss, at no cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server_bed.h"

/* Reads until the server ends the connection; how, and when it was. */
static int
read_to_end(struct pier_stream *stream)
{
	int64_t start = pier_now();
	char buf[64];
	ssize_t n;

	while ((n = pier_read(stream, buf, sizeof(buf), PIER_FOREVER)) > 0)
		;
	bed.ended_at = pier_now() - start;
	pier_close(stream);
	return (int)n;
}

static int
says_nothing(void *arg)
{
	(void)arg;
	return read_to_end(bed_dial());
}

static void
silence_from_the_start_meets_its_limit(void **state)
{
	(void)state;
	bed_play(says_nothing);
	assert_int_equal(bed.reason, PIER_END_LIMIT);
	assert_int_equal(bed.ended_ns, 10 * S);
	assert_non_null(strstr(bed.limit, "first"));
	assert_int_equal(bed.stats.limit_first_byte, 1);
	/* Accepted half a handshake before the client knew; the end takes a
	   way of its own. */
	assert_in_range(bed.ended_at, 10 * S, 10 * S + 3 * MS);
}

static int
falls_silent(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);

	(void)arg;
	if (rc == 0)
		rc = pier_sleep(pier_in_s(299));
	if (rc == 0)
		rc = bed_echo_once(stream);
	return rc < 0 ? rc : read_to_end(stream);
}

static void
five_minutes_of_silence_are_the_limit(void **state)
{
	(void)state;
	bed_play(falls_silent);
	assert_int_equal(bed.reason, PIER_END_LIMIT);
	assert_non_null(strstr(bed.limit, "idle"));
	assert_int_equal(bed.stats.limit_idle, 1);
	assert_in_range(bed.ended_ns, 599 * S, 599 * S + 10 * MS);
}

static int
never_stops(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc;

	(void)arg;
	while ((rc = bed_echo_once(stream)) == 0)
		(void)pier_sleep(pier_in_s(1));
	pier_close(stream);
	return rc;
}

static void
a_lifetime_ends_also_who_talks(void **state)
{
	(void)state;
	bed.opts.lifetime_ms = 3600 * 1000;
	bed_play(never_stops);
	assert_true(bed.client_rc < 0);
	assert_int_equal(bed.reason, PIER_END_LIMIT);
	assert_int_equal(bed.ended_ns, 3600 * S);
	assert_int_equal(bed.stats.limit_lifetime, 1);
}

/* Says something that is echoed, and does not end: the server stops. */
static int
talks_over_the_end(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);

	(void)arg;
	if (rc == 0)
		rc = pier_write(stream, "more", 4, PIER_FOREVER);
	pier_server_stop(bed.server);
	return rc < 0 ? rc : read_to_end(stream);
}

static void
a_stop_drains_then_cancels(void **state)
{
	(void)state;
	bed.opts.drain_ms = 7000;
	bed_play(talks_over_the_end);
	assert_int_equal(bed.run_rc, 1);
	assert_int_equal(bed.stats.cancelled, 1);
	assert_int_equal(bed.reason, PIER_END_CANCELLED);
	assert_in_range(bed.ended_at, 6900 * MS, 7010 * MS);
}

static int
is_cut_off(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);

	(void)arg;
	pier__sim_cut(bed.sim, bed.far, NULL, true);
	if (rc == 0)
		rc = pier_write(stream, "lost", 4, PIER_FOREVER);
	return rc < 0 ? rc : read_to_end(stream);
}

static void
a_partition_is_a_dead_peer(void **state)
{
	(void)state;
	pier__sim_limits(bed.sim)->dead_timeout_ns = 924 * S;
	bed_play(is_cut_off);
	assert_int_equal(bed.client_rc, -ETIMEDOUT);
	assert_int_equal(bed.ended_at, 924 * S);
	/* The server heard nothing, and had a limit for that. */
	assert_int_equal(bed.stats.limit_idle, 1);
}

static int
is_reset(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);

	(void)arg;
	assert_int_equal(pier__sim_reset(bed.sim, 7), 1);
	return rc < 0 ? rc : read_to_end(stream);
}

static void
a_box_on_the_way_resets_both(void **state)
{
	(void)state;
	bed_play(is_reset);
	assert_int_equal(bed.client_rc, -ECONNRESET);
	assert_int_equal(bed.reason, PIER_END_ERROR);
	assert_int_equal(bed.stats.failed, 1);
}

/* A handler that ends well after one message. */
static int
once(struct pier_stream *stream, void *ctx)
{
	char buf[4];
	ssize_t n = pier_read_full(stream, buf, 4, PIER_DEFAULT);

	(void)ctx;
	return n < 0 ? (int)n : pier_write(stream, buf, 4, PIER_DEFAULT);
}

/* Trickles on after the end, never closes. */
static int
stays(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);
	char c;

	(void)arg;
	if (rc == 0 && pier_read(stream, &c, 1, PIER_FOREVER) != 0)
		rc = -EBADMSG;
	for (int i = 0; rc == 0 && i < 100; i++) {
		(void)pier_sleep(pier_in_ms(100));
		if (pier_write(stream, ".", 1, PIER_FOREVER) < 0)
			break;
	}
	pier_close(stream);
	return rc;
}

static void
lingers_for(int64_t linger_ms, int64_t expected)
{
	bed.opts.handler = once;
	bed.opts.linger_ms = linger_ms;
	bed_play(stays);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.reason, PIER_END_HANDLER);
	assert_in_range(bed.ended_ns, expected, expected + 10 * MS);
	assert_int_equal(bed.stats.finished, 1);
}

static void
two_seconds_are_read_off(void **state)
{
	(void)state;
	/* Longer than the limits, which are of handlers. */
	bed.opts.first_byte_ms = 1000;
	bed.opts.idle_ms = 1500;
	bed.opts.lifetime_ms = 1500;
	lingers_for(0, 2 * S);
}

static void
a_linger_of_its_own(void **state)
{
	(void)state;
	lingers_for(5000, 5 * S);
}

static void
no_linger(void **state)
{
	(void)state;
	lingers_for(PIER_OFF, 0);
}

/* A hook that waits for what never comes is held to the idle limit. */
static void
wait_in_finish(struct pier_stream *stream, void *ctx)
{
	char c;

	bed.run_rc = (int)pier_read(stream, &c, 1, PIER_FOREVER);
	if (bed.run_rc == -PIER_ELIMIT)
		bed_note_end(stream, ctx);
}

static int
never_ends(void *arg)
{
	struct pier_stream *stream = bed_dial();
	int rc = bed_echo_once(stream);

	(void)arg;
	(void)pier_sleep(pier_in_s(3600));
	pier_close(stream);
	return rc;
}

static void
finish_is_held_to_the_idle_limit(void **state)
{
	(void)state;
	bed.opts.handler = once;
	bed.opts.finish = wait_in_finish;
	bed.opts.idle_ms = 60000;
	bed_play(never_ends);
	assert_int_equal(bed.client_rc, 0);
	assert_in_range(bed.ended_ns, 60 * S, 60 * S + 10 * MS);
	assert_int_equal(bed.stats.finished, 1);
}

static void
note_pause(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)ctx;
	if (conn != NULL)
		return;
	assert_int_equal(rc, -EMFILE);
	assert_non_null(strstr(pier_error_line(), "accept"));
	bed.paused_ns = pier_now();
	bed.pauses++;
}

static void
no_more_descriptors(unsigned but)
{
	pier__sim_limits(bed.sim)->descriptors =
		pier__sim_open_count(bed.sim) + but;
}

static void
enough_descriptors(void)
{
	pier__sim_limits(bed.sim)->descriptors = 900;
}

static int64_t pause_ms; /* descriptors run short for so long */

static int
waits_for_descriptors(void *arg)
{
	struct pier_stream *stream;
	int rc;

	(void)arg;
	no_more_descriptors(1);
	stream = bed_dial();
	while (bed.pauses == 0)
		(void)pier_sleep(pier_in_ms(1));
	(void)pier_sleep(pier_deadline_at(bed.paused_ns + pause_ms * MS));
	enough_descriptors();
	rc = bed_echo_once(stream);
	pier_close(stream);
	return rc;
}

/* It tries again after 100, 200, 400, 800 ms, and then each second. */
static void
pauses_double_up_to_a_second(void **state)
{
	static const int64_t schedule[][2] = { { 50, 100 }, { 150, 300 },
		{ 350, 700 }, { 750, 1500 }, { 1550, 2500 }, { 2550, 3500 },
		{ 9600, 10500 } };
	void *none = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(schedule) / sizeof(schedule[0]); i++) {
		assert_int_equal(bed_end(&none), 0);
		assert_int_equal(bed_begin(&none), 0);
		bed.opts.on_error = note_pause;
		pause_ms = schedule[i][0];
		bed_play(waits_for_descriptors);
		assert_int_equal(bed.client_rc, 0);
		assert_int_equal(
			bed.accepted_ns - bed.paused_ns, schedule[i][1] * MS);
		assert_int_equal(bed.pauses, 1);
		assert_int_equal(bed.stats.accept_pauses, 1);
	}
}

/* Told once for each time that they run short. */
static int
wants_twice(void *arg)
{
	struct pier_stream *stream;
	int rc = 0;

	(void)arg;
	for (unsigned i = 1; rc == 0 && i <= 2; i++) {
		no_more_descriptors(1);
		stream = bed_dial();
		(void)pier_sleep(pier_in_ms(5000));
		enough_descriptors();
		rc = bed.pauses == i ? bed_echo_once(stream) : -EBADMSG;
		pier_close(stream);
		(void)pier_sleep(pier_in_ms(1000));
	}
	return rc;
}

static void
each_want_is_told_once(void **state)
{
	(void)state;
	bed.opts.on_error = note_pause;
	bed_play(wants_twice);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.stats.accept_pauses, 2);
}

/* The first one's end makes room for the second at once, whatever the time. */
static int
one_goes_one_comes(void *arg)
{
	struct pier_stream *first = bed_dial(), *second;
	int rc = bed_echo_once(first);

	(void)arg;
	no_more_descriptors(1);
	second = bed_dial();
	while (bed.pauses == 0)
		(void)pier_sleep(pier_in_ms(1));
	(void)pier_sleep(pier_deadline_at(bed.paused_ns + 1600 * MS));
	pier_close(first);
	if (rc == 0)
		rc = bed_echo_once(second);
	pier_close(second);
	return rc;
}

static void
a_close_ends_a_pause(void **state)
{
	(void)state;
	bed.opts.on_error = note_pause;
	bed_play(one_goes_one_comes);
	assert_int_equal(bed.client_rc, 0);
	assert_in_range(bed.accepted_ns - bed.paused_ns, 1600 * MS, 1605 * MS);
	assert_int_equal(bed.stats.accept_pauses, 1);
}

#define CLIENTS 100

static int
lossy_client(void *arg)
{
	struct pier_stream *stream = bed_dial();
	unsigned char out[5000], in[5000];
	unsigned seed = (unsigned)(uintptr_t)arg;
	ssize_t n = -1;
	int rc = -1;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(seed + i * 7);
	if (stream != NULL)
		rc = pier_write(stream, out, sizeof(out), PIER_FOREVER);
	if (rc == 0)
		n = pier_read_full(stream, in, sizeof(in), PIER_FOREVER);
	pier_close(stream);
	return n == (ssize_t)sizeof(in) && memcmp(in, out, sizeof(in)) == 0
		       ? 0
		       : -EBADMSG;
}

static int
many_lossy_clients(void *arg)
{
	struct pier_group *group = NULL;
	int rc = pier_group_open(&group);

	(void)arg;
	for (uintptr_t i = 0; rc == 0 && i < CLIENTS; i++)
		rc = pier_go(group, lossy_client, (void *)i);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

static void
nobody_is_lost_on_bad_links(void **state)
{
	(void)state;
	pier__sim_link(bed.sim, NULL, NULL,
		&(struct pier__sim_link){ .latency_ns = 40 * MS,
			.jitter_ns = 20 * MS,
			.loss = 50,
			.duplicate = 20,
			.reorder = 20 });
	bed_play(many_lossy_clients);
	assert_int_equal(bed.client_rc, 0);
	assert_int_equal(bed.stats.accepted, CLIENTS);
	assert_int_equal(bed.stats.failed, 0);
	assert_int_equal(bed.stats.bytes_in, CLIENTS * 5000);
	assert_int_equal(bed.stats.bytes_out, CLIENTS * 5000);
}

/* The trace of the same, under another seed or the same; the caller's. */
static char *
traced(uint64_t seed)
{
	void *none = NULL;
	char *trace;

	assert_int_equal(bed_end(&none), 0);
	assert_int_equal(bed_begin(&none), 0);
	pier__sim_close(bed.sim);
	bed.sim = pier__sim_open(seed);
	bed.far = pier__sim_host(bed.sim, "10.0.0.2 fd00::2");
	nobody_is_lost_on_bad_links(&none);
	trace = strdup(pier__sim_trace(bed.sim));
	assert_non_null(trace);
	return trace;
}

static void
the_seed_decides_all_of_it(void **state)
{
	char *first = traced(7), *again = traced(7), *other = traced(8);

	(void)state;
	assert_true(strlen(first) > 100000);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	free(first);
	free(again);
	free(other);
}

/* Datagrams that come together, of which every fourth has to wait: all are
   answered, each once, and those that wait hold up no other. */
#define GRAMS 40

static int
answer_late(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	const unsigned char *which = msg->data;
	int rc = which[0] % 4 == 1 ? pier_sleep(pier_in_s(60)) : 0;

	(void)ctx;
	return rc < 0 ? rc : pier_reply(packet, msg, which, 1, PIER_DEFAULT);
}

/* Takes count answers, which add up to sum. */
static int
take_answers(struct pier_packet *packet, int count, int sum)
{
	unsigned char which;
	struct pier_msg msg;
	int rc = 0;

	while (rc == 0 && count-- > 0) {
		rc = pier_recv(packet, &msg, &which, 1, pier_in_s(120));
		if (rc == 0)
			sum -= which;
	}
	return rc == 0 && sum != 0 ? -EBADMSG : rc;
}

static int
asks_much_at_once(void *arg)
{
	int64_t start = pier_now();
	struct pier_packet *packet = NULL;
	unsigned char i;
	int rc = pier_packet_open(
		&packet, "udp://10.0.0.2:7", NULL, PIER_FOREVER);

	(void)arg;
	for (i = 0; rc == 0 && i < GRAMS; i++)
		rc = pier_send(packet, NULL, &i, 1, PIER_FOREVER);
	/* 0 to 39 without 1, 5, … 37 */
	if (rc == 0)
		rc = take_answers(packet, 30, 780 - 190);
	bed.ended_at = pier_now() - start;
	if (rc == 0)
		rc = take_answers(packet, 10, 190);
	pier_packet_close(packet);
	return rc;
}

static void
who_waits_hands_the_batch_on(void **state)
{
	(void)state;
	bed.opts.endpoint = "udp://10.0.0.2:7";
	bed.opts.datagram_handler = answer_late;
	bed_play(asks_much_at_once);
	assert_int_equal(bed.client_rc, 0);
	assert_in_range(bed.ended_at, 0, 1 * S);
	assert_int_equal(bed.stats.datagrams, GRAMS);
	assert_int_equal(bed.stats.datagrams_dropped, 0);
	assert_int_equal(bed.stats.datagrams_failed, 0);
	assert_int_equal(bed.stats.bytes_out, GRAMS);
}

/* A conversation of one message and its answer ends by silence, a minute after
   that. */
static int
one_answer(struct pier_packet *packet, void *ctx)
{
	struct pier_msg msg;
	char byte;
	int rc = 0;

	(void)ctx;
	while (rc == 0) {
		rc = pier_recv(packet, &msg, &byte, 1, PIER_FOREVER);
		if (rc == 0)
			rc = pier_send(packet, NULL, &byte, 1, PIER_FOREVER);
	}
	bed.ended_at = pier_now();
	return rc;
}

static int64_t last_heard;

static int
says_little(void *arg)
{
	struct pier_packet *packet = NULL;
	struct pier_msg msg;
	char byte;
	int i;
	int rc = pier_packet_open(
		&packet, "udp://10.0.0.2:7", NULL, PIER_FOREVER);

	(void)arg;
	/* Each half of a limit after the last. */
	for (i = 0; i < 3 && rc == 0; i++) {
		rc = pier_send(packet, NULL, "x", 1, PIER_FOREVER);
		if (rc == 0)
			rc = pier_recv(packet, &msg, &byte, 1, pier_in_s(1));
		last_heard = pier_now();
		if (rc == 0)
			rc = pier_sleep(pier_in_s(i < 2 ? 30 : 61));
	}
	pier_packet_close(packet);
	return rc;
}

static void
silence_ends_a_session(void **state)
{
	(void)state;
	bed.opts.endpoint = "udp://10.0.0.2:7";
	bed.opts.packet_handler = one_answer;
	bed.opts.sessions = true;
	bed_play(says_little);
	assert_int_equal(bed.client_rc, 0);
	/* The answer was a millisecond on its way. */
	assert_int_equal(bed.ended_at - last_heard, 60 * S - 1 * MS);
	assert_int_equal(bed.stats.sessions, 1);
	assert_int_equal(bed.stats.sessions_expired, 1);
	assert_int_equal(bed.stats.sessions_active, 0);
	assert_int_equal(bed.stats.datagrams_failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(silence_from_the_start_meets_its_limit),
		CASE(five_minutes_of_silence_are_the_limit),
		CASE(a_lifetime_ends_also_who_talks),
		CASE(a_stop_drains_then_cancels),
		CASE(two_seconds_are_read_off),
		CASE(a_linger_of_its_own),
		CASE(no_linger),
		CASE(finish_is_held_to_the_idle_limit),
		CASE(pauses_double_up_to_a_second),
		CASE(each_want_is_told_once),
		CASE(a_close_ends_a_pause),
		CASE(a_partition_is_a_dead_peer),
		CASE(a_box_on_the_way_resets_both),
		CASE(nobody_is_lost_on_bad_links),
		CASE(who_waits_hands_the_batch_on),
		CASE(silence_ends_a_session),
		CASE(the_seed_decides_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
