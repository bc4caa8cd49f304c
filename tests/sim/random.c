/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/random.c - conversations that nobody thought of: random calls on
 * both ends of a connection. The simulator says first what each call returns;
 * then the kernel, by fibers and by threads, has to say the same.
 *
 * What does not come is waited for only as long as it takes to be sure: the
 * kernel's turn knows from the simulator's which calls these are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "chance.h"
#include "io/sim_engine.h"

#define CALLS_MAX 40
#define WRITE_MAX 3000

struct said {
	char text[64];
	bool waited; /* until its deadline */
};

struct talk {
	uint64_t seed;
	bool tcp;
	const struct said *expected; /* NULL: this is the simulator */
	struct said said[CALLS_MAX];
	int count;
	struct pier_listener *listener;
	struct pier_stream *ends[2];
	bool ended;            /* one of them was closed or aborted */
	unsigned char next[2]; /* byte that each end writes next */
};

static pier_deadline
deadline_of(const struct talk *talk)
{
	if (talk->expected == NULL || talk->expected[talk->count].waited)
		return pier_in_ms(3);
	return pier_in_s(10);
}

static void
say(struct talk *talk, int end, const char *call, long rc, unsigned sum)
{
	struct said *said = &talk->said[talk->count];

	said->waited = rc == -PIER_EDEADLINE;
	if (rc < 0)
		(void)snprintf(said->text, sizeof(said->text), "%d %s: %s", end,
			call, pier_error_name((int)rc));
	else
		(void)snprintf(said->text, sizeof(said->text),
			"%d %s: %ld (%u)", end, call, rc, sum);
}

static unsigned
sum_of(const unsigned char *buf, long n)
{
	unsigned sum = 0;

	for (long i = 0; i < n; i++)
		sum = sum * 31 + buf[i];
	return sum;
}

static void
do_write(struct talk *talk, int end, unsigned char *buf)
{
	size_t size = 1 + draw(&talk->seed, WRITE_MAX);

	for (size_t i = 0; i < size; i++)
		buf[i] = talk->next[end]++;
	say(talk, end, "write",
		pier_write(talk->ends[end], buf, size, deadline_of(talk)), 0);
}

/* Flushed at once: a thread that looks whether there is something to read
   counts as waiting, and sends what is gathered; a fiber knows and does not. */
static void
do_printf(struct talk *talk, int end, unsigned char *buf)
{
	long rc = pier_printf(talk->ends[end], "%u\n", draw(&talk->seed, 1000));

	(void)buf;
	if (rc >= 0)
		rc = pier_flush(talk->ends[end], deadline_of(talk));
	say(talk, end, "printf", rc, 0);
}

static void
do_read(struct talk *talk, int end, unsigned char *buf)
{
	/* A whole write or several come at once or not at all, so that how
	   much there is does not depend on the moment. */
	long n = pier_read(talk->ends[end], buf, 1 + draw(&talk->seed, 500),
		deadline_of(talk));

	say(talk, end, "read", n, sum_of(buf, n));
}

static void
do_read_full(struct talk *talk, int end, unsigned char *buf)
{
	long n = pier_read_full(talk->ends[end], buf,
		1 + draw(&talk->seed, WRITE_MAX), deadline_of(talk));
	size_t done = n < 0 ? pier_last_error()->done : (size_t)n;

	say(talk, end, "read_full", n, sum_of(buf, (long)done));
}

static void
do_read_line(struct talk *talk, int end, unsigned char *buf)
{
	long n = pier_read_line(talk->ends[end], (char *)buf,
		2 + draw(&talk->seed, 400), deadline_of(talk));

	say(talk, end, "read_line", n, sum_of(buf, n));
}

static void
do_peek(struct talk *talk, int end, unsigned char *buf)
{
	const void *data = NULL;
	size_t min = 1 + draw(&talk->seed, 100);
	long n = pier_peek(talk->ends[end], &data, min, deadline_of(talk));

	(void)buf;
	if (n > (long)min)
		n = (long)min;
	say(talk, end, "peek", n, sum_of(data, n));
	if (n > 0)
		(void)pier_take(
			talk->ends[end], draw(&talk->seed, (unsigned)n + 1));
}

static void
do_shutdown(struct talk *talk, int end, unsigned char *buf)
{
	static const enum pier_half halves[] = { PIER_WRITING, PIER_WRITING,
		PIER_READING, PIER_BOTH };

	(void)buf;
	say(talk, end, "shutdown",
		pier_shutdown(talk->ends[end], halves[draw(&talk->seed, 4)],
			deadline_of(talk)),
		0);
}

/* Only while both ends are there: what a reset finds unacknowledged depends
   on the kernel's mood to acknowledge. */
