/* SPDX-License-Identifier: MIT */
/* old_room.c - see old_room.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "old_room.h"

union old_room room;

void
clear(void)
{
	memset(room.bytes, BEHIND, sizeof(room.bytes));
}

void
assert_kept(size_t size)
{
	size_t i;

	for (i = size; i < sizeof(room.bytes); i++)
		assert_int_equal(room.bytes[i], BEHIND);
	for (i = 0; i < size && room.bytes[i] == BEHIND; i++)
		;
	assert_true(i < size);
}
