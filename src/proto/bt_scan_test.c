/* SPDX-License-Identifier: MIT */
/*
 * proto/bt_scan_test.c - controllers and inquiries by a management interface that
 * this test is: two controllers, of which the second is powered.
 */
#include "proto/bt_bed.h"

#include "proto/mgmt_wire.h"

#include <pier/order.h>

#define INFO 280

/* What the interface does, and what it was told. */
static struct {
	size_t count; /* of controllers */
	uint32_t settings[3];
	unsigned int refuses; /* a start, with this status */
	bool says_nothing;    /* to a start */
	bool runs;            /* an inquiry, whosever */
	void (*before)(void); /* the answer to a start */
	unsigned int starts, stops;
	unsigned int wrong_stops; /* of what does not run: refused */
	unsigned char types;
	unsigned int index;
} kernel;

static void
say(unsigned int code, unsigned int index, const void *bytes, size_t size)
{
	unsigned char out[BED_MESSAGE];

	pier_le16_put(out, (uint16_t)code);
	pier_le16_put(out + 2, (uint16_t)index);
	pier_le16_put(out + 4, (uint16_t)size);
	memcpy(out + 6, bytes, size);
	bed_say(out, 6 + size);
}

static void
say_done(unsigned int command, unsigned int index, unsigned int status,
	const void *bytes, size_t size)
{
	unsigned char out[BED_MESSAGE];

	pier_le16_put(out, (uint16_t)command);
	out[2] = (unsigned char)status;
	memcpy(out + 3, bytes, size);
	say(size > 0 ? PIER__MGMT_COMPLETE : PIER__MGMT_STATUS, index, out,
		3 + size);
}

static void
say_list(void)
{
	unsigned char list[2 + 2 * 3] = { (unsigned char)kernel.count };
	size_t i;

	/* The newest first. */
	for (i = 0; i < kernel.count; i++)
		pier_le16_put(
			list + 2 + 2 * i, (uint16_t)(kernel.count - 1 - i));
	say_done(PIER__MGMT_READ_INDEX_LIST, PIER__MGMT_NONE, 0, list,
		2 + 2 * kernel.count);
}

static void
say_info(unsigned int index)
{
	unsigned char info[INFO] = { (unsigned char)index, 0, 0, 1, 0xaa, 0,
		9 };

	pier_le32_put(info + 9, 0xffff);
	pier_le32_put(info + 13, kernel.settings[index]);
	(void)snprintf((char *)info + 20, 16, "radio %u", index);
	say_done(PIER__MGMT_READ_INFO, index, 0, info, sizeof(info));
}

/* The answer to a start. */
static void
say_begun(void)
{
	kernel.runs = kernel.refuses == 0;
	say_done(PIER__MGMT_START_DISCOVERY, kernel.index, kernel.refuses,
		&kernel.types, kernel.runs);
}

static void
hear(const unsigned char *bytes, size_t len)
{
	struct pier__mgmt_message message;

	assert_int_equal(pier__mgmt_read(&message, bytes, len), 0);
	kernel.index = message.index;
	switch (message.code) {
	case PIER__MGMT_READ_INDEX_LIST:
		say_list();
		return;
	case PIER__MGMT_READ_INFO:
		say_info(message.index);
		return;
	case PIER__MGMT_START_DISCOVERY:
		assert_int_equal(message.size, 1);
		kernel.starts++;
		kernel.types = message.bytes[0];
		if (kernel.before != NULL)
			kernel.before();
		if (!kernel.says_nothing)
			say_begun();
		return;
	default:
		assert_int_equal(message.code, PIER__MGMT_STOP_DISCOVERY);
		if (!kernel.runs) {
			kernel.wrong_stops++;
			say_done(message.code, message.index, 0x0b, "", 0);
			return;
		}
		kernel.stops++;
		kernel.runs = false;
		say_done(message.code, message.index, 0, message.bytes, 1);
		return;
	}
}

static int
begin(void **state)
{
	int rc = bed_begin(state);

	memset(&kernel, 0, sizeof(kernel));
	kernel.count = 2;
	kernel.settings[0] = PIER_BT_SETTING_BREDR;
	kernel.settings[1] = PIER_BT_SETTING_POWERED | PIER_BT_SETTING_BREDR |
			     PIER_BT_SETTING_LE;
	bed.answer = hear;
	return rc;
}

