/* SPDX-License-Identifier: MIT */
/* addr/bt.c - see bt.h. Pure. */
#include "addr/bt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "task/failure.h"

#define BYTES 6

/* What follows an address of Low Energy. */
#define LE "?le="

static const char *const le_names[] = {
	[PIER_BT_ADDR_PUBLIC] = "public",
	[PIER_BT_ADDR_RANDOM] = "random",
};

bool
pier__is_rfcomm(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_BLUETOOTH &&
	       addr->len == sizeof(addr->u.rc);
}

bool
pier__is_l2cap(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_BLUETOOTH &&
	       addr->len == sizeof(addr->u.l2);
}

static void
turn(uint8_t *to, const uint8_t *from)
{
	size_t i;

	for (i = 0; i < BYTES; i++)
		to[i] = from[BYTES - 1 - i];
}

static int
refuse_device(struct pier__span span, size_t at, struct pier__why *why)
{
	if (at < span.end && span.text[at] == '-')
		return pier__why_set(why, at,
			"the bytes of a Bluetooth address are parted by ':'");
	return pier__why_set(why, at,
		"a Bluetooth address is six bytes in hexadecimal: "
		"00:11:22:33:44:55");
}

/* Two digits at *at, which moves behind them. The byte, or -1. */
static int
read_byte(struct pier__span span, size_t *at)
{
	int value = 0;
	int i;

	for (i = 0; i < 2; i++) {
		int digit =
			*at < span.end ? pier__hex_value(span.text[*at]) : -1;

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
		*at += 1;
	}
	return value;
}

int
pier__bt_parse_device(
	struct pier_bt_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier_bt_addr addr = { .type = PIER_BT_ADDR_BREDR };
	size_t at = span.begin;
	size_t i;

	for (i = 0; i < BYTES; i++) {
		int byte;

		if (i > 0 && (at == span.end || span.text[at] != ':'))
			return refuse_device(span, at, why);
		at += i > 0 ? 1 : 0;
		byte = read_byte(span, &at);
		if (byte < 0)
			return refuse_device(span, at, why);
		addr.bytes[i] = (uint8_t)byte;
	}
	if (at < span.end)
		return refuse_device(span, at, why);
	*out = addr;
	return 0;
}

int
pier__bt_parse_le(
	uint8_t *type, struct pier__span span, size_t at, struct pier__why *why)
{
	unsigned int i;

	for (i = PIER_BT_ADDR_PUBLIC; i <= PIER_BT_ADDR_RANDOM; i++) {
		if (pier__span_is(span, le_names[i])) {
			*type = (uint8_t)i;
			return 0;
		}
	}
	return pier__why_set(
		why, at, "an address of Low Energy is le=public or le=random");
}

/* Cuts "?le=TYPE" off the end of span; without it *type is that of BR/EDR. 0,
   or -EINVAL. */
static int
take_le(uint8_t *type, struct pier__span *span, struct pier__why *why)
{
	size_t mark = pier__span_find(*span, '?');
	struct pier__span rest = pier__span_cut(*span, mark, span->end);

	*type = PIER_BT_ADDR_BREDR;
	if (mark == span->end)
		return 0;
	if (!pier__span_starts(rest, LE))
		return pier__why_set(why, mark,
			"only ?le=public or ?le=random may stand here");
	rest.begin += sizeof(LE) - 1;
	span->end = mark;
	return pier__bt_parse_le(type, rest, rest.begin, why);
}

/* Decimal, or hexadecimal behind 0x. The number; max + 1: it is above max; -1:
   it is none. */
static int64_t
read_number(struct pier__span span, int64_t max)
{
	int64_t number = 0;
	size_t i;

	if (!pier__span_starts(span, "0x") && !pier__span_starts(span, "0X"))
		return pier__span_number(span, max);
	if (pier__span_len(span) == 2)
		return -1;
	for (i = span.begin + 2; i < span.end; i++) {
		int digit = pier__hex_value(span.text[i]);

		if (digit < 0)
			return -1;
		if (number <= max)
			number = number << 4 | digit;
	}
	return number > max ? max + 1 : number;
}

/* What stands behind the '/' of span. */
static struct pier__span
number_in(struct pier__span span)
{
	size_t slash = pier__span_find(span, '/');

	return pier__span_cut(
		span, slash < span.end ? slash + 1 : span.end, span.end);
}

