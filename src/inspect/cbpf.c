/* SPDX-License-Identifier: MIT */
/* inspect/cbpf.c - see cbpf.h. Instructions are those of net/core/filter.c. */
#include "inspect/cbpf.h"

#include <linux/filter.h>
#include <string.h>

#include <pier/order.h>

/* Words of memory that are written for sure, before each instruction. */
static bool
merge(uint16_t *known, size_t at, size_t count, uint16_t words)
{
	if (at >= count)
		return false;
	known[at] &= words;
	return true;
}

const char *
pier__cbpf_check(const struct pier_dump_code *code, size_t count)
{
	static _Thread_local uint16_t known[PIER_DUMP_CODE_MAX];
	size_t i;

	if (count == 0 || count > PIER_DUMP_CODE_MAX)
		return "too many instructions, or none";
	memset(known, 0xff, sizeof(known));
	known[0] = 0;
	for (i = 0; i < count; i++) {
		const struct pier_dump_code *op = &code[i];
		uint16_t words = known[i];

		switch (op->code) {
		case BPF_RET | BPF_K:
			continue;
		case BPF_ST:
			if (op->k >= BPF_MEMWORDS)
				return "memory that there is not";
			words |= (uint16_t)(1U << op->k);
			break;
		case BPF_LD | BPF_MEM:
		case BPF_LDX | BPF_MEM:
			if (op->k >= BPF_MEMWORDS || (words >> op->k & 1) == 0)
				return "memory that was not written";
			break;
		case BPF_JMP | BPF_JA:
			if (op->k >= count ||
				!merge(known, i + 1 + op->k, count, words))
				return "a jump that leads out";
			continue;
		default:
			if (BPF_CLASS(op->code) != BPF_JMP)
				break;
			if (!merge(known, i + 1 + op->yes, count, words) ||
				!merge(known, i + 1 + op->no, count, words))
				return "a jump that leads out";
			continue;
		}
		if (!merge(known, i + 1, count, words))
			return "no return at the end";
	}
	return NULL;
}

/* The machine's state. */
struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	const struct pier__cbpf_packet *packet;
	bool is_short;
};

static uint32_t
load(struct machine *machine, uint16_t size, uint32_t at)
{
	const struct pier__cbpf_packet *packet = machine->packet;
	size_t bytes = size == BPF_W ? 4 : size == BPF_H ? 2 : 1;

	switch ((int64_t)at - (int64_t)(uint32_t)SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
		return packet->protocol;
	case SKF_AD_PKTTYPE:
		return packet->packet_type;
	case SKF_AD_HATYPE:
		return packet->hardware;
	case SKF_AD_VLAN_TAG_PRESENT:
		return packet->has_tag;
	case SKF_AD_VLAN_TAG:
		return packet->tag;
	default:
		break;
	}
	if (at > packet->size || bytes > packet->size - at) {
		machine->is_short = true;
		return 0;
	}
	return size == BPF_W   ? pier_be32_get(packet->bytes + at)
	       : size == BPF_H ? pier_be16_get(packet->bytes + at)
			       : packet->bytes[at];
}

static void
compute(struct machine *machine, const struct pier_dump_code *op)
{
	uint32_t by = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;

	switch (BPF_OP(op->code)) {
	case BPF_ADD:
		machine->a += by;
		break;
	case BPF_AND:
		machine->a &= by;
		break;
	case BPF_OR:
		machine->a |= by;
		break;
	case BPF_LSH:
		machine->a <<= by;
		break;
	default:
		machine->is_short = true;
		break;
	}
}

/* How far a jump goes. */
static uint32_t
jump(const struct machine *machine, const struct pier_dump_code *op)
{
	uint32_t by = BPF_SRC(op->code) == BPF_X ? machine->x : op->k;
	bool holds;

	switch (BPF_OP(op->code)) {
	case BPF_JA:
		return op->k;
	case BPF_JEQ:
		holds = machine->a == by;
		break;
	case BPF_JGT:
		holds = machine->a > by;
		break;
	case BPF_JGE:
		holds = machine->a >= by;
		break;
	default:
		holds = (machine->a & by) != 0;
		break;
	}
	return holds ? op->yes : op->no;
}

