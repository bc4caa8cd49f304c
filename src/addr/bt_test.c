/* SPDX-License-Identifier: MIT */
/* Addresses of Bluetooth: devices, channels of RFCOMM, services over L2CAP. */
#include <pier/bt.h>

#include "addr/addr.h"
#include "addr/bt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <pier/error.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DEVICE "00:1B:DC:07:31:88"

static const uint8_t bytes[6] = { 0x00, 0x1b, 0xdc, 0x07, 0x31, 0x88 };

static void
a_device_is_read_and_written(void **state)
{
	static const struct {
		const char *text, *canonical;
		uint8_t type;
	} cases[] = {
		{ DEVICE, DEVICE, PIER_BT_ADDR_BREDR },
		{ "00:1b:dc:07:31:88", DEVICE, PIER_BT_ADDR_BREDR },
		{ DEVICE "?le=public", DEVICE "?le=public",
			PIER_BT_ADDR_PUBLIC },
		{ DEVICE "?le=RANDOM", DEVICE "?le=random",
			PIER_BT_ADDR_RANDOM },
	};
	char text[PIER_BT_ADDR_TEXT_MAX];
	struct pier_bt_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t len = strlen(cases[i].canonical);

		assert_int_equal(pier_bt_addr_parse(&addr, cases[i].text), 0);
		assert_memory_equal(addr.bytes, bytes, 6);
		assert_int_equal(addr.type, cases[i].type);
		assert_int_equal(
			pier_bt_addr_format(&addr, text, sizeof(text)), len);
		assert_string_equal(text, cases[i].canonical);
		assert_int_equal(
			pier_bt_addr_format(&addr, text, len), -ENOSPC);
	}
}

static void
what_is_no_device_is_refused_where_it_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int offset;
		const char *word;
	} cases[] = {
		{ "", 0, "six bytes" },
		{ "*", 0, "six bytes" },
		{ "00:1B:DC:07:31", 14, "six bytes" },
		{ "00:1B:DC:07:31:", 15, "six bytes" },
		{ "00:1B:DC:07:31:8", 16, "six bytes" },
		{ "00:1B:DC:07:31:888", 17, "six bytes" },
		{ "00:1B:DC:07:31:88:", 17, "six bytes" },
		{ "00-1B-DC-07-31-88", 2, "parted by ':'" },
		{ "001BDC073188", 2, "six bytes" },
		{ "00:1G:DC:07:31:88", 4, "six bytes" },
		{ " " DEVICE, 0, "six bytes" },
		{ DEVICE "?le=", 21, "le=public or le=random" },
		{ DEVICE "?le=static", 21, "le=public or le=random" },
		{ DEVICE "?type=le", 17, "only ?le=" },
	};
	struct pier_bt_addr addr, before;

	(void)state;
	memset(&addr, 0x5a, sizeof(addr));
	before = addr;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier_bt_addr_parse(&addr, cases[i].text), -EINVAL);
		assert_non_null(strstr(pier_error_line(), cases[i].word));
		assert_int_equal(pier_last_error()->offset, cases[i].offset);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void
