/* SPDX-License-Identifier: MIT */
/*
 * inspect/packet_filter_code.c - a filter as a program of classic BPF, for
 * SO_ATTACH_FILTER (socket(7), Documentation/networking/filter.rst).
 *
 * The program first finds out what the conditions ask for, and keeps it in the
 * machine's sixteen words of memory; then each condition looks there. A load from
 * beyond the packet would end the program and refuse the packet, whatever the
 * filter: so each one is preceded by a look at the length.
 *
 * A conditional jump reaches 255 instructions at most, an unconditional one any:
 * so the first only ever skip one of the second. Those hold the number of a label
 * until all is put, then the distance. Labels lie ahead: programs have no
 * loops, so that the walk over IPv6 extension headers is written out.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <string.h>

#include "inspect/layers.h"
#include "inspect/packet_filter.h"

/* What is kept in memory. */
enum slot {
	ETYPE, /* behind tags */
	NET,   /* where the header of IP or ARP begins */
	KIND,  /* enum pier_layer_kind, when that header is right */
	PROTO,
	NEXT,  /* where what is in IP begins */
	END,   /* where the IP packet ends */
	PORTS, /* NEXT where there are ports, else 0 */
	VLAN,  /* as in struct pier__facts */
	FRAG,
	SLOT_COUNT
};

#define LABELS_MAX 1024

#define HARDWARE_LOOPBACK 772

struct program {
	struct pier_dump_code *out;
	size_t len, max;
	size_t label_count;
	uint16_t labels[LABELS_MAX];
	bool is_full;
};

static void
put_jump(struct program *to, uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (to->len >= to->max) {
		to->is_full = true;
		return;
	}
	to->out[to->len++] = (struct pier_dump_code){
		.code = op, .yes = yes, .no = no, .k = k
	};
}

static void
put(struct program *to, uint16_t op, uint32_t k)
{
	put_jump(to, op, k, 0, 0);
}

static uint16_t
new_label(struct program *to)
{
	if (to->label_count == LABELS_MAX) {
		to->is_full = true;
		return 0;
	}
	return (uint16_t)to->label_count++;
}

/* The label is here. */
static void
bind_label(struct program *to, uint16_t label)
{
	to->labels[label] = (uint16_t)to->len;
}

static void
go(struct program *to, uint16_t label)
{
	put(to, BPF_JMP | BPF_JA, label);
}

/* To the label when the comparison of A with k holds. */
static void
go_when(struct program *to, uint16_t op, uint32_t k, uint16_t label)
{
	put_jump(to, BPF_JMP | op | BPF_K, k, 0, 1);
	go(to, label);
}

static void
go_unless(struct program *to, uint16_t op, uint32_t k, uint16_t label)
{
	put_jump(to, BPF_JMP | op | BPF_K, k, 1, 0);
	go(to, label);
}

static void
load(struct program *to, enum slot slot)
{
	put(to, BPF_LD | BPF_MEM, slot);
}

static void
load_x(struct program *to, enum slot slot)
{
	put(to, BPF_LDX | BPF_MEM, slot);
}

static void
store(struct program *to, enum slot slot)
{
	put(to, BPF_ST, slot);
}

static void
set(struct program *to, enum slot slot, uint32_t value)
{
	put(to, BPF_LD | BPF_IMM, value);
	store(to, slot);
}

/* Bytes behind X. */
static void
load_byte(struct program *to, uint32_t at)
{
	put(to, BPF_LD | BPF_B | BPF_IND, at);
}

static void
load_half(struct program *to, uint32_t at)
{
	put(to, BPF_LD | BPF_H | BPF_IND, at);
}

static void
compute(struct program *to, uint16_t op, uint32_t k)
{
	put(to, BPF_ALU | op | BPF_K, k);
}

/* What the kernel knows of a packet besides its bytes. */
static void
load_known(struct program *to, uint32_t what)
{
	put(to, BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + what);
}

