/* SPDX-License-Identifier: MIT */
/*
 * inspect/packet_filter.h - which packets are wanted, as text:
 * pier-dump-filter(7).
 *
 * packet_filter.c reads the text into a tree, packet_filter_match.c asks it of a
 * packet that was taken apart, packet_filter_code.c makes a program of it that
 * asks the same of the packet's bytes in the kernel. The last two must agree
 * about every packet, however broken: a test lets them judge random ones.
 *
 * What both hold to:
 *   1. a condition whose bytes are not there does not hold, so that `not` of it
 *      does; no packet is refused for being short;
 *   2. addresses, protocols and ports are those of the outermost IP header, whose
 *      version and header length must be right, behind at most PIER__TAGS_MAX
 *      tags; ports are looked for within the length that IP tells, behind at
 *      most PIER__EXTENSIONS_MAX extension headers, and not in fragments but the
 *      first.
 */
#ifndef PIER_INSPECT_PACKET_FILTER_H
#define PIER_INSPECT_PACKET_FILTER_H

#include <pier/dump.h>

#include "base/text.h"

#define PIER__PACKET_NODES_MAX (4 * PIER_DUMP_TERMS_MAX)
#define PIER__PACKET_DEPTH_MAX 32 /* parentheses, one in the other */

enum pier__packet_about {
	PIER__PACKET_ETHERTYPE, /* low */
	PIER__PACKET_PROTOCOL,  /* low; kind 0: of either version of IP */
	PIER__PACKET_NETWORK,
	PIER__PACKET_PORTS,    /* low to high */
	PIER__PACKET_VLAN,     /* any tag */
	PIER__PACKET_VLAN_ID,  /* low */
	PIER__PACKET_FRAGMENT, /* any but a whole packet of IPv4 */
};

enum pier__packet_side {
	PIER__PACKET_EITHER,
	PIER__PACKET_SOURCE,
	PIER__PACKET_TARGET
};

/* One condition. */
struct pier__packet_term {
	uint8_t about; /* enum pier__packet_about */
	uint8_t side;  /* enum pier__packet_side */
	uint8_t kind;  /* PIER_LAYER_IP4, PIER_LAYER_IP6, or 0 */
	uint8_t bits;  /* PIER__PACKET_NETWORK: of bytes, 4 or 16 by kind */
	uint16_t low, high;
	unsigned char bytes[16];
};

enum pier__packet_op {
	PIER__PACKET_TERM, /* left is the term's number */
	PIER__PACKET_AND,
	PIER__PACKET_OR,
	PIER__PACKET_NOT /* of left */
};

struct pier__packet_node {
	uint8_t op;
	uint16_t left, right;
};

struct pier_dump_filter {
	bool empty; /* everything passes */
	uint16_t root;
	uint16_t node_count, term_count;
	struct pier__packet_node nodes[PIER__PACKET_NODES_MAX];
	struct pier__packet_term terms[PIER_DUMP_TERMS_MAX];
};

/* 0; or -EINVAL, and why says what and where. */
int pier__packet_filter_parse(struct pier_dump_filter *filter, const char *text,
	struct pier__why *why);

/* In packet_filter_term.c: a condition. `words` stands before its first word,
   and is moved behind its last. 0 or -EINVAL. */
int pier__packet_term_parse(struct pier__packet_term *term,
	struct pier__span *words, struct pier__why *why);

/* The word at the front, without spaces before it; empty: there is none. The
   rest of the text is left alone. */
struct pier__span pier__packet_word(struct pier__span *rest);

#endif
