/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers_link.c - what stands before IP: Ethernet, 802.1Q tags, the
 * headers that Linux makes up for cooked captures, loopback; and ARP (RFC 826).
 */
#include "inspect/layers.h"

#include <string.h>

const struct pier__meaning pier__ethertypes[] = {
	{ 0x0800, "IPv4" },
	{ 0x0806, "ARP" },
	{ 0x8035, "RARP" },
	{ 0x8100, "VLAN" },
	{ 0x86dd, "IPv6" },
	{ 0x8847, "MPLS" },
	{ 0x8863, "PPPoE discovery" },
	{ 0x8864, "PPPoE" },
	{ 0x888e, "802.1X" },
	{ 0x88a8, "provider VLAN" },
	{ 0x88cc, "LLDP" },
	{ 0x88f7, "PTP" },
	{ 0x9000, "loop test" },
	{ 0x9100, "provider VLAN" },
	{ 0, NULL },
};

/* Below this it is the length of the packet: IEEE 802.3. */
#define ETHERTYPE_FIRST 0x600

uint32_t
pier__kind_of_ethertype(uint16_t ethertype)
{
	switch (ethertype) {
	case 0x0800:
		return PIER_LAYER_IP4;
	case 0x0806:
		return PIER_LAYER_ARP;
	case 0x86dd:
		return PIER_LAYER_IP6;
	case 0x8100:
	case 0x88a8:
	case 0x9100:
		return PIER_LAYER_VLAN;
	default:
		return PIER_LAYER_DATA;
	}
}

/* The type that names what is inside; filters look behind so many tags. */
static void
note_ethertype(struct pier_layers *layers, uint16_t ethertype)
{
	if (pier__layer_is_outer(layers))
		layers->facts.ethertype = ethertype;
}

void
pier__decode_ethernet(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "destination", PIER_FIELD_MAC, 0, 6, 0, NULL },
		{ "source", PIER_FIELD_MAC, 6, 6, 0, NULL },
	};
	static const struct pier__row typed[] = {
		{ "type", PIER_FIELD_HEX, 12, 2, 0, pier__ethertypes },
	};
	static const struct pier__row counted[] = {
		{ "length", PIER_FIELD_NUMBER, 12, 2, 0, NULL },
	};
	uint16_t type;

	if (pier__layer_begin(layers, PIER_LAYER_ETHERNET) == NULL ||
		!pier__layer_take(layers, 14))
		return;
	PIER__ROWS(layers, rows);
	type = pier__layer_u16(layers, layers->at + 12);
	if (type < ETHERTYPE_FIRST)
		PIER__ROWS(layers, counted);
	else
		PIER__ROWS(layers, typed);
	note_ethertype(layers, type);
	pier__layer_end(layers, pier__kind_of_ethertype(type));
}

void
pier__decode_vlan(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "priority", PIER_FIELD_NUMBER, 0, 2, 0xe000, NULL },
		{ "drop_eligible", PIER_FIELD_FLAG, 0, 2, 0x1000, NULL },
		{ "id", PIER_FIELD_NUMBER, 0, 2, 0x0fff, NULL },
		{ "type", PIER_FIELD_HEX, 2, 2, 0, pier__ethertypes },
	};
	uint16_t tag, type;

	if (pier__layer_begin(layers, PIER_LAYER_VLAN) == NULL ||
		!pier__layer_take(layers, 4))
		return;
	PIER__ROWS(layers, rows);
	tag = pier__layer_u16(layers, layers->at);
	type = pier__layer_u16(layers, layers->at + 2);
	if (layers->tags < UINT8_MAX)
		layers->tags++;
	if (layers->is_outer && layers->tags == 1)
		layers->facts.vlan = (uint16_t)(PIER__VLAN_IS | (tag & 0x0fff));
	note_ethertype(layers, type);
	pier__layer_end(layers, pier__kind_of_ethertype(type));
}

static const struct pier__meaning packet_types[] = {
	{ 0, "to us" },
	{ 1, "broadcast" },
	{ 2, "multicast" },
	{ 3, "to another" },
	{ 4, "sent by us" },
	{ 0, NULL },
};

static const struct pier__meaning hardware[] = {
	{ 1, "Ethernet" },
	{ 280, "CAN" },
	{ 512, "PPP" },
	{ 768, "IPv4 tunnel" },
	{ 769, "IPv6 tunnel" },
	{ 772, "loopback" },
	{ 776, "SIT tunnel" },
	{ 778, "GRE" },
	{ 801, "Wi-Fi" },
	{ 0xfffe, "none" },
	{ 0, NULL },
};

/* The sender's link address in a cooked header: how long it is stands there
   too. */
static void
add_link_address(struct pier_layers *layers, size_t at, size_t len)
{
	if (len == 6)
		(void)pier__layer_field(
			layers, "source", PIER_FIELD_MAC, at, 6);
	else if (len > 0)
		(void)pier__layer_field(layers, "source", PIER_FIELD_BYTES, at,
			len < 8 ? len : 8);
}

