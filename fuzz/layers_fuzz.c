/* SPDX-License-Identifier: MIT */
/*
 * Packets: whatever the bytes, nothing is read beyond them, and layers and fields
 * lie where the packet has bytes. The first byte says by which link they came,
 * the second how much of the packet was not captured.
 */
#include "inspect/layers.h"

#include <errno.h>
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
check_field(const struct pier_layers *layers, const struct pier_layer *layer,
	const struct pier_field *field)
{
	char text[PIER_FIELD_TEXT_MAX];

	check(field->offset >= layer->offset &&
		field->offset + field->size <= layer->offset + layer->size);
	check(pier_field_format(layers, field, text, sizeof(text)) > 0);
}

static void
check_layers(const struct pier_layers *layers, size_t count, size_t size)
{
	const struct pier_field *field;
	char line[PIER_LAYERS_TEXT_MAX];
	size_t i, j, end = 0;

	check(count >= 1 && count <= PIER_LAYERS_MAX);
	for (i = 0; i < count; i++) {
		const struct pier_layer *layer = pier_layer_at(layers, i);

		check(layer != NULL && layer->offset >= end);
		end = layer->offset + layer->size;
		check(end <= size);
		check(layer->wrong == NULL || layer->wrong_at <= size);
		for (j = 0;
			(field = pier_layer_field(layers, layer, j)) != NULL;
			j++)
			check_field(layers, layer, field);
	}
	check(pier_layers_line(layers, line, sizeof(line)) > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t links[] = { PIER_LINK_ETHERNET, PIER_LINK_RAW,
		PIER_LINK_COOKED, PIER_LINK_COOKED2, PIER_LINK_NULL,
		PIER_LINK_LOOP, PIER_LINK_IP4, PIER_LINK_IP6, 147 };
	struct pier_captured packet = { .link = PIER_LINK_ETHERNET };
	struct pier_layers *layers = NULL;
	uint8_t *copy;

	if (size < 2)
		return 0;
	check(pier_layers_new(&layers) == 0);
	packet.size = size - 2;
	packet.full_size = packet.size + data[1];
	packet.link = links[data[0] % (sizeof(links) / sizeof(links[0]))];
	copy = malloc(packet.size + (packet.size == 0));
	check(copy != NULL);
	memcpy(copy, data + 2, packet.size);
	packet.data = copy;
	check_layers(layers, pier_layers_decode(layers, &packet), packet.size);
	pier_layers_free(layers);
	free(copy);
	return 0;
}
