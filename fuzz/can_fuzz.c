/* SPDX-License-Identifier: MIT */
/*
 * CAN as text: what is refused has its reason inside the text; a frame that is read
 * is valid, its text is read as the same frame, and so it comes back from the
 * kernel's bytes; lines of logs keep their time; filters answer. The bytes are also
 * taken for what a kernel gave.
 */
#include "net/can_wire.h"

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
check_frame(const struct pier_can_frame *frame)
{
	unsigned char bytes[PIER__CAN_FD_SIZE];
	char text[PIER_CAN_TEXT_MAX];
	struct pier_can_frame again;
	struct pier__why why;
	int n;

	check(pier_can_frame_check(frame) == NULL);
	n = pier_can_frame_format(frame, text, sizeof(text));
	check(n > 0 && (size_t)n == strlen(text));
	check(pier__can_frame_parse(&again, pier__span_of(text), &why) == 0);
	check(memcmp(&again, frame, sizeof(again)) == 0);
	check(pier__can_decode(&again, bytes, pier__can_encode(bytes, frame)) ==
		0);
	check(memcmp(&again, frame, sizeof(again)) == 0);
}

static void
check_line(const struct pier_can_message *message)
{
	static const enum pier_can_time styles[] = { PIER_CAN_TIME_NANO,
		PIER_CAN_TIME_UTC };
	struct pier_can_message again;
	char text[PIER_CAN_LINE_MAX];
	struct pier__why why;
	size_t i;

	check_frame(&message->frame);
	/* Years of more digits are written, not read. */
	if (message->time_ns > INT64_C(7000000000) * 1000000000)
		return;
	for (i = 0; i < 2; i++) {
		check(pier_can_log_format(
			      message, styles[i], text, sizeof(text)) > 0);
		check(pier__can_log_parse(&again, pier__span_of(text), &why) ==
			0);
		check(again.time_ns == message->time_ns);
		check(strcmp(again.interface, message->interface) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_can_frame frame = { .size = 0 };
	static struct pier_can_filters filters;
	struct pier_can_message message;
	struct pier__why why = { .offset = 0 };
	char *text = malloc(size + 1);
	int rc;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (pier__can_frame_parse(&frame, pier__span_of(text), &why) == 0)
		check_frame(&frame);
	else
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	rc = pier__can_log_parse(&message, pier__span_of(text), &why);
	if (rc == 0)
		check_line(&message);
	else
		check(rc == 1 || why.offset <= strlen(text));
	if (pier__can_filters_parse(&filters, pier__span_of(text), &why) == 0)
		(void)pier_can_filters_match(&filters, &frame);
	else
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	if (pier__can_decode(&frame, data, size) == 0)
		check_frame(&frame);
	free(text);
	return 0;
}
