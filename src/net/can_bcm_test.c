/* SPDX-License-Identifier: MIT */
/*
 * net/can_bcm_test.c - jobs and events as the kernel has them, and a manager over a
 * link that the test makes, see can_bed.h. On a kernel that has one, beside Python:
 * tests/vm/bcm.py.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#include "net/can_bcm_wire.h"
#include "net/can_bed.h"
#include "task/task.h"

/* Nothing waits that long. */
#define SOON pier_in_s(20)

#define MS INT64_C(1000000)

static struct pier_can_frame
frame_of(const char *text)
{
	struct pier_can_frame frame;

	assert_int_equal(pier_can_frame_parse(&frame, text), 0);
	return frame;
}

static struct pier__bcm_head
head_of(const unsigned char *bytes)
{
	struct pier__bcm_head head;

	memcpy(&head, bytes, PIER__BCM_HEAD_SIZE);
	return head;
}

/* ---- Wire --------------------------------------------------------------- */

static void
the_head_lies_as_the_kernel_has_it(void **state)
{
	(void)state;
	assert_int_equal(offsetof(struct pier__bcm_head, first),
		sizeof(long) == 8 ? 16 : 12);
	assert_int_equal(offsetof(struct pier__bcm_head, id),
		sizeof(long) == 8 ? 48 : 28);
	assert_int_equal(PIER__BCM_HEAD_SIZE, sizeof(long) == 8 ? 56 : 40);
}

static void
a_cycle_is_told(void **state)
{
	static unsigned char out[PIER__BCM_SIZE_MAX];
	const struct pier_can_frame frames[] = { frame_of("12345678#0102"),
		frame_of("001#") };
	const struct pier_can_cycle cycle = { .frames = frames,
		.count = 2,
		.times = 10,
		.first_ns = 1500 * MS,
		.then_ns = 1 };
	struct pier__bcm_head head;

	(void)state;
	assert_null(pier__bcm_check_cycle(&cycle));
	assert_int_equal(pier__bcm_encode_cycle(out, &cycle),
		PIER__BCM_HEAD_SIZE + (size_t)2 * PIER__CAN_SIZE);
	head = head_of(out);
	assert_int_equal(head.opcode, 1);
	assert_int_equal(head.flags, 0x207);
	assert_int_equal(head.count, 10);
	assert_int_equal(head.first.seconds, 1);
	assert_int_equal(head.first.micros, 500000);
	/* No interval becomes none. */
	assert_int_equal(head.then.seconds, 0);
	assert_int_equal(head.then.micros, 1);
	assert_int_equal(head.id, 0x92345678);
	assert_int_equal(head.frames, 2);
	assert_memory_equal(
		out + PIER__BCM_HEAD_SIZE + 4, "\2\0\0\0\1\2\0\0", 8);
	assert_memory_equal(
		out + PIER__BCM_HEAD_SIZE + PIER__CAN_SIZE + 4, "\0\0\0\0", 4);
}

static void
an_update_leaves_the_timer_alone(void **state)
{
	static unsigned char out[PIER__BCM_SIZE_MAX];
	const struct pier_can_frame frame = frame_of("123##1AABB");

	(void)state;
	assert_int_equal(pier__bcm_encode_update(out, &frame, 1),
		PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE);
	assert_int_equal(head_of(out).flags, 0x804);
	assert_int_equal(head_of(out).id, 0x123);
}

static void
a_watch_is_told(void **state)
{
	static unsigned char out[PIER__BCM_SIZE_MAX];
	const struct pier_can_frame mask = { .size = 2,
		.data = { 0xff, 0x0f } };
	struct pier_can_watch watch = { .key = { .id = 0x123, .remote = true },
		.size_counts = true,
		.tell_resumed = true,
		.silent_ns = 250 * MS,
		.throttle_ns = 2000 * MS };
	struct pier__bcm_head head;

	(void)state;
	assert_int_equal(
		pier__bcm_encode_watch(out, &watch), PIER__BCM_HEAD_SIZE);
	head = head_of(out);
	assert_int_equal(head.opcode, 5);
	assert_int_equal(head.flags, 0x163);
	assert_int_equal(head.id, 0x40000123);
	assert_int_equal(head.first.micros, 250000);
	assert_int_equal(head.then.seconds, 2);
	watch = (struct pier_can_watch){
		.key = { .id = 1, .fd = true }, .masks = &mask, .mask_count = 1
	};
	assert_int_equal(pier__bcm_encode_watch(out, &watch),
		PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE);
	assert_int_equal(head_of(out).flags, 0x803);
	assert_memory_equal(
		out + PIER__BCM_HEAD_SIZE + 4, "\x40\0\0\0\xff\x0f\0\0", 8);
}

