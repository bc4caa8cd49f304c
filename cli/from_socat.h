/* SPDX-License-Identifier: MIT */
/*
 * An address of socat taken to pieces, for from_socat.c, which finds what pier
 * has for it, and from_socat_many.c, which reads what is for many hosts.
 */
#ifndef PIER_CLI_FROM_SOCAT_H
#define PIER_CLI_FROM_SOCAT_H

#include "from.h"

#define FROM_SOCAT_OPTIONS_MAX 16

struct from_socat_kind;

struct side_address {
	const char *word; /* as it was given */
	char text[1024];  /* the same, cut to pieces */
	const struct from_socat_kind *kind;
	const char *parameter;
	const char *option[FROM_SOCAT_OPTIONS_MAX];
	size_t option_count;
};

/* What broadcasts and groups make of an endpoint. */
struct from_socat_many {
	char group[64];       /* that is heard; "": none is joined */
	char parameters[160]; /* "?join=eth0&ttl=3", or "" */
};

/* What from_socat_many() reads, NULL-ended: for a list of options that are
   known. */
#define FROM_SOCAT_MANY                                                   \
	"broadcast", "so-broadcast", "ip-multicast-ttl", "multicast-ttl", \
		"ip-multicast-loop", "multicast-loop", "ip-multicast-if", \
		"multicast-if"
#define FROM_SOCAT_JOIN "ip-add-membership", "add-membership", "ipv6-join-group"

/* The value of an option with that name, "" without one; or NULL. */
const char *from_socat_option(
	const struct side_address *address, const char *name);

/*
 * from_socat_many(from, address, out): read them. An interface that is named by
 * its address is looked up among those of this machine. 0, or FROM_NO_EQUAL.
 */
int from_socat_many(struct from *from, const struct side_address *address,
	struct from_socat_many *out);

#endif