static void
step(struct machine *machine, const struct pier_dump_code *op)
{
	switch (op->code) {
	case BPF_LD | BPF_IMM:
		machine->a = op->k;
		break;
	case BPF_LD | BPF_W | BPF_LEN:
		machine->a = (uint32_t)machine->packet->size;
		break;
	case BPF_LD | BPF_MEM:
		machine->a = machine->memory[op->k];
		break;
	case BPF_LDX | BPF_MEM:
		machine->x = machine->memory[op->k];
		break;
	case BPF_ST:
		machine->memory[op->k] = machine->a;
		break;
	case BPF_MISC | BPF_TAX:
		machine->x = machine->a;
		break;
	default:
		if (BPF_CLASS(op->code) == BPF_ALU)
			compute(machine, op);
		else
			machine->a = load(machine, BPF_SIZE(op->code),
				BPF_MODE(op->code) == BPF_IND
					? machine->x + op->k
					: op->k);
		break;
	}
}

uint32_t
pier__cbpf_run(const struct pier_dump_code *code,
	const struct pier__cbpf_packet *packet, bool *refused_short)
{
	struct machine machine = { .packet = packet };
	size_t at;

	for (at = 0; code[at].code != (BPF_RET | BPF_K); at++) {
		if (BPF_CLASS(code[at].code) == BPF_JMP)
			at += jump(&machine, &code[at]);
		else
			step(&machine, &code[at]);
		if (machine.is_short)
			break;
	}
	*refused_short = machine.is_short;
	return machine.is_short ? 0 : code[at].k;
}

/* Numbers made up from a seed: xorshift. */
struct chance {
	uint64_t state;
	unsigned char *out;
	size_t len, max;
};

static uint32_t
any(struct chance *chance, uint32_t below)
{
	chance->state ^= chance->state << 13;
	chance->state ^= chance->state >> 7;
	chance->state ^= chance->state << 17;
	return (uint32_t)(chance->state >> 16) % below;
}

static void
add(struct chance *chance, uint64_t value, size_t bytes)
{
	while (bytes-- > 0 && chance->len < chance->max)
		chance->out[chance->len++] =
			(unsigned char)(value >> 8 * bytes);
}

static uint32_t
pick(struct chance *chance, const uint16_t *list, uint32_t count)
{
	return list[any(chance, count)];
}

static const uint16_t ports[] = { 53, 80, 443, 8000, 40000 };
static const uint16_t protocols[] = { 1, 4, 6, 6, 17, 17, 47, 50, 58, 132 };

/* What is in IP: ports, and some more. */
static void
add_inside(struct chance *chance)
{
	uint32_t more = any(chance, 40), i;

	add(chance, pick(chance, ports, 5), 2);
	add(chance, pick(chance, ports, 5), 2);
	for (i = 0; i < more; i++)
		add(chance, any(chance, 256), 1);
}

static void
add_ip4(struct chance *chance)
{
	size_t at = chance->len;
	uint32_t words = 5 + (any(chance, 3) == 0 ? any(chance, 11) : 0), i;

	add(chance, 0x40 | words, 1);
	add(chance, 0, 1);
	add(chance, 0, 2); /* the length, below */
	add(chance, any(chance, 65536), 2);
	add(chance, any(chance, 4) == 0 ? any(chance, 65536) : 0x4000, 2);
	add(chance, 64, 1);
	add(chance, pick(chance, protocols, 10), 1);
	add(chance, 0, 2);
	add(chance, 0x0a000000 | any(chance, 4), 4);
	add(chance, 0xc0a80000 | any(chance, 4), 4);
	for (i = 5; i < words; i++)
		add(chance, 0x01010101, 4);
	add_inside(chance);
	pier_be16_put(chance->out + at + 2,
		any(chance, 8) == 0 ? (uint16_t)any(chance, 80)
				    : (uint16_t)(chance->len - at));
}

