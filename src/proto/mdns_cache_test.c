/* SPDX-License-Identifier: MIT */
/* What was heard, and for how long it holds: RFC 6762 sections 5.2, 7.1, 10. */
#include "proto/mdns_cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "os/calls.h"

#define SECOND INT64_C(1000000000)

static uint64_t chance = 12345;

static struct pier__dns_record
address(const char *last, uint32_t ttl_s, bool flush)
{
	struct pier__dns_record record = { .type = PIER__DNS_A,
		.class = PIER__DNS_CLASS_IN,
		.flush = flush,
		.ttl_s = ttl_s,
		.data = (const unsigned char *)last,
		.len = 4 };

	assert_int_equal(pier__name_parse(&record.name, "h.local"), 0);
	return record;
}

static int
put(struct pier__mdns_cache *cache, int64_t now_ns,
	const struct pier__dns_record *record, bool legacy)
{
	const struct pier__mdns_put how = {
		.now_ns = now_ns, .legacy = legacy, .chance = &chance
	};

	return pier__mdns_cache_put(cache, record, &how);
}

/* How many are left at this moment. */
static size_t
left_at(struct pier__mdns_cache *cache, int64_t now_ns)
{
	struct pier__mdns_entry *entry;

	while ((entry = pier__mdns_cache_expire(cache, now_ns)) != NULL)
		pier__free(entry);
	while (pier__mdns_cache_refresh(cache, now_ns, &chance) != NULL)
		;
	pier__mdns_cache_settle(cache);
	return cache->count;
}

static void
records_hold_for_their_time(void **state)
{
	struct pier__dns_record record = address("\1\2\3\4", 120, true);
	struct pier__mdns_cache cache;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	assert_int_equal(put(&cache, SECOND, &record, false), 1);
	assert_int_equal(put(&cache, 2 * SECOND, &record, false), 0);
	assert_int_equal(left_at(&cache, 122 * SECOND - 1), 1);
	assert_int_equal(pier__mdns_cache_due(&cache), 122 * SECOND);
	assert_int_equal(left_at(&cache, 122 * SECOND), 0);
	assert_int_equal(pier__mdns_cache_due(&cache), INT64_MAX);
	/* What nobody had is not taken in by being told to go. */
	record.ttl_s = 0;
	assert_int_equal(put(&cache, 130 * SECOND, &record, false), 0);
	assert_int_equal(cache.count, 0);
	pier__mdns_cache_close(&cache);
}

static void
a_goodbye_takes_a_second(void **state)
{
	struct pier__dns_record record = address("\1\2\3\4", 120, true);
	struct pier__mdns_cache cache;
	struct pier__mdns_entry *entry;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	(void)put(&cache, 0, &record, false);
	record.ttl_s = 0;
	assert_int_equal(put(&cache, SECOND, &record, false), 0);
	assert_int_equal(left_at(&cache, 2 * SECOND - 1), 1);
	/* Somebody else has it still. */
	record.ttl_s = 120;
	(void)put(&cache, 2 * SECOND - 1, &record, false);
	assert_int_equal(left_at(&cache, 60 * SECOND), 1);
	record.ttl_s = 0;
	(void)put(&cache, 60 * SECOND, &record, false);
	entry = pier__mdns_cache_expire(&cache, 61 * SECOND);
	assert_non_null(entry);
	assert_true(entry->goodbye);
	pier__free(entry);
	pier__mdns_cache_close(&cache);
}

/* Section 10.2: those that came within the last second are of the same row of
   messages. */
static void
the_flush_bit_ends_what_is_old(void **state)
{
	struct pier__dns_record a = address("\1\1\1\1", 120, true);
	struct pier__dns_record b = address("\2\2\2\2", 120, true);
	struct pier__dns_record c = address("\3\3\3\3", 120, false);
	struct pier__mdns_cache cache;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	(void)put(&cache, 0, &a, false);
	(void)put(&cache, SECOND, &b, false);
	assert_int_equal(left_at(&cache, 10 * SECOND), 2);
	/* Without the bit it is one more. */
	(void)put(&cache, 10 * SECOND, &c, false);
	assert_int_equal(left_at(&cache, 20 * SECOND), 3);
	(void)put(&cache, 20 * SECOND, &a, false);
	assert_int_equal(left_at(&cache, 21 * SECOND - 1), 3);
	assert_int_equal(left_at(&cache, 21 * SECOND), 1);
	pier__mdns_cache_close(&cache);
}