void
pier__decode_cooked(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "packet_type", PIER_FIELD_NUMBER, 0, 2, 0, packet_types },
		{ "hardware", PIER_FIELD_NUMBER, 2, 2, 0, hardware },
		{ "address_length", PIER_FIELD_NUMBER, 4, 2, 0, NULL },
	};
	static const struct pier__row typed[] = {
		{ "type", PIER_FIELD_HEX, 14, 2, 0, pier__ethertypes },
	};
	uint16_t type;

	if (pier__layer_begin(layers, PIER_LAYER_COOKED) == NULL ||
		!pier__layer_take(layers, 16))
		return;
	PIER__ROWS(layers, rows);
	add_link_address(layers, layers->at + 6,
		pier__layer_u16(layers, layers->at + 4));
	PIER__ROWS(layers, typed);
	type = pier__layer_u16(layers, layers->at + 14);
	note_ethertype(layers, type);
	pier__layer_end(layers, pier__kind_of_ethertype(type));
}

void
pier__decode_cooked2(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "type", PIER_FIELD_HEX, 0, 2, 0, pier__ethertypes },
		{ "interface", PIER_FIELD_NUMBER, 4, 4, 0, NULL },
		{ "hardware", PIER_FIELD_NUMBER, 8, 2, 0, hardware },
		{ "packet_type", PIER_FIELD_NUMBER, 10, 1, 0, packet_types },
		{ "address_length", PIER_FIELD_NUMBER, 11, 1, 0, NULL },
	};
	uint16_t type;

	if (pier__layer_begin(layers, PIER_LAYER_COOKED2) == NULL ||
		!pier__layer_take(layers, 20))
		return;
	PIER__ROWS(layers, rows);
	add_link_address(layers, layers->at + 12,
		pier__layer_u8(layers, layers->at + 11));
	type = pier__layer_u16(layers, layers->at);
	note_ethertype(layers, type);
	pier__layer_end(layers, pier__kind_of_ethertype(type));
}

/* The family as the machine that captured wrote it, in its byte order; those of
   IPv6 differ from system to system. */
void
pier__decode_loopback(struct pier_layers *layers)
{
	uint32_t family, next = PIER_LAYER_DATA;
	struct pier_field *field;

	if (pier__layer_begin(layers, PIER_LAYER_LOOPBACK) == NULL ||
		!pier__layer_take(layers, 4))
		return;
	family = pier__layer_u32(layers, layers->at);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	field = pier__layer_field(
		layers, "family", PIER_FIELD_NUMBER, layers->at, 4);
	if (family == 2)
		next = PIER_LAYER_IP4;
	else if (family == 10 || family == 24 || family == 28 || family == 30)
		next = PIER_LAYER_IP6;
	if (field != NULL) {
		field->value = family;
		field->meaning = next == PIER_LAYER_IP4   ? "IPv4"
				 : next == PIER_LAYER_IP6 ? "IPv6"
							  : NULL;
	}
	pier__layer_end(layers, next);
}

static const struct pier__meaning arp_operations[] = {
	{ 1, "request" },
	{ 2, "reply" },
	{ 3, "reverse request" },
	{ 4, "reverse reply" },
	{ 0, NULL },
};

/* Hardware and protocol address of the sender, then of the target. */
static void
add_arp_addresses(struct pier_layers *layers, bool usual)
{
	static const struct pier__row rows[] = {
		{ "sender_hardware", PIER_FIELD_MAC, 8, 6, 0, NULL },
		{ "sender", PIER_FIELD_IP4, 14, 4, 0, NULL },
		{ "target_hardware", PIER_FIELD_MAC, 18, 6, 0, NULL },
		{ "target", PIER_FIELD_IP4, 24, 4, 0, NULL },
	};

	if (usual)
		PIER__ROWS(layers, rows);
	else if (pier__layer(layers)->size > 8)
		(void)pier__layer_field(layers, "addresses", PIER_FIELD_BYTES,
			layers->at + 8, pier__layer(layers)->size - 8);
}

void
pier__decode_arp(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "hardware", PIER_FIELD_NUMBER, 0, 2, 0, hardware },
		{ "protocol", PIER_FIELD_HEX, 2, 2, 0, pier__ethertypes },
		{ "hardware_length", PIER_FIELD_NUMBER, 4, 1, 0, NULL },
		{ "protocol_length", PIER_FIELD_NUMBER, 5, 1, 0, NULL },
		{ "operation", PIER_FIELD_NUMBER, 6, 2, 0, arp_operations },
	};
	size_t at = layers->at, hardware_len, protocol_len;
	bool usual;

	if (pier__layer_begin(layers, PIER_LAYER_ARP) == NULL ||
		!pier__layer_take(layers, 8))
		return;
	PIER__ROWS(layers, rows);
	hardware_len = pier__layer_u8(layers, at + 4);
	protocol_len = pier__layer_u8(layers, at + 5);
	if (!pier__layer_take(layers, 8 + 2 * (hardware_len + protocol_len)))
		return;
	usual = hardware_len == 6 && protocol_len == 4 &&
		pier__layer_u16(layers, at + 2) == 0x0800;
	add_arp_addresses(layers, usual);
	if (usual && pier__layer_is_outer(layers)) {
		layers->facts.kind = PIER_LAYER_ARP;
		layers->facts.source = at + 14;
		layers->facts.target = at + 24;
	}
	/* Ethernet fills up what is shorter than 46 bytes. */
	layers->whole = at + pier__layer(layers)->size;
	layers->whole_end = layers->end;
}
