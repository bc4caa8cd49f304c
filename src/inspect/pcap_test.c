/* SPDX-License-Identifier: MIT */
/* inspect/pcap_test.c - heads and records of pcap files, of either byte order and
   both kinds of times; and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pier/error.h>
#include <pier/order.h>
#include <pier/pcap.h>

static void
put32(unsigned char *at, uint32_t value, bool big)
{
	if (big)
		pier_be32_put(at, value);
	else
		pier_le32_put(at, value);
}

static void
make_head(unsigned char head[PIER_PCAP_HEAD], uint32_t magic, bool big)
{
	memset(head, 0, PIER_PCAP_HEAD);
	put32(head, magic, big);
	head[big ? 5 : 4] = 2;
	head[big ? 7 : 6] = 4;
	put32(head + 16, 65535, big);
	/* Four bytes of frame check sequence, as the upper bits say. */
	put32(head + 20, 0x44000001, big);
}

static void
test_heads(void **state)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };
	unsigned char head[PIER_PCAP_HEAD], record[PIER_PCAP_RECORD];
	struct pier_captured packet;
	struct pier_pcap pcap;
	const char *why = NULL;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		bool big = i / 2 == 1, nano = i % 2 == 1;

		make_head(head, magics[i % 2], big);
		assert_int_equal(pier_pcap_head_read(&pcap, head, &why), 0);
		assert_int_equal(pcap.nanoseconds, nano);
		assert_int_equal(pcap.link, PIER_LINK_ETHERNET);
		assert_int_equal(pcap.snap, 65535);
		put32(record, 1700000000, big);
		put32(record + 4, 123456, big);
		put32(record + 8, 60, big);
		put32(record + 12, 1500, big);
		assert_int_equal(
			pier_pcap_record_read(&pcap, &packet, record, &why), 0);
		assert_int_equal(packet.size, 60);
		assert_int_equal(packet.full_size, 1500);
		assert_true(
			packet.time_ns == INT64_C(1700000000) * 1000000000 +
						  (nano ? 123456 : 123456000));
	}
}

static void
test_what_is_none(void **state)
{
	static const struct {
		uint32_t magic;
		const char *why;
	} list[] = {
		{ 0x0a0d0d0a, "pcapng" },
		{ 0xa1b2cd34, "variant" },
		{ 0x00088b1f, "compressed" },
		{ 0x6c6c6568, "no pcap file" },
	};
	unsigned char head[PIER_PCAP_HEAD], record[PIER_PCAP_RECORD] = { 0 };
	struct pier_captured packet;
	struct pier_pcap pcap;
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		make_head(head, list[i].magic, false);
		assert_int_equal(
			pier_pcap_head_read(&pcap, head, &why), -PIER_EFRAME);
		assert_non_null(strstr(why, list[i].why));
	}
	make_head(head, 0xa1b2c3d4, false);
	head[4] = 0;
	assert_int_equal(pier_pcap_head_read(&pcap, head, &why), -PIER_EFRAME);
	head[4] = 2;
	assert_int_equal(pier_pcap_head_read(&pcap, head, &why), 0);
	put32(record + 8, PIER_PCAP_SIZE_MAX + 1, false);
	assert_int_equal(pier_pcap_record_read(&pcap, &packet, record, &why),
		-PIER_EFRAME);
	put32(record + 8, PIER_PCAP_SIZE_MAX, false);
	assert_int_equal(
		pier_pcap_record_read(&pcap, &packet, record, &why), 0);
	/* A full size below what is there. */
	assert_int_equal(packet.full_size, PIER_PCAP_SIZE_MAX);
}

static void
test_there_and_back(void **state)
{
	const struct pier_pcap out = { .link = PIER_LINK_COOKED2,
		.snap = 1000 };
	struct pier_captured packet = { .size = 10,
		.full_size = 20,
		.time_ns = INT64_C(1234567890123456789) };
	unsigned char head[PIER_PCAP_HEAD], record[PIER_PCAP_RECORD];
	struct pier_captured back;
	struct pier_pcap in;
	const char *why;

	(void)state;
	pier_pcap_head_write(head, &out);
	assert_int_equal(pier_pcap_head_read(&in, head, &why), 0);
	assert_true(in.nanoseconds && !in.swapped);
	assert_int_equal(in.link, out.link);
	assert_int_equal(in.snap, out.snap);
	pier_pcap_record_write(record, &packet);
	assert_int_equal(pier_pcap_record_read(&in, &back, record, &why), 0);
	assert_int_equal(back.size, 10);
	assert_int_equal(back.full_size, 20);
	assert_true(back.time_ns == packet.time_ns);
	assert_int_equal(back.link, PIER_LINK_COOKED2);
	/* Times that the format has no room for. */
	packet.time_ns = -5;
	pier_pcap_record_write(record, &packet);
	(void)pier_pcap_record_read(&in, &back, record, &why);
	assert_true(back.time_ns == 0);
	packet.time_ns = INT64_MAX;
	pier_pcap_record_write(record, &packet);
	(void)pier_pcap_record_read(&in, &back, record, &why);
	assert_true(back.time_ns == INT64_C(4294967295999999999));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
