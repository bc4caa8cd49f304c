/* SPDX-License-Identifier: MIT */
/* Beacons: whatever the bytes, nothing is read beyond them, what is found lies
   inside, and what was read is written so that it reads the same. */
#include "proto/beacon_wire.h"

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
check_inside(const void *span, size_t len, const uint8_t *bytes, size_t size)
{
	const uint8_t *at = span;

	check(len == 0 || (at >= bytes && at + len <= bytes + size));
}

static int
is_same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void
check_written(const struct pier__beacon *it)
{
	unsigned char out[PIER__BEACON_MAX];
	struct pier__beacon again;
	size_t len = pier__beacon_write(out, it);

	check(len <= sizeof(out));
	check(pier__beacon_read(&again, out, len) == 0);
	check(again.kind == it->kind && again.token == it->token &&
		again.id == it->id && again.holds_s == it->holds_s);
	check(is_same(again.type, again.type_len, it->type, it->type_len));
	if (it->kind == PIER__BEACON_ASK)
		return;
	check(is_same(again.instance, again.instance_len, it->instance,
		it->instance_len));
	if (it->kind == PIER__BEACON_GONE)
		return;
	check(again.port == it->port && again.priority == it->priority &&
		again.weight == it->weight);
	check(is_same(again.host, again.host_len, it->host, it->host_len));
	check(is_same(again.text, again.text_len, it->text, it->text_len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + (size == 0));
	struct pier__beacon it;

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	if (pier__beacon_read(&it, copy, size) == 0) {
		check_inside(it.type, it.type_len, copy, size);
		check_inside(it.instance, it.instance_len, copy, size);
		check_inside(it.host, it.host_len, copy, size);
		check_inside(it.text, it.text_len, copy, size);
		check(it.type_len <= PIER__BEACON_TYPE_MAX);
		check(it.instance_len <= PIER__BEACON_INSTANCE_MAX);
		check(it.host_len <= PIER__BEACON_HOST_MAX);
		check(it.text_len <= PIER__BEACON_TEXT_MAX);
		check_written(&it);
	}
	free(copy);
	return 0;
}
