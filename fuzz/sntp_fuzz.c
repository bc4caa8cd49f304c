/* SPDX-License-Identifier: MIT */
/* What comes back to a request for the time: whatever the bytes, nothing is read
   beyond them, and what is called a sample is one. The first byte says what the
   request is and whether the answer has its number. */
#include "proto/sntp_wire.h"

#include <pier/order.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM UINT64_C(0x0123456789abcdef)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_event(const struct pier_sntp_event *event)
{
	const struct pier_sntp_checks *checks = &event->checks;
	const struct pier_sntp_sample *sample = &event->sample;

	check((checks->passed & checks->failed) == 0);
	check((checks->failed != 0) == (event->failed < PIER_SNTP_CHECKS));
	check((checks->failed != 0) == (event->text[0] != '\0'));
	check((event->what == PIER_SNTP_SAMPLE) ==
		(checks->passed == (1U << PIER_SNTP_CHECKS) - 1));
	check(memchr(event->text, '\0', sizeof(event->text)) != NULL);
	check(strlen(event->kiss) < sizeof(event->kiss));
	if (event->what != PIER_SNTP_SAMPLE)
		return;
	check(sample->delay_ns >= 0 && sample->bound_ns >= 0);
	check(event->message.originate == RANDOM);
}

/* A header that was read comes out as it went in. */
static void
check_header(const uint8_t *data, size_t size)
{
	struct pier_ntp_message message;
	unsigned char out[PIER_NTP_SIZE];
	char text[PIER_NTP_REFERENCE_TEXT];

	if (pier_ntp_read(&message, data, size) < 0)
		return;
	pier_ntp_write(out, &message);
	check(memcmp(out, data, sizeof(out)) == 0);
	check(pier_ntp_reference(&message, text, sizeof(text)) == strlen(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t clocks[] = { 0, INT64_C(1774600000000000000),
		INT64_C(2085978496000000000), INT64_C(7000000000000000000) };
	struct pier__sntp_asked asked = { .version = 4,
		.waiting = true,
		.transmit = RANDOM,
		.answered = 7,
		.lost = 8 };
	struct pier__sntp_came came;
	struct pier_sntp_event event;
	uint8_t *copy;

	if (size == 0)
		return 0;
	asked.t1_ns = clocks[data[0] & 3];
	came = (struct pier__sntp_came){ .size = size - 1,
		.t4_ns = asked.t1_ns + ((data[0] & 4) != 0 ? 20000000 : -1) };
	copy = malloc(size);
	check(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if ((data[0] & 8) != 0 && came.size >= PIER_NTP_SIZE)
		pier_be64_put(copy + 24, RANDOM);
	came.data = copy;
	pier__sntp_judge(&event, &asked, &came);
	check_event(&event);
	check_header(copy, came.size);
	free(copy);
	return 0;
}
