/* SPDX-License-Identifier: MIT */
/* addr/prefix_test.c - networks as text, and who is let in. */
#include "addr/prefix.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_good(void **state)
{
	static const struct {
		const char *text;
		unsigned bits;
		bool ip6;
	} good[] = {
		{ "192.0.2.0/24", 24, false },
		{ "192.0.2.1", 32, false },
		{ "0.0.0.0/0", 0, false },
		{ "10.128.0.0/9", 9, false },
		{ "2001:db8::/32", 32, true },
		{ "::/0", 0, true },
		{ "::1", 128, true },
		{ "fe80::/10", 10, true },
		{ "::ffff:192.0.2.0/120", 24, false },
		{ "::ffff:192.0.2.7", 32, false },
	};
	struct pier__prefix prefix;
	struct pier__why why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(pier__prefix_parse(&prefix,
					 pier__span_of(good[i].text), &why),
			0);
		assert_int_equal(prefix.bits, good[i].bits);
		assert_int_equal(prefix.ip6, good[i].ip6);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *part;
	} bad[] = {
		{ "", 0, "expected a network" },
		{ "localhost", 0, "'localhost' is no IP address" },
		{ "192.0.2.0/33", 10, "'33' is no length" },
		{ "192.0.2.0/", 10, "expected 0 to 32" },
		{ "192.0.2.0/-1", 10, "'-1'" },
		{ "192.0.2.0/24/1", 10, "'24/1'" },
		{ "192.0.2.5/24", 0, "the network is 192.0.2.0/24" },
		{ "2001:db8::1/32", 0, "the network is 2001:db8::/32" },
		{ "2001:db8::/129", 11, "expected 0 to 128" },
		{ "fe80::1%eth0/64", 8, "no zone, 'eth0'" },
		{ "10/8", 0, "" },
		{ "192.0.2.256/24", 8, "" },
		{ "/24", 0, "" },
	};
	struct pier__prefix prefix;
	struct pier__why why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(pier__prefix_parse(&prefix,
					 pier__span_of(bad[i].text), &why),
			-EINVAL);
		if (why.offset != bad[i].offset ||
			strstr(why.text, bad[i].part) == NULL)
			fail_msg("%s: %zu: %s", bad[i].text, why.offset,
				why.text);
	}
}

static struct pier__admission *
admission(const char *const *allow, const char *const *deny)
{
	struct pier__admission *it;
	struct pier__why why;
	const char *wrong;

	assert_int_equal(
		pier__admission_open(&it, allow, deny, &wrong, &why), 0);
	return it;
}

static bool
lets_in(const struct pier__admission *it, const char *text)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return pier__admission_lets_in(it, &addr);
}

static void
test_longest_decides(void **state)
{
	static const char *const allow[] = { "10.0.0.0/8", "10.1.2.3",
		"2001:db8::/32", "192.0.2.9", NULL };
	static const char *const deny[] = { "10.1.0.0/16", "192.0.2.9",
		"2001:db8:1::/48", "0.0.0.0/0", NULL };
	struct pier__admission *it = admission(allow, deny);

	(void)state;
	assert_true(lets_in(it, "10.0.0.1:1"));
	assert_false(lets_in(it, "10.1.0.1:1"));
	assert_true(lets_in(it, "10.1.2.3:1"));
	assert_true(lets_in(it, "[::ffff:10.1.2.3]:1"));
	assert_false(lets_in(it, "[::ffff:10.1.2.4]:1"));
	assert_false(lets_in(it, "192.0.2.9:1"));
	assert_false(lets_in(it, "11.0.0.1:1"));
	assert_true(lets_in(it, "[2001:db8:2::1]:1"));
	assert_false(lets_in(it, "[2001:db8:1::1]:1"));
	assert_false(lets_in(it, "[2001:db9::1]:1"));
	assert_true(lets_in(it, "@nobody has no IP address"));
	pier__admission_close(it);
}

static void
test_one_list(void **state)
{
	static const char *const some[] = { "127.0.0.0/8", NULL };
	static const char *const none[] = { NULL };
	struct pier__admission *it = admission(some, NULL);

	(void)state;
	assert_true(lets_in(it, "127.0.0.1:1"));
	assert_false(lets_in(it, "[::1]:1"));
	pier__admission_close(it);
	it = admission(NULL, some);
	assert_false(lets_in(it, "127.0.0.1:1"));
	assert_true(lets_in(it, "[::1]:1"));
	pier__admission_close(it);
	it = admission(none, NULL);
	assert_false(lets_in(it, "127.0.0.1:1"));
	pier__admission_close(it);
	it = admission(NULL, NULL);
	assert_null(it);
	assert_true(lets_in(it, "127.0.0.1:1"));
}

/* Against a plain look through the list: random networks, random addresses. */
static void
test_as_a_plain_search(void **state)
{
	enum {
		NETWORKS = 200,
		LOOKS = 20000
	};
	static char texts[NETWORKS][24];
	static const char *allow[NETWORKS + 1], *deny[NETWORKS + 1];
	static struct pier__prefix all[NETWORKS];
	struct pier__admission *it;
	size_t allows = 0, denies = 0;
	uint32_t seed = 1;
	int i, j;

	(void)state;
	for (i = 0; i < NETWORKS; i++) {
		struct pier__why why;
		unsigned bits, n;

		seed = seed * 1664525 + 1013904223;
		bits = seed >> 27;
		n = seed & 0x0300ff00 & (bits == 0 ? 0 : ~0U << (32 - bits));
		(void)snprintf(texts[i], sizeof(texts[i]), "%u.%u.%u.%u/%u",
			n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255, bits);
		assert_int_equal(pier__prefix_parse(&all[i],
					 pier__span_of(texts[i]), &why),
			0);
		all[i].deny = (seed >> 5 & 1) != 0;
		if (all[i].deny)
			deny[denies++] = texts[i];
		else
			allow[allows++] = texts[i];
	}
	it = admission(allow, deny);
	for (i = 0; i < LOOKS; i++) {
		struct pier_addr addr = { .len = sizeof(addr.u.in) };
		const struct pier__prefix *best = NULL;
		uint32_t ip;

		seed = seed * 1664525 + 1013904223;
		ip = seed & 0x0301ff01;
		addr.u.in.sin_family = AF_INET;
		addr.u.in.sin_addr.s_addr = htonl(ip);
		for (j = 0; j < NETWORKS; j++) {
			uint32_t net = (uint32_t)all[j].bytes[0] << 24 |
				       (uint32_t)all[j].bytes[1] << 16 |
				       (uint32_t)all[j].bytes[2] << 8;
			uint32_t bits = all[j].bits;

			if (bits > 0 && (ip ^ net) >> (32 - bits) != 0)
				continue;
			if (best == NULL || bits > best->bits ||
				(bits == best->bits && all[j].deny))
				best = &all[j];
		}
		assert_int_equal(pier__admission_lets_in(it, &addr),
			best != NULL && !best->deny);
	}
	pier__admission_close(it);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_longest_decides),
		cmocka_unit_test(test_one_list),
		cmocka_unit_test(test_as_a_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
