/* SPDX-License-Identifier: MIT */
/*
 * The headers of a packet, one inside the other: Ethernet, VLAN tags, cooked
 * and loopback captures, ARP, IPv4 and IPv6 with what may stand behind them,
 * ICMP, TCP, UDP, SCTP.
 *
 * Pure: bytes to layers, whatever the bytes are. Nothing is read beyond what was
 * captured, and a layer that ends too early or contradicts itself says so, with
 * the place. No call waits.
 */
#ifndef PIER_LAYERS_H
#define PIER_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the bytes of a packet begin with: the LINKTYPE_ numbers of pcap files. */
enum pier_link {
	PIER_LINK_NULL = 0, /* BSD loopback: four bytes, a family */
	PIER_LINK_ETHERNET = 1,
	PIER_LINK_RAW = 101,  /* an IP header, of either version */
	PIER_LINK_LOOP = 108, /* OpenBSD loopback: the family big endian */
	PIER_LINK_COOKED = 113,
	PIER_LINK_IP4 = 228,
	PIER_LINK_IP6 = 229,
	PIER_LINK_COOKED2 = 276 /* with the interface: any of a machine */
};

enum pier_direction {
	PIER_DIRECTION_UNKNOWN,
	PIER_DIRECTION_IN,        /* for this machine */
	PIER_DIRECTION_BROADCAST, /* in, for all on the link */
	PIER_DIRECTION_MULTICAST, /* in, for a group */
	PIER_DIRECTION_OTHER,     /* in, for another machine */
	PIER_DIRECTION_OUT
};

/* A packet as it was captured. */
struct pier_captured {
	const unsigned char *data; /* borrowed */
	size_t size;               /* bytes at data */
	size_t full_size;      /* on the wire; more than size: it was cut off */
	uint32_t link;         /* enum pier_link */
	uint32_t interface;    /* its index; 0: unknown */
	int64_t time_ns;       /* since 1970, UTC */
	uint32_t direction;    /* enum pier_direction */
	bool checksum_pending; /* the device, or nobody, fills checksums in */
};

enum pier_layer_kind {
	PIER_LAYER_NONE,
	PIER_LAYER_ETHERNET,
	PIER_LAYER_VLAN,
	PIER_LAYER_COOKED,
	PIER_LAYER_COOKED2,
	PIER_LAYER_LOOPBACK,
	PIER_LAYER_ARP,
	PIER_LAYER_IP4,
	PIER_LAYER_IP6,
	PIER_LAYER_HOP_OPTIONS,
	PIER_LAYER_ROUTING,
	PIER_LAYER_FRAGMENT,
	PIER_LAYER_DESTINATION_OPTIONS,
	PIER_LAYER_AUTHENTICATION,
	PIER_LAYER_ICMP,
	PIER_LAYER_ICMP6,
	PIER_LAYER_TCP,
	PIER_LAYER_UDP,
	PIER_LAYER_SCTP,
	PIER_LAYER_DATA,    /* what no layer above knows */
	PIER_LAYER_TRAILER, /* behind the end that IP tells, as padding */
	PIER_LAYER_COUNT
};

enum pier_layer_state {
	PIER_LAYER_WHOLE,
	PIER_LAYER_CUT,      /* what was captured ends inside its header */
	PIER_LAYER_MALFORMED /* it breaks the rules of its protocol */
};

enum pier_checksum {
	PIER_CHECKSUM_NONE, /* the layer has none */
	PIER_CHECKSUM_GOOD,
	PIER_CHECKSUM_BAD,
	PIER_CHECKSUM_PENDING,  /* not filled in yet: offload */
	PIER_CHECKSUM_UNCHECKED /* not all of its bytes are here */
};

/* A layer; it is inside the one before it. */
struct pier_layer {
	uint32_t kind;     /* enum pier_layer_kind */
	const char *name;  /* "ethernet", "ipv4", …: a constant string */
	size_t offset;     /* in the packet */
	size_t size;       /* bytes of its header that are there */
	size_t fields;     /* how many, see pier_layer_field() */
	uint32_t state;    /* enum pier_layer_state */
	uint32_t checksum; /* enum pier_checksum */
	const char *wrong; /* what is wrong: a constant string, or NULL */
	size_t wrong_at;   /* where in the packet */
	size_t first;      /* of all fields, its first: for pier itself */
};

