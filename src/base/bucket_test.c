/* SPDX-License-Identifier: MIT */
/* base/bucket_test.c - tokens come and go to the nanosecond. */
#include "base/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

/* 10 a second, 3 at once: three, then one every 100 ms, to the nanosecond. */
static void
test_burst_then_rate(void **state)
{
	const struct pier__rate rate = { .per_s = 10, .burst = 3 };
	pier__bucket bucket = 0;
	int64_t now = 5 * S;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(pier__bucket_has(&bucket, &rate, now), 3 - i);
		assert_int_equal(pier__bucket_take(&bucket, &rate, 1, now), 0);
	}
	for (i = 0; i < 5; i++) {
		int64_t next = now + 100 * MS;

		assert_int_equal(pier__bucket_has(&bucket, &rate, now), 0);
		assert_int_equal(
			pier__bucket_take(&bucket, &rate, 1, now), next);
		assert_int_equal(
			pier__bucket_take(&bucket, &rate, 1, next - 1), next);
		now = next;
		assert_int_equal(pier__bucket_take(&bucket, &rate, 1, now), 0);
	}
	pier__bucket_give(&bucket, &rate, 1);
	assert_int_equal(pier__bucket_take(&bucket, &rate, 1, now), 0);
	assert_int_equal(pier__bucket_has(&bucket, &rate, now), 0);
	/* What is not used is kept, up to the burst. */
	assert_int_equal(pier__bucket_has(&bucket, &rate, now + 200 * MS), 2);
	assert_int_equal(pier__bucket_has(&bucket, &rate, now + 900 * S), 3);
	assert_int_equal(
		pier__bucket_take(&bucket, &rate, 3, now + 900 * S), 0);
	assert_int_equal(pier__bucket_has(&bucket, &rate, now + 900 * S), 0);
}

/* When what is wanted will be there, without a look at anything else. */
static void
test_empty_and_when(void **state)
{
	const struct pier__rate rate = { .per_s = 7, .burst = 3 };
	pier__bucket bucket = 0;
	int64_t now = 5 * S;
	int i;

	(void)state;
	assert_int_equal(pier__bucket_when(&bucket, &rate, 3, now), 0);
	pier__bucket_empty(&bucket, &rate, now);
	assert_int_equal(pier__bucket_has(&bucket, &rate, now), 0);
	for (i = 1; i <= 3; i++) {
		int64_t at = pier__bucket_when(&bucket, &rate, i, now);

		/* Between two nanoseconds it is the later one. */
		assert_in_range(at, now + i * S / 7, now + i * S / 7 + 1);
		assert_int_equal(
			pier__bucket_has(&bucket, &rate, at - 1), i - 1);
		assert_int_equal(pier__bucket_has(&bucket, &rate, at), i);
		assert_int_equal(pier__bucket_when(&bucket, &rate, i, at), 0);
	}
	assert_int_equal(pier__bucket_when(&bucket, &rate, 3, now + 9 * S), 0);
}

/* Over a long time no more than the rate, and no less, whatever the size. */
static void
test_long_run(void **state)
{
	static const int64_t rates[] = { 1, 3, 7, 1000, 123457, 1000000007,
		INT64_C(100000000000) };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct pier__rate rate = { .per_s = rates[i],
			.burst = rates[i] };
		pier__bucket bucket = 0;
		int64_t now = 1, taken = 0;

		while (now <= 100 * S) {
			int64_t has = pier__bucket_has(&bucket, &rate, now);

			if (has > 0)
				assert_int_equal(pier__bucket_take(&bucket,
							 &rate, has, now),
					0);
			taken += has;
			now += 333 * MS;
		}
		/* The first burst, and what came in 100 s. */
		assert_true(taken <= rates[i] * 101);
		assert_true(taken >= rates[i] * 100 - 400);
	}
}

/* More than a number holds does not pass for less. */
static void
test_extremes(void **state)
{
	const struct pier__rate slow = { .per_s = 1, .burst = INT64_MAX };
	const struct pier__rate fast = { .per_s = INT64_MAX, .burst = 1 };
	pier__bucket bucket = 0;

	(void)state;
	assert_true(pier__bucket_has(&bucket, &slow, S) > S);
	assert_int_equal(pier__bucket_take(&bucket, &slow, 1000, S), 0);
	bucket = 0;
	assert_int_equal(pier__bucket_has(&bucket, &fast, S), 1);
	assert_int_equal(pier__bucket_take(&bucket, &fast, 1, S), 0);
	assert_int_equal(pier__bucket_take(&bucket, &fast, 1, S), S + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_empty_and_when),
		cmocka_unit_test(test_long_run),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