/* A device whose address ends in number, with these fields. */
static void
say_found(unsigned int number, int rssi, const char *eir, size_t len)
{
	unsigned char out[14 + 64] = { (unsigned char)number,
		(unsigned char)(number >> 8), 3, 4, 5, 6, 0,
		(unsigned char)rssi };

	pier_le16_put(out + 12, (uint16_t)len);
	memcpy(out + 14, eir, len);
	say(PIER__MGMT_DEVICE_FOUND, kernel.index, out, 14 + len);
}

static void
say_discovering(bool runs)
{
	const unsigned char out[] = { 7, runs };

	say(PIER__MGMT_DISCOVERING, kernel.index, out, 2);
}

static struct pier_bt_scan *
opened(const struct pier_bt_scan_opts *opts)
{
	struct pier_bt_scan *scan;

	if (pier_bt_scan_open(&scan, opts, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return scan;
}

static void
controllers_are_listed(void **state)
{
	static const uint8_t addr[] = { 0, 0xaa, 1, 0, 0, 1 };
	struct pier_bt_controllers *all;

	(void)state;
	assert_int_equal(pier_bt_controllers(&all, SOON), 0);
	assert_int_equal(bed.type, SOCK_RAW);
	assert_int_equal(bed.protocol, 1);
	assert_int_equal(bed.bound_len, 6);
	assert_memory_equal(bed.bound, "\x1f\0\xff\xff\3\0", 6);
	assert_int_equal(all->count, 2);
	assert_int_equal(all->list[0].index, 0);
	assert_int_equal(all->list[1].index, 1);
	assert_memory_equal(all->list[1].addr.bytes, addr, 6);
	assert_string_equal(all->list[1].name, "radio 1");
	assert_int_equal(all->list[1].settings, kernel.settings[1]);
	pier_bt_controllers_free(all);
	kernel.count = 0;
	assert_int_equal(pier_bt_controllers(&all, SOON), 0);
	assert_int_equal(all->count, 0);
	pier_bt_controllers_free(all);
	pier_bt_controllers_free(NULL);
}

static void
what_is_missing_is_said(void **state)
{
	struct pier_bt_controllers *all;
	struct pier_bt_scan *scan;

	(void)state;
	bed.socket_rc = -EAFNOSUPPORT;
	assert_int_equal(pier_bt_controllers(&all, SOON), -EAFNOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe bluetooth"));
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -EAFNOSUPPORT);
	bed.socket_rc = 0;
	bed.bind_rc = -EINVAL;
	assert_int_equal(pier_bt_controllers(&all, SOON), -EINVAL);
	assert_int_equal(pier_last_error()->step, PIER_STEP_BIND);
	assert_non_null(strstr(pier_error_line(), "management interface"));
	bed.bind_rc = 0;
	kernel.count = 0;
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -ENODEV);
	assert_non_null(strstr(pier_error_line(), "no Bluetooth controller"));
}

static void
a_controller_is_chosen(void **state)
{
	struct pier_bt_scan_opts opts = { .controller = "hci1" };
	struct pier_bt_scan *scan;

	(void)state;
	scan = opened(NULL);
	assert_int_equal(pier_bt_scan_controller(scan), 1);
	assert_int_equal(kernel.types, PIER__MGMT_BREDR | PIER__MGMT_LE);
	pier_bt_scan_close(scan);
	pier_bt_scan_close(opened(&opts));
	opts.le = true;
	pier_bt_scan_close(opened(&opts));
	assert_int_equal(kernel.types, PIER__MGMT_LE);
	assert_int_equal(kernel.index, 1);
	opts.controller = "hci0";
	assert_int_equal(pier_bt_scan_open(&scan, &opts, SOON), -ENETDOWN);
	assert_string_equal(pier_last_error()->endpoint, "hci0");
	opts.controller = "hci2";
	assert_int_equal(pier_bt_scan_open(&scan, &opts, SOON), -ENODEV);
	opts.controller = "eth0";
	assert_int_equal(pier_bt_scan_open(&scan, &opts, SOON), -EINVAL);
	opts.controller = "hci65535";
	assert_int_equal(pier_bt_scan_open(&scan, &opts, SOON), -EINVAL);
	kernel.settings[1] &= ~(uint32_t)PIER_BT_SETTING_LE;
	opts.controller = NULL;
	assert_int_equal(pier_bt_scan_open(&scan, &opts, SOON), -EOPNOTSUPP);
	kernel.settings[1] = 0;
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -ENETDOWN);
	assert_non_null(strstr(pier_error_line(), "every controller"));
}