static void
load_len(struct program *to)
{
	put(to, BPF_LD | BPF_W | BPF_LEN, 0);
}

/* To the label unless n bytes are there behind what the slot says, before the
   end of the packet, or of the IP packet. X is then the slot. */
static void
need(struct program *to, enum slot slot, uint32_t n, bool in_ip, uint16_t label)
{
	load(to, slot);
	compute(to, BPF_ADD, n);
	put(to, BPF_MISC | BPF_TAX, 0);
	if (in_ip)
		load(to, END);
	else
		load_len(to);
	put_jump(to, BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0);
	go(to, label);
	load_x(to, slot);
}

/* The link's header: where IP begins, and by which type. */
static void
put_link(struct program *to, uint32_t link)
{
	uint16_t done = new_label(to);

	if (link == PIER_LINK_ETHERNET) {
		load_len(to);
		go_unless(to, BPF_JGE, 14, done);
		put(to, BPF_LD | BPF_H | BPF_ABS, 12);
		store(to, ETYPE);
		set(to, NET, 14);
	} else {
		load_known(to, SKF_AD_PROTOCOL);
		store(to, ETYPE);
	}
	bind_label(to, done);
}

/* Tags in the packet, and one that the kernel took out. */
static void
put_tags(struct program *to)
{
	uint16_t done = new_label(to), none = new_label(to), tag;
	int i;

	for (i = 0; i < PIER__TAGS_MAX; i++) {
		tag = new_label(to);
		load(to, ETYPE);
		go_when(to, BPF_JEQ, 0x8100, tag);
		go_when(to, BPF_JEQ, 0x88a8, tag);
		go_unless(to, BPF_JEQ, 0x9100, done);
		bind_label(to, tag);
		need(to, NET, 4, false, done);
		load_half(to, 0);
		compute(to, BPF_AND, 0x0fff);
		compute(to, BPF_OR, PIER__VLAN_IS);
		if (i == 0)
			store(to, VLAN);
		load_half(to, 2);
		store(to, ETYPE);
		load(to, NET);
		compute(to, BPF_ADD, 4);
		store(to, NET);
	}
	bind_label(to, done);
	load_known(to, SKF_AD_VLAN_TAG_PRESENT);
	go_when(to, BPF_JEQ, 0, none);
	load_known(to, SKF_AD_VLAN_TAG);
	compute(to, BPF_AND, 0x0fff);
	compute(to, BPF_OR, PIER__VLAN_IS);
	store(to, VLAN);
	bind_label(to, none);
}

/* A is a length behind X, that counts from `extra` bytes on; 0: to the end of
   the packet, as is what is longer. */
