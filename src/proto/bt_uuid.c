/* SPDX-License-Identifier: MIT */
/*
 * proto/bt_uuid.c - see bt_uuid.h and pier/bt_control.h. Names are those of the
 * assigned numbers of the Bluetooth SIG, of what a program connects to or meets in
 * an advertisement.
 */
#include "proto/bt_uuid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pier/order.h>

#include "base/text.h"
#include "task/failure.h"

#define SHORT_DIGITS  4
#define MIDDLE_DIGITS 8
#define LONG_DIGITS   36
#define NUMBER_BYTES  4

/* xxxxxxxx-0000-1000-8000-00805F9B34FB: Core, volume 3 part B section 2.5.1. */
static const struct pier_bt_uuid base = { { 0, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0,
	0, 0x80, 0x5f, 0x9b, 0x34, 0xfb } };

static const struct {
	uint16_t number;
	const char *name;
} names[] = {
	{ 0x0001, "sdp" },
	{ 0x0003, "rfcomm" },
	{ 0x0007, "att" },
	{ 0x0008, "obex" },
	{ 0x000f, "bnep" },
	{ 0x0011, "hidp" },
	{ 0x0017, "avctp" },
	{ 0x0019, "avdtp" },
	{ 0x0100, "l2cap" },
	{ 0x1000, "service-discovery" },
	{ 0x1002, "public-browse-root" },
	{ 0x1101, "serial-port" },
	{ 0x1103, "dialup-networking" },
	{ 0x1104, "irmc-sync" },
	{ 0x1105, "object-push" },
	{ 0x1106, "file-transfer" },
	{ 0x1108, "headset" },
	{ 0x110a, "audio-source" },
	{ 0x110b, "audio-sink" },
	{ 0x110c, "remote-control-target" },
	{ 0x110d, "advanced-audio" },
	{ 0x110e, "remote-control" },
	{ 0x110f, "remote-control-controller" },
	{ 0x1112, "headset-gateway" },
	{ 0x1115, "network-user" },
	{ 0x1116, "network-access-point" },
	{ 0x1117, "group-network" },
	{ 0x111e, "hands-free" },
	{ 0x111f, "hands-free-gateway" },
	{ 0x1124, "human-interface-device" },
	{ 0x112d, "sim-access" },
	{ 0x112e, "phonebook-client" },
	{ 0x112f, "phonebook-server" },
	{ 0x1130, "phonebook-access" },
	{ 0x1132, "message-server" },
	{ 0x1133, "message-notification" },
	{ 0x1134, "message-access" },
	{ 0x1200, "device-identification" },
	{ 0x1203, "generic-audio" },
	{ 0x1800, "generic-access" },
	{ 0x1801, "generic-attribute" },
	{ 0x1805, "current-time" },
	{ 0x1809, "health-thermometer" },
	{ 0x180a, "device-information" },
	{ 0x180d, "heart-rate" },
	{ 0x180f, "battery" },
	{ 0x1810, "blood-pressure" },
	{ 0x1812, "hid-over-gatt" },
	{ 0x1814, "running-speed" },
	{ 0x1816, "cycling-speed" },
	{ 0x1818, "cycling-power" },
	{ 0x181a, "environmental-sensing" },
	{ 0x1826, "fitness-machine" },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

struct pier_bt_uuid
pier__bt_uuid_short(uint32_t number)
{
	struct pier_bt_uuid uuid = base;

	pier_be32_put(uuid.bytes, number);
	return uuid;
}

bool
pier__bt_uuid_number(const struct pier_bt_uuid *uuid, uint32_t *number)
{
	if (memcmp(uuid->bytes + NUMBER_BYTES, base.bytes + NUMBER_BYTES,
		    sizeof(base.bytes) - NUMBER_BYTES) != 0)
		return false;
	*number = pier_be32_get(uuid->bytes);
	return true;
}

bool
pier_bt_uuid_equal(const struct pier_bt_uuid *a, const struct pier_bt_uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const char *
pier_bt_uuid_name(const struct pier_bt_uuid *uuid)
{
	uint32_t number;
	size_t i;

	if (!pier__bt_uuid_number(uuid, &number))
		return NULL;
	for (i = 0; i < NAMES; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

static bool
has_dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/* All of it, in digits and dashes. */
static int
parse_long(
	struct pier_bt_uuid *out, struct pier__span span, struct pier__why *why)
{
	size_t at = span.begin, i;

	for (i = 0; i < sizeof(out->bytes); i++) {
		int high, low;

		if (has_dash_before(i) && span.text[at++] != '-')
			return pier__why_set(why, at - 1,
				"expected a '-': a UUID is written as "
				"00001101-0000-1000-8000-00805f9b34fb");
		high = pier__hex_value(span.text[at]);
		low = pier__hex_value(span.text[at + 1]);
		if (high < 0 || low < 0)
			return pier__why_set(why, high < 0 ? at : at + 1,
				"expected a hexadecimal digit of a UUID");
		out->bytes[i] = (unsigned char)(high << 4 | low);
		at += 2;
	}
	return 0;
}

static int
parse(struct pier_bt_uuid *out, struct pier__span span, struct pier__why *why)
{
	struct pier_bt_uuid uuid;
	size_t i, len;
	uint32_t number = 0;

	for (i = 0; i < NAMES; i++) {
		if (pier__span_is(span, names[i].name)) {
			*out = pier__bt_uuid_short(names[i].number);
			return 0;
		}
	}
	if (pier__span_len(span) == LONG_DIGITS) {
		int rc = parse_long(&uuid, span, why);

		if (rc == 0)
			*out = uuid;
		return rc;
	}
	if (pier__span_starts(span, "0x") || pier__span_starts(span, "0X"))
		span.begin += 2;
	len = pier__span_len(span);
	for (i = span.begin; i < span.end; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0 || (len != SHORT_DIGITS && len != MIDDLE_DIGITS))
			return pier__why_set(why, digit < 0 ? i : span.begin,
				"'%.*s' is no UUID: expected 4 or 8 "
				"hexadecimal digits, all 36 characters, or a "
				"name such as serial-port",
				pier__span_quote(span), pier__span_at(span));
		number = number << 4 | (uint32_t)digit;
	}
	if (len == 0)
		return pier__why_set(why, span.begin, "expected a UUID");
	*out = pier__bt_uuid_short(number);
	return 0;
}

int
pier_bt_uuid_parse(struct pier_bt_uuid *out, const char *text)
{
	struct pier__why why = { .offset = 0 };
	int rc = parse(out, pier__span_of(text), &why);

	return rc < 0 ? pier__fail_parse(rc, text, &why) : 0;
}

int
pier_bt_uuid_format(const struct pier_bt_uuid *uuid, char *buf, size_t size)
{
	const unsigned char *b = uuid->bytes;
	char text[PIER_BT_UUID_TEXT];
	uint32_t number;
	size_t len = 0, i;

	if (pier__bt_uuid_number(uuid, &number)) {
		len = (size_t)snprintf(text, sizeof(text), "%0*x",
			number > UINT16_MAX ? MIDDLE_DIGITS : SHORT_DIGITS,
			number);
	} else {
		for (i = 0; i < sizeof(uuid->bytes); i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				"%s%02x", has_dash_before(i) ? "-" : "", b[i]);
	}
	if (len >= size)
		return pier__fail_step(-ENOSPC, PIER_STEP_CREATE, text, NULL);
	memcpy(buf, text, len + 1);
	return (int)len;
}
