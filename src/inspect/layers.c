/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers.c - taking packets apart: the loop over layers, and what their
 * decoders share. What each decoder says comes next is begun where it ended.
 */
#include "inspect/layers.h"

#include <errno.h>
#include <string.h>

#include <pier/order.h>

#include "os/calls.h"
#include "task/failure.h"

typedef void decoder(struct pier_layers *layers);

/* Data is all that is left. */
static void
decode_data(struct pier_layers *layers)
{
	if (pier__layer_begin(layers, PIER_LAYER_DATA) == NULL)
		return;
	pier__layer(layers)->size = layers->end - layers->at;
	if (layers->end < layers->full && !layers->is_quoted)
		pier__layer(layers)->state = PIER_LAYER_CUT;
	layers->at = layers->end;
}

static const struct {
	const char *name;
	decoder *decode;
} kinds[PIER_LAYER_COUNT] = {
	[PIER_LAYER_ETHERNET] = { "ethernet", pier__decode_ethernet },
	[PIER_LAYER_VLAN] = { "vlan", pier__decode_vlan },
	[PIER_LAYER_COOKED] = { "cooked", pier__decode_cooked },
	[PIER_LAYER_COOKED2] = { "cooked2", pier__decode_cooked2 },
	[PIER_LAYER_LOOPBACK] = { "loopback", pier__decode_loopback },
	[PIER_LAYER_ARP] = { "arp", pier__decode_arp },
	[PIER_LAYER_IP4] = { "ipv4", pier__decode_ip4 },
	[PIER_LAYER_IP6] = { "ipv6", pier__decode_ip6 },
	[PIER_LAYER_HOP_OPTIONS] = { "hop_options", pier__decode_hop_options },
	[PIER_LAYER_ROUTING] = { "routing", pier__decode_routing },
	[PIER_LAYER_FRAGMENT] = { "fragment", pier__decode_fragment },
	[PIER_LAYER_DESTINATION_OPTIONS] = { "destination_options",
		pier__decode_destination_options },
	[PIER_LAYER_AUTHENTICATION] = { "authentication",
		pier__decode_authentication },
	[PIER_LAYER_ICMP] = { "icmp", pier__decode_icmp },
	[PIER_LAYER_ICMP6] = { "icmpv6", pier__decode_icmp6 },
	[PIER_LAYER_TCP] = { "tcp", pier__decode_tcp },
	[PIER_LAYER_UDP] = { "udp", pier__decode_udp },
	[PIER_LAYER_SCTP] = { "sctp", pier__decode_sctp },
	[PIER_LAYER_DATA] = { "data", decode_data },
	[PIER_LAYER_TRAILER] = { "trailer", NULL },
};

static const struct {
	uint32_t link, kind;
} links[] = {
	{ PIER_LINK_NULL, PIER_LAYER_LOOPBACK },
	{ PIER_LINK_LOOP, PIER_LAYER_LOOPBACK },
	{ PIER_LINK_ETHERNET, PIER_LAYER_ETHERNET },
	{ PIER_LINK_COOKED, PIER_LAYER_COOKED },
	{ PIER_LINK_COOKED2, PIER_LAYER_COOKED2 },
	{ PIER_LINK_IP4, PIER_LAYER_IP4 },
	{ PIER_LINK_IP6, PIER_LAYER_IP6 },
};

int
pier_layers_new(struct pier_layers **out)
{
	struct pier_layers *layers = pier__alloc(sizeof(*layers));

	if (layers == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, "layers", NULL);
	*out = layers;
	return 0;
}

void
pier_layers_free(struct pier_layers *layers)
{
	pier__free(layers);
}

struct pier_layer *
pier__layer_begin(struct pier_layers *layers, uint32_t kind)
{
	struct pier_layer *layer;

	if (layers->layer_count == PIER_LAYERS_MAX) {
		pier__layer_wrong(layers, layers->at,
			"more layers than are "
			"looked at");
		return NULL;
	}
	layer = &layers->layers[layers->layer_count++];
	*layer = (struct pier_layer){ .kind = kind,
		.name = kinds[kind].name,
		.offset = layers->at,
		.first = layers->field_count };
	return layer;
}

