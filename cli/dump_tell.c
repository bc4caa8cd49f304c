/* SPDX-License-Identifier: MIT */
/* pier dump: a packet as text. */
#include "dump.h"
#include "values.h"

#include <inttypes.h>

#define ROW 16 /* bytes in a row */

/* The bytes [from, to) of a layer: each row has the offset of its first. */
static void
put_bytes(FILE *out, const struct dump_packet *packet, size_t from, size_t to)
{
	const unsigned char *data = packet->captured->data;
	size_t i;

	for (; from < to; from += ROW) {
		size_t n = to - from < ROW ? to - from : ROW;

		fprintf(out, "  %05zx ", from);
		for (i = 0; i < ROW; i++) {
			if (i < n)
				fprintf(out, " %02x", data[from + i]);
			else
				fputs("   ", out);
			if (i == ROW / 2 - 1)
				fputc(' ', out);
		}
		fputs("  ", out);
		for (i = 0; i < n; i++) {
			unsigned char c = data[from + i];

			fputc(c >= ' ' && c <= '~' ? c : '.', out);
		}
		fputc('\n', out);
	}
}

static void
put_field(FILE *out, const struct dump_packet *packet,
	const struct pier_field *field, int indent)
{
	char text[PIER_FIELD_TEXT_MAX];

	if (pier_field_format(packet->layers, field, text, sizeof(text)) < 0)
		return;
	fprintf(out, "%*s%s: %s", indent, "", field->name, text);
	if (field->meaning != NULL)
		fprintf(out, " (%s)", field->meaning);
	fputc('\n', out);
}

/* "tcp, 32 bytes at 34", and what is wrong with it. */
static void
put_head(FILE *out, const struct pier_layer *layer, int indent)
{
	fprintf(out, "%*s%s, %zu byte%s at %zu", indent, "", layer->name,
		layer->size, layer->size == 1 ? "" : "s", layer->offset);
	if (layer->wrong != NULL)
		fprintf(out, ": %s at %zu: %s",
			pier_layer_state_name(layer->state), layer->wrong_at,
			layer->wrong);
	else if (layer->state == PIER_LAYER_CUT)
		fputs(": cut", out);
	fputc('\n', out);
}

/* Every layer two columns further in than the one that it is in. */
static void
put_layers(FILE *out, const struct dump_settings *settings,
	const struct dump_packet *packet)
{
	const struct pier_layer *layer;
	const struct pier_field *field;
	bool tree = settings->common.verbose > 0;
	size_t i, j;

	for (i = 0; (layer = pier_layer_at(packet->layers, i)) != NULL; i++) {
		int indent = tree ? 2 * (int)(i + 1) : 2;

		put_head(out, layer, indent);
		for (j = 0; tree && (field = pier_layer_field(
					     packet->layers, layer, j)) != NULL;
			j++)
			put_field(out, packet, field, indent + 2);
		if (settings->hex)
			put_bytes(out, packet, layer->offset,
				layer->offset + layer->size);
	}
}

void
dump_tell(FILE *out, const struct dump_settings *settings,
	const struct dump_packet *packet)
{
	const struct pier_captured *captured = packet->captured;
	char line[PIER_LAYERS_TEXT_MAX], clock[CLI_VALUE_TEXT];

	cli_format_clock(captured->time_ns, clock, sizeof(clock));
	fputs(clock, out);
	if (packet->interface[0] != '\0')
		fprintf(out, " %s", packet->interface);
	if (captured->direction != PIER_DIRECTION_UNKNOWN)
		fprintf(out, " %s", pier_direction_name(captured->direction));
	if (pier_layers_line(packet->layers, line, sizeof(line)) >= 0)
		fprintf(out, " %s", line);
	if (captured->size < captured->full_size)
		fprintf(out, " (%zu of %zu captured)", captured->size,
			captured->full_size);
	fputc('\n', out);
	if (settings->common.verbose > 0 || settings->hex)
		put_layers(out, settings, packet);
}
