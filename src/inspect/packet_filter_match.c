/* SPDX-License-Identifier: MIT */
/* inspect/packet_filter_match.c - does a packet that was taken apart pass? */
#include "inspect/packet_filter.h"

#include <string.h>

#include "inspect/layers.h"

/* Do the first bits agree? */
static bool
begins(const struct pier_layers *layers, size_t at,
	const struct pier__packet_term *term)
{
	unsigned whole = term->bits / 8, left = term->bits % 8;

	if (memcmp(layers->bytes + at, term->bytes, whole) != 0)
		return false;
	return left == 0 ||
	       (layers->bytes[at + whole] ^ term->bytes[whole]) >> (8 - left) ==
		       0;
}

static bool
is_on_side(const struct pier__packet_term *term, enum pier__packet_side side)
{
	return term->side == PIER__PACKET_EITHER || term->side == side;
}

/* An address of IPv4 is one of ARP too. */
static bool
holds_network(
	const struct pier__packet_term *term, const struct pier_layers *layers)
{
	const struct pier__facts *facts = &layers->facts;

	if (facts->kind != term->kind && !(facts->kind == PIER_LAYER_ARP &&
						 term->kind == PIER_LAYER_IP4))
		return false;
	return (is_on_side(term, PIER__PACKET_SOURCE) &&
		       begins(layers, facts->source, term)) ||
	       (is_on_side(term, PIER__PACKET_TARGET) &&
		       begins(layers, facts->target, term));
}

static bool
holds_ports(
	const struct pier__packet_term *term, const struct pier__facts *facts)
{
	size_t i;

	for (i = 0; facts->has_ports && i < 2; i++)
		if (is_on_side(term, i == 0 ? PIER__PACKET_SOURCE
					    : PIER__PACKET_TARGET) &&
			facts->ports[i] >= term->low &&
			facts->ports[i] <= term->high)
			return true;
	return false;
}

static bool
holds(const struct pier__packet_term *term, const struct pier_layers *layers)
{
	const struct pier__facts *facts = &layers->facts;

	switch (term->about) {
	case PIER__PACKET_ETHERTYPE:
		return facts->ethertype == term->low;
	case PIER__PACKET_PROTOCOL:
		return (term->kind == 0 ? facts->kind == PIER_LAYER_IP4 ||
						  facts->kind == PIER_LAYER_IP6
					: facts->kind == term->kind) &&
		       facts->protocol == term->low;
	case PIER__PACKET_NETWORK:
		return holds_network(term, layers);
	case PIER__PACKET_PORTS:
		return holds_ports(term, facts);
	case PIER__PACKET_VLAN:
		return facts->vlan != 0;
	case PIER__PACKET_VLAN_ID:
		return facts->vlan == (PIER__VLAN_IS | term->low);
	default:
		return facts->is_fragment;
	}
}

static bool
match(const struct pier_dump_filter *filter, uint16_t at,
	const struct pier_layers *layers)
{
	const struct pier__packet_node *node = &filter->nodes[at];

	switch (node->op) {
	case PIER__PACKET_AND:
		return match(filter, node->left, layers) &&
		       match(filter, node->right, layers);
	case PIER__PACKET_OR:
		return match(filter, node->left, layers) ||
		       match(filter, node->right, layers);
	case PIER__PACKET_NOT:
		return !match(filter, node->left, layers);
	default:
		return holds(&filter->terms[node->left], layers);
	}
}

bool
pier_dump_filter_match(
	const struct pier_dump_filter *filter, const struct pier_layers *layers)
{
	return filter->empty || match(filter, filter->root, layers);
}
