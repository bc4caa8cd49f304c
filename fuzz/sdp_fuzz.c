/* SPDX-License-Identifier: MIT */
/* What a device says of its services: whatever the bytes, nothing is read beyond
   them, what is refused has its reason, and counting finds as many as reading. */
#include "proto/sdp_wire.h"

#include <pier/error.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_service(const struct pier_bt_service *service)
{
	check(memchr(service->name, 0, sizeof(service->name)) != NULL);
	check(memchr(service->provider, 0, sizeof(service->provider)) != NULL);
	check(service->channel <= PIER_BT_CHANNEL_MAX);
	check(service->psm <= UINT16_MAX);
	check(service->class_count <= PIER_BT_CLASSES_MAX);
	check(service->protocol_count <= PIER_BT_PROTOCOLS_MAX);
}

static void
check_records(const unsigned char *bytes, size_t len)
{
	static struct pier_bt_service list[MAX];
	const char *why = NULL;
	int counted = pier__sdp_records(NULL, MAX, bytes, len, &why), i;

	check(counted != -PIER_EFRAME || why != NULL);
	check(pier__sdp_records(list, MAX, bytes, len, &why) == counted);
	for (i = 0; i < counted; i++)
		check_service(&list[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + (size == 0));
	struct pier__sdp_part part;
	const char *why = NULL;
	int rc;

	check(copy != NULL);
	memcpy(copy, data, size);
	check_records(copy, size);
	rc = pier__sdp_read(&part, copy, size, 1, &why);
	check(rc == 0 || rc == -ENOMSG || (rc == -PIER_EFRAME && why != NULL));
	if (rc == 0) {
		check(part.bytes >= copy &&
			part.bytes + part.size <= copy + size);
		check(part.more.size <= PIER__SDP_CONTINUE_MAX);
		check(part.more.size == 0 || part.size > 0);
		check_records(part.bytes, part.size);
	}
	free(copy);
	return 0;
}
