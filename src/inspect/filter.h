/* SPDX-License-Identifier: MIT */
/*
 * inspect/filter.h - which sockets are wanted, as text: pier-filter(7).
 *
 * filter.c reads the text into a tree, filter_key.c knows the keys and what
 * they look at, filter_value.c reads numbers with units, and filter_code.c
 * makes bytecode of what the kernel can decide. The kernel's answer is always
 * judged again here: its filter only keeps most of what is not wanted from
 * being copied.
 */
#ifndef PIER_INSPECT_FILTER_H
#define PIER_INSPECT_FILTER_H

#include <pier/sockets.h>

#include "base/text.h"

#define PIER__FILTER_TERMS_MAX 64  /* conditions in one filter */
#define PIER__FILTER_NODES_MAX 256 /* with what joins them */
#define PIER__FILTER_DEPTH_MAX 32  /* parentheses and nots, one in the other */
#define PIER__FILTER_TEXT_MAX  108 /* of a value, with its NUL */

/* What a key looks at. */
enum pier__filter_about {
	PIER__ABOUT_KIND,
	PIER__ABOUT_STATE,
	PIER__ABOUT_FAMILY,
	PIER__ABOUT_PORT,
	PIER__ABOUT_ADDRESS,
	PIER__ABOUT_PROCESS,
	PIER__ABOUT_PATH,
	PIER__ABOUT_CGROUP, /* its path */
	PIER__ABOUT_LIMIT,
	PIER__ABOUT_NUMBER, /* of the socket: struct pier__filter_key's */
	PIER__ABOUT_TCP     /* a field of TCP_INFO */
};

/* Which of the two ends. */
enum pier__filter_side {
	PIER__SIDE_EITHER,
	PIER__SIDE_LOCAL,
	PIER__SIDE_PEER
};

enum pier__filter_compare {
	PIER__IS,
	PIER__IS_NOT,
	PIER__BELOW,
	PIER__AT_MOST,
	PIER__ABOVE,
	PIER__AT_LEAST
};

/* One condition. */
struct pier__filter_term {
	enum pier__filter_about about;
	enum pier__filter_side side;
	enum pier__filter_compare compare;
	uint64_t low, high; /* a number, a range, or a mask; times in ns */
	const struct pier_tcp_field *field; /* PIER__ABOUT_TCP */
	uint8_t number;                     /* PIER__ABOUT_NUMBER: which */
	uint8_t unit;                       /* enum pier_unit */
	uint8_t prefix;                     /* PIER__ABOUT_ADDRESS: bits */
	struct pier_addr addr;
	char text[PIER__FILTER_TEXT_MAX];
};

enum pier__filter_op {
	PIER__TERM, /* left is the term's number */
	PIER__AND,
	PIER__OR,
	PIER__NOT /* of left */
};

struct pier__filter_node {
	uint8_t op;
	uint16_t left, right;
};

struct pier__filter {
	uint16_t root;
	uint16_t node_count, term_count;
	bool empty;   /* everything passes */
	bool owners;  /* it asks about processes */
	bool cgroups; /* and about paths of control groups */
	bool bound;   /* it asks for the state BOUND by name */
	struct pier__filter_node nodes[PIER__FILTER_NODES_MAX];
	struct pier__filter_term terms[PIER__FILTER_TERMS_MAX];
};

/*
 * pier__filter_parse(filter, text, why): 0; -EINVAL: text is none, and why
 * says what and where. NULL, and nothing but spaces, is the empty filter.
 */
int pier__filter_parse(
	struct pier__filter *filter, const char *text, struct pier__why *why);

/* Does the socket, with its owners and its cgroup_path where the filter asks,
   pass? */
bool pier__filter_match(
	const struct pier__filter *filter, const struct pier_socket *socket);

/* Kinds, and states (1 << state), of which a socket may pass. */
uint32_t pier__filter_kinds(const struct pier__filter *filter);
uint32_t pier__filter_states(const struct pier__filter *filter);

/* Of struct pier_socket; of PIER__ABOUT_PROCESS, PIER__NUMBER_PID or 0. */
enum pier__filter_number {
	PIER__NUMBER_UID = 1,
	PIER__NUMBER_PID,
	PIER__NUMBER_INODE,
	PIER__NUMBER_COOKIE,
	PIER__NUMBER_CGROUP,
	PIER__NUMBER_MARK,
	PIER__NUMBER_DEVICE,
	PIER__NUMBER_RECV_QUEUE,
	PIER__NUMBER_SEND_QUEUE,
	PIER__NUMBER_RMEM,
	PIER__NUMBER_WMEM,
	PIER__NUMBER_RCVBUF,
	PIER__NUMBER_SNDBUF,
	PIER__NUMBER_DROPS
};

/* In filter_key.c: the key of a term, and its value. */
int pier__filter_key(struct pier__filter_term *term, struct pier__span key,
	struct pier__why *why);
int pier__filter_value(struct pier__filter_term *term, struct pier__span value,
	struct pier__why *why);
/* A word that stands alone: the name of a kind or of a state. */
bool pier__filter_word(struct pier__filter_term *term, struct pier__span word);

/* In filter_holds.c: does the condition hold? */
bool pier__filter_holds(
	const struct pier__filter_term *term, const struct pier_socket *socket);
/* Does addr begin as the term's address does? */
bool pier__filter_begins(
	const struct pier__filter_term *term, const struct pier_addr *addr);

/* In filter_value.c: a number in the unit, exactly; times become ns. */
int pier__filter_quantity(uint64_t *out, struct pier__span text,
	enum pier_unit unit, struct pier__why *why);

/*
 * pier__filter_code(filter, code, size): bytecode by which the kernel passes
 * at least the sockets that pass the filter. Returns its length in bytes, a
 * multiple of 4; 0: all pass.
 */
size_t pier__filter_code(
	const struct pier__filter *filter, uint32_t *code, size_t size);

#endif