static void
what_cannot_be_is_refused(void **state)
{
	const struct pier_can_frame mixed[] = { frame_of("001#"),
		frame_of("001##0") };
	const struct pier_can_frame error = { .id = 1, .error = true };
	const struct pier_can_frame wide = { .id = 0x800 };
	struct pier_can_cycle cycle = { .frames = mixed, .count = 1 };
	struct pier_can_watch watch = { .key = { .id = 0x7ff } };

	(void)state;
	assert_non_null(strstr(pier__bcm_check_cycle(&cycle), "an interval"));
	cycle.times = 1;
	assert_non_null(strstr(pier__bcm_check_cycle(&cycle), "counted"));
	cycle.first_ns = 1;
	assert_null(pier__bcm_check_cycle(&cycle));
	cycle.then_ns = -1;
	assert_non_null(strstr(pier__bcm_check_cycle(&cycle), "400 days"));
	cycle.then_ns = PIER_CAN_BCM_INTERVAL_MAX + 1;
	assert_non_null(strstr(pier__bcm_check_cycle(&cycle), "400 days"));
	assert_non_null(strstr(pier__bcm_check_frames(mixed, 2), "all FD"));
	assert_non_null(strstr(pier__bcm_check_frames(mixed, 0), "1 to 256"));
	assert_non_null(strstr(pier__bcm_check_frames(mixed, 257), "1 to 256"));
	assert_non_null(strstr(pier__bcm_check_frames(&error, 1), "error"));
	assert_non_null(strstr(pier__bcm_check_frames(&wide, 1), "11"));
	assert_null(pier__bcm_check_watch(&watch));
	watch.mask_count = 257;
	assert_non_null(strstr(pier__bcm_check_watch(&watch), "256"));
	watch.mask_count = 0;
	watch.silent_ns = -1;
	assert_non_null(strstr(pier__bcm_check_watch(&watch), "400 days"));
	watch.silent_ns = 0;
	watch.key.id = 0x800;
	assert_non_null(strstr(pier__bcm_check_watch(&watch), "11"));
}

/* An event of the kernel, with a frame or without; its length. */
static size_t
tell(unsigned char *out, const struct pier__bcm_head *head, const char *frame)
{
	struct pier_can_frame it;

	memcpy(out, head, PIER__BCM_HEAD_SIZE);
	if (frame == NULL)
		return PIER__BCM_HEAD_SIZE;
	it = frame_of(frame);
	return PIER__BCM_HEAD_SIZE +
	       pier__can_encode(out + PIER__BCM_HEAD_SIZE, &it);
}

static void
events_are_read(void **state)
{
	unsigned char bytes[PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE];
	struct pier__bcm_head head = { .opcode = PIER__BCM_RX_CHANGED,
		.flags = 0x803,
		.id = 0x80000123,
		.frames = 1 };
	struct pier_can_event event;
	char text[PIER_CAN_TEXT_MAX];
	size_t size = tell(bytes, &head, "00000123##1AABB"), n;

	(void)state;
	assert_int_equal(pier__bcm_decode(&event, bytes, size), 0);
	assert_int_equal(event.what, PIER_CAN_CHANGED);
	assert_int_equal(event.key.id, 0x123);
	assert_true(event.key.extended && event.key.fd && !event.key.remote);
	(void)pier_can_frame_format(&event.frame, text, sizeof(text));
	assert_string_equal(text, "00000123##1AABB");
	for (n = 0; n < size; n++)
		assert_int_equal(pier__bcm_decode(&event, bytes, n), -EBADMSG);
	head = (struct pier__bcm_head){ .opcode = PIER__BCM_TX_STATUS,
		.count = 7,
		.first = { 1, 2 },
		.then = { 3, 4 },
		.id = 1,
		.frames = 5 };
	size = tell(bytes, &head, "001#01");
	assert_int_equal(pier__bcm_decode(&event, bytes, size), 0);
	assert_int_equal(event.what, PIER_CAN_STATUS);
	assert_int_equal(event.left, 7);
	assert_int_equal(event.first_ns, 1000002000);
	assert_int_equal(event.then_ns, INT64_C(3000004000));
	head.opcode = PIER__BCM_RX_TIMEOUT;
	size = tell(bytes, &head, NULL);
	assert_int_equal(pier__bcm_decode(&event, bytes, size), 0);
	assert_int_equal(event.what, PIER_CAN_SILENT);
	head.opcode = PIER__BCM_TX_EXPIRED;
	size = tell(bytes, &head, NULL);
	assert_int_equal(pier__bcm_decode(&event, bytes, size), 0);
	assert_int_equal(event.what, PIER_CAN_EXPIRED);
}