devices_have_an_order(void **state)
{
	static const char *const sorted[] = {
		"00:00:00:00:00:01",
		"00:00:00:00:00:01?le=public",
		"00:00:00:00:00:01?le=random",
		"00:00:00:00:00:02",
		"01:00:00:00:00:00",
		"80:00:00:00:00:00",
	};
	struct pier_bt_addr a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			int order;

			assert_int_equal(pier_bt_addr_parse(&a, sorted[i]), 0);
			assert_int_equal(pier_bt_addr_parse(&b, sorted[j]), 0);
			order = pier_bt_addr_compare(&a, &b);
			assert_int_equal(
				(order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

/* As the kernel has them: hci_sock(4), and what Python's socketmodule.c packs. */
static void
socket_addresses_are_the_kernels(void **state)
{
	static const uint8_t rfcomm[10] = { AF_BLUETOOTH, 0, 0x88, 0x31, 0x07,
		0xdc, 0x1b, 0x00, 7, 0 };
	static const uint8_t l2cap[14] = { AF_BLUETOOTH, 0, 0x01, 0x10, 0x88,
		0x31, 0x07, 0xdc, 0x1b, 0x00, 0, 0, 0, 0 };
	static const uint8_t le[14] = { AF_BLUETOOTH, 0, 0x80, 0x00, 0x88, 0x31,
		0x07, 0xdc, 0x1b, 0x00, 0, 0, 2, 0 };
	struct pier_bt_addr device, again;
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_bt_addr_parse(&device, DEVICE), 0);
	assert_int_equal(pier_bt_rfcomm(&addr, &device, 7), 0);
	assert_int_equal(addr.len, sizeof(rfcomm));
	assert_memory_equal(&addr.u, rfcomm, sizeof(rfcomm));
	assert_int_equal(pier_bt_channel(&addr), 7);
	assert_int_equal(pier_bt_psm(&addr), -1);
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0x1001), 0);
	assert_int_equal(addr.len, sizeof(l2cap));
	assert_memory_equal(&addr.u, l2cap, sizeof(l2cap));
	assert_int_equal(pier_bt_psm(&addr), 0x1001);
	assert_int_equal(pier_bt_channel(&addr), -1);
	assert_int_equal(pier_bt_device(&again, &addr), 0);
	assert_int_equal(pier_bt_addr_compare(&again, &device), 0);
	device.type = PIER_BT_ADDR_RANDOM;
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0x80), 0);
	assert_memory_equal(&addr.u, le, sizeof(le));
	assert_int_equal(pier_bt_device(&again, &addr), 0);
	assert_int_equal(again.type, PIER_BT_ADDR_RANDOM);
	assert_int_equal(pier_addr_port(&addr), -1);
}

static void
numbers_have_bounds(void **state)
{
	struct pier_bt_addr device, le;
	struct pier_addr addr = { .len = 0 };

	(void)state;
	assert_int_equal(pier_bt_addr_parse(&device, DEVICE), 0);
	assert_int_equal(pier_bt_addr_parse(&le, DEVICE "?le=public"), 0);
	assert_int_equal(pier_bt_rfcomm(&addr, &device, 31), -EINVAL);
	assert_int_equal(pier_bt_rfcomm(&addr, &le, 1), -EINVAL);
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0x1002), -EINVAL);
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0x1101), -EINVAL);
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0x10001), -EINVAL);
	assert_int_equal(pier_bt_l2cap(&addr, &le, 0x100), -EINVAL);
	le.type = 3;
	assert_int_equal(pier_bt_l2cap(&addr, &le, 0x80), -EINVAL);
	assert_int_equal(addr.len, 0);
	assert_int_equal(pier_bt_device(&le, &addr), -EAFNOSUPPORT);
	assert_int_equal(pier_bt_rfcomm(&addr, &device, 30), 0);
	assert_int_equal(pier_bt_rfcomm(&addr, &device, 0), 0);
	assert_int_equal(pier_bt_l2cap(&addr, &device, 0xfeff), 0);
}

static void
each_socket_address_is_text_both_ways(void **state)
{
	static const struct {
		const char *text, *canonical, *host;
	} cases[] = {
		{ "rfcomm:" DEVICE "/1", "rfcomm:" DEVICE "/1",
			"rfcomm:" DEVICE },
		{ "rfcomm:00:1b:dc:07:31:88/0x1e", "rfcomm:" DEVICE "/30",
			"rfcomm:" DEVICE },
		{ "rfcomm:/0", "rfcomm:*/0", "rfcomm:*" },
		{ "rfcomm:*/01", "rfcomm:*/1", "rfcomm:*" },
		{ "l2cap:" DEVICE "/4097", "l2cap:" DEVICE "/0x1001",
			"l2cap:" DEVICE },
		{ "l2cap:*/0", "l2cap:*/0", "l2cap:*" },
		{ "l2cap:/1", "l2cap:*/0x1", "l2cap:*" },
		{ "l2cap:" DEVICE "/0X80?le=public",
			"l2cap:" DEVICE "/0x80?le=public",
			"l2cap:" DEVICE "?le=public" },
		{ "l2cap:*/255?le=random", "l2cap:*/0xff?le=random",
			"l2cap:*?le=random" },
	};
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr, again;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(pier_addr_parse(&addr, cases[i].text), 0);
		assert_int_equal(pier_addr_format(&addr, text, sizeof(text)),
			strlen(cases[i].canonical));
		assert_string_equal(text, cases[i].canonical);
		assert_int_equal(pier_addr_parse(&again, text), 0);
		assert_true(pier_addr_equal(&addr, &again));
		assert_int_equal(
			pier_addr_format_host(&addr, text, sizeof(text)),
			strlen(cases[i].host));
		assert_string_equal(text, cases[i].host);
	}
}

