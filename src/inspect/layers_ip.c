/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers_ip.c - IPv4 (RFC 791) with its options, IPv6 (RFC 8200) with its
 * extension headers.
 *
 * A length of 0 is no error where the kernel cut a large segment into packets
 * only later, or put them together (segmentation offload): then the packet ends
 * where the captured one does.
 */
#include "inspect/layers.h"

const struct pier__meaning pier__protocols[] = {
	{ 0, "hop-by-hop options" },
	{ 1, "ICMP" },
	{ 2, "IGMP" },
	{ 4, "IPv4" },
	{ 6, "TCP" },
	{ 17, "UDP" },
	{ 33, "DCCP" },
	{ 41, "IPv6" },
	{ 43, "routing" },
	{ 44, "fragment" },
	{ 47, "GRE" },
	{ 50, "ESP" },
	{ 51, "AH" },
	{ 58, "ICMPv6" },
	{ 59, "nothing" },
	{ 60, "destination options" },
	{ 89, "OSPF" },
	{ 103, "PIM" },
	{ 112, "VRRP" },
	{ 132, "SCTP" },
	{ 136, "UDP-Lite" },
	{ 0, NULL },
};

static const struct {
	uint8_t protocol, kind;
	bool is_extension; /* of IPv6 alone */
} kinds[] = {
	{ 0, PIER_LAYER_HOP_OPTIONS, true },
	{ 1, PIER_LAYER_ICMP, false },
	{ 4, PIER_LAYER_IP4, false },
	{ 6, PIER_LAYER_TCP, false },
	{ 17, PIER_LAYER_UDP, false },
	{ 41, PIER_LAYER_IP6, false },
	{ 43, PIER_LAYER_ROUTING, true },
	{ 44, PIER_LAYER_FRAGMENT, true },
	{ 51, PIER_LAYER_AUTHENTICATION, false },
	{ 58, PIER_LAYER_ICMP6, false },
	{ 60, PIER_LAYER_DESTINATION_OPTIONS, true },
	{ 132, PIER_LAYER_SCTP, false },
};

static uint32_t
kind_of(uint8_t protocol, bool version6)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].protocol == protocol)
			return kinds[i].is_extension && !version6
				       ? PIER_LAYER_DATA
				       : kinds[i].kind;
	return PIER_LAYER_DATA;
}

/*
 * The packet ends `size` bytes behind `from`, by its header. What is behind that
 * end belongs to the link, of the first IP header; what is missing up to it is
 * an error, unless it is only the beginning of a packet that an ICMP error
 * quotes.
 */
static void
narrow(struct pier_layers *layers, size_t size, size_t wrong_at)
{
	size_t stop = pier__layer(layers)->offset + size;

	if (stop > layers->full) {
		if (!layers->is_quoted)
			pier__layer_wrong(layers, wrong_at,
				"its length is more than there is");
		return;
	}
	layers->full = stop;
	if (stop > layers->end)
		return;
	if (layers->whole == 0) {
		layers->whole = stop;
		layers->whole_end = layers->end;
	}
	layers->end = stop;
}

/* Facts are those of the first IP header. */
static void
note_ip(struct pier_layers *layers, uint32_t kind, size_t addresses,
	size_t address_size)
{
	layers->address_at = addresses;
	layers->address_size = address_size;
	layers->is_part = false;
	if (!pier__layer_is_outer(layers))
		return;
	/* Where there is no link, nothing but the version says what it is. */
	if (layers->facts.ethertype == 0)
		layers->facts.ethertype =
			kind == PIER_LAYER_IP4 ? 0x0800 : 0x86dd;
	layers->facts.kind = (uint8_t)kind;
	layers->facts.source = addresses;
	layers->facts.target = addresses + address_size;
}

static void
note_protocol(struct pier_layers *layers, uint8_t protocol)
{
	if (pier__layer_is_outer(layers))
		layers->facts.protocol = protocol;
}

