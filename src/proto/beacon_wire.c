/* SPDX-License-Identifier: MIT */
/* proto/beacon_wire.c - see beacon_wire.h. */
#include "proto/beacon_wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <pier/order.h>

#include "base/text.h"
#include "proto/service_name.h"

enum item {
	ITEM_TYPE = 1,
	ITEM_INSTANCE = 2,
	ITEM_PORT = 3, /* port, priority, weight */
	ITEM_TEXT = 4,
	ITEM_HOST = 5
};

#define ITEM_HEAD  3
#define PORT_BYTES 6

static const unsigned char magic[4] = { 'P', 'b', 'c', 'n' };

static size_t
put(unsigned char *out, size_t at, enum item item, const void *value,
	size_t len)
{
	out[at] = (unsigned char)item;
	pier_be16_put(out + at + 1, (uint16_t)len);
	memcpy(out + at + ITEM_HEAD, value, len);
	return at + ITEM_HEAD + len;
}

size_t
pier__beacon_write(
	unsigned char out[PIER__BEACON_MAX], const struct pier__beacon *beacon)
{
	unsigned char ports[PORT_BYTES];
	size_t at = PIER__BEACON_HEAD;

	memcpy(out, magic, sizeof(magic));
	out[4] = PIER__BEACON_VERSION;
	out[5] = (unsigned char)beacon->kind;
	pier_be16_put(out + 6, beacon->holds_s);
	pier_be64_put(out + 8, beacon->token);
	pier_be64_put(out + 16, beacon->id);
	if (beacon->type_len > 0)
		at = put(out, at, ITEM_TYPE, beacon->type, beacon->type_len);
	if (beacon->kind == PIER__BEACON_ASK)
		return at;
	at = put(
		out, at, ITEM_INSTANCE, beacon->instance, beacon->instance_len);
	if (beacon->kind == PIER__BEACON_GONE)
		return at;
	pier_be16_put(ports, beacon->port);
	pier_be16_put(ports + 2, beacon->priority);
	pier_be16_put(ports + 4, beacon->weight);
	at = put(out, at, ITEM_PORT, ports, sizeof(ports));
	if (beacon->host_len > 0)
		at = put(out, at, ITEM_HOST, beacon->host, beacon->host_len);
	if (beacon->text_len > 0)
		at = put(out, at, ITEM_TEXT, beacon->text, beacon->text_len);
	return at;
}

/* An item: false if its length is none that it may have. Of two of a kind the
   first counts. */
static bool
take(struct pier__beacon *out, int item, const unsigned char *value, size_t len)
{
	const char *chars = (const char *)value;

	if (item == ITEM_TYPE && out->type_len == 0) {
		out->type = chars;
		out->type_len = len;
		return pier__service_type_is_plain(chars, len);
	}
	if (item == ITEM_INSTANCE && out->instance_len == 0) {
		out->instance = chars;
		out->instance_len = len;
		return pier__service_instance_is_right(chars, len);
	}
	if (item == ITEM_HOST && out->host_len == 0) {
		out->host = chars;
		out->host_len = len;
		return pier__service_host_is_right(chars, len);
	}
	if (item == ITEM_TEXT && out->text_len == 0) {
		out->text = value;
		out->text_len = len;
		return len <= PIER__BEACON_TEXT_MAX;
	}
	if (item == ITEM_PORT && out->port == 0) {
		if (len < PORT_BYTES)
			return false;
		out->port = pier_be16_get(value);
		out->priority = pier_be16_get(value + 2);
		out->weight = pier_be16_get(value + 4);
		return out->port != 0;
	}
	return true;
}

static bool
take_all(struct pier__beacon *out, const unsigned char *bytes, size_t len)
{
	size_t at = PIER__BEACON_HEAD;

	while (at < len) {
		size_t size;

		if (len - at < ITEM_HEAD)
			return false;
		size = pier_be16_get(bytes + at + 1);
		if (len - at - ITEM_HEAD < size ||
			!take(out, bytes[at], bytes + at + ITEM_HEAD, size))
			return false;
		at += ITEM_HEAD + size;
	}
	return true;
}

/* Has it all that its kind needs? */
static bool
is_whole(const struct pier__beacon *it)
{
	switch (it->kind) {
	case PIER__BEACON_ASK:
		return it->token != 0;
	case PIER__BEACON_HERE:
		return it->id != 0 && it->holds_s > 0 && it->type_len > 0 &&
		       it->instance_len > 0 && it->port != 0;
	case PIER__BEACON_GONE:
		return it->id != 0 && it->type_len > 0 && it->instance_len > 0;
	default:
		return false;
	}
}

int
pier__beacon_read(
	struct pier__beacon *out, const unsigned char *bytes, size_t len)
{
	*out = (struct pier__beacon){ 0 };
	if (len < PIER__BEACON_HEAD ||
		memcmp(bytes, magic, sizeof(magic)) != 0 ||
		bytes[4] != PIER__BEACON_VERSION)
		return -ENOMSG;
	if (len > PIER__BEACON_MAX)
		return -EBADMSG;
	out->kind = (enum pier__beacon_kind)bytes[5];
	out->holds_s = pier_be16_get(bytes + 6);
	out->token = pier_be64_get(bytes + 8);
	out->id = pier_be64_get(bytes + 16);
	return take_all(out, bytes, len) && is_whole(out) ? 0 : -EBADMSG;
}
