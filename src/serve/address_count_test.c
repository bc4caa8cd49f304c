/* SPDX-License-Identifier: MIT */
/* serve/address_count_test.c - counting by address, whatever its form. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <pier/error.h>

#include "serve/address_count.h"

#define MANY 3000

static struct pier_addr
address(const char *text)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

static int
take(struct pier__address_count *it, struct pier__address_entry **out,
	const char *text, int max)
{
	struct pier_addr addr = address(text);

	return pier__address_take(it, out, &addr, max, 0);
}

static void
test_one_address_has_its_bound(void **state)
{
	struct pier__address_entry *first, *second, *other;
	struct pier__address_count *it;

	(void)state;
	assert_int_equal(pier__address_count_open(&it, 10, 1), 0);
	assert_int_equal(take(it, &first, "192.0.2.1:1", 2), 0);
	assert_int_equal(take(it, &second, "192.0.2.1:2", 2), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(take(it, &other, "192.0.2.1:3", 2), -PIER_ELIMIT);
	assert_null(other);
	/* The same address as a dual-stack socket reports it. */
	assert_int_equal(
		take(it, &other, "[::ffff:192.0.2.1]:4", 2), -PIER_ELIMIT);
	assert_int_equal(take(it, &other, "192.0.2.2:1", 2), 0);
	pier__address_give(it, second, 0);
	assert_int_equal(take(it, &second, "192.0.2.1:5", 2), 0);
	pier__address_give(it, first, 0);
	pier__address_give(it, second, 0);
	pier__address_give(it, other, 0);
	/* Gone, and counted anew. */
	assert_int_equal(take(it, &first, "192.0.2.1:6", 1), 0);
	pier__address_give(it, first, 0);
	pier__address_count_close(it);
}

static void
test_zones_are_other_addresses(void **state)
{
	struct pier__address_entry *first, *second;
	struct pier__address_count *it;
	struct pier_addr addr = address("[fe80::1]:1");

	(void)state;
	assert_int_equal(pier__address_count_open(&it, 10, 1), 0);
	addr.u.in6.sin6_scope_id = 1;
	assert_int_equal(pier__address_take(it, &first, &addr, 1, 0), 0);
	addr.u.in6.sin6_scope_id = 2;
	assert_int_equal(pier__address_take(it, &second, &addr, 1, 0), 0);
	assert_ptr_not_equal(first, second);
	pier__address_give(it, first, 0);
	pier__address_give(it, second, 0);
	pier__address_count_close(it);
}

static void
test_unix_is_not_counted(void **state)
{
	struct pier__address_entry *entry;
	struct pier__address_count *it;

	(void)state;
	assert_int_equal(pier__address_count_open(&it, 10, 1), 0);
	assert_int_equal(take(it, &entry, "@name", 1), 0);
	assert_null(entry);
	assert_int_equal(take(it, &entry, "@name", 1), 0);
	pier__address_give(it, entry, 0);
	pier__address_count_close(it);
}

static void
test_many_addresses_share_chains(void **state)
{
	static struct pier__address_entry *entries[MANY];
	struct pier__address_entry *again;
	struct pier__address_count *it;
	char text[32];
	int i;

	(void)state;
	assert_int_equal(pier__address_count_open(&it, MANY, 1), 0);
	for (i = 0; i < MANY; i++) {
		(void)snprintf(
			text, sizeof(text), "10.0.%d.%d:9", i / 250, i % 250);
		assert_int_equal(take(it, &entries[i], text, 1), 0);
		assert_int_equal(take(it, &again, text, 1), -PIER_ELIMIT);
	}
	/* Out of the middle of the chains, then the rest. */
	for (i = 1; i < MANY; i += 3)
		pier__address_give(it, entries[i], 0);
	for (i = 0; i < MANY; i++) {
		if (i % 3 != 1)
			pier__address_give(it, entries[i], 0);
	}
	assert_int_equal(take(it, &entries[0], "10.0.3.7:9", 1), 0);
	pier__address_give(it, entries[0], 0);
	pier__address_count_close(it);
}

static void
test_no_more_than_were_asked_for(void **state)
{
	struct pier__address_entry *first, *second, *third;
	struct pier__address_count *it;

	(void)state;
	assert_int_equal(pier__address_count_open(&it, 2, 1), 0);
	assert_int_equal(take(it, &first, "192.0.2.1:1", 1), 0);
	assert_int_equal(take(it, &second, "192.0.2.2:1", 1), 0);
	assert_int_equal(take(it, &third, "192.0.2.3:1", 1), -ENOMEM);
	assert_null(third);
	pier__address_give(it, first, 0);
	assert_int_equal(take(it, &third, "192.0.2.3:1", 1), 0);
	pier__address_give(it, second, 0);
	pier__address_give(it, third, 0);
	pier__address_count_close(it);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address_has_its_bound),
		cmocka_unit_test(test_zones_are_other_addresses),
		cmocka_unit_test(test_unix_is_not_counted),
		cmocka_unit_test(test_many_addresses_share_chains),
		cmocka_unit_test(test_no_more_than_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