/* It is one of several fragments. */
static void
note_part(struct pier_layers *layers)
{
	layers->is_part = true;
	if (pier__layer_is_outer(layers))
		layers->facts.is_fragment = true;
}

static const struct pier__meaning ip4_options[] = {
	{ 0, "end" },
	{ 1, "nothing" },
	{ 7, "record route" },
	{ 68, "timestamps" },
	{ 130, "security" },
	{ 131, "loose source route" },
	{ 137, "strict source route" },
	{ 148, "router alert" },
	{ 0, NULL },
};

/* From `at` to the end of the header: a type, and but for the first two a length
   that counts both. */
static void
add_ip4_options(struct pier_layers *layers, size_t at, size_t stop)
{
	while (pier__layer_option(layers, &at, stop, ip4_options) != NULL)
		;
}

static const struct pier__row ip4_rows[] = {
	{ "version", PIER_FIELD_NUMBER, 0, 1, 0xf0, NULL },
	{ "header_length", PIER_FIELD_NUMBER, 0, 1, 0x0f, NULL },
	{ "dscp", PIER_FIELD_NUMBER, 1, 1, 0xfc, NULL },
	{ "ecn", PIER_FIELD_NUMBER, 1, 1, 0x03, NULL },
	{ "total_length", PIER_FIELD_NUMBER, 2, 2, 0, NULL },
	{ "id", PIER_FIELD_HEX, 4, 2, 0, NULL },
	{ "dont_fragment", PIER_FIELD_FLAG, 6, 2, 0x4000, NULL },
	{ "more_fragments", PIER_FIELD_FLAG, 6, 2, 0x2000, NULL },
	{ "fragment_offset", PIER_FIELD_NUMBER, 6, 2, 0x1fff, NULL },
	{ "ttl", PIER_FIELD_NUMBER, 8, 1, 0, NULL },
	{ "protocol", PIER_FIELD_NUMBER, 9, 1, 0, pier__protocols },
};

static const struct pier__row ip4_addresses[] = {
	{ "source", PIER_FIELD_IP4, 12, 4, 0, NULL },
	{ "destination", PIER_FIELD_IP4, 16, 4, 0, NULL },
};

enum {
	IP4_HEADER_LENGTH = 1, /* in ip4_rows: what counts in units */
	IP4_FRAGMENT_OFFSET = 8
};

/* The first 20 bytes. false: it is no IPv4. */
static bool
read_ip4(struct pier_layers *layers, size_t header)
{
	size_t first = layers->field_count;
	size_t at = layers->at;

	PIER__ROWS(layers, ip4_rows);
	/* Lengths are in bytes here, in words on the wire. */
	if (layers->field_count - first > IP4_FRAGMENT_OFFSET) {
		layers->fields[first + IP4_HEADER_LENGTH].value *= 4;
		layers->fields[first + IP4_FRAGMENT_OFFSET].value *= 8;
	}
	if (pier__layer_u8(layers, at) >> 4 != 4)
		pier__layer_wrong(layers, at, "the version is not 4");
	else if (header < 20)
		pier__layer_wrong(
			layers, at, "its header has less than 20 bytes");
	else
		return true;
	return false;
}

static void
finish_ip4(struct pier_layers *layers, size_t header)
{
	size_t at = layers->at, total = pier__layer_u16(layers, at + 2);
	const uint16_t part = pier__layer_u16(layers, at + 6);
	const uint8_t protocol = pier__layer_u8(layers, at + 9);

	if (total != 0 && total < header) {
		pier__layer_wrong(
			layers, at + 2, "its length is less than its header's");
		return;
	}
	if (total != 0)
		narrow(layers, total, at + 2);
	pier__layer_end(layers, (part & 0x1fff) != 0
					? PIER_LAYER_DATA
					: kind_of(protocol, false));
}