/* "DEVICE/": the device alone, which may be any. */
static int
parse_place(struct pier_bt_addr *out, struct pier__span span, const char *form,
	struct pier__why *why)
{
	size_t slash = pier__span_find(span, '/');
	struct pier__span device = pier__span_cut(span, span.begin, slash);

	memset(out, 0, sizeof(*out));
	if (!pier__span_is(device, "*") && pier__span_len(device) > 0) {
		int rc = pier__bt_parse_device(out, device, why);

		if (rc < 0)
			return rc;
	}
	if (slash + 1 < span.end)
		return 0;
	return pier__why_set(why, span.end, "%s", form);
}

int
pier__rfcomm_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier__span rest = number_in(span);
	struct pier_bt_addr device;
	int64_t number;
	int rc = parse_place(&device, span,
		"the channel is missing: write rfcomm://00:11:22:33:44:55/1",
		why);

	if (rc < 0)
		return rc;
	number = read_number(rest, PIER_BT_CHANNEL_MAX);
	if (number < 0 || number > PIER_BT_CHANNEL_MAX)
		return pier__why_set(why, rest.begin,
			"a channel of RFCOMM is a number, 1 to %d; 0 takes a "
			"free one",
			PIER_BT_CHANNEL_MAX);
	return pier_bt_rfcomm(out, &device, (unsigned int)number);
}

static void
put_l2cap(struct pier_addr *out, const struct pier_bt_addr *device,
	unsigned int psm)
{
	uint8_t bytes[2] = { (uint8_t)psm, (uint8_t)(psm >> 8) };

	memset(out, 0, sizeof(*out));
	out->len = sizeof(out->u.l2);
	out->u.l2.family = AF_BLUETOOTH;
	memcpy(&out->u.l2.psm, bytes, sizeof(bytes));
	turn(out->u.l2.device, device->bytes);
	out->u.l2.type = device->type;
}

int
pier__l2cap_parse(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier__span rest = number_in(span);
	struct pier_bt_addr device;
	int64_t number;
	int rc = parse_place(&device, span,
		"the PSM is missing: write l2cap://00:11:22:33:44:55/0x1001",
		why);

	if (rc < 0)
		return rc;
	number = read_number(rest, UINT16_MAX);
	if (number < 0 || number > UINT16_MAX)
		return pier__why_set(why, rest.begin,
			"a PSM is a number of 16 bits, as 0x1001 or 4097");
	put_l2cap(out, &device, (unsigned int)number);
	return 0;
}

/* L2CAP: Core 5.4, volume 3 part A, 4.2 and 4.22. */
static bool
psm_is_good(unsigned int type, unsigned int psm)
{
	if (psm == 0)
		return true;
	return type == PIER_BT_ADDR_BREDR ? (psm & 0x0101) == 0x0001
					  : psm <= PIER_BT_LE_PSM_MAX;
}

int
pier__l2cap_check(const struct pier_addr *addr, struct pier__span span,
	struct pier__why *why)
{
	if (psm_is_good(addr->u.l2.type, (unsigned int)pier_bt_psm(addr)))
		return 0;
	return pier__why_set(why, number_in(span).begin,
		addr->u.l2.type == PIER_BT_ADDR_BREDR
			? "the lower byte of a PSM of BR/EDR is odd, the upper "
			  "one even; one of Low Energy needs ?le=public or "
			  "?le=random"
			: "a PSM of Low Energy is 1 to 0xff; from 0x80 on they "
			  "are free to use");
}

int
pier__l2cap_parse_any(
	struct pier_addr *out, struct pier__span span, struct pier__why *why)
{
	struct pier_addr addr = { .len = 0 };
	uint8_t type;
	int rc = take_le(&type, &span, why);

	if (rc == 0)
		rc = pier__l2cap_parse(&addr, span, why);
	if (rc < 0)
		return rc;
	addr.u.l2.type = type;
	rc = pier__l2cap_check(&addr, span, why);
	if (rc == 0)
		*out = addr;
	return rc;
}

