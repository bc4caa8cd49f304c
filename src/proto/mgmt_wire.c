/* SPDX-License-Identifier: MIT */
/* proto/mgmt_wire.c - see mgmt_wire.h. */
#include "proto/mgmt_wire.h"

#include <errno.h>
#include <string.h>

#include <pier/order.h>

enum {
	ADDRESS = 6,
	INFO_SIZE = 280,
	INFO_VERSION = 6,
	INFO_COMPANY = 7,
	INFO_SUPPORTED = 9,
	INFO_SETTINGS = 13,
	INFO_CLASS = 17,
	INFO_NAME = 20,
	FOUND_SIZE = 14,
};

static const struct {
	int error;
	const char *text;
} statuses[] = {
	[0x00] = { 0, "done" },
	[0x01] = { -EOPNOTSUPP, "the kernel does not know the command" },
	[0x02] = { -ENOTCONN, "not connected" },
	[0x03] = { -EIO, "the controller failed" },
	[0x04] = { -EIO, "the connection failed" },
	[0x05] = { -EACCES, "authentication failed" },
	[0x06] = { -EACCES, "not paired" },
	[0x07] = { -ENOMEM, "no resources" },
	[0x08] = { -ETIMEDOUT, "the controller does not answer" },
	[0x09] = { -EALREADY, "connected already" },
	[0x0a] = { -EBUSY, "the controller is busy: another program searches" },
	[0x0b] = { -EOPNOTSUPP,
		"the controller cannot do so, or it is switched off" },
	[0x0c] = { -EOPNOTSUPP, "the controller does not support it" },
	[0x0d] = { -EINVAL, "the kernel takes a parameter for wrong" },
	[0x0e] = { -ENOTCONN, "disconnected" },
	[0x0f] = { -ENETDOWN, "the controller is switched off" },
	[0x10] = { -EIO, "the controller gave it up" },
	[0x11] = { -ENODEV, "there is no such controller" },
	[0x12] = { -ERFKILL, "the controller is blocked by rfkill" },
	[0x13] = { -EALREADY, "paired already" },
	[0x14] = { -EPERM, "needs CAP_NET_ADMIN" },
};

#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

int
pier__mgmt_error(unsigned int status)
{
	return status < STATUSES ? statuses[status].error : -EIO;
}

const char *
pier__mgmt_text(unsigned int status)
{
	return status < STATUSES ? statuses[status].text
				 : "the kernel refuses, and does not say why";
}

/* The byte that is written first comes last. */
static struct pier_bt_addr
addr_of(const unsigned char *bytes, unsigned int type)
{
	struct pier_bt_addr addr = { .type = (uint8_t)type };
	size_t i;

	for (i = 0; i < ADDRESS; i++)
		addr.bytes[i] = bytes[ADDRESS - 1 - i];
	return addr;
}

size_t
pier__mgmt_write(unsigned char out[PIER__MGMT_COMMAND_MAX],
	unsigned int command, unsigned int index, const void *bytes,
	size_t size)
{
	pier_le16_put(out, (uint16_t)command);
	pier_le16_put(out + 2, (uint16_t)index);
	pier_le16_put(out + 4, (uint16_t)size);
	if (size > 0)
		memcpy(out + PIER__MGMT_HEADER, bytes, size);
	return PIER__MGMT_HEADER + size;
}

int
pier__mgmt_read(
	struct pier__mgmt_message *out, const unsigned char *bytes, size_t len)
{
	if (len < PIER__MGMT_HEADER ||
		len - PIER__MGMT_HEADER != pier_le16_get(bytes + 4))
		return -EBADMSG;
	*out = (struct pier__mgmt_message){ .code = pier_le16_get(bytes),
		.index = pier_le16_get(bytes + 2),
		.bytes = bytes + PIER__MGMT_HEADER,
		.size = len - PIER__MGMT_HEADER };
	return 0;
}

int
pier__mgmt_read_answer(
	struct pier__mgmt_answer *out, const struct pier__mgmt_message *message)
{
	if ((message->code != PIER__MGMT_COMPLETE &&
		    message->code != PIER__MGMT_STATUS) ||
		message->size < 3)
		return -EBADMSG;
	*out = (struct pier__mgmt_answer){ .command = pier_le16_get(
						   message->bytes),
		.status = message->bytes[2],
		.bytes = message->bytes + 3,
		.size = message->size - 3 };
	return 0;
}

int
pier__mgmt_read_list(
	uint16_t *list, size_t max, const struct pier__mgmt_answer *answer)
{
	size_t count, i;

	if (answer->size < 2)
		return -EBADMSG;
	count = pier_le16_get(answer->bytes);
	if (answer->size - 2 < 2 * count)
		return -EBADMSG;
	if (count > max)
		count = max;
	for (i = 0; i < count; i++)
		list[i] = pier_le16_get(answer->bytes + 2 + 2 * i);
	return (int)count;
}

int
pier__mgmt_read_controller(struct pier_bt_controller *out, unsigned int index,
	const struct pier__mgmt_answer *answer)
{
	const unsigned char *bytes = answer->bytes;

	if (answer->size < INFO_SIZE)
		return -EBADMSG;
	*out = (struct pier_bt_controller){ .index = index,
		.addr = addr_of(bytes, PIER_BT_ADDR_BREDR),
		.version = bytes[INFO_VERSION],
		.manufacturer = pier_le16_get(bytes + INFO_COMPANY),
		.supported = pier_le32_get(bytes + INFO_SUPPORTED),
		.settings = pier_le32_get(bytes + INFO_SETTINGS),
		.device_class = (uint32_t)bytes[INFO_CLASS + 2] << 16 |
				pier_le16_get(bytes + INFO_CLASS) };
	memcpy(out->name, bytes + INFO_NAME, sizeof(out->name) - 1);
	return 0;
}

int
pier__mgmt_read_found(
	struct pier__mgmt_found *out, const struct pier__mgmt_message *message)
{
	const unsigned char *bytes = message->bytes;

	if (message->code != PIER__MGMT_DEVICE_FOUND ||
		message->size < FOUND_SIZE ||
		message->size - FOUND_SIZE <
			pier_le16_get(bytes + FOUND_SIZE - 2) ||
		bytes[ADDRESS] > PIER_BT_ADDR_RANDOM)
		return -EBADMSG;
	*out = (struct pier__mgmt_found){ .addr = addr_of(
						  bytes, bytes[ADDRESS]),
		.rssi = (signed char)bytes[ADDRESS + 1],
		.flags = pier_le32_get(bytes + ADDRESS + 2),
		.eir = bytes + FOUND_SIZE,
		.eir_len = pier_le16_get(bytes + FOUND_SIZE - 2) };
	return 0;
}

int
pier__mgmt_read_discovering(bool *out, const struct pier__mgmt_message *message)
{
	if (message->code != PIER__MGMT_DISCOVERING || message->size < 2)
		return -EBADMSG;
	*out = message->bytes[1] != 0;
	return 0;
}

int
pier__mgmt_read_settings(
	uint32_t *out, const struct pier__mgmt_message *message)
{
	if (message->code != PIER__MGMT_NEW_SETTINGS || message->size < 4)
		return -EBADMSG;
	*out = pier_le32_get(message->bytes);
	return 0;
}
