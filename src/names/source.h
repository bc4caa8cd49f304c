/* SPDX-License-Identifier: MIT */
/*
 * names/source.h - which source of nsswitch.conf(5) a name came from.
 *
 * libc does not say. What can be known is read from the two files it reads:
 * the order of the sources, and what the hosts file has; and some sources know
 * certain names only. What is left after that may be more than one.
 */
#ifndef PIER_NAMES_SOURCE_H
#define PIER_NAMES_SOURCE_H

#include <pier/addr.h>

#include <stdbool.h>

#include "base/text.h"

#define PIER__SOURCE_TEXT_MAX 128

/* More of either file is not looked at. */
#define PIER__HOSTS_BYTES_MAX ((size_t)64 * 1024 * 1024)

/*
 * pier__hosts_has(text, len, name, addr): is there a line of hosts(5) with
 * this name, in letters of either case, and this address? name NULL: the
 * address alone counts. Pure.
 */
bool pier__hosts_has(const char *text, size_t len, const char *name,
	const struct pier_addr *addr);

/* The sources in the line "hosts:" of nsswitch.conf, parted by blanks, without
   what stands in brackets; libc's own ones where there is none. Pure. */
void pier__hosts_sources(
	char out[PIER__SOURCE_TEXT_MAX], const char *text, size_t len);

/* What an answer was about. */
struct pier__answered {
	const char *name;  /* that was asked for; NULL: an address was */
	const char *found; /* the canonical name, or "" */
	const char *self;  /* this machine's name */
	const struct pier_addr *addrs;
	size_t count;
};

/*
 * pier__sources_left(out, sources, answered, in_hosts): of these sources, those
 * that may have given the answer, in order. Pure.
 *
 *   in_hosts  the hosts file has it
 */
void pier__sources_left(char out[PIER__SOURCE_TEXT_MAX], const char *sources,
	const struct pier__answered *answered, bool in_hosts);

/*
 * pier__source_of(out, answered): the same with the files of this machine. 0,
 * or -ENOMEM, -EMFILE, … as reading them; a file that is not there is an empty
 * one.
 */
int pier__source_of(
	char out[PIER__SOURCE_TEXT_MAX], const struct pier__answered *answered);

#endif
