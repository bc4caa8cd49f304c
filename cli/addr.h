/* SPDX-License-Identifier: MIT */
/*
 * pier addr: between the verb (addr.c), what it says of addresses and networks
 * (addr_tell.c), and what it says of this machine (addr_machine.c).
 */
#ifndef PIER_CLI_ADDR_H
#define PIER_CLI_ADDR_H

#include <pier.h>

#include "json.h"
#include "options.h"
#include "report.h"

/* Most parts of a network that one command lists. */
#define ADDR_PARTS_MAX 65536

struct addr_settings {
	struct cli_common common;
	bool classic, packed, integer, six;
	int64_t subnets;  /* -1: not asked for */
	int64_t supernet; /* the same */
	const char *step;
	int64_t timeout_ns;
	struct cli_texts words;
};

/* The names of the bits of pier_addr_kinds(), in their order; ends in NULL. */
extern const char *const addr_kind_names[];

/* Of an address of CAN, which pier/addr.h does not have: its interface. */
unsigned int addr_can_interface(const struct pier_addr *addr);

/* Each says all about one, as given. 0, or a negative error of the output. */
int addr_tell_address(const struct cli_tool *tool, const char *given,
	const struct pier_addr *addr);
int addr_tell_network(const struct cli_tool *tool, const char *given,
	const struct pier_network *network);
int addr_tell_range(const struct cli_tool *tool, const char *given,
	const struct pier_addr *first, const struct pier_addr *last);
int addr_tell_parts(const struct cli_tool *tool,
	const struct pier_network *network, unsigned int bits);
int addr_tell_contains(const struct cli_tool *tool, const char *inner,
	const char *outer, bool answer);

/* pier addr without an argument; its exit code. */
int addr_machine(struct cli_tool *tool, const struct addr_settings *settings);

#endif
