/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers_transport.c - TCP (RFC 9293) with its options, UDP (RFC 768),
 * and the header of SCTP (RFC 9260) with its chunks.
 */
#include "inspect/layers.h"

static const struct pier__row tcp_rows[] = {
	{ "source_port", PIER_FIELD_NUMBER, 0, 2, 0, NULL },
	{ "destination_port", PIER_FIELD_NUMBER, 2, 2, 0, NULL },
	{ "sequence", PIER_FIELD_NUMBER, 4, 4, 0, NULL },
	{ "acknowledgment", PIER_FIELD_NUMBER, 8, 4, 0, NULL },
	{ "header_length", PIER_FIELD_NUMBER, 12, 1, 0xf0, NULL },
	{ "flags", PIER_FIELD_HEX, 12, 2, 0x0fff, NULL },
	{ "window", PIER_FIELD_NUMBER, 14, 2, 0, NULL },
};

static const struct pier__row tcp_urgent[] = {
	{ "urgent_pointer", PIER_FIELD_NUMBER, 18, 2, 0, NULL },
};

enum {
	TCP_HEADER_LENGTH = 4 /* in tcp_rows */
};

static const struct pier__meaning tcp_options[] = {
	{ 0, "end" },
	{ 1, "nothing" },
	{ 2, "maximum segment size" },
	{ 3, "window scale" },
	{ 4, "selective acknowledgments permitted" },
	{ 5, "selective acknowledgments" },
	{ 8, "timestamps" },
	{ 19, "MD5 signature" },
	{ 28, "user timeout" },
	{ 29, "authentication" },
	{ 30, "multipath TCP" },
	{ 34, "fast open cookie" },
	{ 0, NULL },
};

/* The values of options that have some, behind their type and length. */
static const struct {
	uint8_t type, len;
	const char *name;
	uint8_t at, size;
} tcp_values[] = {
	{ 2, 4, "mss", 2, 2 },
	{ 3, 3, "window_scale", 2, 1 },
	{ 8, 10, "timestamp", 2, 4 },
	{ 8, 10, "timestamp_echo", 6, 4 },
};

static void
add_tcp_values(struct pier_layers *layers, uint8_t type, size_t at, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(tcp_values) / sizeof(tcp_values[0]); i++)
		if (tcp_values[i].type == type && tcp_values[i].len == len)
			(void)pier__layer_field(layers, tcp_values[i].name,
				PIER_FIELD_NUMBER, at + tcp_values[i].at,
				tcp_values[i].size);
	/* Pairs of edges. */
	for (i = 2; type == 5 && i + 8 <= len; i += 8) {
		(void)pier__layer_field(
			layers, "sack_left", PIER_FIELD_NUMBER, at + i, 4);
		(void)pier__layer_field(
			layers, "sack_right", PIER_FIELD_NUMBER, at + i + 4, 4);
	}
}

static void
add_tcp_options(struct pier_layers *layers, size_t at, size_t stop)
{
	const struct pier_field *option;

	while ((option = pier__layer_option(layers, &at, stop, tcp_options)) !=
		NULL)
		add_tcp_values(layers, (uint8_t)option->value, option->offset,
			option->size);
}

void
pier__decode_tcp(struct pier_layers *layers)
{
	size_t at = layers->at, header, first = layers->field_count;
	const struct pier__sum sum = {
		.at = at + 16, .from = at, .to = layers->full, .pseudo = 6
	};

	pier__layer_ports(layers);
	if (pier__layer_begin(layers, PIER_LAYER_TCP) == NULL)
		return;
	/* An ICMP error quotes eight bytes at least: the ports are in them. */
	if (!pier__layer_take(layers, 20)) {
		pier__layer_rows(layers, tcp_rows,
			layers->end - at >= 8   ? 3
			: layers->end - at >= 4 ? 2
						: 0);
		return;
	}
	PIER__ROWS(layers, tcp_rows);
	if (layers->field_count - first > TCP_HEADER_LENGTH)
		layers->fields[first + TCP_HEADER_LENGTH].value *= 4;
	pier__layer_checksum(layers, &sum);
	PIER__ROWS(layers, tcp_urgent);
	header = 4 * (size_t)(pier__layer_u8(layers, at + 12) >> 4);
	if (header < 20) {
		pier__layer_wrong(
			layers, at + 12, "its header has less than 20 bytes");
		return;
	}
	if (!pier__layer_take(layers, header))
		return;
	add_tcp_options(layers, at + 20, at + header);
	pier__layer_end(layers, PIER_LAYER_DATA);
}

/* The end by the length in the header: where the sum ends. 0 is a packet that
   the kernel cuts into pieces later. */
static size_t
narrow_udp(struct pier_layers *layers)
{
	size_t at = layers->at, len = pier__layer_u16(layers, at + 4);

	if (len == 0)
		return layers->full;
	if (len < 8) {
		pier__layer_wrong(
			layers, at + 4, "its length is less than 8 bytes");
		return 0;
	}
	if (len > layers->full - at) {
		if (!layers->is_part && !layers->is_quoted)
			pier__layer_wrong(layers, at + 4,
				"its length is more than there is");
		return layers->full;
	}
	layers->full = at + len;
	if (layers->end > layers->full)
		layers->end = layers->full;
	return layers->full;
}

