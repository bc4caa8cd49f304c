/* SPDX-License-Identifier: MIT */
/*
 * cli/can_table_test.c - which frames are news to pier can watch, by a clock that
 * the test moves.
 */
#include "can_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static struct can_table *table;
static struct can_news news;

static void
begin(const struct can_table_opts *opts)
{
	assert_int_equal(can_table_open(&table, opts), 0);
	can_table_start(table, 0);
}

static int
end(void **state)
{
	(void)state;
	can_table_close(table);
	table = NULL;
	return 0;
}

/* A frame that comes; what can_table_put() says of it. */
static int
put(const char *interface, const char *text, int64_t ms)
{
	struct pier_can_message message = { .time_ns = ms * MS + 7 };

	assert_int_equal(pier_can_frame_parse(&message.frame, text), 0);
	memcpy(message.interface, interface, strlen(interface) + 1);
	return can_table_put(table, &message, ms * MS, &news);
}

static int
due(int64_t ms)
{
	return can_table_due(table, ms * MS, &news);
}

static void
only_changes_are_news(void **state)
{
	(void)state;
	begin(&(struct can_table_opts){ 0 });
	assert_int_equal(put("a", "123#DEADBEEF", 1), 1);
	assert_int_equal(news.what, CAN_NEWS_NEW);
	assert_int_equal(news.changed, 0);
	assert_int_equal(put("a", "123#DEADBEEF", 2), 0);
	assert_int_equal(put("a", "123#DE00BE01", 3), 1);
	assert_int_equal(news.what, CAN_NEWS_CHANGED);
	assert_int_equal(news.changed, 0xa);
	assert_false(news.resized);
	assert_int_equal(news.before.data[1], 0xad);
	assert_int_equal(news.frame.data[1], 0);
	assert_int_equal(news.count, 3);
	assert_int_equal(news.at_ns, 3 * MS);
	assert_int_equal(news.stamp_ns, 3 * MS + 7);
	assert_int_equal(can_table_row(table, 0)->gap_ns, MS);
	assert_int_equal(can_table_wake(table), INT64_MAX);
}

static void
sizes_count(void **state)
{
	(void)state;
	begin(&(struct can_table_opts){ 0 });
	assert_int_equal(put("a", "123#0102", 1), 1);
	assert_int_equal(put("a", "123#010200", 2), 1);
	assert_true(news.resized);
	assert_int_equal(news.changed, 0);
	assert_int_equal(put("a", "123##00102", 3), 1);
	assert_true(news.resized);
	assert_int_equal(can_table_count(table), 1);
}

/* What looks alike and is another: by interface, identifier, kind. */
static void
rows_are_in_order(void **state)
{
	static const char *const frames[] = { "20000001#0000000000000000",
		"00000001#", "002#", "001#R", "001#" };
	size_t i;

	(void)state;
	begin(&(struct can_table_opts){ 0 });
	assert_int_equal(put("b", "001#", 1), 1);
	for (i = 0; i < 5; i++)
		assert_int_equal(put("a", frames[i], 1), 1);
	assert_int_equal(put("a", "001#", 1), 0);
	assert_int_equal(can_table_count(table), 6);
	for (i = 0; i < 5; i++) {
		char text[PIER_CAN_TEXT_MAX];

		(void)pier_can_frame_format(
			&can_table_row(table, i)->last, text, sizeof(text));
		assert_string_equal(text, frames[4 - i]);
	}
	assert_string_equal(can_table_row(table, 5)->key.interface, "b");
}

static void
a_silence_is_told_once(void **state)
{
	const struct can_row_key key = { .interface = "a", .id = 0x222 };

	(void)state;
	begin(&(struct can_table_opts){ .silent_ns = 100 * MS });
	assert_int_equal(can_table_expect(table, &key, 0), 0);
	assert_int_equal(put("a", "111#01", 10), 1);
	assert_int_equal(can_table_wake(table), 100 * MS);
	assert_int_equal(due(99), 0);
	/* One that never came is silent too. */
	assert_int_equal(due(200), 1);
	assert_int_equal(news.what, CAN_NEWS_SILENT);
	assert_int_equal(news.key.id, 0x222);
	assert_int_equal(news.count, 0);
	assert_int_equal(news.at_ns, 100 * MS);
	assert_int_equal(due(200), 1);
	assert_int_equal(news.key.id, 0x111);
	assert_int_equal(news.at_ns, 110 * MS);
	assert_int_equal(news.silent_ns, 100 * MS);
	assert_int_equal(due(1000000), 0);
	/* What ends it is news, changed or not. */
	assert_int_equal(put("a", "111#01", 300), 1);
	assert_int_equal(news.what, CAN_NEWS_RESUMED);
	assert_int_equal(news.changed, 0);
	assert_int_equal(news.silent_ns, 290 * MS);
	assert_int_equal(put("a", "111#01", 350), 0);
	assert_int_equal(put("a", "222#", 360), 1);
	assert_int_equal(news.what, CAN_NEWS_NEW);
	assert_int_equal(due(449), 0);
	assert_int_equal(due(450), 1);
	assert_int_equal(news.key.id, 0x111);
}

