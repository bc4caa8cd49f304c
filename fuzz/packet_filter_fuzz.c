/* SPDX-License-Identifier: MIT */
/*
 * Filters of packets as text: what is refused has its reason inside the text; what
 * is read makes a program that the kernel takes, and which says of made-up
 * packets what the layers say.
 */
#include "inspect/cbpf.h"
#include "inspect/packet_filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS 8

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
compare(const struct pier_dump_filter *filter, uint64_t seed)
{
	static struct pier_dump_code code[PIER_DUMP_CODE_MAX];
	static unsigned char bytes[512];
	struct pier__cbpf_packet packet = { .bytes = bytes };
	struct pier_layers *layers = NULL;
	struct pier_captured captured = { .data = bytes,
		.link = PIER_LINK_ETHERNET };
	bool is_short;
	uint64_t i;
	int n = pier_dump_filter_code(
		filter, code, PIER_DUMP_CODE_MAX, PIER_LINK_ETHERNET, 1);

	check(n > 0 && pier__cbpf_check(code, (size_t)n) == NULL);
	check(pier_layers_new(&layers) == 0);
	for (i = 0; i < PACKETS; i++) {
		packet.size = pier__cbpf_packet(bytes, sizeof(bytes), seed + i);
		captured.size = packet.size;
		captured.full_size = packet.size;
		(void)pier_layers_decode(layers, &captured);
		check(pier__cbpf_run(code, &packet, &is_short) ==
			(uint32_t)pier_dump_filter_match(filter, layers));
		check(!is_short);
	}
	pier_layers_free(layers);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pier_dump_filter filter;
	struct pier__why why = { .offset = 0 };
	char *text = malloc(size + 1);
	uint64_t seed = 0;
	size_t i;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (i = 0; i < size; i++)
		seed = seed * 31 + data[i];
	if (pier__packet_filter_parse(&filter, text, &why) < 0)
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	else
		compare(&filter, seed);
	free(text);
	return 0;
}