static void
what_is_no_event_is_refused(void **state)
{
	unsigned char bytes[PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE];
	struct pier__bcm_head head = { .opcode = 99 };
	struct pier_can_event event;

	(void)state;
	assert_int_equal(
		pier__bcm_decode(&event, bytes, tell(bytes, &head, NULL)),
		-EBADMSG);
	head.opcode = PIER__BCM_TX_STATUS;
	head.frames = 1;
	head.first.seconds = -1;
	assert_int_equal(
		pier__bcm_decode(&event, bytes, tell(bytes, &head, "001#")),
		-EBADMSG);
	head.first.seconds = 0;
	head.then.micros = 1000000;
	assert_int_equal(
		pier__bcm_decode(&event, bytes, tell(bytes, &head, "001#")),
		-EBADMSG);
	head.then.micros = 0;
	head.frames = 0;
	assert_int_equal(
		pier__bcm_decode(&event, bytes, tell(bytes, &head, "001#")),
		-EBADMSG);
}

/* ---- Over a link -------------------------------------------------------- */

static int
begin(void **state)
{
	(void)state;
	if (pier__self() == NULL)
		return -1;
	bed_begin();
	pier__self()->context.calls = &bed.calls;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pier__self()->context.calls = &pier__calls_real;
	bed_drop_bus();
	return 0;
}

static struct pier_can_bcm *
opened(const char *interface)
{
	struct pier_can_bcm *bcm;

	if (pier_can_bcm_open(&bcm, interface, NULL) < 0)
		fail_msg("%s", pier_error_line());
	return bcm;
}

static void
jobs_are_given(void **state)
{
	struct pier_can_bcm *bcm = opened("lo");
	const struct pier_can_frame frame = frame_of("123#11");
	const struct pier_can_cycle cycle = {
		.frames = &frame, .count = 1, .then_ns = MS
	};
	const struct pier_can_watch watch = { .key = { .id = 0x123 } };
	const struct pier_can_key key = { .id = 0x123 };
	static const uint32_t opcodes[] = { 1, 1, 3, 2, 5, 6 };
	size_t i;

	(void)state;
	assert_int_equal(bed.connected_to, pier_interface_index("lo"));
	assert_true(pier_can_bcm_fd(bcm) >= 0);
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	assert_int_equal(pier_can_bcm_update(bcm, &frame, 1), 0);
	assert_int_equal(pier_can_bcm_ask(bcm, &key), 0);
	assert_int_equal(pier_can_bcm_cancel(bcm, &key), 0);
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	assert_int_equal(pier_can_bcm_unwatch(bcm, &key), 0);
	assert_int_equal(bed.sent_count, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(bed.sent[i].opcode, opcodes[i]);
	pier_can_bcm_close(bcm);
}

/* The kernel refuses a job that grows: it is made anew. */
static void
a_job_may_grow(void **state)
{
	struct pier_can_bcm *bcm = opened("lo");
	const struct pier_can_frame frame = frame_of("123#11");
	const struct pier_can_cycle cycle = {
		.frames = &frame, .count = 1, .then_ns = MS
	};
	const struct pier_can_watch watch = { .masks = &frame,
		.mask_count = 1 };

	(void)state;
	bed.send_error = E2BIG;
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), 0);
	assert_int_equal(bed.sent_count, 3);
	assert_int_equal(bed.sent[1].opcode, 2);
	assert_int_equal(bed.sent[2].opcode, 1);
	bed.sent_count = 0;
	bed.send_error = E2BIG;
	assert_int_equal(pier_can_bcm_watch(bcm, &watch), 0);
	assert_int_equal(bed.sent_count, 3);
	assert_int_equal(bed.sent[1].opcode, 6);
	assert_int_equal(bed.sent[2].opcode, 5);
	bed.send_error = E2BIG;
	assert_int_equal(pier_can_bcm_update(bcm, &frame, 1), -E2BIG);
	pier_can_bcm_close(bcm);
}

