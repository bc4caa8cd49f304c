/* SPDX-License-Identifier: MIT */
/* Which clocks are believed: made-up servers that agree, lie, or cannot be told
   from liars. */
#include <pier/ntp.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define MS INT64_C(1000000)

/* "TF-U": what each clock is called. */
static void
votes_are(const struct pier_ntp_clock *clocks, const char *votes)
{
	static const char letters[] = {
		[PIER_NTP_UNUSED] = '-',
		[PIER_NTP_TRUECHIMER] = 'T',
		[PIER_NTP_FALSETICKER] = 'F',
		[PIER_NTP_UNDECIDED] = 'U',
	};
	size_t i;

	for (i = 0; votes[i] != '\0'; i++)
		assert_int_equal(letters[clocks[i].vote], votes[i]);
}

#define CLOCK(offset, bound)                                   \
	{                                                      \
		true, (offset)*MS, (bound)*MS, PIER_NTP_UNUSED \
	}
#define NONE                                 \
	{                                    \
		false, 0, 0, PIER_NTP_UNUSED \
	}
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
test_none_and_one(void **state)
{
	struct pier_ntp_clock clocks[] = { NONE, CLOCK(7, 3) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(clocks, 0, &verdict), 0);
	assert_int_equal(verdict.usable, 0);
	assert_int_equal(pier_ntp_select(clocks, 1, &verdict), 0);
	votes_are(clocks, "-");
	assert_int_equal(pier_ntp_select(clocks, 2, &verdict), 1);
	votes_are(clocks, "-T");
	assert_int_equal(verdict.usable, 1);
	assert_false(verdict.enough);
	assert_int_equal(verdict.best, 1);
	assert_true(verdict.offset_ns == 7 * MS);
	assert_true(verdict.bound_ns == 3 * MS);
	assert_true(verdict.low_ns == 4 * MS && verdict.high_ns == 10 * MS);
}

/* Two that disagree: nobody can say which of them is wrong. */
static void
test_two(void **state)
{
	struct pier_ntp_clock apart[] = { CLOCK(0, 1), CLOCK(10, 1) };
	struct pier_ntp_clock near[] = { CLOCK(0, 6), CLOCK(10, 6) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(apart, 2, &verdict), 0);
	votes_are(apart, "UU");
	assert_int_equal(verdict.usable, 2);
	assert_int_equal(verdict.falsetickers, 0);
	assert_true(verdict.low_ns == 0 && verdict.bound_ns == 0);
	assert_int_equal(pier_ntp_select(near, 2, &verdict), 2);
	votes_are(near, "TT");
	assert_false(verdict.enough);
	assert_true(verdict.low_ns == 4 * MS && verdict.high_ns == 6 * MS);
	assert_true(verdict.offset_ns == 5 * MS);
	assert_true(verdict.bound_ns == 1 * MS);
}

static void
test_one_of_three_lies(void **state)
{
	struct pier_ntp_clock clocks[] = { CLOCK(1, 5), CLOCK(5000, 2),
		CLOCK(-1, 5) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(clocks, 3, &verdict), 2);
	votes_are(clocks, "TFT");
	assert_true(verdict.enough);
	assert_int_equal(verdict.falsetickers, 1);
	assert_true(verdict.offset_ns == 0);
	assert_true(verdict.low_ns == -4 * MS && verdict.high_ns == 4 * MS);
	/* The liar has the smallest bound: it is not the best. */
	assert_int_equal(verdict.best, 0);
}

/* Three of seven is no majority, nor are two pairs of four. */
static void
test_no_majority(void **state)
{
	struct pier_ntp_clock seven[] = { CLOCK(0, 1), CLOCK(0, 1), CLOCK(0, 1),
		CLOCK(10, 1), CLOCK(10, 1), CLOCK(20, 1), CLOCK(20, 1) };
	struct pier_ntp_clock four[] = { CLOCK(0, 1), CLOCK(0, 1), CLOCK(9, 1),
		CLOCK(9, 1), NONE };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(seven, 7, &verdict), 0);
	votes_are(seven, "UUUUUUU");
	assert_int_equal(pier_ntp_select(four, 5, &verdict), 0);
	votes_are(four, "UUUU-");
	assert_int_equal(verdict.usable, 4);
}

/* One that is unsure holds the others' time for possible: no lie. */
static void
test_a_wide_one_is_true(void **state)
{
	struct pier_ntp_clock clocks[] = { CLOCK(0, 1), CLOCK(1, 1),
		CLOCK(300, 400), CLOCK(40, 2) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(clocks, 4, &verdict), 3);
	votes_are(clocks, "TTTF");
	assert_true(verdict.low_ns == 0 && verdict.high_ns == 1 * MS);
	/* Its weight is small; and the result stays where all agree. */
	assert_true(verdict.offset_ns >= 0 && verdict.offset_ns <= 1 * MS);
	assert_int_equal(verdict.best, 0);
}