static void
do_drain(struct talk *talk, int end, unsigned char *buf)
{
	(void)buf;
	if (talk->ended) {
		say(talk, end, "no drain", 0, 0);
		return;
	}
	say(talk, end, "drain", pier_drain(talk->ends[end], deadline_of(talk)),
		0);
}

static void
do_any(struct talk *talk, int end, unsigned char *buf)
{
	struct pier_waitable list = { .stream = talk->ends[end],
		.want = PIER_READING };
	int rc = pier_wait_any(&list, 1, deadline_of(talk));

	(void)buf;
	say(talk, end, "any", rc, list.ready);
}

static void
do_close(struct talk *talk, int end, unsigned char *buf)
{
	(void)buf;
	pier_close(talk->ends[end]);
	talk->ends[end] = NULL;
	talk->ended = true;
	say(talk, end, "close", 0, 0);
}

static void
do_abort(struct talk *talk, int end, unsigned char *buf)
{
	(void)buf;
	pier_abort(talk->ends[end]);
	talk->ended = true;
	say(talk, end, "abort", 0, 0);
}

static void
act(struct talk *talk)
{
	static void (*const acts[])(
		struct talk *, int, unsigned char *) = { do_write, do_write,
		do_write, do_read, do_read, do_read_full, do_read_line, do_peek,
		do_printf, do_any, do_drain, do_shutdown, do_close, do_abort };
	unsigned count = sizeof(acts) / sizeof(acts[0]);
	static unsigned char buf[WRITE_MAX];
	int end = (int)draw(&talk->seed, 2);
	unsigned which = draw(&talk->seed, count);

	/* Ends are for the second half. */
	if (talk->count < CALLS_MAX / 3)
		which %= count - 3;
	if (talk->ends[end] == NULL)
		end = !end;
	if (talk->ends[end] == NULL)
		say(talk, end, "gone", 0, 0);
	else
		acts[which](talk, end, buf);
}

static int
play(void *arg)
{
	struct talk *talk = arg;
	char where[64];

	if (talk->tcp) {
		assert_int_equal(
			pier_listen(&talk->listener, "tcp://127.0.0.1:0", NULL,
				PIER_FOREVER),
			0);
		(void)pier_listener_endpoint(
			talk->listener, where, sizeof(where));
		assert_int_equal(
			pier_dial(&talk->ends[0], where, NULL, PIER_FOREVER),
			0);
		assert_int_equal(pier_accept(&talk->ends[1], talk->listener,
					 PIER_FOREVER),
			0);
	} else {
		assert_int_equal(pier_pair(&talk->ends[0], &talk->ends[1]), 0);
	}
	for (talk->count = 0; talk->count < CALLS_MAX; talk->count++)
		act(talk);
	pier_close(talk->ends[0]);
	pier_close(talk->ends[1]);
	pier_listener_close(talk->listener);
	return 0;
}

static bool
same(const struct talk *a, const struct talk *b)
{
	for (int i = 0; i < CALLS_MAX; i++) {
		if (strcmp(a->said[i].text, b->said[i].text) != 0)
			return false;
	}
	return true;
}

static void
show(const struct talk *simulated, const struct talk *real)
{
	for (int i = 0; i < CALLS_MAX; i++)
		(void)fprintf(stderr, "%2d %-40s %s\n", i,
			simulated->said[i].text, real->said[i].text);
}

/* A kernel that has no time may deliver a packet late; what is different for
   good is different every time. */
#define TRIES 4

static void
play_for_real(
	const struct talk *simulated, uint64_t seed, enum pier_task_kind kind)
{
	const struct pier_run_opts opts = { .kind = kind };
	struct talk real;

	for (int i = 0; i < TRIES; i++) {
		real = (struct talk){ .seed = seed,
			.tcp = simulated->tcp,
			.expected = simulated->said };
		assert_int_equal(pier_run(play, &real, &opts, NULL), 0);
		if (same(simulated, &real))
			return;
	}
	show(simulated, &real);
	fail_msg("seed %llu, by %s: simulated left, the kernel right",
		(unsigned long long)seed,
		kind == PIER_TASK_FIBER ? "fibers" : "threads");
}

static void
play_everywhere(bool tcp, uint64_t seed)
{
	struct talk simulated = { .seed = seed, .tcp = tcp };
	struct pier__sim *sim = pier__sim_open(seed);

	assert_int_equal(pier__sim_run(sim, play, &simulated), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
	play_for_real(&simulated, seed, PIER_TASK_FIBER);
	play_for_real(&simulated, seed, PIER_TASK_THREAD);
}

static void
over_pairs(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds(60); seed++)
		play_everywhere(false, seed);
}

static void
over_tcp(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= seeds(60); seed++)
		play_everywhere(true, seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_pairs),
		cmocka_unit_test(over_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
