/* SPDX-License-Identifier: MIT */
/* The hash against the vectors of its authors. */
#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The key and the inputs of appendix A: 00 01 02 … */
static const uint64_t key[2] = { 0x0706050403020100U, 0x0f0e0d0c0b0a0908U };

static void
gives_the_values_of_the_paper(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
		{ 0, 0x726fdb47dd0e0e31U },
		{ 1, 0x74f839c593dc67fdU },
		{ 7, 0xab0200f58b01d137U },
		{ 8, 0x93f5f5799a932462U },
		{ 15, 0xa129ca6149be45e5U },
	};
	unsigned char input[15];

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(
			pier__siphash(key, input, known[i].len), known[i].hash);
}

static void
depends_on_the_key(void **state)
{
	static const uint64_t other[2] = { 1, 0 };

	(void)state;
	assert_int_not_equal(
		pier__siphash(key, "pier", 4), pier__siphash(other, "pier", 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_values_of_the_paper),
		cmocka_unit_test(depends_on_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
