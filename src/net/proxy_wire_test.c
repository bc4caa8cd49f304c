/* SPDX-License-Identifier: MIT */
/* net/proxy_wire_test.c - PROXY headers, cut at every byte. */
#include "net/proxy_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pier/error.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* A header and what comes behind it: whole, and each beginning of it. */
static void
expect(const void *header, size_t size, const char *from, const char *to)
{
	unsigned char data[20000];
	char text[PIER_ADDR_TEXT_MAX];
	struct pier__proxy proxy;
	const char *why = "";
	size_t want, i;

	memcpy(data, header, size);
	memcpy(data + size, "PROXY payload", 13);
	for (i = 0; i < size; i++) {
		int rc = pier__proxy_decode(&proxy, data, i, &want, &why);

		if (rc != 0)
			fail_msg("%zu of %zu bytes: %d, %s", i, size, rc, why);
		assert_in_range(want, i + 1, size);
	}
	assert_int_equal(
		pier__proxy_decode(&proxy, data, size, &want, &why), size);
	assert_int_equal(
		pier__proxy_decode(&proxy, data, size + 13, &want, &why), size);
	if (from == NULL) {
		assert_int_equal(proxy.source.len, 0);
		assert_int_equal(proxy.destination.len, 0);
		return;
	}
	assert_true(pier_addr_format(&proxy.source, text, sizeof(text)) > 0);
	assert_string_equal(text, from);
	assert_true(
		pier_addr_format(&proxy.destination, text, sizeof(text)) > 0);
	assert_string_equal(text, to);
}

static void
refuse(const void *header, size_t size, const char *part)
{
	struct pier__proxy proxy;
	const char *why = "";
	size_t want;

	assert_int_equal(pier__proxy_decode(&proxy, header, size, &want, &why),
		-PIER_EFRAME);
	if (strstr(why, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, why);
}

static void
test_version_1(void **state)
{
	static const char *const four =
		"PROXY TCP4 192.0.2.1 198.51.100.2 51234 443\r\n";
	static const char *const six =
		"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n";
	static const char *const longest =
		"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

	(void)state;
	expect(four, strlen(four), "192.0.2.1:51234", "198.51.100.2:443");
	expect(six, strlen(six), "[2001:db8::1]:1", "[2001:db8::2]:65535");
	assert_int_equal(strlen(longest), 107);
	expect(longest, 107, NULL, NULL);
	expect("PROXY UNKNOWN\r\n", 15, NULL, NULL);
}

static void
test_bad_version_1(void **state)
{
	static const char *const bad[][2] = {
		{ "GET / HTTP/1.1\r\n", "neither" },
		{ "PROXZ", "neither" },
		{ "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "CR LF" },
		{ "PROXY \r\n", "neither TCP4" },
		{ "PROXY TCP5 1 2 3 4\r\n", "neither TCP4" },
		{ "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n", "no two" },
		{ "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n", "no two" },
		{ "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n", "no two" },
		{ "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n", "no two" },
		{ "PROXY TCP4 ::1 ::1 1 2\r\n", "no two" },
		{ "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "no two" },
		{ "PROXY TCP4 host 192.0.2.2 1 2\r\n", "no two" },
	};
	char flood[200] = "PROXY ";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i][0], strlen(bad[i][0]), bad[i][1]);
	memset(flood + 6, 'x', sizeof(flood) - 6);
	refuse(flood, 107, "107");
}

/* A header of version 2 into out; its size. */
static size_t
make(unsigned char *out, unsigned command, unsigned family, const void *body,
	size_t size)
{
	memcpy(out, SIGNATURE, 12);
	out[12] = (unsigned char)command;
	out[13] = (unsigned char)family;
	out[14] = (unsigned char)(size >> 8);
	out[15] = (unsigned char)(size & 255);
	memcpy(out + 16, body, size);
	return 16 + size;
}

#define IP4 "\xc0\x00\x02\x01\xc6\x33\x64\x02\xc8\x22\x01\xbb"

static void
test_version_2(void **state)
{
	static const char path[216] = {
		[0] = '/', [1] = 'a', [109] = 'b', [110] = 'c'
	};
	unsigned char ip6[36] = { 0x20, 0x01, 0x0d,
		0xb8, [15] = 1, [16] = 0x20, [17] = 0x01, [18] = 0x0d,
		[19] = 0xb8, [31] = 2, [33] = 1, [35] = 2 };
	unsigned char out[20000];
	unsigned char big[PIER__PROXY_MAX - 16] = { 0 };

	(void)state;
	expect(out, make(out, 0x21, 0x11, IP4, 12), "192.0.2.1:51234",
		"198.51.100.2:443");
	expect(out, make(out, 0x21, 0x21, ip6, 36), "[2001:db8::1]:1",
		"[2001:db8::2]:2");
	expect(out, make(out, 0x21, 0x31, path, 216), "/a", "@bc");
	expect(out, make(out, 0x20, 0x00, "", 0), NULL, NULL);
	expect(out, make(out, 0x20, 0xff, "anything", 8), NULL, NULL);
	expect(out, make(out, 0x21, 0x00, "", 0), NULL, NULL);
	/* A TLV of nothing, one of "h2". */
	expect(out, make(out, 0x21, 0x11, IP4 "\4\0\0\1\0\2h2", 20),
		"192.0.2.1:51234", "198.51.100.2:443");
	memcpy(big, IP4, 12);
	big[12] = 4;
	big[13] = (sizeof(big) - 15) >> 8;
	big[14] = (sizeof(big) - 15) & 255;
	assert_int_equal(make(out, 0x21, 0x11, big, sizeof(big)), 16384);
}

/* Computed elsewhere, by a program that gives e3069283 for "123456789". */
static void
test_checksum(void **state)
{
	unsigned char out[64];
	size_t size = make(out, 0x21, 0x11, IP4 "\3\0\4\0\0\0\0", 19);

	(void)state;
	memcpy(out + 31, "\x85\xc9\x34\x33", 4);
	expect(out, size, "192.0.2.1:51234", "198.51.100.2:443");
	out[16] ^= 1;
	refuse(out, size, "checksum");
}

static void
test_bad_version_2(void **state)
{
	unsigned char out[20000];
	size_t size;

	(void)state;
	refuse(out, make(out, 0x11, 0x11, IP4, 12), "version");
	refuse(out, make(out, 0x22, 0x11, IP4, 12), "neither LOCAL");
	refuse(out, make(out, 0x21, 0x41, IP4, 12), "family");
	refuse(out, make(out, 0x21, 0x13, IP4, 12), "family");
	refuse(out, make(out, 0x21, 0x11, IP4, 11), "shorter");
	refuse(out, make(out, 0x21, 0x11, IP4 "\4\0", 14), "cut off");
	refuse(out, make(out, 0x21, 0x11, IP4 "\4\0\1", 15), "longer than the");
	size = make(out, 0x21, 0x11, IP4, 12);
	out[14] = 0xff;
	refuse(out, size, "longer than 16384");
	/* The wrong byte is enough. */
	memcpy(out, SIGNATURE, 12);
	out[4] = 1;
	refuse(out, 5, "neither");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_bad_version_1),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_bad_version_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