static void
what_grows_old_is_asked_for_four_times(void **state)
{
	static const int percent[] = { 80, 85, 90, 95 };
	struct pier__dns_record record = address("\1\2\3\4", 1000, true);
	struct pier__mdns_cache cache;
	int64_t due;
	size_t i;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	(void)put(&cache, 0, &record, false);
	for (i = 0; i < 4; i++) {
		due = pier__mdns_cache_due(&cache);
		assert_in_range(due, percent[i] * 10 * SECOND,
			(percent[i] + 2) * 10 * SECOND);
		assert_null(pier__mdns_cache_refresh(&cache, due - 1, &chance));
		assert_non_null(pier__mdns_cache_refresh(&cache, due, &chance));
		assert_null(pier__mdns_cache_refresh(&cache, due, &chance));
		pier__mdns_cache_settle(&cache);
	}
	assert_int_equal(pier__mdns_cache_due(&cache), 1000 * SECOND);
	/* It is there again, and young. */
	(void)put(&cache, 990 * SECOND, &record, false);
	pier__mdns_cache_settle(&cache);
	assert_true(pier__mdns_cache_due(&cache) >= (990 + 800) * SECOND);
	pier__mdns_cache_close(&cache);
}

static void
half_of_the_time_is_known(void **state)
{
	struct pier__dns_record record = address("\1\2\3\4", 100, true);
	struct pier__dns_record other = address("\1\2\3\5", 100, true);
	struct pier__mdns_cache cache;
	struct pier__mdns_entry *entry;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	(void)put(&cache, 0, &record, false);
	entry = pier__mdns_cache_find(&cache, &record.name, PIER__DNS_A, NULL);
	assert_int_equal(pier__mdns_entry_known(entry, 0), 100);
	assert_int_equal(pier__mdns_entry_known(entry, 49 * SECOND), 51);
	assert_int_equal(pier__mdns_entry_known(entry, 50 * SECOND), 0);
	(void)put(&cache, 0, &other, true);
	entry = pier__mdns_cache_find(&cache, &record.name, PIER__DNS_A, NULL);
	assert_true(entry->legacy);
	assert_int_equal(pier__mdns_entry_known(entry, 0), 0);
	pier__mdns_cache_close(&cache);
}

static void
a_legacy_answer_shortens_nothing(void **state)
{
	struct pier__dns_record record = address("\1\2\3\4", 120, true);
	struct pier__dns_record brief = address("\1\2\3\4", 10, false);
	struct pier__mdns_cache cache;

	(void)state;
	pier__mdns_cache_open(&cache, 10);
	(void)put(&cache, 0, &record, false);
	(void)put(&cache, SECOND, &brief, true);
	assert_int_equal(left_at(&cache, 119 * SECOND), 1);
	(void)put(&cache, 119 * SECOND, &brief, true);
	assert_int_equal(left_at(&cache, 128 * SECOND), 1);
	assert_int_equal(left_at(&cache, 129 * SECOND), 0);
	pier__mdns_cache_close(&cache);
}

static void
the_cache_has_a_bound(void **state)
{
	struct pier__dns_record record = address("", 120, false);
	struct pier__mdns_cache cache;
	char data[5];
	int i;

	(void)state;
	pier__mdns_cache_open(&cache, 1000);
	for (i = 0; i < 1100; i++) {
		(void)snprintf(data, sizeof(data), "%04d", i);
		record.data = (const unsigned char *)data;
		assert_int_equal(
			put(&cache, 0, &record, false), i < 1000 ? 1 : -ENOSPC);
	}
	record.data = (const unsigned char *)"0007";
	assert_int_equal(put(&cache, SECOND, &record, false), 0);
	assert_int_equal(left_at(&cache, 120 * SECOND), 1);
	pier__mdns_cache_close(&cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_hold_for_their_time),
		cmocka_unit_test(a_goodbye_takes_a_second),
		cmocka_unit_test(the_flush_bit_ends_what_is_old),
		cmocka_unit_test(what_grows_old_is_asked_for_four_times),
		cmocka_unit_test(half_of_the_time_is_known),
		cmocka_unit_test(a_legacy_answer_shortens_nothing),
		cmocka_unit_test(the_cache_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
