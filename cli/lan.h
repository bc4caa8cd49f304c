/* SPDX-License-Identifier: MIT */
/*
 * Services of this network, for all verbs: which protocols and links, endpoints
 * that name one, and texts that others sent, which go to a terminal only as far
 * as they are harmless.
 */
#ifndef PIER_CLI_LAN_H
#define PIER_CLI_LAN_H

#include <pier.h>

#include "json.h"
#include "options.h"

#include <stddef.h>

/* The words of --by. */
extern const struct cli_word lan_by_words[];

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

/*
 * lan_text(out, size, bytes, len): bytes for a person to read: UTF-8 as it is,
 * without control characters; every other byte as \xNN, and '\' as \\. Cut to
 * size, with a NUL. out.
 */
const char *lan_text(char *out, size_t size, const void *bytes, size_t len);

/* Room for 255 bytes of it, whatever they are. */
#define LAN_TEXT 1024

#endif
