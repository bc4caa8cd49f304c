/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers_text.c - layers and fields as text for people, and a packet in
 * one line.
 */
#include "inspect/layers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More bytes of a field than these help nobody. */
#define BYTES_SHOWN 64

/* Text under construction: len goes on past size. */
struct text {
	char *at;
	size_t size, len;
};

static void put(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
put(struct text *text, const char *format, ...)
{
	size_t used = text->len < text->size ? text->len : text->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at + used, text->size - used, format, args);
	va_end(args);
	if (n > 0)
		text->len += (size_t)n;
}

static int
finish(const struct text *text)
{
	return text->len < text->size ? (int)text->len : -ENOSPC;
}

static const char *
name_in(const char *const *names, size_t count, unsigned int value)
{
	return value < count ? names[value] : NULL;
}

#define NAME_IN(names, value) \
	name_in(names, sizeof(names) / sizeof((names)[0]), value)

const char *
pier_layer_state_name(unsigned int state)
{
	static const char *const names[] = { "whole", "cut", "malformed" };

	return NAME_IN(names, state);
}

const char *
pier_checksum_name(unsigned int checksum)
{
	static const char *const names[] = { "none", "good", "bad", "pending",
		"unchecked" };

	return NAME_IN(names, checksum);
}

const char *
pier_direction_name(unsigned int direction)
{
	static const char *const names[] = { "unknown", "in", "broadcast",
		"multicast", "other", "out" };

	return NAME_IN(names, direction);
}

static void
put_bytes(struct text *text, const struct pier_layers *layers,
	const struct pier_field *field)
{
	size_t i;

	for (i = 0; i < field->size && i < BYTES_SHOWN; i++)
		put(text, "%02x", pier__layer_u8(layers, field->offset + i));
	if (field->size > BYTES_SHOWN)
		put(text, "...");
}

static void
put_ip(struct text *text, const struct pier_layers *layers, size_t at,
	size_t size)
{
	char address[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[16];
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = pier__layer_u8(layers, at + i);
	(void)inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, address,
		sizeof(address));
	put(text, "%s", address);
}

static void
put_mac(struct text *text, uint64_t value)
{
	int i;

	for (i = 40; i >= 0; i -= 8)
		put(text, "%02x%s", (unsigned)(value >> i & 0xff),
			i > 0 ? ":" : "");
}

static void
put_field(struct text *text, const struct pier_layers *layers,
	const struct pier_field *field)
{
	switch (field->type) {
	case PIER_FIELD_HEX:
		put(text, "0x%0*" PRIx64,
			field->size > 8 ? 16 : (int)(2 * field->size),
			field->value);
		break;
	case PIER_FIELD_MAC:
		put_mac(text, field->value);
		break;
	case PIER_FIELD_IP4:
		put_ip(text, layers, field->offset, 4);
		break;
	case PIER_FIELD_IP6:
		put_ip(text, layers, field->offset, 16);
		break;
	case PIER_FIELD_BYTES:
		put_bytes(text, layers, field);
		break;
	default:
		put(text, "%" PRIu64, field->value);
		break;
	}
}

int
pier_field_format(const struct pier_layers *layers,
	const struct pier_field *field, char *buf, size_t size)
{
	struct text text = { .at = buf, .size = size };

	put_field(&text, layers, field);
	return finish(&text);
}

/* The first field of that name, or NULL. */
static const struct pier_field *
field_of(const struct pier_layers *layers, const struct pier_layer *layer,
	const char *name)
{
	size_t i;

	for (i = 0; i < layer->fields; i++)
		if (strcmp(layers->fields[layer->first + i].name, name) == 0)
			return &layers->fields[layer->first + i];
	return NULL;
}

static uint64_t
value_of(const struct pier_layers *layers, const struct pier_layer *layer,
	const char *name)
{
	const struct pier_field *field = field_of(layers, layer, name);

	return field != NULL ? field->value : 0;
}

static void
put_named(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer, const char *name)
{
	const struct pier_field *field = field_of(layers, layer, name);

	if (field != NULL)
		put_field(text, layers, field);
	else
		put(text, "?");
}

/* What a type means, or its number. */
static void
put_meaning(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer, const char *name)
{
	const struct pier_field *field = field_of(layers, layer, name);

	if (field == NULL)
		return;
	if (field->meaning != NULL)
		put(text, " %s", field->meaning);
	else
		put(text, " %s %" PRIu64, name, field->value);
}

