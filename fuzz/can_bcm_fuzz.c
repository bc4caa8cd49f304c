/* SPDX-License-Identifier: MIT */
/*
 * Events of the broadcast manager of CAN: no byte outside is read; a frame in one is
 * valid, and a job that is made of it is read back as it was.
 */
#include "net/can_bcm_wire.h"

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

/* A message to the kernel, turned into what the kernel would tell of it. */
static void
check_job(const struct pier_can_frame *frame, int64_t interval_ns)
{
	static unsigned char bytes[PIER__BCM_SIZE_MAX];
	const struct pier_can_cycle cycle = {
		.frames = frame, .count = 1, .then_ns = interval_ns
	};
	const uint32_t status = PIER__BCM_TX_STATUS;
	struct pier_can_event event;
	size_t size;

	if (pier__bcm_check_cycle(&cycle) != NULL)
		return;
	size = pier__bcm_encode_cycle(bytes, &cycle);
	check(size <= sizeof(bytes));
	memcpy(bytes, &status, sizeof(status));
	check(pier__bcm_decode(&event, bytes, size) == 0);
	check(event.then_ns >= interval_ns &&
		event.then_ns - interval_ns < 1000);
	check(memcmp(&event.frame, frame, sizeof(*frame)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_can_event event;
	/* Of its own size, so that a read beyond its end is seen. */
	uint8_t *copy = malloc(size > 0 ? size : 1);

	check(copy != NULL);
	memcpy(copy, data, size);
	if (pier__bcm_decode(&event, copy, size) == 0) {
		check(pier_can_frame_check(&event.frame) == NULL);
		check(event.key.id <= PIER_CAN_ID_EXTENDED_MAX);
		check(event.first_ns >= 0 && event.then_ns >= 0);
		check_job(&event.frame, event.then_ns);
	}
	free(copy);
	return 0;
}
