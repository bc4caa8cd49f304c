/* SPDX-License-Identifier: MIT */
/* pier dump --json: a packet as an event. A field that comes more than once, as
   of options, is a list. */
#include "dump.h"

#include <stdlib.h>
#include <string.h>

static json_t *
value_of(const struct dump_packet *packet, const struct pier_field *field)
{
	char text[PIER_FIELD_TEXT_MAX];

	if (field->type == PIER_FIELD_FLAG)
		return json_boolean(field->value != 0);
	if (field->type == PIER_FIELD_NUMBER || field->type == PIER_FIELD_HEX)
		return json_integer((json_int_t)field->value);
	if (pier_field_format(packet->layers, field, text, sizeof(text)) < 0)
		return NULL;
	return json_string(text);
}

static void
add_field(json_t *fields, const char *name, json_t *value)
{
	json_t *there = json_object_get(fields, name), *list;

	if (there == NULL) {
		(void)json_object_set_new(fields, name, value);
		return;
	}
	if (!json_is_array(there)) {
		list = json_array();
		(void)json_array_append(list, there);
		(void)json_object_set_new(fields, name, list);
		there = list;
	}
	(void)json_array_append_new(there, value);
}

static json_t *
layer_object(const struct dump_packet *packet, const struct pier_layer *layer)
{
	json_t *object = json_object(), *fields = json_object();
	const struct pier_field *field;
	size_t i;

	cli_event_text(object, "layer", layer->name);
	cli_event_number(object, "offset", (int64_t)layer->offset);
	cli_event_number(object, "size", (int64_t)layer->size);
	cli_event_text(object, "state", pier_layer_state_name(layer->state));
	if (layer->wrong != NULL) {
		cli_event_text(object, "wrong", layer->wrong);
		cli_event_number(object, "wrong_at", (int64_t)layer->wrong_at);
	}
	if (layer->checksum != PIER_CHECKSUM_NONE)
		cli_event_text(object, "checksum",
			pier_checksum_name(layer->checksum));
	for (i = 0;
		(field = pier_layer_field(packet->layers, layer, i)) != NULL;
		i++)
		add_field(fields, field->name, value_of(packet, field));
	(void)json_object_set_new(object, "fields", fields);
	return object;
}

static void
add_bytes(json_t *event, const struct pier_captured *captured)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * captured->size + 1);
	size_t i;

	if (text == NULL)
		return;
	for (i = 0; i < captured->size; i++) {
		text[2 * i] = digits[captured->data[i] >> 4];
		text[2 * i + 1] = digits[captured->data[i] & 15];
	}
	text[2 * captured->size] = '\0';
	cli_event_text(event, "bytes", text);
	free(text);
}

json_t *
dump_event(
	const struct dump_settings *settings, const struct dump_packet *packet)
{
	const struct pier_captured *captured = packet->captured;
	json_t *event = cli_event("packet"), *list = json_array();
	const struct pier_layer *layer;
	char line[PIER_LAYERS_TEXT_MAX];
	size_t i;

	cli_event_number(event, "number", (int64_t)packet->number);
	cli_event_time(event, "time", captured->time_ns);
	if (packet->interface[0] != '\0')
		cli_event_text(event, "interface", packet->interface);
	if (captured->direction != PIER_DIRECTION_UNKNOWN)
		cli_event_text(event, "direction",
			pier_direction_name(captured->direction));
	cli_event_number(event, "link", captured->link);
	cli_event_number(event, "size", (int64_t)captured->size);
	cli_event_number(event, "full_size", (int64_t)captured->full_size);
	if (pier_layers_line(packet->layers, line, sizeof(line)) >= 0)
		cli_event_text(event, "line", line);
	for (i = 0; (layer = pier_layer_at(packet->layers, i)) != NULL; i++)
		(void)json_array_append_new(list, layer_object(packet, layer));
	if (event != NULL)
		(void)json_object_set_new(event, "layers", list);
	else
		json_decref(list);
	if (settings->hex)
		add_bytes(event, captured);
	return event;
}
