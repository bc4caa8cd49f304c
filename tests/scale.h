/* SPDX-License-Identifier: MIT */
/*
 * tests/scale.h - how much of a test is run. On a machine that is emulated, and
 * slow, PIER_TEST_SCALE=small has loops turn less often, and crowds be smaller,
 * where that takes nothing from what is shown.
 */
#ifndef PIER_TESTS_SCALE_H
#define PIER_TESTS_SCALE_H

#include <stdlib.h>
#include <string.h>

/* full, or small where little is to be run. */
static inline int
test_scale(int full, int small)
{
	const char *scale = getenv("PIER_TEST_SCALE");

	return scale != NULL && strcmp(scale, "small") == 0 ? small : full;
}

#endif
