/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers_icmp.c - ICMP (RFC 792), ICMPv6 (RFC 4443) and neighbours (RFC
 * 4861). An error quotes the beginning of the packet that it is about, which
 * is taken apart in its turn.
 */
#include "inspect/layers.h"

static const struct pier__meaning icmp_types[] = {
	{ 0, "echo reply" },
	{ 3, "unreachable" },
	{ 4, "source quench" },
	{ 5, "redirect" },
	{ 8, "echo request" },
	{ 9, "router advertisement" },
	{ 10, "router solicitation" },
	{ 11, "time exceeded" },
	{ 12, "parameter problem" },
	{ 13, "timestamp request" },
	{ 14, "timestamp reply" },
	{ 0, NULL },
};

static const struct pier__meaning icmp_unreachable[] = {
	{ 0, "network unreachable" },
	{ 1, "host unreachable" },
	{ 2, "protocol unreachable" },
	{ 3, "port unreachable" },
	{ 4, "fragmentation needed" },
	{ 5, "source route failed" },
	{ 9, "network prohibited" },
	{ 10, "host prohibited" },
	{ 13, "prohibited" },
	{ 0, NULL },
};

static const struct pier__meaning icmp_exceeded[] = {
	{ 0, "TTL exceeded" },
	{ 1, "reassembly time exceeded" },
	{ 0, NULL },
};

static const struct pier__row echo_rows[] = {
	{ "id", PIER_FIELD_HEX, 4, 2, 0, NULL },
	{ "sequence", PIER_FIELD_NUMBER, 6, 2, 0, NULL },
};

static const struct pier__row type_rows[] = {
	{ "type", PIER_FIELD_NUMBER, 0, 1, 0, NULL },
	{ "code", PIER_FIELD_NUMBER, 1, 1, 0, NULL },
};

/* Type and code with their meanings, and the checksum. */
static void
add_head(struct pier_layers *layers, const struct pier__meaning *types,
	const struct pier__meaning *codes, uint8_t pseudo)
{
	size_t first = layers->field_count;
	const struct pier__sum sum = { .at = layers->at + 2,
		.from = layers->at,
		.to = layers->full,
		.pseudo = pseudo };

	PIER__ROWS(layers, type_rows);
	if (layers->field_count - first >= 2) {
		layers->fields[first].meaning =
			pier__meaning(types, layers->fields[first].value);
		layers->fields[first + 1].meaning =
			pier__meaning(codes, layers->fields[first + 1].value);
	}
	pier__layer_checksum(layers, &sum);
}

/* What an error is about. */
static void
go_on_quoted(struct pier_layers *layers, uint32_t kind)
{
	layers->is_outer = false;
	layers->is_quoted = true;
	/* Its end is that of the error. */
	pier__layer_end(
		layers, layers->at + 8 < layers->end ? kind : PIER_LAYER_DATA);
}

/* What the last four bytes of the header are, by the type and code. */
static void
add_icmp_rest(struct pier_layers *layers, uint8_t type, uint8_t code)
{
	static const struct pier__row mtu[] = {
		{ "mtu", PIER_FIELD_NUMBER, 6, 2, 0, NULL },
	};
	static const struct pier__row gateway[] = {
		{ "gateway", PIER_FIELD_IP4, 4, 4, 0, NULL },
	};
	static const struct pier__row pointer[] = {
		{ "pointer", PIER_FIELD_NUMBER, 4, 1, 0, NULL },
	};

	if (type == 0 || type == 8 || type == 13 || type == 14)
		PIER__ROWS(layers, echo_rows);
	else if (type == 3 && code == 4)
		PIER__ROWS(layers, mtu);
	else if (type == 5)
		PIER__ROWS(layers, gateway);
	else if (type == 12)
		PIER__ROWS(layers, pointer);
}

void
pier__decode_icmp(struct pier_layers *layers)
{
	uint8_t type = pier__layer_u8(layers, layers->at);
	uint8_t code = pier__layer_u8(layers, layers->at + 1);

	if (pier__layer_begin(layers, PIER_LAYER_ICMP) == NULL ||
		!pier__layer_take(layers, 8))
		return;
	add_head(layers, icmp_types,
		type == 3    ? icmp_unreachable
		: type == 11 ? icmp_exceeded
			     : NULL,
		0);
	add_icmp_rest(layers, type, code);
	if (type == 3 || type == 4 || type == 5 || type == 11 || type == 12)
		go_on_quoted(layers, PIER_LAYER_IP4);
	else
		pier__layer_end(layers, PIER_LAYER_DATA);
}

static const struct pier__meaning icmp6_types[] = {
	{ 1, "unreachable" },
	{ 2, "packet too big" },
	{ 3, "time exceeded" },
	{ 4, "parameter problem" },
	{ 128, "echo request" },
	{ 129, "echo reply" },
	{ 130, "multicast listener query" },
	{ 131, "multicast listener report" },
	{ 132, "multicast listener done" },
	{ 133, "router solicitation" },
	{ 134, "router advertisement" },
	{ 135, "neighbor solicitation" },
	{ 136, "neighbor advertisement" },
	{ 137, "redirect" },
	{ 143, "multicast listener report" },
	{ 0, NULL },
};

static const struct pier__meaning icmp6_unreachable[] = {
	{ 0, "no route" },
	{ 1, "prohibited" },
	{ 2, "beyond scope" },
	{ 3, "address unreachable" },
	{ 4, "port unreachable" },
	{ 5, "source address failed policy" },
	{ 6, "route rejected" },
	{ 0, NULL },
};