static size_t
put_device(char *out, size_t size, const struct pier_bt_addr *addr)
{
	static const uint8_t any[BYTES];
	const uint8_t *b = addr->bytes;

	if (memcmp(b, any, BYTES) == 0)
		return (size_t)snprintf(out, size, "*");
	return (size_t)snprintf(out, size, "%02X:%02X:%02X:%02X:%02X:%02X",
		b[0], b[1], b[2], b[3], b[4], b[5]);
}

/* Nothing of BR/EDR. */
static size_t
put_le(char *out, size_t size, unsigned int type)
{
	if (type == PIER_BT_ADDR_PUBLIC || type == PIER_BT_ADDR_RANDOM)
		return (size_t)snprintf(out, size, "%s%s", LE, le_names[type]);
	*out = '\0';
	return 0;
}

size_t
pier__bt_format(
	char *out, size_t size, const struct pier_addr *addr, bool number)
{
	struct pier_bt_addr device = { .type = PIER_BT_ADDR_BREDR };
	int channel = pier_bt_channel(addr);
	size_t used;

	(void)pier_bt_device(&device, addr);
	used = put_device(out, size, &device);
	if (number && channel >= 0)
		used += (size_t)snprintf(
			out + used, size - used, "/%d", channel);
	else if (number)
		used += (size_t)snprintf(out + used, size - used, "/%#x",
			(unsigned int)pier_bt_psm(addr));
	return used + put_le(out + used, size - used, device.type);
}

int
pier_bt_addr_parse(struct pier_bt_addr *out, const char *text)
{
	struct pier__span span = pier__span_of(text);
	struct pier_bt_addr addr;
	struct pier__why why;
	uint8_t type;
	int rc = take_le(&type, &span, &why);

	if (rc == 0)
		rc = pier__bt_parse_device(&addr, span, &why);
	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	*out = addr;
	out->type = type;
	return 0;
}

int
pier_bt_addr_format(const struct pier_bt_addr *addr, char *buf, size_t size)
{
	char text[PIER_BT_ADDR_TEXT_MAX];
	const uint8_t *b = addr->bytes;
	size_t used = (size_t)snprintf(text, sizeof(text),
		"%02X:%02X:%02X:%02X:%02X:%02X", b[0], b[1], b[2], b[3], b[4],
		b[5]);

	used += put_le(text + used, sizeof(text) - used, addr->type);
	if (used >= size)
		return -ENOSPC;
	memcpy(buf, text, used + 1);
	return (int)used;
}

int
pier_bt_addr_compare(const struct pier_bt_addr *a, const struct pier_bt_addr *b)
{
	int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

	return order != 0 ? order : (int)a->type - (int)b->type;
}

int
pier_bt_rfcomm(struct pier_addr *out, const struct pier_bt_addr *device,
	unsigned int channel)
{
	if (channel > PIER_BT_CHANNEL_MAX || device->type != PIER_BT_ADDR_BREDR)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->len = sizeof(out->u.rc);
	out->u.rc.family = AF_BLUETOOTH;
	turn(out->u.rc.device, device->bytes);
	out->u.rc.channel = (uint8_t)channel;
	return 0;
}

int
pier_bt_l2cap(struct pier_addr *out, const struct pier_bt_addr *device,
	unsigned int psm)
{
	if (psm > UINT16_MAX || device->type > PIER_BT_ADDR_RANDOM ||
		!psm_is_good(device->type, psm))
		return -EINVAL;
	put_l2cap(out, device, psm);
	return 0;
}

int
pier_bt_device(struct pier_bt_addr *out, const struct pier_addr *addr)
{
	if (pier__is_rfcomm(addr)) {
		turn(out->bytes, addr->u.rc.device);
		out->type = PIER_BT_ADDR_BREDR;
		return 0;
	}
	if (pier__is_l2cap(addr)) {
		turn(out->bytes, addr->u.l2.device);
		out->type = addr->u.l2.type;
		return 0;
	}
	return -EAFNOSUPPORT;
}

int
pier_bt_channel(const struct pier_addr *addr)
{
	return pier__is_rfcomm(addr) ? addr->u.rc.channel : -1;
}

int
pier_bt_psm(const struct pier_addr *addr)
{
	uint8_t bytes[2];

	if (!pier__is_l2cap(addr))
		return -1;
	memcpy(bytes, &addr->u.l2.psm, sizeof(bytes));
	return bytes[1] << 8 | bytes[0];
}