static void
a_refusal_is_an_error(void **state)
{
	struct pier_bt_scan *scan;

	(void)state;
	kernel.refuses = 0x14;
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -EPERM);
	assert_non_null(strstr(pier_error_line(), "CAP_NET_ADMIN"));
	kernel.refuses = 0x0a;
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -EBUSY);
	kernel.refuses = 0x12;
	assert_int_equal(pier_bt_scan_open(&scan, NULL, SOON), -ERFKILL);
	assert_int_equal(kernel.starts, 3);
	assert_int_equal(kernel.stops, 0);
}

static struct pier_bt_scan_event
next(struct pier_bt_scan *scan)
{
	struct pier_bt_scan_event event;

	if (pier_bt_scan_next(scan, &event, SOON) != 1)
		fail_msg("%s", pier_error_line());
	return event;
}

#define FOUND(number, rssi, eir) say_found(number, rssi, eir, sizeof(eir) - 1)

static void
devices_are_told_in_pieces(void **state)
{
	struct pier_bt_scan *scan = opened(NULL);
	struct pier_bt_scan_event event;
	struct pier_bt_scan_stats stats;

	(void)state;
	FOUND(1, -40, "\2\1\6");
	event = next(scan);
	assert_int_equal(event.what, PIER_BT_SCAN_FOUND);
	assert_int_equal(event.device.addr.bytes[5], 1);
	assert_int_equal(event.device.rssi, -40);
	assert_true(event.device.connectable);
	assert_int_equal(event.device.tx_power, PIER_BT_RSSI_NONE);
	FOUND(2, -50, "");
	FOUND(1, -41, "\5\11Quay");
	event = next(scan);
	assert_int_equal(event.device.addr.bytes[5], 2);
	event = next(scan);
	assert_int_equal(event.what, PIER_BT_SCAN_CHANGED);
	assert_string_equal(event.device.name, "Quay");
	assert_int_equal(event.device.rssi, -41);
	FOUND(1, -42, "\5\11Quay");
	assert_int_equal(next(scan).what, PIER_BT_SCAN_HEARD);
	/* What another controller hears, and what breaks the rules. */
	kernel.index = 0;
	FOUND(3, -60, "");
	bed_say("\x12\0\1\0", 4);
	kernel.index = 1;
	FOUND(1, -43, "\5\11Qu");
	event = next(scan);
	assert_int_equal(event.what, PIER_BT_SCAN_HEARD);
	assert_string_equal(event.device.name, "Quay");
	assert_int_equal(pier_bt_scan_next(scan, &event, PIER_NOW), -EAGAIN);
	assert_int_equal(pier_bt_scan_next(scan, &event, pier_in_ms(1)),
		-PIER_EDEADLINE);
	pier_bt_scan_stats(scan, &stats);
	assert_int_equal(stats.heard, 5);
	assert_int_equal(stats.bad, 2);
	assert_int_equal(stats.devices, 2);
	assert_int_equal(stats.inquiries, 1);
	assert_int_equal(kernel.stops, 0);
	pier_bt_scan_close(scan);
	assert_int_equal(kernel.stops, 1);
	assert_int_equal(kernel.types, 7);
}

static void
hear_early(void)
{
	FOUND(1, -40, "");
}

static void
what_comes_before_the_answer_is_not_lost(void **state)
{
	struct pier_bt_scan *scan;

	(void)state;
	kernel.before = hear_early;
	scan = opened(NULL);
	assert_int_equal(next(scan).device.addr.bytes[5], 1);
	pier_bt_scan_close(scan);
}

