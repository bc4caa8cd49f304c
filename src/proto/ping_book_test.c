/* SPDX-License-Identifier: MIT */
/* The counts of a ping, against the same made the slow way. */
#include "proto/ping_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define US INT64_C(1000)
#define MS (1000 * US)

static struct pier__ping_book *
new_book(size_t window)
{
	struct pier__ping_book *book = NULL;

	assert_int_equal(pier__ping_book_open(&book, 0, window), 0);
	return book;
}

static struct pier_ping_stats
stats_of(const struct pier__ping_book *book)
{
	struct pier_ping_stats stats;

	pier__ping_book_stats(book, &stats);
	return stats;
}

/* Play what became of each probe: '.' answered, 'x' lost, '?' still waits. */
static struct pier__ping_book *
play(const char *fates)
{
	struct pier__ping_book *book = new_book(1);
	int64_t now = 0;

	for (; *fates != '\0'; fates++, now += 1000 * MS) {
		struct pier__ping_probe *probe =
			pier__ping_book_send(book, now);

		if (*fates == '.')
			(void)pier__ping_book_answer(book, probe, MS, false);
		else if (*fates == 'x')
			pier__ping_book_lose(book, probe, now, false);
	}
	return book;
}

static void
runs_of_lost_probes_are_counted(void **state)
{
	static const struct {
		const char *fates;
		uint64_t lost, bursts, longest;
	} rows[] = {
		{ "", 0, 0, 0 },
		{ "....", 0, 0, 0 },
		{ "x", 1, 1, 1 },
		{ ".x.", 1, 1, 1 },
		{ ".xx.x", 3, 2, 2 },
		{ "xxx", 3, 1, 3 },
		{ "x.x.x", 3, 3, 1 },
		{ "..xxx..xx.xxxx.", 9, 3, 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pier__ping_book *book = play(rows[i].fates);
		struct pier_ping_stats stats = stats_of(book);

		assert_int_equal(stats.lost, rows[i].lost);
		assert_int_equal(stats.bursts, rows[i].bursts);
		assert_int_equal(stats.burst_max, rows[i].longest);
		assert_int_equal(stats.sent,
			stats.answered + stats.lost + stats.pending);
		pier__ping_book_close(book);
	}
}

/* A run counts in the order of the probes, not of what became of them. */
static void
an_answer_may_overtake_another(void **state)
{
	struct pier__ping_book *book = new_book(4);
	struct pier__ping_probe *probe[5];
	int i;

	(void)state;
	for (i = 1; i < 5; i++)
		probe[i] = pier__ping_book_send(book, i);
	pier__ping_book_lose(book, probe[4], 9, true);
	pier__ping_book_lose(book, probe[2], 9, false);
	assert_int_equal(stats_of(book).bursts, 0);
	assert_ptr_equal(pier__ping_book_oldest(book), probe[1]);
	assert_int_equal(pier__ping_book_answer(book, probe[3], 5, false),
		PIER_PING_REPLY);
	assert_int_equal(stats_of(book).reordered, 0);
	assert_int_equal(pier__ping_book_answer(book, probe[1], 9, true),
		PIER_PING_CLOSED);
	assert_int_equal(stats_of(book).reordered, 1);
	assert_int_equal(stats_of(book).closed, 1);
	assert_int_equal(stats_of(book).bursts, 2);
	assert_int_equal(stats_of(book).burst_max, 1);
	assert_int_equal(stats_of(book).errors, 1);
	assert_null(pier__ping_book_oldest(book));
	pier__ping_book_close(book);
}

static void
more_answers_are_duplicates_and_late_ones(void **state)
{
	struct pier__ping_book *book = new_book(1);
	struct pier__ping_probe *one = pier__ping_book_send(book, 0);
	struct pier__ping_probe *two = pier__ping_book_send(book, 1);

	(void)state;
	(void)pier__ping_book_answer(book, one, 5, false);
	assert_int_equal(pier__ping_book_answer(book, one, 6, false),
		PIER_PING_DUPLICATE);
	pier__ping_book_lose(book, two, 7, false);
	assert_int_equal(
		pier__ping_book_answer(book, two, 8, false), PIER_PING_LATE);
	assert_int_equal(pier__ping_book_answer(book, two, 9, false),
		PIER_PING_DUPLICATE);
	assert_int_equal(stats_of(book).duplicates, 2);
	assert_int_equal(stats_of(book).late, 1);
	assert_int_equal(stats_of(book).lost, 1);
	assert_int_equal(stats_of(book).answered, 1);
	/* Neither is a round trip. */
	assert_int_equal(stats_of(book).max_ns, 5);
	pier__ping_book_close(book);
}

/* Numbers have 16 bits on the wire and go on beyond. */
static void
numbers_wrap(void **state)
{
	struct pier__ping_book *book = new_book(1);
	int i;

	(void)state;
	assert_null(pier__ping_book_find(book, 0));
	for (i = 0; i < 65540; i++) {
		struct pier__ping_probe *probe;

		assert_true(pier__ping_book_has_room(book));
		probe = pier__ping_book_send(book, i);
		assert_ptr_equal(
			pier__ping_book_find(book, (uint16_t)(i + 1)), probe);
		(void)pier__ping_book_answer(book, probe, 1, false);
	}
	/* 65540 is 4: the last 64 are there, others not. */
	assert_int_equal(pier__ping_book_find(book, 4)->sequence, 65540);
	assert_int_equal(pier__ping_book_find(book, 65500)->sequence, 65500);
	assert_null(pier__ping_book_find(book, 65400));
	assert_null(pier__ping_book_find(book, 5));
	pier__ping_book_close(book);
}

static void
a_full_ring_says_so(void **state)
{
	struct pier__ping_book *book = new_book(100);
	struct pier__ping_probe *first = NULL;
	int i;

	(void)state;
	for (i = 0; i < 128; i++) {
		struct pier__ping_probe *probe;

		assert_true(pier__ping_book_has_room(book));
		probe = pier__ping_book_send(book, i);
		if (i == 0)
			first = probe;
	}
	assert_false(pier__ping_book_has_room(book));
	assert_ptr_equal(pier__ping_book_oldest(book), first);
	pier__ping_book_lose(book, first, 200, false);
	assert_true(pier__ping_book_has_room(book));
	pier__ping_book_close(book);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
is_within(int64_t got, int64_t right, double part)
{
	double most = (double)right * part;

	assert_true((double)got >= (double)right - most - 1);
	assert_true((double)got <= (double)right + most + 1);
}

#define MANY 10007

/* From a few nanoseconds to minutes, by a fixed chance. */
static void
percentiles_are_as_near_as_promised(void **state)
{
	static int64_t all[MANY];
	static const double shares[] = { 0, 0.001, 0.5, 0.9, 0.99, 0.9999, 1 };
	struct pier__ping_book *book = new_book(1);
	uint64_t chance = 1;
	double sum = 0, jitter = 0;
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		chance = chance * 6364136223846793005u + 1442695040888963407u;
		all[i] = (int64_t)(chance >> 27) >> (chance >> 8) % 30;
		(void)pier__ping_book_answer(
			book, pier__ping_book_send(book, 0), all[i], false);
		sum += (double)all[i];
		if (i > 0)
			jitter += (double)llabs(all[i] - all[i - 1]);
	}
	is_within(stats_of(book).mean_ns, (int64_t)(sum / MANY), 1e-6);
	is_within(
		stats_of(book).jitter_ns, (int64_t)(jitter / (MANY - 1)), 1e-6);
	qsort(all, MANY, sizeof(all[0]), compare);
	assert_int_equal(stats_of(book).min_ns, all[0]);
	assert_int_equal(stats_of(book).max_ns, all[MANY - 1]);
	for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		size_t at =
			shares[i] < 1 ? (size_t)(shares[i] * MANY) : MANY - 1;

		is_within(pier__ping_book_percentile(book, shares[i]), all[at],
			PIER_PING_RESOLUTION);
	}
	pier__ping_book_close(book);
}

static void
spread_and_jitter(void **state)
{
	static const int64_t rtts[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct pier__ping_book *book = new_book(1);
	size_t i;

	(void)state;
	assert_int_equal(stats_of(book).median_ns, 0);
	for (i = 0; i < 8; i++)
		(void)pier__ping_book_answer(book,
			pier__ping_book_send(book, (int64_t)i * 1000 * MS),
			rtts[i] * MS, false);
	assert_int_equal(stats_of(book).mean_ns, 5 * MS);
	is_within(stats_of(book).mdev_ns, 2 * MS, 1e-6);
	assert_int_equal(stats_of(book).jitter_ns, MS);
	assert_int_equal(stats_of(book).jitter_max_ns, 2 * MS);
	assert_int_equal(stats_of(book).elapsed_ns, 7009 * MS);
	pier__ping_book_close(book);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_lost_probes_are_counted),
		cmocka_unit_test(an_answer_may_overtake_another),
		cmocka_unit_test(more_answers_are_duplicates_and_late_ones),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(a_full_ring_says_so),
		cmocka_unit_test(percentiles_are_as_near_as_promised),
		cmocka_unit_test(spread_and_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
