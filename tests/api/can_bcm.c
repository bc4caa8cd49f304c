/* SPDX-License-Identifier: MIT */
/*
 * The broadcast manager of CAN on a kernel that has one: each kind of job, and all
 * news. In a network of its own, with an interface that this test makes; where that
 * cannot be, the cases say why and are skipped. tests/vm runs it.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#define NAME "vcan0"
#define SOON pier_in_s(20)
#define MS   INT64_C(1000000)

static const char *lacking; /* why there is nothing to test */
static struct pier_can *can;
static struct pier_can_bcm *bcm;
static struct pier_can_event event;

/* Once, for all cases. */
static int
make_interface(void **state)
{
	int fd = socket(29, SOCK_DGRAM | SOCK_CLOEXEC, 2);

	(void)state;
	if (fd < 0) {
		lacking = "this kernel has no broadcast manager of CAN";
		return 0;
	}
	(void)close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		lacking = "no network of one's own here";
	else if (system("exec 2>&1; ip link add dev " NAME " type vcan && "
			"ip link set " NAME " mtu 72 && "
			"ip link set " NAME " up") != 0)
		lacking = "no virtual interface of CAN here";
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	if (lacking == NULL &&
		(pier_can_open(&can, NAME, NULL) < 0 ||
			pier_can_bcm_open(&bcm, NAME, NULL) < 0)) {
		print_message("# %s\n", pier_error_line());
		return -1;
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pier_can_bcm_close(bcm);
	pier_can_close(can);
	bcm = NULL;
	can = NULL;
	return 0;
}

#define NEEDS_MANAGER()                                         \
	do {                                                    \
		if (lacking != NULL) {                          \
			print_message("# SKIP: %s\n", lacking); \
			skip();                                 \
		}                                               \
	} while (0)

static struct pier_can_frame
frame_of(const char *text)
{
	struct pier_can_frame frame;

	assert_int_equal(pier_can_frame_parse(&frame, text), 0);
	return frame;
}

/* The next frame on the bus. */
static void
expect_frame(const char *expected)
{
	struct pier_can_message message;
	char text[PIER_CAN_TEXT_MAX];

	assert_int_equal(pier_can_recv(can, &message, SOON), 0);
	assert_true(
		pier_can_frame_format(&message.frame, text, sizeof(text)) > 0);
	assert_string_equal(text, expected);
}

static void
put(const char *text)
{
	const struct pier_can_frame frame = frame_of(text);

	assert_int_equal(pier_can_send(can, &frame, SOON), 0);
}

static void
expect_news(enum pier_can_news what)
{
	if (pier_can_bcm_next(bcm, &event, SOON) < 0)
		fail_msg("%s", pier_error_line());
	assert_int_equal(event.what, what);
	assert_string_equal(event.interface, NAME);
	assert_true(event.time_ns > INT64_C(1500000000) * 1000 * MS);
	assert_int_equal(event.dropped, 0);
}

static void
expect_change(const char *expected)
{
	char text[PIER_CAN_TEXT_MAX];

	expect_news(PIER_CAN_CHANGED);
	assert_true(
		pier_can_frame_format(&event.frame, text, sizeof(text)) > 0);
	assert_string_equal(text, expected);
}

static void
expect_nothing(void)
{
	assert_int_equal(pier_can_bcm_next(bcm, &event, PIER_NOW), -EAGAIN);
}

static void
frames_take_turns_and_are_counted(void **state)
{
	const struct pier_can_frame frames[] = { frame_of("123#01"),
		frame_of("456#0202") };
	const struct pier_can_cycle cycle = {
		.frames = frames, .count = 2, .times = 5, .first_ns = 2 * MS
	};

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	expect_news(PIER_CAN_EXPIRED);
	assert_int_equal(event.key.id, 0x123);
	expect_frame("123#01");
	expect_frame("456#0202");
	expect_frame("123#01");
	expect_frame("456#0202");
	expect_frame("123#01");
	assert_int_equal(pier_can_bcm_ask(bcm, &event.key), 0);
	expect_news(PIER_CAN_STATUS);
	assert_int_equal(event.left, 0);
	assert_int_equal(event.first_ns, 2 * MS);
	assert_int_equal(event.then_ns, 0);
	assert_int_equal(event.frame.size, 1);
	assert_int_equal(pier_can_bcm_cancel(bcm, &event.key), 0);
	assert_int_equal(pier_can_bcm_cancel(bcm, &event.key), -ENOENT);
	assert_int_equal(pier_can_bcm_ask(bcm, &event.key), -ENOENT);
	expect_nothing();
}

/* Two that leave soon, and those behind them. A single one has no end of its own. */
static void
the_second_interval_comes_after_the_first(void **state)
{
	const struct pier_can_frame frame = frame_of("12345678#01");
	struct pier_can_cycle cycle = { .frames = &frame,
		.count = 1,
		.times = 2,
		.first_ns = MS,
		.then_ns = 3 * MS };

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	expect_news(PIER_CAN_EXPIRED);
	assert_true(event.key.extended);
	expect_frame("12345678#01");
	expect_frame("12345678#01");
	expect_frame("12345678#01");
	expect_frame("12345678#01");
	cycle.times = 1;
	cycle.then_ns = 0;
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	assert_int_equal(pier_can_bcm_ask(bcm, &event.key), 0);
	expect_news(PIER_CAN_STATUS);
	assert_int_equal(event.left, 0);
	expect_nothing();
}

static void
data_changes_while_it_runs(void **state)
{
	const struct pier_can_frame before = frame_of("123##101"),
				    after = frame_of("123##10203");
	const struct pier_can_frame both[] = { before, after };
	const struct pier_can_cycle cycle = {
		.frames = &before, .count = 1, .then_ns = 3600 * 1000 * MS
	};
	const struct pier_can_cycle grown = {
		.frames = both, .count = 2, .then_ns = MS
	};
	const struct pier_can_key key = { .id = 0x123, .fd = true };

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	expect_frame("123##501");
	assert_int_equal(pier_can_bcm_update(bcm, &after, 1), 0);
	/* It still waits for its hour, and has the other data. */
	assert_int_equal(pier_can_bcm_ask(bcm, &key), 0);
	expect_news(PIER_CAN_STATUS);
	assert_int_equal(event.then_ns, 3600 * 1000 * MS);
	assert_int_equal(event.frame.data[1], 3);
	assert_int_equal(pier_can_bcm_update(bcm, both, 2), -E2BIG);
	assert_int_equal(pier_can_bcm_send(bcm, &grown), 0);
	expect_frame("123##501");
	expect_frame("123##50203");
	expect_frame("123##501");
}

static void
only_changes_are_told(void **state)
{
	struct pier_can_frame mask = { .data = { 0xff, 0x0f } };
	struct pier_can_watch watch = {
		.key = { .id = 0x123 }, .masks = &mask, .mask_count = 1
	};

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#0101");
	expect_change("123#0101");
	put("123#0101");
	put("123#01F1FF"); /* none of the bits that count */
	put("124#FF");
	put("00000123#FF"); /* another one, extended */
	put("123#02F1");
	expect_change("123#02F1");
	watch.size_counts = true;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#02F1");
	expect_change("123#02F1");
	put("123#02F100");
	expect_change("123#02F100");
	/* Without a mask each one counts. */
	watch.mask_count = 0;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#02F100");
	put("123#02F100");
	expect_change("123#02F100");
	expect_change("123#02F100");
	assert_int_equal(pier_can_bcm_unwatch(bcm, &watch.key), 0);
	assert_int_equal(pier_can_bcm_unwatch(bcm, &watch.key), -ENOENT);
	put("123#03");
	expect_nothing();
}

/* The first byte says what the second means. */
static void
what_a_frame_means_may_depend_on_it(void **state)
{
	const struct pier_can_frame masks[] = { { .data = { 0xff } },
		{ .data = { 0x01, 0xf0 } }, { .data = { 0x02, 0x0f } } };
	const struct pier_can_watch watch = {
		.key = { .id = 0x123 }, .masks = masks, .mask_count = 3
	};

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#0111");
	expect_change("123#0111");
	put("123#0211");
	expect_change("123#0211");
	put("123#0112");
	put("123#0221");
	put("123#0399");
	put("123#0122");
	expect_change("123#0122");
	put("123#0222");
	expect_change("123#0222");
	expect_nothing();
}

static void
silence_is_told(void **state)
{
	const struct pier_can_frame mask = { .data = { 0xff } };
	struct pier_can_watch watch = { .key = { .id = 0x123 },
		.masks = &mask,
		.mask_count = 1,
		.silent_ns = 30 * MS };

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	expect_news(PIER_CAN_SILENT);
	assert_int_equal(event.key.id, 0x123);
	put("123#01");
	expect_change("123#01");
	expect_news(PIER_CAN_SILENT);
	/* Not changed, and so not told. */
	put("123#01");
	expect_news(PIER_CAN_SILENT);
	watch.tell_resumed = true;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	expect_news(PIER_CAN_SILENT);
	put("123#01");
	expect_change("123#01");
	expect_news(PIER_CAN_SILENT);
	put("123#01");
	expect_change("123#01");
}

static void
news_are_throttled(void **state)
{
	struct pier_can_watch watch = { .key = { .id = 0x123 },
		.throttle_ns = 3600 * 1000 * MS };

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#01");
	expect_change("123#01");
	put("123#02");
	put("123#03");
	expect_nothing();
	/* What waits is told when the job is given anew. */
	watch.throttle_ns = 0;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	expect_change("123#03");
	watch.throttle_ns = 20 * MS;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	put("123#04");
	expect_change("123#04");
	put("123#05");
	put("123#06");
	/* Late, the first of them is told at once. */
	expect_news(PIER_CAN_CHANGED);
	if (event.frame.data[0] == 5)
		expect_news(PIER_CAN_CHANGED);
	assert_int_equal(event.frame.data[0], 6);
}

/* The kernel drops news that there is no room for, and counts them. */
static void
what_is_dropped_is_counted(void **state)
{
	const struct pier_can_watch watch = { .key = { .id = 0x123 } };
	const struct pier_can_bcm_opts opts = { .buffer = 1 };
	struct pier_can_message message;
	struct pier_can_bcm *small;
	struct pier_can *other;
	uint32_t dropped = 0, told = 0;
	int i;

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_open(&small, NULL, &opts), 0);
	assert_int_equal(pier_can_bcm_watch(small, &watch), 0);
	assert_int_equal(pier_can_open(&other, NAME, NULL), 0);
	/* What is sent is not heard yet: the kernel may take its time. */
	for (i = 0; i < 100; i++) {
		put("123#01");
		assert_int_equal(pier_can_recv(other, &message, SOON), 0);
	}
	pier_can_close(other);
	do {
		while (pier_can_bcm_next(small, &event, PIER_NOW) == 0)
			told++;
		assert_int_equal(pier_can_bcm_dropped(small, &dropped), 0);
	} while (told + dropped < 100);
	assert_true(dropped > 0);
	assert_int_equal(told + dropped, 100);
	/* The next one tells of them too, and by which interface it came. */
	put("123#01");
	assert_int_equal(pier_can_bcm_next(small, &event, SOON), 0);
	assert_int_equal(event.dropped, dropped);
	assert_string_equal(event.interface, NAME);
	pier_can_bcm_close(small);
}

