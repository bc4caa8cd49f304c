/* SPDX-License-Identifier: MIT */
/* serve/stats_test.c - each counter in its own place, times in their buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "serve/stats.h"

static void
test_every_counter_has_its_place(void **state)
{
	struct pier_server_stats out;
	struct pier_server_stats seen = { 0 };
	const uint64_t *words = (const uint64_t *)(const void *)&out;
	unsigned i, j;

	(void)state;
	for (i = 0; i < PIER__COUNT_COUNT; i++) {
		struct pier__counters one = { 0 };
		unsigned set = 0;

		memset(&out, 0, sizeof(out));
		pier__count(&one, (enum pier__count)i, 5);
		pier__counters_add(&out, &one);
		pier__counters_add(&out, &one);
		for (j = 0; j < sizeof(out) / sizeof(uint64_t); j++) {
			set += words[j] != 0;
			assert_true(words[j] == 0 || words[j] == 10);
		}
		assert_int_equal(set, 1);
		pier__counters_add(&seen, &one);
	}
	/* All of those that are summed, none twice in one place. */
	assert_int_equal(seen.accepted, 5);
	assert_int_equal(seen.bytes_out, 5);
	assert_int_equal(seen.datagrams_dropped, 5);
	assert_int_equal(seen.datagrams_failed, 5);
	assert_int_equal(seen.limit_lifetime, 5);
}

static unsigned
bucket_of(int64_t ns)
{
	struct pier__counters counters = { 0 };
	struct pier_server_stats out = { 0 };
	unsigned i;

	pier__count_handler(&counters, ns);
	pier__counters_add(&out, &counters);
	for (i = 0; i < PIER_HISTOGRAM_BUCKETS; i++) {
		if (out.handler_us[i] == 1)
			return i;
	}
	return PIER_HISTOGRAM_BUCKETS;
}

static void
test_buckets(void **state)
{
	(void)state;
	assert_int_equal(bucket_of(-1), 0);
	assert_int_equal(bucket_of(0), 0);
	assert_int_equal(bucket_of(999), 0);
	assert_int_equal(bucket_of(1999), 0);
	assert_int_equal(bucket_of(2000), 1);
	assert_int_equal(bucket_of(3999), 1);
	assert_int_equal(bucket_of(1000000), 9);
	assert_int_equal(bucket_of((int64_t)1 << 40), 30);
	assert_int_equal(bucket_of(INT64_MAX), 31);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_counter_has_its_place),
		cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
