/* SPDX-License-Identifier: MIT */
/* net/isotp_wire_test.c - what frames of ISO-TP say, and its endpoints and addresses
   as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pier.h>

#include "net/isotp.h"

#define MS INT64_C(1000000)

static int
read_text(struct pier_isotp_frame *out, const char *text, bool addressed)
{
	struct pier_can_frame frame;

	assert_int_equal(pier_can_frame_parse(&frame, text), 0);
	return pier_isotp_frame_read(out, &frame, addressed);
}

static void
single_frames(void **state)
{
	struct pier_isotp_frame it;

	(void)state;
	assert_int_equal(read_text(&it, "123#0322F190CCCCCCCC", false), 0);
	assert_int_equal(it.kind, PIER_ISOTP_SINGLE);
	assert_int_equal(it.size, 3);
	assert_int_equal(it.data_size, 3);
	assert_memory_equal(it.data, "\x22\xf1\x90", 3);
	assert_int_equal(read_text(&it, "123#F1023E00", true), 0);
	assert_int_equal(it.address, 0xf1);
	assert_int_equal(it.size, 2);
	/* Of more than 8 bytes: the size has a byte of its own. */
	assert_int_equal(
		read_text(&it, "123##0000A0102030405060708090A", false), 0);
	assert_int_equal(it.size, 10);
	assert_memory_equal(it.data, "\1\2\3\4\5\6\7\x8\x9\xa", 10);
}

static void
first_frames(void **state)
{
	struct pier_isotp_frame it;

	(void)state;
	assert_int_equal(read_text(&it, "123#1014010203040506", false), 0);
	assert_int_equal(it.kind, PIER_ISOTP_FIRST);
	assert_int_equal(it.size, 20);
	assert_int_equal(it.data_size, 6);
	assert_int_equal(read_text(&it, "123#F11FFF0102030405", true), 0);
	assert_int_equal(it.size, 4095);
	assert_int_equal(it.data_size, 5);
	/* More than 4095 bytes, in 32 bits. */
	assert_int_equal(read_text(&it, "123#100000001388AABB", false), 0);
	assert_int_equal(it.size, 5000);
	assert_int_equal(it.data_size, 2);
}

static void
frames_that_follow(void **state)
{
	struct pier_isotp_frame it;

	(void)state;
	assert_int_equal(read_text(&it, "123#2F01020304050607", false), 0);
	assert_int_equal(it.kind, PIER_ISOTP_FOLLOWING);
	assert_int_equal(it.sequence, 15);
	assert_int_equal(it.data_size, 7);
}

static void
flow_control(void **state)
{
	static const struct {
		const char *text;
		enum pier_isotp_flow flow;
		int64_t stmin_ns;
	} cases[] = {
		{ "123#30080A", PIER_ISOTP_GO_ON, 10 * MS },
		{ "123#310800", PIER_ISOTP_WAIT, 0 },
		{ "123#32087F", PIER_ISOTP_OVERFLOW, 127 * MS },
		{ "123#3008F1", PIER_ISOTP_GO_ON, MS / 10 },
		{ "123#3008F9CCCCCCCCCC", PIER_ISOTP_GO_ON, 9 * MS / 10 },
		{ "123#300880", PIER_ISOTP_GO_ON, 127 * MS },
		{ "123#3008F0", PIER_ISOTP_GO_ON, 127 * MS },
		{ "123#3008FA", PIER_ISOTP_GO_ON, 127 * MS },
	};
	struct pier_isotp_frame it;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(&it, cases[i].text, false), 0);
		assert_int_equal(it.kind, PIER_ISOTP_FLOW_CONTROL);
		assert_int_equal(it.flow, cases[i].flow);
		assert_int_equal(it.block_size, 8);
		assert_int_equal(it.stmin_ns, cases[i].stmin_ns);
	}
}

static void
what_says_nothing_is_refused(void **state)
{
	static const char *const texts[] = { "123#", "123#00", "123#0801020304",
		"123#04010203", "123#10", "123#100000000000", "123#1000000000",
		"123#3008", "123#330800", "123#40", "123#F001", "123#R",
		"20000080#0000000000000000", "123##0030102030405060708",
		"123##00000" };
	struct pier_isotp_frame it;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (read_text(&it, texts[i], false) != -EBADMSG)
			fail_msg("%s", texts[i]);
	/* The address is all there is. */
	assert_int_equal(read_text(&it, "123#F1", true), -EBADMSG);
}

/* ---- Text --------------------------------------------------------------- */

static void
what_is_longer_than_a_frame_is_refused(void **state)
{
	struct {
		struct pier_can_frame frame;
		uint8_t behind[256];
	} it = { .frame = { .fd = true } };
	struct {
		struct pier_isotp_frame read;
		uint8_t behind[256];
	} out = { .behind = { 0 } };
	static const uint8_t nothing[256];
	static const uint8_t kinds[] = { 0x00, 0x10, 0x21, 0x30 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		it.frame.data[0] = it.frame.data[1] = kinds[i];
		for (int size = PIER_CAN_DATA_MAX + 1; size < 256; size++) {
			it.frame.size = (uint8_t)size;
			assert_int_equal(pier_isotp_frame_read(
						 &out.read, &it.frame, false),
				-EBADMSG);
			assert_int_equal(pier_isotp_frame_read(
						 &out.read, &it.frame, true),
				-EBADMSG);
		}
	}
	assert_memory_equal(out.behind, nothing, sizeof(nothing));
}

