/* SPDX-License-Identifier: MIT */
/* What the kernel tells of Bluetooth: whatever the bytes, nothing is read beyond
   them, texts end, lists stay within their bounds, and what was told once is no news
   the second time. */
#include "proto/eir.h"
#include "proto/mgmt_wire.h"

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
check_device(const unsigned char *bytes, size_t len)
{
	static struct pier_bt_device device;
	int rc;

	memset(&device, 0, sizeof(device));
	rc = pier__eir_read(&device, bytes, len);
	check(memchr(device.name, 0, sizeof(device.name)) != NULL);
	check(device.uuid_count <= PIER_BT_UUIDS_MAX);
	check(device.device_class <= 0xffffff && device.company <= 0xffff);
	check(rc != 0 || (device.name[0] == '\0' && device.uuid_count == 0));
}

static void
check_answer(const struct pier__mgmt_message *message)
{
	struct pier_bt_controller controller;
	struct pier__mgmt_answer answer;
	uint16_t list[4];

	if (pier__mgmt_read_answer(&answer, message) < 0)
		return;
	check(answer.bytes + answer.size == message->bytes + message->size);
	check(pier__mgmt_read_list(list, 4, &answer) <= 4);
	check(answer.status == 0 || pier__mgmt_error(answer.status) < 0);
	if (pier__mgmt_read_controller(&controller, 1, &answer) == 0)
		check(memchr(controller.name, 0, sizeof(controller.name)) !=
			NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + (size == 0));
	struct pier__mgmt_message message;
	struct pier__mgmt_found found;
	uint32_t settings;
	bool runs;

	check(copy != NULL);
	memcpy(copy, data, size);
	check_device(copy, size);
	if (pier__mgmt_read(&message, copy, size) == 0) {
		check(message.size == size - PIER__MGMT_HEADER);
		check_answer(&message);
		(void)pier__mgmt_read_discovering(&runs, &message);
		(void)pier__mgmt_read_settings(&settings, &message);
		if (pier__mgmt_read_found(&found, &message) == 0) {
			check(found.eir + found.eir_len <= copy + size);
			check_device(found.eir, found.eir_len);
		}
	}
	free(copy);
	return 0;
}
