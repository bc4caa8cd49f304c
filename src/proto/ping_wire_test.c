/* SPDX-License-Identifier: MIT */
/* Probes and answers by hand; real ones in tests/interop/ping_netns.py. */
#include "proto/ping_wire.h"

#include <pier/order.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COOKIE UINT64_C(0x0102030405060708)

static const struct pier__ping_form four = {
	.id = 0x1234, .cookie = COOKIE, .size = 20
};
static const struct pier__ping_form six = {
	.v6 = true, .id = 0x1234, .cookie = COOKIE, .size = 20
};

static int
read_copy(struct pier__ping_found *out, const unsigned char *bytes, size_t len,
	const struct pier__ping_form *form)
{
	/* Of its own size, so that a sanitizer sees a read beyond its end. */
	unsigned char *copy = malloc(len + (len == 0));
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	rc = pier__ping_read(out, copy, len, form);
	free(copy);
	out->bytes = NULL;
	return rc;
}

/* The example of RFC 1071 section 3, and what an odd byte counts as. */
static void
the_checksum_is_that_of_rfc_1071(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4,
		0xf5, 0xf6, 0xf7 };
	static const unsigned char odd[] = { 0xff, 0xff, 0x01 };

	(void)state;
	assert_int_equal(pier__checksum(bytes, sizeof(bytes)), 0x220d);
	assert_int_equal(pier__checksum(odd, 3), 0xfeff);
	assert_int_equal(pier__checksum(odd, 2), 0);
	assert_int_equal(pier__checksum(odd, 0), 0xffff);
}

/* As `ping -c1 -s 20 -p` and tshark show one, byte for byte. */
static void
a_probe_has_its_header_and_bytes(void **state)
{
	static const unsigned char right[] = { 8, 0, 0, 0, 0x12, 0x34, 0, 3, 1,
		2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 1, 0, 3, 16, 17, 18, 19 };
	unsigned char out[sizeof(right)];
	size_t len = pier__ping_write(out, &four, 0x10003);

	(void)state;
	assert_int_equal(len, sizeof(right));
	assert_memory_equal(out, right, 2);
	assert_memory_equal(out + 4, right + 4, sizeof(right) - 4);
	/* Over all, its own checksum included, the sum is 0. */
	assert_int_equal(pier__checksum(out, len), 0);
	len = pier__ping_write(out, &six, 0x10003);
	assert_int_equal(out[0], 128);
	assert_int_equal(pier_be16_get(out + 2), 0);
	assert_memory_equal(out + 4, right + 4, sizeof(right) - 4);
}

static void
an_answer_is_known_by_its_header(void **state)
{
	unsigned char bytes[28];
	struct pier__ping_found found;
	size_t len = pier__ping_write(bytes, &four, 7);

	(void)state;
	assert_int_equal(read_copy(&found, bytes, len, &four), -ENOMSG);
	bytes[0] = 0;
	assert_int_equal(read_copy(&found, bytes, len, &four), 0);
	assert_true(found.named);
	assert_int_equal(found.sequence, 7);
	assert_int_equal(found.size, 20);
	assert_int_equal(found.ttl, -1);
	assert_int_equal(read_copy(&found, bytes, 7, &four), -ENOMSG);
	assert_int_equal(read_copy(&found, bytes, 8, &four), 0);
	assert_int_equal(read_copy(&found, bytes, len, &six), -ENOMSG);
	bytes[0] = 129;
	assert_int_equal(read_copy(&found, bytes, len, &six), 0);
	bytes[1] = 1;
	assert_int_equal(read_copy(&found, bytes, len, &six), -ENOMSG);
	bytes[1] = 0;
	bytes[5]++;
	assert_int_equal(read_copy(&found, bytes, len, &six), -ENOMSG);
}