static void
endpoints_have_options(void **state)
{
	struct pier__endpoint endpoint;
	struct pier__why why;

	(void)state;
	assert_int_equal(
		pier__endpoint_parse(&endpoint,
			"isotp://can0/7e0/"
			"18DA10F1?pad=0&rxpad=55&bs=255&stmin=127ms&"
			"listen=1&halfduplex=1&dynamic=1&broadcast=many&"
			"frametime=0&check=bytes",
			&why),
		0);
	assert_string_equal(endpoint.link, "can0");
	assert_int_equal(endpoint.addr.u.can.tx_id, 0x7e0);
	assert_int_equal(endpoint.addr.u.can.rx_id, 0x98da10f1u);
	assert_true(endpoint.isotp.pad);
	assert_int_equal(endpoint.isotp.pad_byte, 0);
	assert_true(endpoint.isotp.peer_pads);
	assert_int_equal(endpoint.isotp.peer_pad_byte, 0x55);
	assert_int_equal(endpoint.isotp.block_size, 255);
	assert_int_equal(endpoint.isotp.stmin_ns, 127 * MS);
	assert_true(endpoint.isotp.listens);
	assert_true(endpoint.isotp.half_duplex);
	assert_true(endpoint.isotp.dynamic);
	assert_int_equal(endpoint.isotp.broadcast, PIER_ISOTP_TO_ALL);
	assert_int_equal(endpoint.isotp.frame_ns, PIER_OFF);
	assert_true(endpoint.isotp.check_bytes);
	assert_false(endpoint.isotp.check_length);
	assert_int_equal(pier__endpoint_type(&endpoint), SOCK_DGRAM);
}

static void
what_is_no_endpoint_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *part;
	} cases[] = {
		{ "isotp://", 8, "the name of the link is missing" },
		{ "isotp://can0", 12, "two identifiers" },
		{ "isotp://can0/7e0", 16, "two identifiers" },
		{ "isotp://can0//7e8", 13, "is missing" },
		{ "isotp://can0/7e0/", 17, "is missing" },
		{ "isotp://can0/800/7e8", 13, "at most 7FF" },
		{ "isotp://can0/7e0/7e8/1", 17, "three hexadecimal digits" },
		{ "isotp://can0/7e0/12345", 17, "or eight" },
		{ "isotp://can0/0/000", 15, "is 0 already" },
		{ "isotp://can0/7e0/20000000", 17, "1FFFFFFF" },
		{ "isotp://aninterfacewith17/1/2", 8, "at most 15 bytes" },
		{ "isotp://can0/1/2?pad=100", 21, "two hexadecimal digits" },
		{ "isotp://can0/1/2?bs=256", 20, "0 to 255" },
		{ "isotp://can0/1/2?stmin=1h", 23, "a time of 0 to 4s" },
		{ "isotp://can0/1/2?stmin=128ms", 16, "stmin is 0 to 127" },
		{ "isotp://can0/1/2?fd=2", 20, "0 or 1" },
		{ "isotp://can0/1/2?brs=1", 16, "fd=1" },
		{ "isotp://can0/1/2?dl=9&fd=1", 16, "dl is 8" },
		{ "isotp://can0/1/2?rxext=1", 16, "without ext" },
		{ "isotp://can0/1/2?check=all", 16, "without rxpad" },
		{ "isotp://can0/1/2?check=some", 23, "length, bytes or all" },
		{ "isotp://can0/1/2?broadcast=all", 27, "single or many" },
		{ "isotp://can0/1/2?nodelay=1", 17, "no option of such" },
	};
	struct pier_endpoint_check check;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(pier_endpoint_check(cases[i].text, &check) < 0);
		if (check.offset != cases[i].offset ||
			strstr(check.text, cases[i].part) == NULL)
			fail_msg("%s: %zu: %s", cases[i].text, check.offset,
				check.text);
	}
}

static void
addresses_are_read_and_written(void **state)
{
	struct pier_addr addr, again;
	char text[PIER_ENDPOINT_TEXT_MAX];

	(void)state;
	assert_int_equal(pier_addr_parse(&addr, "isotp:lo/7E0/000007E8"), 0);
	assert_int_equal(addr.u.can.interface, pier_interface_index("lo"));
	assert_int_equal(addr.u.can.rx_id, PIER_CAN_ADDR_EXTENDED | 0x7e8);
	(void)pier_addr_format(&addr, text, sizeof(text));
	assert_string_equal(text, "isotp:lo/7e0/000007e8");
	assert_int_equal(pier_addr_parse(&again, text), 0);
	assert_true(pier_addr_equal(&addr, &again));
	again.u.can.tx_id++;
	assert_false(pier_addr_equal(&addr, &again));
	assert_int_equal(pier_addr_port(&addr), -1);
	assert_true(
		pier_endpoint_format("isotp", &addr, text, sizeof(text)) > 0);
	assert_string_equal(text, "isotp://lo/7e0/000007e8");
	/* One that is gone keeps its number. */
	addr.u.can.interface = 2000000000;
	(void)pier_addr_format(&addr, text, sizeof(text));
	assert_string_equal(text, "isotp:2000000000/7e0/000007e8");
	assert_int_equal(pier_addr_parse(&addr, "isotp:nosuch0/1/2"), -ENODEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_frames),
		cmocka_unit_test(first_frames),
		cmocka_unit_test(frames_that_follow),
		cmocka_unit_test(flow_control),
		cmocka_unit_test(what_says_nothing_is_refused),
		cmocka_unit_test(what_is_longer_than_a_frame_is_refused),
		cmocka_unit_test(endpoints_have_options),
		cmocka_unit_test(what_is_no_endpoint_is_refused),
		cmocka_unit_test(addresses_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