void
pier__decode_ip4(struct pier_layers *layers)
{
	size_t at = layers->at, header;
	struct pier__sum sum = { .at = at + 10, .from = at };

	if (layers->facts.kind != 0)
		layers->is_outer = false;
	if (pier__layer_begin(layers, PIER_LAYER_IP4) == NULL ||
		!pier__layer_take(layers, 20))
		return;
	header = 4 * (size_t)(pier__layer_u8(layers, at) & 0x0f);
	if (!read_ip4(layers, header))
		return;
	note_ip(layers, PIER_LAYER_IP4, at + 12, 4);
	note_protocol(layers, pier__layer_u8(layers, at + 9));
	if ((pier__layer_u16(layers, at + 6) & 0x3fff) != 0)
		note_part(layers);
	sum.to = at + header;
	/* A quoted header's checksum may be that of another hop. */
	pier__layer_checksum(layers, &sum);
	PIER__ROWS(layers, ip4_addresses);
	if (!pier__layer_take(layers, header))
		return;
	add_ip4_options(layers, at + 20, at + header);
	finish_ip4(layers, header);
}

static const struct pier__row ip6_rows[] = {
	{ "version", PIER_FIELD_NUMBER, 0, 1, 0xf0, NULL },
	{ "dscp", PIER_FIELD_NUMBER, 0, 2, 0x0fc0, NULL },
	{ "ecn", PIER_FIELD_NUMBER, 1, 1, 0x30, NULL },
	{ "flow_label", PIER_FIELD_HEX, 0, 4, 0xfffff, NULL },
	{ "payload_length", PIER_FIELD_NUMBER, 4, 2, 0, NULL },
	{ "next_header", PIER_FIELD_NUMBER, 6, 1, 0, pier__protocols },
	{ "hop_limit", PIER_FIELD_NUMBER, 7, 1, 0, NULL },
	{ "source", PIER_FIELD_IP6, 8, 16, 0, NULL },
	{ "destination", PIER_FIELD_IP6, 24, 16, 0, NULL },
};

void
pier__decode_ip6(struct pier_layers *layers)
{
	size_t at = layers->at, payload;

	if (layers->facts.kind != 0)
		layers->is_outer = false;
	if (pier__layer_begin(layers, PIER_LAYER_IP6) == NULL ||
		!pier__layer_take(layers, 40))
		return;
	PIER__ROWS(layers, ip6_rows);
	if (pier__layer_u8(layers, at) >> 4 != 6) {
		pier__layer_wrong(layers, at, "the version is not 6");
		return;
	}
	note_ip(layers, PIER_LAYER_IP6, at + 8, 16);
	note_protocol(layers, pier__layer_u8(layers, at + 6));
	payload = pier__layer_u16(layers, at + 4);
	if (payload != 0)
		narrow(layers, 40 + payload, at + 4);
	pier__layer_end(layers, kind_of(pier__layer_u8(layers, at + 6), true));
}

/*
 * What every extension header begins with: what is next, and how long it is, in
 * units of 8 bytes behind the first 8; of AH in units of 4 behind the first 8.
 * Its length, or 0: it is not there.
 */
static size_t
begin_extension(struct pier_layers *layers, uint32_t kind)
{
	static const struct pier__row rows[] = {
		{ "next_header", PIER_FIELD_NUMBER, 0, 1, 0, pier__protocols },
	};
	size_t at = layers->at, size = 8;
	uint8_t units = pier__layer_u8(layers, at + 1);
	struct pier_field *field;

	if (pier__layer_begin(layers, kind) == NULL ||
		!pier__layer_take(layers, 8))
		return 0;
	PIER__ROWS(layers, rows);
	if (layers->extensions < UINT8_MAX)
		layers->extensions++;
	note_protocol(layers, pier__layer_u8(layers, at));
	if (kind == PIER_LAYER_FRAGMENT)
		return size;
	size += units * (kind == PIER_LAYER_AUTHENTICATION ? 4U : 8U);
	field = pier__layer_field(
		layers, "length", PIER_FIELD_NUMBER, at + 1, 1);
	if (field != NULL)
		field->value = size;
	return pier__layer_take(layers, size) ? size : 0;
}

