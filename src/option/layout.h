/* SPDX-License-Identifier: MIT */
/*
 * option/layout.h - the fields of an option's value, as struct pier_option
 * describes them in its layout. Pure.
 */
#ifndef PIER_OPTION_LAYOUT_H
#define PIER_OPTION_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum pier__spot_kind {
	PIER__SPOT_SIGNED,
	PIER__SPOT_UNSIGNED,
	PIER__SPOT_HEX,
	PIER__SPOT_SWITCH,
	PIER__SPOT_IP4,
	PIER__SPOT_IP6,
	PIER__SPOT_SOCKADDR,
	PIER__SPOT_INTERFACE,
	PIER__SPOT_INTERFACE_NET, /* in network byte order */
	PIER__SPOT_TEXT,
	PIER__SPOT_BYTES,
	PIER__SPOT_TIMEVAL,
	PIER__SPOT_LINGER,
	PIER__SPOT_MULTICAST_IF,
};

/* Where a field lies and what it is. */
struct pier__spot {
	enum pier__spot_kind kind;
	size_t offset;
	size_t size;      /* 0: all that is left */
	bool repeated;    /* one of those that come again and again */
	const char *unit; /* "s", "ms", "us", "ns", "B", "Bps" or "" */
	int64_t scale;    /* nanoseconds of a unit of time; else 0 */
	struct pier__span name;
};

struct pier__layout {
	struct pier__span rest;
	size_t again; /* where the part that is repeated begins */
	size_t offset;
	bool repeats;
};

void pier__layout_start(struct pier__layout *it, const char *layout);

/* The next field; false at the end. A repeated part has no end. */
bool pier__layout_next(struct pier__layout *it, struct pier__spot *out);

/* Bytes of the whole, without what is repeated or has no size of its own. */
size_t pier__layout_size(const char *layout);

/* len, or more, so that the last of the repeated parts is whole. */
size_t pier__layout_whole(const char *layout, size_t len);

/* Does it end in what is repeated, or in all that is left? */
bool pier__layout_is_open(const char *layout);

/* Is it one field without a name? */
bool pier__layout_is_plain(const char *layout);

#endif
