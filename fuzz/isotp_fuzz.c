/* SPDX-License-Identifier: MIT */
/*
 * Frames of ISO-TP, taken for the bytes of a frame of CAN, with and without an
 * address: what one says stays inside the frame. The bytes are also read as an
 * endpoint behind isotp://, and as an address: a refusal has its reason inside the
 * text, what is taken can be told to the kernel.
 */
#include "addr/isotp.h"
#include "net/isotp.h"

#include <stdint.h>
#include <stdio.h>
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
check_frame(const struct pier_can_frame *frame, bool addressed)
{
	struct pier_isotp_frame it;

	memset(&it, 0xee, sizeof(it));
	if (pier_isotp_frame_read(&it, frame, addressed) < 0)
		return;
	check(frame->size <= PIER_CAN_DATA_MAX);
	check(it.data_size < frame->size);
	switch (it.kind) {
	case PIER_ISOTP_SINGLE:
		check(it.size > 0 && it.size == it.data_size);
		break;
	case PIER_ISOTP_FIRST:
		check(it.size >= it.data_size);
		break;
	case PIER_ISOTP_FOLLOWING:
		check(it.sequence < 16);
		break;
	case PIER_ISOTP_FLOW_CONTROL:
		check(it.flow <= PIER_ISOTP_OVERFLOW && it.data_size == 0);
		check(it.stmin_ns >= 0 && it.stmin_ns <= 127000000);
		break;
	}
}

static void
check_text(const char *text)
{
	struct pier__endpoint endpoint;
	struct pier__isotp_raw raw;
	struct pier__span link;
	struct pier_addr addr;
	struct pier__why why = { .offset = 0 };
	const char *wrong;
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "isotp://%s", text);
	if (pier__endpoint_parse(&endpoint, whole, &why) == 0) {
		check(endpoint.link[0] != '\0');
		check(pier__isotp_encode(&raw, &endpoint.isotp, &wrong) == 0);
		check(raw.link.frame_size >= 8 && raw.link.frame_size <= 64);
	} else {
		check(why.offset <= strlen(whole) && why.text[0] != '\0');
	}
	if (pier__isotp_split(&link, &addr, pier__span_of(text), &why) == 0)
		check(pier__isotp_is(&addr) && pier__span_len(link) > 0);
	else
		check(why.offset <= strlen(text) && why.text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_can_frame frame = { .id = 1 };
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_text(text);
	free(text);
	/* A size that no frame has is refused. */
	frame.size = size > UINT8_MAX ? UINT8_MAX : (uint8_t)size;
	if (size > PIER_CAN_DATA_MAX)
		size = PIER_CAN_DATA_MAX;
	frame.fd = size > PIER_CAN_CLASSIC_MAX;
	memcpy(frame.data, data, size);
	check_frame(&frame, false);
	check_frame(&frame, true);
	return 0;
}