/* A raw socket of IPv4 has the header of IP, and hears answers to others. */
static void
a_raw_socket_hears_more(void **state)
{
	struct pier__ping_form raw = four;
	unsigned char bytes[24 + 28] = { 0x46 };
	struct pier__ping_found found;
	size_t len;

	(void)state;
	raw.raw = true;
	bytes[8] = 61;
	len = 24 + pier__ping_write(bytes + 24, &raw, 9);
	bytes[24] = 0;
	assert_int_equal(read_copy(&found, bytes, len, &raw), 0);
	assert_int_equal(found.ttl, 61);
	assert_int_equal(found.sequence, 9);
	assert_int_equal(found.size, 20);
	/* Another's, with the same identifier. */
	bytes[24 + 8]++;
	assert_int_equal(read_copy(&found, bytes, len, &raw), -ENOMSG);
	bytes[24 + 8]--;
	/* Headers that are none. */
	bytes[0] = 0x44;
	assert_int_equal(read_copy(&found, bytes, len, &raw), -ENOMSG);
	bytes[0] = 0x4f;
	assert_int_equal(read_copy(&found, bytes, len, &raw), -ENOMSG);
	bytes[0] = 0x66;
	assert_int_equal(read_copy(&found, bytes, len, &raw), -ENOMSG);
	assert_int_equal(read_copy(&found, bytes, 19, &raw), -ENOMSG);
}

static void
changed_bytes_are_told(void **state)
{
	unsigned char bytes[28];
	struct pier__ping_found found;
	size_t len = pier__ping_write(bytes, &four, 7);

	(void)state;
	bytes[0] = 0;
	assert_int_equal(pier__ping_read(&found, bytes, len, &four), 0);
	assert_true(pier__ping_is_intact(&found, &four, 7));
	assert_false(pier__ping_is_intact(&found, &four, 8));
	bytes[27] ^= 1;
	assert_false(pier__ping_is_intact(&found, &four, 7));
	/* Cut off, the rest is as it was sent; longer, it is not. */
	found.size = 19;
	assert_true(pier__ping_is_intact(&found, &four, 7));
	bytes[27] ^= 1;
	found.size = 21;
	assert_false(pier__ping_is_intact(&found, &four, 7));
}

static void
a_datagram_is_an_answer_whatever_it_says(void **state)
{
	struct pier__ping_form bare = four;
	unsigned char bytes[20];
	struct pier__ping_found found;

	(void)state;
	bare.bare = true;
	assert_int_equal(pier__ping_write(bytes, &bare, 0x20005), 20);
	assert_int_equal(read_copy(&found, bytes, 20, &bare), 0);
	assert_true(found.named);
	assert_int_equal(found.sequence, 5);
	assert_int_equal(read_copy(&found, bytes, 15, &bare), 0);
	assert_false(found.named);
	bytes[0]++;
	assert_int_equal(read_copy(&found, bytes, 20, &bare), 0);
	assert_false(found.named);
	assert_int_equal(read_copy(&found, bytes, 0, &bare), 0);
	assert_int_equal(found.size, 0);
}

static void
a_probe_is_known_where_it_is_quoted(void **state)
{
	unsigned char bytes[28];
	struct pier__ping_found found;
	size_t len = pier__ping_write(bytes, &six, 7);

	(void)state;
	assert_int_equal(pier__ping_read_quoted(&found, bytes, len, &six), 0);
	assert_int_equal(found.sequence, 7);
	/* Many routers quote no more. */
	assert_int_equal(pier__ping_read_quoted(&found, bytes, 8, &six), 0);
	assert_int_equal(found.sequence, 7);
	bytes[0] = 129;
	assert_int_equal(
		pier__ping_read_quoted(&found, bytes, len, &six), -ENOMSG);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_that_of_rfc_1071),
		cmocka_unit_test(a_probe_has_its_header_and_bytes),
		cmocka_unit_test(an_answer_is_known_by_its_header),
		cmocka_unit_test(a_raw_socket_hears_more),
		cmocka_unit_test(changed_bytes_are_told),
		cmocka_unit_test(a_datagram_is_an_answer_whatever_it_says),
		cmocka_unit_test(a_probe_is_known_where_it_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