enum pier_field_type {
	PIER_FIELD_NUMBER,
	PIER_FIELD_HEX, /* a number that is bits or a code */
	PIER_FIELD_FLAG,
	PIER_FIELD_MAC,
	PIER_FIELD_IP4,
	PIER_FIELD_IP6,
	PIER_FIELD_BYTES
};

/* A field of a header. */
struct pier_field {
	const char *name;    /* "ttl": a constant string of a-z, 0-9 and _ */
	uint32_t type;       /* enum pier_field_type */
	uint64_t value;      /* host order; 0 of IP6 and BYTES */
	size_t offset;       /* in the packet */
	size_t size;         /* bytes; of bits, those that they stand in */
	const char *meaning; /* of the value: a constant string, or NULL */
};

/* The layers of one packet. */
struct pier_layers;

/* The most layers, and the most fields of all of them, that are looked at; what
   is behind them is data. */
#define PIER_LAYERS_MAX 32
#define PIER_FIELDS_MAX 512

/* Enough for the text of any field, or of a line; its NUL included. */
#define PIER_FIELD_TEXT_MAX  256
#define PIER_LAYERS_TEXT_MAX 512

/*
 * pier_layers_new(out): room for the layers of a packet, to be used for one
 * packet after the other.
 *
 *   out  on success owned by the caller, who ends it by pier_layers_free()
 *
 * Returns 0, or -ENOMEM: no memory.
 */
int pier_layers_new(struct pier_layers **out);

/* pier_layers_free(layers): free it. NULL is fine. */
void pier_layers_free(struct pier_layers *layers);

/*
 * pier_layers_decode(layers, packet): take a packet apart. What was known of an
 * earlier one is gone.
 *
 *   packet  its data is borrowed until the next call, or pier_layers_free()
 *
 * Returns how many layers there are, at least 1; never fails.
 */
size_t pier_layers_decode_sized(struct pier_layers *layers,
	const struct pier_captured *packet, size_t packet_size);

static inline size_t
pier_layers_decode(
	struct pier_layers *layers, const struct pier_captured *packet)
{
	return pier_layers_decode_sized(layers, packet, sizeof(*packet));
}

/*
 * pier_layer_at(layers, i): the i-th layer from outside, 0 being the first, or
 * NULL. Borrowed until the next packet.
 */
const struct pier_layer *pier_layer_at(
	const struct pier_layers *layers, size_t i);

/*
 * pier_layer_field(layers, layer, i): the i-th field of a layer, in the order
 * of its bytes, or NULL. A name may come more than once, as of options. Borrowed
 * until the next packet.
 */
const struct pier_field *pier_layer_field(const struct pier_layers *layers,
	const struct pier_layer *layer, size_t i);

/*
 * pier_field_format(layers, field, buf, size): the value of a field as text:
 * "64", "0x0800", "00:00:5e:00:53:01", "192.0.2.1"; bytes as hexadecimal digits,
 * the first 64 of them.
 *
 * Returns the length without the NUL, or -ENOSPC: buf is too short, which
 * PIER_FIELD_TEXT_MAX bytes never are.
 */
int pier_field_format(const struct pier_layers *layers,
	const struct pier_field *field, char *buf, size_t size);

/*
 * pier_layers_line(layers, buf, size): the packet in one line: what the innermost
 * layers say, and what is wrong.
 *   TCP 192.0.2.1:40000 > 192.0.2.2:80 [SYN] seq 1 win 64240 mss 1460, 0 bytes
 *
 * Returns the length without the NUL, or -ENOSPC: buf is too short, which
 * PIER_LAYERS_TEXT_MAX bytes never are.
 */
int pier_layers_line(const struct pier_layers *layers, char *buf, size_t size);

/*
 * pier_layer_state_name(state), pier_checksum_name(checksum),
 * pier_direction_name(direction): the word for a value: "whole", "cut",
 * "malformed"; "none", "good", "bad", "pending", "unchecked"; "unknown", "in",
 * "broadcast", "multicast", "other", "out". A constant string; NULL for any
 * other number.
 */
const char *pier_layer_state_name(unsigned int state);
const char *pier_checksum_name(unsigned int checksum);
const char *pier_direction_name(unsigned int direction);

#ifdef __cplusplus
}
#endif

#endif