/* What a program of before did not know of is not read, and not written. */
static void
an_older_program_is_served(void **state)
{
	const struct pier_can_frame frame = frame_of("123#01");
	const struct pier_can_cycle cycle = { .frames = &frame,
		.count = 1,
		.times = 2,
		.first_ns = MS,
		.then_ns = -1 };
	const struct pier_can_watch watch = { .key = { .id = 0x123 },
		.throttle_ns = -1 };
	const size_t known = offsetof(struct pier_can_event, time_ns);

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_watch_sized(bcm, &watch,
				 offsetof(struct pier_can_watch, throttle_ns)),
		0);
	assert_int_equal(pier_can_bcm_send_sized(bcm, &cycle,
				 offsetof(struct pier_can_cycle, then_ns)),
		0);
	event.time_ns = 42;
	assert_int_equal(pier_can_bcm_next_sized(bcm, &event, known, SOON), 0);
	assert_int_equal(event.key.id, 0x123);
	assert_int_equal(event.time_ns, 42);
}

static void
its_interface_goes(void **state)
{
	const struct pier_can_frame frame = frame_of("123#01");
	const struct pier_can_cycle cycle = {
		.frames = &frame, .count = 1, .then_ns = 3600 * 1000 * MS
	};
	struct pier_can_bcm *none;

	(void)state;
	NEEDS_MANAGER();
	assert_int_equal(pier_can_bcm_open(&none, "nocan0", NULL), -ENODEV);
	assert_int_equal(system("ip link set " NAME " down"), 0);
	assert_int_equal(pier_can_bcm_next(bcm, &event, SOON), -ENETDOWN);
	assert_int_equal(pier_can_bcm_open(&none, NAME, NULL), -ENETDOWN);
	assert_int_equal(system("ip link del dev " NAME), 0);
	assert_int_equal(pier_can_bcm_next(bcm, &event, SOON), -ENODEV);
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), -ENODEV);
	assert_int_equal(pier_can_bcm_open(&none, NAME, NULL), -ENODEV);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_take_turns_and_are_counted),
		CASE(the_second_interval_comes_after_the_first),
		CASE(data_changes_while_it_runs),
		CASE(only_changes_are_told),
		CASE(what_a_frame_means_may_depend_on_it),
		CASE(silence_is_told),
		CASE(news_are_throttled),
		CASE(what_is_dropped_is_counted),
		CASE(an_older_program_is_served),
		/* Behind it there is no interface. */
		CASE(its_interface_goes),
	};

	return cmocka_run_group_tests(tests, make_interface, NULL);
}