void
pier__decode_udp(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "source_port", PIER_FIELD_NUMBER, 0, 2, 0, NULL },
		{ "destination_port", PIER_FIELD_NUMBER, 2, 2, 0, NULL },
		{ "length", PIER_FIELD_NUMBER, 4, 2, 0, NULL },
	};
	struct pier__sum sum = { .at = layers->at + 6,
		.from = layers->at,
		.pseudo = 17,
		.optional = true };

	pier__layer_ports(layers);
	if (pier__layer_begin(layers, PIER_LAYER_UDP) == NULL)
		return;
	if (!pier__layer_take(layers, 8)) {
		pier__layer_rows(
			layers, rows, layers->end - layers->at >= 4 ? 2 : 0);
		return;
	}
	PIER__ROWS(layers, rows);
	sum.to = narrow_udp(layers);
	if (sum.to == 0)
		return;
	pier__layer_checksum(layers, &sum);
	pier__layer_end(layers, PIER_LAYER_DATA);
}

static const struct pier__meaning sctp_chunks[] = {
	{ 0, "DATA" },
	{ 1, "INIT" },
	{ 2, "INIT ACK" },
	{ 3, "SACK" },
	{ 4, "HEARTBEAT" },
	{ 5, "HEARTBEAT ACK" },
	{ 6, "ABORT" },
	{ 7, "SHUTDOWN" },
	{ 8, "SHUTDOWN ACK" },
	{ 9, "ERROR" },
	{ 10, "COOKIE ECHO" },
	{ 11, "COOKIE ACK" },
	{ 14, "SHUTDOWN COMPLETE" },
	{ 0, NULL },
};

/* CRC32c of the packet with its checksum as zeros, RFC 9260 appendix A; a bit at
   a time, since this is for looking. */
static uint32_t
crc32c(const struct pier_layers *layers, size_t from, size_t to)
{
	uint32_t crc = UINT32_MAX;
	size_t i;
	int bit;

	for (i = from; i < to; i++) {
		if (i - from < 8 || i - from >= 12)
			crc ^= layers->bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return __builtin_bswap32(~crc);
}

static void
add_sctp_checksum(struct pier_layers *layers)
{
	struct pier_layer *layer = pier__layer(layers);
	size_t at = layers->at;
	struct pier_field *field = pier__layer_field(
		layers, "checksum", PIER_FIELD_HEX, at + 8, 4);

	if (layers->full > layers->end || layers->is_part || layers->is_quoted)
		layer->checksum = PIER_CHECKSUM_UNCHECKED;
	else if (crc32c(layers, at, layers->end) ==
		 pier__layer_u32(layers, at + 8))
		layer->checksum = PIER_CHECKSUM_GOOD;
	else
		layer->checksum = layers->packet.checksum_pending
					  ? PIER_CHECKSUM_PENDING
					  : PIER_CHECKSUM_BAD;
	if (field != NULL)
		field->meaning = pier_checksum_name(layer->checksum);
}

/* Each chunk fills a multiple of four bytes. What it carries is in it: the layer
   ends with the last of them. */
static void
add_chunks(struct pier_layers *layers, size_t at)
{
	while (layers->end - at >= 4) {
		size_t len = pier__layer_u16(layers, at + 2);
		size_t here = layers->end - at;
		struct pier_field *field;

		if (len < 4 || len > layers->full - at) {
			if (!layers->is_part && !layers->is_quoted)
				pier__layer_wrong(layers, at,
					"a chunk's length does not fit");
			return;
		}
		field = pier__layer_field(
			layers, "chunk", PIER_FIELD_NUMBER, at, 1);
		if (field == NULL)
			return;
		field->size = len < here ? len : here;
		field->meaning = pier__meaning(sctp_chunks, field->value);
		len = (len + 3) & ~(size_t)3;
		at += len < here ? len : here;
		pier__layer(layers)->size = at - layers->at;
	}
}

void
pier__decode_sctp(struct pier_layers *layers)
{
	static const struct pier__row rows[] = {
		{ "source_port", PIER_FIELD_NUMBER, 0, 2, 0, NULL },
		{ "destination_port", PIER_FIELD_NUMBER, 2, 2, 0, NULL },
		{ "verification_tag", PIER_FIELD_HEX, 4, 4, 0, NULL },
	};

	pier__layer_ports(layers);
	if (pier__layer_begin(layers, PIER_LAYER_SCTP) == NULL ||
		!pier__layer_take(layers, 12))
		return;
	PIER__ROWS(layers, rows);
	add_sctp_checksum(layers);
	add_chunks(layers, layers->at + 12);
	pier__layer_end(layers, PIER_LAYER_DATA);
}
