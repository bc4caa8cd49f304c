/* SPDX-License-Identifier: MIT */
/* proto/eir.c - see eir.h. */
#include "proto/eir.h"

#include <errno.h>
#include <string.h>

#include <pier/order.h>

#include "proto/bt_uuid.h"

enum {
	UUIDS_16 = 0x02, /* some, and at 0x03 all */
	UUIDS_32 = 0x04,
	UUIDS_128 = 0x06,
	NAME_SHORT = 0x08,
	NAME_WHOLE = 0x09,
	TX_POWER = 0x0a,
	CLASS = 0x0d,
	APPEARANCE = 0x19,
	COMPANY = 0xff,
};

/* The bytes of a UUID are in the wire's order, the last one first. */
static struct pier_bt_uuid
uuid_of(const unsigned char *bytes, size_t size)
{
	struct pier_bt_uuid uuid;
	size_t i;

	if (size == 2)
		return pier__bt_uuid_short(pier_le16_get(bytes));
	if (size == 4)
		return pier__bt_uuid_short(pier_le32_get(bytes));
	for (i = 0; i < sizeof(uuid.bytes); i++)
		uuid.bytes[i] = bytes[sizeof(uuid.bytes) - 1 - i];
	return uuid;
}

static bool
add_uuid(struct pier_bt_device *device, const struct pier_bt_uuid *uuid)
{
	size_t i;

	for (i = 0; i < device->uuid_count; i++)
		if (pier_bt_uuid_equal(&device->uuids[i], uuid))
			return false;
	if (device->uuid_count == PIER_BT_UUIDS_MAX)
		return false;
	device->uuids[device->uuid_count++] = *uuid;
	return true;
}

static bool
take_uuids(struct pier_bt_device *device, const unsigned char *bytes,
	size_t len, size_t size)
{
	bool is_new = false;
	size_t at;

	for (at = 0; at + size <= len; at += size) {
		struct pier_bt_uuid uuid = uuid_of(bytes + at, size);

		if (add_uuid(device, &uuid))
			is_new = true;
	}
	return is_new;
}

/* A whole name stays, whatever short one follows. */
static bool
take_name(struct pier_bt_device *device, const unsigned char *bytes, size_t len,
	bool is_short)
{
	char name[PIER_BT_NAME_MAX] = "";

	if (is_short && device->name[0] != '\0' && !device->name_is_short)
		return false;
	if (len > sizeof(name) - 1)
		len = sizeof(name) - 1;
	memcpy(name, bytes, len);
	len = strlen(name);
	if (len == 0 || (strcmp(name, device->name) == 0 &&
				device->name_is_short == is_short))
		return false;
	memset(device->name, 0, sizeof(device->name));
	memcpy(device->name, name, len);
	device->name_is_short = is_short;
	return true;
}

static bool
take_power(struct pier_bt_device *device, unsigned char byte)
{
	int power = byte < 128 ? byte : byte - 256;
	bool is_new = device->tx_power != power;

	device->tx_power = power;
	return is_new;
}

static bool
take_class(struct pier_bt_device *device, const unsigned char *bytes)
{
	uint32_t class = (uint32_t)bytes[2] << 16 | pier_le16_get(bytes);
	bool is_new = device->device_class != class;

	device->device_class = class;
	return is_new;
}

static bool
take_appearance(struct pier_bt_device *device, unsigned int appearance)
{
	bool is_new = device->appearance != appearance;

	device->appearance = appearance;
	return is_new;
}

static bool
take_company(struct pier_bt_device *device, unsigned int company)
{
	bool is_new = !device->has_company || device->company != company;

	device->has_company = true;
	device->company = company;
	return is_new;
}

static bool
take_field(struct pier_bt_device *device, unsigned int type,
	const unsigned char *bytes, size_t len)
{
	switch (type) {
	case UUIDS_16:
	case UUIDS_16 + 1:
		return take_uuids(device, bytes, len, 2);
	case UUIDS_32:
	case UUIDS_32 + 1:
		return take_uuids(device, bytes, len, 4);
	case UUIDS_128:
	case UUIDS_128 + 1:
		return take_uuids(device, bytes, len, 16);
	case NAME_SHORT:
	case NAME_WHOLE:
		return take_name(device, bytes, len, type == NAME_SHORT);
	case TX_POWER:
		return len >= 1 && take_power(device, bytes[0]);
	case CLASS:
		return len >= 3 && take_class(device, bytes);
	case APPEARANCE:
		return len >= 2 &&
		       take_appearance(device, pier_le16_get(bytes));
	case COMPANY:
		return len >= 2 && take_company(device, pier_le16_get(bytes));
	default:
		return false;
	}
}

int
pier__eir_read(
	struct pier_bt_device *device, const unsigned char *bytes, size_t len)
{
	size_t at = 0;
	int rc = 0;

	/* A field of length 0 ends them; what follows is padding. */
	while (at < len && bytes[at] != 0) {
		size_t size = bytes[at];

		if (size > len - at - 1)
			return -EBADMSG;
		if (take_field(device, bytes[at + 1], bytes + at + 2, size - 1))
			rc = 1;
		at += 1 + size;
	}
	return rc;
}