bool
pier__layer_take(struct pier_layers *layers, size_t n)
{
	struct pier_layer *layer = pier__layer(layers);
	size_t here = layers->end - layer->offset;

	layer->size = n < here ? n : here;
	if (n <= here)
		return true;
	layer->wrong_at = layers->end;
	if (n <= layers->full - layer->offset || layers->is_quoted) {
		layer->state = PIER_LAYER_CUT;
		layer->wrong = "what was captured ends inside its header";
	} else {
		layer->state = PIER_LAYER_MALFORMED;
		layer->wrong = "the packet ends inside its header";
	}
	return false;
}

void
pier__layer_wrong(struct pier_layers *layers, size_t at, const char *why)
{
	struct pier_layer *layer = pier__layer(layers);

	/* The first thing is the one to look at. */
	if (layer->state == PIER_LAYER_MALFORMED)
		return;
	layer->state = PIER_LAYER_MALFORMED;
	layer->wrong = why;
	layer->wrong_at = at;
}

void
pier__layer_end(struct pier_layers *layers, uint32_t next)
{
	const struct pier_layer *layer = pier__layer(layers);

	layers->at = layer->offset + layer->size;
	layers->next = next;
}

void
pier__layer_ports(struct pier_layers *layers)
{
	size_t at = layers->at;

	if (!pier__layer_is_outer(layers) || layers->end - at < 4)
		return;
	layers->facts.has_ports = true;
	layers->facts.ports[0] = pier__layer_u16(layers, at);
	layers->facts.ports[1] = pier__layer_u16(layers, at + 2);
}

uint8_t
pier__layer_u8(const struct pier_layers *layers, size_t at)
{
	return at < layers->end ? layers->bytes[at] : 0;
}

uint16_t
pier__layer_u16(const struct pier_layers *layers, size_t at)
{
	return (uint16_t)(pier__layer_u8(layers, at) << 8 |
			  pier__layer_u8(layers, at + 1));
}

uint32_t
pier__layer_u32(const struct pier_layers *layers, size_t at)
{
	return (uint32_t)pier__layer_u16(layers, at) << 16 |
	       pier__layer_u16(layers, at + 2);
}

const char *
pier__meaning(const struct pier__meaning *list, uint64_t value)
{
	for (; list != NULL && list->meaning != NULL; list++)
		if (list->value == value)
			return list->meaning;
	return NULL;
}

struct pier_field *
pier__layer_field(struct pier_layers *layers, const char *name, uint32_t type,
	size_t at, size_t size)
{
	struct pier_field *field;
	size_t i;

	if (layers->field_count == PIER_FIELDS_MAX)
		return NULL;
	field = &layers->fields[layers->field_count++];
	*field = (struct pier_field){
		.name = name, .type = type, .offset = at, .size = size
	};
	for (i = 0;
		i < size && type != PIER_FIELD_IP6 && type != PIER_FIELD_BYTES;
		i++)
		field->value =
			field->value << 8 | pier__layer_u8(layers, at + i);
	pier__layer(layers)->fields++;
	return field;
}

const struct pier_field *
pier__layer_option(struct pier_layers *layers, size_t *at, size_t stop,
	const struct pier__meaning *meanings)
{
	uint8_t type = pier__layer_u8(layers, *at);
	struct pier_field *field;
	size_t len = 1;

	if (*at >= stop)
		return NULL;
	if (type > 1 && stop - *at >= 2)
		len = pier__layer_u8(layers, *at + 1);
	if ((type > 1 && len < 2) || len > stop - *at) {
		pier__layer_wrong(
			layers, *at, "an option's length does not fit");
		return NULL;
	}
	field = pier__layer_field(layers, "option", PIER_FIELD_NUMBER, *at, 1);
	if (field == NULL)
		return NULL;
	field->size = len;
	field->meaning = pier__meaning(meanings, type);
	*at = type == 0 ? stop : *at + len;
	return field;
}

/* By how much the lowest bit of a mask is to move. */
static unsigned
shift_of(uint32_t mask)
{
	unsigned shift = 0;

	while ((mask >> shift & 1) == 0)
		shift++;
	return shift;
}

void
pier__layer_rows(
	struct pier_layers *layers, const struct pier__row *rows, size_t count)
{
	size_t i, begin = pier__layer(layers)->offset;

	for (i = 0; i < count; i++) {
		const struct pier__row *row = &rows[i];
		struct pier_field *field = pier__layer_field(layers, row->name,
			row->type, begin + row->at, row->size);

		if (field == NULL)
			return;
		if (row->mask != 0)
			field->value = (field->value & row->mask) >>
				       shift_of(row->mask);
		field->meaning = pier__meaning(row->meanings, field->value);
	}
}