/* Where it goes from and to, with the ports of `layer` where it has some. */
static void
put_ends(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *ip, const struct pier_layer *layer)
{
	static const char *const sides[] = { "source", "destination" };
	static const char *const ports[] = { "source_port",
		"destination_port" };
	bool has_ports =
		layer != NULL && field_of(layers, layer, ports[1]) != NULL;
	bool brackets = has_ports && ip != NULL && ip->kind == PIER_LAYER_IP6;
	size_t i;

	for (i = 0; i < 2; i++) {
		put(text, "%s%s", i > 0 ? " > " : " ", brackets ? "[" : "");
		if (ip != NULL)
			put_named(text, layers, ip, sides[i]);
		if (has_ports)
			put(text, "%s:%" PRIu64, brackets ? "]" : "",
				value_of(layers, layer, ports[i]));
	}
}

static void
put_flags(struct text *text, uint64_t flags)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK",
		"URG", "ECE", "CWR", "AE" };
	const char *before = "";
	size_t i;

	put(text, " [");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags >> i & 1) == 0)
			continue;
		put(text, "%s%s", before, names[i]);
		before = " ";
	}
	put(text, "]");
}

static void
put_tcp(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer)
{
	static const struct {
		const char *name, *shown;
	} options[] = { { "mss", "mss" }, { "window_scale", "wscale" },
		{ "sack_left", "sack" } };
	const struct pier_field *flags = field_of(layers, layer, "flags");
	size_t i;

	if (flags == NULL)
		return;
	put_flags(text, flags->value);
	put(text, " seq %" PRIu64, value_of(layers, layer, "sequence"));
	if ((flags->value & 0x10) != 0)
		put(text, " ack %" PRIu64,
			value_of(layers, layer, "acknowledgment"));
	put(text, " win %" PRIu64, value_of(layers, layer, "window"));
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct pier_field *field =
			field_of(layers, layer, options[i].name);

		if (field != NULL)
			put(text, " %s %" PRIu64, options[i].shown,
				field->value);
	}
}

static void
put_icmp(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer)
{
	static const char *const more[] = { "sequence", "target", "mtu",
		"gateway" };
	const struct pier_field *code = field_of(layers, layer, "code");
	size_t i;

	put_meaning(text, layers, layer, "type");
	if (code != NULL && code->meaning != NULL)
		put(text, ", %s", code->meaning);
	else if (code != NULL && code->value != 0)
		put(text, ", code %" PRIu64, code->value);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (field_of(layers, layer, more[i]) == NULL)
			continue;
		put(text, " %s ", more[i]);
		put_named(text, layers, layer, more[i]);
	}
}

static void
put_arp(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer)
{
	uint64_t operation = value_of(layers, layer, "operation");

	put(text, "ARP");
	if (field_of(layers, layer, "target") == NULL) {
		put_meaning(text, layers, layer, "operation");
		return;
	}
	if (operation == 1) {
		put(text, " who has ");
		put_named(text, layers, layer, "target");
		put(text, ", tell ");
		put_named(text, layers, layer, "sender");
	} else if (operation == 2) {
		put(text, " ");
		put_named(text, layers, layer, "sender");
		put(text, " is at ");
		put_named(text, layers, layer, "sender_hardware");
	} else {
		put_meaning(text, layers, layer, "operation");
	}
}

static bool
is_extension(const struct pier_layer *layer)
{
	return layer->kind >= PIER_LAYER_HOP_OPTIONS &&
	       layer->kind <= PIER_LAYER_AUTHENTICATION;
}

/* An IP header in which nothing was found that has a line of its own. */
static void
put_ip_alone(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *ip, const struct pier_layer *last)
{
	const char *field =
		ip->kind == PIER_LAYER_IP4 ? "protocol" : "next_header";
	const struct pier_field *offset =
		ip->kind == PIER_LAYER_IP4
			? field_of(layers, ip, "fragment_offset")
			: field_of(layers, last, "offset");

	put(text, ip->kind == PIER_LAYER_IP4 ? "IPv4" : "IPv6");
	put_ends(text, layers, ip, NULL);
	put_meaning(text, layers, last != ip ? last : ip,
		last != ip ? "next_header" : field);
	if (offset != NULL && offset->value != 0)
		put(text, " fragment at %" PRIu64, offset->value);
}