static void
put_end(struct program *to, uint32_t extra)
{
	uint16_t whole = new_label(to), done = new_label(to);

	go_when(to, BPF_JEQ, 0, whole);
	compute(to, BPF_ADD, extra);
	put(to, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(to, BPF_MISC | BPF_TAX, 0);
	store(to, END);
	load_len(to);
	put_jump(to, BPF_JMP | BPF_JGE | BPF_X, 0, 0, 1);
	go(to, done);
	bind_label(to, whole);
	load_len(to);
	store(to, END);
	bind_label(to, done);
}

static void
put_ip4(struct program *to, uint16_t ports, uint16_t done)
{
	uint16_t whole = new_label(to);

	need(to, NET, 20, false, done);
	load_byte(to, 0);
	compute(to, BPF_AND, 0xf0);
	go_unless(to, BPF_JEQ, 0x40, done);
	load_byte(to, 0);
	compute(to, BPF_AND, 0x0f);
	go_unless(to, BPF_JGE, 5, done);
	set(to, KIND, PIER_LAYER_IP4);
	load_byte(to, 9);
	store(to, PROTO);
	load_half(to, 6);
	go_unless(to, BPF_JSET, 0x3fff, whole);
	set(to, FRAG, 1);
	bind_label(to, whole);
	load_half(to, 2);
	put_end(to, 0);
	load_x(to, NET);
	load_half(to, 6);
	go_when(to, BPF_JSET, 0x1fff, done);
	load_byte(to, 0);
	compute(to, BPF_AND, 0x0f);
	compute(to, BPF_LSH, 2);
	put(to, BPF_ALU | BPF_ADD | BPF_X, 0);
	store(to, NEXT);
	go(to, ports);
}

/* An extension header whose length counts units of 1 << shift bytes, of which
   `plus` are not counted. */
static void
put_extension(struct program *to, uint32_t plus, uint32_t shift, uint16_t done)
{
	need(to, NEXT, 8, true, done);
	load_byte(to, 0);
	store(to, PROTO);
	load_byte(to, 1);
	compute(to, BPF_ADD, plus);
	compute(to, BPF_LSH, shift);
	put(to, BPF_ALU | BPF_ADD | BPF_X, 0);
	store(to, NEXT);
}

static void
put_fragment(struct program *to, uint16_t done)
{
	uint16_t whole = new_label(to);

	need(to, NEXT, 8, true, done);
	load_byte(to, 0);
	store(to, PROTO);
	load_half(to, 2);
	go_unless(to, BPF_JSET, 0xfff9, whole);
	set(to, FRAG, 1);
	bind_label(to, whole);
	load_half(to, 2);
	go_when(to, BPF_JSET, 0xfff8, done);
	load(to, NEXT);
	compute(to, BPF_ADD, 8);
	store(to, NEXT);
}

static void
put_extensions(struct program *to, uint16_t ports, uint16_t done)
{
	int i;

	for (i = 0; i < PIER__EXTENSIONS_MAX; i++) {
		uint16_t options = new_label(to), fragment = new_label(to);
		uint16_t authentication = new_label(to), next = new_label(to);

		load(to, PROTO);
		go_when(to, BPF_JEQ, 0, options);
		go_when(to, BPF_JEQ, 43, options);
		go_when(to, BPF_JEQ, 60, options);
		go_when(to, BPF_JEQ, 44, fragment);
		go_when(to, BPF_JEQ, 51, authentication);
		go(to, ports);
		bind_label(to, options);
		put_extension(to, 1, 3, done);
		go(to, next);
		bind_label(to, authentication);
		put_extension(to, 2, 2, done);
		go(to, next);
		bind_label(to, fragment);
		put_fragment(to, done);
		bind_label(to, next);
	}
}

static void
put_ip6(struct program *to, uint16_t ports, uint16_t done)
{
	need(to, NET, 40, false, done);
	load_byte(to, 0);
	compute(to, BPF_AND, 0xf0);
	go_unless(to, BPF_JEQ, 0x60, done);
	set(to, KIND, PIER_LAYER_IP6);
	load_byte(to, 6);
	store(to, PROTO);
	load_half(to, 4);
	put_end(to, 40);
	load(to, NET);
	compute(to, BPF_ADD, 40);
	store(to, NEXT);
	put_extensions(to, ports, done);
	go(to, ports);
}

static void
put_arp(struct program *to, uint16_t done)
{
	need(to, NET, 28, false, done);
	load_half(to, 2);
	go_unless(to, BPF_JEQ, 0x0800, done);
	load_half(to, 4);
	go_unless(to, BPF_JEQ, 0x0604, done);
	set(to, KIND, PIER_LAYER_ARP);
	go(to, done);
}

/* Everything that conditions ask for. */
static void
put_facts(struct program *to, uint32_t link)
{
	uint16_t ip6 = new_label(to), arp = new_label(to);
	uint16_t ports = new_label(to), has = new_label(to);
	uint16_t done = new_label(to);
	enum slot slot;

	put(to, BPF_LD | BPF_IMM, 0);
	for (slot = 0; slot < SLOT_COUNT; slot++)
		store(to, slot);
	put_link(to, link);
	put_tags(to);
	load(to, ETYPE);
	go_when(to, BPF_JEQ, 0x86dd, ip6);
	go_when(to, BPF_JEQ, 0x0806, arp);
	go_unless(to, BPF_JEQ, 0x0800, done);
	put_ip4(to, ports, done);
	bind_label(to, ip6);
	put_ip6(to, ports, done);
	bind_label(to, arp);
	put_arp(to, done);
	bind_label(to, ports);
	load(to, PROTO);
	go_when(to, BPF_JEQ, 6, has);
	go_when(to, BPF_JEQ, 17, has);
	go_unless(to, BPF_JEQ, 132, done);
	bind_label(to, has);
	need(to, NEXT, 4, true, done);
	load(to, NEXT);
	store(to, PORTS);
	bind_label(to, done);
}

/* Where conditions go on. */
struct ways {
	uint16_t yes, no;
};

/* The bits of a network in its i-th word. */
static uint32_t
mask_of(const struct pier__packet_term *term, unsigned i)
{
	unsigned bits = term->bits > 32 * i ? term->bits - 32 * i : 0;

	return bits >= 32 ? UINT32_MAX
	       : bits > 0 ? UINT32_MAX << (32 - bits)
			  : 0;
}

static uint32_t
word_of(const struct pier__packet_term *term, unsigned i)
{
	const unsigned char *bytes = term->bytes + (size_t)4 * i;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Does an address at an offset of the header begin so? Goes on when not. */
static void
put_address(struct program *to, const struct pier__packet_term *term,
	uint32_t at, uint16_t yes)
{
	unsigned words = term->kind == PIER_LAYER_IP6 ? 4 : 1, i;
	uint16_t other = new_label(to);

	load_x(to, NET);
	for (i = 0; i < words && mask_of(term, i) != 0; i++) {
		put(to, BPF_LD | BPF_W | BPF_IND, at + 4 * i);
		compute(to, BPF_AND, mask_of(term, i));
		go_unless(to, BPF_JEQ, word_of(term, i) & mask_of(term, i),
			other);
	}
	go(to, yes);
	bind_label(to, other);
}

static void
put_addresses(struct program *to, const struct pier__packet_term *term,
	const uint32_t at[2], const struct ways *ways)
{
	if (term->side != PIER__PACKET_TARGET)
		put_address(to, term, at[0], ways->yes);
	if (term->side != PIER__PACKET_SOURCE)
		put_address(to, term, at[1], ways->yes);
	go(to, ways->no);
}

static void
put_network(struct program *to, const struct pier__packet_term *term,
	const struct ways *ways)
{
	static const uint32_t in_ip4[] = { 12, 16 }, in_ip6[] = { 8, 24 },
			      in_arp[] = { 14, 24 };
	uint16_t arp = new_label(to);

	load(to, KIND);
	if (term->kind == PIER_LAYER_IP6) {
		go_unless(to, BPF_JEQ, PIER_LAYER_IP6, ways->no);
		put_addresses(to, term, in_ip6, ways);
		return;
	}
	go_when(to, BPF_JEQ, PIER_LAYER_ARP, arp);
	go_unless(to, BPF_JEQ, PIER_LAYER_IP4, ways->no);
	put_addresses(to, term, in_ip4, ways);
	bind_label(to, arp);
	put_addresses(to, term, in_arp, ways);
}

static void
put_ports(struct program *to, const struct pier__packet_term *term,
	const struct ways *ways)
{
	uint32_t side;

	load(to, PORTS);
	go_when(to, BPF_JEQ, 0, ways->no);
	load_x(to, PORTS);
	for (side = 0; side < 2; side++) {
		uint16_t other = new_label(to);

		if (term->side ==
			(side == 0 ? PIER__PACKET_TARGET : PIER__PACKET_SOURCE))
			continue;
		load_half(to, 2 * side);
		go_unless(to, BPF_JGE, term->low, other);
		go_unless(to, BPF_JGT, term->high, ways->yes);
		bind_label(to, other);
	}
	go(to, ways->no);
}

static void
put_protocol(struct program *to, const struct pier__packet_term *term,
	const struct ways *ways)
{
	uint16_t is_ip = new_label(to);

	load(to, KIND);
	if (term->kind != PIER_LAYER_IP6)
		go_when(to, BPF_JEQ, PIER_LAYER_IP4, is_ip);
	if (term->kind != PIER_LAYER_IP4)
		go_when(to, BPF_JEQ, PIER_LAYER_IP6, is_ip);
	go(to, ways->no);
	bind_label(to, is_ip);
	load(to, PROTO);
	go_when(to, BPF_JEQ, term->low, ways->yes);
	go(to, ways->no);
}

static void
put_term(struct program *to, const struct pier__packet_term *term,
	const struct ways *ways)
{
	switch (term->about) {
	case PIER__PACKET_PROTOCOL:
		put_protocol(to, term, ways);
		return;
	case PIER__PACKET_NETWORK:
		put_network(to, term, ways);
		return;
	case PIER__PACKET_PORTS:
		put_ports(to, term, ways);
		return;
	case PIER__PACKET_ETHERTYPE:
		load(to, ETYPE);
		go_when(to, BPF_JEQ, term->low, ways->yes);
		break;
	case PIER__PACKET_VLAN_ID:
		load(to, VLAN);
		go_when(to, BPF_JEQ, PIER__VLAN_IS | term->low, ways->yes);
		break;
	default:
		load(to, term->about == PIER__PACKET_VLAN ? VLAN : FRAG);
		go_unless(to, BPF_JEQ, 0, ways->yes);
		break;
	}
	go(to, ways->no);
}

static void
put_node(struct program *to, const struct pier_dump_filter *filter, uint16_t at,
	const struct ways *ways)
{
	const struct pier__packet_node *node = &filter->nodes[at];
	struct ways left = *ways;
	uint16_t right;

	switch (node->op) {
	case PIER__PACKET_TERM:
		put_term(to, &filter->terms[node->left], ways);
		return;
	case PIER__PACKET_NOT:
		left = (struct ways){ .yes = ways->no, .no = ways->yes };
		put_node(to, filter, node->left, &left);
		return;
	default:
		right = new_label(to);
		if (node->op == PIER__PACKET_AND)
			left.yes = right;
		else
			left.no = right;
		put_node(to, filter, node->left, &left);
		bind_label(to, right);
		put_node(to, filter, node->right, ways);
		return;
	}
}

/* Labels become distances. */
static void
resolve(struct program *to)
{
	size_t i;

	for (i = 0; i < to->len; i++)
		if (to->out[i].code == (BPF_JMP | BPF_JA))
			to->out[i].k =
				to->labels[to->out[i].k] - (uint32_t)(i + 1);
}

int
pier_dump_filter_code(const struct pier_dump_filter *filter,
	struct pier_dump_code *out, size_t max, uint32_t link, uint32_t snap)
{
	struct program to = { .out = out, .max = max };
	struct ways ways = { .yes = new_label(&to), .no = new_label(&to) };
	uint16_t first = new_label(&to);

	/* What is sent on the loopback interface comes back: once is enough. */
	load_known(&to, SKF_AD_PKTTYPE);
	go_unless(&to, BPF_JEQ, PACKET_OUTGOING, first);
	load_known(&to, SKF_AD_HATYPE);
	go_when(&to, BPF_JEQ, HARDWARE_LOOPBACK, ways.no);
	bind_label(&to, first);
	if (!filter->empty) {
		put_facts(&to, link);
		put_node(&to, filter, filter->root, &ways);
	}
	bind_label(&to, ways.yes);
	put(&to, BPF_RET | BPF_K, snap);
	bind_label(&to, ways.no);
	put(&to, BPF_RET | BPF_K, 0);
	if (to.is_full)
		return -ENOSPC;
	resolve(&to);
	return (int)to.len;
}