/* The sum of RFC 1071 over [from, to), going on from `sum`. */
static uint64_t
sum_up(const struct pier_layers *layers, size_t from, size_t to, uint64_t sum)
{
	for (; to - from >= 2; from += 2)
		sum += pier_be16_get(layers->bytes + from);
	if (from < to)
		sum += (uint64_t)layers->bytes[from] << 8;
	return sum;
}

static uint16_t
fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t
judge(const struct pier_layers *layers, const struct pier__sum *sum)
{
	uint64_t pseudo = 0;

	if (sum->optional && pier__layer_u16(layers, sum->at) == 0)
		return PIER_CHECKSUM_NONE;
	if (sum->to > layers->end || layers->is_part || layers->is_quoted)
		return PIER_CHECKSUM_UNCHECKED;
	if (sum->pseudo != 0)
		pseudo = sum_up(layers, layers->address_at,
				 layers->address_at + 2 * layers->address_size,
				 0) +
			 sum->pseudo + (sum->to - sum->from);
	if (fold(sum_up(layers, sum->from, sum->to, pseudo)) == 0xffff)
		return PIER_CHECKSUM_GOOD;
	return sum->pseudo != 0 && layers->packet.checksum_pending
		       ? PIER_CHECKSUM_PENDING
		       : PIER_CHECKSUM_BAD;
}

void
pier__layer_checksum(struct pier_layers *layers, const struct pier__sum *sum)
{
	struct pier_field *field = pier__layer_field(
		layers, "checksum", PIER_FIELD_HEX, sum->at, 2);
	uint32_t verdict = judge(layers, sum);

	pier__layer(layers)->checksum = verdict;
	if (field != NULL)
		field->meaning = pier_checksum_name(verdict);
}

/* What stands behind the end that IP tells: Ethernet fills up short packets. */
static void
add_trailer(struct pier_layers *layers)
{
	if (layers->whole == 0 || layers->whole >= layers->whole_end ||
		layers->layer_count == PIER_LAYERS_MAX)
		return;
	layers->at = layers->whole;
	(void)pier__layer_begin(layers, PIER_LAYER_TRAILER);
	pier__layer(layers)->size = layers->whole_end - layers->whole;
}

static uint32_t
first_kind(const struct pier_layers *layers)
{
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].link == layers->packet.link)
			return links[i].kind;
	if (layers->packet.link == PIER_LINK_RAW)
		return pier__layer_u8(layers, 0) >> 4 == 6 ? PIER_LAYER_IP6
							   : PIER_LAYER_IP4;
	return PIER_LAYER_DATA;
}

static void
set_up(struct pier_layers *layers, const struct pier_captured *packet)
{
	memset(layers, 0, offsetof(struct pier_layers, layers));
	memset(&layers->layer_count, 0,
		sizeof(*layers) - offsetof(struct pier_layers, layer_count));
	layers->packet = *packet;
	layers->bytes = packet->data;
	layers->end = packet->size;
	layers->full = packet->full_size > packet->size ? packet->full_size
							: packet->size;
	layers->is_outer = true;
	layers->next = first_kind(layers);
}

size_t
pier_layers_decode_sized(struct pier_layers *layers,
	const struct pier_captured *given, size_t given_size)
{
	struct pier_captured packet = { .data = NULL };
	uint32_t kind;

	memcpy(&packet, given,
		given_size < sizeof(packet) ? given_size : sizeof(packet));
	set_up(layers, &packet);
	do {
		kind = layers->next;
		layers->next = PIER_LAYER_NONE;
		if (kind == PIER_LAYER_DATA && layers->at == layers->end &&
			layers->at == layers->full && layers->layer_count > 0)
			break;
		kinds[kind].decode(layers);
	} while (layers->next != PIER_LAYER_NONE);
	add_trailer(layers);
	return layers->layer_count;
}

const struct pier_layer *
pier_layer_at(const struct pier_layers *layers, size_t i)
{
	return i < layers->layer_count ? &layers->layers[i] : NULL;
}

const struct pier_field *
pier_layer_field(const struct pier_layers *layers,
	const struct pier_layer *layer, size_t i)
{
	return i < layer->fields ? &layers->fields[layer->first + i] : NULL;
}