static const struct pier__meaning icmp6_exceeded[] = {
	{ 0, "hop limit exceeded" },
	{ 1, "reassembly time exceeded" },
	{ 0, NULL },
};

static const struct pier__meaning neighbor_options[] = {
	{ 1, "source link address" },
	{ 2, "target link address" },
	{ 3, "prefix" },
	{ 4, "redirected header" },
	{ 5, "MTU" },
	{ 25, "recursive DNS servers" },
	{ 31, "DNS search list" },
	{ 0, NULL },
};

/* The bytes of an option that has one value. */
static void
add_neighbor_value(
	struct pier_layers *layers, uint8_t type, size_t at, size_t len)
{
	if ((type == 1 || type == 2) && len == 8) {
		(void)pier__layer_field(
			layers, "link_address", PIER_FIELD_MAC, at + 2, 6);
	} else if (type == 3 && len == 32) {
		(void)pier__layer_field(
			layers, "prefix_length", PIER_FIELD_NUMBER, at + 2, 1);
		(void)pier__layer_field(
			layers, "prefix", PIER_FIELD_IP6, at + 16, 16);
	} else if (type == 5 && len == 8) {
		(void)pier__layer_field(
			layers, "mtu", PIER_FIELD_NUMBER, at + 4, 4);
	}
}

/* Up to the end of the packet: a type, and a length in units of 8 bytes. */
static void
add_neighbor_options(struct pier_layers *layers, size_t at)
{
	size_t len;

	for (; layers->end - at >= 2; at += len) {
		uint8_t type = pier__layer_u8(layers, at);
		struct pier_field *field;

		len = 8 * (size_t)pier__layer_u8(layers, at + 1);
		if (len == 0 || len > layers->full - at) {
			pier__layer_wrong(
				layers, at, "an option's length does not fit");
			return;
		}
		if (len > layers->end - at)
			return;
		field = pier__layer_field(
			layers, "option", PIER_FIELD_NUMBER, at, 1);
		if (field == NULL)
			return;
		field->size = len;
		field->meaning = pier__meaning(neighbor_options, type);
		add_neighbor_value(layers, type, at, len);
	}
}

static const struct pier__row solicitation_rows[] = {
	{ "target", PIER_FIELD_IP6, 8, 16, 0, NULL },
};

static const struct pier__row advertisement_rows[] = {
	{ "router", PIER_FIELD_FLAG, 4, 1, 0x80, NULL },
	{ "solicited", PIER_FIELD_FLAG, 4, 1, 0x40, NULL },
	{ "override", PIER_FIELD_FLAG, 4, 1, 0x20, NULL },
	{ "target", PIER_FIELD_IP6, 8, 16, 0, NULL },
};

static const struct pier__row router_rows[] = {
	{ "hop_limit", PIER_FIELD_NUMBER, 4, 1, 0, NULL },
	{ "managed", PIER_FIELD_FLAG, 5, 1, 0x80, NULL },
	{ "other", PIER_FIELD_FLAG, 5, 1, 0x40, NULL },
	{ "lifetime_s", PIER_FIELD_NUMBER, 6, 2, 0, NULL },
	{ "reachable_ms", PIER_FIELD_NUMBER, 8, 4, 0, NULL },
	{ "retransmit_ms", PIER_FIELD_NUMBER, 12, 4, 0, NULL },
};

static const struct pier__row redirect_rows[] = {
	{ "target", PIER_FIELD_IP6, 8, 16, 0, NULL },
	{ "destination", PIER_FIELD_IP6, 24, 16, 0, NULL },
};

/* Messages of neighbours: fields up to `size`, then options. */
static const struct {
	uint8_t type, size, count;
	const struct pier__row *rows;
} neighbor_messages[] = {
	{ 133, 8, 0, NULL },
	{ 134, 16, 6, router_rows },
	{ 135, 24, 1, solicitation_rows },
	{ 136, 24, 4, advertisement_rows },
	{ 137, 40, 2, redirect_rows },
};

static bool
decode_neighbor(struct pier_layers *layers, uint8_t type)
{
	size_t i;

	for (i = 0;
		i < sizeof(neighbor_messages) / sizeof(neighbor_messages[0]);
		i++) {
		size_t size = neighbor_messages[i].size;

		if (neighbor_messages[i].type != type)
			continue;
		if (!pier__layer_take(layers, size))
			return true;
		pier__layer_rows(layers, neighbor_messages[i].rows,
			neighbor_messages[i].count);
		add_neighbor_options(layers, layers->at + size);
		pier__layer(layers)->size = layers->end - layers->at;
		pier__layer_end(layers, PIER_LAYER_DATA);
		return true;
	}
	return false;
}

void
pier__decode_icmp6(struct pier_layers *layers)
{
	static const struct pier__row mtu[] = {
		{ "mtu", PIER_FIELD_NUMBER, 4, 4, 0, NULL },
	};
	uint8_t type = pier__layer_u8(layers, layers->at);

	if (pier__layer_begin(layers, PIER_LAYER_ICMP6) == NULL ||
		!pier__layer_take(layers, 8))
		return;
	add_head(layers, icmp6_types,
		type == 1   ? icmp6_unreachable
		: type == 3 ? icmp6_exceeded
			    : NULL,
		58);
	if (type == 128 || type == 129)
		PIER__ROWS(layers, echo_rows);
	if (type == 2)
		PIER__ROWS(layers, mtu);
	if (decode_neighbor(layers, type))
		return;
	if (type >= 1 && type <= 4)
		go_on_quoted(layers, PIER_LAYER_IP6);
	else
		pier__layer_end(layers, PIER_LAYER_DATA);
}