static void
what_goes_wrong_is_said(void **state)
{
	struct pier_can_bcm *bcm = opened("lo"), *every;
	const struct pier_can_frame frame = frame_of("123#11");
	struct pier_can_cycle cycle = { .frames = &frame, .count = 1 };
	const struct pier_can_key key = { .id = 0x123 }, wide = { .id = 0x800 };

	(void)state;
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), -EINVAL);
	assert_non_null(strstr(pier_error_line(), "needs an interval"));
	cycle.then_ns = MS;
	bed.send_error = EINVAL;
	assert_int_equal(pier_can_bcm_cancel(bcm, &key), -ENOENT);
	assert_non_null(strstr(pier_error_line(), "no such job"));
	assert_int_equal(pier_can_bcm_ask(bcm, &wide), -ENOENT);
	bed.send_error = ENOTCONN;
	assert_int_equal(pier_can_bcm_send(bcm, &cycle), -ENODEV);
	assert_non_null(strstr(pier_error_line(), "is gone"));
	pier_can_bcm_close(bcm);
	bed_drop_bus();
	every = opened(NULL);
	assert_int_equal(bed.connected_to, 0);
	assert_int_equal(pier_can_bcm_send(every, &cycle), -EDESTADDRREQ);
	assert_int_equal(pier_can_bcm_update(every, &frame, 1), -EDESTADDRREQ);
	pier_can_bcm_close(every);
	bed_drop_bus();
	bed.missing = 2;
	assert_int_equal(pier_can_bcm_open(&bcm, "lo", NULL), -EPROTONOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe can-bcm"));
	bed.missing = 1;
	assert_int_equal(pier_can_bcm_open(&bcm, "lo", NULL), -EPROTONOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe can-raw"));
}

static void
events_are_pulled(void **state)
{
	unsigned char bytes[PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE];
	struct pier_can_bcm *bcm = opened("lo");
	struct pier__bcm_head head = {
		.opcode = PIER__BCM_RX_CHANGED, .id = 0x123, .frames = 1
	};
	struct pier_can_event event;
	uint32_t count = 42;

	(void)state;
	assert_int_equal(pier_can_bcm_next(bcm, &event, PIER_NOW), -EAGAIN);
	/* A Unix pair has no drops. */
	assert_int_equal(pier_can_bcm_dropped(bcm, &count), 0);
	assert_int_equal(count, 0);
	/* What is none is passed over. */
	assert_int_equal(bed_put("junk", 4), 0);
	assert_int_equal(bed_put(bytes, tell(bytes, &head, "123#AB")), 0);
	assert_int_equal(pier_can_bcm_next(bcm, &event, SOON), 0);
	assert_int_equal(event.what, PIER_CAN_CHANGED);
	assert_int_equal(event.frame.data[0], 0xab);
	assert_string_equal(event.interface, "lo");
	assert_true(event.time_ns > INT64_C(1500000000) * 1000 * MS);
	assert_int_equal(
		pier_can_bcm_next(bcm, &event, pier_in_ms(1)), -PIER_EDEADLINE);
	pier_can_bcm_close(bcm);
}

/* A program of before knows the beginning of an event. */
static void
an_event_is_as_long_as_the_program_knows_it(void **state)
{
	unsigned char bytes[PIER__BCM_HEAD_SIZE + PIER__CAN_FD_SIZE];
	struct pier_can_bcm *bcm = opened("lo");
	struct pier__bcm_head head = { .opcode = PIER__BCM_RX_TIMEOUT };
	struct pier_can_event event;

	(void)state;
	memset(&event, 0x55, sizeof(event));
	assert_int_equal(bed_put(bytes, tell(bytes, &head, NULL)), 0);
	assert_int_equal(
		pier_can_bcm_next_sized(bcm, &event, sizeof(event.what), SOON),
		0);
	assert_int_equal(event.what, PIER_CAN_SILENT);
	assert_int_equal(event.key.id, 0x55555555);
	pier_can_bcm_close(bcm);
}

#define LINKED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_lies_as_the_kernel_has_it),
		cmocka_unit_test(a_cycle_is_told),
		cmocka_unit_test(an_update_leaves_the_timer_alone),
		cmocka_unit_test(a_watch_is_told),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(events_are_read),
		cmocka_unit_test(what_is_no_event_is_refused),
		LINKED(jobs_are_given),
		LINKED(a_job_may_grow),
		LINKED(what_goes_wrong_is_said),
		LINKED(events_are_pulled),
		LINKED(an_event_is_as_long_as_the_program_knows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
