/* SPDX-License-Identifier: MIT */
/*
 * inspect/layers.h - taking packets apart, from inside: what the decoders of
 * layers_link.c, layers_ip.c, layers_icmp.c and layers_transport.c share.
 *
 * A decoder begins a layer, takes its header's bytes, notes its fields, and says
 * what comes next. Invariants:
 *   1. at <= end <= full: the next header begins at `at`, what was captured of
 *      its packet ends at `end`, what was sent of it at `full`;
 *   2. `end` is at most the size of what was captured, and bytes are looked at by
 *      the functions below alone, which give 0 for what is not there;
 *   3. every layer begins where the one before it ended, so that a loop of
 *      layers ends: one takes at least a byte, or is the last.
 */
#ifndef PIER_INSPECT_LAYERS_H
#define PIER_INSPECT_LAYERS_H

#include <pier/layers.h>

/* Headers of IPv6 extensions, and VLAN tags, that filters look behind. */
#define PIER__EXTENSIONS_MAX 6
#define PIER__TAGS_MAX       3

/* What filters look at: of the outermost IP header, and what is in it. */
struct pier__facts {
	uint16_t ethertype; /* behind VLAN tags; 0: none, or a length */
	uint16_t vlan;      /* of the outermost tag; PIER__VLAN_IS set */
	uint8_t kind;       /* enum pier_layer_kind of IP4, IP6, ARP, or 0 */
	bool has_ports;
	bool is_fragment;      /* and not a whole packet */
	uint8_t protocol;      /* of IP4 and IP6: the last that is known */
	uint16_t ports[2];     /* source, target */
	size_t source, target; /* offsets of the addresses */
};

#define PIER__VLAN_IS 0x1000

struct pier_layers {
	const unsigned char *bytes;
	struct pier_captured packet;
	struct pier_layer layers[PIER_LAYERS_MAX];
	struct pier_field fields[PIER_FIELDS_MAX];
	size_t layer_count, field_count;

	/* While decoding. */
	size_t at, end, full;
	uint32_t next;           /* enum pier_layer_kind; NONE: no more */
	size_t whole, whole_end; /* where IP tells that its packet ends; 0 */
	/* For checksums: the addresses that go into them, 4 or 16 bytes each,
	   and whether all of the packet is here. */
	size_t address_at, address_size;
	bool is_part;   /* a fragment: its checksum is over more */
	bool is_quoted; /* inside an ICMP error: only its beginning */
	bool is_outer;  /* facts are taken */
	uint8_t tags, extensions;
	struct pier__facts facts;
};

/* Begin a layer at `at`. NULL: there are too many. */
struct pier_layer *pier__layer_begin(struct pier_layers *layers, uint32_t kind);

/* Its header has n bytes in all. false: they are not there, which is noted. */
bool pier__layer_take(struct pier_layers *layers, size_t n);

/* Note that the layer breaks a rule, at an offset in the packet. */
void pier__layer_wrong(struct pier_layers *layers, size_t at, const char *why);

/* The layer is done: go on behind its header with another kind. */
void pier__layer_end(struct pier_layers *layers, uint32_t next);

static inline struct pier_layer *
pier__layer(struct pier_layers *layers)
{
	return &layers->layers[layers->layer_count - 1];
}

/* Is this what filters look at: the outermost IP or ARP header, and what is in
   it, no further than their program can look? */
static inline bool
pier__layer_is_outer(const struct pier_layers *layers)
{
	return layers->is_outer && layers->tags <= PIER__TAGS_MAX &&
	       layers->extensions <= PIER__EXTENSIONS_MAX;
}

/* The layer's protocol has ports in its first four bytes. */
void pier__layer_ports(struct pier_layers *layers);

/* Bytes at an offset in the packet; what is not there counts as 0. */
uint8_t pier__layer_u8(const struct pier_layers *layers, size_t at);
uint16_t pier__layer_u16(const struct pier_layers *layers, size_t at);
uint32_t pier__layer_u32(const struct pier_layers *layers, size_t at);

/* A number and what it means; a list ends with a NULL meaning. */
struct pier__meaning {
	uint64_t value;
	const char *meaning;
};

const char *pier__meaning(const struct pier__meaning *list, uint64_t value);

/* A field at a fixed place of a header: size bytes, of them the bits of mask
   (0: all), moved down. */
struct pier__row {
	const char *name;
	uint8_t type; /* enum pier_field_type */
	uint8_t at, size;
	uint32_t mask;
	const struct pier__meaning *meanings;
};

/* Note the fields of the layer by a table. */
void pier__layer_rows(
	struct pier_layers *layers, const struct pier__row *rows, size_t count);

#define PIER__ROWS(layers, rows) \
	pier__layer_rows(layers, rows, sizeof(rows) / sizeof((rows)[0]))

/* Note one field at an offset in the packet. Returns it, to be added to; NULL:
   there are too many. */
struct pier_field *pier__layer_field(struct pier_layers *layers,
	const char *name, uint32_t type, size_t at, size_t size);

/* Note the option of an IPv4 or TCP header at *at, a type and a length but for
   types 0 and 1, and go on behind it; 0 is the last. NULL: there is no more, or
   its length does not fit, which is noted. */
const struct pier_field *pier__layer_option(struct pier_layers *layers,
	size_t *at, size_t stop, const struct pier__meaning *meanings);

/*
 * pier__layer_checksum(layers, name, at, from, to, pseudo): a checksum of RFC
 * 1071 at `at`, over the bytes [from, to), with the pseudo header of the IP layer
 * for that protocol, or 0: none. to above end: it cannot be checked.
 */
struct pier__sum {
	size_t at, from, to;
	uint8_t pseudo;
	bool optional; /* 0 says that there is none */
};
void pier__layer_checksum(
	struct pier_layers *layers, const struct pier__sum *sum);

/* What an EtherType is decoded as. */
uint32_t pier__kind_of_ethertype(uint16_t ethertype);

extern const struct pier__meaning pier__ethertypes[];
extern const struct pier__meaning pier__protocols[];

/* The decoders, each of a layer that begins at `at`. */
void pier__decode_ethernet(struct pier_layers *layers);
void pier__decode_vlan(struct pier_layers *layers);
void pier__decode_cooked(struct pier_layers *layers);
void pier__decode_cooked2(struct pier_layers *layers);
void pier__decode_loopback(struct pier_layers *layers);
void pier__decode_arp(struct pier_layers *layers);
void pier__decode_ip4(struct pier_layers *layers);
void pier__decode_ip6(struct pier_layers *layers);
void pier__decode_hop_options(struct pier_layers *layers);
void pier__decode_destination_options(struct pier_layers *layers);
void pier__decode_routing(struct pier_layers *layers);
void pier__decode_fragment(struct pier_layers *layers);
void pier__decode_authentication(struct pier_layers *layers);
void pier__decode_icmp(struct pier_layers *layers);
void pier__decode_icmp6(struct pier_layers *layers);
void pier__decode_tcp(struct pier_layers *layers);
void pier__decode_udp(struct pier_layers *layers);
void pier__decode_sctp(struct pier_layers *layers);

#endif
