/* SPDX-License-Identifier: MIT */
/* inspect/tcp_info_test.c - every length that a kernel may give. */
#include <pier/info.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier/error.h>

#include "os/calls.h"

#define LATEST 280

/* Every byte is its offset + 1, so that a field shows where it was read. */
static void
fill(unsigned char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)(i + 1);
}

static uint64_t
at(size_t offset, size_t size)
{
	unsigned char bytes[LATEST];
	uint64_t eight = 0;
	uint32_t four;

	fill(bytes, sizeof(bytes));
	if (size == 8) {
		memcpy(&eight, bytes + offset, 8);
		return eight;
	}
	memcpy(&four, bytes + offset, 4);
	return four;
}

/* The length is exact on the heap: a read beyond it is an error of ASan. */
static struct pier_tcp_info
decoded(size_t len)
{
	unsigned char *bytes = malloc(len > 0 ? len : 1);
	struct pier_tcp_info info;

	assert_non_null(bytes);
	fill(bytes, len);
	memset(&info, 0xee, sizeof(info));
	assert_int_equal(pier_tcp_info_decode(&info, bytes, len), 0);
	free(bytes);
	return info;
}

static void
test_a_kernel_of_2_6(void **state)
{
	struct pier_tcp_info info = decoded(92);

	(void)state;
	assert_int_equal(
		info.have, PIER_INFO_STATE | PIER_INFO_CORE | PIER_INFO_RTT);
	assert_int_equal(info.reordering, at(88, 4));
	assert_int_equal(info.state, 1);
	assert_int_equal(info.rtt_us, at(68, 4));
	assert_int_equal(info.rttvar_us, at(72, 4));
	assert_int_equal(info.retransmits, 0);
	assert_int_equal(info.bytes_received, 0);
}

static void
test_a_kernel_before_4_1(void **state)
{
	struct pier_tcp_info info = decoded(104);

	(void)state;
	assert_int_equal(
		info.have, PIER_INFO_STATE | PIER_INFO_CORE | PIER_INFO_RTT |
				   PIER_INFO_RECEIVING | PIER_INFO_RETRANSMITS);
	assert_int_equal(info.rcv_space, at(96, 4));
	assert_int_equal(info.retransmits, at(100, 4));
	assert_int_equal(info.bytes_acked, 0);
}

static void
test_a_kernel_of_today(void **state)
{
	struct pier_tcp_info info = decoded(LATEST);

	(void)state;
	assert_int_equal(info.have, 2 * PIER_INFO_ACCECN - 1);
	assert_int_equal(info.total_rto, at(240, 4) & 0xffff);
	assert_int_equal(info.total_rto_recoveries, at(240, 4) >> 16);
	assert_int_equal(info.accecn, at(276, 4));
	assert_true(info.bytes_acked == at(120, 8));
	assert_true(info.bytes_received == at(128, 8));
	assert_true(info.bytes_sent == at(200, 8));
}

/* The flags, and the length from which on each is given. */
static const struct {
	uint32_t flag;
	size_t from;
} given[] = {
	{ PIER_INFO_STATE, 1 },
	{ PIER_INFO_RTT, 76 },
	{ PIER_INFO_CORE, 92 },
	{ PIER_INFO_RECEIVING, 100 },
	{ PIER_INFO_RETRANSMITS, 104 },
	{ PIER_INFO_PACING, 120 },
	{ PIER_INFO_BYTES_ACKED, 128 },
	{ PIER_INFO_BYTES_RECEIVED, 136 },
	{ PIER_INFO_SEGMENTS, 144 },
	{ PIER_INFO_MIN_RTT, 160 },
	{ PIER_INFO_DELIVERY, 168 },
	{ PIER_INFO_LIMITS, 192 },
	{ PIER_INFO_DELIVERED, 200 },
	{ PIER_INFO_BYTES_SENT, 208 },
	{ PIER_INFO_BYTES_RETRANS, 224 },
	{ PIER_INFO_WINDOW, 232 },
	{ PIER_INFO_RCV_WND, 240 },
	{ PIER_INFO_RTO, 248 },
	{ PIER_INFO_ACCECN, 280 },
};

/* A field that was not given is 0 and not flagged, whatever the length. */
static void
test_every_length(void **state)
{
	const struct pier_tcp_field *field;
	size_t len, i;

	(void)state;
	for (len = 0; len < 2 * (size_t)LATEST; len++) {
		struct pier_tcp_info info = decoded(len);

		for (i = 0; i < sizeof(given) / sizeof(given[0]); i++)
			assert_int_equal((info.have & given[i].flag) != 0,
				len >= given[i].from);
		for (i = 0; (field = pier_tcp_field_at(i)) != NULL; i++)
			assert_true((info.have & field->have) != 0 ||
				    pier_tcp_field_value(field, &info) == 0);
	}
}