static void
test_touching_is_agreeing(void **state)
{
	struct pier_ntp_clock touching[] = { CLOCK(0, 5), CLOCK(10, 5) };
	struct pier_ntp_clock apart[] = { CLOCK(0, 5), CLOCK(10, 5) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(touching, 2, &verdict), 2);
	assert_true(verdict.low_ns == 5 * MS && verdict.high_ns == 5 * MS);
	assert_true(verdict.bound_ns == 0);
	apart[1].offset_ns++;
	assert_int_equal(pier_ntp_select(apart, 2, &verdict), 0);
}

/* The better a clock knows, the more it says. */
static void
test_weights(void **state)
{
	struct pier_ntp_clock clocks[] = { CLOCK(0, 10), CLOCK(10, 30) };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(clocks, 2, &verdict), 2);
	/* (0 / 10 + 10 / 30) / (1 / 10 + 1 / 30) = 2.5 ms */
	assert_true(verdict.offset_ns > 2499000);
	assert_true(verdict.offset_ns < 2501000);
	/* It may be as far as the further end of what both hold possible. */
	assert_true(verdict.low_ns == -10 * MS && verdict.high_ns == 10 * MS);
	assert_true(verdict.bound_ns == verdict.offset_ns + 10 * MS);
}

/* Perfect clocks, and numbers at the ends of what there is. */
static void
test_extremes(void **state)
{
	struct pier_ntp_clock same[] = { CLOCK(0, 0), CLOCK(0, 0),
		{ true, INT64_MAX, INT64_MAX, PIER_NTP_UNUSED },
		{ true, INT64_MIN, 0, PIER_NTP_UNUSED },
		{ true, 0, INT64_MIN, PIER_NTP_UNUSED } };
	struct pier_ntp_verdict verdict;

	(void)state;
	assert_int_equal(pier_ntp_select(same, 5, &verdict), 4);
	votes_are(same, "TTTFT");
	assert_true(verdict.offset_ns == 0 && verdict.bound_ns == 0);
}

/* 21 of 64 liars who agree with each other do not win. */
static void
test_many(void **state)
{
	struct pier_ntp_clock clocks[PIER_NTP_CLOCKS_MAX + 1];
	struct pier_ntp_verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < PIER_NTP_CLOCKS_MAX; i++)
		clocks[i] = (struct pier_ntp_clock){ true,
			i % 3 == 0 ? 900 * MS : (int64_t)(i % 5) * MS, 4 * MS,
			PIER_NTP_UNUSED };
	assert_int_equal(
		pier_ntp_select(clocks, PIER_NTP_CLOCKS_MAX, &verdict), 42);
	assert_int_equal(verdict.falsetickers, 22);
	for (i = 0; i < PIER_NTP_CLOCKS_MAX; i++)
		assert_int_equal(clocks[i].vote, i % 3 == 0
							 ? PIER_NTP_FALSETICKER
							 : PIER_NTP_TRUECHIMER);
	assert_true(verdict.low_ns == 0 && verdict.high_ns == 4 * MS);
	assert_int_equal(
		pier_ntp_select(clocks, PIER_NTP_CLOCKS_MAX + 1, &verdict),
		-EINVAL);
}

/* The first of two equally large groups cannot be: more than half is one. But
   the order of the clocks never counts. */
static void
test_order_does_not_count(void **state)
{
	struct pier_ntp_clock clocks[] = { CLOCK(3, 2), CLOCK(700, 1),
		CLOCK(4, 4), CLOCK(2, 2), CLOCK(-80, 9) };
	struct pier_ntp_clock turned[COUNT(clocks)];
	struct pier_ntp_verdict first, other;
	size_t by, i;

	(void)state;
	assert_int_equal(pier_ntp_select(clocks, 5, &first), 3);
	for (by = 1; by < COUNT(clocks); by++) {
		for (i = 0; i < COUNT(clocks); i++)
			turned[i] = clocks[(i + by) % COUNT(clocks)];
		assert_int_equal(pier_ntp_select(turned, 5, &other), 3);
		for (i = 0; i < COUNT(clocks); i++)
			assert_int_equal(turned[i].vote,
				clocks[(i + by) % COUNT(clocks)].vote);
		assert_true(first.low_ns == other.low_ns);
		assert_true(first.high_ns == other.high_ns);
		assert_true(first.offset_ns - other.offset_ns <= 1 &&
			    other.offset_ns - first.offset_ns <= 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_and_one),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_one_of_three_lies),
		cmocka_unit_test(test_no_majority),
		cmocka_unit_test(test_a_wide_one_is_true),
		cmocka_unit_test(test_touching_is_agreeing),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_order_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
