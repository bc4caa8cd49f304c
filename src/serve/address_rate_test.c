/* SPDX-License-Identifier: MIT */
/* serve/address_rate_test.c - one address too fast, many addresses. */
#include "serve/address_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <pier/error.h>

#define S INT64_C(1000000000)

static const struct pier__rate rate = { .per_s = 2, .burst = 3 };

static struct pier_addr
address(const char *text)
{
	struct pier_addr addr;

	assert_int_equal(pier_addr_parse(&addr, text), 0);
	return addr;
}

static int
take(struct pier__address_rate *it, const char *text, int64_t now)
{
	struct pier_addr addr = address(text);

	return pier__address_rate_take(it, &addr, &rate, now);
}

static void
test_one_too_fast(void **state)
{
	struct pier__address_rate *it = NULL;
	struct pier_addr addr = address("192.0.2.1:9");
	int i;

	(void)state;
	assert_int_equal(pier__address_rate_open(&it), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(take(it, "192.0.2.1:1", 10 * S), 0);
	assert_int_equal(take(it, "192.0.2.1:2", 10 * S), -PIER_ELIMIT);
	/* The same, v4-mapped; another has his own. */
	assert_int_equal(
		take(it, "[::ffff:192.0.2.1]:1", 10 * S), -PIER_ELIMIT);
	assert_int_equal(take(it, "192.0.2.2:1", 10 * S), 0);
	/* One every half second. */
	assert_int_equal(take(it, "192.0.2.1:1", 10 * S + S / 2), 0);
	assert_int_equal(take(it, "192.0.2.1:1", 10 * S + S / 2), -PIER_ELIMIT);
	pier__address_rate_give(it, &addr, &rate);
	assert_int_equal(take(it, "192.0.2.1:1", 10 * S + S / 2), 0);
	/* Who has no address has no rate. */
	for (i = 0; i < 10; i++)
		assert_int_equal(take(it, "@name", 10 * S), 0);
	pier__address_rate_close(it);
}

/* Far more than there is room for: all come in, and the one who comes too fast
   is known as long as he does. */
static void
test_a_crowd(void **state)
{
	struct pier__address_rate *it = NULL;
	char text[32];
	int i, refused = 0;

	(void)state;
	assert_int_equal(pier__address_rate_open(&it), 0);
	for (i = 0; i < 4 * PIER__ADDRESS_RATE_MAX; i++) {
		(void)snprintf(text, sizeof(text), "10.%d.%d.%d:1", i >> 16,
			i >> 8 & 255, i & 255);
		assert_int_equal(take(it, text, 20 * S), 0);
		if (i % 16 == 0)
			refused += take(it, "192.0.2.1:1", 20 * S) < 0;
	}
	assert_int_equal(refused, 4 * PIER__ADDRESS_RATE_MAX / 16 - 3);
	pier__address_rate_close(it);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_too_fast),
		cmocka_unit_test(test_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