static void
what_is_no_socket_address_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *word;
	} cases[] = {
		{ "rfcomm:" DEVICE, 24, "channel is missing" },
		{ "rfcomm:" DEVICE "/", 25, "channel is missing" },
		{ "rfcomm:", 7, "channel is missing" },
		{ "rfcomm:x/1", 7, "six bytes" },
		{ "rfcomm:" DEVICE "/31", 25, "1 to 30" },
		{ "rfcomm:" DEVICE "/x", 25, "1 to 30" },
		{ "rfcomm:" DEVICE "/0x", 25, "1 to 30" },
		{ "rfcomm:" DEVICE "/1?le=public", 25, "1 to 30" },
		{ "rfcomm:" DEVICE "/1/2", 25, "1 to 30" },
		{ "l2cap:" DEVICE, 23, "PSM is missing" },
		{ "l2cap:" DEVICE "?le=public", 23, "PSM is missing" },
		{ "l2cap:" DEVICE "/0x1002", 24, "is odd" },
		{ "l2cap:" DEVICE "/0x80", 24, "is odd" },
		{ "l2cap:" DEVICE "/0x10001", 24, "16 bits" },
		{ "l2cap:" DEVICE "/0xffffffffffffffffffff", 24, "16 bits" },
		{ "l2cap:" DEVICE "/-1", 24, "16 bits" },
		{ "l2cap:" DEVICE "/0x100?le=public", 24, "1 to 0xff" },
		{ "l2cap:" DEVICE "/1?le=p", 29, "le=public or le=random" },
	};
	struct pier_addr addr;
	struct pier__why why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			pier__addr_parse(&addr, cases[i].text, &why), -EINVAL);
		assert_non_null(strstr(why.text, cases[i].word));
		assert_int_equal(why.offset, cases[i].offset);
	}
}

/* Padding does not count, all that is written does. */
static void
socket_addresses_are_equal_as_they_are_written(void **state)
{
	static const char *const different[] = {
		"rfcomm:" DEVICE "/1",
		"rfcomm:" DEVICE "/3",
		"rfcomm:*/1",
		"l2cap:" DEVICE "/1",
		"l2cap:" DEVICE "/3",
		"l2cap:" DEVICE "/1?le=public",
		"l2cap:" DEVICE "/1?le=random",
	};
	struct pier_addr a, b, copy;

	(void)state;
	for (size_t i = 0; i < COUNT(different); i++) {
		for (size_t j = 0; j < COUNT(different); j++) {
			assert_int_equal(pier_addr_parse(&a, different[i]), 0);
			assert_int_equal(pier_addr_parse(&b, different[j]), 0);
			assert_int_equal(pier_addr_equal(&a, &b), i == j);
		}
		((char *)&a.u)[a.len - 1] = 0x55;
		assert_int_equal(
			pier_addr_from_sockaddr(&copy, &a.u.sa, a.len), 0);
		assert_int_equal(pier_addr_parse(&b, different[i]), 0);
		assert_true(pier_addr_equal(&copy, &b));
		assert_true(pier_addr_hash(&copy, NULL) ==
			    pier_addr_hash(&b, NULL));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_read_and_written),
		cmocka_unit_test(
			what_is_no_device_is_refused_where_it_is_wrong),
		cmocka_unit_test(devices_have_an_order),
		cmocka_unit_test(socket_addresses_are_the_kernels),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(each_socket_address_is_text_both_ways),
		cmocka_unit_test(what_is_no_socket_address_is_refused),
		cmocka_unit_test(
			socket_addresses_are_equal_as_they_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