static void
add_ip6(struct chance *chance)
{
	static const uint16_t extensions[] = { 0, 43, 44, 51, 60 };
	size_t at = chance->len, next = at + 6;
	uint32_t count = any(chance, 3) == 0 ? any(chance, 9) : 0, i;

	add(chance, 0x60000000, 4);
	add(chance, 0, 4);
	add(chance, 0x20010db800000000, 8);
	add(chance, any(chance, 4), 8);
	add(chance, 0x20010db800010000, 8);
	add(chance, any(chance, 4), 8);
	for (i = 0; i < count; i++) {
		uint32_t kind = pick(chance, extensions, 5);
		uint32_t units = kind == 44 ? 0 : any(chance, 3);

		chance->out[next] = (unsigned char)kind;
		next = chance->len;
		add(chance, 0, 1);
		add(chance, units, 1);
		add(chance, any(chance, 4) == 0 ? any(chance, 65536) : 0, 2);
		add(chance, any(chance, 65536), 4);
		for (units *= kind == 51 ? 4 : 8; units > 0; units--)
			add(chance, 1, 1);
	}
	chance->out[next] = (unsigned char)pick(chance, protocols, 10);
	add_inside(chance);
	pier_be16_put(chance->out + at + 4,
		any(chance, 8) == 0 ? (uint16_t)any(chance, 80)
				    : (uint16_t)(chance->len - at - 40));
}

static void
add_arp(struct chance *chance)
{
	add(chance, 1, 2);
	add(chance, 0x0800, 2);
	add(chance, 0x0604, 2);
	add(chance, 1 + any(chance, 2), 2);
	add(chance, 0x020000000001, 6);
	add(chance, 0x0a000000 | any(chance, 4), 4);
	add(chance, 0, 6);
	add(chance, 0xc0a80000 | any(chance, 4), 4);
}

static void
add_tags(struct chance *chance)
{
	static const uint16_t types[] = { 0x8100, 0x88a8, 0x9100 };
	uint32_t tags = any(chance, 3) == 0 ? any(chance, 5) : 0;

	for (; tags > 0; tags--) {
		add(chance, pick(chance, types, 3), 2);
		add(chance, any(chance, 2) << 13 | any(chance, 4), 2);
	}
}

/* Now and then a byte is another one, or the end is missing. */
static void
break_it(struct chance *chance)
{
	uint32_t i, changes = any(chance, 3) == 0 ? 1 + any(chance, 3) : 0;

	for (i = 0; i < changes; i++)
		chance->out[any(chance, (uint32_t)chance->len)] =
			(unsigned char)any(chance, 256);
	if (any(chance, 4) == 0)
		chance->len = any(chance, (uint32_t)chance->len + 1);
}

size_t
pier__cbpf_packet(unsigned char *out, size_t max, uint64_t seed)
{
	static const uint16_t types[] = { 0x0800, 0x0800, 0x0800, 0x86dd,
		0x86dd, 0x86dd, 0x0806, 0x88cc };
	struct chance chance = {
		.state = seed * 0x9e3779b97f4a7c15 + 1, .out = out, .max = max
	};
	uint32_t type = pick(&chance, types, 8);

	add(&chance, 0x020000000002, 6);
	add(&chance, 0x020000000001, 6);
	add_tags(&chance);
	add(&chance, type, 2);
	if (type == 0x0800)
		add_ip4(&chance);
	else if (type == 0x86dd)
		add_ip6(&chance);
	else if (type == 0x0806)
		add_arp(&chance);
	/* Ethernet fills up what is short. */
	while (chance.len < 60)
		add(&chance, any(&chance, 2) * 255, 1);
	break_it(&chance);
	return chance.len;
}
