/* SPDX-License-Identifier: MIT */
/*
 * The way that requests take, for verbs that ask hosts without a connection: by
 * which family, from which address, by which options of the sockets.
 */
#ifndef PIER_CLI_WAY_H
#define PIER_CLI_WAY_H

#include "options.h"

/* Part of a verb's settings; lan_family() and lan_list() read it. */
struct cli_way {
	bool four, six;
	const char *bind;
	struct cli_texts options;
};

/* Rows of a verb's table; at is the offset of its struct cli_way. */
#define CLI_WAY_ROWS(at)                                                   \
	{ .letter = '4',                                                   \
		.name = "ipv4",                                            \
		.kind = CLI_FLAG,                                          \
		.group = "Way",                                            \
		.help = "IPv4 addresses only",                             \
		.offset = (at) + offsetof(struct cli_way, four) },         \
		{ .letter = '6',                                           \
			.name = "ipv6",                                    \
			.kind = CLI_FLAG,                                  \
			.group = "Way",                                    \
			.help = "IPv6 addresses only",                     \
			.offset = (at) + offsetof(struct cli_way, six) },  \
		{ .name = "bind",                                          \
			.kind = CLI_TEXT,                                  \
			.metavar = "ADDR",                                 \
			.group = "Way",                                    \
			.help = "send from this address",                  \
			.otherwise = "the kernel's choice",                \
			.offset = (at) + offsetof(struct cli_way, bind) }, \
	{                                                                  \
		.name = "option", .letter = 'S', .kind = CLI_TEXTS,        \
		.metavar = "NAME=VALUE", .group = "Way",                   \
		.help = "set an option of each socket (pier opt lists "    \
			"them); may be given again",                       \
		.offset = (at) + offsetof(struct cli_way, options)         \
	}

#endif
