/* SPDX-License-Identifier: MIT */
/* inspect/tcp_info_test.c - every length that a kernel may give. */
#include <pier/info.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
	assert_int_equal(info.have, PIER_INFO_STATE | PIER_INFO_RTT);
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
	assert_int_equal(info.have,
		PIER_INFO_STATE | PIER_INFO_RTT | PIER_INFO_RETRANSMITS);
	assert_int_equal(info.retransmits, at(100, 4));
	assert_int_equal(info.bytes_acked, 0);
}

static void
test_a_kernel_of_today(void **state)
{
	struct pier_tcp_info info = decoded(LATEST);

	(void)state;
	assert_int_equal(info.have,
		PIER_INFO_STATE | PIER_INFO_RTT | PIER_INFO_RETRANSMITS |
			PIER_INFO_BYTES_ACKED | PIER_INFO_BYTES_RECEIVED |
			PIER_INFO_BYTES_SENT);
	assert_true(info.bytes_acked == at(120, 8));
	assert_true(info.bytes_received == at(128, 8));
	assert_true(info.bytes_sent == at(200, 8));
}

/* A field that was not given is 0 and not flagged, whatever the length. */
static void
test_every_length(void **state)
{
	size_t len;

	(void)state;
	for (len = 0; len < 2 * (size_t)LATEST; len++) {
		struct pier_tcp_info info = decoded(len);

		assert_int_equal((info.have & PIER_INFO_STATE) != 0, len >= 1);
		assert_int_equal((info.have & PIER_INFO_RTT) != 0, len >= 76);
		assert_int_equal(
			(info.have & PIER_INFO_RETRANSMITS) != 0, len >= 104);
		assert_int_equal(
			(info.have & PIER_INFO_BYTES_ACKED) != 0, len >= 128);
		assert_int_equal((info.have & PIER_INFO_BYTES_RECEIVED) != 0,
			len >= 136);
		assert_int_equal(
			(info.have & PIER_INFO_BYTES_SENT) != 0, len >= 208);
		assert_int_equal(info.rtt_us != 0, len >= 76);
		assert_int_equal(info.retransmits != 0, len >= 104);
		assert_int_equal(info.bytes_acked != 0, len >= 128);
		assert_int_equal(info.bytes_sent != 0, len >= 208);
	}
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
		cmocka_unit_test(
			test_programs_older_and_newer_than_the_library),
		cmocka_unit_test(test_what_is_not_tcp),
		cmocka_unit_test(test_a_fresh_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
