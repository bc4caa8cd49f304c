/* SPDX-License-Identifier: MIT */
/*
 * Services of this network, for all verbs: which protocols and links, and
 * endpoints that name one.
 */
#ifndef PIER_CLI_LAN_H
#define PIER_CLI_LAN_H

#include <pier.h>

#include "json.h"
#include "options.h"

#include <stddef.h>

/* The words of --by. */
extern const struct cli_word lan_by_words[];

/* Part of a verb's settings: by which protocols, and on which links. lan_family()
   and lan_list() read it. */
struct lan_way {
	int64_t by; /* PIER_BY_…; 0: all */
	bool four, six;
	struct cli_texts interfaces;
};

/* Rows of a verb's table; at is the offset of its struct lan_way. */
#define LAN_WAY_ROWS(at, asks, look)                                           \
	{ .name = "by",                                                        \
		.kind = CLI_CHOICE,                                            \
		.metavar = "PROTOCOL",                                         \
		.group = "Way",                                                \
		.help = "which protocol " asks,                                \
		.otherwise = "all",                                            \
		.words = lan_by_words,                                         \
		.offset = (at) + offsetof(struct lan_way, by) },               \
		{ .name = "interface",                                         \
			.kind = CLI_TEXTS,                                     \
			.metavar = "NAME",                                     \
			.group = "Way",                                        \
			.help = look " on this interface; may be given "       \
				     "again",                                  \
			.otherwise = "all that can",                           \
			.offset =                                              \
				(at) + offsetof(struct lan_way, interfaces) }, \
		{ .letter = '4',                                               \
			.name = "ipv4",                                        \
			.kind = CLI_FLAG,                                      \
			.group = "Way",                                        \
			.help = look " by IPv4 only",                          \
			.offset = (at) + offsetof(struct lan_way, four) },     \
	{                                                                      \
		.letter = '6', .name = "ipv6", .kind = CLI_FLAG,               \
		.group = "Way", .help = look " by IPv6 only",                  \
		.offset = (at) + offsetof(struct lan_way, six)                 \
	}

/* "mdns", "beacon" or "mdns, beacon". */
const char *lan_by_text(unsigned int by);

/* The same as an array under "by". */
void lan_event_by(json_t *event, unsigned int by);

/* The interface's name under "interface", or its number where it has gone; none
   for 0. */
void lan_event_interface(json_t *event, unsigned int interface);

/* The same as text. */
#define LAN_INTERFACE_TEXT 32
const char *lan_interface_text(
	unsigned int interface, char text[LAN_INTERFACE_TEXT]);

/* Who looks names up for the endpoint: of svc:// who finds it, else NULL. */
pier_lookup_fn *lan_lookup(const char *endpoint);

/* The texts of an option as a list that ends with NULL; list itself, or NULL for
   none. */
const char *const *lan_list(
	const char *list[CLI_TEXTS_MAX + 1], const struct cli_texts *texts);

/* One of both families, or both. */
int lan_family(bool four, bool six);

/* Room for any name of the DNS as pier_bytes_show() has it. */
#define LAN_TEXT PIER_BYTES_SHOWN(255)

#endif