static void
end_extension(struct pier_layers *layers)
{
	pier__layer_end(
		layers, kind_of(pier__layer_u8(layers, layers->at), true));
}

static const struct pier__meaning ip6_options[] = {
	{ 0x00, "one byte of padding" },
	{ 0x01, "padding" },
	{ 0x04, "tunnel limit" },
	{ 0x05, "router alert" },
	{ 0xc2, "jumbo payload" },
	{ 0xc9, "home address" },
	{ 0, NULL },
};

static void
decode_options(struct pier_layers *layers, uint32_t kind)
{
	size_t at = layers->at, size = begin_extension(layers, kind);
	size_t stop = at + size, len;

	if (size == 0)
		return;
	for (at += 2; at < stop; at += len) {
		uint8_t type = pier__layer_u8(layers, at);
		struct pier_field *field;

		len = type == 0 ? 1 : 2;
		if (type != 0 && stop - at >= 2)
			len += pier__layer_u8(layers, at + 1);
		if (len > stop - at) {
			pier__layer_wrong(
				layers, at, "an option's length does not fit");
			break;
		}
		field = pier__layer_field(
			layers, "option", PIER_FIELD_NUMBER, at, 1);
		if (field == NULL)
			break;
		field->size = len;
		field->meaning = pier__meaning(ip6_options, type);
	}
	end_extension(layers);
}

void
pier__decode_hop_options(struct pier_layers *layers)
{
	decode_options(layers, PIER_LAYER_HOP_OPTIONS);
}

void
pier__decode_destination_options(struct pier_layers *layers)
{
	decode_options(layers, PIER_LAYER_DESTINATION_OPTIONS);
}

void
pier__decode_routing(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "type", PIER_FIELD_NUMBER, 2, 1, 0, NULL },
		{ "segments_left", PIER_FIELD_NUMBER, 3, 1, 0, NULL },
	};

	if (begin_extension(layers, PIER_LAYER_ROUTING) == 0)
		return;
	PIER__ROWS(layers, rows);
	/* Checksums are over an address that is further down the way. */
	if (pier__layer_u8(layers, layers->at + 3) != 0)
		layers->is_part = true;
	end_extension(layers);
}

void
pier__decode_fragment(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "offset", PIER_FIELD_NUMBER, 2, 2, 0xfff8, NULL },
		{ "more_fragments", PIER_FIELD_FLAG, 2, 2, 0x0001, NULL },
		{ "id", PIER_FIELD_HEX, 4, 4, 0, NULL },
	};
	size_t first;
	uint16_t part;

	if (begin_extension(layers, PIER_LAYER_FRAGMENT) == 0)
		return;
	first = layers->field_count;
	PIER__ROWS(layers, rows);
	if (layers->field_count > first)
		layers->fields[first].value *= 8;
	part = pier__layer_u16(layers, layers->at + 2);
	if ((part & 0xfff9) != 0)
		note_part(layers);
	if ((part & 0xfff8) == 0)
		end_extension(layers);
	else
		pier__layer_end(layers, PIER_LAYER_DATA);
}

/* In IPv4 too, where filters do not look behind it. */
void
pier__decode_authentication(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "spi", PIER_FIELD_HEX, 4, 4, 0, NULL },
		{ "sequence", PIER_FIELD_NUMBER, 8, 4, 0, NULL },
	};
	bool version6 = layers->address_size == 16;
	size_t size;

	if (!version6)
		layers->is_outer = false;
	size = begin_extension(layers, PIER_LAYER_AUTHENTICATION);
	if (size == 0)
		return;
	if (size >= 12)
		PIER__ROWS(layers, rows);
	else
		pier__layer_wrong(layers, layers->at + 1,
			"its length is less than 12 bytes");
	pier__layer_end(
		layers, kind_of(pier__layer_u8(layers, layers->at), version6));
}
