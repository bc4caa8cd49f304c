/* SPDX-License-Identifier: MIT */
/*
 * inspect/filter_code.c - bytecode of sock_diag(7), INET_DIAG_REQ_BYTECODE.
 *
 * The kernel knows ports and addresses. Everything else is taken to hold here,
 * which passes more sockets than are wanted, never fewer; so nots are first
 * brought down to the conditions, where what cannot be said may be left out.
 *
 * An instruction is eight bits of code, eight of how far to go on when it
 * holds, and sixteen of how far when not, in bytes from its start. Exactly at
 * the end means pass, four bytes behind it means refuse. `yes` also says how
 * long the instruction is, with its operands.
 */
#include "inspect/filter.h"

#include <netinet/in.h>
#include <string.h>

enum {
	CODE_JUMP = 1,
	CODE_LOCAL_AT_LEAST = 2,
	CODE_LOCAL_AT_MOST = 3,
	CODE_PEER_AT_LEAST = 4,
	CODE_PEER_AT_MOST = 5,
	CODE_LOCAL_ADDRESS = 7,
	CODE_PEER_ADDRESS = 8
};

#define OP_SIZE 4

struct op {
	uint8_t code;
	uint8_t yes;
	uint16_t no;
};

/* Code under construction; full: it did not fit, and is of no use. */
struct code {
	unsigned char *bytes;
	size_t len, size;
	bool full;
};

static void
put(struct code *code, const void *bytes, size_t len)
{
	if (code->full || len > code->size - code->len ||
		code->len + len > UINT16_MAX - 2 * OP_SIZE) {
		code->full = true;
		return;
	}
	memcpy(code->bytes + code->len, bytes, len);
	code->len += len;
}

static void
put_op(struct code *code, uint8_t op, size_t len, size_t no)
{
	const struct op it = { op, (uint8_t)len, (uint16_t)no };

	put(code, &it, sizeof(it));
}

/* What refuses in [from, to) is to go on so much further: something came
   behind it. */
static void
move_refusals(struct code *code, size_t from, size_t to, size_t by)
{
	while (!code->full && from < to) {
		struct op op;

		memcpy(&op, code->bytes + from, sizeof(op));
		if (op.no == to - from + OP_SIZE)
			op.no = (uint16_t)(op.no + by);
		memcpy(code->bytes + from, &op, sizeof(op));
		from += op.yes;
	}
}

/* All that was put since `from` the other way round. */
static void
invert(struct code *code)
{
	put_op(code, CODE_JUMP, OP_SIZE, 2 * OP_SIZE);
}

/* At least low and at most high. */
static void
put_ports(struct code *code, const struct pier__filter_term *term, bool peer)
{
	const uint16_t low[2] = { 0, (uint16_t)term->low };
	const uint16_t high[2] = { 0, (uint16_t)term->high };
	const size_t len = 2 * sizeof(struct op);

	put_op(code, peer ? CODE_PEER_AT_LEAST : CODE_LOCAL_AT_LEAST, len,
		2 * len + OP_SIZE);
	put(code, low, sizeof(low));
	put_op(code, peer ? CODE_PEER_AT_MOST : CODE_LOCAL_AT_MOST, len,
		len + OP_SIZE);
	put(code, high, sizeof(high));
}

/* struct inet_diag_hostcond behind the instruction. */
static void
put_address(struct code *code, const struct pier__filter_term *term, bool peer)
{
	bool v6 = term->addr.u.sa.sa_family == AF_INET6;
	const uint8_t head[4] = { v6 ? AF_INET6 : AF_INET, term->prefix, 0, 0 };
	const int32_t any_port = -1;
	const size_t size = v6 ? 16 : 4;
	const size_t len = OP_SIZE + sizeof(head) + sizeof(any_port) + size;

	put_op(code, peer ? CODE_PEER_ADDRESS : CODE_LOCAL_ADDRESS, len,
		len + OP_SIZE);
	put(code, head, sizeof(head));
	put(code, &any_port, sizeof(any_port));
	if (v6)
		put(code, &term->addr.u.in6.sin6_addr, size);
	else
		put(code, &term->addr.u.in.sin_addr, size);
}

static void
put_side(struct code *code, const struct pier__filter_term *term, bool peer)
{
	if (term->about == PIER__ABOUT_PORT)
		put_ports(code, term, peer);
	else
		put_address(code, term, peer);
}

/* Behind what was put since `from` comes what holds when that does not: the
   jump of it over so many bytes. */
static size_t
begin_other(struct code *code)
{
	size_t at = code->len;

	put_op(code, CODE_JUMP, OP_SIZE, 0);
	return at;
}

static void
end_other(struct code *code, size_t at)
{
	const struct op jump = { CODE_JUMP, OP_SIZE,
		(uint16_t)(code->len - at) };

	if (!code->full)
		memcpy(code->bytes + at, &jump, sizeof(jump));
}

/* Can the kernel say exactly this? */
static bool
is_sayable(const struct pier__filter_term *term)
{
	if (term->compare != PIER__IS && term->compare != PIER__IS_NOT)
		return false;
	if (term->about == PIER__ABOUT_PORT)
		return true;
	/* A v4-mapped one is asked for as IPv4, and the prefix counted so. */
	return term->about == PIER__ABOUT_ADDRESS &&
	       (term->addr.u.sa.sa_family == AF_INET ||
		       (term->addr.u.sa.sa_family == AF_INET6 &&
			       !IN6_IS_ADDR_V4MAPPED(
				       &term->addr.u.in6.sin6_addr)));
}

static void
put_term(struct code *code, const struct pier__filter_term *term, bool contrary)
{
	size_t other;

	if (!is_sayable(term))
		return;
	if (term->side == PIER__SIDE_EITHER) {
		put_side(code, term, false);
		other = begin_other(code);
		put_side(code, term, true);
		end_other(code, other);
	} else {
		put_side(code, term, term->side == PIER__SIDE_PEER);
	}
	if ((term->compare == PIER__IS_NOT) != contrary)
		invert(code);
}

/* What a subtree, or its contrary, needs: nothing is put where it may hold
   whatever the ports and addresses are. */
static void
put_node(struct code *code, const struct pier__filter *filter, uint16_t at,
	bool contrary)
{
	const struct pier__filter_node *node = &filter->nodes[at];
	size_t from = code->len, middle, other;

	if (node->op == PIER__TERM) {
		put_term(code, &filter->terms[node->left], contrary);
		return;
	}
	if (node->op == PIER__NOT) {
		put_node(code, filter, node->left, !contrary);
		return;
	}
	put_node(code, filter, node->left, contrary);
	middle = code->len;
	if ((node->op == PIER__AND) != contrary) {
		put_node(code, filter, node->right, contrary);
		move_refusals(code, from, middle, code->len - middle);
		return;
	}
	if (middle == from)
		return;
	other = begin_other(code);
	put_node(code, filter, node->right, contrary);
	if (code->len == other + OP_SIZE)
		code->len = from; /* the right side may hold whatever */
	else
		end_other(code, other);
}

size_t
pier__filter_code(
	const struct pier__filter *filter, uint32_t *bytes, size_t size)
{
	struct code code = { .bytes = (unsigned char *)bytes, .size = size };

	if (!filter->empty)
		put_node(&code, filter, filter->root, false);
	return code.full ? 0 : code.len;
}