static void
changes_are_throttled(void **state)
{
	(void)state;
	begin(&(struct can_table_opts){ .throttle_ns = 100 * MS });
	assert_int_equal(put("a", "111#01", 0), 1);
	assert_int_equal(put("a", "111#02", 10), 0);
	assert_int_equal(put("a", "111#03", 20), 0);
	assert_int_equal(can_table_wake(table), 100 * MS);
	assert_int_equal(due(99), 0);
	assert_int_equal(due(100), 1);
	assert_int_equal(news.what, CAN_NEWS_CHANGED);
	assert_int_equal(news.before.data[0], 1);
	assert_int_equal(news.frame.data[0], 3);
	assert_int_equal(due(100), 0);
	/* What is as it was again by then is no news. */
	assert_int_equal(put("a", "111#04", 110), 0);
	assert_int_equal(put("a", "111#03", 120), 0);
	assert_int_equal(due(1000), 0);
	assert_int_equal(put("a", "111#04", 1001), 1);
}

static void
noise_is_learned(void **state)
{
	(void)state;
	begin(&(struct can_table_opts){ .learn_ns = 100 * MS });
	assert_int_equal(put("a", "111#0001", 0), 1);
	assert_int_equal(put("a", "111#0003", 50), 0);
	assert_int_equal(put("a", "111#0001", 100), 0);
	assert_int_equal(put("a", "111#0007", 110), 1);
	assert_int_equal(news.changed, 2);
	assert_int_equal(put("a", "111#0106", 120), 1);
	assert_int_equal(news.changed, 3);
	assert_int_equal(put("a", "111#0104", 130), 0);
}

static void
marks_keep_their_time(void **state)
{
	(void)state;
	begin(&(struct can_table_opts){ 0 });
	(void)put("a", "111#0001", 1);
	(void)put("a", "111#0002", 2);
	(void)put("a", "111#0002", 3);
	assert_int_equal(can_table_row(table, 0)->marked_ns[0], -1);
	assert_int_equal(can_table_row(table, 0)->marked_ns[1], 2 * MS);
}

static void
a_full_table_says_so(void **state)
{
	struct pier_can_message message = { .interface = "a" };
	uint32_t id;

	(void)state;
	begin(&(struct can_table_opts){ .silent_ns = MS });
	message.frame.extended = true;
	for (id = 0; id < CAN_TABLE_MAX; id++) {
		/* From the last to the first: the rows before it move. */
		message.frame.id = CAN_TABLE_MAX - id;
		assert_int_equal(can_table_put(table, &message, 0, &news), 1);
	}
	message.frame.id = 0;
	assert_int_equal(can_table_put(table, &message, 0, &news), -ENOSPC);
	assert_int_equal(can_table_missed(table), 1);
	assert_int_equal(
		can_table_expect(table, &(struct can_row_key){ .id = 0 }, 0),
		-ENOSPC);
	message.frame.id = 1;
	assert_int_equal(can_table_put(table, &message, 0, &news), 0);
}

/* The times of a log are anything. */
static void
no_time_is_too_late(void **state)
{
	struct pier_can_message message = { .interface = "a",
		.time_ns = INT64_MAX };

	(void)state;
	begin(&(struct can_table_opts){
		.silent_ns = MS, .throttle_ns = MS, .learn_ns = MS });
	can_table_start(table, INT64_MAX - 1);
	assert_int_equal(
		can_table_put(table, &message, INT64_MAX - 1, &news), 1);
	message.time_ns = 0;
	message.frame.size = 1;
	assert_int_equal(can_table_put(table, &message, 0, &news), 0);
	assert_int_equal(can_table_due(table, INT64_MAX, &news), 1);
	assert_int_equal(can_table_due(table, INT64_MAX, &news), 0);
}

#define CASE(test) cmocka_unit_test_teardown(test, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(only_changes_are_news),
		CASE(sizes_count),
		CASE(rows_are_in_order),
		CASE(a_silence_is_told_once),
		CASE(changes_are_throttled),
		CASE(noise_is_learned),
		CASE(marks_keep_their_time),
		CASE(a_full_table_says_so),
		CASE(no_time_is_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