/* Whatever an offset holds arrives in one field and in no other. */
static void
test_every_field_is_its_own(void **state)
{
	const struct pier_tcp_field *field;
	unsigned char bytes[LATEST];
	struct pier_tcp_info info;
	size_t at_byte, i, hits;

	(void)state;
	for (at_byte = 0; at_byte < LATEST; at_byte++) {
		memset(bytes, 0, sizeof(bytes));
		bytes[at_byte] = 1; /* of two fields of bits: the lower one */
		(void)pier_tcp_info_decode(&info, bytes, sizeof(bytes));
		for (i = hits = 0; (field = pier_tcp_field_at(i)) != NULL; i++)
			hits += pier_tcp_field_value(field, &info) != 0;
		assert_int_equal(hits, 1);
	}
	assert_int_equal(i, 69);
}

/* Against <netinet/tcp.h>, as far as its struct goes. */
static void
test_the_bits(void **state)
{
	struct pier_tcp_info info;
	struct tcp_info there;

	(void)state;
	memset(&there, 0, sizeof(there));
	there.tcpi_snd_wscale = 7;
	there.tcpi_rcv_wscale = 14;
	there.tcpi_snd_cwnd = 10;
	assert_int_equal(pier_tcp_info_decode(&info, &there, sizeof(there)), 0);
	assert_int_equal(info.snd_wscale, 7);
	assert_int_equal(info.rcv_wscale, 14);
	assert_int_equal(info.snd_cwnd, 10);
	assert_int_equal(info.app_limited, 0);
}

/* A field that the program was compiled without is not read behind its end. */
static void
test_a_value_of_an_older_program(void **state)
{
	struct pier_tcp_info info = decoded(LATEST);
	const struct pier_tcp_field *field = NULL;
	size_t i;

	(void)state;
	for (i = 0; pier_tcp_field_at(i) != NULL; i++)
		field = pier_tcp_field_at(i);
	assert_string_equal(field->name, "accecn");
	assert_true(pier_tcp_field_value(field, &info) != 0);
	assert_true(pier_tcp_field_value_sized(field, &info,
			    offsetof(struct pier_tcp_info, accecn)) == 0);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(pier_tcp_state_name(1), "ESTABLISHED");
	assert_string_equal(pier_tcp_state_name(11), "CLOSING");
	assert_string_equal(pier_tcp_state_name(13), "BOUND");
	assert_null(pier_tcp_state_name(0));
	assert_null(pier_tcp_state_name(14));
	assert_string_equal(pier_tcp_ca_state_name(4), "loss");
	assert_null(pier_tcp_ca_state_name(5));
	assert_string_equal(pier_tcp_limit_name(PIER_LIMIT_LOSS), "loss");
	assert_null(pier_tcp_limit_name(PIER_LIMIT_COUNT));
}

static void
test_programs_older_and_newer_than_the_library(void **state)
{
	unsigned char bytes[LATEST];
	struct {
		struct pier_tcp_info info;
		uint64_t later;
	} newer;
	struct pier_tcp_info older;

	(void)state;
	fill(bytes, sizeof(bytes));
	memset(&newer, 0xee, sizeof(newer));
	assert_int_equal(pier_tcp_info_decode_sized(&newer.info, sizeof(newer),
				 bytes, sizeof(bytes)),
		0);
	assert_true(newer.later == 0);
	memset(&older, 0xee, sizeof(older));
	assert_int_equal(pier_tcp_info_decode_sized(&older,
				 offsetof(struct pier_tcp_info, bytes_sent),
				 bytes, sizeof(bytes)),
		0);
	assert_int_equal(older.retransmits, at(100, 4));
	assert_true(older.bytes_sent == UINT64_C(0xeeeeeeeeeeeeeeee));
}

static void
refuses(int fd, int rc)
{
	struct pier_tcp_info info;

	assert_int_equal(pier_tcp_info(fd, &info), rc);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, PIER_STEP_OPTION);
}

static void
test_what_is_not_tcp(void **state)
{
	int udp = pier__calls()->socket(AF_INET, SOCK_DGRAM, 0);
	int local = pier__calls()->socket(AF_UNIX, SOCK_STREAM, 0);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	refuses(udp, -EOPNOTSUPP);
	refuses(local, -EOPNOTSUPP);
	refuses(file, -ENOTSOCK);
	pier__close(udp);
	pier__close(local);
	(void)close(file);
	refuses(-1, -EBADF);
}

static void
test_a_fresh_socket(void **state)
{
	int fd = pier__calls()->socket(AF_INET, SOCK_STREAM, 0);
	struct pier_tcp_info info;

	(void)state;
	assert_int_equal(pier_tcp_info(fd, &info), 0);
	assert_true((info.have & PIER_INFO_STATE) != 0);
	assert_int_equal(info.state, 7); /* CLOSE */
	pier__close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kernel_of_2_6),
		cmocka_unit_test(test_a_kernel_before_4_1),
		cmocka_unit_test(test_a_kernel_of_today),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_field_is_its_own),
		cmocka_unit_test(test_the_bits),
		cmocka_unit_test(test_a_value_of_an_older_program),
		cmocka_unit_test(test_names),
		cmocka_unit_test(
			test_programs_older_and_newer_than_the_library),
		cmocka_unit_test(test_what_is_not_tcp),
		cmocka_unit_test(test_a_fresh_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