/* A layer that has a line of its own; ip is what it is in, or NULL. */
static void
put_layer(struct text *text, const struct pier_layers *layers,
	const struct pier_layer *layer, const struct pier_layer *ip)
{
	static const char *const names[PIER_LAYER_COUNT] = {
		[PIER_LAYER_ICMP] = "ICMP",
		[PIER_LAYER_ICMP6] = "ICMPv6",
		[PIER_LAYER_TCP] = "TCP",
		[PIER_LAYER_UDP] = "UDP",
		[PIER_LAYER_SCTP] = "SCTP",
	};

	put(text, "%s", names[layer->kind]);
	put_ends(text, layers, ip, layer);
	if (layer->kind == PIER_LAYER_TCP)
		put_tcp(text, layers, layer);
	else if (layer->kind == PIER_LAYER_SCTP)
		put_meaning(text, layers, layer, "chunk");
	else if (layer->kind != PIER_LAYER_UDP)
		put_icmp(text, layers, layer);
}

/* What the link says, when it is all that is known. */
static void
put_link(struct text *text, const struct pier_layers *layers)
{
	const struct pier_layer *layer = &layers->layers[0];

	put(text, "%s", layer->name);
	if (field_of(layers, layer, "destination") != NULL)
		put_ends(text, layers, layer, NULL);
	if (layers->layer_count > 1 &&
		layers->layers[1].kind == PIER_LAYER_VLAN)
		layer = &layers->layers[1];
	put_meaning(text, layers, layer, "type");
}

/* Layer by layer: those that have a line of their own, one behind the other
   where one is in the other. Has anything been said? */
static bool
put_layers(struct text *text, const struct pier_layers *layers)
{
	const struct pier_layer *ip = NULL;
	bool said = false;
	size_t i;

	for (i = 0; i < layers->layer_count; i++) {
		const struct pier_layer *layer = &layers->layers[i];
		const struct pier_layer *next =
			i + 1 < layers->layer_count ? layer + 1 : NULL;
		bool is_ip = layer->kind == PIER_LAYER_IP4 ||
			     layer->kind == PIER_LAYER_IP6;
		bool transport = layer->kind >= PIER_LAYER_ICMP &&
				 layer->kind <= PIER_LAYER_SCTP;

		if (is_ip)
			ip = layer;
		/* What is in it says where it goes. */
		if ((is_ip || is_extension(layer)) && next != NULL &&
			(is_extension(next) ||
				(next->kind >= PIER_LAYER_ICMP &&
					next->kind <= PIER_LAYER_SCTP)))
			continue;
		if (!is_ip && !transport && layer->kind != PIER_LAYER_ARP &&
			!(is_extension(layer) && ip != NULL))
			continue;
		if (said)
			put(text, ": ");
		said = true;
		if (layer->kind == PIER_LAYER_ARP)
			put_arp(text, layers, layer);
		else if (transport)
			put_layer(text, layers, layer, ip);
		else
			put_ip_alone(text, layers, ip, layer);
	}
	return said;
}

/* How much data there is, and all that is wrong. */
static void
put_rest(struct text *text, const struct pier_layers *layers)
{
	size_t data = 0, i;

	for (i = 0; i < layers->layer_count; i++)
		if (layers->layers[i].kind == PIER_LAYER_DATA)
			data = layers->full - layers->layers[i].offset;
	put(text, ", %zu byte%s", data, data == 1 ? "" : "s");
	for (i = 0; i < layers->layer_count; i++) {
		const struct pier_layer *layer = &layers->layers[i];

		if (layer->checksum == PIER_CHECKSUM_BAD)
			put(text, "; %s checksum bad", layer->name);
		if (layer->wrong != NULL && !layers->is_quoted)
			put(text, "; %s %s at %zu: %s", layer->name,
				pier_layer_state_name(layer->state),
				layer->wrong_at, layer->wrong);
	}
}

int
pier_layers_line(const struct pier_layers *layers, char *buf, size_t size)
{
	struct text text = { .at = buf, .size = size };

	if (size > 0)
		buf[0] = '\0';
	if ((layers->facts.vlan & PIER__VLAN_IS) != 0)
		put(&text, "VLAN %u ", layers->facts.vlan & 0xfffU);
	if (!put_layers(&text, layers))
		put_link(&text, layers);
	put_rest(&text, layers);
	/* Many tunnels, one in the other, or many errors: their beginning. */
	if (text.len >= size && size >= PIER_LAYERS_TEXT_MAX) {
		memcpy(buf + size - 4, "...", 4);
		return (int)(size - 1);
	}
	return finish(&text);
}
