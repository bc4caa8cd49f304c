/* SPDX-License-Identifier: MIT */
/*
 * inspect/pcap.c - the classic format of libpcap, from bytes and to bytes. The
 * upper bits of the link's number say how long the frame check sequence is, which
 * is nothing to us: data.
 */
#include <pier/pcap.h>

#include <errno.h>
#include <string.h>

#include <pier/error.h>
#include <pier/order.h>

#define MAGIC_MICRO UINT32_C(0xa1b2c3d4)
#define MAGIC_NANO  UINT32_C(0xa1b23c4d)
#define NG_BLOCK    UINT32_C(0x0a0d0d0a)

#define SECOND INT64_C(1000000000)

static uint32_t
get(const struct pier_pcap *pcap, const unsigned char *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return pcap->swapped ? __builtin_bswap32(value) : value;
}

static void
put(unsigned char *bytes, uint32_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

/* What a file that is none of ours seems to be. */
static const char *
explain(uint32_t magic)
{
	if (magic == NG_BLOCK)
		return "this is pcapng: 'editcap -F nsecpcap' makes pcap of it";
	if (magic == UINT32_C(0xa1b2cd34) || magic == UINT32_C(0x34cdb2a1))
		return "a variant of pcap that a patched libpcap wrote: "
		       "'editcap -F nsecpcap' makes pcap of it";
	if ((magic & 0xffff) == 0x8b1f || magic >> 16 == 0x1f8b)
		return "this is compressed: gunzip it first";
	return "this is no pcap file: its first four bytes are not its mark";
}

int
pier_pcap_head_read(struct pier_pcap *out,
	const unsigned char bytes[PIER_PCAP_HEAD], const char **why)
{
	struct pier_pcap pcap = { .swapped = false };
	uint32_t magic = get(&pcap, bytes);

	pcap.swapped = magic == __builtin_bswap32(MAGIC_MICRO) ||
		       magic == __builtin_bswap32(MAGIC_NANO);
	magic = get(&pcap, bytes);
	pcap.nanoseconds = magic == MAGIC_NANO;
	if (magic != MAGIC_MICRO && magic != MAGIC_NANO) {
		*why = explain(magic);
		return -PIER_EFRAME;
	}
	/* The major version, in either byte order: it has been 2 for ever. */
	if (bytes[4] == 0 && bytes[5] == 0) {
		*why = "its version is 0: the file is damaged";
		return -PIER_EFRAME;
	}
	pcap.snap = get(&pcap, bytes + 16);
	pcap.link = get(&pcap, bytes + 20) & 0x03ffffff;
	/* What some systems wrote for a raw IP header. */
	if (pcap.link == 12 || pcap.link == 14)
		pcap.link = PIER_LINK_RAW;
	*out = pcap;
	return 0;
}

void
pier_pcap_head_write(
	unsigned char bytes[PIER_PCAP_HEAD], const struct pier_pcap *pcap)
{
	const uint16_t version[2] = { 2, 4 };

	memset(bytes, 0, PIER_PCAP_HEAD);
	put(bytes, MAGIC_NANO);
	memcpy(bytes + 4, version, sizeof(version));
	put(bytes + 16, pcap->snap);
	put(bytes + 20, pcap->link);
}

int
pier_pcap_record_read(const struct pier_pcap *pcap, struct pier_captured *out,
	const unsigned char bytes[PIER_PCAP_RECORD], const char **why)
{
	int64_t seconds = get(pcap, bytes), part = get(pcap, bytes + 4);
	uint32_t size = get(pcap, bytes + 8), full = get(pcap, bytes + 12);

	if (size > PIER_PCAP_SIZE_MAX) {
		*why = "a record of more than 262144 bytes: the file is "
		       "damaged";
		return -PIER_EFRAME;
	}
	if (!pcap->nanoseconds)
		part *= 1000;
	*out = (struct pier_captured){ .size = size,
		/* Some programs write less than they captured. */
		.full_size = full > size ? full : size,
		.link = pcap->link,
		.time_ns = seconds * SECOND + part };
	return 0;
}

void
pier_pcap_record_write(unsigned char bytes[PIER_PCAP_RECORD],
	const struct pier_captured *packet)
{
	int64_t ns = packet->time_ns > 0 ? packet->time_ns : 0;

	if (ns / SECOND > UINT32_MAX)
		ns = UINT32_MAX * SECOND + SECOND - 1;
	put(bytes, (uint32_t)(ns / SECOND));
	put(bytes + 4, (uint32_t)(ns % SECOND));
	put(bytes + 8, (uint32_t)packet->size);
	put(bytes + 12, (uint32_t)packet->full_size);
}