static void
an_inquiry_ends_by_itself(void **state)
{
	struct pier_bt_scan *scan = opened(NULL);
	struct pier_bt_scan_event event;

	(void)state;
	say_discovering(true);
	FOUND(1, -40, "");
	say_discovering(false);
	(void)next(scan);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), 0);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), 0);
	pier_bt_scan_close(scan);
	/* There is nothing to stop. */
	assert_int_equal(kernel.stops, 0);
}

static void
it_begins_anew(void **state)
{
	struct pier_bt_scan *scan =
		opened(&(struct pier_bt_scan_opts){ .again = true });
	struct pier_bt_scan_event event;

	(void)state;
	say_discovering(false);
	assert_int_equal(pier_bt_scan_next(scan, &event, pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(kernel.starts, 2);
	FOUND(1, -40, "");
	assert_int_equal(next(scan).what, PIER_BT_SCAN_FOUND);
	/* Until it may not. */
	kernel.refuses = 0x0f;
	say_discovering(false);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), -ENETDOWN);
	pier_bt_scan_close(scan);
	assert_int_equal(kernel.stops, 0);
}

static void
a_controller_goes(void **state)
{
	struct pier_bt_scan *scan = opened(NULL);
	struct pier_bt_scan_event event;

	(void)state;
	say(PIER__MGMT_INDEX_REMOVED, 0, "", 0);
	say(PIER__MGMT_INDEX_REMOVED, 1, "", 0);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), -ENODEV);
	pier_bt_scan_close(scan);
	scan = opened(NULL);
	say(PIER__MGMT_NEW_SETTINGS, 1, "\x81\0\0\0", 4);
	say(PIER__MGMT_NEW_SETTINGS, 1, "\x80\0\0\0", 4);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), -ENETDOWN);
	pier_bt_scan_close(scan);
	scan = opened(NULL);
	assert_int_equal(shutdown(bed.peer, SHUT_WR), 0);
	bed.answer = NULL;
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), -EIO);
	pier_bt_scan_close(scan);
	assert_int_equal(kernel.stops, 0);
}

static void
devices_have_a_limit(void **state)
{
	struct pier_bt_scan *scan = opened(NULL);
	struct pier_bt_scan_stats stats;
	struct pier_bt_scan_event event;
	unsigned int i;

	(void)state;
	for (i = 0; i < PIER_BT_DEVICES_MAX + 10; i++) {
		FOUND(i, -40, "");
		if (i < PIER_BT_DEVICES_MAX)
			assert_int_equal(next(scan).what, PIER_BT_SCAN_FOUND);
	}
	FOUND(0, -41, "");
	event = next(scan);
	assert_int_equal(event.device.rssi, -41);
	pier_bt_scan_stats(scan, &stats);
	assert_int_equal(stats.devices, PIER_BT_DEVICES_MAX);
	assert_int_equal(stats.refused, 10);
	pier_bt_scan_close(scan);
}

/* A task that is cancelled while it waits stops the inquiry all the same. */
static int
scan_on(void *arg)
{
	struct pier_bt_scan_event event;
	struct pier_bt_scan *scan;
	int rc = pier_bt_scan_open(&scan, NULL, SOON);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = pier_bt_scan_next(scan, &event, PIER_FOREVER);
	pier_bt_scan_close(scan);
	return rc;
}

