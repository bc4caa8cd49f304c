/* SPDX-License-Identifier: MIT */
/* What comes back to a ping: whatever the bytes, nothing is read beyond them,
   and what is found lies inside. The first byte says what the ping is. */
#include "proto/ping_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_found(const struct pier__ping_found *found,
	const struct pier__ping_form *form, const uint8_t *bytes, size_t len)
{
	check(found->bytes >= bytes &&
		found->bytes + found->size <= bytes + len);
	check(found->ttl >= -1 && found->ttl <= 255);
	check(found->named || form->bare || form->l2cap);
	check(!form->l2cap ||
		(found->ident >= PIER__PING_IDENT_MIN &&
			found->ident <
				PIER__PING_IDENT_MIN + PIER__PING_IDENT_COUNT));
	(void)pier__ping_is_intact(found, form, found->sequence);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier__ping_form form = { .id = 0x1234,
		.cookie = UINT64_C(0x0102030405060708) };
	struct pier__ping_found found;
	uint8_t *copy;

	if (size == 0)
		return 0;
	form.v6 = (data[0] & 1) != 0;
	form.raw = (data[0] & 2) != 0;
	form.bare = (data[0] & 4) != 0;
	/* What is raw has a header. */
	form.l2cap = form.raw && form.bare;
	form.raw = form.raw && !form.l2cap;
	form.bare = form.bare && !form.l2cap;
	form.size = data[0] >> 3;
	size--;
	copy = malloc(size + (size == 0));
	check(copy != NULL);
	memcpy(copy, data + 1, size);
	if (pier__ping_read(&found, copy, size, &form) == 0)
		check_found(&found, &form, copy, size);
	if (!form.l2cap &&
		pier__ping_read_quoted(&found, copy, size, &form) == 0)
		check_found(&found, &form, copy, size);
	(void)pier__checksum(copy, size);
	free(copy);
	return 0;
}
