/* SPDX-License-Identifier: MIT */
/* Pcap files: a head and records. What is refused has its reason; what is read,
   written and read again is the same. */
#include <pier/pcap.h>

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
check_record(const struct pier_captured *packet)
{
	const struct pier_pcap own = { .link = packet->link,
		.nanoseconds = true };
	unsigned char bytes[PIER_PCAP_RECORD];
	struct pier_captured back;
	const char *why;

	check(packet->size <= PIER_PCAP_SIZE_MAX &&
		packet->full_size >= packet->size);
	pier_pcap_record_write(bytes, packet);
	check(pier_pcap_record_read(&own, &back, bytes, &why) == 0);
	check(back.size == packet->size && back.full_size == packet->full_size);
	check(back.time_ns == packet->time_ns ||
		packet->time_ns >= INT64_C(4294967296000000000));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char head[PIER_PCAP_HEAD], record[PIER_PCAP_RECORD];
	struct pier_captured packet;
	struct pier_pcap pcap;
	const char *why = NULL;
	size_t at = PIER_PCAP_HEAD;

	if (size < at)
		return 0;
	memcpy(head, data, sizeof(head));
	if (pier_pcap_head_read(&pcap, head, &why) < 0) {
		check(why != NULL);
		return 0;
	}
	while (size - at >= PIER_PCAP_RECORD) {
		memcpy(record, data + at, sizeof(record));
		at += PIER_PCAP_RECORD;
		if (pier_pcap_record_read(&pcap, &packet, record, &why) < 0) {
			check(why != NULL);
			return 0;
		}
		check_record(&packet);
		if (packet.size > size - at)
			return 0;
		at += packet.size;
	}
	return 0;
}