static int
cancel_it(void *arg)
{
	struct pier_group *group;
	int rc = pier_group_open(&group);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = pier_go(group, scan_on, NULL);
	while (rc == 0 && kernel.starts == 0)
		rc = pier_yield();
	pier_group_cancel(group);
	if (rc == 0)
		rc = pier_group_wait(group, SOON);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

static void
a_cancelled_one_is_stopped(void **state)
{
	(void)state;
	assert_int_equal(pier_run(cancel_it, NULL, NULL, NULL), -ECANCELED);
	assert_int_equal(kernel.starts, 1);
	assert_int_equal(kernel.stops, 1);
}

static int
open_for_a_moment(void *arg)
{
	struct pier_bt_scan *scan;

	(void)arg;
	return pier_bt_scan_open(&scan, NULL, pier_in_ms(1));
}

/* The start is answered when the wait for it has ended. */
static int
answer_late(void *arg)
{
	struct pier_group *group;
	int rc = pier_group_open(&group);

	(void)arg;
	if (rc < 0)
		return rc;
	rc = pier_go(group, open_for_a_moment, NULL);
	if (rc == 0)
		rc = pier_sleep(pier_in_ms(5));
	if (rc == 0)
		say_begun();
	if (rc == 0)
		rc = pier_group_wait(group, SOON);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

static void
one_that_has_not_begun_is_stopped_when_it_has(void **state)
{
	(void)state;
	kernel.says_nothing = true;
	assert_int_equal(
		pier_run(answer_late, NULL, NULL, NULL), -PIER_EDEADLINE);
	assert_int_equal(kernel.starts, 1);
	assert_int_equal(kernel.stops, 1);
	assert_int_equal(kernel.wrong_stops, 0);
}

/* Its own has ended, which nobody has read, and another program's runs. */
static void
anothers_is_not_stopped(void **state)
{
	struct pier_bt_scan *scan =
		opened(&(struct pier_bt_scan_opts){ .again = true });

	(void)state;
	FOUND(1, -40, "");
	say_discovering(false);
	say_discovering(true);
	pier_bt_scan_close(scan);
	assert_true(kernel.runs);
	assert_int_equal(kernel.starts, 1);
	assert_int_equal(kernel.stops, 0);
}

/* The end was told while the queue was full. */
static void
one_that_is_silent_for_long_is_ended(void **state)
{
	struct pier_bt_scan *scan = opened(NULL);
	struct pier_bt_scan_event event;

	(void)state;
	FOUND(1, -40, "");
	bed.later += INT64_C(61000000000);
	assert_int_equal(next(scan).what, PIER_BT_SCAN_FOUND);
	assert_int_equal(pier_bt_scan_next(scan, &event, SOON), 0);
	assert_int_equal(kernel.stops, 1);
	pier_bt_scan_close(scan);
	scan = opened(&(struct pier_bt_scan_opts){ .again = true });
	bed.later += INT64_C(61000000000);
	assert_int_equal(pier_bt_scan_next(scan, &event, pier_in_ms(1)),
		-PIER_EDEADLINE);
	assert_int_equal(kernel.starts, 3);
	assert_int_equal(kernel.stops, 2);
	pier_bt_scan_close(scan);
	assert_int_equal(kernel.stops, 3);
	assert_int_equal(kernel.wrong_stops, 0);
}

static int
talk(void)
{
	struct pier_bt_scan_event event;
	struct pier_bt_controllers *all;
	struct pier_bt_scan *scan;
	int rc = pier_bt_controllers(&all, SOON);

	if (rc < 0)
		return rc;
	pier_bt_controllers_free(all);
	rc = pier_bt_scan_open(&scan, NULL, SOON);
	if (rc < 0)
		return rc;
	FOUND(1, -40, "");
	rc = pier_bt_scan_next(scan, &event, SOON);
	pier_bt_scan_close(scan);
	return rc < 0 ? rc : 0;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	/* The stop of a close, and what is read before it. */
	faulty_bed_each(&bed.faulty, talk, ENOTSUP,
		FAULTY_BED_CALL(PIER__CALL_SEND) |
			FAULTY_BED_CALL(PIER__CALL_RECV));
}

#define SCANNED(test) cmocka_unit_test_setup_teardown(test, begin, bed_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCANNED(controllers_are_listed),
		SCANNED(what_is_missing_is_said),
		SCANNED(a_controller_is_chosen),
		SCANNED(a_refusal_is_an_error),
		SCANNED(devices_are_told_in_pieces),
		SCANNED(what_comes_before_the_answer_is_not_lost),
		SCANNED(an_inquiry_ends_by_itself),
		SCANNED(it_begins_anew),
		SCANNED(a_controller_goes),
		SCANNED(devices_have_a_limit),
		SCANNED(a_cancelled_one_is_stopped),
		SCANNED(one_that_has_not_begun_is_stopped_when_it_has),
		SCANNED(anothers_is_not_stopped),
		SCANNED(one_that_is_silent_for_long_is_ended),
		SCANNED(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
